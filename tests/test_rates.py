"""Rate limits: each caller has his own, all processes count it together, and every answer says how far it is."""

import http.client
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from api.app import create_app
from api.models.requests import RateWindow
from api.services import sweeps
from tests import server
from tests.accounts import LOGIN
from tests.contract.conforming import conforms
from tests.examples import statements
from tests.factories import bearer, make

GOALS, CONTACTS, KEYS = "/api/v1/goals", "/api/v1/contacts", "/.well-known/jwks.json"
BATCH = "/api/v1/batch"
# A minute that no test comes to the end of.
MINUTE = 1_800_000_000
Make = Callable[[int], Flask]


class Clock:
    now = MINUTE + 20.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limited(settings: dict[str, Any], clock: Clock) -> Iterator[Make]:
    """Applications with this limit: each is as good as a process of its own."""
    made: list[Flask] = []

    def make_one(limit: int) -> Flask:
        app = create_app(settings | {"RATE_LIMIT": limit})
        app.extensions["meter"].clock = clock
        made.append(app)
        return app

    yield make_one
    for app in made:
        app.extensions["database"].close()


@pytest.fixture
def caller(app: Flask) -> dict[str, str]:
    return bearer(app, "manager", make(app, "providers"))


def get(app: Flask, headers: dict[str, str], path: str = GOALS, **given: Any) -> TestResponse:
    return app.test_client().get(path, headers=headers, **given)


def left(response: TestResponse) -> tuple[int, int]:
    """What RateLimit says is left, and for how many seconds."""
    found = re.fullmatch(r'"(?:caller|address)";r=(\d+);t=(\d+)', response.headers["RateLimit"])
    assert found
    return int(found[1]), int(found[2])


def granted(app: Flask) -> list[int]:
    with app.extensions["database"].session(write=False) as session:
        return list(session.scalars(sa.select(RateWindow.granted)))


# one process


def test_every_answer_says_what_the_limit_is_and_what_is_left(
    limited: Make, caller: dict[str, str]
) -> None:
    app = limited(5)
    for spent in range(1, 6):
        response = get(app, caller)
        assert response.status_code == 200
        assert response.headers["RateLimit-Policy"] == '"caller";q=5;w=60'
        assert left(response) == (5 - spent, 40)


def test_past_the_limit_a_caller_is_refused_until_the_minute_is_over(
    limited: Make, caller: dict[str, str], clock: Clock
) -> None:
    app = limited(3)
    assert [get(app, caller).status_code for _ in range(5)] == [200, 200, 200, 429, 429]
    refused = get(app, caller)
    assert refused.content_type == "application/problem+json"
    problem = refused.get_json()
    assert (problem["code"], problem["status"]) == ("too_many_requests", 429)
    assert refused.headers["Retry-After"] == "40"
    assert left(refused) == (0, 40)
    clock.now += 40
    assert left(get(app, caller)) == (2, 60)


def test_a_caller_does_not_count_for_another(limited: Make, caller: dict[str, str]) -> None:
    app = limited(2)
    for _ in range(3):
        get(app, caller)
    colleague = bearer(app, "manager", make(app, "providers"))
    assert left(get(app, colleague)) == (1, 40)


def test_problems_tell_the_limit_too(limited: Make, caller: dict[str, str]) -> None:
    app = limited(100)
    client = app.test_client()
    answers = [
        client.get("/api/v1/nowhere", headers=caller),
        client.put(GOALS, headers=caller),
        client.get(GOALS, headers=caller | {"Accept": "image/png"}),
        client.get(GOALS),
        client.get(GOALS, headers=caller, query_string={"x": "1"}),
        client.post(CONTACTS, headers=caller, data="x"),
    ]
    assert [answer.status_code for answer in answers] == [404, 405, 406, 401, 422, 415]
    for answer in answers:
        assert 0 < left(answer)[0] < 100
    by_address = [answer.headers["RateLimit"].startswith('"address"') for answer in answers]
    assert by_address == [True, True, True, True, False, False]
    for answer in answers:
        policy = answer.headers["RateLimit"].partition(";")[0]
        assert answer.headers["RateLimit-Policy"] == f"{policy};q=100;w=60"


def test_who_does_not_say_who_he_is_is_counted_by_his_address(limited: Make) -> None:
    app = limited(3)
    client = app.test_client()

    def ask(address: str) -> int:
        return client.get(KEYS, environ_base={"REMOTE_ADDR": address}).status_code

    assert [ask("192.0.2.1") for _ in range(4)] == [200, 200, 200, 429]
    assert ask("192.0.2.2") == 200
    assert [ask(f"2001:db8::{n}") for n in range(4)] == [200, 200, 200, 429]  # one customer's
    assert ask("2001:db8:0:1::1") == 200


def test_who_guesses_tokens_is_counted_by_his_address(
    limited: Make, caller: dict[str, str]
) -> None:
    app = limited(3)
    guess = {"Authorization": "Bearer guess"}
    assert [get(app, guess).status_code for _ in range(4)] == [401, 401, 401, 429]
    assert get(app, caller).status_code == 200  # known, and so counted by himself


def test_who_asks_for_what_is_not_there_locks_nobody_out_of_signing_in(limited: Make) -> None:
    client = limited(3).test_client()
    assert {client.get("/api/v1/nowhere").status_code for _ in range(5)} == {404}
    assert [client.get(KEYS).status_code for _ in range(4)] == [200, 200, 200, 429]
    body = {"email": "aino@example.org", "password": "a wrong password"}
    assert [client.post(LOGIN, json=body).status_code for _ in range(4)] == [401, 401, 401, 429]


def test_a_preflight_is_not_counted(limited: Make) -> None:
    app = limited(1)
    for _ in range(3):
        assert app.test_client().options(GOALS).status_code == 204
    assert app.test_client().get(KEYS).status_code == 200


def test_with_no_limit_nothing_is_counted_or_said(app: Flask, caller: dict[str, str]) -> None:
    response = get(app, caller)
    assert not [name for name, _ in response.headers if name.startswith("RateLimit")]
    assert granted(app) == []


def test_the_table_tells_neither_caller_nor_address(limited: Make, caller: dict[str, str]) -> None:
    app = limited(5)
    get(app, caller)
    get(app, {})
    with app.extensions["database"].session(write=False) as session:
        names = session.scalars(sa.select(RateWindow.caller)).all()
    assert len(names) == 2
    assert all(re.fullmatch("[0-9a-f]{64}", name) for name in names)


# many processes


def test_processes_count_together(limited: Make, caller: dict[str, str]) -> None:
    processes = [limited(40) for _ in range(3)]
    statuses = [get(processes[n % 3], caller).status_code for n in range(60)]
    assert Counter(statuses) == {200: 40, 429: 20}
    assert granted(processes[0]) == [40]


def test_a_lease_is_asked_for_once_in_many_requests(limited: Make, caller: dict[str, str]) -> None:
    app = limited(100)
    asked: list[str] = []

    def note(*event: Any) -> None:
        asked.append(event[2])

    sa.event.listen(app.extensions["database"].counting, "before_cursor_execute", note)
    for _ in range(20):
        assert get(app, caller).status_code == 200
    leases = [one for one in asked if one.startswith("INSERT INTO rate_windows")]
    assert len(leases) == 4  # of five each
    with statements(app) as sent:
        get(app, caller)
    assert not [one for one in sent if "rate_windows" in one]


def batch(app: Flask, headers: dict[str, str], method: str, number: int = 5) -> TestResponse:
    one = {"method": method, "path": "/contacts"}
    one |= {"body": {"name": "Aino"}} if method == "POST" else {}
    body = {"operations": [one] * number}
    return app.test_client().post(BATCH, json=body, headers=headers)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_processes_count_the_operations_of_batches_together(
    limited: Make, caller: dict[str, str], method: str
) -> None:
    processes = [limited(20), limited(20)]
    told = [batch(processes[n % 2], caller, method) for n in range(5)]
    assert [answer.status_code for answer in told] == [200, 200, 200, 429, 429]
    assert [left(answer)[0] for answer in told] == [14, 8, 2, 2, 2]
    assert batch(processes[1], caller, method, 1).status_code == 200
    assert get(processes[0], caller).status_code == 429
    assert granted(processes[0]) == [20]


def test_a_batch_that_is_refused_leaves_what_is_left_to_any_process(
    limited: Make, caller: dict[str, str]
) -> None:
    first, second = limited(40), limited(40)
    assert batch(first, caller, "GET", 30).status_code == 200
    assert batch(second, caller, "GET", 20).status_code == 429
    statuses = [get(app, caller).status_code for app in [first] * 10]
    assert Counter(statuses) == {200: 9, 429: 1}


def test_what_is_left_is_told_as_it_is_after_a_write(limited: Make, caller: dict[str, str]) -> None:
    """On SQLite it is paid only when the write is done: another process has its part by then."""
    first, second = limited(10), limited(10)
    assert left(get(first, caller))[0] == 9
    assert left(get(second, caller))[0] == 8
    body = {"name": "Aino"}
    written = first.test_client().post(CONTACTS, json=body, headers=caller)
    assert left(written)[0] == 7


def test_writes_count_like_reads(limited: Make, caller: dict[str, str], engine: str) -> None:
    """On SQLite a write holds the lock that its lease would need, so one of each process may go past the limit."""
    processes = [limited(10), limited(10)]
    statuses = []
    for n in range(14):
        client = processes[n % 2].test_client()
        statuses.append(client.post(CONTACTS, json={"name": "Aino"}, headers=caller).status_code)
    assert 10 <= statuses.count(201) <= (12 if engine == "sqlite" else 10)
    assert set(statuses) == {201, 429}


def test_what_was_spent_while_another_writes_is_paid_later(
    limited: Make, app: Flask, caller: dict[str, str]
) -> None:
    """A long import holds the one lock of SQLite: readers go on, and nobody gets more than the limit by it."""
    first, second = limited(20), limited(20)
    with app.extensions["database"].session() as writer:
        writer.connection()  # begins
        assert [get(first, caller).status_code for _ in range(16)] == [200] * 16
    assert get(first, caller).status_code == 200
    statuses = [get(one, caller).status_code for one in (second, first) * 5]
    assert Counter(statuses) == {200: 3, 429: 7}


def test_a_process_alone_grants_no_more_than_the_limit_either(
    limited: Make, caller: dict[str, str]
) -> None:
    app = limited(6)
    broken = sa.create_engine("sqlite:////nowhere/at/all.db")
    app.extensions["meter"]._engine = broken
    assert Counter(get(app, caller).status_code for _ in range(9)) == {200: 6, 429: 3}
    broken.dispose()


def test_a_clock_ahead_of_ours_takes_nothing_from_the_limit(
    limited: Make, caller: dict[str, str]
) -> None:
    ahead, behind = limited(4), limited(4)
    ahead.extensions["meter"].clock = lambda: MINUTE + 61.0
    statuses = [get(app, caller).status_code for app in (ahead, behind) * 4]
    assert Counter(statuses) == {200: 4, 429: 4}


def test_callers_of_minutes_past_are_forgotten(
    limited: Make, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = limited(5)
    meter = app.extensions["meter"]
    for n in range(6):
        get(app, {}, KEYS, environ_base={"REMOTE_ADDR": f"192.0.2.{n}"})
    assert len(meter._accounts) == len(granted(app)) == 6
    monkeypatch.setattr(sweeps, "AT_ONCE", 4)
    clock.now += 3600
    get(app, {}, KEYS)
    assert len(meter._accounts) == 1
    assert len(granted(app)) == 3


def test_threads_of_one_process_count_together(limited: Make) -> None:
    meter = limited(100).extensions["meter"]
    with ThreadPoolExecutor(8) as pool:
        spent = list(pool.map(lambda _: meter.spend("somebody", writing=False), range(150)))
    assert sum(not standing.over for standing in spent) == 100


def test_workers_of_the_production_server_never_grant_more_than_the_limit(
    app: Flask, settings: dict[str, Any], caller: dict[str, str], tmp_path: Path
) -> None:
    limit, tries = 40, 130
    with server.running(settings | {"RATE_LIMIT": limit}, tmp_path / "log", workers=2) as url:

        def ask(_: int) -> tuple[int, int]:
            """The window in which the request was counted, and its status."""
            connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
            connection.request("GET", GOALS, headers=caller)
            response = connection.getresponse()
            conforms("GET", GOALS, response.status, response.headers, response.read())
            connection.close()
            _, _, seconds = response.headers["RateLimit"].rpartition("t=")
            return int(time.time() + int(seconds)) // 60, response.status

        with ThreadPoolExecutor(8) as pool:
            answers = Counter(pool.map(ask, range(tries)))
    windows = {window for window, _ in answers}
    assert len(windows) <= 2
    assert all(answers[window, 200] <= limit for window in windows), answers
    assert sum(answers[window, 429] for window in windows) >= tries - 2 * limit
    # The table keeps each caller's newest window: it may have begun just before the last request.
    assert max(granted(app)) >= answers[max(windows), 200]


def test_workers_of_the_production_server_count_the_operations_of_batches_together(
    settings: dict[str, Any], caller: dict[str, str], tmp_path: Path
) -> None:
    """Each window has three batches of five, by whichever worker; `RateLimit` is true after each of them."""
    told: dict[int, list[tuple[int, int]]] = {}
    with server.running(settings | {"RATE_LIMIT": 20}, tmp_path / "log", workers=2) as url:
        for number in range(8):
            read = {"method": "GET", "path": "/contacts"}
            write = {"method": "POST", "path": "/contacts", "body": {"name": "Aino"}}
            body = json.dumps({"operations": [read, read, read, read, [read, write][number % 2]]})
            connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
            connection.request("POST", BATCH, body, caller | {"Content-Type": "application/json"})
            response = connection.getresponse()
            response.read()
            connection.close()
            found = re.fullmatch(r'"caller";r=(\d+);t=(\d+)', response.headers["RateLimit"])
            assert found
            window = int(time.time() + int(found[2])) // 60
            told.setdefault(window, []).append((response.status, int(found[1])))
    assert len(told) <= 2
    for answers in told.values():
        expected = [(200, 14), (200, 8), (200, 2), *[(429, 2)] * 5]
        assert answers == expected[: len(answers)]
