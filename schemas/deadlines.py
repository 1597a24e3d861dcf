"""Due dates of a sub-project's periods, what was submitted by then, and how many of a project were in time."""

from enum import StrEnum

from marshmallow import fields

from schemas import vocabulary as v
from schemas.base import Schema
from schemas.fields import Choice, Day, Entries, Flag, Moment, Number, Part, Reference, Text, Whole

DAYS_MAX = 200_000  # more than there are from v.FIRST_DAY to v.LAST_DAY


class DeadlineState(StrEnum):
    """`open` and `overdue` wait for a first submission; a return changes nothing of `on_time` and `late`."""

    UNDATED = "undated"
    OPEN = "open"
    OVERDUE = "overdue"
    ON_TIME = "on_time"
    LATE = "late"


class Deadline(Schema):
    """When the report of a period is due, and what has come of it."""

    period_id = Reference("periods", dump_only=True)
    period_code = Text(v.CODE_LENGTH, dump_only=True)
    due_on = Day(
        dump_only=True,
        allow_none=True,
        metadata={"description": "As the period has it, for everybody."},
    )
    extended_to = Day(
        dump_only=True,
        allow_none=True,
        metadata={"description": "The later day that holds in its place, by an extension."},
    )
    reason = Text(
        v.TEXT_LENGTH,
        dump_only=True,
        allow_none=True,
        metadata={"description": "Of the extension."},
    )
    report_id = Reference(
        "reports",
        dump_only=True,
        allow_none=True,
        metadata={
            "description": "The report that covers the period: of several one that is submitted or accepted, then one "
            "that was returned; among these the one first submitted."
        },
    )
    report_state = Choice(v.ReportState, dump_only=True, allow_none=True)
    submitted_at = Moment(
        allow_none=True,
        metadata={
            "description": "When that report was first submitted, apart from submissions that were withdrawn."
        },
    )
    state = Choice(DeadlineState, dump_only=True)
    on_time = Flag(
        dump_only=True,
        allow_none=True,
        metadata={
            "description": "Whether it was submitted by the end of the due day in Finland; null before it is."
        },
    )
    days_left = Whole(
        -DAYS_MAX,
        DAYS_MAX,
        dump_only=True,
        allow_none=True,
        metadata={
            "description": "From the day on which it was submitted, or from today, to the due day; negative after it."
        },
    )


class Deadlines(Schema):
    """Of each period of the project, the first one first."""

    items = fields.List(Part(Deadline), required=True)


def _count(told: str) -> Whole:
    return Whole(0, v.COUNT_MAX, dump_only=True, metadata={"description": told})


class DeadlineCounts(Schema):
    """How many sub-projects have reported in time; each counts once a period that has a due date."""

    due = _count("All of them.")
    on_time = _count("Submitted by the due day.")
    late = _count("Submitted after it.")
    open = _count("Not submitted, with the due day still to come.")
    overdue = _count("Not submitted, with the due day past.")
    on_time_rate = Number(
        dump_only=True,
        allow_none=True,
        metadata={"description": "on_time / (on_time + late + overdue)."},
    )


class PeriodDeadlineCounts(DeadlineCounts):
    """The same of one period."""

    period_id = Reference("periods", dump_only=True)
    period_code = Text(v.CODE_LENGTH, dump_only=True)
    due_on = Day(dump_only=True, allow_none=True)


class ProjectDeadlines(DeadlineCounts):
    """Of a whole project, and of each period."""

    periods = Entries(Part(PeriodDeadlineCounts), dump_only=True)
