"""The check of a report: each rule finds what it is for and nothing else, in any form."""

import copy
import uuid
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.services import checks
from api.services.checks import RULES, Facts
from schemas import vocabulary as v
from schemas.checks import FindingCode, Severity

TODAY = date(2012, 6, 1)
SPRING, AUTUMN = (uuid.UUID(int=n) for n in (1, 2))
PERIODS = [
    {
        "id": SPRING,
        "code": "2012-spring",
        "first_day": date(2012, 1, 1),
        "last_day": date(2012, 7, 31),
    },
    {
        "id": AUTUMN,
        "code": "2012-autumn",
        "first_day": date(2012, 8, 1),
        "last_day": date(2012, 12, 31),
    },
]
GOAL, IN_SPRING, DAY = (
    uuid.UUID(int=3),
    {"period_id": SPRING, "cell_period_id": SPRING},
    "2012-05-02",
)


def sound() -> tuple[dict[str, Any], dict[str, Any]]:
    """A report and its form in which nothing is missing and everything fits."""
    cited = IN_SPRING | {"goal_ids": [str(GOAL)], "date": date(2012, 5, 2)}
    indicator = {
        **{"id": uuid.UUID(int=5), "unit": "%", "baseline": 40.0, "target": 60.0},
        "direction": "increase",
    }
    lists: dict[str, Any] = {
        "results": [
            {"id": 1, "kind": "activity", "progress": "done", "period_id": SPRING, "text": "Näin"}
        ],
        "measurements": [{"id": 2, "value": 57.5, "indicator": indicator}],
        "meetings": [
            cited | {"id": 3, "status": "held", "attendance": "excused", "reason": "Este"}
        ],
        "surveys": [
            cited
            | {
                **{"id": 4, "progress": "done", "closes_on": date(2012, 5, 31)},
                "respondent_groups": [{"invited": 10, "answered": 9}],
            }
        ],
        "disseminations": [cited | {"id": 5, "progress": "planned", "date": date(2012, 6, 2)}],
        "feedback": [
            cited | {"id": 6, "actions": [{"state": "planned", "done_on": None}]},
        ],
        "deliverables": [
            cited
            | {
                **{"id": 7, "progress": "ongoing"},
                "stages": [{"progress": "done", "date": DAY}],
                "deliveries": [{"progress": "planned", "date": "2012-06-02"}],
            }
        ],
    }
    del lists["surveys"][0]["date"]
    cell = {"period_id": SPRING, "period_code": "2012-spring", "state": "filled"} | lists
    other = {
        **{"period_id": AUTUMN, "period_code": "2012-autumn", "state": "nothing_to_report"},
        **{name: [] for name in lists},
        "results": [
            {"id": 8, "kind": "nothing_to_report", "progress": "done", "period_id": AUTUMN}
        ],
    }
    contact = {"id": 9, "email": "aino@koulu.example", "phone": None, "postal_address": None}
    unplaced: dict[str, list[Any]] = {name: [] for name in checks.CITED}
    form = {
        "contact": contact,
        "goals": [{"id": GOAL, "cells": [cell, other]}],
        "unplaced": unplaced,
    }
    report = {"id": uuid.UUID(int=4), "kind": "final", "period_ids": []}
    return report, form


def changed(whole: Any, pointer: str, value: Any) -> None:
    *way, last = (int(part) if part.isdigit() else part for part in pointer.split("/")[1:])
    for part in way:
        whole = whole[part]
    whole[last] = value


def found(report: dict[str, Any], form: dict[str, Any], today: date = TODAY) -> list[Any]:
    return checks.look(Facts(report, form, PERIODS, today)).findings


CELL = "/goals/0/cells/0"
# What each rule is for: what is changed in the sound report (`=` in its own row, else in the form), and where it is
# found then.
FAULTS: list[tuple[FindingCode, dict[str, Any], str]] = [
    (FindingCode.NO_CONTACT, {"/contact": None}, "/contact_id"),
    (FindingCode.NO_GOAL, {"/goals": []}, "/form/goals"),
    (FindingCode.NO_PERIOD, {"=/kind": "interim"}, "/period_ids"),
    (FindingCode.PERIOD_LEFT_OUT, {"=/period_ids": [str(SPRING)]}, "/period_ids"),
    (FindingCode.CELL_MISSING, {f"{CELL}/state": "missing"}, f"/form{CELL}"),
    (
        FindingCode.NOTHING_BESIDE_SOMETHING,
        {f"{CELL}/results/0/kind": "not_applicable"},
        f"/form{CELL}/results/0",
    ),
    (FindingCode.CONTACT_UNREACHABLE, {"/contact/email": None}, "/form/contact"),
    (
        FindingCode.CITES_NO_GOAL,
        {f"{CELL}/surveys/0/goal_ids": []},
        f"/form{CELL}/surveys/0/goal_ids",
    ),
    (
        FindingCode.IN_NO_PERIOD,
        {f"{CELL}/meetings/0/cell_period_id": None, f"{CELL}/meetings/0/period_id": None},
        f"/form{CELL}/meetings/0/period_id",
    ),
    (
        FindingCode.OUTSIDE_PERIOD,
        {f"{CELL}/meetings/0/date": date(2011, 12, 31)},
        f"/form{CELL}/meetings/0/date",
    ),
    (
        FindingCode.VALUE_OUT_OF_RANGE,
        {f"{CELL}/measurements/0/value": 100.5},
        f"/form{CELL}/measurements/0/value",
    ),
    (
        FindingCode.VALUE_OUT_OF_RANGE,
        {
            **{f"{CELL}/measurements/0/value": -1.0},
            f"{CELL}/measurements/0/indicator/baseline": None,
            f"{CELL}/measurements/0/indicator/unit": " KPL ",
        },
        f"/form{CELL}/measurements/0/value",
    ),
    (
        FindingCode.VALUE_AGAINST_DIRECTION,
        {f"{CELL}/measurements/0/value": 39.0},
        f"/form{CELL}/measurements/0/value",
    ),
    (
        FindingCode.TARGET_OUT_OF_RANGE,
        {f"{CELL}/measurements/0/indicator/target": 101.0},
        f"/form{CELL}/measurements/0/indicator/target",
    ),
    (
        FindingCode.TARGET_AGAINST_DIRECTION,
        {
            **{f"{CELL}/measurements/0/indicator/direction": "decrease"},
            f"{CELL}/measurements/0/value": 40.0,
        },
        f"/form{CELL}/measurements/0/indicator/target",
    ),
    (
        FindingCode.SURVEY_AFTER_PERIOD,
        {f"{CELL}/surveys/0/closes_on": date(2012, 8, 1)},
        f"/form{CELL}/surveys/0/closes_on",
    ),
    (
        FindingCode.MORE_ANSWERED_THAN_INVITED,
        {f"{CELL}/surveys/0/respondent_groups/0/answered": 11},
        f"/form{CELL}/surveys/0/respondent_groups/0/answered",
    ),
    (
        FindingCode.FEEDBACK_WITHOUT_ACTION,
        {f"{CELL}/feedback/0/actions": []},
        f"/form{CELL}/feedback/0/actions",
    ),
    (
        FindingCode.ABSENT_WITHOUT_REASON,
        {f"{CELL}/meetings/0/reason": None},
        f"/form{CELL}/meetings/0/reason",
    ),
    (
        FindingCode.PROMISE_OVERDUE,
        {f"{CELL}/disseminations/0/date": date(2012, 5, 31)},
        f"/form{CELL}/disseminations/0/progress",
    ),
    (
        FindingCode.PROMISE_OVERDUE,
        {f"{CELL}/deliverables/0/deliveries/0/date": DAY},
        f"/form{CELL}/deliverables/0/deliveries/0/progress",
    ),
    (
        FindingCode.DONE_IN_FUTURE,
        {f"{CELL}/deliverables/0/stages/0/date": "2012-06-02"},
        f"/form{CELL}/deliverables/0/stages/0/progress",
    ),
]


def test_in_a_sound_report_nothing_is_found() -> None:
    assert found(*sound()) == []


def test_every_rule_is_tried_below() -> None:
    assert {code for code, _, _ in FAULTS} == set(RULES) == set(FindingCode)


@pytest.mark.parametrize(
    ("code", "changes", "pointer"), FAULTS, ids=[f"{c}-{n}" for n, (c, _, _) in enumerate(FAULTS)]
)
def test_a_rule_finds_what_it_is_for_where_it_is_and_nothing_else(
    code: FindingCode, changes: dict[str, Any], pointer: str
) -> None:
    report, form = sound()
    for place, value in changes.items():
        changed(report if place.startswith("=") else form, place.removeprefix("="), value)
    (one,) = found(report, form)
    assert (one.code, one.pointer, one.severity) == (code, pointer, RULES[code].severity)
    assert "{" not in one.detail
    assert not one.field or pointer.endswith(one.field)


def test_what_a_submission_lacks_comes_before_what_is_only_odd() -> None:
    report, form = sound()
    form["contact"], form["goals"][0]["cells"][0]["state"] = None, "missing"
    assert [one.severity for one in found(report, form)] == [Severity.BLOCKER, Severity.WARNING]


def test_a_promise_is_overdue_when_its_day_or_else_its_period_is_gone() -> None:
    report, form = sound()
    form["goals"][0]["cells"][0]["results"][0]["progress"] = "planned"
    assert found(report, form, date(2012, 6, 2)) == []
    codes = [(one.code, one.resource) for one in found(report, form, date(2012, 8, 1))]
    assert (FindingCode.PROMISE_OVERDUE, "results") in codes


def test_a_record_that_stands_in_several_cells_is_told_of_once() -> None:
    report, form = sound()
    second = copy.deepcopy(form["goals"][0]) | {"id": uuid.UUID(int=7)}
    form["goals"].append(second)
    for goal in form["goals"]:
        goal["cells"][0]["meetings"][0]["reason"] = None
    (one,) = found(report, form)
    assert (one.goal_id, one.period_id, one.id) == (GOAL, SPRING, 3)


def test_the_summary_counts_by_severity_and_by_goal_and_period() -> None:
    report, form = sound()
    form["contact"], cells = None, form["goals"][0]["cells"]
    cells[0]["meetings"][0]["reason"], cells[0]["feedback"][0]["actions"] = None, []
    shown = checks.look(Facts(report, form, PERIODS, TODAY)).shown()
    assert (shown["complete"], shown["blockers"], shown["warnings"]) == (False, 1, 2)
    assert [(one["period_id"], one["warnings"]) for one in shown["cells"]] == [
        (SPRING, 2),
        (AUTUMN, 0),
    ]


# any form

DAYS = st.none() | st.dates(date(1900, 1, 1), date(2200, 12, 31))
KEYS = st.integers(0, 5)
PLACES = st.sampled_from([None, SPRING, AUTUMN, uuid.UUID(int=99)])


def some(words: Any) -> Any:
    return st.sampled_from([word.value for word in words])


def rows(**fields: Any) -> Any:
    return st.lists(st.fixed_dictionaries({"id": KEYS} | fields), max_size=2)


NUMBERS = st.none() | st.floats(-1e11, 1e11)
MEASURED = st.fixed_dictionaries(
    {
        **{"id": KEYS, "baseline": NUMBERS, "target": NUMBERS},
        "unit": st.sampled_from([None, "%", "kpl", "€", ""]),
        "direction": some(v.Direction),
    }
)
CITING = {
    **{"goal_ids": st.lists(st.text(), max_size=1), "period_id": PLACES},
    **{"cell_period_id": PLACES, "date": DAYS},
}
STEPS = st.lists(
    st.fixed_dictionaries({"progress": some(v.Progress), "date": DAYS.map(lambda d: d and str(d))}),
    max_size=2,
)
COUNTED = st.none() | st.integers(0, 9)
LISTS = {
    "meetings": rows(
        **CITING,
        status=some(v.MeetingStatus),
        attendance=st.none() | some(v.Attendance),
        reason=st.none() | st.text(),
    ),
    "surveys": rows(
        **{name: one for name, one in CITING.items() if name != "date"},
        progress=some(v.Progress),
        closes_on=DAYS,
        respondent_groups=st.lists(
            st.fixed_dictionaries({"invited": COUNTED, "answered": COUNTED}), max_size=2
        ),
    ),
    "disseminations": rows(**CITING, progress=some(v.Progress)),
    "feedback": rows(
        **CITING,
        actions=st.lists(
            st.fixed_dictionaries({"state": some(v.ActionState), "done_on": DAYS}), max_size=2
        ),
    ),
    "deliverables": rows(**CITING, progress=some(v.Progress), stages=STEPS, deliveries=STEPS),
}
CELLS = st.fixed_dictionaries(
    {
        **{
            "period_id": st.sampled_from([SPRING, AUTUMN]),
            "period_code": st.sampled_from(["2012-spring", "2013-autumn"]),
        },
        "state": some(v.CellState),
        "results": rows(kind=some(v.ResultKind), progress=some(v.Progress), period_id=PLACES),
        "measurements": rows(value=st.floats(-1e11, 1e11), indicator=MEASURED),
        **LISTS,
    }
)
REACHED = {name: st.none() | st.text() for name in checks.REACHED_BY}
FORMS = st.fixed_dictionaries(
    {
        "contact": st.none() | st.fixed_dictionaries({"id": KEYS} | REACHED),
        "goals": st.lists(
            st.fixed_dictionaries({"id": KEYS, "cells": st.lists(CELLS, max_size=2)}), max_size=2
        ),
        "unplaced": st.fixed_dictionaries(LISTS),
    }
)
REPORTS = st.fixed_dictionaries(
    {
        **{"id": KEYS, "kind": some(v.ReportKind)},
        "period_ids": st.lists(st.sampled_from([str(SPRING), str(AUTUMN)]), max_size=2),
    }
)


@settings(max_examples=60, deadline=None)
@given(REPORTS, FORMS, st.sampled_from([[], PERIODS]))
def test_any_form_is_looked_at_and_each_pointer_leads_to_what_it_tells_of(
    report: dict[str, Any], form: dict[str, Any], periods: list[Any]
) -> None:
    for one in checks.look(Facts(report, form, periods, TODAY)).findings:
        place: Any = report | {"form": form, "contact_id": None}
        for part in one.pointer.split("/")[1:]:
            place = place[int(part)] if isinstance(place, list) else place[part]


def test_an_empty_form_is_looked_at() -> None:
    form = {"contact": None, "goals": [], "unplaced": {name: [] for name in checks.CITED}}
    report = {"id": uuid.UUID(int=4), "kind": "interim", "period_ids": []}
    codes = [one.code for one in checks.look(Facts(report, form, [], TODAY)).findings]
    assert codes == [FindingCode.NO_CONTACT, FindingCode.NO_PERIOD, FindingCode.NO_GOAL]
