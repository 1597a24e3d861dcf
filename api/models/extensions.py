"""Later due dates of single providers."""

import uuid
from datetime import date

import sqlalchemy as sa
from sqlalchemy import orm

from api.models.base import PlanRow, plan, prose
from schemas import extensions as contract


class Extension(PlanRow):
    __tablename__ = "extensions"
    schema = contract.Extension
    __table_args__ = (
        sa.UniqueConstraint("period_id", "provider_id"),
        # Only who takes part in a project has a due date in it.
        sa.ForeignKeyConstraint(
            ["project_id", "provider_id"],
            ["participations.project_id", "participations.provider_id"],
        ),
    )

    project_id: orm.Mapped[uuid.UUID] = plan("projects")
    period_id: orm.Mapped[uuid.UUID] = plan("periods")
    provider_id: orm.Mapped[uuid.UUID] = plan("providers")
    due_on: orm.Mapped[date]
    reason: orm.Mapped[str] = prose()
