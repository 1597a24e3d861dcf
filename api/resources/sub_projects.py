"""Sub-projects: one provider's part of a project."""

from api.blueprint import Blueprint
from api.crud import register
from api.models.sub_projects import SubProject

blp = Blueprint(
    "sub_projects", access="sub_projects", url_prefix="/api/v1/sub-projects", description=__doc__
)
resource = register(
    blp,
    SubProject,
    filters=("project_id", "provider_id", "external_id"),
    children=("goals", "meetings", "surveys", "feedback", "deliverables", "reports"),
)
