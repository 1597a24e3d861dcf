"""Overviews: how far the sub-projects of a project have come, and what its indicators come to over all providers.

A provider's people see their own; the manager of the one that coordinates a project sees all of its sub-projects, in
numbers only; the ministry sees every project.
"""

import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any

import sqlalchemy as sa
from flask import Response

from api.access import Reach
from api.answers import conditional, json_response
from api.blueprint import Blueprint
from api.context import caller, database, reach, session
from api.listing import Cursors
from api.models.programmes import Programme
from api.models.project_indicators import ProjectIndicator
from api.models.projects import Project
from api.models.sub_projects import SubProject
from api.scope import Session
from api.services import deadlines, overviews
from api.view import Shown, View, view_of
from schemas import overviews as contract

blp = Blueprint(
    "overviews", access="overviews", url_prefix="/api/v1/overviews", description=__doc__
)
_HOMES = view_of(SubProject)
_INDICATORS = view_of(ProjectIndicator)
_PROJECTS, _PROGRAMMES = view_of(Project), view_of(Programme)
_NAMES = frozenset({"id", "project_id", "provider_id"})
Keys = list[uuid.UUID]


@blp.route("/completeness")
@blp.doc(operationId="getCompleteness")
@blp.arguments(contract.OverviewQuery(), location="query")
@blp.response(200, contract.CompletenessOverviewPage)
def completeness(query: dict[str, Any]) -> Response:
    """Read how complete sub-projects are: their cells (goal by period) by state, and their reports by state"""

    def homes(reader: Session, how: Reach, filters: Shown, part: Shown) -> list[Shown]:
        return _HOMES.rows(reader, how, filters, names=_NAMES, **part)

    def told(reader: Session, found: list[Shown]) -> list[Shown]:
        shown = overviews.completeness(reader, found)
        return [one | {"id": one["sub_project_id"]} for one in shown]

    return _page("completeness", query, homes, told)


@blp.route("/indicators")
@blp.doc(operationId="getIndicatorOverview")
@blp.arguments(contract.IndicatorOverviewQuery(), location="query")
@blp.response(200, contract.IndicatorOverviewPage)
def indicators(query: dict[str, Any]) -> Response:
    """Read what the plan's indicators come to over all providers, by period

    Percentages are joined by their mean, all else by its sum; each number tells how many providers are behind it.
    """
    period_id = query.pop("period_id")

    def planned(reader: Session, how: Reach, filters: Shown, part: Shown) -> list[Shown]:
        how = Reach.EVERY if how is Reach.EVERY else Reach.TAKES_PART
        return _INDICATORS.rows(reader, how, filters, **part)

    def told(reader: Session, found: list[Shown]) -> list[Shown]:
        sums = overviews.sums(reader, found, period_id)
        names = ("project_id", "code", "name", "unit", "direction", "baseline", "target")
        return [
            {"id": row["id"], "project_indicator_id": row["id"]}
            | {name: row[name] for name in names}
            | {"aggregate": overviews.aggregate(row["unit"]).value, "periods": sums[row["id"]]}
            for row in found
        ]

    return _page(f"indicators {period_id}", query, planned, told)


@blp.route("/projects", access="projects", action="oversee")
@blp.doc(operationId="getProjectTotals")
@blp.arguments(contract.ProjectTotalsQuery(), location="query")
@blp.response(200, contract.ProjectTotalsPage)
def projects(query: dict[str, Any]) -> Response:
    """Read how far projects have come: cells, reports and due dates of all their sub-projects together

    For the ministry of every project, for a provider's people of those that it coordinates.
    """
    key = query["programme_id"]
    filters = {"programme_id": key} if key else {}
    return _totals(_PROJECTS, filters, query, overviews.of_projects)


@blp.route("/programmes", access="programmes", action="oversee")
@blp.doc(operationId="getProgrammeTotals")
@blp.arguments(contract.TotalsQuery(), location="query")
@blp.response(200, contract.ProgrammeTotalsPage)
def programmes(query: dict[str, Any]) -> Response:
    """Read how far programmes have come: cells, reports and due dates of all their projects together"""
    return _totals(_PROGRAMMES, {}, query, overviews.of_programmes)


def _totals(
    view: View,
    filters: Shown,
    query: dict[str, Any],
    tell: Callable[[Session, Sequence[Shown], date], list[Shown]],
) -> Response:
    """A page of rows of the plan that the caller's right reaches, which his own session finds."""
    limit, cursor = query["limit"], query["cursor"]
    cursors = Cursors(f"overviews {view.table.name}", "created_at", filters)
    part = {"after": cursors.read(cursor) if cursor else None, "limit": limit + 1}
    found = view.rows(session(), reach(), filters, **part)
    following = cursors.write(found[limit - 1]) if len(found) > limit else None
    with database().all_providers() as everyones:
        items = tell(everyones, found[:limit], deadlines.today())
    return conditional(json_response({"items": items, "next": following}))


def _page(
    name: str,
    query: dict[str, Any],
    find: Callable[[Session, Reach, Shown, Shown], list[Shown]],
    tell: Callable[[Session, list[Shown]], list[Shown]],
) -> Response:
    limit, cursor = query["limit"], query["cursor"]
    filters = {one: query[one] for one in ("project_id", "programme_id") if query[one]}
    cursors = Cursors(f"overviews {name}", "created_at", filters)
    part = {"after": cursors.read(cursor) if cursor else None, "limit": limit + 1}
    shown: dict[uuid.UUID, Shown] = {}
    for reader, how, projects in _views(filters):
        with reader() as rows_of:
            asked = {} if projects is None else {"project_id": projects}
            found = find(rows_of, how, asked, part)
            shown = {one["id"]: one for one in tell(rows_of, found)} | shown
    ordered = sorted(shown.values(), key=lambda one: one["id"])
    more = len(ordered) > limit
    following = cursors.write(ordered[limit - 1]) if more else None
    items = [{n: one[n] for n in one if n != "id"} for one in ordered[:limit]]
    return conditional(json_response({"items": items, "next": following}))


# who sees what


def _views(filters: Shown) -> Iterator[tuple[Any, Reach, Keys | None]]:
    """By which sessions to read which projects (None for all): first what all providers did, then what is one's own.

    Over all providers nobody but the ministry reads other projects than those named here, which its own session found.
    """
    asked = _projects(filters)
    if reach() is Reach.EVERY:
        yield database().all_providers, Reach.EVERY, asked
        return
    if reach() is Reach.OWN_AND_COORDINATED:
        mine = sa.select(Project.id).where(Project.coordinator_id == caller().provider_id)
        coordinated = [key for key in session().scalars(mine) if asked is None or key in asked]
        if coordinated:
            yield database().all_providers, Reach.EVERY, coordinated
    yield _own, Reach.OWN, asked


@contextmanager
def _own() -> Iterator[Session]:
    yield session()


def _projects(filters: Shown) -> Keys | None:
    """The projects that the filters leave; None for all of them."""
    if not filters:
        return None
    names = {"project_id": Project.id, "programme_id": Project.programme_id}
    asked = sa.select(Project.id).where(*[names[name] == key for name, key in filters.items()])
    return [*session().scalars(asked)]
