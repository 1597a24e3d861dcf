"""Goals that a project sets for all who take part."""

from api.blueprint import Blueprint
from api.crud import register
from api.models.project_goals import ProjectGoal

blp = Blueprint(
    "project_goals", access="project_goals", url_prefix="/api/v1/project-goals", description=__doc__
)
register(blp, ProjectGoal, filters=("project_id", "code"), children=("project_indicators",))
