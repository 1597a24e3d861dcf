"""Projects: networks of providers, one of which coordinates."""

from api.blueprint import Blueprint
from api.crud import register
from api.models.projects import Project
from schemas import projects as schema

blp = Blueprint("projects", access="projects", url_prefix="/api/v1/projects", description=__doc__)
register(blp, Project, schema.Project, filters=("programme_id", "acronym"))
