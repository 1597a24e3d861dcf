"""API clients: whose they are, and the change of their secrets."""

import datetime as dt
import uuid
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from api.base import now
from api.models.clients import Client
from tests.accounts import ME, Browser, code, new_client, new_provider, signed_in
from tests.resources.test_auth import run
from tests.resources.test_auth_clients import ask, machine, refusal

CLIENTS = "/api/v1/clients"
DAY = 24 * 3600


@pytest.fixture
def admin(app: Flask) -> Browser:
    return signed_in(app)


@pytest.fixture
def manager(app: Flask) -> Browser:
    return signed_in(app, "manager@example.org", role="manager")


def made(browser: Browser, **values: Any) -> TestResponse:
    return browser.open(
        CLIENTS, "POST", json={"name": "A script", "scopes": ["plan:read"]} | values
    )


def new_secret(browser: Browser, key: str, **values: Any) -> TestResponse:
    return browser.open(f"{CLIENTS}/{key}/secret", "POST", json=values)


def own_provider(browser: Browser) -> str:
    return str(browser.open(ME).get_json()["provider_id"])


def test_a_new_client_gets_its_secret_and_with_it_a_token(app: Flask, admin: Browser) -> None:
    client = made(admin).get_json()
    assert not [name for name in client if "secret" in name or "hash" in name]
    answer = new_secret(admin, client["id"])
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    body = answer.get_json()
    assert (body["client_id"], len(body["client_secret"])) == (client["id"], 43)
    expires_at = dt.datetime.fromisoformat(body["expires_at"])
    assert 364 * DAY < (expires_at - now()).total_seconds() <= 365 * DAY
    assert ask(app, (client["id"], body["client_secret"])).status_code == 200
    assert admin.open(f"{CLIENTS}/{client['id']}").get_json()["expires_at"] == body["expires_at"]


def test_a_manager_need_not_say_whose_his_clients_are(manager: Browser) -> None:
    own = own_provider(manager)
    for given in ({}, {"provider_id": None}):
        answer = made(manager, **given)
        assert (answer.status_code, answer.get_json()["provider_id"]) == (201, own)
    path, version = f"{CLIENTS}/{answer.get_json()['id']}", {"If-Match": answer.headers["ETag"]}
    headers = {"Authorization": f"Bearer {manager.token}"} | version
    kept = manager.open(path, "PATCH", json={"provider_id": None}, headers=headers)
    assert (kept.status_code, kept.get_json()) == (200, answer.get_json())


def test_a_client_without_a_secret_gets_no_token(app: Flask, admin: Browser) -> None:
    assert refusal(ask(app, (made(admin).get_json()["id"], ""))) == (401, "invalid_client")


def test_the_old_secret_stays_good_for_its_hours_and_its_tokens_too(
    app: Flask, admin: Browser
) -> None:
    name, old = new_client(app, ["plan:read"])
    script = machine(app, name, old)
    new = new_secret(admin, name, keep_old_hours=1).get_json()["client_secret"]
    assert ask(app, (name, old)).status_code == ask(app, (name, new)).status_code == 200
    assert script.open(ME).status_code == 200
    run(app, sa.update(Client).values(previous_expires_at=now() - dt.timedelta(seconds=1)))
    assert refusal(ask(app, (name, old))) == (401, "invalid_client")
    assert ask(app, (name, new)).status_code == 200


def test_of_two_rotations_the_first_secret_is_gone(app: Flask, admin: Browser) -> None:
    name, first = new_client(app, ["plan:read"])
    second, third = (new_secret(admin, name).get_json()["client_secret"] for _ in range(2))
    assert [ask(app, (name, s)).status_code for s in (first, second, third)] == [401, 200, 200]


def test_a_leaked_secret_ends_at_once_with_its_tokens(app: Flask, admin: Browser) -> None:
    name, old = new_client(app, ["plan:read"])
    script = machine(app, name, old)
    new = new_secret(admin, name, keep_old_hours=0).get_json()["client_secret"]
    assert code(script.open(ME)) == (401, "unauthenticated")
    assert refusal(ask(app, (name, old))) == (401, "invalid_client")
    assert machine(app, name, new).open(ME).status_code == 200


def test_an_old_secret_outlives_neither_its_own_time_nor_a_leak_before(
    app: Flask, admin: Browser
) -> None:
    name, old = new_client(app, ["plan:read"])
    run(app, sa.update(Client).values(expires_at=now() - dt.timedelta(seconds=1)))
    assert new_secret(admin, name, keep_old_hours=168).status_code == 200
    assert refusal(ask(app, (name, old))) == (401, "invalid_client")


@pytest.mark.parametrize(
    ("values", "pointer"),
    [
        ({"keep_old_hours": 169}, "/keep_old_hours"),
        ({"keep_old_hours": -1}, "/keep_old_hours"),
        ({"valid_days": 0}, "/valid_days"),
        ({"valid_days": 731}, "/valid_days"),
        ({"valid_days": "x"}, "/valid_days"),
        ({"secret": "mine"}, "/secret"),
    ],
)
def test_a_rotation_out_of_bounds_changes_nothing(
    app: Flask, admin: Browser, values: dict[str, Any], pointer: str
) -> None:
    name, old = new_client(app, ["plan:read"])
    answer = new_secret(admin, name, **values)
    assert code(answer) == (422, "invalid")
    assert [error["pointer"] for error in answer.get_json()["errors"]] == [pointer]
    assert ask(app, (name, old)).status_code == 200


def test_a_manager_has_his_own_providers_clients_only(
    app: Flask, admin: Browser, manager: Browser
) -> None:
    own, other = own_provider(manager), str(new_provider(app))
    scopes = ["plan:read", "plan:write", "records:read", "records:write"]
    assert made(manager, provider_id=own, scopes=scopes).status_code == 201
    assert code(made(manager, provider_id=other)) == (403, "forbidden")
    strangers = [made(admin, provider_id=foreign).get_json()["id"] for foreign in (other, None)]
    assert len(manager.open(CLIENTS).get_json()["items"]) == 1
    for key in (*strangers, str(uuid.uuid4())):
        assert code(manager.open(f"{CLIENTS}/{key}")) == (404, "not_found")
        assert code(new_secret(manager, key)) == (404, "not_found")


def patched(browser: Browser, key: str, **values: Any) -> TestResponse:
    etag = browser.open(f"{CLIENTS}/{key}").headers["ETag"]
    headers = {"Authorization": f"Bearer {browser.token}", "If-Match": etag}
    return browser.open(f"{CLIENTS}/{key}", "PATCH", headers=headers, json=values)


def test_a_client_set_out_of_use_loses_its_tokens_for_good(app: Flask, admin: Browser) -> None:
    name, secret = new_client(app, ["plan:read"])
    script = machine(app, name, secret)
    assert patched(admin, name, active=False).status_code == 200
    assert code(script.open(ME)) == (401, "unauthenticated")
    assert refusal(ask(app, (name, secret))) == (401, "invalid_client")
    assert patched(admin, name, active=True).status_code == 200
    assert code(script.open(ME)) == (401, "unauthenticated")
    assert machine(app, name, secret).open(ME).status_code == 200


def test_a_client_that_loses_a_scope_loses_its_tokens_with_it(app: Flask, admin: Browser) -> None:
    name, secret = new_client(app, ["plan:read", "records:read"])
    wide, narrow = machine(app, name, secret), machine(app, name, secret, scope="plan:read")
    assert patched(admin, name, scopes=["plan:read"]).status_code == 200
    assert code(wide.open(ME)) == (401, "unauthenticated")
    assert narrow.open(ME).status_code == 200


def test_a_deleted_client_is_gone(app: Flask, admin: Browser) -> None:
    name, secret = new_client(app, ["plan:read"])
    script = machine(app, name, secret)
    etag = admin.open(f"{CLIENTS}/{name}").headers["ETag"]
    headers = {"Authorization": f"Bearer {admin.token}", "If-Match": etag}
    assert admin.open(f"{CLIENTS}/{name}", "DELETE", headers=headers).status_code == 204
    assert code(script.open(ME)) == (401, "unauthenticated")
