"""The outbox: emptied in order, each mail once, and nothing lost whoever refuses, hangs up, is away or is killed."""

import datetime as dt
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from flask import Flask
from uuid_utils.compat import uuid7

from api import cli
from api.base import now
from api.config import settings as checked
from api.models.mails import Mail
from api.services import mailing
from api.services.mailing import GIVE_UP_AFTER, KEPT_FOR, Postman, Unreachable
from tests.postbox import ACCOUNT, OK, Postbox, certificate, postbox
from tests.postgres import free_port
from tests.server import ROOT

FROM = "lamppu@ministry.example"
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


class Office:
    """An outbox, a server, and a clock that goes on when a test says so."""

    def __init__(self, app: Flask, box: Postbox):
        self.app, self.box, self.ahead = app, box, dt.timedelta()
        self.database = app.extensions["database"]

    def clock(self) -> dt.datetime:
        return now() + self.ahead

    def write(self, number: int = 1, **given: Any) -> list[uuid.UUID]:
        """Mails as reminders are, to somebody each."""
        ids = [uuid7() for _ in range(number)]
        with self.database.session() as session:
            for place, key in enumerate(ids):
                mail = {
                    **{"id": key, "kind": "reminder", "days": -3, "due_on": dt.date(2012, 8, 31)},
                    **{"provider_id": uuid7(), "sub_project_id": uuid7(), "period_id": uuid7()},
                    **{"language": "fi", "recipients": [f"aino{place}@tunturi.example"]},
                    **{"subject": f"Muistutus {place}", "text": "Hyvää päivää.\n"},
                }
                session.add(Mail(**mail | given))
            session.commit()
        return ids

    def postman(self, url: str | None = None, **given: Any) -> Postman:
        server = self.config(url)["MAIL_URL"]
        address = self.app.config["PUBLIC_URL"]
        return Postman(self.database, server, FROM, address, **{"clock": self.clock} | given)

    def config(self, url: str | None = None) -> dict[str, Any]:
        secrets = {"SECRET_KEY": "x" * 32, "JWT_KEYS_FILE": "keys.json"}
        return checked(secrets | {"MAIL_URL": url or self.box.url, "MAIL_FROM": FROM})

    def send(self, **given: Any) -> dict[str, int]:
        """:return: how many came to which end"""
        postman = self.postman(**given)
        postman.empty()
        return {end: number for end, number in postman.done.items() if number}

    def rows(self) -> list[Any]:
        with self.database.session(write=False) as session:
            return list(session.execute(sa.select(Mail.__table__).order_by(Mail.id)).mappings())

    def process(self, *options: str) -> "subprocess.Popen[str]":
        given = self.app.config
        environment = os.environ | {
            **{"MAIL_URL": self.box.url, "MAIL_FROM": FROM, "PUBLIC_URL": given["PUBLIC_URL"]},
            **{name: given[name] for name in ("DATABASE_URL", "SECRET_KEY", "JWT_KEYS_FILE")},
        }
        command = [sys.executable, "-m", "flask", "--app", "wsgi", "send-mail", *options]
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        return subprocess.Popen(command, cwd=ROOT, env=environment, text=True, **pipes)


@pytest.fixture
def office(app: Flask) -> Iterator[Office]:
    with postbox() as box:
        yield Office(app, box)


def refusing(number: int, answer: str) -> Any:
    """That answer to what is said of the mail with this number."""
    return lambda said: answer if str(number) in str(said) else OK


# what is sent


def test_mails_are_sent_in_the_order_in_which_they_were_written(office: Office) -> None:
    ids = office.write(3)
    assert office.send() == {"sent": 3}
    assert office.box.subjects == ["Muistutus 0", "Muistutus 1", "Muistutus 2"]
    assert office.box.ids == [f"<{key}@lamppu.test>" for key in ids]
    assert office.send() == {}
    assert len(office.box.taken) == 3


def test_a_mail_says_what_it_is_in_letters_that_every_server_takes(office: Office) -> None:
    subject = "Määräaika – åäö" + " pitkä" * 30
    office.write(subject=subject, text="Hyvää päivää, 雪\n.\nrivi\n")
    office.send()
    [mail] = office.box.taken
    assert mail["Subject"] == subject
    assert mail.get_content().splitlines() == ["Hyvää päivää, 雪", ".", "rivi"]
    assert mail["From"] == f"LAMPPU <{FROM}>"
    assert mail["To"] == "aino0@tunturi.example"
    assert (mail["Auto-Submitted"], mail["Content-Language"]) == ("auto-generated", "fi")
    assert mail.as_bytes().isascii()
    assert {"Bcc", "Cc"} & {*mail} == set()


def test_a_line_break_makes_no_header(office: Office) -> None:
    """However it got there: such a mail is refused, and the next one goes out."""
    office.write(subject="Muistutus\r\nBcc: outsider@evil.example")
    office.write(subject="Muistutus\nBcc: outsider@evil.example")
    office.write(recipients=["aino@tunturi.example\r\nRCPT TO:<outsider@evil.example>"])
    office.write()
    assert office.send() == {"refused": 3, "sent": 1}
    assert office.box.recipients == [["aino0@tunturi.example"]]


def test_an_odd_local_part_is_one_address(office: Office) -> None:
    office.write(recipients=["aino,outsider@tunturi.example"])
    assert office.send() == {"sent": 1}
    [[address]] = office.box.recipients
    assert address.rpartition("@")[2] == "tunturi.example"
    assert len(office.box.taken[0]["To"].addresses) == 1


def test_whom_it_went_to_is_forgotten_when_it_was_sent(office: Office) -> None:
    [key] = office.write()
    office.send()
    [row] = office.rows()
    kept = {name: value for name, value in row.items() if value is not None}
    assert (kept["id"], kept["outcome"]) == (key, "sent")
    assert {"recipients", "subject", "text", "lease", "reply"} & {*kept} == set()
    assert "aino" not in str(kept)


# what is not taken


def test_what_is_refused_for_good_is_given_up_with_the_reason(office: Office) -> None:
    office.write(3)
    office.box.rcpt = refusing(1, "550 5.1.1 <aino1@tunturi.example> is nobody here")
    assert office.send() == {"sent": 2, "refused": 1}
    row = office.rows()[1]
    assert (row["outcome"], row["reply"]) == ("refused", "550 5.1.1 … is nobody here")
    assert row["recipients"] is row["text"] is None
    assert office.send() == {}


def test_what_a_server_refuses_when_it_has_read_it_is_given_up_too(office: Office) -> None:
    office.write(2)
    office.box.data = lambda mail: "554 5.7.1 Not like this" if "0" in mail["Subject"] else OK
    assert office.send() == {"sent": 1, "refused": 1}
    assert office.rows()[0]["reply"] == "554 5.7.1 Not like this"


@pytest.mark.parametrize("stage", ["rcpt", "data"])
def test_what_is_not_taken_now_is_tried_later_each_time(office: Office, stage: str) -> None:
    [key] = office.write()
    setattr(office.box, stage, lambda _: "450 4.2.1 Come again")
    waits = []
    for attempt in range(1, 9):
        began = office.clock()
        assert office.send(chance=lambda: 1.0) == {"put_off": 1}
        assert office.send() == {}
        [row] = office.rows()
        assert (row["attempts"], row["reply"]) == (attempt, "450 4.2.1 Come again")
        waits.append((row["next_attempt_at"] - began) // dt.timedelta(minutes=1))
        office.ahead += row["next_attempt_at"] - office.clock() + dt.timedelta(seconds=1)
    assert waits == [5, 10, 20, 40, 80, 160, 240, 240]
    setattr(office.box, stage, lambda _: OK)
    assert office.send() == {"sent": 1}
    assert office.box.ids == [f"<{key}@lamppu.test>"]


def test_of_several_recipients_those_are_told_who_are_there(office: Office) -> None:
    office.write(recipients=["aino0@tunturi.example", "oiva1@tunturi.example"])
    office.box.rcpt = refusing(1, "550 Nobody")
    assert office.send() == {"sent": 1}
    assert office.box.recipients == [["aino0@tunturi.example"]]
    assert office.rows()[0]["reply"] == "1 of 2 recipients were refused."


def test_one_recipient_who_may_be_told_later_keeps_the_mail(office: Office) -> None:
    office.write(recipients=["aino0@tunturi.example", "oiva1@tunturi.example"])
    office.box.rcpt = lambda address: "450 Busy" if "1" in address else "550 Nobody"
    assert office.send() == {"put_off": 1}


def test_a_server_that_hangs_up_halfway_gets_the_mail_again(office: Office) -> None:
    office.write(3)
    office.box.data = lambda mail: "" if "1" in mail["Subject"] else OK
    assert office.send() == {"sent": 2, "put_off": 1}
    office.box.data = lambda _: OK
    office.ahead += HOUR
    assert office.send() == {"sent": 1}
    assert sorted(office.box.subjects) == ["Muistutus 0", "Muistutus 1", "Muistutus 2"]


def test_a_server_that_is_not_there_costs_no_mail_an_attempt(office: Office) -> None:
    office.write(2)
    away = f"smtp://127.0.0.1:{free_port()}/?tls=none"
    with pytest.raises(Unreachable):
        office.send(url=away)
    assert [(row["attempts"], row["lease"]) for row in office.rows()] == [(0, None)] * 2
    assert office.send() == {"sent": 2}


def test_a_server_that_refuses_the_sender_loses_no_mail(office: Office) -> None:
    office.write(2)
    office.box.sender = lambda _: f"550 5.7.1 {FROM} may not send"
    with pytest.raises(Unreachable, match=r"550 5\.7\.1 … may not send"):
        office.send()
    office.box.sender = lambda _: OK
    assert office.send() == {"sent": 2}


def test_an_address_that_is_not_ascii_needs_a_server_that_knows_such(app: Flask) -> None:
    for knows, expected in ((True, {"sent": 1}), (False, {"refused": 1})):
        with postbox(enable_SMTPUTF8=knows) as box:
            office = Office(app, box)
            office.write(recipients=["väinö@tunturi.example"])
            assert office.send() == expected


def test_what_nobody_takes_for_days_is_given_up_and_forgotten(office: Office) -> None:
    office.write()
    office.box.rcpt = lambda _: "450 Come again"
    office.ahead += GIVE_UP_AFTER - HOUR
    assert office.send() == {"put_off": 1}
    office.ahead += 5 * HOUR
    assert office.send() == {"expired": 1}
    [row] = office.rows()
    assert (row["outcome"], row["recipients"], row["reply"]) == ("expired", None, "450 Come again")
    office.ahead += KEPT_FOR + DAY
    assert office.send() == {}
    assert office.rows() == []


# TLS


def test_a_password_goes_by_tls_and_only_to_a_server_that_is_trusted(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, public = certificate(tmp_path)
    user, password = (quote(one, safe="") for one in ACCOUNT)
    with postbox(tls=context) as box:
        office = Office(app, box)
        office.write(2)
        url = box.url.replace("//", f"//{user}:{password}@")
        with pytest.raises(Unreachable, match="SSLCertVerificationError"):
            office.send(url=url)
        monkeypatch.setenv("SSL_CERT_FILE", str(public))
        with pytest.raises(Unreachable, match=r"^535 "):
            office.send(url=box.url.replace("//", f"//{user}:wrong@"))
        assert box.taken == []
        assert office.send(url=url) == {"sent": 2}
        assert box.signed_in == [True, True]


def test_a_server_without_starttls_gets_nothing_when_tls_is_wanted(office: Office) -> None:
    office.write()
    with pytest.raises(Unreachable):
        office.send(url=office.box.url.partition("?")[0])
    assert office.box.taken == []


def test_tls_from_the_start(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context, public = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(public))
    with postbox("smtps", context) as box:
        office = Office(app, box)
        office.write()
        assert office.send() == {"sent": 1}


# several at once, and killed ones


def test_what_somebody_has_in_hand_nobody_else_sends(office: Office) -> None:
    office.write(2)

    first = office.postman()
    letter = first._take()
    assert letter
    assert office.send() == {"sent": 1}
    assert office.box.subjects == ["Muistutus 1"]
    office.ahead += mailing.LEASE
    assert office.send() == {"sent": 1}
    assert office.box.subjects == ["Muistutus 1", "Muistutus 0"]


def test_two_processes_at_once_send_each_mail_once(office: Office) -> None:
    office.write(40)
    both = [office.process() for _ in range(2)]
    told = [one.communicate(timeout=60)[0] for one in both]
    assert [one.returncode for one in both] == [0, 0], told
    assert sorted(office.box.ids) == sorted({*office.box.ids})
    assert len(office.box.ids) == 40
    assert "@tunturi" not in "".join(told)


def test_who_is_killed_before_he_could_note_it_has_the_mail_sent_again_under_its_id(
    office: Office,
) -> None:
    [key] = office.write()
    killed: list[int] = []

    def kill(_: EmailMessage) -> str:
        """It is taken; its sender never hears of that."""
        if not killed:
            killed.append(process.pid)
            os.kill(process.pid, signal.SIGKILL)
        return OK

    office.box.data = kill
    process = office.process()
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    assert office.send() == {}  # as long as its lease lasts
    office.ahead += mailing.LEASE
    assert office.send() == {"sent": 1}
    assert office.box.ids == [f"<{key}@lamppu.test>"] * 2


# the command


@pytest.fixture
def operated(office: Office, monkeypatch: pytest.MonkeyPatch) -> Office:
    for name in ("MAIL_URL", "MAIL_FROM"):
        monkeypatch.setitem(office.app.config, name, office.config()[name])
    return office


def run(office: Office) -> tuple[int, str]:
    with office.app.app_context():
        done = office.app.test_cli_runner().invoke(cli.send_mail)
    return done.exit_code, done.output


def test_the_command_says_how_many_came_to_which_end(operated: Office) -> None:
    operated.write(2)
    operated.box.rcpt = refusing(1, "550 Nobody")
    code, told = run(operated)
    assert (code, told.splitlines()[-1]) == (0, "1 sent, 1 refused, 0 expired, 0 put off.")


def test_the_command_fails_where_the_server_is_not_there(
    operated: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    operated.write()
    away = operated.config(f"smtp://127.0.0.1:{free_port()}/?tls=none")["MAIL_URL"]
    monkeypatch.setitem(operated.app.config, "MAIL_URL", away)
    code, told = run(operated)
    assert code == 1
    assert "The mail server takes nothing: ConnectionRefusedError." in told
    assert "0 sent" in told


def test_without_a_server_mails_stay_in_the_outbox_and_it_says_so(office: Office) -> None:
    office.write(2)
    assert run(office) == (0, "MAIL_URL is not set: 2 wait in the outbox.\n")
    assert office.send() == {"sent": 2}


def test_what_is_logged_of_a_mail_names_nobody(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    office.write(2)
    office.box.rcpt = lambda address: f"450 {address} is away"
    assert office.send() == {"put_off": 2}
    told = [record.getMessage() for record in caplog.records if record.name == "lamppu.mails"]
    assert len(told) == 2
    assert "450 … is away" in told[0]
    assert "aino" not in "".join(told)
