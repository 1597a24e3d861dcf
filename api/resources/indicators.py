"""Indicators of a provider's goals."""

from api.blueprint import Blueprint
from api.crud import register
from api.models.indicators import Indicator

blp = Blueprint(
    "indicators", access="indicators", url_prefix="/api/v1/indicators", description=__doc__
)
register(
    blp,
    Indicator,
    filters=(
        "sub_project_id",
        "goal_id",
        "project_id",
        "project_indicator_id",
        "provider_id",
        "external_id",
    ),
    children=("measurements",),
)
