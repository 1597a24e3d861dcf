"""What can be asked of an import of a table, whose rows are of one resource, and what it answers."""

import marshmallow as ma
from marshmallow import fields

from schemas import vocabulary as v
from schemas.base import Schema
from schemas.faults import Fault
from schemas.fields import Entries, Key, Part, QueryFlag, Whole
from schemas.imports import ERRORS, MORE, Import, ImportQuery

ROWS_MAX = 10_000  # of a JSON document, which is read whole


class RefusedQuery(Schema):
    project = Key(
        v.CODE_LENGTH,
        load_default=None,
        metadata={
            "description": "The acronym of the project whose codes the rows use, for goals, periods and others of the "
            "plan. Of sub-projects: the one to which they belong."
        },
    )


class TableQuery(ImportQuery, RefusedQuery):
    in_part = QueryFlag(
        data_key="partial",
        load_default=False,
        metadata={
            "description": "Keep the rows that are good, and tell of the others in the answer. "
            "Else it is all or nothing."
        },
    )


class RowToImport(Schema):
    """A row as an element of an import or as an export has it: `x-line`, beside the schema of the body, says which.

    One that is not as that says is refused with its faults, while others may be kept.
    """

    class Meta:
        unknown = ma.INCLUDE


class PageToImport(Schema):
    """A page with all rows, as an export has it."""

    items = Entries(
        Part(RowToImport),
        maximum=ROWS_MAX,
        required=True,
        metadata={"description": "More rows go as NDJSON, which need not be read whole."},
    )
    next = fields.String(allow_none=True)
    total = Whole(0, v.COUNT_MAX)


class RefusedRow(Schema):
    """A row as it was sent, and why it is refused."""

    class Meta:
        unknown = ma.INCLUDE

    error = fields.String(required=True)


class RefusedRows(Schema):
    """The rows of a page that are refused."""

    items = Entries(Part(RefusedRow), maximum=ROWS_MAX, required=True)
    next = fields.String(required=True, allow_none=True)


class TableImport(Import):
    """An import, and what of it was refused."""

    errors = fields.List(fields.Nested(Fault), dump_only=True, metadata=ERRORS)
    more = Whole(1, v.COUNT_MAX, dump_only=True, metadata=MORE)
