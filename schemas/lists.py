"""What can be asked of any list and any row, and the shapes of the answers: pages, and rows with only some fields."""

import typing as t
from copy import deepcopy
from enum import StrEnum
from functools import cache

from marshmallow import fields

from schemas import vocabulary as v
from schemas.base import Languages, Schema
from schemas.fields import (
    Choice,
    Flag,
    Key,
    Names,
    Part,
    QueryFlag,
    QueryMoment,
    QueryWhole,
    Reference,
    References,
    Text,
    Whole,
)


class Sort(StrEnum):
    OLDEST = "created_at"
    NEWEST = "-created_at"
    LONGEST_UNCHANGED = "updated_at"
    LAST_CHANGED = "-updated_at"


class SiblingSort(StrEnum):
    """For rows that have an order among their siblings."""

    OLDEST = "created_at"
    NEWEST = "-created_at"
    LONGEST_UNCHANGED = "updated_at"
    LAST_CHANGED = "-updated_at"
    FIRST = "position"
    LAST = "-position"


class Narrowing(Schema):
    updated_since = QueryMoment(
        load_default=None,
        metadata={
            "description": "Rows made or changed at that moment or later (RFC 3339; write `+` as `%2B`)"
        },
    )


class ListQuery(Narrowing):
    limit = QueryWhole(1, 500, load_default=50, metadata={"description": "Rows a page"})
    cursor = Text(
        v.POSITION_LENGTH,
        load_default=None,
        metadata={
            "description": "`next` of the page before, by the same caller with the same filters, `q` and `sort`"
        },
    )
    count = QueryFlag(
        load_default=False,
        metadata={"description": "Also `total`, the number of rows on all pages; takes longer"},
    )


def list_query(
    schema: type[Schema], filters: t.Sequence[str], expandable: t.Sequence[str]
) -> Schema:
    """The parameters of a list: its filters, and which of these names a row can be expanded by."""
    members = narrowing(schema, filters)
    ordered = isinstance(schema._declared_fields.get("position"), Whole)
    words = SiblingSort if ordered else Sort
    told = (
        "`-` stands for descending. Without it `created_at`, the order in which rows were made; with `updated_since`, "
        "`updated_at`."
    )
    members["sort"] = Choice(words, load_default=None, metadata={"description": told})
    query = type(f"{schema.__name__}Query", (ListQuery,), members | _shaping(schema, expandable))
    return t.cast(Schema, query())


def narrowing(schema: type[Schema], filters: t.Sequence[str]) -> dict[str, t.Any]:
    """The parameters that tell which rows of a resource are meant, beside `updated_since`."""
    members: dict[str, t.Any] = {name: _filter(schema, name) for name in filters}
    if "period_id" in filters:
        told = "Only rows of the periods of this code, like 2012-spring, in whatever project"
        members["period"] = Key(v.CODE_LENGTH, load_default=None, metadata={"description": told})
    if texts(schema):
        told = "Text that stands somewhere in the row's own texts, in whatever case; no wildcards"
        members["q"] = Text(100, load_default=None, metadata={"description": told})
    return members


def item_query(
    schema: type[Schema], expandable: t.Sequence[str], others: type[Schema] = Schema
) -> Schema:
    """The parameters of a single row, beside `others`."""
    query = type(f"{schema.__name__}ItemQuery", (others,), _shaping(schema, expandable))
    return t.cast(Schema, query())


def _filter(schema: type[Schema], name: str) -> fields.Field[t.Any]:
    """A parameter for a field of the row, one of its `goal_ids`, or the project that its sub-project belongs to."""
    declared = {"project_id": Reference("projects")} | schema._declared_fields
    field = declared.get(name) or declared[f"{name}s"]
    match field:
        case Reference() | References():
            return Reference(field.target, load_default=None)
        case Choice():
            return Choice(field.words, load_default=None)
        case Flag():
            return QueryFlag(load_default=None)
        case Text():
            return Key(field.maximum, load_default=None)
    raise TypeError(f"A list can't be filtered by {name}, a {type(field).__name__}.")


def _shaping(schema: type[Schema], expandable: t.Sequence[str]) -> dict[str, t.Any]:
    both = "`{0}=a,b` means the same as `{0}=a&{0}=b`."
    told = (
        "Only these fields; `id` is always there. The answer is `application/vnd.lamppu.sparse+json`. "
        + both.format("fields")
    )
    names = list(schema().dump_fields)
    found = {"fields": Names(names, load_default=None, metadata={"description": told})}
    if expandable:
        told = (
            "With each row, the rows that it refers to (`goal` for `goal_id`; null when there is none that you may "
            "read) or that belong to it, as lists of at most 1,000 rows together. "
            + both.format("expand")
        )
        expand = Names(expandable, load_default=list, metadata={"description": told})
        found["expand"] = expand
    return found


def texts(schema: type[Schema]) -> dict[str, list[str]]:
    """The fields that are texts, each with the languages that it has, if it has."""
    found: dict[str, list[str]] = {}
    for name, field in schema().dump_fields.items():
        if isinstance(field, Text):
            found[name] = []
        elif isinstance(field, Part) and isinstance(field.schema, Languages):
            found[name] = list(field.schema.fields)
    return found


def page(schema: type[Schema]) -> type[Schema]:
    """One page of a list of such rows."""
    told = {"description": "With `count=true`: the number of rows on all pages", "x-optional": True}
    return type(
        f"{schema.__name__}Page",
        (Schema,),
        {
            "items": fields.List(fields.Nested(schema), required=True),
            "next": fields.String(required=True, allow_none=True),
            "total": fields.Integer(metadata=told),
        },
    )


@cache
def sparse(schema: type[Schema]) -> type[Schema]:
    """The same row with only the fields that were asked for, and its id."""
    optional = {
        name: deepcopy(field) for name, field in schema._declared_fields.items() if name != "id"
    }
    for field in optional.values():
        field.metadata = {**field.metadata, "x-optional": True}
    return type(f"{schema.__name__}Sparse", (schema,), optional)
