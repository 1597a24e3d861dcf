"""Measurements of indicators."""

import uuid
from datetime import date

import sqlalchemy as sa
from sqlalchemy import orm

from api.models.base import RecordRow, plan, prose, record
from schemas import measurements as contract


class Measurement(RecordRow):
    __tablename__ = "measurements"
    schema = contract.Measurement
    __table_args__ = (
        *RecordRow.constraints(),
        sa.UniqueConstraint("provider_id", "indicator_id", "period_id"),
    )

    sub_project_id: orm.Mapped[uuid.UUID] = record("sub_projects")
    indicator_id: orm.Mapped[uuid.UUID] = record("indicators")
    period_id: orm.Mapped[uuid.UUID] = plan("periods")
    value: orm.Mapped[float] = orm.mapped_column(sa.Double)
    measured_on: orm.Mapped[date | None]
    note: orm.Mapped[str | None] = prose()
