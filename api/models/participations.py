"""Which providers take part in which project."""

import uuid
from datetime import date

import sqlalchemy as sa
from sqlalchemy import orm

from api.models.base import PlanRow, plan
from schemas import participations as contract


class Participation(PlanRow):
    __tablename__ = "participations"
    schema = contract.Participation
    __table_args__ = (sa.UniqueConstraint("project_id", "provider_id"),)

    project_id: orm.Mapped[uuid.UUID] = plan("projects")
    provider_id: orm.Mapped[uuid.UUID] = plan("providers")
    joined_on: orm.Mapped[date | None]
