"""A table as the outside sees it: columns from the schema, a statement built once, rows that go to JSON as they come.

No objects are built on the way out. A property test holds what a view writes equal to `Schema.dump` of the object.
"""

import uuid
from collections.abc import Mapping
from typing import Any

import orjson
import sqlalchemy as sa
from marshmallow import Schema, fields
from sqlalchemy import orm
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction

from api import wire
from api.access import Reach
from api.db import Base, Json, Session, scoped
from api.models.base import Row
from schemas.fields import References

Shown = dict[str, Any]


class View:
    """One table through its schema, which names the fields that go out.

    A nested list is gathered from the child table in the same statement.
    """

    def __init__(self, model: type[Row]):
        self.model = model
        self.table = sa.inspect(model).local_table
        shown = model.schema().dump_fields
        self.names = list(shown)
        self.columns = [_column(model, name, field).label(name) for name, field in shown.items()]
        self._statements: dict[tuple[Reach, frozenset[str]], sa.Select[Any]] = {}

    def statement(self, reach: Reach, conditions: frozenset[str]) -> sa.Select[Any]:
        """The select for these conditions: `after` (keyset), or a column that must equal its parameter."""
        key = (reach, conditions)
        if key not in self._statements:
            self._statements[key] = self._build(reach, conditions)
        return self._statements[key]

    def _build(self, reach: Reach, conditions: frozenset[str]) -> sa.Select[Any]:
        c = self.table.c
        statement = sa.select(*self.columns).order_by(c.id)
        within = self.model.within(reach)
        if within is not None:
            statement = scoped(statement.where(within))
        for name in sorted(conditions - {"after"}):
            statement = statement.where(c[name] == sa.bindparam(f"is_{name}", type_=c[name].type))
        if "after" in conditions:
            statement = statement.where(c.id > sa.bindparam("after", type_=c.id.type))
        return statement

    def rows(
        self,
        session: Session,
        reach: Reach,
        filters: Mapping[str, Any],
        *,
        after: uuid.UUID | None = None,
        limit: int | None = None,
    ) -> list[Shown]:
        """The rows that fit, in the order of their ids.

        :param filters: columns and what they must equal
        :param after: the id of the last row already seen
        """
        conditions = {*filters} | ({"after"} if after else set())
        statement = self.statement(reach, frozenset(conditions))
        if limit:
            statement = statement.limit(limit)
        values = {f"is_{name}": value for name, value in filters.items()} | {"after": after}
        return self._shown(session.execute(statement, values))

    def row(self, session: Session, reach: Reach, key: uuid.UUID) -> Shown | None:
        found = self.rows(session, reach, {"id": key})
        return found[0] if found else None

    def sendable(self, shown: Shown) -> Shown:
        """The row as a client would send it back: JSON values, and only what it may write."""
        fields = self.model.schema.writable().fields
        known = {name: shown[name] for name in fields if name in shown}
        part: Shown = orjson.loads(wire.dump(known))
        return part

    def would_change(self, shown: Shown, data: Shown) -> bool:
        """Whether writing this data would change the row, as its own schema would let it in. Links have no order."""
        schema = self.model.schema.writable()
        links = {name for name, field in schema.fields.items() if isinstance(field, References)}

        def comparable(values: Shown) -> Shown:
            return values | {name: set(values[name]) for name in links}

        return comparable(schema.load(self.sendable(shown))) != comparable(data)

    def _shown(self, result: sa.Result[Any]) -> list[Shown]:
        return [dict(zip(self.names, row, strict=True)) for row in result]


def _column(model: type[Base], name: str, field: fields.Field[Any]) -> sa.ColumnElement[Any]:
    """The column behind a field, or the list of its children or links as one JSON value."""
    mapper = sa.inspect(model)
    if isinstance(field, References):
        proxy = getattr(model, name)
        return _gathered(mapper.relationships[proxy.target_collection], None, proxy.value_attr)
    if name in mapper.relationships:
        inner: Any = field
        return _gathered(mapper.relationships[name], inner.inner.schema, None)
    return mapper.local_table.c[name]


def _gathered(
    relationship: orm.RelationshipProperty[Any], schema: Schema | None, link: str | None
) -> sa.ColumnElement[Any]:
    """`[{…}, …]` of a record's children in their order, or `["id", …]` of its links.

    The children are put in order below the aggregate, because SQLite before 3.44 takes no order within it.
    """
    child = relationship.mapper.local_table
    entry: sa.ColumnElement[Any] = (
        _JsonText(child.c[link]) if link else _JsonObject(*_entry(child, schema))
    )
    ordered = (
        sa.select(entry.label("entry"))
        .where(*[theirs == own for own, theirs in relationship.local_remote_pairs or []])
        .order_by(child.c[link] if link else child.c.position)
        .correlate(relationship.parent.local_table)
        .subquery()
    )
    return sa.type_coerce(sa.select(_JsonArray(ordered.c.entry)).scalar_subquery(), Json)


def _entry(child: Any, schema: Schema | None) -> list[Any]:
    """`name, value, name, value, …` of the fields that a child shows."""
    names = schema.dump_fields if schema else {}
    pairs: list[tuple[Any, Any]] = [(sa.literal_column(f"'{n}'"), child.c[n]) for n in names]
    return [each for pair in pairs for each in pair]


class _JsonText(GenericFunction[str]):
    """One value as JSON text: `to_json` on PostgreSQL, `json_quote` on SQLite."""

    inherit_cache = True
    type = sa.String()


class _JsonObject(GenericFunction[str]):
    inherit_cache = True
    type = sa.String()


class _JsonArray(GenericFunction[str]):
    inherit_cache = True
    type = sa.String()


@compiles(_JsonText, "postgresql")
def _text_on_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    return f"to_json({compiler.process(element.clauses, **kw)})"


@compiles(_JsonText, "sqlite")
def _text_on_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    return f"json_quote({compiler.process(element.clauses, **kw)})"


@compiles(_JsonObject, "postgresql")
def _object_on_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    return f"json_build_object({compiler.process(element.clauses, **kw)})"


@compiles(_JsonObject, "sqlite")
def _object_on_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    """SQLite has no truth values: 1 and 0 must be told from numbers by their column."""
    parts = [compiler.process(part, **kw) for part in element.clauses]
    types = [part.type for part in element.clauses]
    words = [
        f"CASE {part} WHEN 1 THEN json('true') WHEN 0 THEN json('false') END"
        if isinstance(kind, sa.Boolean)
        else part
        for part, kind in zip(parts, types, strict=True)
    ]
    return f"json_object({', '.join(words)})"


@compiles(_JsonArray, "postgresql")
def _array_on_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    return f"coalesce(json_agg({compiler.process(element.clauses, **kw)}), '[]')"


@compiles(_JsonArray, "sqlite")
def _array_on_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    return f"json_group_array(json({compiler.process(element.clauses, **kw)}))"
