"""Goals of a project's condensed description."""

import uuid

import sqlalchemy as sa
from sqlalchemy import orm

from api.base import Json
from api.models.base import PlanRow, line, plan
from schemas import project_goals as contract
from schemas import vocabulary as v


class ProjectGoal(PlanRow):
    __tablename__ = "project_goals"
    schema = contract.ProjectGoal
    __table_args__ = (sa.UniqueConstraint("project_id", "code"),)

    project_id: orm.Mapped[uuid.UUID] = plan("projects")
    code: orm.Mapped[str] = line(v.CODE_LENGTH)
    position: orm.Mapped[int]
    text: orm.Mapped[dict[str, str | None]] = orm.mapped_column(Json)
