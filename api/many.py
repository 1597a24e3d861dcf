"""Writing many rows of one table at once, as `api.scope` lets them through.

PostgreSQL takes them as one JSON text: it plans once, runs the triggers of a statement once, and holds row level
security as of any INSERT. COPY it refuses to whom that holds, and a temporary table would hold each row twice. SQLite
runs one statement again and again, inside this process.
"""

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from api.base import Identifier

Rows = Sequence[Mapping[str, Any]]
_PROVIDER = sa.bindparam("own_provider", type_=Identifier())


def insert(connection: sa.Connection, table: Any, rows: Rows, provider_id: uuid.UUID) -> None:
    """:param rows: all with the same columns; several have no bytes, which JSON doesn't know"""
    names = list(rows[0])
    if len(rows) == 1:
        connection.execute(sa.insert(table), {**rows[0], "provider_id": provider_id})
    elif connection.dialect.name == "postgresql":
        given = _given(table, names)
        chosen = sa.select(_PROVIDER, *given.c)
        statement = sa.insert(table).from_select(["provider_id", *names], chosen)
        connection.execute(statement, {"rows": _json(rows), "own_provider": provider_id})
    else:
        same = _defaults(table) | {"provider_id": provider_id}
        columns = {name: [value] * len(rows) for name, value in same.items()}
        _run_for_each(connection, sa.insert(table), columns | _columns(rows, ""))


def update(connection: sa.Connection, table: Any, rows: Rows, provider_id: uuid.UUID) -> None:
    """:param rows: each with its `id` and its new values; it is a version on by that"""
    c, names = table.c, [name for name in rows[0] if name != "id"]
    statement = sa.update(table).where(c.provider_id == _PROVIDER)
    version = {"version": c.version + sa.literal_column("1")}
    if connection.dialect.name == "postgresql":
        given = _given(table, list(rows[0]))
        values = {name: given.c[name] for name in names}
        statement = statement.values(values | version).where(c.id == given.c.id)
        connection.execute(statement, {"rows": _json(rows), "own_provider": provider_id})
    else:
        new = {name: sa.bindparam(f"new_{name}", type_=c[name].type) for name in names}
        key = sa.bindparam("new_id", type_=c.id.type)
        statement = statement.values(new | version).where(c.id == key)
        own = {"own_provider": [provider_id] * len(rows)}
        _run_for_each(connection, statement, own | _columns(rows, "new_"))


def _defaults(table: Any) -> dict[str, Any]:
    return {c.name: c.default.arg for c in table.c if c.default is not None and c.default.is_scalar}


def _given(table: Any, names: Iterable[str]) -> Any:
    """Rows out of a JSON text, as a table to select from."""
    rows = sa.cast(sa.bindparam("rows", type_=sa.Text()), postgresql.JSON())
    columns = [sa.column(name, table.c[name].type) for name in names]
    given = sa.func.json_to_recordset(rows).table_valued(*columns, name="given")
    return given.render_derived(with_types=True)


def _json(rows: Rows) -> str:
    return orjson.dumps(rows).decode()


def _columns(rows: Rows, prefix: str) -> dict[str, list[Any]]:
    return {prefix + name: [row[name] for row in rows] for name in rows[0]}


def _run_for_each(
    connection: sa.Connection, statement: Any, columns: Mapping[str, list[Any]]
) -> None:
    """By the driver's own loop, with values that are made column by column."""
    compiled = statement.compile(dialect=connection.dialect, column_keys=list(columns))
    bound = [
        _bound(columns[name], compiled._bind_processors.get(name)) for name in compiled.positiontup
    ]
    connection.exec_driver_sql(compiled.string, list(zip(*bound, strict=True)))


def _bound(values: Iterable[Any], process: Callable[[Any], Any] | None) -> Iterable[Any]:
    return _processed(values, process) if process else values


def _processed(values: Iterable[Any], process: Callable[[Any], Any]) -> Iterator[Any]:
    """Many a column has the same value in every row, and processing one is dear."""
    last = made = None
    for value in values:
        if value is not last:
            last, made = value, process(value)
        yield made
