"""What differs between two versions of a report, and what an earlier report said of a cell."""

from enum import StrEnum

from marshmallow import fields

from schemas import vocabulary as v
from schemas.base import Schema
from schemas.fields import Choice, Id, Moment, Part, QueryWhole, Reference, Text, Whole


class DifferenceKind(StrEnum):
    """What became of a record."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class RunKind(StrEnum):
    """What became of a part of a text."""

    EQUAL = "equal"
    ADDED = "added"
    REMOVED = "removed"


# Any part of a text, which may be a blank.
_AS_IT_IS = {"minLength": 1}


class WordRun(Schema):
    """A part of a text: `equal` and `removed` together are what it was, `equal` and `added` what it is."""

    op = Choice(RunKind, dump_only=True)
    text = fields.String(
        dump_only=True,
        metadata={"description": "As it stands there, blanks and all.", **_AS_IT_IS},
    )


class FieldChange(Schema):
    """A field whose value has changed."""

    field = Text(
        v.LINE_LENGTH,
        dump_only=True,
        metadata={
            "description": "Where it stands in its record, as a JSON pointer: `/actions/0/text`."
        },
    )
    pointer_before = Text(
        v.LINE_LENGTH, dump_only=True, metadata={"description": "Where it stood in the report."}
    )
    pointer_after = Text(
        v.LINE_LENGTH, dump_only=True, metadata={"description": "Where it stands in the report."}
    )
    before = fields.Raw(
        dump_only=True, allow_none=True, metadata={"description": "What it was, as JSON."}
    )
    after = fields.Raw(
        dump_only=True, allow_none=True, metadata={"description": "What it is, as JSON."}
    )
    words = fields.List(
        Part(WordRun),
        dump_only=True,
        allow_none=True,
        metadata={"description": "Of a text of several words: what became of each; else null."},
    )


class _Which(Schema):
    resource = Text(
        v.CODE_LENGTH, dump_only=True, metadata={"description": "`results`, `meetings`, and so on."}
    )
    id = Id(dump_only=True, metadata={"description": "Its id, by which both sides are matched."})
    change = Choice(DifferenceKind, dump_only=True)


class _Where(Schema):
    pointer_before = Text(
        v.LINE_LENGTH,
        dump_only=True,
        allow_none=True,
        metadata={"description": "Where it stood in the report; null if it was not there."},
    )
    pointer_after = Text(
        v.LINE_LENGTH,
        dump_only=True,
        allow_none=True,
        metadata={"description": "Where it stands in the report; null if it is gone."},
    )


class RecordChange(_Where, _Which):
    """A record that is there on one side only, or not the same on both."""

    before = fields.Dict(
        dump_only=True,
        allow_none=True,
        metadata={"description": "The record as the form showed it; null if it was not there."},
    )
    after = fields.Dict(
        dump_only=True,
        allow_none=True,
        metadata={"description": "The record as the form shows it; null if it is gone."},
    )
    changes = fields.List(
        Part(FieldChange),
        dump_only=True,
        metadata={"description": "With `changed`: its fields that have changed."},
    )


class _Counts(Schema):
    added = Whole(0, v.COUNT_MAX, dump_only=True, metadata={"description": "New records."})
    removed = Whole(
        0, v.COUNT_MAX, dump_only=True, metadata={"description": "Records that are gone."}
    )
    changed = Whole(
        0, v.COUNT_MAX, dump_only=True, metadata={"description": "Records with changes."}
    )


class CellChange(_Where, _Counts):
    """A cell whose records are not the same on both sides."""

    goal_id = Reference("goals", dump_only=True)
    period_id = Reference("periods", dump_only=True)
    period_code = Text(v.CODE_LENGTH, dump_only=True)
    state_before = Choice(v.CellState, dump_only=True, allow_none=True)
    state_after = Choice(v.CellState, dump_only=True, allow_none=True)
    records = fields.List(Part(RecordChange), dump_only=True)


class DifferenceSummary(_Counts):
    """How much there is of each; of records those in cells and those without one."""

    header = Whole(0, v.COUNT_MAX, dump_only=True, metadata={"description": "Fields of the head."})
    periods = Whole(0, v.COUNT_MAX, dump_only=True, metadata={"description": "Periods."})
    goals = Whole(0, v.COUNT_MAX, dump_only=True, metadata={"description": "Goals."})
    cells = Whole(0, v.COUNT_MAX, dump_only=True, metadata={"description": "Cells with changes."})


class ReportDifferences(Schema):
    """What differs between a version of a report and another one, or the report as it is now."""

    from_version = Whole(1, v.COUNT_MAX, dump_only=True, metadata={"description": "What it was."})
    to_version = Whole(
        1,
        v.COUNT_MAX,
        dump_only=True,
        allow_none=True,
        metadata={"description": "What it became; null for the report as it is now."},
    )
    summary = Part(DifferenceSummary, dump_only=True)
    header = fields.List(
        Part(FieldChange),
        dump_only=True,
        metadata={"description": "Fields of the report itself and of the form's head."},
    )
    periods = fields.List(Part(RecordChange), dump_only=True)
    goals = fields.List(
        Part(RecordChange),
        dump_only=True,
        metadata={"description": "The goals, without what stands in their cells."},
    )
    cells = fields.List(Part(CellChange), dump_only=True)
    unplaced = fields.List(
        Part(RecordChange),
        dump_only=True,
        metadata={"description": "Records that cite no goal, or whose day falls in no period."},
    )


class DifferencesQuery(Schema):
    """`from` is no name in Python."""

    from_version = QueryWhole(
        1,
        v.COUNT_MAX - 1,
        data_key="from",
        load_default=None,
        metadata={"description": "The number of the version to compare with"},
    )


class PreviousRecord(_Which):
    """A record of a cell that is not what an earlier report said; what it says now stands in the cell itself."""

    before = fields.Dict(
        dump_only=True,
        allow_none=True,
        metadata={"description": "The record as it was reported; null if it was not."},
    )


class PreviouslyReported(Schema):
    """What an earlier report said of a cell, where it is not what this one says."""

    report_id = Reference("reports", dump_only=True)
    version_number = Whole(
        1, v.COUNT_MAX, dump_only=True, metadata={"description": "The version of that report."}
    )
    submitted_at = Moment(metadata={"description": "When that version was submitted."})
    state = Choice(v.CellState, dump_only=True)
    records = fields.List(Part(PreviousRecord), dump_only=True)
