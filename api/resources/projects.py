"""Projects: networks of providers, one of which coordinates."""

import uuid
from typing import Any

from api.access import Reach
from api.blueprint import Blueprint
from api.context import reach, session
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


def must_reach(key: uuid.UUID) -> None:
    """:raises Forbidden: the caller's right does not reach this project; NotFound: he can't even read it"""
    if resource.view.row(session(), reach(), key, frozenset({"id"})) is None:
        resource.current(key)
        raise Forbidden("Your right does not reach this row.")
