"""Goals of a sub-project."""

import uuid

import sqlalchemy as sa
from sqlalchemy import orm

from api.models.base import RecordRow, plan, prose, record
from schemas import goals as contract


class Goal(RecordRow):
    __tablename__ = "goals"
    schema = contract.Goal
    __table_args__ = (
        *RecordRow.constraints(),
        sa.UniqueConstraint("provider_id", "sub_project_id", "project_goal_id"),
    )

    sub_project_id: orm.Mapped[uuid.UUID] = record("sub_projects")
    project_goal_id: orm.Mapped[uuid.UUID | None] = plan("project_goals")
    position: orm.Mapped[int]
    text: orm.Mapped[str] = prose()
