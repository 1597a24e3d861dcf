"""Disseminations of surveys' results and deliverables."""

from api.blueprint import Blueprint
from api.crud import register
from api.models.disseminations import Dissemination

blp = Blueprint(
    "disseminations",
    access="disseminations",
    url_prefix="/api/v1/disseminations",
    description=__doc__,
)
register(
    blp,
    Dissemination,
    filters=(
        "sub_project_id",
        "survey_id",
        "deliverable_id",
        "project_id",
        "goal_id",
        "period_id",
        "progress",
        "provider_id",
        "external_id",
    ),
)
