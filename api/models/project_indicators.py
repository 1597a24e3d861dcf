"""Indicators by which a project measures its goals."""

import uuid

import sqlalchemy as sa
from sqlalchemy import orm

from api.base import Json, words
from api.models.base import PlanRow, line, plan
from schemas import project_indicators as contract
from schemas import vocabulary as v


class ProjectIndicator(PlanRow):
    __tablename__ = "project_indicators"
    schema = contract.ProjectIndicator
    __table_args__ = (sa.UniqueConstraint("project_id", "code"),)

    project_id: orm.Mapped[uuid.UUID] = plan("projects")
    project_goal_id: orm.Mapped[uuid.UUID] = plan("project_goals")
    code: orm.Mapped[str] = line(v.CODE_LENGTH)
    position: orm.Mapped[int]
    name: orm.Mapped[dict[str, str | None]] = orm.mapped_column(Json)
    unit: orm.Mapped[str | None] = line(v.CODE_LENGTH)
    baseline: orm.Mapped[float | None] = orm.mapped_column(sa.Double)
    target: orm.Mapped[float | None] = orm.mapped_column(sa.Double)
    direction: orm.Mapped[str] = orm.mapped_column(words(v.Direction))
