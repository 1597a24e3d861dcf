"""The check of a report before it is submitted: what is missing, and what does not fit together."""

from enum import StrEnum

from marshmallow import fields

from schemas import vocabulary as v
from schemas.auth import Resource
from schemas.base import Schema
from schemas.fields import Choice, Flag, Id, Part, Reference, Text, Whole


class Severity(StrEnum):
    """A blocker refuses the submission, a warning does not."""

    BLOCKER = "blocker"
    WARNING = "warning"


class FindingCode(StrEnum):
    """What a check finds."""

    NO_CONTACT = "no_contact"
    NO_GOAL = "no_goal"
    NO_PERIOD = "no_period"
    PERIOD_LEFT_OUT = "period_left_out"
    CELL_MISSING = "cell_missing"
    NOTHING_BESIDE_SOMETHING = "nothing_beside_something"
    CONTACT_UNREACHABLE = "contact_unreachable"
    CITES_NO_GOAL = "cites_no_goal"
    IN_NO_PERIOD = "in_no_period"
    OUTSIDE_PERIOD = "outside_period"
    VALUE_OUT_OF_RANGE = "value_out_of_range"
    VALUE_AGAINST_DIRECTION = "value_against_direction"
    TARGET_OUT_OF_RANGE = "target_out_of_range"
    TARGET_AGAINST_DIRECTION = "target_against_direction"
    SURVEY_AFTER_PERIOD = "survey_after_period"
    MORE_ANSWERED_THAN_INVITED = "more_answered_than_invited"
    FEEDBACK_WITHOUT_ACTION = "feedback_without_action"
    ABSENT_WITHOUT_REASON = "absent_without_reason"
    PROMISE_OVERDUE = "promise_overdue"
    DONE_IN_FUTURE = "done_in_future"


class Finding(Schema):
    """One thing that is missing or does not fit, and where."""

    code = Choice(FindingCode, dump_only=True)
    severity = Choice(Severity, dump_only=True)
    detail = Text(
        v.TEXT_LENGTH, dump_only=True, metadata={"description": "The same for people to read."}
    )
    pointer = Text(
        v.LINE_LENGTH,
        dump_only=True,
        metadata={
            "description": "A JSON pointer (RFC 6901) into what `GET /reports/{id}` shows. What cites several goals is "
            "told of once, where it stands first."
        },
    )
    resource = Choice(
        Resource,
        dump_only=True,
        metadata={"description": "Of what to mend; or of what to make, when `id` is null."},
    )
    id = Id(dump_only=True, allow_none=True, metadata={"description": "Of the row to mend."})
    field = Text(
        v.LINE_LENGTH,
        dump_only=True,
        allow_none=True,
        metadata={"description": "The field of that row, as a pointer without its first slash."},
    )
    goal_id = Reference("goals", dump_only=True, allow_none=True)
    period_id = Reference("periods", dump_only=True, allow_none=True)


_BLOCKERS = {"description": "How many of the findings are blockers."}
_WARNINGS = {"description": "How many of the findings are warnings."}


class CheckedCell(Schema):
    """What was found of one goal in one period."""

    goal_id = Reference("goals", dump_only=True)
    period_id = Reference("periods", dump_only=True)
    state = Choice(v.CellState, dump_only=True)
    blockers = Whole(0, v.COUNT_MAX, dump_only=True, metadata=_BLOCKERS)
    warnings = Whole(0, v.COUNT_MAX, dump_only=True, metadata=_WARNINGS)


class ReportCheck(Schema):
    """What stands against a report: all of it, and how much of it where."""

    complete = Flag(
        dump_only=True,
        metadata={"description": "Whether no blocker stands against submitting it."},
    )
    blockers = Whole(0, v.COUNT_MAX, dump_only=True, metadata=_BLOCKERS)
    warnings = Whole(0, v.COUNT_MAX, dump_only=True, metadata=_WARNINGS)
    cells = fields.List(
        Part(CheckedCell),
        required=True,
        metadata={"description": "Goal by goal, and period by period, as the form has them."},
    )
    items = fields.List(
        Part(Finding),
        required=True,
        metadata={"description": "Blockers first; then in the order of the form."},
    )
