"""Imports: what a document or a table brought in, and when; and what was there before."""

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from api.base import Base, Json, ProviderScoped
from api.models.base import RecordRow, line, record
from schemas import imports as contract
from schemas import vocabulary as v


class Import(RecordRow):
    __tablename__ = "imports"
    schema = contract.Import

    # A table may have rows of several.
    sub_project_id: orm.Mapped[uuid.UUID | None] = record("sub_projects")
    counts: orm.Mapped[dict[str, dict[str, int]]] = orm.mapped_column(Json)
    undone_at: orm.Mapped[datetime | None]


class ImportRow(ProviderScoped, Base):
    """A row that an import made or changed; kept for some days.

    No key leads to the import, which is made when all its rows are.

    :ivar version: of the row, as the import left it
    :ivar before: what the row said, as a client would send it; null where the import made it
    """

    __tablename__ = "import_rows"
    __table_args__ = (
        sa.ForeignKeyConstraint(["provider_id"], ["providers.id"]),
        sa.Index(None, "provider_id", "row_id"),
    )

    import_id: orm.Mapped[uuid.UUID] = orm.mapped_column(primary_key=True)
    position: orm.Mapped[int] = orm.mapped_column(primary_key=True, autoincrement=False)
    resource: orm.Mapped[str] = line(v.CODE_LENGTH)
    row_id: orm.Mapped[uuid.UUID]
    version: orm.Mapped[int]
    before: orm.Mapped[dict[str, Any] | None] = orm.mapped_column(Json)
