"""Deliverables: models, descriptions and plans."""

from api.blueprint import Blueprint
from api.crud import register
from api.models.deliverables import Deliverable

blp = Blueprint(
    "deliverables", access="deliverables", url_prefix="/api/v1/deliverables", description=__doc__
)
register(
    blp,
    Deliverable,
    filters=(
        "sub_project_id",
        "kind",
        "project_id",
        "goal_id",
        "period_id",
        "progress",
        "provider_id",
        "external_id",
    ),
    children=("disseminations",),
)
