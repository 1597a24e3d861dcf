"""Reminders of due dates: mails to those whose report of a period is not with the ministry yet.

On each of a few days before and after a due date one mail is written, once. A due date that moves is another one: of it
one is reminded anew. A day on which nobody ran the command is made up for within a week, by the mail of the last day
that has come, not by one for each.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from uuid_utils.compat import uuid7

from api.base import now
from api.columns import Among
from api.db import Database
from api.documents.texts import Texts, phrase
from api.models.contacts import Contact
from api.models.mails import Mail, MailKind
from api.models.projects import Project
from api.models.providers import Provider
from api.models.reports import Report
from api.models.sub_projects import SubProject
from api.models.users import User
from api.scope import Session
from api.services import deadlines
from api.services.deadlines import Deadline
from schemas.vocabulary import Language, Role

# For so long a mail is still written that should have been on a day before.
MADE_UP_FOR = timedelta(days=7)
AT_ONCE = 100
_INSERT: dict[str, Any] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


@dataclass(frozen=True)
class Reminder:
    """What somebody is to be reminded of.

    :ivar days: from the due date on to the day that it is for
    :ivar address: of the contact, if there is one
    """

    days: int
    due_on: date
    deadline: Deadline
    contact_id: uuid.UUID | None
    address: str | None
    language: str
    provider: str
    project: str
    sub_project: str | None


def due(session: Session, today: date, days: Sequence[int]) -> list[Reminder]:
    """What is to be written on a day.

    :param session: sees the records of every provider
    :param days: from a due date on, in their order; negative before it
    """
    if not days:
        return []
    first, last = today - timedelta(days[-1]) - MADE_UP_FOR, today - timedelta(days[0])
    found = [
        (stage, one)
        for one in deadlines.between(session, first, last)
        if one.holds and not one.covered
        if (stage := stage_of(one.holds, today, days)) is not None
    ]
    known = _Known(session, [one for _, one in found])
    return [known.reminder(stage, one) for stage, one in found]


class _Known:
    """The rows that reminders are made of."""

    def __init__(self, session: Session, found: Sequence[Deadline]):
        self.homes = _rows(session, SubProject, [one.sub_project_id for one in found])
        self.reports = _rows(session, Report, [one.report_id for one in found])
        named = [*self.homes.values(), *self.reports.values()]
        self.contacts = _rows(session, Contact, [one["contact_id"] for one in named])
        self.providers = _rows(session, Provider, [one.provider_id for one in found])
        self.projects = _rows(session, Project, [one.project_id for one in found])

    def reminder(self, days: int, one: Deadline) -> Reminder:
        home, report = self.homes[one.sub_project_id], self.reports.get(one.report_id)
        language = report["language"] if report else Language.FI.value
        project = self.projects[one.project_id]
        contact = self._contact(report, home)
        return Reminder(
            days=days,
            due_on=cast(date, one.holds),
            deadline=one,
            contact_id=contact["id"] if contact else None,
            address=contact["email"] if contact else None,
            language=language,
            provider=self.providers[one.provider_id]["name"],
            project=f"{project['acronym']} – {phrase(project['name'], language).text}",
            sub_project=home["name"],
        )

    def _contact(self, *named_by: Any) -> Any:
        """The first who has an address: of the report, or else of the sub-project."""
        found = (self.contacts.get(row["contact_id"]) for row in named_by if row)
        return next((contact for contact in found if contact and contact["email"]), None)


def stage_of(due_on: date, today: date, days: Sequence[int]) -> int | None:
    """Which of the days has come last, if that was not long ago."""
    come = [day for day in days if due_on + timedelta(day) <= today]
    return come[-1] if come and today < due_on + timedelta(come[-1]) + MADE_UP_FOR else None


def _rows(
    session: Session, model: Any, keys: Sequence[uuid.UUID | None]
) -> dict[uuid.UUID | None, Any]:
    """Rows by id; there is none of None."""
    table, several = model.__table__, sorted({key for key in keys if key})
    found: dict[uuid.UUID | None, Any] = {}
    asked = sa.select(table).where(Among(table.c.id, sa.bindparam("keys")))
    for start in range(0, len(several), AT_ONCE):
        rows = session.execute(asked, {"keys": several[start : start + AT_ONCE]}).mappings()
        found |= {row["id"]: row for row in rows}
    return found


def mails(session: Session, found: Sequence[Reminder], url: str) -> list[dict[str, Any]]:
    """The rows of an outbox, of all reminders of which there is somebody to tell.

    Who is no contact's address is the provider's managers'.

    :param session: one that sees nobody's records; accounts it sees
    :param url: where people sign in
    """
    managers = _managers(session, {one.deadline.provider_id for one in found if not one.address})
    told = [
        (one, [one.address] if one.address else managers[one.deadline.provider_id]) for one in found
    ]
    return [_mail(one, addresses, url) for one, addresses in told if addresses]


def write(database: Database, written: Sequence[Mapping[str, Any]]) -> int:
    """Put mails into the outbox, each of which is there only once, whoever else writes it too.

    Some at a time, so that nobody else who writes has to wait for long.

    :return: how many are new
    """
    insert, new = _INSERT[database.url.get_backend_name()], 0
    for start in range(0, len(written), AT_ONCE):
        some = insert(Mail.__table__).values(written[start : start + AT_ONCE])
        made = some.on_conflict_do_nothing().returning(Mail.__table__.c.id)
        with database.session() as session:
            new += len(session.execute(made).all())
            session.commit()
    return new


def _managers(session: Session, providers: set[uuid.UUID]) -> defaultdict[uuid.UUID, list[str]]:
    c, found = User.__table__.c, defaultdict[uuid.UUID, list[str]](list)
    asked = sa.select(c.provider_id, c.email).order_by(c.id)
    asked = asked.where(c.active, c.role == Role.MANAGER.value, c.provider_id.is_not(None))
    for provider_id, email in session.execute(asked) if providers else ():
        if provider_id in providers:
            found[provider_id].append(email)
    return found


def _mail(one: Reminder, recipients: list[str], url: str) -> dict[str, Any]:
    subject, text = worded(one, url)
    of = one.deadline
    return {
        "id": uuid7(),
        "kind": MailKind.REMINDER.value,
        "days": one.days,
        "provider_id": of.provider_id,
        "sub_project_id": of.sub_project_id,
        "period_id": of.period_id,
        "due_on": one.due_on,
        "contact_id": one.contact_id,
        "language": one.language,
        "recipients": recipients,
        "subject": subject,
        "text": text,
        "created_at": now(),
        "attempts": 0,
    }


def worded(one: Reminder, url: str) -> tuple[str, str]:
    """Subject and text, in which no name has a line break: of who, for what, by when, where."""
    texts = Texts(one.language)
    before = one.days <= 0
    period = texts.period("period", one.deadline.period_code)
    day = texts.day(one.due_on.isoformat())
    named = {"period": period, "day": day, "project": _line(one.project)}
    key = "before" if before else "after"
    lines = [
        texts(f"reminder.{key}", **named),
        "",
        texts("reminder.provider", provider=_line(one.provider)),
        texts("reminder.project", project=named["project"]),
        *([texts("reminder.sub_project", name=_line(one.sub_project))] if one.sub_project else []),
        texts("reminder.period", period=period),
        texts("reminder.due", day=day),
        *([texts("reminder.returned")] if one.deadline.submitted_at else []),
        "",
        texts("reminder.where", url=url),
        "",
        texts("reminder.why"),
    ]
    return texts(f"reminder.subject_{key}", **named), "\n".join(lines) + "\n"


def _line(text: str) -> str:
    """In one line, whatever breaks and blanks it has."""
    return " ".join(text.split())


def listed(reminders: Sequence[Reminder]) -> Iterator[str]:
    """What would be written, by ids."""
    for one in reminders:
        of, whom = one.deadline, "contact" if one.address else "managers"
        yield f"{one.due_on} {one.days:+} {of.period_code} sub-project {of.sub_project_id}: {whom}"
