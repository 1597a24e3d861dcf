"""Idempotency-Key: a POST that is sent again is done once."""

import contextlib
import http.client
import json
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from api.app import create_app
from api.base import now
from api.models.requests import IdempotencyKey
from api.models.users import User
from api.services import idempotency, rows, sweeps
from tests import server
from tests.accounts import new_client, signed_in
from tests.contract.conforming import conforms
from tests.examples import Bench
from tests.factories import bearer

CONTACTS = "/api/v1/contacts"
AINO = {"name": "Aino"}


@pytest.fixture
def bench(app: Flask) -> Bench:
    return Bench(app)


def post(bench: Bench, key: str, body: Any = AINO, **given: Any) -> TestResponse:
    headers = given.pop("by", bench.manager)
    path = given.pop("path", CONTACTS)
    return bench.client.post(path, json=body, headers=headers | {"Idempotency-Key": key}, **given)


def called(bench: Bench, name: str) -> int:
    """How many contacts have this name."""
    items = bench.open("contacts", query_string={"limit": 500}).get_json()["items"]
    return [item["name"] for item in items].count(name)


@contextlib.contextmanager
def kept(app: Flask) -> Iterator[Any]:
    """The table of keys."""
    with app.extensions["database"].session() as session:
        yield session
        session.commit()


def count(app: Flask) -> int:
    with kept(app) as session:
        return int(session.scalar(sa.select(sa.func.count()).select_from(IdempotencyKey)))


def age(app: Flask, by: timedelta) -> None:
    with kept(app) as session:
        for row in session.scalars(sa.select(IdempotencyKey)):
            row.created_at = now() - by


# the first answer again


def test_the_same_request_is_done_once_and_answered_alike(bench: Bench) -> None:
    first, again = post(bench, "k-1"), post(bench, "k-1")
    assert first.status_code == again.status_code == 201
    assert first.get_data() == again.get_data()
    for name in ("Location", "ETag", "Content-Type"):
        assert first.headers[name] == again.headers[name]
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert first.headers["X-Request-ID"] != again.headers["X-Request-ID"]
    assert called(bench, "Aino") == 1


def test_the_first_answer_stands_though_the_row_has_changed_since(bench: Bench) -> None:
    first = post(bench, "k")
    key, etag = first.get_json()["id"], first.headers["ETag"]
    bench.change("contacts", key, etag, json={"name": "Eino"})
    assert post(bench, "k").get_json()["name"] == "Aino"
    bench.change("contacts", key, '"2"', "DELETE")
    assert post(bench, "k").get_data() == first.get_data()
    assert called(bench, "Aino") == 0


def test_without_a_key_the_same_request_is_done_twice_and_nothing_is_kept(bench: Bench) -> None:
    for _ in range(2):
        assert bench.open("contacts", method="POST", json=AINO).status_code == 201
    assert called(bench, "Aino") == 2
    assert count(bench.app) == 0


def test_another_key_is_another_request(bench: Bench) -> None:
    assert post(bench, "k").get_json()["id"] != post(bench, "K").get_json()["id"]


@pytest.mark.parametrize(
    "other",
    [
        {"body": {"name": "Eino"}},
        {"path": "/api/v1/goals"},
        {"query_string": {"x": "1"}},
        {"content_type": "application/json; charset=utf-8"},
    ],
)
def test_another_request_under_the_same_key_is_refused(bench: Bench, other: dict[str, Any]) -> None:
    assert post(bench, "k").status_code == 201
    response = post(bench, "k", **({"body": AINO} | other))
    assert response.status_code == 422
    (fault,) = response.get_json()["errors"]
    assert (fault["code"], fault["header"]) == ("key_reused", "Idempotency-Key")
    assert called(bench, "Eino") == 0


def test_a_key_is_its_callers_own(bench: Bench) -> None:
    colleague = bearer(bench.app, "editor", bench.world.a.provider_id)
    keys = [post(bench, "k", by=by) for by in (bench.manager, colleague, bench.other_manager)]
    assert [response.status_code for response in keys] == [201] * 3
    assert len({response.get_json()["id"] for response in keys}) == 3


def test_who_has_moved_to_another_provider_is_not_shown_what_he_made_for_the_first(
    app: Flask,
) -> None:
    bench = Bench(app)
    browser = signed_in(app, role="manager", provider_id=bench.world.a.provider_id)
    headers = {"Idempotency-Key": "k"}

    def make() -> TestResponse:
        headers["Authorization"] = f"Bearer {browser.token}"
        return browser.open(CONTACTS, "POST", json=AINO, headers=headers)

    first = make()
    with kept(app) as session:
        user = session.scalars(sa.select(User).where(User.email == "aino@example.org")).one()
        user.provider_id = bench.world.b.provider_id
    browser.login()
    second = make()
    assert second.status_code == 201
    assert second.get_json()["provider_id"] != first.get_json()["provider_id"]


def test_who_has_the_right_no_more_is_refused_and_not_answered_from_before(bench: Bench) -> None:
    owner = bench.world.a.provider_id
    script = new_client(bench.app, ["records:read", "records:write"], provider_id=owner)

    def token(scope: str) -> dict[str, str]:
        form = {"grant_type": "client_credentials", "scope": scope}
        answer = bench.client.post("/api/v1/auth/token", data=form, auth=script)
        return {"Authorization": f"Bearer {answer.get_json()['access_token']}"}

    assert post(bench, "k", by=token("records:write")).status_code == 201
    assert post(bench, "k", by=token("records:read")).status_code == 403
    assert post(bench, "k", by={}).status_code == 401


# what is not kept


def test_a_refusal_keeps_no_key(bench: Bench) -> None:
    assert post(bench, "k", {"name": 1}).status_code == 422
    assert post(bench, "k", {"name": "Aino"}).status_code == 201
    body = bench.body("contacts") | {"external_id": "sama"}
    assert post(bench, "a", body).status_code == 201
    assert post(bench, "b", body).status_code == 409
    assert count(bench.app) == 2


def test_a_secret_is_not_kept(bench: Bench) -> None:
    key, _ = bench.created("clients")
    path = f"/api/v1/clients/{key}/secret"
    secrets = [
        post(bench, "k", {"keep_old_hours": 1, "valid_days": 1}, by=bench.operator, path=path)
        for _ in range(2)
    ]
    assert [response.status_code for response in secrets] == [200, 200]
    assert len({response.get_json()["client_secret"] for response in secrets}) == 2
    assert count(bench.app) == 0


def test_the_table_tells_neither_caller_nor_key(bench: Bench) -> None:
    post(bench, "a-telling-key")
    with kept(bench.app) as session:
        row = session.scalars(sa.select(IdempotencyKey)).one()
        assert len(row.key) == len(row.fingerprint) == 64
        assert "a-telling-key" not in f"{row.key}{row.fingerprint}{row.headers}{row.body}"


def test_after_a_day_a_key_is_forgotten(bench: Bench) -> None:
    first = post(bench, "k")
    age(bench.app, idempotency.LIFETIME - timedelta(minutes=5))
    assert post(bench, "k").get_json() == first.get_json()
    age(bench.app, idempotency.LIFETIME)
    assert post(bench, "k", {"name": "Eino"}).status_code == 201
    assert post(bench, "k", {"name": "Eino"}).headers["Idempotency-Replayed"] == "true"
    assert count(bench.app) == 1


def test_old_keys_are_swept_out_some_at_a_time(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeps, "AT_ONCE", 3)
    for n in range(5):
        post(bench, f"k{n}")
    age(bench.app, timedelta(days=2))
    left = []
    for n in range(3):
        post(bench, f"new{n}")
        left.append(count(bench.app))
    assert left == [3, 2, 3]


def test_a_crash_before_the_commit_keeps_neither_row_nor_key(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = idempotency.keep

    def crash(*args: Any) -> None:
        real(*args)
        raise OSError("the power is gone")

    manager = bench.manager
    monkeypatch.setattr(idempotency, "keep", crash)
    assert post(bench, "k", by=manager).status_code == 500
    assert count(bench.app) == 0
    assert called(bench, "Aino") == 0
    monkeypatch.undo()
    assert post(bench, "k", by=manager).status_code == 201


# the key


@pytest.mark.parametrize("key", ["", "a b", "ä", "a\tb", "x" * 256, "\x7f"])
def test_a_key_that_is_none_is_refused(bench: Bench, key: str) -> None:
    response = post(bench, key)
    assert response.status_code == 422
    (fault,) = response.get_json()["errors"]
    assert (fault["code"], fault["header"]) == ("wrong_format", "Idempotency-Key")
    assert called(bench, "Aino") == 0


@pytest.mark.parametrize("key", ["x" * 255, "!", "~", '"8e03978e-40d5-43dd-bc93-6894a57f9324"'])
def test_a_key_of_visible_ascii_is_taken(bench: Bench, key: str) -> None:
    assert post(bench, key).status_code == 201
    assert post(bench, key).headers["Idempotency-Replayed"] == "true"


def test_only_a_post_takes_a_key(bench: Bench) -> None:
    key, etag = bench.created("contacts")
    headers = {"Idempotency-Key": "k", "If-Match": etag}
    changed = bench.open("contacts", key, "PATCH", json={"name": "Eino"}, headers=headers)
    assert changed.status_code == 200
    again = bench.open("contacts", key, "PATCH", json={"name": "Eino"}, headers=headers)
    assert again.status_code == 412
    assert count(bench.app) == 0


# many at once, on the production server


def sent(
    url: str, path: str, headers: dict[str, str], body: Any
) -> tuple[int, dict[str, str], Any]:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    try:
        given = headers | {"Content-Type": "application/json"}
        connection.request("POST", path, json.dumps(body), given)
        response = connection.getresponse()
        answer = response.read()
        conforms("POST", path, response.status, response.headers, answer)
        return response.status, dict(response.getheaders()), json.loads(answer)
    finally:
        connection.close()


def test_of_fifty_at_once_one_is_done_and_its_answer_outlives_the_server(
    app: Flask, settings: dict[str, object], tmp_path: Path
) -> None:
    bench = Bench(app)
    headers = bench.manager | {"Idempotency-Key": str(uuid.uuid4())}

    def send(url: str) -> tuple[int, dict[str, str], Any]:
        return sent(url, CONTACTS, headers, AINO)

    with server.running(settings, tmp_path / "1.log") as url, ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(send, [url] * 50))
    statuses = Counter(status for status, _, _ in answers)
    assert set(statuses) <= {201, 409}, statuses
    made = [body for status, _, body in answers if status == 201]
    assert all(body == made[0] for body in made)
    for status, told, body in answers:
        if status == 409:
            assert (body["code"], told["Retry-After"]) == ("in_flight", "1")
    assert called(bench, "Aino") == 1
    with server.running(settings, tmp_path / "2.log") as url:
        status, told, body = send(url)
    assert (status, body, told["Idempotency-Replayed"]) == (201, made[0], "true")
    assert called(bench, "Aino") == 1


def test_while_the_first_is_at_work_the_second_is_told_so(
    app: Flask, engine: str, settings: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On SQLite the second would wait, as any writer does."""
    if engine == "sqlite":
        return
    bench = Bench(app)
    manager, real, seen = bench.manager, rows.add, []
    other = create_app(settings)

    def slowly(*args: Any) -> Any:
        monkeypatch.setattr(rows, "add", real)
        headers = manager | {"Idempotency-Key": "k"}
        seen.append(other.test_client().post(CONTACTS, json=AINO, headers=headers))
        return real(*args)

    monkeypatch.setattr(rows, "add", slowly)
    assert post(bench, "k", by=manager).status_code == 201
    other.extensions["database"].close()
    (second,) = seen
    assert (second.status_code, second.get_json()["code"]) == (409, "in_flight")
    assert second.headers["Retry-After"] == "1"
    assert called(bench, "Aino") == 1
