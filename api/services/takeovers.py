"""Taking goals and meetings over from the plan: each becomes a row of the provider's own that keeps its link."""

import uuid
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from api.access import Reach
from api.db import Session
from api.models.base import RecordRow
from api.models.goals import Goal
from api.models.meetings import Meeting
from api.models.project_goals import ProjectGoal
from api.models.project_meetings import ProjectMeeting
from api.models.sub_projects import SubProject
from api.problems import Fault, Invalid
from api.services import rows
from schemas.project_meetings import Occasion
from schemas.vocabulary import Language

OCCASION = tuple(Occasion().fields)


def in_language(text: dict[str, str | None], language: str) -> str:
    """The text in this language, or else in the first that has one."""
    found = [text.get(code) for code in (language, *(word.value for word in Language))]
    return next(part for part in found if part)


def take_goals(
    session: Session,
    sub_project_id: uuid.UUID,
    chosen: Sequence[uuid.UUID] | None,
    language: str,
    reach: Reach,
) -> list[RecordRow]:
    """Make the provider's own goals of the plan's; those it has already are left as they are.

    :param chosen: the plan's goals; all of the project's when None
    :raises Invalid: no such sub-project of the caller's, or no such goal in its project
    """
    return [
        _made(
            session,
            Goal,
            reach,
            sub_project_id=sub_project_id,
            project_goal_id=goal.id,
            position=goal.position,
            text=in_language(goal.text, language),
        )
        for goal in _untaken(session, sub_project_id, chosen, ProjectGoal, Goal, "project_goal_id")
    ]


def take_meetings(
    session: Session,
    sub_project_id: uuid.UUID,
    chosen: Sequence[uuid.UUID] | None,
    reach: Reach,
) -> list[RecordRow]:
    """The same for the network's meetings; who attended is the provider's to add."""
    return [
        _made(
            session,
            Meeting,
            reach,
            sub_project_id=sub_project_id,
            project_meeting_id=meeting.id,
            **{name: getattr(meeting, name) for name in OCCASION},
        )
        for meeting in _untaken(
            session, sub_project_id, chosen, ProjectMeeting, Meeting, "project_meeting_id"
        )
    ]


def _made(session: Session, model: type[RecordRow], reach: Reach, **data: Any) -> RecordRow:
    row = rows.create(session, model, data, reach)
    assert isinstance(row, model)
    return row


def _untaken(
    session: Session,
    sub_project_id: uuid.UUID,
    chosen: Sequence[uuid.UUID] | None,
    plan_model: Any,
    model: Any,
    link: str,
) -> list[Any]:
    """The plan rows to take over: of the sub-project's project, chosen, and not taken yet."""
    sub_project = session.scalar(sa.select(SubProject).where(SubProject.id == sub_project_id))
    if sub_project is None:
        text = "No such row of sub_projects."
        raise Invalid(faults=[Fault("not_found", text, "/sub_project_id")])
    there = {
        row.id: row
        for row in session.scalars(
            sa.select(plan_model)
            .where(plan_model.project_id == sub_project.project_id)
            .order_by(plan_model.id)
        )
    }
    wanted = list(there) if chosen is None else chosen
    if faults := [
        Fault("not_found", "Not in the plan of this project.", f"/{link}s/{place}")
        for place, key in enumerate(wanted)
        if key not in there
    ]:
        raise Invalid(faults=faults)
    taken = set(
        session.scalars(
            sa.select(getattr(model, link)).where(model.sub_project_id == sub_project_id)
        )
    )
    return [there[key] for key in wanted if key not in taken]
