"""Numbers over many records: how complete sub-projects are, and what the plan's indicators come to.

Each statement is about a page of sub-projects or of indicators, which it finds by index, so that it costs the same
however many there are. It tells counts and sums, never what anybody wrote.
"""

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from api.access import Reach
from api.models.deliverables import Deliverable, DeliverableGoal
from api.models.disseminations import Dissemination, DisseminationGoal
from api.models.feedback import Feedback, FeedbackGoal
from api.models.goals import Goal
from api.models.indicators import Indicator
from api.models.measurements import Measurement
from api.models.meetings import Meeting, MeetingGoal
from api.models.periods import Period
from api.models.project_indicators import ProjectIndicator
from api.models.projects import Project
from api.models.providers import Provider
from api.models.reports import Report
from api.models.results import Result
from api.models.sub_projects import SubProject
from api.models.surveys import Survey, SurveyGoal
from api.scope import Session
from api.services import deadlines, units
from api.view import Shown, view_of
from schemas.overviews import Aggregate
from schemas.results import STATEMENTS
from schemas.vocabulary import CellState, Direction, ReportState

_PROJECTS = view_of(Project)
Keys = Sequence[uuid.UUID]
# What a cell is when several things stand in it: as in a report's form, the first of these.
_WEIGHTS = {
    state: len(STATEMENTS) + 1 - place
    for place, state in enumerate((CellState.FILLED.value, *STATEMENTS))
}
# What is told of cells: how many there are, and how many in each state.
_WORDS = ("cells", *(state.value for state in CellState))
_REPORTS = tuple(state.value for state in ReportState)
_HOMES_AT_ONCE = 500  # their ids stand in each part of a statement
_STATES = {weight: state for state, weight in _WEIGHTS.items()}
# Each kind of record that may cite goals: its links, which column of theirs names it, and the days that place it.
_CITED: tuple[tuple[Any, Any, str, tuple[Any, ...]], ...] = (
    (Meeting, MeetingGoal, "meeting_id", (Meeting.date,)),
    (Survey, SurveyGoal, "survey_id", (Survey.closes_on, Survey.opens_on)),
    (Dissemination, DisseminationGoal, "dissemination_id", (Dissemination.date,)),
    (Feedback, FeedbackGoal, "feedback_id", (Feedback.date,)),
    (Deliverable, DeliverableGoal, "deliverable_id", (Deliverable.date,)),
)


# how complete


def completeness(session: Session, homes: Sequence[Shown]) -> list[Shown]:
    """Of each sub-project its cells by state, in all and by period, and its reports by state.

    :param homes: `id`, `project_id` and `provider_id` of sub-projects that the session sees
    """
    if not homes:
        return []
    keys = [home["id"] for home in homes]
    goals = _counts(session, Goal, keys)
    reports = _counts(session, Report, keys, Report.state)
    cells = _cells(session, keys)
    periods = _periods(session, {home["project_id"] for home in homes})
    names = provider_names(session, {home["provider_id"] for home in homes})
    found = []
    for home in homes:
        key = home["id"]
        count = goals.get((key,), 0)
        spread = [
            {
                "period_id": period.id,
                "period_code": period.code,
                **_spread(count, cells, key, period),
            }
            for period in periods[home["project_id"]]
        ]
        found.append(
            {
                "sub_project_id": key,
                "project_id": home["project_id"],
                "provider_id": home["provider_id"],
                "provider_name": names[home["provider_id"]],
                "goals": count,
                "completeness": _added(_WORDS, spread),
                "periods": spread,
                "reports": {s: reports.get((key, s), 0) for s in _REPORTS},
            }
        )
    return found


def of_projects(session: Session, projects: Sequence[Shown], day: date) -> list[Shown]:
    """Of each project what its sub-projects come to, and how many reports were in time by a day.

    :param projects: rows of the plan; :param session: sees all of their sub-projects
    """
    keys = [row["id"] for row in projects]
    asked = sa.select(SubProject.id, SubProject.project_id, SubProject.provider_id)
    found = session.execute(asked.where(SubProject.project_id.in_(keys))).mappings()
    homes = [dict(row) for row in found]
    parts = defaultdict[uuid.UUID, list[Shown]](list)
    for begin in range(0, len(homes), _HOMES_AT_ONCE):
        for one in completeness(session, homes[begin : begin + _HOMES_AT_ONCE]):
            parts[one["project_id"]].append(one | {"sub_projects": 1})
    due, periods = deadlines.of_projects(session, keys), _periods(session, set(keys))
    return [
        {
            "project_id": row["id"],
            **{name: row[name] for name in ("programme_id", "acronym", "name")},
            **_total(parts[row["id"]]),
            "periods": [
                {"period_id": period.id, "period_code": period.code}
                | _added(_WORDS, [one["periods"][place] for one in parts[row["id"]]])
                for place, period in enumerate(periods[row["id"]])
            ],
            "deadlines": deadlines.counts(due[row["id"]], day),
        }
        for row in projects
    ]


def of_programmes(session: Session, programmes: Sequence[Shown], day: date) -> list[Shown]:
    """Of each programme what its projects come to."""
    keys = [row["id"] for row in programmes]
    parts = defaultdict[uuid.UUID, list[Shown]](list)
    projects = _PROJECTS.rows(session, Reach.EVERY, {"programme_id": keys})
    for one in of_projects(session, projects, day):
        parts[one["programme_id"]].append(one)
    return [
        {
            "programme_id": row["id"],
            "name": row["name"],
            "projects": len(found),
            **_total(found),
            "deadlines": deadlines.added([one["deadlines"] for one in found]),
        }
        for row in programmes
        for found in [parts[row["id"]]]
    ]


def _total(parts: Sequence[Shown]) -> Shown:
    return _added(("sub_projects", "goals"), parts) | {
        "completeness": _added(_WORDS, [one["completeness"] for one in parts]),
        "reports": _added(_REPORTS, [one["reports"] for one in parts]),
    }


def _added(names: Sequence[str], counts: Sequence[Shown]) -> Shown:
    return {name: sum(one[name] for one in counts) for name in names}


def _spread(
    goals: int, cells: Mapping[tuple[Any, ...], int], home: uuid.UUID, period: Any
) -> dict[str, int]:
    said = {state: cells.get((home, period.id, weight), 0) for weight, state in _STATES.items()}
    missing = {CellState.MISSING.value: goals - sum(said.values())}
    return {"cells": goals} | {state.value: (said | missing)[state.value] for state in CellState}


def _counts(session: Session, model: Any, keys: Keys, *by: Any) -> dict[tuple[Any, ...], int]:
    named = (model.sub_project_id, *by)
    asked = sa.select(*named, sa.func.count(model.id))
    rows = session.execute(asked.where(model.sub_project_id.in_(keys)).group_by(*named))
    return {tuple(row[:-1]): row[-1] for row in rows}


def _cells(session: Session, keys: Keys) -> dict[tuple[Any, ...], int]:
    """How many cells of a sub-project and a period are of which weight."""
    said = sa.union_all(*_said(keys)).subquery()
    place = said.c.sub_project_id, said.c.period_id
    cell = (
        sa.select(*place, sa.func.max(said.c.weight).label("weight"))
        .where(said.c.period_id.is_not(None))
        .group_by(*place, said.c.goal_id)
        .subquery()
    )
    by = cell.c.sub_project_id, cell.c.period_id, cell.c.weight
    rows = session.execute(sa.select(*by, sa.func.count()).group_by(*by))
    return {tuple(row[:-1]): row[-1] for row in rows}


def _said(keys: Keys) -> list[sa.Select[Any]]:
    """Everything that stands in a cell, each with the cell and what it weighs."""
    filled = sa.literal(_WEIGHTS[CellState.FILLED.value], sa.Integer())
    weight = sa.case(*((Result.kind == kind, _WEIGHTS[kind]) for kind in STATEMENTS), else_=filled)
    results = sa.select(
        Result.sub_project_id, Result.goal_id, Result.period_id, weight.label("weight")
    ).where(Result.sub_project_id.in_(keys))
    measured = (
        sa.select(Measurement.sub_project_id, Indicator.goal_id, Measurement.period_id, filled)
        .join(Indicator, _same(Indicator, Measurement.provider_id, Measurement.indicator_id))
        .where(Measurement.sub_project_id.in_(keys))
    )
    cited = [
        sa.select(kind.sub_project_id, link.goal_id, _period(kind, days), filled)
        .join(SubProject, _same(SubProject, kind.provider_id, kind.sub_project_id))
        .join(link, _links(link, kind, name))
        .where(kind.sub_project_id.in_(keys))
        for kind, link, name, days in _CITED
    ]
    return [results, measured, *cited]


def _same(model: Any, provider_id: Any, key: Any) -> sa.ColumnElement[bool]:
    return sa.and_(model.provider_id == provider_id, model.id == key)


def _links(link: Any, kind: Any, name: str) -> sa.ColumnElement[bool]:
    return sa.and_(link.provider_id == kind.provider_id, getattr(link, name) == kind.id)


def _period(kind: Any, days: Sequence[Any]) -> sa.ColumnElement[Any]:
    """As a report's form has it: the one that it names, the one of its day, of feedback that of its meeting."""
    places = [kind.period_id, _falls_in(sa.func.coalesce(*days) if len(days) > 1 else days[0])]
    if kind is Feedback:
        held = orm.aliased(Meeting)
        own = sa.func.coalesce(held.period_id, _falls_in(held.date))
        of_meeting = sa.select(own).where(_same(held, Feedback.provider_id, Feedback.meeting_id))
        places.append(of_meeting.scalar_subquery())
    return sa.func.coalesce(*places)


def _falls_in(day: Any) -> sa.ScalarSelect[Any]:
    """The first period of the sub-project's project in which a day falls."""
    within = Period.first_day <= day, day <= Period.last_day
    first = sa.select(Period.id).where(Period.project_id == SubProject.project_id, *within)
    return first.order_by(Period.id).limit(1).correlate_except(Period).scalar_subquery()


def _periods(session: Session, projects: set[uuid.UUID]) -> dict[uuid.UUID, list[Any]]:
    found: defaultdict[uuid.UUID, list[Any]] = defaultdict(list)
    asked = sa.select(Period.project_id, Period.id, Period.code)
    asked = asked.where(Period.project_id.in_(projects)).order_by(Period.first_day, Period.id)
    for row in session.execute(asked):
        found[row.project_id].append(row)
    return found


def provider_names(session: Session, providers: set[uuid.UUID]) -> dict[uuid.UUID, str]:
    """What they are called, by id."""
    asked = sa.select(Provider.id, Provider.name).where(Provider.id.in_(providers))
    return {row.id: row.name for row in session.execute(asked)}


# what indicators come to


def sums(
    session: Session, indicators: Sequence[Shown], period_id: uuid.UUID | None
) -> dict[uuid.UUID, list[Shown]]:
    """What indicators of the plan came to, by indicator; of each the periods in their order.

    :param indicators: rows of the plan; :param period_id: the only period to tell of
    """
    keys = [row["id"] for row in indicators]
    asked = _sums().where(Indicator.project_indicator_id.in_(keys))
    if period_id:
        asked = asked.where(Measurement.period_id == period_id)
    kinds = {row["id"]: aggregate(row["unit"]) for row in indicators}
    found: defaultdict[uuid.UUID, list[Shown]] = defaultdict(list)
    for row in session.execute(asked).mappings():
        key = row["project_indicator_id"]
        found[key].append(_period_sum(dict(row), kinds[key]))
    return found


def aggregate(unit: str | None) -> Aggregate:
    """Shares of a whole have no sum: 40 % and 60 % of two providers are not 100 % of anything."""
    return Aggregate.MEAN if units.is_share(unit) else Aggregate.SUM


def _sums() -> sa.Select[Any]:
    fits = sa.or_(
        Indicator.unit.is_(None),
        ProjectIndicator.unit.is_(None),
        Indicator.unit == ProjectIndicator.unit,
    )
    grows = ProjectIndicator.direction == Direction.INCREASE.value
    start = sa.case((sa.and_(grows, Indicator.baseline.is_(None)), 0.0), else_=Indicator.baseline)
    on_way = sa.and_(fits, Indicator.target.is_not(None), start.is_not(None))
    named = Indicator.project_indicator_id, Measurement.period_id, Period.code, Period.first_day

    def of(value: Any, where: Any = fits) -> Any:
        return sa.case((where, value))

    return (
        sa.select(
            *named,
            sa.func.count(sa.distinct(of(Measurement.provider_id))).label("providers"),
            sa.func.count(of(Measurement.value)).label("measurements"),
            sa.func.count().label("all"),
            sa.func.sum(of(Measurement.value)).label("actual"),
            sa.func.sum(of(Indicator.baseline)).label("baseline"),
            sa.func.count(of(Indicator.baseline)).label("baselines"),
            sa.func.sum(of(Indicator.target)).label("target"),
            sa.func.count(of(Indicator.target)).label("targets"),
            sa.func.sum(of(Measurement.value - start, on_way)).label("gone"),
            sa.func.sum(of(Indicator.target - start, on_way)).label("way"),
        )
        .select_from(Measurement)
        .join(Indicator, _same(Indicator, Measurement.provider_id, Measurement.indicator_id))
        .join(ProjectIndicator, ProjectIndicator.id == Indicator.project_indicator_id)
        .join(Period, Period.id == Measurement.period_id)
        .group_by(*named)
        .order_by(Period.first_day, Measurement.period_id)
    )


def _period_sum(row: Mapping[str, Any], kind: Aggregate) -> Shown:
    def joined(name: str, count: str) -> float | None:
        total, number = row[name], row[count]
        if total is None or not number:
            return None
        return _rounded(total / number if kind is Aggregate.MEAN else total)

    return {
        "period_id": row["period_id"],
        "period_code": row["code"],
        "providers": row["providers"],
        "measurements": row["measurements"],
        "other_units": row["all"] - row["measurements"],
        "baseline": joined("baseline", "baselines"),
        "baselines": row["baselines"],
        "target": joined("target", "targets"),
        "targets": row["targets"],
        "actual": joined("actual", "measurements"),
        "share_of_target": _rounded(row["gone"] / row["way"]) if row["way"] else None,
    }


def _rounded(value: float) -> float:
    """Sums of doubles have dust behind what was given."""
    return round(value, 4) + 0.0
