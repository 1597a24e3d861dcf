"""Reporting periods of a project."""

import uuid
from datetime import date

import sqlalchemy as sa
from sqlalchemy import orm

from api.models.base import PlanRow, line, plan
from schemas import periods as contract
from schemas import vocabulary as v


class Period(PlanRow):
    __tablename__ = "periods"
    schema = contract.Period
    __table_args__ = (
        sa.UniqueConstraint("project_id", "code"),
        sa.Index(None, "code", "id"),  # the periods of a code, of every project
    )

    project_id: orm.Mapped[uuid.UUID] = plan("projects")
    code: orm.Mapped[str] = line(v.CODE_LENGTH)
    first_day: orm.Mapped[date]
    last_day: orm.Mapped[date]
    due_on: orm.Mapped[date | None]
