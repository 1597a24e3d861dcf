"""Indicators by which a project measures its goals."""

from api.blueprint import Blueprint
from api.crud import register
from api.models.project_indicators import ProjectIndicator
from schemas import project_indicators as schema

blp = Blueprint(
    "project_indicators",
    access="project_indicators",
    url_prefix="/api/v1/project-indicators",
    description=__doc__,
)
register(
    blp,
    ProjectIndicator,
    schema.ProjectIndicator,
    filters=("project_id", "project_goal_id", "code"),
)
