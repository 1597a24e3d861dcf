"""Taking goals and meetings over from the plan: each becomes a row of the provider's own that keeps its link."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from api.access import Reach
from api.models.base import Row
from api.models.goals import Goal
from api.models.meetings import Meeting
from api.models.project_goals import ProjectGoal
from api.models.project_meetings import ProjectMeeting
from api.models.sub_projects import SubProject
from api.problems import Fault, Invalid
from api.scope import Session
from api.services import rows
from schemas.fields import Worded
from schemas.project_meetings import Occasion
from schemas.vocabulary import Language


@dataclass(frozen=True)
class TakeOver:
    """Which rows of the plan become which records.

    :param link: the record's reference to the plan row
    :param carried: what the record takes from the plan row, which the provider may then word in its own way
    """

    plan: Any
    record: Any
    link: str
    carried: Callable[[Any], dict[str, Any]]


def goals(language: str) -> TakeOver:
    def carried(goal: ProjectGoal) -> dict[str, Any]:
        return {"position": goal.position, "text": in_language(goal.text, language)}

    return TakeOver(ProjectGoal, Goal, "project_goal_id", carried)


def _occasion(meeting: ProjectMeeting) -> dict[str, Any]:
    return {name: getattr(meeting, name) for name in Occasion().fields}


MEETINGS = TakeOver(ProjectMeeting, Meeting, "project_meeting_id", _occasion)


def in_language(text: dict[str, str | None], language: str) -> str:
    """The text in this language, or else in the first that has one."""
    found = [text.get(code) for code in (language, *(word.value for word in Language))]
    return next(part for part in found if part)


def take(
    session: Session,
    kind: TakeOver,
    sub_project_id: uuid.UUID,
    chosen: Sequence[uuid.UUID] | None,
    reach: Reach,
) -> list[Row]:
    """Make the provider's own rows of the plan's; those it has already are left as they are.

    :param chosen: the plan's rows; all of the project's when None
    :raises Invalid: no such sub-project of the caller's, or no such row in its project's plan
    """
    plan = _plan(session, kind, sub_project_id)
    wanted = list(plan) if chosen is None else chosen
    if faults := [
        Fault("not_found", "Not in the plan of this project.", f"/{kind.link}s/{place}")
        for place, key in enumerate(wanted)
        if key not in plan
    ]:
        raise Invalid(faults=faults)
    link, record = getattr(kind.record, kind.link), kind.record
    taken = set(session.scalars(sa.select(link).where(record.sub_project_id == sub_project_id)))
    return [
        rows.create(
            session,
            record,
            {"sub_project_id": sub_project_id, kind.link: key} | kind.carried(plan[key]),
            reach,
        )
        for key in wanted
        if key not in taken
    ]


def _plan(session: Session, kind: TakeOver, sub_project_id: uuid.UUID) -> dict[uuid.UUID, Any]:
    """The rows that the plan of the sub-project's project has, by id, in the order of their making."""
    home = sa.select(SubProject.project_id).where(SubProject.id == sub_project_id)
    # Two calls at once would both find nothing taken yet; the second waits for the first.
    project_id = session.scalar(home.with_for_update(key_share=True))
    if project_id is None:
        text = Worded("No such row of {target}.", target="sub_projects")
        raise Invalid(faults=[Fault("not_found", text, "/sub_project_id")])
    plan = sa.select(kind.plan).where(kind.plan.project_id == project_id).order_by(kind.plan.id)
    return {row.id: row for row in session.scalars(plan)}
