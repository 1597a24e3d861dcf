"""Imports: one sub-project's records as one JSON document, its elements linked by their external ids.

An element is what the resource's own schema takes, with two comforts: `sub_project_id` is implied, and a reference may
be given without its `_id` by the other's external id, or by the code of a plan row: `"goal": "t1"`,
`"goals": ["t1", "t2"]`, `"period": "2012-spring"`.
"""

from marshmallow import fields

from schemas import vocabulary as v
from schemas.base import Record, Schema
from schemas.fields import MESSAGES, Coded, Entries, Key, Messages, Reference

NO_OBJECT: Messages = MESSAGES | {"invalid": Coded("wrong_type", "Not an object.")}
ELEMENTS_MAX = 5_000


def elements() -> Entries:
    """Elements of one resource; each is checked by that resource's own schema."""
    return Entries(fields.Dict(error_messages=NO_OBJECT), maximum=ELEMENTS_MAX)


class ImportDocument(Schema):
    project = Key(v.CODE_LENGTH, required=True, metadata={"description": "The project's acronym"})
    sub_project = fields.Dict(required=True, error_messages=NO_OBJECT)
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


class Tally(Schema):
    """What became of the elements of one resource."""

    created = fields.Integer(required=True)
    updated = fields.Integer(required=True)
    unchanged = fields.Integer(required=True)


class Import(Record):
    sub_project_id = Reference("sub_projects", dump_only=True)
    counts = fields.Dict(fields.String(), fields.Nested(Tally), dump_only=True)
