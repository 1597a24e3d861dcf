"""Surveys as records."""

from api.blueprint import Blueprint
from api.crud import register
from api.models.surveys import Survey

blp = Blueprint("surveys", access="surveys", url_prefix="/api/v1/surveys", description=__doc__)
register(
    blp,
    Survey,
    filters=(
        "sub_project_id",
        "period_id",
        "project_id",
        "goal_id",
        "progress",
        "provider_id",
        "external_id",
    ),
    children=("disseminations",),
)
