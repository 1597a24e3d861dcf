"""A project's report: which accepted reports of its sub-projects are in it, each as it was frozen."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import orm

from api.access import Reach
from api.models.programmes import Programme
from api.models.projects import Project
from api.models.providers import Provider
from api.models.reports import Report, ReportEvent, ReportVersion
from api.models.sub_projects import SubProject
from api.scope import Session
from api.services.overviews import provider_names
from api.view import Shown, view_of
from schemas.vocabulary import ReportAction, ReportKind, ReportState

_PROGRAMMES, _PROJECTS, _PROVIDERS = map(view_of, (Programme, Project, Provider))
_HOMES = view_of(SubProject)
_FOREMOST = (
    ReportState.ACCEPTED,
    ReportState.SUBMITTED,
    ReportState.RETURNED,
    ReportState.DRAFT,
)


@dataclass(frozen=True, slots=True)
class Accepted:
    """An accepted report: which version that is, and when it was submitted and accepted."""

    provider_id: uuid.UUID
    report_id: uuid.UUID
    kind: str
    number: int
    submitted_at: datetime
    sha256: str
    accepted_at: datetime


def contents(session: Session, key: uuid.UUID) -> Shown | None:
    """What a project's report is made of, without what the reports say; None where there is no such project.

    :param session: sees the rows of all providers
    """
    project = _PROJECTS.row(session, Reach.EVERY, key)
    if project is None:
        return None
    homes = _HOMES.rows(session, Reach.EVERY, {"project_id": key})
    names = provider_names(session, {home["provider_id"] for home in homes})
    states, accepted = _states(session, key), _accepted(session, key)
    told = [
        {
            "sub_project_id": home["id"],
            "provider_id": home["provider_id"],
            "provider_name": names[home["provider_id"]],
            "name": home["name"],
            "state": _foremost(states[home["id"]]),
            "reports": list(_chosen(accepted[home["id"]])),
        }
        for home in homes
    ]
    return {
        "programme": _PROGRAMMES.row(session, Reach.EVERY, project["programme_id"]),
        "project": project,
        "coordinator": _PROVIDERS.row(session, Reach.EVERY, project["coordinator_id"]),
        "sub_projects": sorted(told, key=_by_name),
    }


def filled(session: Session, report: Shown) -> Shown:
    """The same with what the reports say, as it was frozen, byte for byte."""
    parts = [one for home in report["sub_projects"] for one in home["reports"]]
    snapshots = _snapshots(session, parts)
    homes = [
        home
        | {
            "reports": [
                {
                    "number": one.number,
                    "submitted_at": one.submitted_at,
                    "accepted_at": one.accepted_at,
                    "sha256": one.sha256,
                    "report": orjson.Fragment(snapshots[one.report_id]),
                }
                for one in home["reports"]
            ]
        }
        for home in report["sub_projects"]
    ]
    return report | {"sub_projects": homes}


def _by_name(home: Mapping[str, Any]) -> tuple[str, str, str]:
    return (
        home["provider_name"].casefold(),
        (home["name"] or "").casefold(),
        str(home["sub_project_id"]),
    )


def _foremost(states: Iterable[str]) -> str | None:
    return next((state.value for state in _FOREMOST if state in states), None)


def _chosen(accepted: list[Accepted]) -> Iterator[Accepted]:
    """The final one says all that the interim ones said before; of several it is the last that was accepted."""
    ordered = sorted(accepted, key=lambda one: (one.accepted_at, str(one.report_id)))
    final = [one for one in ordered if one.kind == ReportKind.FINAL]
    yield from final[-1:] or ordered


def _states(session: Session, key: uuid.UUID) -> defaultdict[uuid.UUID, set[str]]:
    asked = sa.select(Report.sub_project_id, Report.state).distinct()
    found = defaultdict[uuid.UUID, set[str]](set)
    for row in session.execute(asked.where(Report.sub_project_id.in_(_homes(key)))):
        found[row.sub_project_id].add(row.state)
    return found


def _homes(key: uuid.UUID) -> sa.Select[Any]:
    return sa.select(SubProject.id).where(SubProject.project_id == key)


def _accepted(session: Session, key: uuid.UUID) -> defaultdict[uuid.UUID, list[Accepted]]:
    """By sub-project: of each accepted report its newest version, which is the one that was accepted."""
    r, v, e, any_ = Report, ReportVersion, ReportEvent, orm.aliased(ReportVersion)
    newest = (
        sa.select(sa.func.max(any_.number))
        .where(any_.provider_id == r.provider_id, any_.report_id == r.id)
        .correlate(r)
        .scalar_subquery()
    )
    accepted_at = (
        sa.select(sa.func.max(e.at))
        .where(
            e.provider_id == r.provider_id,
            e.report_id == r.id,
            e.action == ReportAction.ACCEPT.value,
        )
        .correlate(r)
        .scalar_subquery()
    )
    asked = (
        sa.select(r.sub_project_id, r.provider_id, r.id, r.kind)
        .add_columns(v.number, v.submitted_at, v.sha256, accepted_at)
        .join(
            v,
            sa.and_(v.provider_id == r.provider_id, v.report_id == r.id, v.number == newest),
        )
        .where(r.sub_project_id.in_(_homes(key)), r.state == ReportState.ACCEPTED.value)
    )
    found = defaultdict[uuid.UUID, list[Accepted]](list)
    for sub_project_id, *row in session.execute(asked):
        found[sub_project_id].append(Accepted(*row))
    return found


def _snapshots(session: Session, parts: list[Accepted]) -> dict[uuid.UUID, str]:
    v = ReportVersion
    wanted = {(one.report_id, one.number) for one in parts}
    asked = sa.select(v.report_id, v.number, v.snapshot).where(
        v.provider_id.in_({one.provider_id for one in parts}),
        v.report_id.in_({one.report_id for one in parts}),
    )
    return {
        row.report_id: row.snapshot
        for row in session.execute(asked)
        if (row.report_id, row.number) in wanted
    }
