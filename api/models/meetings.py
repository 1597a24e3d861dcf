"""Meetings in a provider's record, with their participants."""

import uuid

from sqlalchemy import orm
from sqlalchemy.ext.associationproxy import AssociationProxy

from api.base import words
from api.models.base import (
    Child,
    Link,
    RecordRow,
    children,
    line,
    linked,
    parent,
    plan,
    prose,
    record,
)
from api.models.project_meetings import Occasion
from schemas import meetings as contract
from schemas import vocabulary as v


class Participant(Child):
    """One person's part in a meeting. Personal data."""

    __tablename__ = "meeting_participants"

    meeting_id: orm.Mapped[uuid.UUID] = parent("meetings")
    contact_id: orm.Mapped[uuid.UUID | None] = record("contacts")
    name: orm.Mapped[str] = line(v.NAME_LENGTH)
    job_title: orm.Mapped[str | None] = line()
    attendance: orm.Mapped[str] = orm.mapped_column(words(v.Attendance))
    reason: orm.Mapped[str | None] = prose()
    done_instead: orm.Mapped[str | None] = prose()


class MeetingGoal(Link):
    __tablename__ = "meeting_goals"

    meeting_id: orm.Mapped[uuid.UUID] = parent("meetings")
    goal_id: orm.Mapped[uuid.UUID] = record("goals", primary_key=True)


class Meeting(Occasion, RecordRow):
    __tablename__ = "meetings"
    schema = contract.Meeting

    sub_project_id: orm.Mapped[uuid.UUID] = record("sub_projects")
    project_meeting_id: orm.Mapped[uuid.UUID | None] = plan("project_meetings")
    body: orm.Mapped[str | None] = line()
    field: orm.Mapped[str | None] = line()
    attendance: orm.Mapped[str | None] = orm.mapped_column(words(v.Attendance))
    reason: orm.Mapped[str | None] = prose()
    done_instead: orm.Mapped[str | None] = prose()
    notes: orm.Mapped[str | None] = prose()
    participants: orm.Mapped[list[Participant]] = children(Participant)
    goal_links: orm.Mapped[list[MeetingGoal]] = children(MeetingGoal)
    goal_ids: AssociationProxy[list[uuid.UUID]] = linked("goal_links", "goal_id", MeetingGoal)
