"""For autogenerate: CHECKs of vocabularies and ranges that the models have otherwise than the database.

Alembic compares them by name at most, so that a word added to a vocabulary would make an empty revision.
"""

import re
from typing import Any

import sqlalchemy as sa
from alembic.operations import ops
from alembic.runtime.plugins import Plugin
from alembic.util import PriorityDispatchResult
from sqlalchemy.schema import conv

NAME = "migrations.vocabularies"

_CAST = re.compile(r"::[a-z]+( varying| precision)?(\[\])?")
_AMONG = re.compile(r"(\S+) (?:IN|=) .*", re.DOTALL)
_WITHIN = re.compile(r"(\S+) (?:BETWEEN|>=) (\S+) AND (?:\1 <= )?(\S+)")
_WORD = re.compile(r"'(?:[^']|'')*'")


def rule(text: str) -> str:
    """A CHECK in words of both engines; PostgreSQL tells `IN` as `= ANY (ARRAY[…])`, `BETWEEN` as two comparisons."""
    bare = _CAST.sub("", text)
    if (among := _AMONG.fullmatch(bare)) and (words := _WORD.findall(bare)):
        return f"{among[1]} IN ({', '.join(words)})"
    if within := _WITHIN.fullmatch(bare):
        low, high = (re.sub(r"^'(-?[0-9.]+)'$", r"\1", bound) for bound in within.groups()[1:])
        return f"{within[1]} BETWEEN {low} AND {high}"
    return text


def _wanted(table: sa.Table, dialect: sa.Dialect) -> dict[str, str]:
    """The rules of a table of the models, by their names in the database."""
    written = {"literal_binds": True, "include_table": False}
    return {
        str(dialect.identifier_preparer.format_constraint(one)): rule(
            str(one.sqltext.compile(dialect=dialect, compile_kwargs=written))
        )
        for one in table.constraints
        if isinstance(one, sa.CheckConstraint)
    }


def _compare(
    context: Any, change: ops.ModifyTableOps, _: Any, name: Any, found: Any, model: Any
) -> PriorityDispatchResult:
    if found is None or model is None:  # a table that is made or dropped takes its own with it
        return PriorityDispatchResult.CONTINUE
    for op in change.ops:
        if isinstance(op, ops.AddColumnOp) and isinstance(op.column.type, sa.Enum):
            # With an Enum PostgreSQL would get its CHECK here and SQLite none: both get it below.
            op.column = op.column._copy()
            op.column.type = sa.String(op.column.type.length)
    reflected = context.inspector.get_check_constraints(name)
    theirs = {str(one["name"]): rule(one["sqltext"]) for one in reflected}
    ours = _wanted(model, context.dialect)
    for key in sorted(theirs.keys() | ours.keys()):
        if theirs.get(key) == ours.get(key):
            continue
        # Before a column goes and after one comes; a downgrade is the same read backwards.
        if key in theirs:
            old = ops.CreateCheckConstraintOp(conv(key), name, theirs[key])
            change.ops.insert(0, ops.DropConstraintOp.from_constraint(old.to_constraint()))
        if key in ours:
            change.ops.append(ops.CreateCheckConstraintOp(conv(key), name, ours[key]))
    return PriorityDispatchResult.CONTINUE


Plugin(NAME).add_autogenerate_comparator(_compare, "table", "vocabularies")
