"""The report as the form has it: compiled from the records, goal by goal and period by period."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from api.access import Reach
from api.models.contacts import Contact
from api.models.deliverables import Deliverable
from api.models.disseminations import Dissemination
from api.models.feedback import Feedback
from api.models.goals import Goal
from api.models.indicators import Indicator
from api.models.measurements import Measurement
from api.models.meetings import Meeting
from api.models.periods import Period
from api.models.programmes import Programme
from api.models.projects import Project
from api.models.providers import Provider
from api.models.results import Result
from api.models.sub_projects import SubProject
from api.models.surveys import Survey
from api.scope import Session
from api.services import previous
from api.services.locks import day_of
from api.view import Shown, view_of
from schemas.results import STATEMENTS
from schemas.vocabulary import CellState

HEADER = {
    "programme": view_of(Programme),
    "project": view_of(Project),
    "provider": view_of(Provider),
    "sub_project": view_of(SubProject),
    "contact": view_of(Contact),
}
PERIODS = view_of(Period)
RECORDS = {
    "goals": view_of(Goal),
    "indicators": view_of(Indicator),
    "measurements": view_of(Measurement),
    "results": view_of(Result),
    "meetings": view_of(Meeting),
    "surveys": view_of(Survey),
    "disseminations": view_of(Dissemination),
    "feedback": view_of(Feedback),
    "deliverables": view_of(Deliverable),
}
# What several goals may cite, and what therefore finds its cells by goal_ids and a date.
CITED = ("meetings", "surveys", "disseminations", "feedback", "deliverables")

Records = dict[str, list[Shown]]
# What stands in each cell, by goal and period.
Cells = Mapping[tuple[str, uuid.UUID | None], Records]


def compile_form(session: Session, reach: Reach, report: Mapping[str, Any]) -> dict[str, Any]:
    """The form of a report.

    :param session: sees the report's rows; :param reach: own, or every for the ministry
    :param report: the report's row as its view shows it
    :return: programme, project, provider, sub_project, contact, periods, goals (each with a cell a period, in which
        stands what an earlier report said otherwise), unplaced (what has no goal or no period), completeness (cells
        counted by state)
    """
    header = _header(session, reach, report)
    all_periods = PERIODS.rows(session, Reach.EVERY, {"project_id": header["project"]["id"]})
    chosen = report["period_ids"] or [str(period["id"]) for period in all_periods]
    periods = sorted(
        (period for period in all_periods if str(period["id"]) in chosen),
        key=lambda period: period["first_day"],
    )
    filters = {"sub_project_id": report["sub_project_id"]}
    records = {name: view.rows(session, reach, filters) for name, view in RECORDS.items()}
    _join(records)
    _place(records, all_periods)
    cells = _cells(records)
    goals = [
        goal | {"cells": [_cell(goal, period, cells) for period in periods]}
        for goal in _ordered(records["goals"])
    ]
    form = header | {
        "periods": periods,
        "goals": goals,
        "unplaced": {
            name: [row for row in records[name] if not row["goal_ids"] or not row["cell_period_id"]]
            for name in CITED
        },
        "completeness": _completeness(goals),
    }
    previous.mark(session, report, form)
    return form


def _header(session: Session, reach: Reach, report: Mapping[str, Any]) -> dict[str, Any]:
    def one(name: str, key: uuid.UUID, how: Reach) -> Shown:
        found = HEADER[name].row(session, how, key)
        if found is None:
            raise LookupError(f"a report without its {name}")
        return found

    sub_project = one("sub_project", report["sub_project_id"], reach)
    project = one("project", sub_project["project_id"], Reach.EVERY)
    contact_id = report["contact_id"] or sub_project["contact_id"]
    return {
        "programme": one("programme", project["programme_id"], Reach.EVERY),
        "project": project,
        "provider": one("provider", report["provider_id"], Reach.EVERY),
        "sub_project": sub_project,
        "contact": one("contact", contact_id, reach) if contact_id else None,
    }


def _join(records: Records) -> None:
    """Put beside each reference what the form says of the other end."""
    by_id = {row["id"]: row for rows in records.values() for row in rows}

    def of(key: uuid.UUID | None) -> Shown | None:
        return by_id.get(key) if key else None

    def title(*keys: uuid.UUID | None) -> str | None:
        return next((by_id[key]["title"] for key in keys if key in by_id), None)

    for row in records["measurements"]:
        row["indicator"] = of(row["indicator_id"])
    for row in records["disseminations"]:
        row["of"] = title(row["survey_id"], row["deliverable_id"])
    for row in records["feedback"]:
        row["meeting"] = of(row["meeting_id"])
        row["about_title"] = title(row["about_survey_id"], row["about_deliverable_id"])
    for row in records["deliverables"]:
        row["based_on"] = title(row["based_on_id"])
        for delivery in row["deliveries"]:
            meeting_id = delivery["meeting_id"]
            delivery["meeting"] = of(uuid.UUID(meeting_id)) if meeting_id else None


def _place(records: Records, periods: list[Shown]) -> None:
    """Find the period of each cited record: the one it names, or the one in which its day falls."""
    for name in CITED:
        for row in records[name]:
            row["cell_period_id"] = _period(row, periods)
    meetings = {row["id"]: row["cell_period_id"] for row in records["meetings"]}
    for row in records["feedback"]:
        row["cell_period_id"] = row["cell_period_id"] or meetings.get(row["meeting_id"])


def _period(row: Shown, periods: list[Shown]) -> uuid.UUID | None:
    if row["period_id"]:
        named: uuid.UUID = row["period_id"]
        return named
    day = day_of(row)
    return next(
        (p["id"] for p in periods if day and p["first_day"] <= day <= p["last_day"]),
        None,
    )


def _ordered(rows: Iterable[Shown]) -> list[Shown]:
    """In the order the provider gave, then by day, then as they were made."""
    return sorted(
        rows, key=lambda row: (row.get("position") or 0, str(row.get("date") or ""), str(row["id"]))
    )


def _cells(records: Records) -> Cells:
    """Every record into the cells that are its own: one walk, however many goals and periods there are."""
    cells: defaultdict[tuple[str, uuid.UUID | None], Records] = defaultdict(_empty)
    for row in _ordered(records["results"]):
        cells[str(row["goal_id"]), row["period_id"]]["results"].append(row)
    for row in records["measurements"]:
        if row["indicator"]:
            cells[str(row["indicator"]["goal_id"]), row["period_id"]]["measurements"].append(row)
    for name in CITED:
        for row in _ordered(records[name]):
            for goal_id in row["goal_ids"]:
                cells[goal_id, row["cell_period_id"]][name].append(row)
    return cells


def _empty() -> Records:
    return {name: [] for name in ("results", "measurements", *CITED)}


def _cell(goal: Shown, period: Shown, cells: Cells) -> dict[str, Any]:
    entries = cells.get((str(goal["id"]), period["id"])) or _empty()
    return {
        "period_id": period["id"],
        "period_code": period["code"],
        "state": _state(entries),
    } | entries


def _state(entries: Records) -> str:
    """Filled when anything was reported; a statement counts only where nothing else stands."""
    kinds = {result["kind"] for result in entries["results"]}
    if kinds - set(STATEMENTS) or any(entries[name] for name in entries if name != "results"):
        return CellState.FILLED
    return next((kind for kind in STATEMENTS if kind in kinds), CellState.MISSING)


def _completeness(goals: list[dict[str, Any]]) -> dict[str, int]:
    states = [cell["state"] for goal in goals for cell in goal["cells"]]
    return {"cells": len(states)} | {state.value: states.count(state) for state in CellState}
