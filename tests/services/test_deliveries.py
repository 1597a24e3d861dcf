"""Deliveries to webhooks: in order, by one at a time, and nothing left out whoever fails, stops or is killed."""

import contextlib
import datetime as dt
import itertools
import os
import random
import re
import signal
import ssl
import subprocess
import sys
import threading
import time
import typing as t
import uuid
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from flask import Flask
from uuid_utils.compat import uuid7
from werkzeug.datastructures import Headers

from api.app import create_app
from api.base import now
from api.cli import deliver
from api.models.contacts import Contact
from api.models.webhooks import Webhook, WebhookDelivery
from api.scope import Scope, insert_all
from api.services import deliveries
from api.services.deliveries import Courier
from api.services.posting import Poster
from tests.contract.conforming import current
from tests.examples import Bench
from tests.factories import bearer, make
from tests.followers import Follower
from tests.receivers import Received, Receiver, receiving
from tests.server import ROOT

HOUR = dt.timedelta(hours=1)


class Clock:
    """The time, which goes on when a test says so."""

    def __init__(self) -> None:
        self.ahead = dt.timedelta()

    def __call__(self) -> dt.datetime:
        return now() + self.ahead

    def advance(self, by: dt.timedelta) -> None:
        self.ahead += by


class Desk:
    """A manager of `a` with a webhook that begins here, its receiver, and a courier with a clock of his own."""

    def __init__(self, app: Flask, receiver: Receiver):
        self.app, self.receiver, self.bench = app, receiver, Bench(app)
        self.app.config["WEBHOOKS_TO_PRIVATE"] = 1
        self.clock = Clock()

    @property
    def a(self) -> uuid.UUID:
        return self.bench.world.a.provider_id

    def webhook(self, by: dict[str, str] | None = None, **given: t.Any) -> str:
        """A webhook with a secret; whose, the caller says."""
        headers = by or self.bench.manager
        body = {"url": self.receiver.url} | given
        made = self.bench.client.post("/api/v1/webhooks", json=body, headers=headers)
        assert made.status_code == 201, made.text
        key = str(made.get_json()["id"])
        self.secret = self.post(key, "secret", {}, headers)["secret"]
        return key

    def post(
        self, key: str, what: str, body: dict[str, t.Any], by: dict[str, str] | None = None
    ) -> dict[str, t.Any]:
        path = f"/api/v1/webhooks/{key}/{what}"
        answer = self.bench.client.post(path, json=body, headers=by or self.bench.manager)
        assert answer.status_code == 200, answer.text
        shown: dict[str, t.Any] = answer.get_json()
        return shown

    def shown(self, key: str, by: dict[str, str] | None = None) -> dict[str, t.Any]:
        path = f"/api/v1/webhooks/{key}"
        shown: dict[str, t.Any] = self.bench.client.get(
            path, headers=by or self.bench.manager
        ).get_json()
        return shown

    def attempts(self, key: str) -> list[dict[str, t.Any]]:
        path = f"/api/v1/webhooks/{key}/deliveries?limit=500"
        answer = self.bench.client.get(path, headers=self.bench.manager)
        items: list[dict[str, t.Any]] = answer.get_json()["items"]
        return items

    def change(self, key: str, **given: t.Any) -> None:
        etag = f'"{self.shown(key)["version"]}"'
        changed = self.bench.change("webhooks", key, etag, json=given)
        assert changed.status_code == 200, changed.text

    def courier(self, **given: t.Any) -> Courier:
        poster = Poster(to_private=True, tls=TLS, each=2, whole=4)
        database, key = self.app.extensions["database"], self.app.config["SECRET_KEY"]
        return Courier(database, key, poster, **{"clock": self.clock} | given)

    def contact(self, name: str = "Aino", owner: uuid.UUID | None = None) -> str:
        return str(make(self.app, "contacts", owner or self.a, name=name))

    def log(self, by: dict[str, str] | None = None) -> Follower:
        """Somebody who begins to follow here, as the webhook does."""
        follower = Follower(self.bench.client, by or self.bench.manager)
        follower.read()
        follower.items.clear()
        return follower


def told(items: list[dict[str, t.Any]]) -> list[tuple[str, str, int | None]]:
    return [(item["resource"], item["id"], item["version"]) for item in items]


TLS = ssl.create_default_context()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


@pytest.fixture
def desk(app: Flask, receiver: Receiver) -> Iterator[Desk]:
    yield Desk(app, receiver)
    app.config["WEBHOOKS_TO_PRIVATE"] = 0


# what is sent


def test_what_changes_is_sent_as_the_log_tells_it_and_signed(
    desk: Desk, receiver: Receiver
) -> None:
    desk.contact("before")
    key, follower = desk.webhook(), desk.log()
    made = desk.contact()
    etag = desk.bench.open("contacts", made).headers["ETag"]
    changed = desk.bench.change("contacts", made, etag, json={"name": "Eino"})
    gone = desk.bench.change("contacts", made, changed.headers["ETag"], "DELETE")
    assert gone.status_code == 204
    desk.courier().once()
    [came] = receiver.taken
    current().judge_sent("changes", Headers(came.headers), came.body)
    assert came.is_signed_by(desk.secret)
    assert not came.is_signed_by("whsec_" + "A" * 43 + "=")
    assert came.headers["content-type"] == "application/json"
    assert abs(int(came.headers["webhook-timestamp"]) - now().timestamp()) < 60
    news = follower.read()
    assert told(news) == [("contacts", made, 1), ("contacts", made, 2), ("contacts", made, None)]
    plain = [{n: item[n] for n in item if n != "position"} for item in came.page["items"]]
    assert plain == [{n: item[n] for n in item if n not in ("position", "row")} for item in news]
    assert (came.page["more"], came.page["next"]) == (False, came.page["items"][-1]["position"])
    shown = desk.shown(key)
    assert (shown["position"], shown["failures"]) == (came.page["next"], 0)
    assert shown["last_status"] == 204
    desk.courier().once()
    assert len(receiver.all) == 1


def test_nothing_is_sent_without_a_secret_or_out_of_use(desk: Desk, receiver: Receiver) -> None:
    body = {"url": receiver.url}
    made = desk.bench.client.post("/api/v1/webhooks", json=body, headers=desk.bench.manager)
    idle = desk.webhook(active=False)
    desk.contact()
    desk.courier().once()
    assert receiver.all == []
    desk.change(idle, active=True)
    desk.courier().once()
    assert len(receiver.taken) == 1
    desk.post(made.get_json()["id"], "secret", {})
    desk.courier().once()
    assert len(receiver.taken) == 2


def test_a_long_log_comes_page_by_page_in_order(
    desk: Desk, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "ENTRIES", 7)
    key, follower = desk.webhook(), desk.log()
    for number in range(30):
        desk.contact(f"Aino {number}")
    desk.courier().once()
    assert [len(page["items"]) for page in receiver.pages] == [7, 7, 7, 7, 2]
    assert [page["more"] for page in receiver.pages] == [True] * 4 + [False]
    assert told(receiver.items) == told(follower.read())
    attempts = desk.attempts(key)
    assert [one["items"] for one in attempts] == [2, 7, 7, 7, 7]
    for later, earlier in itertools.pairwise(attempts):
        assert later["after"] == earlier["position"]


def test_only_what_it_follows_is_sent_and_the_rest_is_passed_over(
    desk: Desk, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "ENTRIES", 3)
    key = desk.webhook(resources=["goals"])
    start = desk.shown(key)["position"]
    for _ in range(10):
        desk.contact()
    desk.courier().once()
    passed = desk.shown(key)["position"]
    assert (receiver.all, passed != start, desk.attempts(key)) == ([], True, [])
    goal, _ = desk.bench.created("goals")
    for _ in range(10):
        desk.contact()
    desk.courier().once()
    assert told(receiver.items) == [("goals", goal, 1)]


def test_no_accounts_are_told_of_and_no_webhooks(desk: Desk, receiver: Receiver) -> None:
    desk.webhook()
    make(desk.app, "users", email="x@koulu.example", role="viewer", name="x", provider_id=desk.a)
    make(desk.app, "clients", scopes=[], name="x", provider_id=desk.a)
    for _ in range(3):  # each of which changes the webhook's own row
        desk.contact()
        desk.courier().once()
    assert {item["resource"] for item in receiver.items} == {"contacts"}
    assert len(receiver.items) == 3


def test_another_providers_rows_are_never_in_it(desk: Desk) -> None:
    world = desk.bench.world
    with receiving() as of_b, receiving() as of_ministry:
        desk.webhook()
        by_b = bearer(desk.app, "manager", world.b.provider_id)
        desk.webhook(by_b, url=of_b.url)
        desk.webhook(desk.bench.ministry, url=of_ministry.url)
        mine, theirs = desk.contact(), desk.contact("canary-b", world.b.provider_id)
        third = desk.contact("canary-c", world.c.provider_id)
        desk.courier().once()
        heard = [{item["id"] for item in one.items} for one in (desk.receiver, of_b, of_ministry)]
    assert heard == [{mine}, {theirs}, {mine, theirs, third}]


def test_the_ministrys_webhook_begins_where_it_was_made_too(desk: Desk, receiver: Receiver) -> None:
    follower = desk.log(desk.bench.ministry)
    desk.webhook(desk.bench.ministry)
    desk.contact()
    make(desk.app, "programmes")
    desk.courier().once()
    assert told(receiver.items) == told(follower.read())
    assert [item["resource"] for item in receiver.items] == ["contacts", "programmes"]


def test_the_guides_check_lets_in_what_is_sent_and_nothing_else(
    desk: Desk, receiver: Receiver
) -> None:
    guide = (ROOT / "openapi" / "guides" / "pulling.md").read_text(encoding="utf-8")
    [block] = re.findall(r"```python\n(import base64.*?)```", guide, re.DOTALL)
    told_there: dict[str, t.Any] = {}
    exec(block.replace("print(", "(", 1), told_there)
    is_ours = told_there["is_ours"]
    key = desk.webhook()
    old = desk.secret
    desk.contact()
    desk.courier().once()
    new = desk.post(key, "secret", {"keep_old_hours": 1})["secret"]
    desk.contact()
    desk.courier().once()
    desk.clock.advance(2 * HOUR)
    desk.contact()
    desk.courier().once()
    fits = [
        [
            is_ours(one, came.headers, came.body, int(came.headers["webhook-timestamp"]))
            for one in (old, new)
        ]
        for came in receiver.taken
    ]
    assert fits == [[True, False], [True, True], [False, True]]
    first, second = receiver.taken[:2]
    assert is_ours(old, first.headers, first.body)
    assert not is_ours(old, first.headers, first.body + b" ")
    assert not is_ours(old, first.headers | {"webhook-id": second.id}, first.body)
    assert not is_ours(old, first.headers, first.body, now().timestamp() + 301)


# who fails


def test_a_message_that_is_not_taken_comes_again_as_it_was_under_the_same_id(
    desk: Desk, receiver: Receiver
) -> None:
    key = desk.webhook()
    receiver.answer = lambda _: 500
    first = desk.contact()
    desk.courier().once()
    second = desk.contact()
    desk.clock.advance(HOUR)
    desk.courier().once()
    assert (desk.shown(key)["failures"], desk.shown(key)["last_status"]) == (2, 500)
    receiver.answer = lambda _: 200
    desk.clock.advance(HOUR)
    desk.courier().once()
    assert [one.id for one in receiver.all] == [receiver.all[0].id] * 3 + [receiver.taken[1].id]
    assert receiver.taken[1].id != receiver.taken[0].id
    pages = [[item["id"] for item in one.page["items"]] for one in receiver.all]
    assert pages == [[first], [first], [first], [second]]
    assert {one["status"] for one in desk.attempts(key)} == {500, 200}
    assert (desk.shown(key)["failures"], desk.shown(key)["next_attempt_at"]) == (0, None)


def test_the_waits_grow_twofold_to_some_hours_and_are_scattered(
    desk: Desk, receiver: Receiver
) -> None:
    key = desk.webhook()
    receiver.answer = lambda _: 503
    desk.contact()
    for chance in (0.0, 1.0):
        waits = []
        for _ in range(14):
            desk.courier(chance=lambda chance=chance: chance).once()
            due = dt.datetime.fromisoformat(desk.shown(key)["next_attempt_at"])
            waits.append((due - desk.clock()).total_seconds())
            desk.courier().once()  # too early
            desk.clock.advance(due - desk.clock() + dt.timedelta(seconds=1))
        whole = [min(10 * 2**n, 4 * 3600) * (1 + chance) / 2 for n in range(14)]
        assert waits == pytest.approx(whole, abs=3)
        desk.post(key, "replay", {"after": desk.shown(key)["position"]})
    assert len(receiver.all) == 28


def test_a_receiver_that_is_not_there_is_tried_again(desk: Desk) -> None:
    with receiving() as gone:
        url = gone.url
    key = desk.webhook(url=url)
    desk.contact()
    desk.courier().once()
    [attempt] = desk.attempts(key)
    assert (attempt["status"], attempt["error"]) == (None, "unreachable")
    assert desk.shown(key)["failures"] == 1
    desk.change(key, url=desk.receiver.url)  # is reason enough to try at once
    desk.courier().once()
    assert len(desk.receiver.taken) == 1


def test_whoever_says_that_he_is_gone_is_sent_nothing_more(desk: Desk, receiver: Receiver) -> None:
    key = desk.webhook()
    version = desk.shown(key)["version"]
    receiver.answer = lambda _: 410
    made = desk.contact()
    for _ in range(2):
        desk.courier().once()
        desk.clock.advance(24 * HOUR)
    shown = desk.shown(key)
    assert (shown["active"], shown["disabled_reason"]) == (False, "gone")
    assert (len(receiver.all), shown["version"]) == (1, version + 1)
    receiver.answer = lambda _: 200
    desk.change(key, active=True)
    assert desk.shown(key)["disabled_reason"] is None
    desk.courier().once()
    assert [item["id"] for item in receiver.items] == [made]


def test_days_of_failures_end_it_with_a_reason(desk: Desk, receiver: Receiver) -> None:
    key = desk.webhook()
    receiver.answer = lambda _: 500
    desk.contact()
    tries = 0
    while desk.shown(key)["active"]:
        desk.courier().once()
        tries += 1
        desk.clock.advance(4 * HOUR)
        assert tries < 50
    assert desk.shown(key)["disabled_reason"] == "failing"
    assert tries == 1 + 5 * 24 // 4


def test_few_failures_end_nothing_however_long_ago_the_first_was(
    desk: Desk, receiver: Receiver
) -> None:
    key = desk.webhook()
    receiver.answer = lambda _: 500
    desk.contact()
    for _ in range(9):
        desk.courier().once()
        desk.clock.advance(30 * 24 * HOUR)
    assert desk.shown(key)["active"] is True
    desk.courier().once()
    assert desk.shown(key)["active"] is False


def test_another_secret_key_sets_it_out_of_use_until_it_is_given_all_anew(
    desk: Desk, receiver: Receiver, settings: dict[str, object]
) -> None:
    key, secret_key = desk.webhook(), "another secret, long enough to be taken"
    made = desk.contact()
    poster = Poster(to_private=True, tls=TLS)
    other = Courier(desk.app.extensions["database"], secret_key, poster)
    other.once()
    shown = desk.shown(key)
    assert (shown["active"], shown["disabled_reason"], receiver.all) == (False, "key_changed", [])
    given = {"SECRET_KEY": secret_key, "WEBHOOKS_TO_PRIVATE": 1}
    restarted = create_app(settings | given)
    desk.bench.client = restarted.test_client()
    desk.secret = desk.post(key, "secret", {"keep_old_hours": 1})["secret"]
    desk.post(key, "replay", {"after": None})
    desk.change(key, active=True)
    other.once()
    assert receiver.taken[0].is_signed_by(desk.secret)
    assert receiver.items[-1]["id"] == made
    restarted.extensions["database"].close()


def test_a_receiver_who_fails_half_of_the_time_misses_nothing(
    desk: Desk, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "ENTRIES", 4)
    key, follower, chance = desk.webhook(), desk.log(), random.Random(7)
    receiver.answer = lambda _: chance.choice([200, 500, 302, 204])
    for number in range(40):
        desk.contact(f"Aino {number}")
        desk.courier().once()
        desk.clock.advance(HOUR / 2)
    receiver.answer = lambda _: 200
    for _ in range(3):
        desk.clock.advance(4 * HOUR)
        desk.courier().once()
    assert told(receiver.items) == told(follower.read())
    assert len(receiver.all) > len(receiver.taken)
    assert desk.shown(key)["failures"] == 0


def test_one_who_does_not_answer_keeps_nobody_else_waiting(desk: Desk) -> None:
    over = threading.Event()
    with receiving() as slow:
        slow.answer = lambda _: 200 if over.wait(20) else 500
        desk.webhook(url=slow.url)
        desk.webhook()
        desk.contact()
        with ThreadPoolExecutor(1) as pool:
            done = pool.submit(desk.courier().once)
            desk.receiver.wait_for(lambda: len(desk.receiver.taken) == 1)
            slow.wait_for(lambda: len(slow.all) == 1)
            over.set()
            done.result()


def test_many_slow_ones_with_long_logs_leave_threads_to_others(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "ENTRIES", 1)
    over, others = threading.Event(), desk.bench.other_manager
    with receiving() as slow:
        slow.answer = lambda _: 200 if over.wait(20) else 500
        for _ in range(deliveries.THREADS + 1):
            desk.webhook(url=slow.url)
        desk.webhook(others)
        desk.contact()
        desk.contact()
        desk.contact("Eino", desk.bench.world.b.provider_id)
        with ThreadPoolExecutor(1) as pool:
            done = pool.submit(desk.courier().once)
            desk.receiver.wait_for(lambda: len(desk.receiver.taken) == 1)
            slow.wait_for(lambda: len(slow.all) == deliveries.THREADS_OF_ONE)
            over.set()
            done.result()
        assert slow.most_at_once == deliveries.THREADS_OF_ONE
        assert len(slow.taken) == 2 * (deliveries.THREADS + 1)


def test_after_a_message_the_next_ones_turn_comes(
    desk: Desk, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "ENTRIES", 1)
    monkeypatch.setattr(deliveries, "THREADS", 1)
    for name in "abc":
        desk.webhook(url=f"{receiver.url}/{name}")
    for _ in range(3):
        desk.contact()
    desk.courier().once()
    assert [one.path[-1] for one in receiver.all] == ["a", "b", "c"] * 3


def test_what_was_taken_is_kept_though_somebody_else_writes_for_long(
    desk: Desk, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "SETTLE_AGAIN_AFTER", (0.0, 0.0))
    key, courier = desk.webhook(), desk.courier()
    desk.contact()
    left = iter([True, True])

    def locked(*_: t.Any) -> None:
        if receiver.all and next(left, False):
            raise sa.exc.OperationalError("UPDATE", {}, Exception("database is locked"))

    writing = desk.app.extensions["database"].engine
    sa.event.listen(writing, "before_cursor_execute", locked)
    try:
        courier.once()
    finally:
        sa.event.remove(writing, "before_cursor_execute", locked)
    assert (len(receiver.taken), len(desk.attempts(key)), next(left, None)) == (1, 1, None)
    desk.clock.advance(HOUR)
    desk.courier().once()
    assert len(receiver.all) == 1


# who is replayed


def test_it_goes_on_from_wherever_it_is_told_to(desk: Desk, receiver: Receiver) -> None:
    key, follower = desk.webhook(), desk.log()
    for _ in range(3):
        desk.contact()
    follower.read()
    desk.courier().once()
    first = receiver.taken[0]
    place = first.page["items"][0]["position"]
    assert desk.post(key, "replay", {"after": place})["position"] == place
    desk.courier().once()
    again = receiver.taken[1]
    assert again.id != first.id  # or whoever drops doubles would drop it
    assert told(again.page["items"]) == told(first.page["items"][1:])
    desk.post(key, "replay", {"after": follower.items[1]["position"]})  # of the caller's own log
    desk.courier().once()
    assert told(receiver.taken[2].page["items"]) == told(first.page["items"][2:])
    assert desk.post(key, "replay", {"after": None})["position"] is None
    desk.courier().once()
    everything = Follower(desk.bench.client, bearer(desk.app, "viewer", desk.a))
    assert told(receiver.taken[3].page["items"]) == told(everything.read())


def test_a_replay_is_not_undone_by_a_message_under_way(desk: Desk, receiver: Receiver) -> None:
    key = desk.webhook()
    made = desk.contact()
    start = desk.shown(key)["position"]

    def meanwhile(_: Received) -> int:
        receiver.answer = lambda _: 200
        desk.post(key, "replay", {"after": start})
        return 200

    receiver.answer = meanwhile
    for _ in range(2):
        desk.courier().once()
    assert [one.page["items"][0]["id"] for one in receiver.taken] == [made, made]
    assert receiver.taken[0].id != receiver.taken[1].id


def test_what_it_follows_can_change_while_a_message_is_under_way(
    desk: Desk, receiver: Receiver
) -> None:
    key = desk.webhook(resources=["goals"])
    contact = desk.contact()
    goal, _ = desk.bench.created("goals")

    def meanwhile(_: Received) -> int:
        receiver.answer = lambda _: 200
        desk.change(key, resources=["contacts", "goals"])
        return 500

    receiver.answer = meanwhile
    for _ in range(2):
        desk.courier().once()
        desk.clock.advance(HOUR)
    assert [item["id"] for item in receiver.items] == [contact, goal]
    assert len({one.id for one in receiver.all}) == 2


def test_a_message_that_was_packed_before_a_change_is_not_begun_after_it(
    desk: Desk, receiver: Receiver
) -> None:
    """Or what it follows would change under an id that it has been given."""
    key, courier = desk.webhook(), desk.courier()
    desk.contact()
    message = courier._pack(uuid.UUID(key))
    assert message is not None
    desk.change(key, resources=["goals"])
    assert courier._claim(message) is False
    courier.once()
    assert receiver.all == []


# several at once, and killed


def test_several_couriers_at_once_send_each_message_once_and_one_at_a_time(
    desk: Desk, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "ENTRIES", 2)
    desk.webhook()
    follower = desk.log()
    for _ in range(24):
        desk.contact()

    def work() -> None:
        courier = desk.courier()
        while len(receiver.items) < 24:
            courier.once()

    with ThreadPoolExecutor(3) as pool:
        for done in [pool.submit(work) for _ in range(3)]:
            done.result()
    assert told(receiver.items) == told(follower.read())
    assert (len(receiver.all), receiver.most_at_once) == (12, 1)


def test_a_courier_who_is_gone_is_stood_in_for_when_his_lease_is_over(
    desk: Desk, receiver: Receiver
) -> None:
    key = desk.webhook()
    desk.contact()
    gone = desk.courier()
    message = gone._pack(uuid.UUID(key))
    assert message is not None
    assert gone._claim(message)
    desk.courier().once()
    assert receiver.all == []
    desk.clock.advance(deliveries.LEASE)
    desk.courier().once()
    assert [one.id for one in receiver.taken] == [message.id]
    # He was only slow: what he has to say of it by now is noted, and moves nothing.
    answer = gone.poster.post(message.url, gone._headers(message, now()), message.body)
    position = desk.shown(key)["position"]
    assert gone._settle(message, answer, now()) is False
    assert desk.shown(key)["position"] == position
    assert len(desk.attempts(key)) == 2


# What the command does, over and over: a fork is there at once, where a start takes seconds.
WORKERS = """
import os, sys, threading
from datetime import timedelta
from api.db import Database
from api.services import deliveries
from api.services.posting import Poster
url, key = sys.argv[1:]
deliveries.ENTRIES, deliveries.SECONDS_BETWEEN = 5, 0.02
for _ in sys.stdin:
    if not (worker := os.fork()):
        lease, poster = timedelta(seconds=0.1), Poster(to_private=True)
        deliveries.Courier(Database(url), key, poster, lease=lease).run(threading.Event())
    print(worker, flush=True)
    os.waitpid(worker, 0)
"""


class Workers:
    """Processes that deliver, one after another."""

    def __init__(self, settings: Mapping[str, object]):
        given = [str(settings[name]) for name in ("DATABASE_URL", "SECRET_KEY")]
        self.process = subprocess.Popen(
            [sys.executable, "-c", WORKERS, *given],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    @contextlib.contextmanager
    def working(self) -> Iterator[None]:
        """One of them, killed when it is over."""
        stdin, stdout = (
            t.cast(t.IO[str], self.process.stdin),
            t.cast(t.IO[str], self.process.stdout),
        )
        stdin.write("\n")
        stdin.flush()
        worker = int(stdout.readline())
        try:
            yield
        finally:
            os.kill(worker, signal.SIGKILL)

    def close(self) -> None:
        self.process.communicate()


@pytest.fixture
def workers(settings: dict[str, object]) -> Iterator[Workers]:
    found = Workers(settings)
    yield found
    found.close()


def many(desk: Desk, count: int) -> None:
    moment = {"version": 1, "created_at": now(), "updated_at": now()}
    rows = [{"id": uuid7(), "name": f"Aino {number}"} | moment for number in range(count)]
    with desk.app.extensions["database"].session() as session:
        session.enter(Scope(provider_id=desk.a))
        insert_all(session, Contact.__table__, rows)
        session.commit()


def test_workers_that_are_killed_at_any_moment_miss_nothing(
    desk: Desk, receiver: Receiver, workers: Workers
) -> None:
    desk.webhook()
    follower, chance = desk.log(), random.Random(3)
    held = threading.Event()

    def answer(_: Received) -> int:
        if len(receiver.all) == 1:  # whose sender is killed before he has his answer
            held.wait(30)
        time.sleep(chance.random() / 50)
        return 200

    receiver.answer = answer
    many(desk, 200)
    for _ in range(8):
        seen = len(receiver.all) + chance.randrange(1, 4)
        with workers.working():
            receiver.wait_for(lambda seen=seen: len(receiver.all) >= min(seen, 40))
        held.set()
    many(desk, 20)
    with workers.working():
        receiver.wait_for(lambda: len(receiver.items) >= 220)
    assert told(receiver.items) == told(follower.read())
    assert len(receiver.taken) > len(receiver.pages)  # some came twice


def test_the_command_delivers_until_it_is_told_to_stop(
    desk: Desk, receiver: Receiver, settings: dict[str, object]
) -> None:
    desk.webhook()
    many(desk, 150)
    given = settings | {"WEBHOOKS_TO_PRIVATE": 1}
    environment = os.environ | {name: str(value) for name, value in given.items()}
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "deliver"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment)
    receiver.wait_for(lambda: len(receiver.items) >= 150)
    desk.contact()
    receiver.wait_for(lambda: len(receiver.items) >= 151)
    process.terminate()
    assert process.wait(30) == 0


def test_the_command_can_deliver_once(desk: Desk, receiver: Receiver) -> None:
    desk.webhook()
    many(desk, 150)
    with desk.app.app_context():
        done = desk.app.test_cli_runner().invoke(deliver, ["--once"])
    assert (done.exit_code, done.output) == (0, "")
    assert len(receiver.items) == 150


# what is kept of it


def test_attempts_are_kept_for_a_month_and_no_more_than_a_number_of_them(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "KEPT_MOST", 3)
    key = desk.webhook()
    for number in range(5):
        desk.contact(f"Aino {number}")
        desk.courier().once()
    newest = [one["position"] for one in desk.attempts(key)]
    assert len(newest) == 3
    assert newest[0] == desk.shown(key)["position"]
    with desk.app.extensions["database"].session() as session:
        old = now() - dt.timedelta(days=31)
        session.execute(sa.update(WebhookDelivery).values(at=old))
        session.commit()
    desk.contact()
    desk.courier().once()
    assert len(desk.attempts(key)) == 1


def test_the_database_holds_no_secret_that_it_could_give_away(desk: Desk) -> None:
    key = uuid.UUID(desk.webhook())
    with desk.app.extensions["database"].session() as session:
        row = session.get_one(Webhook, key)
        kept = " ".join(str(getattr(row, column.name)) for column in Webhook.__table__.c)
    assert desk.secret.removeprefix("whsec_") not in kept
    assert row.secret
