"""Goals of a sub-project."""

from api.blueprint import Blueprint
from api.crud import register
from api.models.goals import Goal
from schemas import goals as schema

blp = Blueprint("goals", access="goals", url_prefix="/api/v1/goals", description=__doc__)
register(
    blp,
    Goal,
    schema.Goal,
    filters=("sub_project_id", "project_goal_id", "provider_id", "external_id"),
)
