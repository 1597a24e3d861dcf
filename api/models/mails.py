"""The outbox: mails that are to be sent, and what became of those that were."""

import uuid
from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy import orm
from uuid_utils.compat import uuid7

from api.base import Base, Json, now, words
from api.models.base import line
from schemas import vocabulary as v


class MailKind(StrEnum):
    REMINDER = "reminder"


class MailOutcome(StrEnum):
    """What became of a mail. Of one that is `expired` no server has said yes or no for days."""

    SENT = "sent"
    REFUSED = "refused"
    EXPIRED = "expired"


class Mail(Base):
    """One mail about a sub-project, a period and its due date: there is never a second one of its kind.

    Whom it goes to and what it says is kept until there is an outcome, and no longer. The ids stay for a while after
    that, and are nobody's foreign keys: an outbox holds no rows back from being deleted.

    :ivar days: from the due date on to the day for which it was written; negative before it
    :ivar recipients: addresses
    :ivar reply: the last that a server said of it, without addresses
    """

    __tablename__ = "mails"
    __table_args__ = (
        sa.UniqueConstraint("kind", "days", "sub_project_id", "period_id", "due_on"),
        sa.Index(None, "done_at", "id"),
    )

    id: orm.Mapped[uuid.UUID] = orm.mapped_column(primary_key=True, default=uuid7)
    kind: orm.Mapped[str] = orm.mapped_column(words(MailKind))
    days: orm.Mapped[int]
    provider_id: orm.Mapped[uuid.UUID]
    sub_project_id: orm.Mapped[uuid.UUID]
    period_id: orm.Mapped[uuid.UUID]
    due_on: orm.Mapped[date]
    contact_id: orm.Mapped[uuid.UUID | None]
    language: orm.Mapped[str] = orm.mapped_column(words(v.Language))
    recipients: orm.Mapped[list[str] | None] = orm.mapped_column(Json)
    subject: orm.Mapped[str | None] = orm.mapped_column(sa.Text)
    text: orm.Mapped[str | None] = orm.mapped_column(sa.Text)
    created_at: orm.Mapped[datetime] = orm.mapped_column(default=now)
    attempts: orm.Mapped[int] = orm.mapped_column(default=0)
    next_attempt_at: orm.Mapped[datetime | None]
    lease: orm.Mapped[uuid.UUID | None]
    lease_until: orm.Mapped[datetime | None]
    done_at: orm.Mapped[datetime | None]
    outcome: orm.Mapped[str | None] = orm.mapped_column(words(MailOutcome))
    reply: orm.Mapped[str | None] = line()
