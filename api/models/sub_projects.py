"""Sub-projects: one provider's part of a project."""

import typing as t
import uuid

import sqlalchemy as sa
from sqlalchemy import orm

from api.base import Json
from api.models.base import RecordRow, line, plan, prose, record
from schemas import sub_projects as contract


class SubProject(RecordRow):
    __tablename__ = "sub_projects"
    schema = contract.SubProject
    __table_args__ = (
        *RecordRow.constraints(),
        # A provider reports only in projects that it takes part in; the database says so too.
        sa.ForeignKeyConstraint(
            ["project_id", "provider_id"],
            ["participations.project_id", "participations.provider_id"],
        ),
    )

    project_id: orm.Mapped[uuid.UUID] = plan("projects")
    contact_id: orm.Mapped[uuid.UUID | None] = record("contacts")
    name: orm.Mapped[str | None] = line()
    description: orm.Mapped[str | None] = prose()
    # Which reports hold its records as they are: see `api/services/locks.py`.
    locks: orm.Mapped[list[dict[str, t.Any]] | None] = orm.mapped_column(Json)
