"""API clients: scripts and systems."""

import uuid
from datetime import datetime

from sqlalchemy import orm

from api.base import Json
from api.models.base import SystemRow, line, plan
from schemas import clients as contract
from schemas import vocabulary as v


class Client(SystemRow):
    """Secrets are random and long, so a plain hash keeps them; the previous one outlives a rotation for a while."""

    __tablename__ = "clients"
    schema = contract.Client

    provider_id: orm.Mapped[uuid.UUID | None] = plan("providers")
    name: orm.Mapped[str] = line(v.NAME_LENGTH)
    scopes: orm.Mapped[list[str]] = orm.mapped_column(Json)
    active: orm.Mapped[bool]
    secret_hash: orm.Mapped[str | None] = line(64)
    expires_at: orm.Mapped[datetime | None]
    previous_secret_hash: orm.Mapped[str | None] = line(64)
    previous_expires_at: orm.Mapped[datetime | None]
    last_used_at: orm.Mapped[datetime | None]
    credentials_changed_at: orm.Mapped[datetime | None]
