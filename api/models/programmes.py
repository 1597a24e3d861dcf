"""Programmes of the ministry."""

from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from api.base import Base, Json
from api.models.base import PlanRow
from schemas import programmes as contract


class Programme(PlanRow):
    __tablename__ = "programmes"
    schema = contract.Programme

    name: orm.Mapped[dict[str, str | None]] = orm.mapped_column(Json)
    starts_on: orm.Mapped[date | None]
    ends_on: orm.Mapped[date | None]

    @classmethod
    def of_projects(cls, projects: sa.Select[Any]) -> sa.ColumnElement[bool]:
        project = Base.metadata.tables["projects"].c
        return cls.__table__.c.id.in_(
            sa.select(project.programme_id).where(project.id.in_(projects))
        )
