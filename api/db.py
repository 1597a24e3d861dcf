"""The database: its engines, how each of them is opened, and what it says when rows collide."""

import contextlib
import json
import typing as t
from collections.abc import Iterator

import sqlalchemy as sa

from api.config import ConfigError
from api.scope import Scope, Session


class Database:
    """The engines of one application, and the two ways to open a session on them."""

    def __init__(self, url: str):
        url = url.replace("postgresql://", "postgresql+psycopg://", 1)
        if not url.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ConfigError("DATABASE_URL is neither sqlite:///… nor postgresql://…")
        self.engine = sa.create_engine(
            url,
            pool_pre_ping=True,
            hide_parameters=True,  # names and addresses have no place in a log
            json_serializer=lambda value: json.dumps(value, ensure_ascii=False),
            **(
                {} if url.startswith("sqlite") else {"connect_args": {"options": "-c timezone=UTC"}}
            ),
        )
        self.url = self.engine.url
        if self.engine.dialect.name == "sqlite":
            sa.event.listen(self.engine, "connect", _sqlite_pragmas)
            sa.event.listen(self.engine, "begin", _sqlite_begin)
            reading, writing = {"sqlite_begin": "BEGIN"}, {"sqlite_begin": "BEGIN IMMEDIATE"}
        else:
            # A report is many statements: all of them see one moment, as they do on SQLite.
            reading, writing = {"isolation_level": "REPEATABLE READ"}, {}
        self._reading = self.engine.execution_options(**reading)
        self._writing = self.engine.execution_options(**writing)
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


def _sqlite_pragmas(connection: t.Any, _: t.Any) -> None:
    # Transactions begin where _sqlite_begin says, not where the driver guesses.
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


def _sqlite_begin(connection: sa.Connection) -> None:
    """A writer takes its lock at once: read-then-write in a deferred transaction ends in "database is locked"."""
    connection.exec_driver_sql(connection.get_execution_options().get("sqlite_begin", "BEGIN"))


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
