"""What the document says of tables: what they are made of, and a row of one as an example."""

from functools import cache
from typing import Any

from api import bodies, wire
from api.openapi import examples
from api.problems import Fault
from api.services import rows
from api.services.elements import CODED
from schemas.fields import Choice, Entries, Number, Part, Reference, References, Whole
from schemas.imports import ImportPlan, Outcome, is_reference, short_of
from schemas.tables import TableImport

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
_WRONG, _WRONG_NAME = "toinen", "/toinen"


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


def planned(stem: str) -> Node:
    """What a dry run of that row says, as a table with a head."""
    element = {"id": None, "row": 2, "pointer": "", "resource": stem, "external_id": f"{stem}-1"}
    told = {"outcome": Outcome.CREATED.value, "changes": []}
    return examples.given(ImportPlan()) | {"counts": _counts(stem), "elements": [element | told]}


def brought(stem: str) -> Node:
    """What its import says."""
    return examples.made(TableImport()) | {"counts": _counts(stem)}


def _counts(stem: str) -> Node:
    return {stem: dict.fromkeys(Outcome, 0) | {Outcome.CREATED.value: 1}}


def refused(stem: str) -> tuple[Node, Fault]:
    """A row that is refused, and why."""
    schema: Any = rows.model_of(stem).schema.writable()
    row = example(stem)
    plain = (n for n in row if isinstance(schema.fields.get(n), Whole | Number | Choice))
    name = "position" if "position" in schema.fields else next(plain, "external_id")
    wrong = {name: _WRONG_NAME if name == "external_id" else _WRONG}
    (fault,) = wire.faults(schema.validate(wrong, partial=True))
    return row | wrong, fault


def _named(field: Any, value: Any) -> Any:
    if is_reference(field):
        name = _name_of(field.target)
        return [name] if isinstance(field, References) else name
    if isinstance(field, Entries) and isinstance(field.inner, Part):
        known = field.inner.schema.fields
        return [
            {name: one for name, one in entry.items() if not isinstance(known[name], Reference)}
            for entry in value
        ]
    return value


def _name_of(stem: str) -> str:
    """A row of the plan goes by its code or acronym, one of one's own by its external id."""
    if stem not in (*CODED, "projects"):
        return f"{stem}-1"
    shown = examples.taken(rows.model_of(stem).schema.writable())
    return str(shown["acronym" if stem == "projects" else "code"])
