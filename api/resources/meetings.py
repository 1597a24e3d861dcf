"""Meetings in a provider's record."""

from typing import Any

from flask import Response

from api.answers import json_response
from api.blueprint import Blueprint
from api.context import reach, session
from api.crud import register
from api.models.meetings import Meeting
from api.services import takeovers
from schemas import meetings as contract

blp = Blueprint("meetings", access="meetings", url_prefix="/api/v1/meetings", description=__doc__)
meetings = register(
    blp,
    Meeting,
    filters=(
        "sub_project_id",
        "kind",
        "project_meeting_id",
        "project_id",
        "goal_id",
        "period_id",
        "status",
        "attendance",
        "provider_id",
        "external_id",
    ),
    children=("feedback",),
)


@blp.route("/take-over", methods=("POST",), endpoint="take_over")
@blp.doc(operationId="takeOverMeetings")
@blp.arguments(contract.MeetingTakeOver())
@blp.response(201, contract.MeetingsTaken)
def take_over(data: dict[str, Any]) -> Response:
    """Take meetings over from the network's calendar; all of them when none is named"""
    taken = takeovers.take(
        session(),
        takeovers.MEETINGS,
        data["sub_project_id"],
        data["project_meeting_ids"],
        reach(),
    )
    return json_response({"items": [meetings.current(row.id) for row in taken]}, 201)
