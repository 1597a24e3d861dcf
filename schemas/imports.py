"""Imports: one sub-project's records as one JSON document, its elements linked by their external ids.

An element is what the resource's own schema takes, with two comforts: `sub_project_id` is implied, and a reference may
be given without its `_id` by the other's external id, or by the code of a plan row: `"goal": "t1"`,
`"goals": ["t1", "t2"]`, `"period": "2012-spring"`.
"""

from enum import StrEnum
from typing import Any, TypeGuard

import marshmallow as ma
from marshmallow import fields

from schemas import vocabulary as v
from schemas.base import Owned, Record, Schema
from schemas.contacts import Contact
from schemas.deliverables import Deliverable
from schemas.disseminations import Dissemination
from schemas.faults import Fault
from schemas.feedback import Feedback
from schemas.fields import (
    MESSAGES,
    Choice,
    Coded,
    Entries,
    Key,
    Messages,
    Moment,
    Part,
    QueryFlag,
    Reference,
    References,
    Text,
    Whole,
)
from schemas.goals import Goal
from schemas.indicators import Indicator
from schemas.measurements import Measurement
from schemas.meetings import Meeting
from schemas.reports import Report
from schemas.results import Result
from schemas.sub_projects import SubProject
from schemas.surveys import Survey

NO_OBJECT: Messages = MESSAGES | {"invalid": Coded("wrong_type", "Not an object.")}
# A document is brought in by one request, while its sender waits. Whoever has more sends it in parts.
ELEMENTS_MAX = 1_000
PLANNED_MAX = 1_000  # elements told of a plan
# Far more than any resource has fields; what is past it is not even looked at name by name.
NAMES_MAX = 200
TOO_MANY = Coded("too_many_fields", "More than {max} fields.", max=NAMES_MAX)


def is_reference(field: Any) -> TypeGuard[Reference | References]:
    """To one row, or to several."""
    return isinstance(field, Reference | References)


def short_of(name: str) -> str:
    """What a reference is called where it goes by names: `goal` for `goal_id`, `goals` for `goal_ids`."""
    return name.removesuffix("_ids") + "s" if name.endswith("_ids") else name.removesuffix("_id")


class Element(fields.Dict):
    """One element, its names and those of its entries not too many to go through.

    :param of: the schema of its resource, which is held against it when its references are known
    """

    default_error_messages: Messages = NO_OBJECT

    def __init__(self, of: type[Record], **kwargs: Any):
        self.of = of
        super().__init__(**kwargs)

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


def is_narrow(value: Any) -> bool:
    """Whether a value is an element of few names, and has no entries: most are, and need no second look."""
    return type(value) is dict and len(value) <= NAMES_MAX and list not in map(type, value.values())


def _is_wide(value: Any) -> bool:
    return isinstance(value, dict) and len(value) > NAMES_MAX


def elements(of: type[Record]) -> Entries:
    """Elements of one resource; each is checked by that resource's own schema."""
    return Entries(Element(of), maximum=ELEMENTS_MAX)


class ImportDocument(Schema):
    project = Key(v.CODE_LENGTH, required=True, metadata={"description": "The project's acronym"})
    sub_project = Element(SubProject, required=True)
    contacts = elements(Contact)
    goals = elements(Goal)
    indicators = elements(Indicator)
    measurements = elements(Measurement)
    results = elements(Result)
    meetings = elements(Meeting)
    surveys = elements(Survey)
    deliverables = elements(Deliverable)
    feedback = elements(Feedback)
    disseminations = elements(Dissemination)
    reports = elements(Report)

    @ma.pre_load
    def _bounded(self, data: Any, **_: Any) -> Any:
        if _is_wide(data):
            raise ma.ValidationError([TOO_MANY])
        return data


# What can be imported, each after what it may refer to.
LISTS = [
    name for name, field in ImportDocument._declared_fields.items() if isinstance(field, Entries)
]


class Tally(Schema):
    """What became of the elements of one resource."""

    created = Whole(0, v.COUNT_MAX, required=True)
    updated = Whole(0, v.COUNT_MAX, required=True)
    unchanged = Whole(0, v.COUNT_MAX, required=True)
    refused = Whole(
        0,
        v.COUNT_MAX,
        metadata={
            "x-optional": True,
            "description": "With `partial=true`: rows that were not kept.",
        },
    )


def _told(description: str) -> fields.String:
    return fields.String(metadata={"x-optional": True, "description": description})


class Outcome(StrEnum):
    """What becomes of an element."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


class Edit(Schema):
    """A text of an edited report that says something else than when the report was given out."""

    pointer = fields.String(required=True, metadata={"description": "To the field of the record."})
    table = _told("Of a document the number of the table, of a workbook the name of the sheet.")
    row = Whole(1, v.COUNT_MAX, metadata={"x-optional": True})
    column = _told("The number of the column, or its letters.")
    goal = _told("The text of the goal, where it stands in one's row.")
    period = _told("The period as the document names it, where it stands in one's column.")
    before = fields.String(
        required=True, allow_none=True, metadata={"description": "Null where nothing was."}
    )
    after = fields.String(
        required=True, allow_none=True, metadata={"description": "Null where it was emptied."}
    )


class PlannedElement(Schema):
    """An element that an import would write."""

    id = fields.UUID(
        required=True,
        allow_none=True,
        metadata={"description": "Of the row that is there; null of one that would be made."},
    )
    row = Whole(
        1,
        v.COUNT_MAX,
        metadata={
            "x-optional": True,
            "description": "Of a table: the row, as a spreadsheet counts them, or the line.",
        },
    )
    pointer = fields.String(
        required=True,
        metadata={"description": "Where it stands in a JSON document; else empty."},
    )
    resource = Text(v.CODE_LENGTH, required=True)
    external_id = Text(
        v.EXTERNAL_ID_LENGTH,
        required=True,
        allow_none=True,
        metadata={"description": "Of a row that names itself by its `id` and has none: null."},
    )
    outcome = Choice(Outcome, required=True)
    changes = Entries(
        Text(v.CODE_LENGTH),
        maximum=NAMES_MAX,
        required=True,
        metadata={"description": "Of a row that is there, what would change."},
    )
    edits = Entries(
        Part(Edit),
        maximum=NAMES_MAX,
        metadata={
            "x-optional": True,
            "description": "Of an edited report: which of its texts they are, where they stand, and what they said.",
        },
    )


ERRORS = {
    "x-optional": True,
    "description": "With `partial=true`: why rows are refused, the first hundred faults.",
}
MORE = {"x-optional": True, "description": "How many more there are than `errors` lists."}


class ImportPlan(Schema):
    """What an import would do, without doing it."""

    counts = fields.Dict(
        fields.String(),
        Part(Tally),
        required=True,
        metadata={"description": "What would become of the elements of each resource."},
    )
    elements = Entries(
        Part(PlannedElement),
        maximum=PLANNED_MAX,
        required=True,
        metadata={
            "description": "The first of those that would be written, in the order in which they would be."
        },
    )
    plan = Text(
        100,
        required=True,
        metadata={
            "description": "Names this plan: send the document again with `?plan=` to have it carried out"
        },
    )
    errors = fields.List(fields.Nested(Fault), metadata=ERRORS)
    more = Whole(1, v.COUNT_MAX, metadata=MORE)


class ImportQuery(Schema):
    dry_run = QueryFlag(
        load_default=False,
        metadata={
            "description": "Only say what would be done. Everything is checked; nothing is kept."
        },
    )
    plan = Text(
        100,
        load_default=None,
        metadata={
            "description": "`plan` of a dry run of the same document: do just that, or refuse with `plan_moved`"
        },
    )


class Import(Owned):
    undone_at = Moment(
        allow_none=True,
        metadata={"description": "When what was there before was put back; null if it was not."},
    )
    sub_project_id = Reference(
        "sub_projects",
        allow_none=True,
        dump_only=True,
        metadata={
            "description": "The one whose document it was; null of a table, and when it was undone together with what "
            "made that."
        },
    )
    counts = fields.Dict(
        fields.String(),
        Part(Tally),
        dump_only=True,
        metadata={"description": "What became of the elements of each resource that was named."},
    )
