"""What earlier reports of a sub-project said of the cells of a report: it shows where that is something else now."""

import uuid
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import orjson
import sqlalchemy as sa

from api import wire
from api.models.reports import Report, ReportEvent, ReportVersion
from api.scope import Session
from api.services import differences
from api.view import Shown
from schemas.vocabulary import CellState, ReportAction, ReportState


class Earlier(NamedTuple):
    """A version of another report of the sub-project: the newest that was not taken back."""

    report_id: uuid.UUID
    number: int
    submitted_at: datetime


def mark(session: Session, report: Mapping[str, Any], form: Shown) -> None:
    """Put into each cell what the newest earlier report that covers its period said of it, or None.

    No snapshot is read but of reports that there are, the newest first, until each period has been found in one.

    :param session: sees the report's rows; :param report: the report's row as its view shows it
    """
    cells = {
        (str(goal["id"]), str(cell["period_id"])): cell
        for goal in form["goals"]
        for cell in goal["cells"]
    }
    for cell in cells.values():
        cell["previously_reported"] = None
    open_ = {str(period["id"]) for period in form["periods"]} if cells else set()
    for earlier in _earlier(session, report) if open_ else ():
        then = _form(session, report, earlier)
        covered = open_ & {period["id"] for period in then["periods"]}
        said = _said(then)
        for (goal_id, period_id), cell in cells.items():
            if period_id in covered:
                _compare(earlier, said.get((goal_id, period_id), {}), cell)
        open_ -= covered
        if not open_:
            break


def _compare(earlier: Earlier, before: Mapping[str, Any], cell: Shown) -> None:
    now = orjson.loads(wire.dump({stem: cell[stem] for stem in differences.STEMS}))
    names = ("resource", "id", "change", "before")
    records = [{name: change[name] for name in names} for change in differences.cell(before, now)]
    if records:
        cell["previously_reported"] = {
            "report_id": earlier.report_id,
            "version_number": earlier.number,
            "submitted_at": earlier.submitted_at,
            "state": before.get("state", CellState.MISSING.value),
            "records": records,
        }


def _earlier(session: Session, report: Mapping[str, Any]) -> Iterator[Earlier]:
    """Of each other report of the sub-project its newest version that was not withdrawn, the newest one first."""
    v, e, provider_id = ReportVersion, ReportEvent, report["provider_id"]
    withdrawn = sa.exists().where(
        e.provider_id == v.provider_id,
        e.report_id == v.report_id,
        e.version_number == v.number,
        e.action == ReportAction.WITHDRAW.value,
    )
    mine = Report.provider_id == provider_id, Report.sub_project_id == report["sub_project_id"]
    asked = (
        sa.select(v.report_id, v.number, v.submitted_at)
        .join(Report, sa.and_(Report.provider_id == v.provider_id, Report.id == v.report_id))
        .where(*mine, Report.id != report["id"], v.provider_id == provider_id, ~withdrawn)
        .order_by(v.submitted_at.desc())
    )
    if (until := _until(report)) is not None:
        asked = asked.where(v.submitted_at < until)
    seen: set[uuid.UUID] = set()
    for row in session.execute(asked).all():
        if row.report_id not in seen:
            seen.add(row.report_id)
            yield Earlier(*row)


def _until(report: Mapping[str, Any]) -> Any:
    """When this report was submitted, since what comes after that is not earlier; None while it is not.

    What a submitted report says was frozen when it came into that state; of an accepted one the version tells when.
    """
    if report["state"] == ReportState.SUBMITTED:
        return report["updated_at"]
    if report["state"] != ReportState.ACCEPTED:
        return None
    own = (
        ReportVersion.provider_id == report["provider_id"],
        ReportVersion.report_id == report["id"],
    )
    return sa.select(sa.func.max(ReportVersion.submitted_at)).where(*own).scalar_subquery()


def _form(session: Session, report: Mapping[str, Any], earlier: Earlier) -> Mapping[str, Any]:
    v = ReportVersion
    mine = v.provider_id == report["provider_id"], v.report_id == earlier.report_id
    snapshot = session.scalars(sa.select(v.snapshot).where(*mine, v.number == earlier.number)).one()
    form: Mapping[str, Any] = orjson.loads(snapshot)["form"]
    return form


def _said(form: Mapping[str, Any]) -> dict[tuple[str, str], Mapping[str, Any]]:
    return {
        (goal["id"], cell["period_id"]): cell for goal in form["goals"] for cell in goal["cells"]
    }
