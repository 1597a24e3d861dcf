"""Programmes of the ministry."""

from api.blueprint import Blueprint
from api.crud import register
from api.models.programmes import Programme

blp = Blueprint(
    "programmes", access="programmes", url_prefix="/api/v1/programmes", description=__doc__
)
register(blp, Programme, filters=(), children=("projects",))
