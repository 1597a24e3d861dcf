"""The life of a report: its steps, what each asks for, and what is kept of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from marshmallow import fields

from schemas import vocabulary as v
from schemas.base import Schema, optional_text
from schemas.fields import Choice, Entries, Flag, Id, Moment, Part, Text, Whole
from schemas.vocabulary import ReportAction, ReportState

DRAFT, SUBMITTED, RETURNED, ACCEPTED = ReportState


@dataclass(frozen=True)
class Step:
    """From which states an action leads to which, and whether it needs a reason."""

    sources: tuple[ReportState, ...]
    target: ReportState
    reasoned: bool = False


STEPS: Mapping[ReportAction, Step] = MappingProxyType(
    {
        ReportAction.SUBMIT: Step((DRAFT, RETURNED), SUBMITTED),
        ReportAction.WITHDRAW: Step((SUBMITTED,), DRAFT),
        ReportAction.RETURN: Step((SUBMITTED,), RETURNED, reasoned=True),
        ReportAction.ACCEPT: Step((SUBMITTED,), ACCEPTED),
        ReportAction.REOPEN: Step((ACCEPTED,), RETURNED, reasoned=True),
    }
)
# In which a report holds what stands behind it.
HOLDING = frozenset({SUBMITTED, ACCEPTED})


def unlocking(state: str) -> list[str]:
    """The actions by which a report in this state lets go of what it holds."""
    return [
        action.value
        for action, step in STEPS.items()
        if state in step.sources and state in HOLDING and step.target not in HOLDING
    ]


class ReportStep(Schema):
    """What is said with a step."""

    reason = optional_text()


class ReasonedReportStep(Schema):
    """What has to be said with a step that the other side must understand."""

    reason = Text(v.TEXT_LENGTH, required=True)


class RefusalCode(StrEnum):
    """Why an action can't be taken."""

    NO_RIGHT = "no_right"
    WRONG_STATE = "wrong_state"
    INCOMPLETE = "incomplete"


class Refusal(Schema):
    """Why an action can't be taken now, and who could do something about it."""

    code = Choice(RefusalCode, dump_only=True)
    detail = Text(
        v.LINE_LENGTH, dump_only=True, metadata={"description": "The same for people to read."}
    )
    missing = Entries(
        Text(v.LINE_LENGTH),
        dump_only=True,
        metadata={
            "description": "With `incomplete`: the fields of the report that lack something."
        },
    )
    actions = Entries(
        Choice(ReportAction),
        dump_only=True,
        metadata={"description": "With `wrong_state`: after which actions it could be taken."},
    )
    roles = Entries(
        Choice(v.Role),
        dump_only=True,
        metadata={"description": "Who could take it (`no_right`), or do what lifts the refusal."},
    )


class AvailableAction(Schema):
    """One action, and whether the caller may take it now."""

    action = Choice(ReportAction, dump_only=True)
    to_state = Choice(ReportState, dump_only=True)
    reason_required = Flag(dump_only=True)
    allowed = Flag(dump_only=True)
    refusals = Entries(Part(Refusal), dump_only=True)


class ReportActions(Schema):
    """Every action, for this caller and now."""

    state = Choice(ReportState, dump_only=True)
    items = fields.List(Part(AvailableAction), required=True)


class ReportEvent(Schema):
    """A step that was taken: by whom, when and why."""

    id = Id(dump_only=True, metadata={"description": "Its id."})
    at = Moment(metadata={"description": "When."})
    by_id = Id(dump_only=True, metadata={"description": "The id of the person who took it."})
    by_role = Choice(v.Role, dump_only=True)
    action = Choice(ReportAction, dump_only=True)
    from_state = Choice(ReportState, dump_only=True)
    to_state = Choice(ReportState, dump_only=True)
    version_number = Whole(
        1,
        v.COUNT_MAX,
        dump_only=True,
        allow_none=True,
        metadata={"description": "The version that it made, or was about."},
    )
    reason = Text(v.TEXT_LENGTH, dump_only=True, allow_none=True)
    open_threads = Whole(
        0,
        v.COUNT_MAX,
        dump_only=True,
        allow_none=True,
        metadata={"description": "How many threads of comments were open, and so go with it."},
    )


class ReportEvents(Schema):
    """What happened to a report, the first step first."""

    items = fields.List(Part(ReportEvent), required=True)


class ReportVersion(Schema):
    """A report as it was frozen; `sha256` is that of the snapshot's bytes."""

    number = Whole(1, v.COUNT_MAX, dump_only=True, metadata={"description": "From 1 on."})
    submitted_at = Moment(metadata={"description": "When it was submitted."})
    submitted_by = Id(dump_only=True, metadata={"description": "The id of who submitted it."})
    sha256 = Text(64, dump_only=True, metadata={"description": "In hexadecimal digits."})


class ReportVersions(Schema):
    """The versions of a report, the first one first."""

    items = fields.List(Part(ReportVersion), required=True)
