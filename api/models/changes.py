"""The log of changes: one entry for each row that was changed, written by triggers in the transaction of the change.

An entry says no more than "look at this row again". It is addressed to the provider that owns the row, or, with no
provider, to the ministry; who else sees the row gets a copy. So each provider's log is one scan of the index by
provider, and the ministry's, which reads every entry but no copy, one of the other.

The order is (xid, id), where `xid` is the transaction that wrote it: on PostgreSQL a reader who stays below the oldest
one still running (`behind`) meets entries in an order in which nothing can come in before what he has read. SQLite has
one writer at a time, so that `id` alone is the order of commits, and `xid` is 0.
"""

import typing as t

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction

from api.base import Base, Identifier
from schemas import vocabulary as v

_ORDER = ("xid", "id")
# No class is mapped to it: only a statement that takes the scope itself may read it (see api/scope.py).
CHANGES = sa.Table(
    "changes",
    Base.metadata,
    sa.Column("xid", sa.BigInteger, nullable=False),
    sa.Column(
        "id",
        sa.BigInteger().with_variant(sa.Integer, "sqlite"),
        primary_key=True,
        autoincrement=True,
    ),
    sa.Column("resource", sa.String(v.CODE_LENGTH), nullable=False),
    sa.Column("row_id", Identifier, nullable=False),
    sa.Column("version", sa.Integer),
    sa.Column("provider_id", Identifier),
    sa.Column("copy", sa.Boolean, nullable=False),
    sqlite_autoincrement=True,
    info={"scoped": True, "plane": "log"},
)
sa.Index(None, CHANGES.c.provider_id, CHANGES.c.xid, CHANGES.c.id)
sa.Index(
    None,
    CHANGES.c.xid,
    CHANGES.c.id,
    sqlite_where=~CHANGES.c.copy,
    postgresql_where=~CHANGES.c.copy,
)


class OldestRunning(GenericFunction[int]):
    """PostgreSQL's oldest transaction that still runs: what those before it wrote is in this snapshot, or nowhere."""

    inherit_cache = True
    type = sa.BigInteger()


@compiles(OldestRunning, "postgresql")
def _oldest_running(*_: t.Any, **__: t.Any) -> str:
    return "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"


def behind(dialect: str) -> sa.ColumnElement[bool]:
    """The entries behind `after_xid` and `after_id` before which nothing can come any more, as an index finds them."""
    c, place = CHANGES.c, [sa.bindparam(f"after_{name}", type_=sa.BigInteger) for name in _ORDER]
    if dialect == "postgresql":
        return sa.and_(sa.tuple_(c.xid, c.id) > sa.tuple_(*place), c.xid < OldestRunning())
    xid, key = place
    return sa.and_(c.xid == xid, c.id > key)  # of a row comparison it would use the first half only
