"""Comments on reports: threads and replies."""

import uuid
from datetime import datetime

from sqlalchemy import orm

from api.base import words
from api.models.base import RecordRow, line, prose, record
from schemas import comments as contract
from schemas import vocabulary as v


class Comment(RecordRow):
    """The first comment of a thread says what the thread is about, and whether it is resolved.

    What it is about is no reference: goals and records go, and what was said of them stays.
    """

    __tablename__ = "comments"
    schema = contract.Comment

    report_id: orm.Mapped[uuid.UUID] = record("reports")
    thread_id: orm.Mapped[uuid.UUID | None] = record("comments")
    version_number: orm.Mapped[int]
    pointer: orm.Mapped[str | None] = line()
    goal_id: orm.Mapped[uuid.UUID | None]
    period_id: orm.Mapped[uuid.UUID | None]
    resource: orm.Mapped[str | None] = line(v.CODE_LENGTH)
    row_id: orm.Mapped[uuid.UUID | None]
    field: orm.Mapped[str | None] = line()
    quote: orm.Mapped[str | None] = line()
    text: orm.Mapped[str] = prose()
    author_id: orm.Mapped[uuid.UUID]
    author_role: orm.Mapped[str] = orm.mapped_column(words(v.Role))
    resolved_at: orm.Mapped[datetime | None]
    resolved_by: orm.Mapped[uuid.UUID | None]
