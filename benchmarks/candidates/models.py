"""The tables as SQLAlchemy's classes, for the peers that use them: what they would write, and no more of our house."""

import os
import typing as t
import uuid
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy import orm
from uuid_utils.compat import uuid7

from api.base import Identifier, Moment

KINDS = ("activity", "outcome", "nothing_to_report", "not_applicable")
PROGRESS = ("planned", "ongoing", "done")
TEXT_LENGTH, NAME_LENGTH = 10_000, 200
URL = os.environ.get("DATABASE_URL", "")


def now() -> datetime:
    return datetime.now(UTC)


class Base(orm.DeclarativeBase):
    type_annotation_map: t.ClassVar = {uuid.UUID: Identifier, datetime: Moment}


class User(Base):
    __tablename__ = "users"

    id: orm.Mapped[uuid.UUID] = orm.mapped_column(primary_key=True)
    provider_id: orm.Mapped[uuid.UUID | None]
    role: orm.Mapped[str]
    active: orm.Mapped[bool]


class LoginSession(Base):
    __tablename__ = "login_sessions"

    id: orm.Mapped[uuid.UUID] = orm.mapped_column(primary_key=True)
    user_id: orm.Mapped[uuid.UUID]
    expires_at: orm.Mapped[datetime]
    revoked_at: orm.Mapped[datetime | None]


class Period(Base):
    __tablename__ = "periods"

    id: orm.Mapped[uuid.UUID] = orm.mapped_column(primary_key=True)


class Row:
    provider_id: orm.Mapped[uuid.UUID] = orm.mapped_column(primary_key=True)
    id: orm.Mapped[uuid.UUID] = orm.mapped_column(primary_key=True, default=uuid7)
    external_id: orm.Mapped[str | None]
    version: orm.Mapped[int] = orm.mapped_column(default=1)
    created_at: orm.Mapped[datetime] = orm.mapped_column(default=now)
    updated_at: orm.Mapped[datetime] = orm.mapped_column(default=now)


class Result(Row, Base):
    __tablename__ = "results"
    __table_args__ = (
        sa.ForeignKeyConstraint(["provider_id", "goal_id"], ["goals.provider_id", "goals.id"]),
    )

    sub_project_id: orm.Mapped[uuid.UUID]
    goal_id: orm.Mapped[uuid.UUID]
    period_id: orm.Mapped[uuid.UUID]
    kind: orm.Mapped[str]
    progress: orm.Mapped[str]
    position: orm.Mapped[int]
    text: orm.Mapped[str | None]
    reason: orm.Mapped[str | None]


class Goal(Row, Base):
    __tablename__ = "goals"

    sub_project_id: orm.Mapped[uuid.UUID]
    project_goal_id: orm.Mapped[uuid.UUID | None]
    position: orm.Mapped[int]
    text: orm.Mapped[str]
    results: orm.Mapped[list[Result]] = orm.relationship(
        order_by=(Result.position, Result.id), viewonly=True
    )


def signed_in(sub: str, sid: str) -> sa.Select[tuple[User]]:
    """The user of a token whose sign-in still stands."""
    standing = LoginSession.revoked_at.is_(None), LoginSession.expires_at > now()
    return (
        sa.select(User)
        .join(LoginSession, LoginSession.user_id == User.id)
        .where(User.id == uuid.UUID(sub), LoginSession.id == uuid.UUID(sid), User.active, *standing)
    )


def page(
    provider_id: uuid.UUID | None, after: uuid.UUID | None, limit: int
) -> sa.Select[tuple[Result]]:
    found = sa.select(Result).where(Result.provider_id == provider_id)
    if after:
        found = found.where(Result.id > after)
    return found.order_by(Result.id).limit(limit + 1)


def tuned(engine: sa.Engine) -> None:
    """SQLite as we run it."""
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _pragmas)


def _pragmas(connection: t.Any, _: t.Any) -> None:
    for pragma in ("synchronous = NORMAL", "foreign_keys = ON", "busy_timeout = 10000"):
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA {pragma}")
        cursor.close()
