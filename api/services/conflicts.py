"""What the database refuses when rows collide, said in our words."""

from typing import Any

import sqlalchemy as sa

from api.base import Base
from api.db import conflict
from api.problems import Duplicate, Fault, InUse, Problem
from api.scope import Session
from schemas.fields import Worded


def flush(session: Session) -> None:
    """Send what is pending, inside the handler, so that a refusal is answered and not met at commit."""
    try:
        session.flush()
    except sa.exc.IntegrityError as error:
        kind = conflict(error)
        if kind is None:
            raise  # what our schemas should not have let in is our fault, not the caller's
        raise _refusal(error, kind) from error


def _refusal(error: sa.exc.IntegrityError, kind: str) -> Problem:
    """Which of our rules a constraint stood for."""
    if kind == "foreign key":
        return InUse("Other rows refer to this one, or what it refers to has just gone.")
    if columns := _columns(error):
        field = columns[-1].removesuffix("_key")
        return Duplicate(
            Worded("Another row has the same {field}.", field=field),
            faults=[Fault("duplicate", "Another row has this already.", f"/{field}")],
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
