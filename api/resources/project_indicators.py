"""Indicators by which a project measures its goals."""

from api.blueprint import Blueprint
from api.crud import register
from api.models.project_indicators import ProjectIndicator

blp = Blueprint(
    "project_indicators",
    access="project_indicators",
    url_prefix="/api/v1/project-indicators",
    description=__doc__,
)
register(
    blp,
    ProjectIndicator,
    filters=("project_id", "project_goal_id", "code"),
)
