"""Jobs, and the files that they are about until they have ended."""

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from api.base import Json, words
from api.models.base import Child, RecordRow, line, parent, record
from schemas import jobs as contract
from schemas import vocabulary as v


class Job(RecordRow):
    """`parameters` are its kind's own; `path`, `language` and `request_id` those of the request that asked for it."""

    __tablename__ = "jobs"
    schema = contract.Job

    kind: orm.Mapped[str] = line(v.CODE_LENGTH)
    state: orm.Mapped[str] = orm.mapped_column(words(contract.JobState))
    rows_done: orm.Mapped[int]
    rows_total: orm.Mapped[int | None]
    rows_per_second: orm.Mapped[float | None] = orm.mapped_column(sa.Double)
    ends_at: orm.Mapped[datetime | None]
    started_at: orm.Mapped[datetime | None]
    ended_at: orm.Mapped[datetime | None]
    import_id: orm.Mapped[uuid.UUID | None] = record("imports")
    problem: orm.Mapped[dict[str, Any] | None] = orm.mapped_column(Json)
    parameters: orm.Mapped[dict[str, Any]] = orm.mapped_column(Json)
    path: orm.Mapped[str] = line()
    language: orm.Mapped[str] = line(v.CODE_LENGTH)
    request_id: orm.Mapped[str] = line(64)
    attempts: orm.Mapped[int]

    @orm.declared_attr.directive
    def __table_args__(cls) -> tuple[Any, ...]:
        # Workers look for these all the time; they are few.
        unended = sa.text("ended_at IS NULL")
        index = sa.Index("ix_jobs_unended", "id", sqlite_where=unended, postgresql_where=unended)
        return (*RecordRow.constraints(), index)


class JobFile(Child):
    """A piece of the body that came with the request."""

    __tablename__ = "job_files"

    job_id: orm.Mapped[uuid.UUID] = parent("jobs")
    data: orm.Mapped[bytes]
