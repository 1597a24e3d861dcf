"""Indicators of a provider's goals."""

import uuid

import sqlalchemy as sa
from sqlalchemy import orm

from api.base import words
from api.models.base import RecordRow, line, plan, record
from schemas import indicators as contract
from schemas import vocabulary as v


class Indicator(RecordRow):
    __tablename__ = "indicators"
    schema = contract.Indicator

    sub_project_id: orm.Mapped[uuid.UUID] = record("sub_projects")
    goal_id: orm.Mapped[uuid.UUID] = record("goals")
    project_indicator_id: orm.Mapped[uuid.UUID | None] = plan("project_indicators")
    position: orm.Mapped[int]
    name: orm.Mapped[str] = line()
    unit: orm.Mapped[str | None] = line(v.CODE_LENGTH)
    baseline: orm.Mapped[float | None] = orm.mapped_column(sa.Double)
    target: orm.Mapped[float | None] = orm.mapped_column(sa.Double)
    direction: orm.Mapped[str] = orm.mapped_column(words(v.Direction))
