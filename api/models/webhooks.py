"""Webhooks, and the attempts to deliver to them."""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm
from uuid_utils.compat import uuid7

from api.base import Base, Json, now, words
from api.models.base import SystemRow, line, plan
from schemas import vocabulary as v
from schemas import webhooks as contract

MESSAGE_ID_LENGTH = 40


class Webhook(SystemRow):
    """Its version is that of what people write of it; how far it has come changes with each delivery.

    The worker that has the `lease` sends it a message, alone, until `lease_until`. The message, which goes from
    `position` to `message_end`, stays what it is until it was taken, whoever sends it.
    """

    __tablename__ = "webhooks"
    schema = contract.Webhook
    version_counts_all = False

    provider_id: orm.Mapped[uuid.UUID | None] = plan("providers")
    url: orm.Mapped[str] = line()
    description: orm.Mapped[str | None] = line()
    resources: orm.Mapped[list[str]] = orm.mapped_column(Json)
    active: orm.Mapped[bool]
    position: orm.Mapped[str | None] = line(v.POSITION_LENGTH)
    failures: orm.Mapped[int] = orm.mapped_column(default=0)
    failing_since: orm.Mapped[datetime | None]
    last_status: orm.Mapped[int | None]
    next_attempt_at: orm.Mapped[datetime | None]
    disabled_reason: orm.Mapped[str | None] = orm.mapped_column(words(v.DisabledReason))
    secret: orm.Mapped[str | None] = line(300)
    previous_secret: orm.Mapped[str | None] = line(300)
    previous_expires_at: orm.Mapped[datetime | None]
    message_id: orm.Mapped[str | None] = line(MESSAGE_ID_LENGTH)
    message_end: orm.Mapped[str | None] = line(v.POSITION_LENGTH)
    lease: orm.Mapped[uuid.UUID | None]
    lease_until: orm.Mapped[datetime | None]


class WebhookDelivery(Base):
    """One attempt; kept for some days."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (sa.Index(None, "webhook_id", "id"), sa.Index(None, "at"))

    id: orm.Mapped[uuid.UUID] = orm.mapped_column(primary_key=True, default=uuid7)
    webhook_id: orm.Mapped[uuid.UUID] = orm.mapped_column(
        sa.ForeignKey("webhooks.id", ondelete="CASCADE")
    )
    at: orm.Mapped[datetime] = orm.mapped_column(default=now)
    message_id: orm.Mapped[str] = line(MESSAGE_ID_LENGTH)
    after: orm.Mapped[str | None] = line(v.POSITION_LENGTH)
    position: orm.Mapped[str] = line(v.POSITION_LENGTH)
    items: orm.Mapped[int]
    status: orm.Mapped[int | None]
    error: orm.Mapped[str | None] = orm.mapped_column(words(v.DeliveryError))
    milliseconds: orm.Mapped[int]
