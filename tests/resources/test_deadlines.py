"""When reports are due, and which were in time: as a sub-project sees it, and in numbers of a project."""

import datetime as dt
import uuid
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from uuid_utils.compat import uuid7

from api.models.reports import Report, ReportEvent, ReportVersion
from api.scope import Scope
from api.services import deadlines
from tests.accounts import code
from tests.examples import Bench
from tests.factories import Tenant, bearer, make

TODAY = dt.date(2012, 9, 1)


class Clerk:
    """Somebody who looks at due dates of provider `a`'s sub-project on a day, and can have a report be in any state."""

    def __init__(self, app: Flask):
        self.app, self.bench = app, Bench(app)
        self.world = self.bench.world
        self.project, self.period = self.world.plan["projects"], self.world.plan["periods"]
        with app.extensions["database"].engine.begin() as connection:
            connection.exec_driver_sql("DELETE FROM extensions")

    def due(self, day: str | None) -> None:
        etag = self.bench.open("periods", self.period).headers["ETag"]
        changed = self.bench.change("periods", self.period, etag, json={"due_on": day})
        assert changed.status_code == 200, changed.text

    def extend(self, day: str, who: Tenant) -> uuid.UUID:
        given = {"period_id": self.period, "provider_id": who.provider_id}
        return make(self.app, "extensions", **given, due_on=day, reason="Muutto")

    def submitted(self, at: str, who: Tenant, state: str = "submitted", **given: Any) -> uuid.UUID:
        """A report that covers the period, and was submitted at a moment."""
        body = {"sub_project_id": who.ids["sub_projects"], "period_ids": [self.period]} | given
        key = make(self.app, "reports", who.provider_id, **body)
        self.step(key, who, "submit", at, 1)
        self.put(key, who, state)
        return key

    def put(self, key: uuid.UUID, who: Tenant, state: str) -> None:
        with self.app.extensions["database"].session() as session:
            session.enter(Scope(provider_id=who.provider_id))
            session.execute(sa.update(Report).where(Report.id == key).values(state=state))
            session.commit()

    def step(self, key: uuid.UUID, who: Tenant, action: str, at: str, number: int) -> None:
        moment, by = dt.datetime.fromisoformat(at), uuid7()
        states = {"action": action, "from_state": "draft", "to_state": "submitted"}
        event = ReportEvent(
            report_id=key, at=moment, by_id=by, by_role="manager", version_number=number, **states
        )
        frozen = {"snapshot": "{}", "sha256": "0" * 64, "submitted_by": by}
        version = ReportVersion(report_id=key, number=number, submitted_at=moment, **frozen)
        with self.app.extensions["database"].session() as session:
            session.enter(Scope(provider_id=who.provider_id))
            session.add_all([event, version] if action == "submit" else [event])
            session.commit()

    def all(self, who: Tenant, by: dict[str, str] | None = None) -> list[dict[str, Any]]:
        path = f"/api/v1/sub-projects/{who.ids['sub_projects']}/deadlines"
        answer = self.bench.client.get(path, headers=by or self.bench.ministry)
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.get_json()["items"]
        return items

    def read(self, who: Tenant, period: uuid.UUID | None = None) -> dict[str, Any]:
        """What is told of one period."""
        key = str(period or self.period)
        [item] = [item for item in self.all(who) if item["period_id"] == key]
        return item

    def counts(self, by: dict[str, str] | None = None) -> Any:
        path = f"/api/v1/projects/{self.project}/deadlines"
        return self.bench.client.get(path, headers=by or self.bench.ministry)


@pytest.fixture
def clerk(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Clerk:
    monkeypatch.setattr(deadlines, "today", lambda: TODAY)
    clerk = Clerk(app)
    # What the world has of reports would cover the period too.
    for one in (clerk.world.a, clerk.world.b):
        with app.extensions["database"].session() as session:
            session.enter(Scope(provider_id=one.provider_id))
            session.delete(session.scalars(sa.select(Report)).one())
            session.commit()
    return clerk


def state(shown: dict[str, Any]) -> tuple[Any, ...]:
    return shown["state"], shown["on_time"], shown["days_left"]


def test_a_period_without_a_due_date_is_never_late(clerk: Clerk) -> None:
    shown = clerk.read(clerk.world.a)
    assert state(shown) == ("undated", None, None)
    clerk.submitted("2012-12-31T12:00:00+00:00", clerk.world.a)
    shown = clerk.read(clerk.world.a)
    assert state(shown) == ("undated", None, None)
    assert shown["submitted_at"] == "2012-12-31T12:00:00Z"


def test_before_a_submission_the_days_are_counted_down_and_on(clerk: Clerk) -> None:
    for day, expected in (
        ("2012-09-15", ("open", None, 14)),
        ("2012-09-01", ("open", None, 0)),
        ("2012-08-31", ("overdue", None, -1)),
    ):
        clerk.due(day)
        assert state(clerk.read(clerk.world.a)) == expected


def test_the_due_day_ends_at_midnight_in_finland_in_summer_and_in_winter(clerk: Clerk) -> None:
    cases = (
        ("2020-year", "2012-08-31", "2012-08-31T20:59:59.999999+00:00", ("on_time", True, 0)),
        ("2021-year", "2012-08-31", "2012-08-31T21:00:00+00:00", ("late", False, -1)),
        ("2022-year", "2013-01-31", "2013-01-31T21:59:59.999999+00:00", ("on_time", True, 0)),
        ("2023-year", "2013-01-31", "2013-01-31T22:00:00+00:00", ("late", False, -1)),
    )
    for name, day, moment, expected in cases:
        period = make(clerk.app, "periods", project_id=clerk.project, code=name, due_on=day)
        clerk.submitted(moment, clerk.world.a, period_ids=[period])
        assert state(clerk.read(clerk.world.a, period)) == expected, moment


def test_an_extension_holds_for_its_provider_alone_and_only_where_it_is_later(clerk: Clerk) -> None:
    clerk.due("2012-08-31")
    clerk.extend("2012-09-14", clerk.world.b)
    a, b = clerk.read(clerk.world.a), clerk.read(clerk.world.b)
    assert (a["extended_to"], a["reason"], state(a)) == (None, None, ("overdue", None, -1))
    told = (b["due_on"], b["extended_to"], b["reason"])
    assert told == ("2012-08-31", "2012-09-14", "Muutto")
    assert state(b) == ("open", None, 13)
    clerk.due("2012-09-20")  # for everybody, and past the extension
    b = clerk.read(clerk.world.b)
    assert (b["extended_to"], b["reason"], state(b)) == (None, None, ("open", None, 19))
    clerk.due(None)
    assert clerk.read(clerk.world.b)["extended_to"] == "2012-09-14"


def test_a_report_of_no_period_covers_all_of_them(clerk: Clerk) -> None:
    clerk.due("2012-08-31")
    later = make(
        clerk.app, "periods", project_id=clerk.project, code="2013-year", due_on="2013-01-31"
    )
    key = clerk.submitted("2012-08-30T12:00:00+00:00", clerk.world.a, period_ids=[])
    for period in (clerk.period, later):
        shown = clerk.read(clerk.world.a, period)
        assert (shown["report_id"], shown["state"]) == (str(key), "on_time")
    assert [one["period_id"] for one in clerk.all(clerk.world.a)] == [str(clerk.period), str(later)]


def test_a_return_leaves_a_submission_on_time_and_a_withdrawal_takes_it_away(clerk: Clerk) -> None:
    clerk.due("2012-08-31")
    key = clerk.submitted("2012-08-30T12:00:00+00:00", clerk.world.a, "returned")
    shown = clerk.read(clerk.world.a)
    assert (shown["report_state"], *state(shown)) == ("returned", "on_time", True, 1)
    clerk.step(key, clerk.world.a, "submit", "2012-09-05T12:00:00+00:00", 2)
    assert clerk.read(clerk.world.a)["submitted_at"] == "2012-08-30T12:00:00Z"
    clerk.step(key, clerk.world.a, "withdraw", "2012-08-30T13:00:00+00:00", 1)
    shown = clerk.read(clerk.world.a)
    assert (shown["submitted_at"], *state(shown)) == ("2012-09-05T12:00:00Z", "late", False, -5)


def test_of_several_reports_one_that_is_with_the_ministry_counts_and_of_these_the_first(
    clerk: Clerk,
) -> None:
    clerk.due("2012-08-31")
    returned = clerk.submitted("2012-08-01T12:00:00+00:00", clerk.world.a, "returned")
    make(
        clerk.app,
        "reports",
        clerk.world.a.provider_id,
        sub_project_id=clerk.world.a.ids["sub_projects"],
    )
    assert clerk.read(clerk.world.a)["report_id"] == str(returned)
    final = clerk.submitted("2012-09-01T12:00:00+00:00", clerk.world.a, "accepted", period_ids=[])
    assert clerk.read(clerk.world.a)["report_id"] == str(final)
    interim = clerk.submitted("2012-08-20T12:00:00+00:00", clerk.world.a)
    shown = clerk.read(clerk.world.a)
    assert (shown["report_id"], shown["on_time"]) == (str(interim), True)


def test_what_is_submitted_over_the_api_is_in_time_to_the_second(app: Flask, clerk: Clerk) -> None:
    clerk.due("2200-12-31")
    a = clerk.world.a
    key = make(app, "reports", a.provider_id, sub_project_id=a.ids["sub_projects"])
    path = f"/api/v1/reports/{key}"
    sent = clerk.bench.client.post(
        f"{path}/submit", json={}, headers=clerk.bench.manager | {"If-Match": '"1"'}
    )
    assert sent.status_code == 200, sent.text
    shown = clerk.read(a)
    assert (shown["state"], shown["submitted_at"]) == ("on_time", sent.get_json()["updated_at"])
    taken = clerk.bench.client.post(
        f"{path}/withdraw", json={}, headers=clerk.bench.manager | {"If-Match": '"2"'}
    )
    assert taken.status_code == 200
    shown = clerk.read(a)
    assert (shown["state"], shown["submitted_at"]) == ("open", None)


def test_a_project_is_counted_over_all_providers(app: Flask, clerk: Clerk) -> None:
    make(clerk.app, "periods", project_id=clerk.project, code="2014-year")
    clerk.due("2012-08-31")
    clerk.submitted("2012-08-30T12:00:00+00:00", clerk.world.a)
    told = clerk.counts().get_json()
    expected = {"due": 2, "on_time": 1, "late": 0, "open": 0, "overdue": 1, "on_time_rate": 0.5}
    assert {name: told[name] for name in expected} == expected
    first, second = told["periods"]
    assert first == expected | {
        "period_id": str(clerk.period),
        "period_code": "2012-spring",
        "due_on": "2012-08-31",
    }
    assert (second["due"], second["on_time_rate"]) == (0, None)
    clerk.extend("2012-09-14", clerk.world.b)
    told = clerk.counts().get_json()
    assert (told["open"], told["overdue"], told["on_time_rate"]) == (1, 0, 1.0)


def test_the_coordinators_people_read_the_numbers_and_no_other_participants(
    app: Flask, clerk: Clerk
) -> None:
    world = clerk.world
    clerk.due("2012-08-31")
    for role in ("viewer", "editor", "manager"):
        coordinators = clerk.counts(bearer(app, role, world.a.provider_id))
        assert (coordinators.status_code, coordinators.get_json()["due"]) == (200, 2)
        assert code(clerk.counts(bearer(app, role, world.b.provider_id))) == (403, "forbidden")
        assert code(clerk.counts(bearer(app, role, world.c.provider_id))) == (404, "not_found")


def test_a_provider_reads_the_due_dates_of_its_own_sub_projects(app: Flask, clerk: Clerk) -> None:
    a, b = clerk.world.a, clerk.world.b
    clerk.due("2012-08-31")
    path = f"/api/v1/sub-projects/{b.ids['sub_projects']}/deadlines"
    assert code(clerk.bench.client.get(path, headers=clerk.bench.manager)) == (404, "not_found")
    own = clerk.all(a, bearer(app, "viewer", a.provider_id))
    assert own == clerk.all(a)
    key = clerk.submitted("2012-08-30T12:00:00+00:00", b)
    [theirs] = clerk.all(b, bearer(app, "viewer", b.provider_id))
    assert theirs["report_id"] == str(key)
