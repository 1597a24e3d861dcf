"""The people who sign in, their sessions, and the attempts that failed."""

import unicodedata
import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm
from uuid_utils.compat import uuid7

from api.base import Base, now, words
from api.models.base import SystemRow, line, plan
from schemas import users as contract
from schemas import vocabulary as v


def email_key(email: str) -> str:
    """The same for addresses that people hold for the same: lower() of SQLite knows no Ä."""
    return unicodedata.normalize("NFC", email).casefold()


class User(SystemRow):
    """`email` is kept as written; `email_key` (case-folded) is what is unique and looked up."""

    __tablename__ = "users"
    schema = contract.User
    __table_args__ = (sa.UniqueConstraint("email_key"),)

    provider_id: orm.Mapped[uuid.UUID | None] = plan("providers")
    email: orm.Mapped[str] = line(v.EMAIL_LENGTH)
    email_key: orm.Mapped[str] = line(v.EMAIL_LENGTH)
    name: orm.Mapped[str] = line(v.NAME_LENGTH)
    role: orm.Mapped[str] = orm.mapped_column(words(v.Role))
    active: orm.Mapped[bool]
    password_hash: orm.Mapped[str | None] = line(200)
    last_login_at: orm.Mapped[datetime | None]

    @classmethod
    def looked_up(cls, filters: dict[str, Any]) -> dict[str, Any]:
        """As it is unique: an address is the same in whatever case."""
        columns = {name: value for name, value in filters.items() if name != "email"}
        return columns | ({"email_key": email_key(filters["email"])} if "email" in filters else {})

    @orm.validates("email")
    def _set_email_key(self, _: str, email: str) -> str:
        self.email_key = email_key(email)
        return email


class LoginSession(Base):
    """One sign-in and the family of refresh tokens that came of it; a token out of turn revokes it whole."""

    __tablename__ = "login_sessions"

    id: orm.Mapped[uuid.UUID] = orm.mapped_column(primary_key=True, default=uuid7)
    user_id: orm.Mapped[uuid.UUID] = orm.mapped_column(
        sa.ForeignKey("users.id", ondelete="CASCADE"), index=True
    )
    refresh_jti: orm.Mapped[uuid.UUID]
    created_at: orm.Mapped[datetime] = orm.mapped_column(default=now)
    expires_at: orm.Mapped[datetime]
    revoked_at: orm.Mapped[datetime | None]


class LoginFailure(Base):
    """A failed sign-in, under keyed hashes of who and whence, so that no address or name is kept."""

    __tablename__ = "login_failures"
    __table_args__ = (sa.Index(None, "bucket", "at"),)

    id: orm.Mapped[uuid.UUID] = orm.mapped_column(primary_key=True, default=uuid7)
    bucket: orm.Mapped[str] = line(64)
    at: orm.Mapped[datetime] = orm.mapped_column(default=now)
