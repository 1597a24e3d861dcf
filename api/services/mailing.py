"""Emptying the outbox: each mail is handed to a mail server once, but for a crash between that and noting it.

A mail is taken under a lease, in a transaction of its own, so that no transaction is open while a server takes its
time, and any number may send at once. Who is killed leaves a lease that runs out: the mail is sent again then, with the
`Message-ID` that it had, by which receivers can tell. What a server does not take for now is tried again, later each
time; what it refuses for good, or nobody takes for days, ends with the reason kept. With its end a mail is forgotten,
but for what it was about and when.
"""

import contextlib
import logging
import random
import re
import smtplib
import ssl
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa
from uuid_utils.compat import uuid7

from api.base import now
from api.config import MailServer
from api.db import Database
from api.models.mails import Mail, MailOutcome
from api.scope import Session
from api.services import sweeps

log = logging.getLogger("lamppu.mails")

TIMEOUT = 60.0  # seconds, for each answer of a server
# Much longer than handing over a mail takes, of whose answers each may take that long.
LEASE = timedelta(minutes=15)
# After a mail that was not taken: twice as long each time, and anything between half of it and all.
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=5), timedelta(hours=4)
# As long as mail servers try it themselves (RFC 5321 §4.5.4.1): nobody is reminded of what was due last month.
GIVE_UP_AFTER = timedelta(days=5)
# What is left of a mail keeps a second one of its kind from being written, and has to stay longer than one could be.
KEPT_FOR = timedelta(days=90)
SETTLE_AGAIN_AFTER = (0.5, 1.0, 2.0)  # seconds
_PERMANENT = 500
# What can come of a mail in one run.
ENDS = (*[outcome.value for outcome in MailOutcome], "put_off")
_m = Mail.__table__.c
_PLAIN = {"synchronize_session": False}
# What goes when a mail has come to its end: whom it went to, and what it said.
_FORGOTTEN: dict[str, Any] = {
    **{"recipients": None, "subject": None, "text": None},
    **{"lease": None, "lease_until": None, "next_attempt_at": None},
}


class Unreachable(Exception):
    """The server is not there, or takes nothing from us: no fault of any mail. Its text names no address."""


@dataclass(frozen=True)
class Answer:
    """What came of handing a mail over: an outcome, or None when it is to be tried again."""

    outcome: MailOutcome | None
    reply: str | None = None


@dataclass(frozen=True)
class Letter:
    """A mail that is to be sent."""

    id: uuid.UUID
    lease: uuid.UUID
    created_at: datetime
    attempts: int
    language: str
    recipients: list[str]
    subject: str
    text: str


class Postman:
    """Hands the mails of an outbox to a server.

    :param public_url: by whose host mails and this client are named
    :param chance: gives numbers from 0 to 1, of which the waits depend
    """

    def __init__(
        self,
        database: Database,
        server: MailServer,
        sender: str,
        public_url: str,
        *,
        lease: timedelta = LEASE,
        timeout: float = TIMEOUT,
        clock: Callable[[], datetime] = now,
        chance: Callable[[], float] = random.random,
    ):
        self.database, self.server, self.sender = database, server, sender
        self.host = urlsplit(public_url).hostname or "localhost"
        self.lease, self.timeout, self.clock, self.chance = lease, timeout, clock, chance
        # How many came to which of `ENDS`.
        self.done = Counter[str]()

    def empty(self) -> None:
        """Send what is due by now, in the order in which it was written.

        :raises Unreachable: the server is not there; nothing is lost by that
        """
        with self.database.session() as session:
            self.done[MailOutcome.EXPIRED.value] += sweep(session, self.clock())
            session.commit()
        with contextlib.closing(_Line(self.server, self.host, self.timeout)) as line:
            while letter := self._take():
                try:
                    answer = line.hand_over(self._written(letter), self.sender, letter.recipients)
                except (ValueError, MessageError) as error:
                    # Of an address that is none to the library: it would end every run.
                    answer = Answer(MailOutcome.REFUSED, type(error).__name__)
                except Unreachable:
                    self._update(letter, {"lease": None, "lease_until": None})
                    raise
                self._settle(letter, answer)
                self.done[answer.outcome.value if answer.outcome else "put_off"] += 1

    def _take(self) -> Letter | None:
        """The next one that is due and in nobody's hands, which is ours from then on."""
        moment, lease = self.clock(), uuid7()
        due = sa.or_(_m.next_attempt_at.is_(None), _m.next_attempt_at <= moment)
        names = ("id", "created_at", "attempts", "language", "recipients", "subject", "text")
        asked = sa.select(*[_m[name] for name in names]).where(
            _m.done_at.is_(None), due, _free(moment)
        )
        asked = asked.order_by(_m.id).limit(1).with_for_update(skip_locked=True)
        with self.database.session() as session:
            row = session.execute(asked).mappings().first()
            if row is None:
                return None
            taken = {"lease": lease, "lease_until": moment + self.lease}
            mine = sa.update(Mail).where(_m.id == row["id"]).values(taken)
            session.execute(mine, execution_options=_PLAIN)
            session.commit()
        return Letter(lease=lease, **row)

    def _written(self, letter: Letter) -> EmailMessage:
        """As RFC 5322 has it. The library refuses a line break in a header, and encodes what is not ASCII."""
        mail = EmailMessage(policy=SMTP)
        mail["From"] = Address("LAMPPU", addr_spec=self.sender)
        mail["To"] = [_address(one) for one in letter.recipients]
        mail["Subject"] = letter.subject
        mail["Date"] = format_datetime(letter.created_at)
        mail["Message-ID"] = f"<{letter.id}@{self.host}>"
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834 §5: nobody's absence answers it
        mail.set_content(letter.text, cte="quoted-printable")
        mail["Content-Language"] = letter.language
        return mail

    def _settle(self, letter: Letter, answer: Answer) -> None:
        """Note what came of it; tried again where others write for long, or it would be sent again after the lease."""
        moment, attempts = self.clock(), letter.attempts + 1
        values: dict[str, Any] = {"attempts": attempts, "reply": answer.reply}
        if answer.outcome:
            values |= {"done_at": moment, "outcome": answer.outcome.value, **_FORGOTTEN}
        else:
            later = moment + self._wait(attempts)
            values |= {"next_attempt_at": later, "lease": None, "lease_until": None}
        if answer.outcome is not MailOutcome.SENT:
            log.warning("mail %s: %s: %s", letter.id, answer.outcome or "put off", answer.reply)
        for seconds in SETTLE_AGAIN_AFTER:
            try:
                return self._update(letter, values)
            except sa.exc.OperationalError as error:
                log.warning("mail %s: %s", letter.id, type(error.orig).__name__)
                time.sleep(seconds)
        return self._update(letter, values)

    def _wait(self, attempts: int) -> timedelta:
        doublings = min(attempts - 1, 20)
        return min(FIRST_WAIT * (1 << doublings), LONGEST_WAIT) * (1 + self.chance()) / 2

    def _update(self, letter: Letter, values: dict[str, Any]) -> None:
        """Unless the lease has run out and somebody else has it."""
        mine = sa.update(Mail).where(_m.id == letter.id, _m.lease == letter.lease)
        with self.database.session() as session:
            session.execute(mine.values(values), execution_options=_PLAIN)
            session.commit()


def sweep(session: Session, moment: datetime) -> int:
    """Give up what nobody has taken for days, and forget what has been over for long.

    :return: how many were given up
    """
    old = sa.update(Mail).where(
        _m.done_at.is_(None), _m.created_at < moment - GIVE_UP_AFTER, _free(moment)
    )
    over = {"done_at": moment, "outcome": MailOutcome.EXPIRED.value, **_FORGOTTEN}
    given_up: Any = session.execute(old.values(over), execution_options=_PLAIN)
    past = sweeps.some(Mail.id, Mail.done_at < moment - KEPT_FOR)
    session.execute(sa.delete(Mail).where(Mail.id.in_(past)), execution_options=_PLAIN)
    return int(given_up.rowcount)


def _free(moment: datetime) -> sa.ColumnElement[bool]:
    """In nobody's hands."""
    return sa.or_(_m.lease_until.is_(None), _m.lease_until <= moment)


def waiting(session: Session) -> int:
    """How many are still to be sent."""
    asked = sa.select(sa.func.count()).select_from(Mail.__table__).where(_m.done_at.is_(None))
    return session.execute(asked).scalar_one()


def _address(text: str) -> Address:
    """With quotes around a local part that has to have them (RFC 5321 §4.1.2)."""
    local, _, domain = text.rpartition("@")
    return Address(username=local, domain=domain)


# the line to a server


class _Line:
    """A connection, opened when the first mail is to be sent, and again after it was closed."""

    def __init__(self, server: MailServer, host: str, timeout: float):
        self.server, self.host, self.timeout = server, host, timeout
        self.client: smtplib.SMTP | None = None

    def close(self) -> None:
        if self.client:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                self.client.quit()
            self.client.close()

    def hand_over(self, mail: EmailMessage, sender: str, recipients: list[str]) -> Answer:
        """:raises Unreachable: no server takes any mail from us"""
        addresses = [_address(one).addr_spec for one in recipients]
        client = self._open()
        try:
            refused = client.send_message(mail, sender, addresses)
        except smtplib.SMTPSenderRefused as error:
            raise Unreachable(f"it refuses the sender: {_reply(error)}") from error
        except smtplib.SMTPRecipientsRefused as error:
            return _of_recipients(error.recipients)
        except smtplib.SMTPDataError as error:
            permanent = error.smtp_code >= _PERMANENT
            return Answer(MailOutcome.REFUSED if permanent else None, _reply(error))
        except smtplib.SMTPNotSupportedError:  # SMTPUTF8, RFC 6531
            return Answer(MailOutcome.REFUSED, "The server takes no address that is not ASCII.")
        except (OSError, smtplib.SMTPException) as error:
            self._hang_up()
            return Answer(None, type(error).__name__)
        told = f"{len(refused)} of {len(recipients)} recipients were refused." if refused else None
        return Answer(MailOutcome.SENT, told)

    def _open(self) -> smtplib.SMTP:
        """A connection on which mails can be handed over, the one there is or a new one."""
        if self.client and self.client.sock:
            return self.client
        server, trusted = self.server, ssl.create_default_context()
        here: dict[str, Any] = {"local_hostname": self.host, "timeout": self.timeout}
        try:
            if server.tls == "implicit":
                self.client = smtplib.SMTP_SSL(server.host, server.port, context=trusted, **here)
            else:
                self.client = smtplib.SMTP(server.host, server.port, **here)
            if server.tls == "starttls":
                self.client.starttls(context=trusted)
            if server.user and server.password:
                self.client.login(server.user, server.password)
        except smtplib.SMTPResponseException as error:
            self._hang_up()
            raise Unreachable(_reply(error)) from error
        except (OSError, smtplib.SMTPException) as error:
            self._hang_up()
            raise Unreachable(type(error).__name__) from error
        return self.client

    def _hang_up(self) -> None:
        if self.client:
            self.client.close()
        self.client = None


def _of_recipients(refused: dict[str, tuple[int, bytes]]) -> Answer:
    """Nobody is sent it: for good only when that is so of each."""
    code, text = max(refused.values(), key=lambda told: told[0] < _PERMANENT)
    permanent = all(code >= _PERMANENT for code, _ in refused.values())
    return Answer(MailOutcome.REFUSED if permanent else None, _masked(code, text))


def _reply(error: smtplib.SMTPResponseException) -> str:
    return _masked(error.smtp_code, error.smtp_error)


def _masked(code: int, text: bytes | str) -> str:
    """What a server said, without addresses, on one line."""
    words = text.decode("ascii", "replace") if isinstance(text, bytes) else text
    plain = re.sub(r"\S*@\S*", "…", " ".join(words.split()))
    return f"{code} {''.join(one for one in plain if one.isprintable())}"[:300]
