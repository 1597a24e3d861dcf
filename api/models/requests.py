"""What is kept of requests themselves: answers to be given again, and how many a caller has sent."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from api.base import Base, Json, now
from api.models.base import line


class IdempotencyKey(Base):
    """One Idempotency-Key of one caller, under a keyed hash of both, with the answer that it gives again."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (sa.Index(None, "created_at"),)

    key: orm.Mapped[str] = orm.mapped_column(sa.String(64), primary_key=True)
    fingerprint: orm.Mapped[str] = line(64)
    status: orm.Mapped[int]
    headers: orm.Mapped[dict[str, Any]] = orm.mapped_column(Json)
    body: orm.Mapped[bytes]
    created_at: orm.Mapped[datetime] = orm.mapped_column(default=now)


class RateWindow(Base):
    """How many requests of one caller's window have been granted to the processes of the service together."""

    __tablename__ = "rate_windows"

    caller: orm.Mapped[str] = orm.mapped_column(sa.String(64), primary_key=True)
    begins_at: orm.Mapped[datetime]
    granted: orm.Mapped[int]
