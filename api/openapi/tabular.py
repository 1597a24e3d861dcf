"""What the document says of tables: what they are made of, and a row of one as an example."""

from functools import cache
from typing import Any

from api import bodies
from api.openapi import examples
from api.services import rows
from api.services.elements import CODED
from schemas.fields import Entries, Part, Reference, References
from schemas.imports import is_reference, short_of

Node = dict[str, Any]

ENCODING: Node = {
    "in": "header",
    "name": "Content-Encoding",
    "description": "How the body is packed, when it is.",
    "schema": {"type": "string", "enum": list(bodies.CODINGS)},
}
HEADS = (
    "A head and rows. Heads are names of fields, or titles of the form in any of its languages, in capitals or not; a "
    "reference goes by name under its own without `_id`. Empty cells are null, and where there is no null they are "
    "left out; lists are JSON, or names parted by commas; days are `2013-01-18` or `18.1.2013`, times `09:30` or "
    "`klo 9.30`, numbers have a point or a comma; words may be given by their titles in the form. Blanks around all "
    "of these are none of them; free text stays as it is. "
)
# How rows of the plan may be called; rows of one's own go by their external ids.
_NAMES = {"periods": "2012-spring", "projects": "LAMPPU"} | dict.fromkeys(CODED - {"periods"}, "T1")


@cache
def example(stem: str) -> Node:
    """A row as the document shows one, with names in place of ids."""
    schema: Any = rows.model_of(stem).schema
    known = schema.writable().fields
    shown = examples.taken(schema.writable()) | {"external_id": f"{stem}-1"}
    return {
        short_of(name) if is_reference(known[name]) else name: _named(known[name], value)
        for name, value in shown.items()
    }


def _named(field: Any, value: Any) -> Any:
    if is_reference(field):
        name = _NAMES.get(field.target, f"{field.target}-1")
        return [name] if isinstance(field, References) else name
    if isinstance(field, Entries) and isinstance(field.inner, Part):
        known = field.inner.schema.fields
        return [
            {name: one for name, one in entry.items() if not isinstance(known[name], Reference)}
            for entry in value
        ]
    return value
