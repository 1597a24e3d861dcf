"""The rows of a test database as a whole, taken out or put in by one script: past the foreign keys, the row policies
and the scope, on a connection of its own.

On SQLite, where triggers run whatever one does, the log of changes is put right last.
"""

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg
import sqlalchemy as sa

WRITTEN_BY_TRIGGERS = ("changes", "sqlite_sequence")


@dataclass
class Stock:
    """:param kept: what else a test process knows of the rows that it puts in"""

    connection: "sqlite3.Connection | psycopg.Connection[Any]"
    names: str
    quoted: str
    kept: dict[str, Any] = field(default_factory=dict)

    def tables(self) -> list[str]:
        """Their names, the log's at the end, and behind it that of what SQLite counts its ids by."""
        names = [name for (name,) in self.connection.execute(self.names).fetchall()]
        last = [name for name in WRITTEN_BY_TRIGGERS if name in names]
        return [name for name in names if name not in last] + last

    def run(self, script: str) -> None:
        if isinstance(self.connection, sqlite3.Connection):
            self.connection.executescript(f"BEGIN; {script}; COMMIT")
        else:
            self.connection.execute(script)

    def clear(self) -> None:
        # Not TRUNCATE: it makes new files for every table and index, which took 50 times as long.
        self.run("; ".join(f'DELETE FROM "{table}"' for table in self.tables()))

    def is_empty(self) -> bool:
        found = " UNION ALL ".join(f'SELECT 1 FROM "{table}"' for table in self.tables())
        return self.connection.execute(found).fetchone() is None

    def script(self) -> str:
        """What puts all rows in as they are now."""
        return "; ".join(self._inserts())

    def _inserts(self) -> Iterator[str]:
        for table in self.tables():
            described = self.connection.execute(f'SELECT * FROM "{table}" LIMIT 0').description
            columns = [f'"{column[0]}"' for column in described or ()]
            row = " || ', ' || ".join(self.quoted.format(column) for column in columns)
            rows = self.connection.execute(f'SELECT {row} FROM "{table}"').fetchall()
            if table in WRITTEN_BY_TRIGGERS:
                yield f'DELETE FROM "{table}"'
            if rows:
                values = ", ".join(f"({values})" for (values,) in rows)
                yield f'INSERT INTO "{table}" ({", ".join(columns)}) VALUES {values}'


@contextlib.contextmanager
def sqlite(url: str) -> Iterator[Stock]:
    names = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'alembic_version'"
    connection = sqlite3.connect(str(sa.make_url(url).database), timeout=10, isolation_level=None)
    with contextlib.closing(connection):
        yield Stock(connection, names, "quote({})")


@contextlib.contextmanager
def postgresql(superuser: str, url: str) -> Iterator[Stock]:
    names = (
        "SELECT tablename FROM pg_tables "
        "WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
    )
    here = sa.make_url(superuser).set(database=sa.make_url(url).database)
    with psycopg.connect(here.render_as_string(hide_password=False), autocommit=True) as connection:
        # What a test left locked shall fail, not hang.
        connection.execute("SET session_replication_role = replica; SET lock_timeout = '10s'")
        yield Stock(connection, names, "quote_nullable({}::text)")


# Of each database that a test process works on, by its address.
STOCKS: dict[str, Stock] = {}
