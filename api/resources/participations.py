"""Which providers take part in which project."""

from api.blueprint import Blueprint
from api.crud import register
from api.models.participations import Participation

blp = Blueprint(
    "participations",
    access="participations",
    url_prefix="/api/v1/participations",
    description=__doc__,
)
register(blp, Participation, filters=("project_id", "provider_id"))
