"""The database: its engines, how each of them is opened, and what it says when rows collide."""

import contextlib
import select
import sqlite3
import time
import typing as t
from collections.abc import Iterator

import orjson
import psycopg
import sqlalchemy as sa

from api.config import ConfigError
from api.lane import Lane
from api.scope import Scope, Session

# How long a connection to PostgreSQL may lie idle before it is asked whether it is still there.
IDLE_SECONDS = 30


class Database:
    """The engines of one application, and the two ways to open a session on them."""

    def __init__(self, url: str):
        url = url.replace("postgresql://", "postgresql+psycopg://", 1)
        if not url.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ConfigError("DATABASE_URL is neither sqlite:///… nor postgresql://…")
        sqlite = url.startswith("sqlite")
        self.engine = sa.create_engine(
            url,
            hide_parameters=True,  # names and addresses have no place in a log
            json_serializer=lambda value: orjson.dumps(value).decode(),
            json_deserializer=orjson.loads,
            **({} if sqlite else {"connect_args": {"options": "-c timezone=UTC"}}),
        )
        self.url = self.engine.url
        sa.event.listen(self.engine, "connect", _sqlite_opened if sqlite else _postgresql_opened)
        sa.event.listen(self.engine, "checkout", _must_be_there)
        sa.event.listen(self.engine, "begin", _begin)
        # A report is many statements: all of them see one moment, as they do on SQLite.
        self._reads = "BEGIN" if sqlite else "BEGIN ISOLATION LEVEL REPEATABLE READ"
        # A writer takes SQLite's lock at once: read-then-write in a deferred transaction ends in "database is locked".
        writes = "BEGIN IMMEDIATE" if sqlite else "BEGIN"
        self._reading = self.engine.execution_options(begin=self._reads)
        self._writing = self.engine.execution_options(begin=writes)
        self.counting = _counting(url)

    def close(self) -> None:
        self.engine.dispose()
        self.counting.dispose()

    def session(self, *, write: bool = True) -> Session:
        """A session that sees no record until it enters a scope."""
        return Session(self._writing if write else self._reading, expire_on_commit=False)

    @contextlib.contextmanager
    def all_providers(self) -> Iterator[Session]:
        """The ministry's reading session over every provider's rows. Only a listed few modules may open it."""
        with self.session(write=False) as session:
            session.enter(Scope(everyone=True))
            yield session

    @contextlib.contextmanager
    def lane(self, scope: Scope) -> Iterator[Lane]:
        """A transaction that reads in a scope, past the ORM."""
        lane = Lane(self.engine.raw_connection, self.engine.dialect, scope)
        try:
            lane.begin(self._reads)
            yield lane
            lane.end()
        finally:
            lane.close()

    @contextlib.contextmanager
    def all_providers_lane(self) -> Iterator[Lane]:
        """The same for the ministry, over every provider's rows."""
        with self.lane(Scope(everyone=True)) as lane:
            yield lane


def _counting(url: str) -> sa.Engine:
    """Single statements beside whatever transaction is open; they wait no longer than 0.1 s for SQLite's one writer."""
    waiting = {"connect_args": {"timeout": 0.1}}
    engine = sa.create_engine(
        url,
        isolation_level="AUTOCOMMIT",
        pool_pre_ping=True,
        pool_size=2,
        max_overflow=0,
        pool_timeout=1,
        hide_parameters=True,
        **(waiting if url.startswith("sqlite") else {}),
    )
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _sqlite_normal_sync)
    return engine


def _sqlite_normal_sync(connection: t.Any, _: t.Any) -> None:
    connection.execute("PRAGMA synchronous = NORMAL")


def _sqlite_opened(connection: t.Any, _: t.Any) -> None:
    # Transactions begin where we say so, not where the driver guesses.
    connection.isolation_level = None
    for pragma in (
        "journal_mode = WAL",
        "synchronous = NORMAL",
        "foreign_keys = ON",
        "busy_timeout = 10000",
    ):
        connection.execute(f"PRAGMA {pragma}")
    connection.create_function("lamppu_holds", 2, _holds, deterministic=True)


def _holds(text: str | None, part: str) -> bool | None:
    """Whether a text holds another, in whatever case: SQLite's own lower() knows no Ä."""
    return None if text is None else part.lower() in text.lower()


def _postgresql_opened(connection: t.Any, _: t.Any) -> None:
    # The driver's own BEGIN would be a message by itself, and could tell no scope.
    connection.autocommit = True


def _begin(connection: sa.Connection) -> None:
    """Begin, unless it is for a session, which tells its scope by the way (see `api/scope.py`)."""
    if "begin" not in connection.get_execution_options():
        connection.exec_driver_sql("BEGIN")


def _must_be_there(connection: t.Any, record: t.Any, _: t.Any) -> None:
    """Hand out no connection that the database has closed. Only where something may be wrong it is asked.

    What a server closes, it says: its end of an idle connection has nothing else to tell. Where it vanishes without a
    word, a connection that has been idle for long is found out by asking.

    :raises InvalidatePoolError: upon which the pool opens another
    """
    last = record.info.get("asked", 0.0)
    record.info["asked"] = now = time.monotonic()
    try:
        if isinstance(connection, psycopg.Connection):
            if now - last < IDLE_SECONDS and not _has_something_to_say(connection):
                return
            connection.execute("")
        else:
            connection.total_changes  # noqa: B018  of a file that is closed it can't be told
    except (psycopg.Error, sqlite3.Error) as error:
        raise sa.exc.InvalidatePoolError from error


def _has_something_to_say(connection: "psycopg.Connection[t.Any]") -> bool:
    watch = select.poll()
    watch.register(connection.fileno(), select.POLLIN)
    return bool(watch.poll(0))


_CONFLICTS = {
    "23505": "unique",
    "23503": "foreign key",
    "SQLITE_CONSTRAINT_UNIQUE": "unique",
    "SQLITE_CONSTRAINT_PRIMARYKEY": "unique",
    "SQLITE_CONSTRAINT_FOREIGNKEY": "foreign key",
}


def conflict(error: sa.exc.IntegrityError) -> str | None:
    """How a write collided with other rows; None when it broke a CHECK or NOT NULL, whatever the others are."""
    original = error.orig
    told = getattr(original, "sqlstate", None) or getattr(original, "sqlite_errorname", None)
    return _CONFLICTS.get(told or "")
