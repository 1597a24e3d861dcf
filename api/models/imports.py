"""Imports: what a document brought in, and when."""

import uuid

from sqlalchemy import orm

from api.base import Json
from api.models.base import RecordRow, record
from schemas import imports as contract


class Import(RecordRow):
    __tablename__ = "imports"
    schema = contract.Import

    # A table may have rows of several.
    sub_project_id: orm.Mapped[uuid.UUID | None] = record("sub_projects")
    counts: orm.Mapped[dict[str, dict[str, int]]] = orm.mapped_column(Json)
