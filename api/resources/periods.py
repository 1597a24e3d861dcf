"""Reporting periods of a project."""

from api.blueprint import Blueprint
from api.crud import register
from api.models.periods import Period

blp = Blueprint("periods", access="periods", url_prefix="/api/v1/periods", description=__doc__)
register(blp, Period, filters=("project_id", "code"))
