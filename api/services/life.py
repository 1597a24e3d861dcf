"""The life of a report: who takes it which step when, what is frozen of it then, and what is kept of each step."""

import hashlib
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import orjson
import rfc8785
import sqlalchemy as sa

from api import access, wire
from api.access import Caller, Reach
from api.base import now
from api.documents.texts import spoken_state
from api.models.comments import Comment
from api.models.reports import Report, ReportEvent, ReportVersion
from api.problems import Fault, Problem
from api.scope import Session
from api.services import checks, locks
from api.services.conflicts import flush
from api.services.deadlines import today
from api.view import view_of
from schemas.fields import Worded
from schemas.life import STEPS, RefusalCode
from schemas.vocabulary import ReportAction, ReportState, Role

_REPORTS = view_of(Report)
_WRITERS = [role.value for role in Role if access.RECORD["update"].get(role.value)]


class WrongState(Problem):
    status, code, title = 409, "wrong_state", "The report is not in a state for this"
    carries = ("state",)


class NoVersion(Problem):
    status, code, title = 404, "no_version", "The report has no such version"


class Incomplete(Problem):
    status, code, title = 409, "incomplete", "The report lacks what it needs for this"


def take(
    session: Session, report: Report, action: ReportAction, caller: Caller, reason: str | None
) -> None:
    """Take a report, whose row is locked, a step on; what belongs to the step is kept with it, or nothing is.

    :raises WrongState: it is in no state for that; Incomplete: it lacks something
    """
    step, before = STEPS[action], ReportState(report.state)
    if before not in step.sources:
        text = Worded("Its state is `{state}`.", state=spoken_state(before.value))
        raise WrongState(text, members={"state": before.value})
    home, form = locks.exclude(session, report), None
    if action is ReportAction.SUBMIT:
        form = must_be_complete(session, report)
    report.state, report.updated_at = step.target.value, now()
    flush(session)
    number, moment = newest(session, report.provider_id, report.id), None
    if form is not None:
        number, moment = (number or 0) + 1, report.updated_at
        freeze(session, report, form, number, caller)
    locks.note(session, report, home, moment)
    event = {"from_state": before.value, "to_state": step.target.value, "action": action.value}
    session.add(
        ReportEvent(
            report_id=report.id,
            at=report.updated_at,
            by_id=caller.id,
            by_role=caller.role,
            version_number=number,
            reason=reason,
            open_threads=_open_threads(session, report.id),
            **event,
        )
    )
    flush(session)


def newest(session: Session, provider_id: uuid.UUID, key: uuid.UUID) -> int | None:
    """The number of a report's last version, if there is one; by both ids, as the index has it."""
    v = ReportVersion
    asked = sa.select(sa.func.max(v.number))
    return session.scalar(asked.where(v.provider_id == provider_id, v.report_id == key))


def last(session: Session, report: Mapping[str, Any]) -> int:
    """The number of the newest version. :raises NoVersion: it was never submitted"""
    number = newest(session, report["provider_id"], report["id"])
    if number is None:
        raise NoVersion("It has not been submitted yet.")
    return number


def _open_threads(session: Session, key: uuid.UUID) -> int:
    """How many threads of comments a step goes with that nobody has resolved yet."""
    begun = (Comment.report_id == key, Comment.thread_id.is_(None), Comment.resolved_at.is_(None))
    return session.scalar(sa.select(sa.func.count(Comment.id)).where(*begun)) or 0


# what is frozen


def freeze(
    session: Session, report: Report, form: Mapping[str, Any], number: int, caller: Caller
) -> None:
    """Keep the report as it is: what `GET /reports/{id}` shows of it, in canonical JSON (RFC 8785)."""
    shown = _REPORTS.row(session, Reach.OWN, report.id)
    if shown is None:
        raise LookupError("a report that is not there")
    shown["form"] = form
    snapshot = canonical(shown)
    session.add(
        ReportVersion(
            report_id=report.id,
            number=number,
            submitted_at=report.updated_at,
            submitted_by=caller.id,
            snapshot=snapshot.decode(),
            sha256=digest(snapshot),
        )
    )
    flush(session)


def canonical(value: Any) -> bytes:
    """JSON as RFC 8785 has it: names sorted, no blanks, numbers as ECMAScript writes them, UTF-8."""
    return rfc8785.dumps(orjson.loads(wire.dump(value)))


def digest(snapshot: bytes) -> str:
    return hashlib.sha256(snapshot).hexdigest()


@dataclass(frozen=True)
class Broken:
    """A version whose snapshot is not what was frozen."""

    provider_id: uuid.UUID
    report_id: uuid.UUID
    number: int


def verify(session: Session) -> Iterator[Broken | None]:
    """Go through all versions that the session sees: what is wrong with each, or None."""
    v = ReportVersion
    asked = sa.select(v.provider_id, v.report_id, v.number, v.snapshot, v.sha256)
    asked = asked.order_by(v.provider_id, v.report_id, v.number)
    for row in session.execute(asked.execution_options(yield_per=20)):
        whole = digest(row.snapshot.encode()) == row.sha256
        yield None if whole else Broken(row.provider_id, row.report_id, row.number)


# what may be done


def must_be_complete(session: Session, report: Report) -> Mapping[str, Any]:
    """The report's form. :raises Incomplete: it can't be submitted as it is"""
    shown = _REPORTS.row(session, Reach.OWN, report.id)
    if shown is None:
        raise LookupError("a report that is not there")
    checked = checks.check(session, Reach.OWN, shown, today())
    if blockers := checked.blockers:
        faults = [Fault("required", one.detail, one.pointer) for one in blockers]
        raise Incomplete(faults=faults)
    return checked.form


def actions(
    session: Session, reach: Reach, report: Mapping[str, Any], caller: Caller
) -> list[dict[str, Any]]:
    """Every action on a report as it is now: whether the caller may take it, or what stands against that.

    :param session: sees the report's rows; :param reach: own, or every for the ministry
    :param report: the report's row as its view shows it
    """
    lacking = []
    if report["state"] in STEPS[ReportAction.SUBMIT].sources:
        checked = checks.check(session, reach, report, today())
        lacking = [one.pointer for one in checked.blockers]
    found = []
    for action, step in STEPS.items():
        refusals = list(_refusals(action, report, caller, lacking))
        found.append(
            {
                "action": action.value,
                "to_state": step.target.value,
                "reason_required": step.reasoned,
                "allowed": not refusals,
                "refusals": refusals,
            }
        )
    return found


def _refusals(
    action: ReportAction, report: Mapping[str, Any], caller: Caller, lacking: list[str]
) -> Iterator[dict[str, Any]]:
    if not access.reach(caller, "reports", action.value):
        text = Worded("Your role has no right to this.")
        yield _refusal(RefusalCode.NO_RIGHT, text, roles=_takers(action))
    state, sources = ReportState(report["state"]), STEPS[action].sources
    if state not in sources:
        before = [one for one, step in STEPS.items() if step.target in sources]
        roles = [role for one in before for role in _takers(one)]
        text = Worded("Its state is `{state}`.", state=spoken_state(state.value))
        yield _refusal(
            RefusalCode.WRONG_STATE,
            text,
            actions=[one.value for one in before],
            roles=list(dict.fromkeys(roles)),
        )
    elif action is ReportAction.SUBMIT and lacking:
        text = Worded("A report needs this before it is submitted.")
        yield _refusal(RefusalCode.INCOMPLETE, text, missing=lacking, roles=_WRITERS)


def _refusal(code: RefusalCode, detail: str, **more: list[str]) -> dict[str, Any]:
    return {"code": code.value, "detail": detail, "missing": [], "actions": [], "roles": []} | more


def _takers(action: ReportAction) -> list[str]:
    return list(access.REPORT[action.value])


# what was kept


def events(session: Session, report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The steps that a report has taken, the first one first."""
    e = ReportEvent.__table__.c
    names = ("id", "at", "by_id", "by_role", "action", "from_state", "to_state")
    columns = [
        getattr(ReportEvent, name) for name in (*names, "version_number", "reason", "open_threads")
    ]
    asked = sa.select(*columns).where(*_of(ReportEvent, report)).order_by(e.id)
    return [dict(row) for row in session.execute(asked).mappings()]


def versions(session: Session, report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What was frozen of a report, without what it says, the first one first."""
    v = ReportVersion
    asked = sa.select(v.number, v.submitted_at, v.submitted_by, v.sha256)
    asked = asked.where(*_of(v, report)).order_by(v.number)
    return [dict(row) for row in session.execute(asked).mappings()]


class Frozen(NamedTuple):
    """A version: its number, canonical JSON, its hash in hexadecimal digits, and when it was submitted."""

    number: int
    snapshot: str
    sha256: str
    submitted_at: datetime


def version(session: Session, report: Mapping[str, Any], number: int) -> Frozen | None:
    v = ReportVersion
    asked = sa.select(v.number, v.snapshot, v.sha256, v.submitted_at)
    row = session.execute(asked.where(*_of(v, report), v.number == number)).first()
    return Frozen(*row) if row else None


def version_at(session: Session, report: Mapping[str, Any], moment: datetime) -> int:
    """The number of the newest version that had been submitted by a moment, and not been withdrawn again.

    :raises NoVersion: there was none
    """
    v = ReportVersion
    asked = sa.select(v.number, v.submitted_at).where(*_of(v, report)).order_by(v.number)
    found = session.execute(asked).all()
    e = ReportEvent
    taken_back = sa.select(e.version_number).where(
        *_of(e, report), e.action == ReportAction.WITHDRAW.value, e.at <= moment
    )
    withdrawn = set(session.scalars(taken_back))
    by_then = [number for number, submitted_at in found if submitted_at <= moment]
    if stood := [number for number in by_then if number not in withdrawn]:
        return int(stood[-1])
    if by_then:
        raise NoVersion("What had been submitted by then was withdrawn.")
    if not found:
        raise NoVersion("It has not been submitted yet.")
    first = found[0].submitted_at.isoformat().replace("+00:00", "Z")
    raise NoVersion(Worded("It was first submitted at {moment}.", moment=first))


def _of(kind: Any, report: Mapping[str, Any]) -> tuple[Any, Any]:
    return kind.provider_id == report["provider_id"], kind.report_id == report["id"]
