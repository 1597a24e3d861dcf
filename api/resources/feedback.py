"""Feedback and what became of it."""

from api.blueprint import Blueprint
from api.crud import register
from api.models.feedback import Feedback

blp = Blueprint("feedback", access="feedback", url_prefix="/api/v1/feedback", description=__doc__)
register(
    blp,
    Feedback,
    filters=(
        "sub_project_id",
        "source",
        "meeting_id",
        "survey_id",
        "project_id",
        "goal_id",
        "period_id",
        "provider_id",
        "external_id",
    ),
)
