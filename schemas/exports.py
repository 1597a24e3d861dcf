"""What can be asked of an export, and the columns that rows have as a table."""

import typing as t
from dataclasses import dataclass
from enum import StrEnum

from marshmallow import fields

from schemas.base import Languages, Schema, id_first
from schemas.fields import Day, Flag, Id, Moment, Names, Number, Part, QueryFlag, Whole
from schemas.lists import Narrowing, narrowing


class Extension(StrEnum):
    """In which form an export is: one JSON object a line, one JSON document, or a table."""

    NDJSON = "ndjson"
    JSON = "json"
    CSV = "csv"
    XLSX = "xlsx"
    PARQUET = "parquet"


class ExportQuery(Narrowing):
    after = Id(
        load_default=None,
        metadata={
            "description": "Only rows after the one of this id, as the export orders them: "
            "to go on where a transfer broke off"
        },
    )
    bom = QueryFlag(
        load_default=None,
        metadata={
            "description": "Of CSV: whether it begins with a byte order mark, by which spreadsheets know UTF-8. "
            "It does unless this is `false`"
        },
    )


def export_query(schema: type[Schema], filters: t.Sequence[str]) -> Schema:
    """The parameters of an export: those of the list that say which rows, and with which fields."""
    told = "Only these fields; `id` is always there. `fields=a,b` means the same as `fields=a&fields=b`."
    names = Names(list(schema().dump_fields), load_default=None, metadata={"description": told})
    members = narrowing(schema, filters) | {"fields": names}
    return t.cast(Schema, type(f"{schema.__name__}ExportQuery", (ExportQuery,), members)())


class AllRows(Schema):
    """All rows that fit, as one page."""


def whole(schema: type[Schema]) -> type[Schema]:
    """All rows in one document, which reads like a page of their list."""
    told = {"description": "Always null: these are all."}
    return type(
        f"{schema.__name__}Export",
        (AllRows,),
        {
            "__doc__": AllRows.__doc__,
            "items": fields.List(fields.Nested(schema), dump_only=True),
            "next": fields.String(dump_only=True, allow_none=True, metadata=told),
        },
    )


class Kind(StrEnum):
    """What stands in the cells of a column, when they are not empty."""

    TEXT = "text"
    WHOLE = "whole"
    NUMBER = "number"
    FLAG = "flag"
    DAY = "day"
    MOMENT = "moment"
    JSON = "json"


@dataclass(frozen=True)
class Column:
    """A field of the row; or, of a text in several languages, what it is in one of them: `name.fi`."""

    field: str
    language: str | None
    kind: Kind

    @property
    def name(self) -> str:
        return f"{self.field}.{self.language}" if self.language else self.field


def columns(schema: type[Schema], names: t.Container[str] | None = None) -> list[Column]:
    """The columns of a schema's rows as a table, the id first.

    Lists stay whole in one cell, as JSON, so that a row of the table is a row of the resource with its id and version.

    :param names: the fields to show; all of them when None
    """
    found: list[Column] = []
    for name, field in id_first(schema().dump_fields):
        if names is not None and name not in names:
            continue
        if isinstance(field, Part) and isinstance(field.schema, Languages):
            found += [Column(name, language, Kind.TEXT) for language in field.schema.fields]
        else:
            found.append(Column(name, None, _kind(field)))
    return found


def _kind(field: fields.Field[t.Any]) -> Kind:
    return next((kind for kind, types in _KINDS.items() if isinstance(field, types)), Kind.TEXT)


_KINDS: dict[Kind, t.Any] = {
    Kind.WHOLE: Whole,
    Kind.NUMBER: Number,
    Kind.FLAG: Flag,
    Kind.DAY: Day,
    Kind.MOMENT: Moment,
    Kind.JSON: (fields.List, fields.Nested, fields.Dict),
}
