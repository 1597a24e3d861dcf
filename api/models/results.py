"""Results: one goal, one period."""

import uuid

from sqlalchemy import orm

from api.base import words
from api.models.base import RecordRow, plan, prose, record
from schemas import results as contract
from schemas import vocabulary as v


class Result(RecordRow):
    __tablename__ = "results"
    schema = contract.Result

    sub_project_id: orm.Mapped[uuid.UUID] = record("sub_projects")
    goal_id: orm.Mapped[uuid.UUID] = record("goals")
    period_id: orm.Mapped[uuid.UUID] = plan("periods")
    kind: orm.Mapped[str] = orm.mapped_column(words(v.ResultKind))
    progress: orm.Mapped[str] = orm.mapped_column(words(v.Progress))
    position: orm.Mapped[int]
    text: orm.Mapped[str | None] = prose()
    reason: orm.Mapped[str | None] = prose()
