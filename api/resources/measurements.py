"""Measurements: an indicator's value for a period."""

from api.blueprint import Blueprint
from api.crud import register
from api.models.measurements import Measurement

blp = Blueprint(
    "measurements", access="measurements", url_prefix="/api/v1/measurements", description=__doc__
)
register(
    blp,
    Measurement,
    filters=(
        "sub_project_id",
        "indicator_id",
        "period_id",
        "project_id",
        "provider_id",
        "external_id",
    ),
)
