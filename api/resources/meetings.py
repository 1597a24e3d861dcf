"""Meetings in a provider's record."""

from api.blueprint import Blueprint
from api.crud import register
from api.models.meetings import Meeting
from schemas import meetings as schema

blp = Blueprint("meetings", access="meetings", url_prefix="/api/v1/meetings", description=__doc__)
register(
    blp,
    Meeting,
    schema.Meeting,
    filters=("sub_project_id", "kind", "project_meeting_id", "provider_id", "external_id"),
)
