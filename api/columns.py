"""Column expressions that both engines write alike: lists of entries as one JSON value, and text found in text."""

from typing import Any

import sqlalchemy as sa
from marshmallow import Schema, fields
from sqlalchemy import orm
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement, GenericFunction

from api.base import Base, Json, Moment
from schemas.fields import References


def column(model: type[Base], name: str, field: fields.Field[Any]) -> sa.ColumnElement[Any]:
    """The column behind a field, or the list of its children or links as one JSON value."""
    mapper = sa.inspect(model)
    if isinstance(field, References):
        proxy = getattr(model, name)
        return _gathered(mapper.relationships[proxy.target_collection], None, proxy.value_attr)
    if name in mapper.relationships:
        inner: Any = field
        return _gathered(mapper.relationships[name], inner.inner.schema, None)
    return mapper.local_table.c[name]


def as_json(statement: sa.Select[Any], dialect: str) -> sa.Select[str]:
    """Each row of a select as the text of one JSON object, with the values that `wire.dump` would write."""
    if dialect == "sqlite":
        return statement.with_only_columns(_JsonRow(*statement.selected_columns))
    exact = [sa.type_coerce(_Exact(c), c.type).label(c.name) for c in statement.selected_columns]
    rows = statement.with_only_columns(*exact).subquery("r")
    return sa.select(_JsonRow(*rows.c)).execution_options(**statement.get_execution_options())


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


class _Exact(GenericFunction[Any]):
    """A value such that PostgreSQL's `row_to_json` writes it as `wire.dump` would."""

    inherit_cache = True


class _JsonRow(GenericFunction[str]):
    """Columns as one JSON object: on PostgreSQL all that a subquery has, which it writes fastest, on SQLite any."""

    inherit_cache = True
    type = sa.String()


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


@compiles(_Exact, "postgresql")
def _exact_on_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    """Moments with no microseconds or all six, and a Z; numbers with a point."""
    (part,) = element.clauses
    value = compiler.process(part, **kw)
    if isinstance(part.type, Moment):
        digits = f"""to_char(timezone('UTC', {value}), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
        return f"replace({digits}, '.000000Z', 'Z')"
    if isinstance(part.type, sa.Double):
        return f"CAST({value} || CASE WHEN {value} = trunc({value}) THEN '.0' ELSE '' END AS json)"
    return str(value)


@compiles(_JsonRow, "postgresql")
def _row_on_postgresql(element: Any, compiler: Any, **_: Any) -> str:
    rows = next(iter(element.clauses)).table
    return f"row_to_json({compiler.preparer.format_alias(rows)})"


@compiles(_JsonRow, "sqlite")
def _row_on_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    pairs = [f"'{part.name}', {_json_on_sqlite(part, compiler, **kw)}" for part in element.clauses]
    return f"json_object({', '.join(pairs)})"


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
    return f"json_object({', '.join(_json_on_sqlite(p, compiler, **kw) for p in element.clauses)})"


def _json_on_sqlite(part: Any, compiler: Any, **kw: Any) -> str:
    """SQLite knows neither truth values nor moments nor JSON: they are told from numbers and texts by their column."""
    value = compiler.process(part, **kw)
    match part.type:
        case sa.Boolean():
            return f"CASE {value} WHEN 1 THEN json('true') WHEN 0 THEN json('false') END"
        case Moment():
            return f"replace(replace({value}, ' ', 'T') || 'Z', '.000000Z', 'Z')"
        case sa.JSON():
            return f"json({value})"
    return str(value)


@compiles(_JsonArray, "postgresql")
def _array_on_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    return f"coalesce(json_agg({compiler.process(element.clauses, **kw)}), '[]')"


@compiles(_JsonArray, "sqlite")
def _array_on_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    return f"json_group_array(json({compiler.process(element.clauses, **kw)}))"


class Holds(GenericFunction[bool]):
    """Whether a text holds another, in whatever case. No wildcards, as LIKE would have them.

    Letters are lowered alike on both engines, whatever the locale of the database: by the Unicode tables that
    PostgreSQL has built in since 17, or by ICU's before that.
    """

    inherit_cache = True
    type = sa.Boolean()


@compiles(Holds, "postgresql")
def _holds_on_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    text, part = (compiler.process(each, **kw) for each in element.clauses)
    built_in = (compiler.dialect.server_version_info or (0,)) >= (17,)
    collation = '"pg_c_utf8"' if built_in else '"und-x-icu"'
    return f"strpos(lower(({text}) COLLATE {collation}), lower(({part}) COLLATE {collation})) > 0"


@compiles(Holds, "sqlite")
def _holds_on_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    return f"lamppu_holds({compiler.process(element.clauses, **kw)})"


class Among(FunctionElement[bool]):
    """Whether a column has one of the values that a parameter lists: `Among(column, sa.bindparam(name))`.

    PostgreSQL takes them as one array, whose statement is the same for any number of them: the driver goes through the
    text of each, and with a thousand places in it that costs more than to find the rows.
    """

    inherit_cache = True
    type = sa.Boolean()

    def self_group(self, against: Any = None) -> Any:
        """Not `… IN (…) = 1`, as SQLite's conditions are written otherwise: that is found by no index."""
        return self


@compiles(Among, "postgresql")
def _among_on_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    column, listed = element.clauses
    values = sa.bindparam(listed.key, type_=postgresql.ARRAY(column.type))
    return str(compiler.process(column == sa.any_(values), **kw))


@compiles(Among, "sqlite")
def _among_on_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    column, listed = element.clauses
    values = sa.bindparam(listed.key, type_=column.type, expanding=True)
    return str(compiler.process(column.in_(values), **kw))
