"""The log of changes, read in the order of commits: what was read once is never followed by something older.

An entry says which row to look at again. What that row is by now, and whether it is there at all, is for the caller's
own view to say, when the entry is read: so nothing that he may not see can come to him by way of the log.
"""

import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Any, NamedTuple

import sqlalchemy as sa
from itsdangerous import URLSafeSerializer

from api.access import Caller, Reach, reach
from api.base import ProviderScoped
from api.lane import Lane
from api.models.changes import CHANGES, OldestRunning, behind
from api.scope import SCOPE_PROVIDER, Session, scoped
from api.services.rows import model_of
from api.view import Shown, view_of


class Position(NamedTuple):
    """A place in the log, behind the entry with this transaction and id."""

    xid: int
    id: int


START = Position(0, 0)


class Positions:
    """Places in the log as one who follows it holds them: opaque, signed, and of no use to anyone else."""

    def __init__(self, secret_key: str, holder: str):
        self._signer = URLSafeSerializer(secret_key, salt=f"changes|{holder}")

    def written(self, position: Position) -> str:
        return str(self._signer.dumps(position))

    def read(self, text: str) -> Position:
        """:raises itsdangerous.BadSignature: it was not written for this holder, or with another key"""
        return Position(*self._signer.loads(text))


@dataclass(frozen=True)
class Entry:
    """:param version: that the change made; None where it was a deletion"""

    position: Position
    resource: str
    row_id: uuid.UUID
    version: int | None


@dataclass(frozen=True)
class Page:
    """:param more: whether there is something behind `next` already"""

    entries: list[Entry]
    next: Position
    more: bool


def head(session: Session) -> Position:
    """The place behind everything that this session's snapshot is sure to hold; what it does not hold lies behind it.

    Whoever reads rows in a snapshot and then the log from here on misses nothing; a little may come to him twice.
    """
    if _dialect(session) == "postgresql":
        return Position(session.execute(sa.select(OldestRunning())).scalar_one(), 0)
    newest = session.execute(_newest(session.scope.everyone)).first()
    return Position(*newest) if newest else START


def state(lane: Lane) -> str:
    """What is another whenever the log that this transaction sees is, in one look-up.

    On PostgreSQL a newer entry may be seen before an older one. What can't be followed by something older any more is
    told by the newest of it, and what is behind that by its number, which only grows until the oldest running ends.
    """
    told = lane.rows(state_of(lane.dialect.name, lane.scope.everyone), {})
    return str([tuple(row) for row in told])


def page(session: Session, after: Position, limit: int) -> Page:
    """The next entries of the log of the session's provider, or of the ministry's: one look-up in an index."""
    place = {"after_xid": after.xid, "after_id": after.id}
    asked = _following(_dialect(session), session.scope.everyone).limit(limit + 1)
    found = session.execute(asked, place).all()
    entries = [Entry(Position(xid, key), *rest) for xid, key, *rest in found[:limit]]
    following = entries[-1].position if entries else after
    return Page(entries, following, more=len(found) > limit)


def _dialect(session: Session) -> str:
    return session.get_bind().dialect.name


@cache
def _of(everyone: bool) -> Any:
    c = CHANGES.c
    entries = sa.select(c.xid, c.id, c.resource, c.row_id, c.version)
    if everyone:
        return entries.where(~c.copy)
    return scoped(entries.where(c.provider_id == SCOPE_PROVIDER))


@cache
def _following(dialect: str, everyone: bool) -> Any:
    return _of(everyone).where(behind(dialect)).order_by(CHANGES.c.xid, CHANGES.c.id)


@cache
def _newest(everyone: bool) -> Any:
    c = CHANGES.c
    newest = _of(everyone).with_only_columns(c.xid, c.id)
    return newest.order_by(c.xid.desc(), c.id.desc()).limit(1)


@cache
def state_of(dialect: str, everyone: bool) -> Any:
    """The statement that `state` asks."""
    newest = _newest(everyone)
    if dialect != "postgresql":
        return newest
    c = CHANGES.c
    settled = newest.where(c.xid < OldestRunning()).subquery()
    behind = _of(everyone).with_only_columns(sa.func.count(), sa.literal(-1))
    both = sa.union_all(sa.select(settled), behind.where(c.xid >= OldestRunning()))
    return both if everyone else scoped(both)


def readable(caller: Caller, entries: Iterable[Entry], resources: Collection[str]) -> list[Entry]:
    """The entries of resources that the caller may read, and of these, or of whichever they are when none is named."""
    return [
        entry
        for entry in entries
        if (not resources or entry.resource in resources) and reach(caller, entry.resource, "read")
    ]


def look(
    caller: Caller, own: Session, reader: Session, entries: Iterable[Entry], *, whole: bool
) -> dict[tuple[str, uuid.UUID], Shown]:
    """The rows of these entries as the caller sees them now, by resource and id; without those that he does not see.

    :param own: the session of the request, in which nothing was read before the log was
    :param reader: the one that sees every provider's records, where he may
    :param whole: all fields, rather than the id
    """
    found: dict[tuple[str, uuid.UUID], Shown] = {}
    names = None if whole else frozenset({"id"})
    for stem, some in groupby(sorted(entries, key=_by_resource), key=_by_resource):
        model, right = model_of(stem), reach(caller, stem, "read")
        if right is None:
            continue
        session = reader if right is Reach.EVERY and issubclass(model, ProviderScoped) else own
        ids = sorted({entry.row_id for entry in some})
        rows = view_of(model).rows(session, right, {"id": ids}, order=None, names=names)
        found |= {(stem, row["id"]): row for row in rows}
    return found


def _by_resource(entry: Entry) -> str:
    return entry.resource


def item(entry: Entry, rows: Mapping[tuple[str, uuid.UUID], Shown], positions: Positions) -> Shown:
    """An entry as it is told.

    :param rows: of those who are told, by resource and id; whichever is not there is gone
    """
    return {
        "position": positions.written(entry.position),
        "resource": entry.resource,
        "id": entry.row_id,
        "version": entry.version,
        "deleted": (entry.resource, entry.row_id) not in rows,
    }
