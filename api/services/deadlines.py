"""Due dates: which one holds for a sub-project and a period, what covers the period, and whether it came in time.

The due date that holds is the period's own, or an extension's where that is later. What counts is the first submission
that was not withdrawn, whatever periods the report covered then: a return takes nothing away, and sets no new due date.
"""

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from api.base import now
from api.documents.texts import FINLAND
from api.models.extensions import Extension
from api.models.periods import Period
from api.models.reports import Report, ReportEvent, ReportPeriod, ReportVersion
from api.models.sub_projects import SubProject
from api.scope import SCOPE_PROVIDER, Session, scoped
from schemas.deadlines import DeadlineState
from schemas.life import HOLDING
from schemas.vocabulary import ReportAction, ReportState

_NEVER = datetime.max.replace(tzinfo=UTC)


def today() -> date:
    return now().astimezone(FINLAND).date()


@dataclass(frozen=True)
class Deadline:
    """One sub-project and one period.

    :ivar due_on: as the period has it; :ivar extended_to: the extension's, where that is later
    :ivar submitted_at: the first submission of the report, which covers the period
    """

    provider_id: uuid.UUID
    project_id: uuid.UUID
    sub_project_id: uuid.UUID
    period_id: uuid.UUID
    period_code: str
    due_on: date | None
    extended_to: date | None
    reason: str | None
    report_id: uuid.UUID | None
    report_state: str | None
    submitted_at: datetime | None

    @property
    def holds(self) -> date | None:
        return self.extended_to or self.due_on

    @property
    def submitted_on(self) -> date | None:
        return self.submitted_at.astimezone(FINLAND).date() if self.submitted_at else None

    @property
    def covered(self) -> bool:
        """Whether the report is with the ministry, rather than still to be sent or sent anew."""
        return self.report_state in HOLDING

    def state(self, day: date) -> DeadlineState:
        if self.holds is None:
            return DeadlineState.UNDATED
        if self.submitted_on:
            return DeadlineState.ON_TIME if self.submitted_on <= self.holds else DeadlineState.LATE
        return DeadlineState.OPEN if day <= self.holds else DeadlineState.OVERDUE

    def told(self, day: date) -> dict[str, Any]:
        """As the API shows it on a day."""
        state = self.state(day)
        submitted = state in (DeadlineState.ON_TIME, DeadlineState.LATE)
        names = ("period_id", "period_code", "due_on", "extended_to", "reason")
        more = ("report_id", "report_state", "submitted_at")
        return {name: getattr(self, name) for name in (*names, *more)} | {
            "state": state.value,
            "on_time": state is DeadlineState.ON_TIME if submitted else None,
            "days_left": (self.holds - (self.submitted_on or day)).days if self.holds else None,
        }


# The condition on sub-projects and periods by which each reader finds his.
_s, _p, _e, _r = (model.__table__.c for model in (SubProject, Period, Extension, Report))


def of_sub_project(session: Session, key: uuid.UUID) -> list[Deadline]:
    """Of one that the session sees."""
    return list(_found(session, _s.id == key))


def of_project(session: Session, key: uuid.UUID) -> list[Deadline]:
    """Of all sub-projects of a project that the session sees."""
    return of_projects(session, [key])[key]


def of_projects(
    session: Session, keys: Sequence[uuid.UUID]
) -> defaultdict[uuid.UUID, list[Deadline]]:
    """The same of several, by project."""
    found = defaultdict[uuid.UUID, list[Deadline]](list)
    for one in _found(session, _s.project_id.in_(keys)):
        found[one.project_id].append(one)
    return found


def between(session: Session, first: date, last: date) -> Iterator[Deadline]:
    """Those of all projects whose due date lies between two days."""
    near = sa.or_(_p.due_on.between(first, last), _e.due_on.between(first, last))
    for one in _found(session, near):
        if one.holds and first <= one.holds <= last:
            yield one


def _found(session: Session, condition: sa.ColumnElement[bool]) -> Iterator[Deadline]:
    asked = _statement().where(condition)
    if not session.scope.everyone:
        asked = scoped(asked.where(_s.provider_id == SCOPE_PROVIDER))
    rows = session.execute(asked, {}).mappings()
    for _, same in groupby(rows, key=lambda row: (row["sub_project_id"], row["period_id"])):
        yield Deadline(**min(same, key=_foremost))


def _foremost(row: sa.RowMapping) -> tuple[int, datetime, str]:
    """Which of several reports on a period counts."""
    state = row["report_state"]
    rank = 0 if state in HOLDING else 1 if state == ReportState.RETURNED else 2
    return rank, row["submitted_at"] or _NEVER, str(row["report_id"])


@cache
def _statement() -> sa.Select[Any]:
    """A row for each sub-project, period and report that covers it; one without report where there is none."""
    periods = sa.inspect(ReportPeriod).local_table.c
    mine = sa.and_(periods.provider_id == _r.provider_id, periods.report_id == _r.id)
    covers = sa.or_(
        sa.exists().where(mine, periods.period_id == _p.id),
        ~sa.exists().where(mine),
    )
    extends = _e.due_on > sa.func.coalesce(_p.due_on, sa.literal(date.min, sa.Date()))
    sources = (
        sa.join(SubProject.__table__, Period.__table__, _p.project_id == _s.project_id)
        .outerjoin(
            Extension.__table__,
            sa.and_(_e.period_id == _p.id, _e.provider_id == _s.provider_id, extends),
        )
        .outerjoin(
            Report.__table__,
            sa.and_(_r.provider_id == _s.provider_id, _r.sub_project_id == _s.id, covers),
        )
    )
    columns = (
        *(_s.provider_id, _s.project_id, _s.id.label("sub_project_id")),
        *(_p.id.label("period_id"), _p.code.label("period_code"), _p.due_on),
        *(_e.due_on.label("extended_to"), _e.reason),
        *(_r.id.label("report_id"), _r.state.label("report_state")),
        _first_submission().label("submitted_at"),
    )
    order = (_s.provider_id, _s.id, _p.first_day, _p.id)
    return sa.select(*columns).select_from(sources).order_by(*order)


def _first_submission() -> sa.ScalarSelect[Any]:
    version, event = ReportVersion.__table__.c, ReportEvent.__table__.c
    withdrawn = sa.exists().where(
        event.provider_id == version.provider_id,
        event.report_id == version.report_id,
        event.action == ReportAction.WITHDRAW.value,
        event.version_number == version.number,
    )
    first = sa.select(sa.func.min(version.submitted_at))
    first = first.where(version.provider_id == _r.provider_id, version.report_id == _r.id)
    return first.where(~withdrawn).correlate(Report.__table__).scalar_subquery()


# how many

_COUNTED = ("on_time", "late", "open", "overdue")


def counts(deadlines: Iterable[Deadline], day: date) -> dict[str, Any]:
    """How many are in which state, of those that have a due date."""
    found = Counter(one.state(day) for one in deadlines if one.holds)
    told = {name: found[DeadlineState(name)] for name in _COUNTED}
    return _rated({"due": found.total(), **told})


def added(counts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Of several counts one."""
    return _rated({name: sum(one[name] for one in counts) for name in ("due", *_COUNTED)})


def _rated(count: dict[str, Any]) -> dict[str, Any]:
    over = count["due"] - count["open"]
    rate = round(count["on_time"] / over, 4) if over else None
    return count | {"on_time_rate": rate}
