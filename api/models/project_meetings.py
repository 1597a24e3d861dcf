"""The network's calendar."""

import uuid

import sqlalchemy as sa
from sqlalchemy import orm

from api.base import words
from api.models.base import Dated, PlanRow, line, plan
from schemas import project_meetings as contract
from schemas import vocabulary as v


class Occasion(Dated):
    """What, where and when: the same for a meeting in the plan and in a provider's record."""

    kind: orm.Mapped[str] = orm.mapped_column(words(v.MeetingKind))
    title: orm.Mapped[str | None] = line()
    mode: orm.Mapped[str | None] = orm.mapped_column(words(v.MeetingMode))
    platform: orm.Mapped[str | None] = line()
    place: orm.Mapped[str | None] = line()
    host: orm.Mapped[str | None] = line()
    open_to_all: orm.Mapped[bool]
    status: orm.Mapped[str] = orm.mapped_column(words(v.MeetingStatus))
    start_time: orm.Mapped[str | None] = line(5)
    end_time: orm.Mapped[str | None] = line(5)


class ProjectMeeting(Occasion, PlanRow):
    __tablename__ = "project_meetings"
    schema = contract.ProjectMeeting
    __table_args__ = (sa.UniqueConstraint("project_id", "code"),)

    project_id: orm.Mapped[uuid.UUID] = plan("projects")
    code: orm.Mapped[str] = line(v.CODE_LENGTH)
