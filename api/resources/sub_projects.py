"""Sub-projects: one provider's part of a project."""

from api.blueprint import Blueprint
from api.crud import register
from api.models.sub_projects import SubProject
from schemas import sub_projects as schema

blp = Blueprint(
    "sub_projects", access="sub_projects", url_prefix="/api/v1/sub-projects", description=__doc__
)
register(blp, SubProject, schema.SubProject, filters=("project_id", "provider_id", "external_id"))
