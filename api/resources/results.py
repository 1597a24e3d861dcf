"""Results: what was done or reached for a goal in a period."""

from api.blueprint import Blueprint
from api.crud import register
from api.models.results import Result

blp = Blueprint("results", access="results", url_prefix="/api/v1/results", description=__doc__)
register(
    blp,
    Result,
    filters=(
        "sub_project_id",
        "goal_id",
        "period_id",
        "kind",
        "project_id",
        "progress",
        "provider_id",
        "external_id",
    ),
)
