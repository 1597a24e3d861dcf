"""The network's calendar of meetings."""

from api.blueprint import Blueprint
from api.crud import register
from api.models.project_meetings import ProjectMeeting

blp = Blueprint(
    "project_meetings",
    access="project_meetings",
    url_prefix="/api/v1/project-meetings",
    description=__doc__,
)
register(blp, ProjectMeeting, filters=("project_id", "kind", "code"))
