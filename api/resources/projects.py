"""Projects: networks of providers, one of which coordinates."""

from api.blueprint import Blueprint
from api.crud import register
from api.models.projects import Project

blp = Blueprint("projects", access="projects", url_prefix="/api/v1/projects", description=__doc__)
register(blp, Project, filters=("programme_id", "acronym"))
