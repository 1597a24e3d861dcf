"""Extensions: later due dates of single providers, granted by the ministry or the project's coordinator."""

import uuid
from typing import Any

import sqlalchemy as sa

from api.blueprint import Blueprint
from api.context import session
from api.crud import register
from api.models.extensions import Extension
from api.models.participations import Participation
from api.models.periods import Period
from api.problems import Fault, Invalid
from api.services.rows import Named, find

blp = Blueprint(
    "extensions", access="extensions", url_prefix="/api/v1/extensions", description=__doc__
)


def _extends(data: dict[str, Any], _: Extension | None) -> None:
    """It is for somebody who takes part, and later than the period's own due date."""
    if not data:
        return
    key: uuid.UUID = data["period_id"]
    home = find(session(), [Named("/period_id", "periods", key)]).get(("periods", key))
    if home is None:
        return  # as every reference to no row is refused
    taking_part = sa.select(Participation.id).where(
        Participation.project_id == home.project_id,
        Participation.provider_id == data["provider_id"],
    )
    if session().scalar(taking_part) is None:
        fault = Fault("not_found", "This provider takes no part in the project.", "/provider_id")
        raise Invalid(faults=[fault])
    due_on = session().scalar(sa.select(Period.due_on).where(Period.id == key))
    if due_on and data["due_on"] <= due_on:
        fault = Fault("not_later", "Not later than the period's own due date.", "/due_on")
        raise Invalid(faults=[fault])


register(
    blp,
    Extension,
    filters=("project_id", "period_id", "provider_id"),
    prepare=_extends,
)
