"""Projects: networks of providers, one of which coordinates."""

import uuid
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from api.base import Json
from api.models.base import PlanRow, line, plan
from schemas import projects as contract
from schemas import vocabulary as v


class Project(PlanRow):
    __tablename__ = "projects"
    schema = contract.Project
    __table_args__ = (sa.UniqueConstraint("programme_id", "acronym"),)

    programme_id: orm.Mapped[uuid.UUID] = plan("programmes")
    coordinator_id: orm.Mapped[uuid.UUID] = plan("providers")
    acronym: orm.Mapped[str] = line(v.CODE_LENGTH)
    name: orm.Mapped[dict[str, str | None]] = orm.mapped_column(Json)
    description: orm.Mapped[dict[str, str | None] | None] = orm.mapped_column(Json)
    starts_on: orm.Mapped[date | None]
    ends_on: orm.Mapped[date | None]

    @classmethod
    def of_projects(cls, projects: sa.Select[Any]) -> sa.ColumnElement[bool]:
        return cls.__table__.c.id.in_(projects)
