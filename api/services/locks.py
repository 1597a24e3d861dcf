"""What stands behind a submitted or accepted report stays as it is until that is withdrawn, returned or reopened.

Behind a report stand: its own row; its sub-project; the contact that it names; what its sub-project has of the periods
that it covers, by the period that a record names or its day falls in; the goals and indicators that were there when it
was submitted; and, when it is final or names no period, all that its sub-project has, whatever the period, to which
nothing can be added either.

Each sub-project's row has a copy of what its reports hold (`locks`), because whoever writes a record locks that row, to
share it, and whoever takes a report a step on locks it for himself: so one waits for the other, and PostgreSQL reads a
row that it has waited for once more, but nothing else that the statement looked at before.
"""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from api import lane
from api.base import Identifier
from api.columns import Among
from api.documents.texts import spoken_state
from api.models.base import RecordRow, Row
from api.models.contacts import Contact
from api.models.imports import Import
from api.models.meetings import Meeting
from api.models.periods import Period
from api.models.reports import Report
from api.models.sub_projects import SubProject
from api.problems import Fault, Problem
from api.scope import SCOPE_PROVIDER, Session, scoped
from schemas.fields import Worded
from schemas.life import HOLDING, unlocking
from schemas.vocabulary import ReportKind

Data = Mapping[str, Any]
# What is of no period.
FRAME = frozenset({"goals", "indicators"})
# What is held by itself or by what names it, and can be added to at any time.
ALONE = frozenset({"sub_projects", "contacts", "reports"})
_TEXT = Worded("It stands behind a report whose state is `{state}`.")
_ADDED = Worded("It would stand behind a report whose state is `{state}`.")
# The days by which a record stands in a period where it names none, the first that is given.
DAYS = ("date", "closes_on", "opens_on")
# What tells of a row where it stands.
_PLACE = ("id", "sub_project_id", "period_id", *DAYS, "meeting_id", "created_at", "state")


class Locked(Problem):
    status, code, title = 409, "locked", "It stands behind a report that is submitted or accepted"
    carries = ("report",)


@dataclass(frozen=True)
class Lock:
    """A report that holds what stands behind it.

    :param periods: id, first day and last day of each that it covers, as text; None for all that there are
    """

    report_id: str
    state: str
    submitted_at: str
    periods: Sequence[tuple[str, str, str]] | None

    def told(self) -> dict[str, Any]:
        """As problems and faults name the report."""
        return {"id": self.report_id, "state": self.state, "unlocked_by": unlocking(self.state)}

    def covers(self, period_id: Any, day: Any) -> bool:
        if self.periods is None:
            return True
        if period_id:
            return str(period_id) in {key for key, _, _ in self.periods}
        return day is not None and any(first <= str(day) <= last for _, first, last in self.periods)


class Change(NamedTuple):
    """What a write does to one row: `before` is None of one that is made, `after` of one that is deleted."""

    stem: str
    before: Data | None
    after: Data | None


def may_refuse(resource: str, action: str) -> bool:
    """Whether a right's action on a resource, as the policy table has it, may touch what a report holds."""
    model = next((m for m in Row.all() if m.__tablename__ == resource), None)
    if model is None or not issubclass(model, RecordRow) or resource == Import.__tablename__:
        return False
    if resource in ALONE:
        return action in ("update", "delete")
    return action in ("create", "update", "delete") and "sub_project_id" in model.__table__.c


def place_of(row: Row) -> Data:
    """A row as a change needs it."""
    return {name: getattr(row, name) for name in _PLACE if hasattr(row, name)}


def stored(session: Session, model: type[Row], keys: Sequence[uuid.UUID]) -> dict[uuid.UUID, Data]:
    """Rows of a resource as changes need them, by id."""
    c = model.__table__.c
    asked = sa.select(*[c[name] for name in _PLACE if name in c])
    asked = asked.where(c.provider_id == SCOPE_PROVIDER, c.id.in_(keys))
    return {row["id"]: dict(row) for row in session.execute(scoped(asked), {}).mappings()}


def must_be_open(session: Session, changes: Sequence[Change]) -> None:
    """:raises Locked: one of the changes touches what a report holds"""
    for place, lock in held(session, changes):
        raise Locked(_text(changes[place], lock), members={"report": lock.told()})


def fault(change: Change, lock: Lock) -> Fault:
    """The same of one row among others."""
    return Fault("locked", _text(change, lock), "", more={"report": lock.told()})


def _text(change: Change, lock: Lock) -> Worded:
    return Worded(_ADDED if change.before is None else _TEXT, state=spoken_state(lock.state))


def held(session: Session, changes: Sequence[Change]) -> Iterator[tuple[int, Lock]]:
    """Which of the changes touch what a report holds. From here on no report comes to hold any of it meanwhile."""
    by_home = _of_sub_projects(session, {key for key in map(_home, changes) if key})
    by_contact = _of_contacts(session, changes)
    for place, change in enumerate(changes):
        if change.stem == "reports":
            found = _own(change)
        elif change.stem == "contacts":
            found = by_contact.get(str(change.before["id"])) if change.before else None
        else:
            locks = by_home.get(str(_home(change)), ())
            found = next((lock for lock in locks if _touches(session, change, lock)), None)
        if found:
            yield place, found


def _home(change: Change) -> uuid.UUID | None:
    """The sub-project on whose locks a change depends."""
    row: Data = change.before or change.after or {}
    if change.stem == "sub_projects":
        return row.get("id") if change.before else None
    return None if change.stem in ALONE else row.get("sub_project_id")


_LOCKS = scoped(
    sa.select(SubProject.__table__.c.id, SubProject.__table__.c.locks)
    .where(
        SubProject.__table__.c.provider_id == SCOPE_PROVIDER,
        Among(SubProject.__table__.c.id, sa.bindparam("homes", type_=Identifier())),
    )
    .order_by(SubProject.__table__.c.id)
    .with_for_update(key_share=True, read=True)
)


def _of_sub_projects(session: Session, keys: set[uuid.UUID]) -> dict[str, list[Lock]]:
    if not keys:
        return {}
    found = lane.of(session).rows(_LOCKS, {"homes": sorted(keys)})
    return {str(key): [Lock(**lock) for lock in locks] for key, locks in found if locks}


def _of_contacts(session: Session, changes: Sequence[Change]) -> dict[str, Lock]:
    """By contact: reports that name it, or whose sub-projects do. Who writes a contact has locked its row before."""
    keys = {row["id"] for stem, row, _ in changes if stem == "contacts" and row}
    if not keys:
        return {}
    report, home = Report.__table__.c, SubProject.__table__.c
    named = sa.func.coalesce(report.contact_id, home.contact_id)
    joined = sa.and_(home.provider_id == report.provider_id, home.id == report.sub_project_id)
    listed = sa.bindparam("contacts", type_=Identifier())
    asked = (
        sa.select(report.id, report.state, named.label("contact_id"))
        .select_from(sa.join(Report.__table__, SubProject.__table__, joined))
        .where(
            report.provider_id == SCOPE_PROVIDER,
            report.state.in_([state.value for state in HOLDING]),
            sa.or_(Among(report.contact_id, listed), Among(home.contact_id, listed)),
        )
    )
    found = session.execute(scoped(asked), {"contacts": sorted(keys)})
    return {str(row.contact_id): Lock(str(row.id), row.state, "", None) for row in found}


def _own(change: Change) -> Lock | None:
    """A report holds its own row."""
    row = change.before
    if row is None or row["state"] not in HOLDING:
        return None
    return Lock(str(row["id"]), row["state"], "", None)


def _touches(session: Session, change: Change, lock: Lock) -> bool:
    stem, before, after = change
    if lock.periods is None or stem == "sub_projects":
        return True
    if stem in FRAME:
        return bool(before and before["created_at"] <= datetime.fromisoformat(lock.submitted_at))
    return any(lock.covers(*_placed(session, row)) for row in (before, after) if row)


def day_of(row: Data) -> Any:
    return next((row[name] for name in DAYS if row.get(name)), None)


def _placed(session: Session, row: Data) -> tuple[Any, Any]:
    """The period that a record names, and its day; of feedback without either those of its meeting."""
    day = day_of(row)
    period_id, meeting_id = row.get("period_id"), row.get("meeting_id")
    if meeting_id and not (period_id or day):
        asked = sa.select(Meeting.period_id, Meeting.date).where(Meeting.id == meeting_id)
        if found := session.execute(asked).first():
            return found.period_id, found.date
    return period_id, day


# what a report holds


def exclude(session: Session, report: Report) -> SubProject:
    """Wait for whoever is writing what the report holds, and have everybody else wait; its row is locked already."""
    _share_contact(session, report)
    asked = sa.select(SubProject).where(SubProject.id == report.sub_project_id)
    asked = asked.execution_options(populate_existing=True)
    home = session.scalars(asked.with_for_update()).one()
    _share_contact(session, report)  # which may have become another one meanwhile
    return home


def _share_contact(session: Session, report: Report) -> None:
    of_home = sa.select(SubProject.contact_id).where(SubProject.id == report.sub_project_id)
    named = sa.func.coalesce(sa.literal(report.contact_id, Identifier()), of_home.scalar_subquery())
    asked = sa.select(Contact.id).where(Contact.id == named)
    session.execute(asked.with_for_update(read=True))


def note(session: Session, report: Report, home: SubProject, moment: datetime | None) -> None:
    """Write beside the sub-project what its report holds now.

    :param home: as `exclude` gave it
    :param moment: when it was submitted; None for when it was before
    """
    kept = {lock["report_id"]: lock for lock in home.locks or ()}
    own = kept.pop(str(report.id), None)
    if report.state in HOLDING:
        submitted_at = moment.isoformat() if moment else (own or {})["submitted_at"]
        kept[str(report.id)] = {
            "report_id": str(report.id),
            "state": report.state,
            "submitted_at": submitted_at,
            "periods": _periods(session, report),
        }
    table: Any = SubProject.__table__
    mine = table.c.provider_id == SCOPE_PROVIDER, table.c.id == home.id
    # Past the ORM, by which the row would be a version on: nothing of what it says has changed.
    session.execute(
        scoped(sa.update(table).where(*mine).values(locks=list(kept.values()) or None)), {}
    )
    session.expire(home)


def _periods(session: Session, report: Report) -> list[tuple[str, str, str]] | None:
    # A final one covers all of them, whether it names them or not.
    if report.kind == ReportKind.FINAL or not report.period_ids:
        return None
    asked = sa.select(Period.id, Period.first_day, Period.last_day)
    found = session.execute(asked.where(Period.id.in_(list(report.period_ids))).order_by(Period.id))
    return [(str(key), first.isoformat(), last.isoformat()) for key, first, last in found]
