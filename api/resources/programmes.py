"""Programmes of the ministry."""

from api.blueprint import Blueprint
from api.crud import register
from api.models.programmes import Programme
from schemas import programmes as schema

blp = Blueprint(
    "programmes", access="programmes", url_prefix="/api/v1/programmes", description=__doc__
)
register(blp, Programme, schema.Programme, filters=())
