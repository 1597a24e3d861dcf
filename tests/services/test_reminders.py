"""Reminders: of each due date and day one, to whom it concerns, whoever runs the command, how often and when."""

import datetime as dt
import os
import subprocess
import sys
import uuid
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import Result
from flask import Flask

from api import cli
from api.models.mails import Mail
from api.models.reports import Report
from api.scope import Scope
from api.services import reminders
from tests.examples import Bench
from tests.factories import Tenant, make
from tests.server import ROOT

DUE = dt.date(2012, 8, 31)


class Cron:
    """Runs the command on any day. Provider `a`'s sub-project has a contact with an address, `b`'s has none."""

    def __init__(self, app: Flask):
        self.app, self.bench = app, Bench(app)
        self.world = self.bench.world
        self.period = self.world.plan["periods"]
        with app.extensions["database"].engine.begin() as connection:
            connection.exec_driver_sql("DELETE FROM extensions")
        self.contact(email="aino@tunturi.example")
        self.due(DUE)

    def contact(self, **given: Any) -> None:
        key = self.world.a.ids["contacts"]
        etag = self.bench.open("contacts", key).headers["ETag"]
        assert self.bench.change("contacts", key, etag, json=given).status_code == 200

    def due(self, day: dt.date) -> None:
        etag = self.bench.open("periods", self.period).headers["ETag"]
        given = {"due_on": day.isoformat()}
        assert self.bench.change("periods", self.period, etag, json=given).status_code == 200

    def report(self, who: Tenant, **given: Any) -> None:
        with self.app.extensions["database"].session() as session:
            session.enter(Scope(provider_id=who.provider_id))
            session.execute(sa.update(Report).values(**given))
            session.commit()

    def run(self, day: dt.date, *options: str) -> Result:
        with self.app.app_context():
            runner = self.app.test_cli_runner()
            done = runner.invoke(cli.remind, ["--today", day.isoformat(), *options])
        assert done.exit_code == 0, done.output
        return done

    def outbox(self, who: Tenant | None = None) -> list[Any]:
        asked = sa.select(Mail.__table__).order_by(Mail.id)
        asked = asked.where(Mail.provider_id == (who or self.world.a).provider_id)
        with self.app.extensions["database"].session(write=False) as session:
            return list(session.execute(asked).mappings())

    def days(self, who: Tenant | None = None) -> list[tuple[str, int]]:
        return [(str(mail["due_on"]), mail["days"]) for mail in self.outbox(who)]

    def through(self, first: dt.date, last: dt.date) -> dict[str, int]:
        """Every day from one to another. :return: on which days `a` was written to, and for which"""
        written: dict[str, int] = {}
        while first <= last:
            known = {mail["id"] for mail in self.outbox()}
            self.run(first)
            new = [mail for mail in self.outbox() if mail["id"] not in known]
            written |= {first.isoformat(): mail["days"] for mail in new}
            first += dt.timedelta(1)
        return written


@pytest.fixture
def cron(app: Flask) -> Cron:
    return Cron(app)


# when


def test_on_four_days_around_a_due_date_one_mail_is_written(cron: Cron) -> None:
    written = cron.through(dt.date(2012, 8, 10), dt.date(2012, 9, 20))
    assert written == {"2012-08-17": -14, "2012-08-28": -3, "2012-09-01": 1, "2012-09-07": 7}


def test_however_often_it_runs_there_is_one(cron: Cron) -> None:
    assert (
        cron.run(dt.date(2012, 8, 28)).output == "1 written, 0 there already, 1 with no address.\n"
    )
    for _ in range(2):
        again = cron.run(dt.date(2012, 8, 28)).output
        assert again == "0 written, 1 there already, 1 with no address.\n"
    assert cron.days() == [("2012-08-31", -3)]


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2012-08-16", []),
        ("2012-08-23", [-14]),  # six days late
        ("2012-08-24", []),  # a week late
        ("2012-08-31", [-3]),
        ("2012-09-02", [1]),  # and not also the one of three days before
        ("2012-09-13", [7]),
        ("2012-09-14", []),
        ("2022-01-01", []),  # nobody is reminded of what was due years ago
    ],
)
def test_a_day_without_a_run_is_made_up_for_within_a_week(
    cron: Cron, day: str, expected: list[int]
) -> None:
    cron.run(dt.date.fromisoformat(day))
    assert [days for _, days in cron.days()] == expected


def test_a_due_date_that_moves_is_reminded_of_anew(cron: Cron) -> None:
    cron.run(dt.date(2012, 8, 28))
    cron.due(dt.date(2012, 9, 10))
    cron.run(dt.date(2012, 8, 28))
    cron.run(dt.date(2012, 9, 7))
    assert cron.days() == [("2012-08-31", -3), ("2012-09-10", -14), ("2012-09-10", -3)]
    cron.due(DUE)  # and back again: that has been said
    cron.run(dt.date(2012, 8, 28))
    assert len(cron.days()) == 3


def test_an_extension_moves_the_reminders_of_its_provider_alone(cron: Cron) -> None:
    contact = make(cron.app, "contacts", cron.world.b.provider_id, email="oiva@vaara.example")
    with cron.app.extensions["database"].session() as session:
        session.enter(Scope(provider_id=cron.world.b.provider_id))
        session.execute(sa.update(Report).values(contact_id=contact))
        session.commit()
    given = {"period_id": cron.period, "provider_id": cron.world.a.provider_id}
    make(cron.app, "extensions", **given, due_on="2012-09-10")
    cron.run(dt.date(2012, 8, 28))
    assert cron.days() == [("2012-09-10", -14)]
    assert cron.days(cron.world.b) == [("2012-08-31", -3)]


def test_the_days_are_a_setting(cron: Cron, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(cron.app.config, "REMIND_DAYS", (0, 30))
    written = cron.through(dt.date(2012, 8, 28), dt.date(2012, 10, 5))
    assert written == {"2012-08-31": 0, "2012-09-30": 30}


# of what


@pytest.mark.parametrize(
    ("state", "expected"),
    [("draft", [-3]), ("submitted", []), ("returned", [-3]), ("accepted", [])],
)
def test_what_is_with_the_ministry_is_not_asked_for(
    cron: Cron, state: str, expected: list[int]
) -> None:
    cron.report(cron.world.a, state=state)
    cron.run(dt.date(2012, 8, 28))
    assert [days for _, days in cron.days()] == expected


def test_a_sub_project_without_any_report_is_reminded_too(cron: Cron) -> None:
    key = cron.world.a.ids["reports"]
    assert cron.bench.change("reports", key, '"1"', "DELETE").status_code == 204
    cron.run(dt.date(2012, 8, 28))
    assert cron.days() == [("2012-08-31", -3)]


# to whom, and in which words


def test_the_contact_is_written_to_by_the_reports_language(cron: Cron) -> None:
    cron.report(cron.world.a, language="sv")
    cron.run(dt.date(2012, 8, 28))
    [mail] = cron.outbox()
    assert (mail["recipients"], mail["language"]) == (["aino@tunturi.example"], "sv")
    assert mail["contact_id"] == cron.world.a.ids["contacts"]
    assert "våren 2012" in mail["subject"]
    assert "31.8.2012" in mail["subject"]
    assert "Delprojekt: canary-a" in mail["text"]
    assert "https://lamppu.test" in mail["text"]


def test_where_no_contact_has_an_address_the_managers_are_told(cron: Cron) -> None:
    b = cron.world.b.provider_id
    for name, role, active in (
        ("oiva", "manager", True),
        ("saara", "manager", True),
        ("gone", "manager", False),
        ("viewer", "viewer", True),
    ):
        given = {"email": f"{name}@vaara.example", "name": name, "active": active}
        make(cron.app, "users", provider_id=b, role=role, **given)
    cron.run(dt.date(2012, 8, 28))
    [mail] = cron.outbox(cron.world.b)
    assert mail["recipients"] == ["oiva@vaara.example", "saara@vaara.example"]
    assert mail["contact_id"] is None


def test_the_reports_own_contact_goes_before_the_sub_projects(cron: Cron) -> None:
    contact = make(cron.app, "contacts", cron.world.a.provider_id, email="toinen@tunturi.example")
    cron.report(cron.world.a, contact_id=contact)
    cron.run(dt.date(2012, 8, 28))
    assert cron.outbox()[0]["recipients"] == ["toinen@tunturi.example"]


def test_where_the_reports_contact_has_no_address_the_sub_projects_is_told(cron: Cron) -> None:
    cron.report(cron.world.a, contact_id=make(cron.app, "contacts", cron.world.a.provider_id))
    cron.run(dt.date(2012, 8, 28))
    assert cron.outbox()[0]["recipients"] == ["aino@tunturi.example"]


def test_names_stay_in_their_line(cron: Cron) -> None:
    key = cron.world.plan["projects"]
    etag = cron.bench.open("projects", key).headers["ETag"]
    name = {"fi": "Hanke\r\nBcc: outsider@evil.example\u2028Jatkuu"}
    assert cron.bench.change("projects", key, etag, json={"name": name}).status_code == 200
    cron.run(dt.date(2012, 8, 28))
    [mail] = cron.outbox()
    assert len(mail["subject"].splitlines()) == 1
    assert "\nBcc:" not in mail["text"]
    assert "Hanke Bcc: outsider@evil.example Jatkuu" in mail["subject"]


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_a_mail_says_before_a_day_what_is_due_and_after_it_what_was(
    cron: Cron, language: str
) -> None:
    cron.report(cron.world.a, language=language)
    cron.run(dt.date(2012, 8, 31))
    cron.run(dt.date(2012, 9, 1))
    before, after = cron.outbox()
    assert before["subject"] != after["subject"]
    assert before["text"].splitlines()[2:] == after["text"].splitlines()[2:]
    assert "{" not in before["text"] + after["text"] + before["subject"] + after["subject"]


def test_a_dry_run_writes_nothing_and_names_nobody(cron: Cron) -> None:
    done = cron.run(dt.date(2012, 8, 28), "--dry-run")
    lines = done.output.splitlines()
    assert len(lines) == 2
    sub_project = cron.world.a.ids["sub_projects"]
    assert f"2012-08-31 -3 2012-spring sub-project {sub_project}: contact" in lines
    assert "@" not in done.output
    assert cron.outbox() == []


# several at once


def test_two_at_once_write_each_once(cron: Cron) -> None:
    for _ in range(30):
        sub_project = make(
            cron.app,
            "sub_projects",
            cron.world.a.provider_id,
            project_id=cron.world.plan["projects"],
            contact_id=cron.world.a.ids["contacts"],
        )
        assert isinstance(sub_project, uuid.UUID)
    names = ("DATABASE_URL", "SECRET_KEY", "JWT_KEYS_FILE", "PUBLIC_URL")
    environment = os.environ | {name: cron.app.config[name] for name in names}
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "remind", "--today", "2012-08-28"]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    both = [subprocess.Popen(command, cwd=ROOT, env=environment, **pipes) for _ in range(2)]
    told = [one.communicate(timeout=60)[0] for one in both]
    assert [one.returncode for one in both] == [0, 0], told
    written = [int(text.split(" written")[0].split()[-1]) for text in told]
    assert sum(written) == len(cron.outbox()) == 31


def test_two_who_have_both_seen_that_nothing_is_there_write_it_once(cron: Cron) -> None:
    database, days = cron.app.extensions["database"], cron.app.config["REMIND_DAYS"]
    with database.all_providers() as everyones:
        found = reminders.due(everyones, dt.date(2012, 8, 28), days)
    with database.session(write=False) as session:
        both = [reminders.mails(session, found, "https://lamppu.test") for _ in range(2)]
    assert [reminders.write(database, mails) for mails in both] == [1, 0]
    assert len(cron.outbox()) == 1
