"""Projects: networks of providers, one of which coordinates."""

from typing import Any

from api.access import Reach
from api.blueprint import Blueprint
from api.context import reach
from api.crud import register
from api.models.projects import Project
from api.problems import Forbidden
from schemas.fields import Worded

blp = Blueprint("projects", access="projects", url_prefix="/api/v1/projects", description=__doc__)


def _stays_in_place(data: dict[str, Any], project: Project | None) -> None:
    """Who coordinates a project, and in which programme, is the ministry's to say."""
    if reach() is Reach.EVERY or project is None:
        return
    for name in ("programme_id", "coordinator_id"):
        if data[name] != getattr(project, name):
            raise Forbidden(Worded("Only the ministry may change {field}.", field=name))


resource = register(
    blp,
    Project,
    filters=("programme_id", "acronym", "coordinator_id"),
    children=("periods", "project_goals", "project_meetings", "participations"),
    prepare=_stays_in_place,
)
