"""The log of changes: which rows to look at again, in the order in which the changes were committed."""

from marshmallow import fields

from schemas import vocabulary as v
from schemas.auth import Resource
from schemas.base import Schema
from schemas.fields import Choice, Id, Names, Part, QueryFlag, QueryWhole, Text, Whole

# Also webhooks, which the log does not tell of: they would never have sent all of it.
WITHOUT_ROWS = frozenset(
    {"auth", "batch", "changes", "docs", "exports", "forms", "overviews", "webhooks"}
)
RESOURCES = [resource.value for resource in Resource if resource.value not in WITHOUT_ROWS]
# Seconds; RFC 7240 §4.3 lets a server wait for less than it was asked to.
WAIT_MAX = 30


class ChangesQuery(Schema):
    after = Text(
        v.POSITION_LENGTH,
        load_default=None,
        metadata={
            "description": "`next` of the page before, `position` of an item, or `Changes-After` of an export; "
            "without it, from the beginning"
        },
    )
    limit = QueryWhole(1, 500, load_default=50, metadata={"description": "Entries a page"})
    resource = Names(
        RESOURCES,
        load_default=list,
        metadata={
            "description": "Only of these resources. They are chosen from the entries of the page, which can be "
            "short or empty for that: go on from its `next`."
        },
    )
    rows = QueryFlag(
        load_default=False, metadata={"description": "Also `row`, each row as it is now"}
    )


class Change(Schema):
    """One change of one row."""

    position = fields.String(
        required=True, metadata={"description": "The place behind it, to go on from"}
    )
    resource = Choice(Resource, required=True)
    id = Id(required=True, metadata={"description": "The row's id"})
    version = Whole(
        1,
        v.COUNT_MAX,
        required=True,
        allow_none=True,
        metadata={
            "description": "The version that the change made; null where it took the row away"
        },
    )
    deleted = fields.Boolean(
        required=True,
        metadata={
            "description": "Whether the row, by now, is deleted or out of the caller's sight: then drop it"
        },
    )
    row = fields.Dict(
        metadata={
            "description": "With `rows=true`, unless `deleted`: the row as its list shows it, and as it is now",
            "x-optional": True,
        }
    )


class ChangesPage(Schema):
    """Some of the log."""

    items = fields.List(Part(Change), required=True)
    next = fields.String(
        required=True,
        metadata={"description": "Where to go on, whether there was something or not"},
    )
    more = fields.Boolean(
        required=True, metadata={"description": "Whether something is there behind it already"}
    )
