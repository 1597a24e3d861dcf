"""Undoing an import: what was there before is there again, unless something was built on it since.

Its rows go back in the reverse order in which they were written, so that each state on the way is one that has been:
nothing refers to a row that goes, and no value that may be there once is there twice.
"""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from typing import Any, cast

import sqlalchemy as sa

from api.base import Identifier, now
from api.models.base import RecordRow
from api.models.imports import Import
from api.problems import MOST_FAULTS, Fault, Problem
from api.scope import SCOPE_PROVIDER, Session, scoped
from api.services import bulk, locks, rows
from api.services.conflicts import all_refused, refusals
from api.services.imports import LOCKED
from api.services.traces import KEPT, ROWS, of
from schemas.fields import Worded

_GONE = Worded("It has been deleted since.")
_CHANGED = Worded("It has changed since.")
_NEEDED = Worded("It is gone, and what was there before the import refers to it.")
_REFERRED_TO = Worded("Another row has come to refer to it.")


class BuiltOn(Problem):
    status, code, title = 409, "built_on", "Something has been built on this import since"


class AlreadyUndone(Problem):
    status, code, title = 409, "already_undone", "This import has been undone already"


class TooOldToUndo(Problem):
    status, code, title = 409, "too_old_to_undo", "What was there before this import is not known"


@dataclass
class Found:
    """What has been built on an import: the first faults, and how many there are.

    :ivar missing: rows that are gone, by resource and id, each of which is told once
    """

    faults: list[Fault] = field(default_factory=list)
    count: int = 0
    missing: set[tuple[str, uuid.UUID]] = field(default_factory=set)

    def add(self, faults: Sequence[Fault], count: int | None = None) -> None:
        self.faults += faults[: MOST_FAULTS - len(self.faults)]
        self.count += len(faults) if count is None else count

    def must_be_nothing(self) -> None:
        """:raises BuiltOn: there is something"""
        if self.faults:
            more = self.count - len(self.faults)
            raise BuiltOn(faults=self.faults, members={"more": more} if more else {})


def undo(session: Session, done: Import) -> None:
    """Undo an import, whose row is locked.

    :raises BuiltOn: a row of it has changed or gone, is referred to, or can't be what it was; nothing may be kept then
    :raises Locked: a report holds one of its rows
    :raises AlreadyUndone: nothing is left to undo; TooOldToUndo: its rows are not kept, or no longer
    """
    if done.undone_at:
        raise AlreadyUndone
    written = {stem: tally["created"] + tally["updated"] for stem, tally in done.counts.items()}
    kept = session.scalar(
        scoped(sa.select(sa.func.count()).select_from(ROWS).where(of(done.id))), {}
    )
    if done.created_at < now() - KEPT or kept != sum(written.values()):
        raise TooOldToUndo
    stems = [stem for stem in LOCKED if written.get(stem)]
    found = Found()
    for stem in stems:
        found.add(*_changed(session, done.id, stem))
    found.add(*_referred_to(session, done.id, stems))
    found.must_be_nothing()
    _mark(session, done.id)
    for some in _backwards(session, done.id):
        _take_back(session, some, found)
    found.must_be_nothing()
    _forget(session, done.id)


def _row(stem: str, key: uuid.UUID) -> dict[str, Any]:
    """As a fault names a row."""
    return {"resource": stem, "id": key}


def _changed(session: Session, import_id: uuid.UUID, stem: str) -> tuple[list[Fault], int]:
    """The rows of a resource that are not as the import left them, and how many; all are locked from here on."""
    c = rows.model_of(stem).__table__.c
    mine = sa.and_(of(import_id), ROWS.c.resource == stem)
    locked = (
        sa.select(c.id, c.version)
        .where(c.provider_id == SCOPE_PROVIDER, c.id.in_(sa.select(ROWS.c.row_id).where(mine)))
        .order_by(c.id)
        .with_for_update()
        .cte("locked")
    )
    asked = (
        sa.select(ROWS.c.row_id, locked.c.version, sa.func.count().over().label("every"))
        .select_from(ROWS.outerjoin(locked, locked.c.id == ROWS.c.row_id))
        .where(mine, sa.func.coalesce(locked.c.version, 0) != ROWS.c.version)
        .order_by(ROWS.c.position)
        .limit(MOST_FAULTS)
    )
    found = session.execute(scoped(asked), {}).all()
    faults = [
        Fault("changed_since", _CHANGED, more=_row(stem, row.row_id))
        if row.version
        else Fault("gone", _GONE, more=_row(stem, row.row_id))
        for row in found
    ]
    return faults, found[0].every if found else 0


def _referred_to(
    session: Session, import_id: uuid.UUID, stems: Sequence[str]
) -> tuple[list[Fault], int]:
    """The references to rows that the import made from rows that are none of its own, and how many."""
    asked = [
        _references(import_id, stem, by)
        for stem in stems
        for by in rows.referrers(stem)
        if by.resource != Import.__tablename__  # see _mark
    ]
    if not asked:
        return [], 0
    every = sa.union_all(*asked).subquery()
    counted = sa.select(every, sa.func.count().over().label("every"))
    counted = counted.order_by(every.c.id, every.c.by_id).limit(MOST_FAULTS)
    found = session.execute(scoped(counted), {}).all()
    faults = [
        Fault(
            "referred_to",
            _REFERRED_TO,
            more=_row(row.resource, row.id) | {"by": _row(row.by_resource, row.by_id)},
        )
        for row in found
    ]
    return faults, found[0].every if found else 0


def _references(import_id: uuid.UUID, stem: str, by: rows.Referrer) -> sa.Select[Any]:
    mine = ROWS.alias("mine")
    own = sa.select(mine.c.row_id).where(of(import_id, mine), mine.c.row_id == by.key)
    return sa.select(
        sa.literal(stem).label("resource"),
        ROWS.c.row_id.label("id"),
        sa.literal(by.resource).label("by_resource"),
        by.key.label("by_id"),
    ).where(
        *(of(import_id), ROWS.c.resource == stem, ROWS.c.before.is_(None)),
        *(by.column.table.c.provider_id == SCOPE_PROVIDER, by.column == ROWS.c.row_id),
        ~own.exists(),
    )


def _mark(session: Session, import_id: uuid.UUID) -> None:
    """Say that it is undone. Imports into sub-projects that are about to go lose them: nothing else of them is left."""
    c = Import.__table__.c
    made = sa.select(ROWS.c.row_id)
    made = made.where(of(import_id), ROWS.c.resource == "sub_projects", ROWS.c.before.is_(None))
    moment, going = now(), c.sub_project_id.in_(made)
    marked = sa.update(cast(Any, Import.__table__)).where(
        c.provider_id == SCOPE_PROVIDER, (c.id == import_id) | going
    )
    values = {
        "undone_at": sa.case((c.id == import_id, moment), else_=c.undone_at),
        "sub_project_id": sa.case(
            (going, sa.cast(sa.null(), Identifier())), else_=c.sub_project_id
        ),
        "version": c.version + 1,
        "updated_at": moment,
    }
    session.execute(scoped(marked.values(values)), {})


def _backwards(session: Session, import_id: uuid.UUID) -> Iterator[Sequence[Any]]:
    """What the import has written, the last first, so many at once."""
    before = sa.bindparam("before_position", type_=sa.Integer())
    asked = sa.select(ROWS).where(of(import_id), ROWS.c.position < before)
    asked = scoped(asked.order_by(ROWS.c.position.desc()).limit(rows.MOST_AT_ONCE))
    position = 2**31 - 1
    while some := session.execute(asked, {"before_position": position}).all():
        yield some
        position = some[-1].position


def _take_back(session: Session, some: Sequence[Any], found: Found) -> None:
    for (stem, was_there), group in groupby(some, lambda row: (row.resource, bool(row.before))):
        model, mine = cast(type[RecordRow], rows.model_of(stem)), list(group)
        _must_be_open(session, model, mine)
        if was_there:
            found.add(list(_restore(session, model, mine, found)))
        elif not found.faults:  # else it is only for what else there is to tell
            with refusals():
                bulk.delete(session, model, [row.row_id for row in mine])


def _must_be_open(session: Session, model: type[RecordRow], some: Sequence[Any]) -> None:
    """:raises Locked: a report holds one of the rows, or would what one says again"""
    stem, schema = model.__tablename__, model.schema.writable()
    there = locks.stored(session, model, [row.row_id for row in some])
    changes = [
        locks.Change(stem, is_, {**is_, **schema.load(row.before)} if row.before else None)
        for row in some
        if (is_ := there.get(row.row_id))
    ]
    locks.must_be_open(session, changes)


def _restore(
    session: Session, model: type[RecordRow], some: Sequence[Any], found: Found
) -> Iterator[Fault]:
    """Give rows back what they said. What can't be any more is told."""
    schema = model.schema.writable()
    bodies = [schema.load(row.before) | {"id": row.row_id} for row in some]
    named = {name for body in bodies for name in rows.named(schema, body)}
    missing = {(name.target, name.key) for name in named} - rows.find(session, named).keys()
    for target, key in sorted(missing - found.missing):
        yield Fault("gone", _NEEDED, more=_row(target, key))
    found.missing |= missing
    if found.missing or found.faults:
        return
    for body, problem in all_refused(session, partial(bulk.update, session, model), bodies):
        if not problem.faults:
            raise problem
        first = problem.faults[0]
        yield Fault(first.code, first.detail, more=_row(model.__tablename__, body["id"]))


def _forget(session: Session, import_id: uuid.UUID) -> None:
    """What an earlier import had left is there again, so that it may be undone too; this one is done with."""
    mine = ROWS.alias("mine")
    found = sa.select(mine.c.row_id, mine.c.version - 1)
    found = found.where(of(import_id, mine), mine.c.before.is_not(None))
    left = sa.update(ROWS).where(
        *(ROWS.c.provider_id == SCOPE_PROVIDER, ROWS.c.import_id != import_id),
        sa.tuple_(ROWS.c.row_id, ROWS.c.version).in_(found),
    )
    session.execute(scoped(left.values(version=ROWS.c.version + 2)), {})
    session.execute(scoped(sa.delete(ROWS).where(of(import_id))), {})
