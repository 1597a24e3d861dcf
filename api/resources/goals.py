"""Goals of a sub-project."""

from typing import Any

from flask import Response

from api.answers import json_response
from api.blueprint import Blueprint
from api.context import reach, session
from api.crud import register
from api.models.goals import Goal
from api.services import takeovers
from schemas import goals as contract

blp = Blueprint("goals", access="goals", url_prefix="/api/v1/goals", description=__doc__)
goals = register(
    blp,
    Goal,
    filters=("sub_project_id", "project_goal_id", "project_id", "provider_id", "external_id"),
    children=("results", "indicators"),
)


@blp.route("/take-over", methods=("POST",), endpoint="take_over")
@blp.doc(operationId="takeOverGoals")
@blp.arguments(contract.GoalTakeOver())
@blp.response(201, contract.GoalsTaken)
def take_over(data: dict[str, Any]) -> Response:
    """Take goals over from the plan; all of the project's when none is named"""
    kind = takeovers.goals(data["language"])
    taken = takeovers.take(
        session(), kind, data["sub_project_id"], data["project_goal_ids"], reach()
    )
    return json_response({"items": [goals.current(row.id) for row in taken]}, 201)
