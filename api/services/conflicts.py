"""What the database refuses when rows collide, said in our words."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import sqlalchemy as sa

from api.base import Base
from api.db import conflict
from api.problems import Duplicate, Fault, InUse, Problem
from api.scope import Session
from schemas.fields import Worded

T = TypeVar("T")


def flush(session: Session) -> None:
    """Send what is pending, inside the handler, so that a refusal is answered and not met at commit."""
    with refusals():
        session.flush()


@contextmanager
def refusals() -> Iterator[None]:
    """What the database refuses in here, as a problem."""
    try:
        yield
    except sa.exc.IntegrityError as error:
        raise _refusal(error) from error


def all_refused(
    session: Session, write: Callable[[Sequence[T]], None], items: Sequence[T]
) -> Iterator[tuple[T, Problem]]:
    """Write many rows at once; those that the database refuses, and why. The others are written."""
    try:
        with session.begin_nested():
            write(items)
    except sa.exc.IntegrityError as error:
        if len(items) == 1:
            yield items[0], _refusal(error)
            return
        half = len(items) // 2
        yield from all_refused(session, write, items[:half])
        yield from all_refused(session, write, items[half:])


def _refusal(error: sa.exc.IntegrityError) -> Problem:
    """Which of our rules a constraint stood for."""
    kind = conflict(error)
    if kind is None:
        raise error  # what our schemas should not have let in is our fault, not the caller's
    if kind == "foreign key":
        return InUse("Other rows refer to this one, or what it refers to has just gone.")
    if columns := _columns(error):
        # Nobody sends the provider that keys of its own rows begin with.
        named = columns[1:] if columns[0] == "provider_id" else columns
        fields = [name.removesuffix("_key") for name in named]
        return Duplicate(
            Worded("Another row has the same {fields}.", fields=", ".join(fields)),
            faults=[Fault("duplicate", "Another row has this already.", f"/{fields[-1]}")],
        )
    return Duplicate()


def _columns(error: sa.exc.IntegrityError) -> list[str]:
    """The columns that had to be unique; none when it was the key, which is no field of the caller's."""
    original: Any = error.orig
    if diagnosis := getattr(original, "diag", None):
        return _constraint(diagnosis.table_name, diagnosis.constraint_name)
    if original.sqlite_errorname != "SQLITE_CONSTRAINT_UNIQUE":
        return []
    _, _, columns = str(original).partition(": ")
    return [name.partition(".")[2] for name in columns.split(", ")]


def _constraint(table: str | None, name: str | None) -> list[str]:
    found = Base.metadata.tables[table or ""].constraints if table else set()
    return [
        column.name
        for constraint in found
        if isinstance(constraint, sa.UniqueConstraint) and constraint.name == name
        for column in constraint.columns
    ]
