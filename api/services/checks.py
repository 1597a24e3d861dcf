"""The check of a report: a table of rules, each a small function over one thing of the compiled form.

It is the one place that says what a report lacks: blockers refuse its submission, warnings go with it.
"""

import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any, NamedTuple

from api.access import Reach
from api.documents.texts import spoken, spoken_day, spoken_period
from api.scope import Session
from api.services import units
from api.services.reports import CITED, PERIODS, compile_form
from schemas.checks import FindingCode, Severity
from schemas.fields import Worded
from schemas.results import STATEMENTS
from schemas.vocabulary import (
    ActionState,
    Attendance,
    CellState,
    Direction,
    MeetingStatus,
    Progress,
    ReportKind,
)

Row = Mapping[str, Any]
# A field of what was looked at, or None for all of it, and what fills in the rule's text.
Found = Iterator[tuple[str | None, dict[str, Any]]]
BLOCKER, WARNING = Severity
REACHED_BY = ("email", "phone", "postal_address")


@dataclass(frozen=True)
class Spot:
    """One thing of the form that rules look at.

    :ivar kind: its resource, or `form` or `cells`
    :ivar pointer: where it stands in what `GET /reports/{id}` shows
    """

    kind: str
    row: Row
    pointer: str
    goal_id: Any = None
    period_id: Any = None


@dataclass(frozen=True)
class Facts:
    """What a rule may know beside the thing that it looks at.

    :ivar all_periods: of the project, whichever the report covers
    """

    report: Row
    form: Row
    all_periods: Sequence[Row]
    today: date

    @cached_property
    def periods(self) -> dict[str, Row]:
        return {str(period["id"]): period for period in self.all_periods}

    def period(self, key: Any) -> Row | None:
        return self.periods.get(str(key))


class Rule(NamedTuple):
    """:param kinds: of the things it looks at; :param text: for people, with what `look` tells filled in"""

    severity: Severity
    kinds: tuple[str, ...]
    text: Worded
    look: Callable[[Row, Facts], Found]


@dataclass(frozen=True)
class Finding:
    code: FindingCode
    severity: Severity
    detail: Worded
    pointer: str
    resource: str
    id: Any = None
    field: str | None = None
    goal_id: Any = None
    period_id: Any = None


@dataclass(frozen=True)
class Checked:
    findings: list[Finding]
    form: Row = field(repr=False)

    @property
    def blockers(self) -> list[Finding]:
        return [one for one in self.findings if one.severity is BLOCKER]

    def shown(self) -> dict[str, Any]:
        """As the API shows it."""
        counts = Counter(one.severity for one in self.findings)
        cells = Counter((one.goal_id, one.period_id, one.severity) for one in self.findings)
        return {
            "complete": not counts[BLOCKER],
            "blockers": counts[BLOCKER],
            "warnings": counts[WARNING],
            "cells": [
                {
                    "goal_id": goal["id"],
                    "period_id": cell["period_id"],
                    "state": cell["state"],
                    "blockers": cells[goal["id"], cell["period_id"], BLOCKER],
                    "warnings": cells[goal["id"], cell["period_id"], WARNING],
                }
                for goal in self.form["goals"]
                for cell in goal["cells"]
            ],
            "items": [dict(vars(one)) for one in self.findings],
        }


def check(session: Session, reach: Reach, report: Row, today: date) -> Checked:
    """Look at a report as it is now.

    :param session: sees the report's rows; :param reach: own, or every for the ministry
    :param report: the report's row as its view shows it
    """
    form = compile_form(session, reach, report)
    periods = PERIODS.rows(session, Reach.EVERY, {"project_id": form["project"]["id"]})
    return look(Facts(report, form, periods, today))


def look(facts: Facts) -> Checked:
    """Every finding, blockers first: one walk through the form."""
    found = [one for spot in spots(facts.report, facts.form) for one in _of(spot, facts)]
    return Checked(sorted(found, key=lambda one: one.severity is WARNING), facts.form)


def _of(spot: Spot, facts: Facts) -> Iterator[Finding]:
    for code, rule in RULES.items():
        if spot.kind not in rule.kinds:
            continue
        for name, params in rule.look(spot.row, facts):
            yield Finding(
                code,
                rule.severity,
                Worded(rule.text, **params),
                f"{spot.pointer}/{name}" if name else spot.pointer,
                _MADE.get(spot.kind, spot.kind),
                None if spot.kind in _MADE else spot.row["id"],
                None if spot.kind in _MADE else name,
                spot.goal_id,
                spot.period_id,
            )


# What is to be made where something is missing.
_MADE = {"form": "goals", "cells": "results"}


def spots(report: Row, form: Row) -> Iterator[Spot]:
    """All things of a form, each record once."""
    yield Spot("reports", report, "")
    yield Spot("form", form, "/form")
    if form["contact"]:
        yield Spot("contacts", form["contact"], "/form/contact")
    told: set[tuple[str, uuid.UUID]] = set()
    for spot in (*_in_cells(form), *_of_lists(form["unplaced"], CITED, "/form/unplaced")):
        if spot.kind == "cells" or (spot.kind, spot.row["id"]) not in told:
            told |= {(spot.kind, spot.row["id"])} if "id" in spot.row else set()
            yield spot


def _in_cells(form: Row) -> Iterator[Spot]:
    for i, goal in enumerate(form["goals"]):
        for j, cell in enumerate(goal["cells"]):
            pointer, place = f"/form/goals/{i}/cells/{j}", (goal["id"], cell["period_id"])
            yield Spot("cells", cell, pointer, *place)
            yield from _of_lists(cell, ("results", "measurements", *CITED), pointer, *place)


def _of_lists(lists: Row, names: Sequence[str], pointer: str, *place: Any) -> Iterator[Spot]:
    for name in names:
        for k, row in enumerate(lists[name]):
            here = f"{pointer}/{name}/{k}"
            yield Spot(name, row, here, *place)
            if name == "measurements":
                yield Spot("indicators", row["indicator"], f"{here}/indicator", *place)


# the rules


def _no_contact(_: Row, facts: Facts) -> Found:
    if not facts.form["contact"]:
        yield "contact_id", {}


def _no_goal(form: Row, _: Facts) -> Found:
    if not form["goals"]:
        yield "goals", {}


def _no_period(report: Row, _: Facts) -> Found:
    if report["kind"] == ReportKind.INTERIM and not report["period_ids"]:
        yield "period_ids", {}


def _period_left_out(report: Row, facts: Facts) -> Found:
    named = {str(key) for key in report["period_ids"]}
    left = [one["code"] for key, one in facts.periods.items() if key not in named]
    if report["kind"] == ReportKind.FINAL and named and left:
        told = spoken(
            ", ".join(left),
            lambda texts: texts.series([texts.period("period", one) for one in left]),
        )
        yield "period_ids", {"periods": told}


def _cell_missing(cell: Row, _: Facts) -> Found:
    if cell["state"] == CellState.MISSING:
        yield None, {"period": spoken_period(cell["period_code"])}


def _nothing_beside_something(cell: Row, _: Facts) -> Found:
    if cell["state"] == CellState.FILLED:
        for k, result in enumerate(cell["results"]):
            if result["kind"] in STATEMENTS:
                yield f"results/{k}", {}


def _contact_unreachable(contact: Row, _: Facts) -> Found:
    if not any(contact[name] for name in REACHED_BY):
        yield None, {}


def _cites_no_goal(row: Row, _: Facts) -> Found:
    if not row["goal_ids"]:
        yield "goal_ids", {}


def _in_no_period(row: Row, _: Facts) -> Found:
    if not row["cell_period_id"]:
        yield "period_id", {}


def _outside_period(row: Row, facts: Facts) -> Found:
    period, day = facts.period(row["period_id"]), _day(row["date"])
    if period and day and not _day(period["first_day"]) <= day <= _day(period["last_day"]):
        yield "date", {"day": spoken_day(day), "period": spoken_period(period["code"])}


def _survey_after_period(survey: Row, facts: Facts) -> Found:
    period, day = facts.period(survey["cell_period_id"]), _day(survey["closes_on"])
    if period and day and day > _day(period["last_day"]):
        yield "closes_on", {"day": spoken_day(day), "period": spoken_period(period["code"])}


def _more_answered(survey: Row, _: Facts) -> Found:
    for k, group in enumerate(survey["respondent_groups"]):
        invited, answered = group["invited"], group["answered"]
        if invited is not None and answered is not None and answered > invited:
            given = {"invited": invited, "answered": answered}
            yield f"respondent_groups/{k}/answered", given


def _value_out_of_range(measurement: Row, _: Facts) -> Found:
    if _impossible(measurement["value"], measurement["indicator"]["unit"]):
        yield "value", _number(measurement["value"], measurement["indicator"])


def _target_out_of_range(indicator: Row, _: Facts) -> Found:
    for name in ("baseline", "target"):
        if _impossible(indicator[name], indicator["unit"]):
            yield name, _number(indicator[name], indicator)


def _value_against_direction(measurement: Row, _: Facts) -> Found:
    indicator = measurement["indicator"]
    if _against(measurement["value"], indicator):
        yield "value", _number(measurement["value"], indicator)


def _target_against_direction(indicator: Row, _: Facts) -> Found:
    if _against(indicator["target"], indicator):
        yield "target", _number(indicator["target"], indicator)


def _impossible(value: float | None, unit: str | None) -> bool:
    word = units.known(unit)
    if value is None or word not in units.PERCENT | units.COUNTS:
        return False
    return value < 0 or (word in units.PERCENT and value > 100)


def _against(value: float | None, indicator: Row) -> bool:
    baseline, direction = indicator["baseline"], indicator["direction"]
    if value is None or baseline is None:
        return False
    below, above = Direction.INCREASE, Direction.DECREASE
    return bool(
        (value < baseline and direction == below) or (value > baseline and direction == above)
    )


def _number(value: float, indicator: Row) -> dict[str, Any]:
    def written(number: float | None) -> str:
        return "" if number is None else str(int(number) if number == int(number) else number)

    return {"value": written(value), "baseline": written(indicator["baseline"])}


def _feedback_without_action(feedback: Row, _: Facts) -> Found:
    if not feedback["actions"]:
        yield "actions", {}


def _absent_without_reason(meeting: Row, _: Facts) -> Found:
    if meeting["attendance"] == Attendance.EXCUSED and not meeting["reason"]:
        yield "reason", {}


def _promise_overdue(row: Row, facts: Facts) -> Found:
    for name, planned, day in _promised(row, facts):
        if planned and day and day < facts.today:
            yield name, {"day": spoken_day(day)}


def _done_in_future(row: Row, facts: Facts) -> Found:
    for name, planned, day in _promised(row, facts):
        if not planned and day and day > facts.today:
            yield name, {"day": spoken_day(day)}


def _promised(row: Row, facts: Facts) -> Iterator[tuple[str, bool, date | None]]:
    """What is planned or done of a row: the field that says which, whether it is planned, and its day."""
    if "status" in row and row["status"] != MeetingStatus.CANCELLED:
        planned = row["status"] == MeetingStatus.PLANNED
        yield "status", planned, _last_day(row, facts) if planned else _day(row["date"])
    if "progress" in row and row["progress"] != Progress.ONGOING:
        planned = row["progress"] == Progress.PLANNED
        yield "progress", planned, _last_day(row, facts) if planned else _day(row.get("date"))
    for name in ("stages", "deliveries"):
        for k, step in enumerate(row.get(name, ())):
            if step["progress"] != Progress.ONGOING:
                planned = step["progress"] == Progress.PLANNED
                yield f"{name}/{k}/progress", planned, _day(step["date"])
    for k, action in enumerate(row.get("actions", ())):
        if action["state"] != ActionState.DECLINED:
            yield f"actions/{k}/state", action["state"] != ActionState.DONE, _day(action["done_on"])


def _last_day(row: Row, facts: Facts) -> date | None:
    """By when a promise ought to have been kept: its own day, or else the end of its period."""
    period = facts.period(row.get("cell_period_id") or row.get("period_id"))
    last = _day(row.get("date") or row.get("closes_on") or (period["last_day"] if period else None))
    return last if isinstance(last, date) else None


def _day(value: date | str | None) -> Any:
    """What stands in entries of rows is text."""
    return date.fromisoformat(value) if isinstance(value, str) else value


_DATED = ("meetings", "disseminations", "feedback", "deliverables")
_KEPT = ("results", "meetings", "surveys", "disseminations", "feedback", "deliverables")
RULES: Mapping[FindingCode, Rule] = {
    FindingCode.NO_CONTACT: Rule(
        BLOCKER,
        ("reports",),
        Worded("No contact is named, by the report or its sub-project."),
        _no_contact,
    ),
    FindingCode.NO_GOAL: Rule(BLOCKER, ("form",), Worded("The sub-project has no goal."), _no_goal),
    FindingCode.NO_PERIOD: Rule(
        BLOCKER,
        ("reports",),
        Worded("An interim report names the periods that it covers."),
        _no_period,
    ),
    FindingCode.PERIOD_LEFT_OUT: Rule(
        *(BLOCKER, ("reports",)),
        Worded("A final report covers all periods; this one leaves out: {periods}."),
        _period_left_out,
    ),
    FindingCode.CELL_MISSING: Rule(
        *(WARNING, ("cells",)),
        Worded("Nobody has filled in this goal in the period {period}."),
        _cell_missing,
    ),
    FindingCode.NOTHING_BESIDE_SOMETHING: Rule(
        *(WARNING, ("cells",)),
        Worded("It says that there is nothing to tell, beside something that is told."),
        _nothing_beside_something,
    ),
    FindingCode.CONTACT_UNREACHABLE: Rule(
        *(WARNING, ("contacts",)),
        Worded("The contact has neither email, phone nor postal address."),
        _contact_unreachable,
    ),
    FindingCode.CITES_NO_GOAL: Rule(
        WARNING, CITED, Worded("It cites no goal, so that it stands in no cell."), _cites_no_goal
    ),
    FindingCode.IN_NO_PERIOD: Rule(
        *(WARNING, CITED),
        Worded("It names no period, and has no day that falls in one."),
        _in_no_period,
    ),
    FindingCode.OUTSIDE_PERIOD: Rule(
        WARNING, _DATED, Worded("Its day, {day}, is outside its period, {period}."), _outside_period
    ),
    FindingCode.VALUE_OUT_OF_RANGE: Rule(
        WARNING,
        ("measurements",),
        Worded("{value} is no possible value in this unit."),
        _value_out_of_range,
    ),
    FindingCode.VALUE_AGAINST_DIRECTION: Rule(
        *(WARNING, ("measurements",)),
        Worded("{value} is on the wrong side of the baseline, {baseline}."),
        _value_against_direction,
    ),
    FindingCode.TARGET_OUT_OF_RANGE: Rule(
        WARNING,
        ("indicators",),
        Worded("{value} is no possible value in this unit."),
        _target_out_of_range,
    ),
    FindingCode.TARGET_AGAINST_DIRECTION: Rule(
        *(WARNING, ("indicators",)),
        Worded("{value} is on the wrong side of the baseline, {baseline}."),
        _target_against_direction,
    ),
    FindingCode.SURVEY_AFTER_PERIOD: Rule(
        *(WARNING, ("surveys",)),
        Worded("It closes on {day}, after the last day of its period, {period}."),
        _survey_after_period,
    ),
    FindingCode.MORE_ANSWERED_THAN_INVITED: Rule(
        *(WARNING, ("surveys",)),
        Worded("{answered} answered, but only {invited} were invited."),
        _more_answered,
    ),
    FindingCode.FEEDBACK_WITHOUT_ACTION: Rule(
        *(WARNING, ("feedback",)),
        Worded("It does not say what was decided because of it."),
        _feedback_without_action,
    ),
    FindingCode.ABSENT_WITHOUT_REASON: Rule(
        WARNING,
        ("meetings",),
        Worded("It gives no reason for the absence."),
        _absent_without_reason,
    ),
    FindingCode.PROMISE_OVERDUE: Rule(
        *(WARNING, _KEPT), Worded("It was to be done by {day}, and is not done."), _promise_overdue
    ),
    FindingCode.DONE_IN_FUTURE: Rule(
        *(WARNING, _KEPT), Worded("It is told as done, on a day to come: {day}."), _done_in_future
    ),
}
