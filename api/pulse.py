"""Pulses: locks that end with the process that holds them, by which the others know that it lives."""

import fcntl
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa

from api.db import Database


class Pulse(Protocol):
    def beat(self) -> None:
        """Hold the process's own lock, if need be again."""

    def stopped(self, other: int) -> bool:
        """Whether the process is gone that held this other lock."""


def pulse(database: Database, own: int) -> Pulse:
    """:param own: the lock's number, below 2**63; nobody else's"""
    kind = SqlitePulse if database.url.get_backend_name() == "sqlite" else PostgresPulse
    return kind(database, own)


class PostgresPulse:
    """A lock of the server's, which it frees when the connection ends."""

    def __init__(self, database: Database, own: int):
        self._engine = database.counting
        self._own = own
        self._connection: sa.Connection | None = None

    def beat(self) -> None:
        if self._connection and not self._lost(self._connection):
            return
        self._connection = self._engine.connect()
        self._connection.execute(sa.select(sa.func.pg_advisory_lock(self._own)))

    def _lost(self, connection: sa.Connection) -> bool:
        try:
            connection.execute(sa.select(sa.literal(1)))
        except sa.exc.DBAPIError:
            connection.close()
            self._connection = None
            return True
        return False

    def stopped(self, other: int) -> bool:
        with self._engine.connect() as connection:
            free = sa.func.pg_try_advisory_xact_lock(other)
            return bool(connection.scalar(sa.select(free)))


class SqlitePulse:
    """A byte of a file beside the database, which the system frees when the process ends."""

    def __init__(self, database: Database, own: int):
        self._file = Path(f"{database.url.database}-workers").open("ab")  # noqa: SIM115
        self._own = own

    def beat(self) -> None:
        fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, self._own)

    def stopped(self, other: int) -> bool:
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, other)
        except OSError:
            return False
        fcntl.lockf(self._file, fcntl.LOCK_UN, 1, other)
        return True
