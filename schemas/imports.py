"""Imports: one sub-project's records as one JSON document, its elements linked by their external ids.

An element is what the resource's own schema takes, with two comforts: `sub_project_id` is implied, and a reference may
be given without its `_id` by the other's external id, or by the code of a plan row: `"goal": "t1"`,
`"goals": ["t1", "t2"]`, `"period": "2012-spring"`.
"""

from typing import Any

import marshmallow as ma
from marshmallow import fields

from schemas import vocabulary as v
from schemas.base import Record, Schema
from schemas.fields import MESSAGES, Coded, Entries, Key, Messages, Reference

NO_OBJECT: Messages = MESSAGES | {"invalid": Coded("wrong_type", "Not an object.")}
# A document is brought in by one request, while its sender waits. Whoever has more sends it in parts.
ELEMENTS_MAX = 1_000
# Far more than any resource has fields; what is past it is not even looked at name by name.
NAMES_MAX = 200
TOO_MANY = Coded("too_many_fields", f"More than {NAMES_MAX} fields.")


class Element(fields.Dict):
    """One element, its names and those of its entries not too many to go through."""

    default_error_messages: Messages = NO_OBJECT

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        element: dict[str, Any] = super()._deserialize(value, *args, **kwargs)  # type: ignore[no-untyped-call]
        if len(element) > NAMES_MAX:
            raise ma.ValidationError([TOO_MANY])
        wide = {
            name: {place: [TOO_MANY] for place, entry in enumerate(entries) if _is_wide(entry)}
            for name, entries in element.items()
            if isinstance(entries, list) and any(map(_is_wide, entries))
        }
        if wide:
            raise ma.ValidationError(wide)
        return element


def _is_wide(value: Any) -> bool:
    return isinstance(value, dict) and len(value) > NAMES_MAX


def elements() -> Entries:
    """Elements of one resource; each is checked by that resource's own schema."""
    return Entries(Element(), maximum=ELEMENTS_MAX)


class ImportDocument(Schema):
    project = Key(v.CODE_LENGTH, required=True, metadata={"description": "The project's acronym"})
    sub_project = Element(required=True)
    contacts = elements()
    goals = elements()
    indicators = elements()
    measurements = elements()
    results = elements()
    meetings = elements()
    surveys = elements()
    deliverables = elements()
    feedback = elements()
    disseminations = elements()
    reports = elements()

    @ma.pre_load
    def _bounded(self, data: Any, **_: Any) -> Any:
        if _is_wide(data):
            raise ma.ValidationError([TOO_MANY])
        return data


class Tally(Schema):
    """What became of the elements of one resource."""

    created = fields.Integer(required=True)
    updated = fields.Integer(required=True)
    unchanged = fields.Integer(required=True)


class Import(Record):
    sub_project_id = Reference("sub_projects", dump_only=True)
    counts = fields.Dict(fields.String(), fields.Nested(Tally), dump_only=True)
