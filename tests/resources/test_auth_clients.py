"""Machines signing in: OAuth 2.0 client credentials (RFC 6749 §4.4)."""

import datetime as dt
import uuid
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from api.base import now
from api.models.clients import Client
from api.services import throttle
from tests.accounts import ME, Browser, code, new_client, new_provider
from tests.resources.test_auth import kept, run

TOKEN = "/api/v1/auth/token"
BOTH = ["plan:read", "records:read"]


def ask(app: Flask, auth: tuple[str, str] | None = None, **form: Any) -> TestResponse:
    form = {"grant_type": "client_credentials"} | form
    data = {name: value for name, value in form.items() if value is not None}
    return app.test_client().post(TOKEN, data=data, auth=auth)


def refusal(answer: TestResponse) -> tuple[int, str]:
    """Status and code; RFC 6749's own words must say the same."""
    body = answer.get_json()
    assert body["error"] == body["code"]
    assert body["error_description"] == body["detail"]
    assert body["error_description"].isascii()
    assert answer.headers["Cache-Control"] == "no-store"
    return code(answer)


def machine(app: Flask, name: str, secret: str, **form: Any) -> Browser:
    browser = Browser(app)
    browser.token = ask(app, (name, secret), **form).get_json()["access_token"]
    return browser


@pytest.mark.parametrize("place", ["basic", "body", "basic and the name again"])
def test_name_and_secret_give_a_token(app: Flask, place: str) -> None:
    name, secret = new_client(app, BOTH)
    if place == "body":
        answer = ask(app, client_id=name, client_secret=secret)
    else:
        answer = ask(app, (name, secret), client_id=name if "again" in place else None)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Pragma"] == "no-cache"
    assert not answer.headers.getlist("Set-Cookie")
    body = answer.get_json()
    assert body.pop("access_token")
    assert body == {"token_type": "Bearer", "expires_in": 900, "scope": "plan:read records:read"}


def test_a_machine_is_what_its_row_says(app: Flask) -> None:
    provider_id = new_provider(app)
    name, secret = new_client(app, BOTH, provider_id=provider_id)
    me = machine(app, name, secret).open(ME).get_json()
    allowed = {entry["resource"]: entry["actions"] for entry in me.pop("permissions")}
    assert me == {
        "id": name,
        "coordinates": [],
        "kind": "client",
        "name": "A script",
        "role": None,
        "scopes": BOTH,
        "provider_id": str(provider_id),
        "provider_name": "Satamaopisto",
    }
    assert allowed["goals"] == ["read"]
    assert "users" not in allowed


def test_a_token_can_be_asked_for_with_less_than_the_client_has(app: Flask) -> None:
    name, secret = new_client(app, BOTH)
    answer = ask(app, (name, secret), scope="plan:read")
    assert answer.get_json()["scope"] == "plan:read"
    narrow = machine(app, name, secret, scope="plan:read")
    assert narrow.open("/api/v1/programmes").status_code == 200
    assert code(narrow.open("/api/v1/goals")) == (403, "forbidden")


@pytest.mark.parametrize("scope", ["plan:write", "plan:read plan:write", "everything"])
def test_a_token_cannot_be_asked_for_with_more(app: Flask, scope: str) -> None:
    answer = ask(app, new_client(app, BOTH), scope=scope)
    assert refusal(answer) == (400, "invalid_scope")


def test_a_client_without_scopes_gets_no_token(app: Flask) -> None:
    assert refusal(ask(app, new_client(app, []))) == (400, "invalid_scope")


@pytest.mark.parametrize("grant_type", ["password", "authorization_code", "refresh_token", "x"])
def test_only_client_credentials_are_granted(app: Flask, grant_type: str) -> None:
    answer = ask(app, new_client(app, BOTH), grant_type=grant_type)
    assert refusal(answer) == (400, "unsupported_grant_type")


@pytest.mark.parametrize(
    ("form", "parameters"),
    [
        ({"grant_type": None, "scope": "plan:read"}, ["grant_type"]),
        ({"grant_type": "a\0"}, ["grant_type"]),
        ({"client_id": "x" * 101, "scope": "x" * 501}, ["client_id", "scope"]),
        ({"grant_type": ["client_credentials", "client_credentials"]}, None),
    ],
)
def test_a_malformed_request_says_so_in_both_languages(
    app: Flask, form: dict[str, Any], parameters: list[str] | None
) -> None:
    answer = ask(app, **form)
    assert refusal(answer) == (400, "invalid_request")
    places = [error["parameter"] for error in answer.get_json().get("errors", ())]
    assert sorted(places) == (parameters or [])


def test_the_request_is_a_form_and_no_json(app: Flask) -> None:
    answer = app.test_client().post(TOKEN, json={"grant_type": "client_credentials"})
    assert code(answer) == (415, "unsupported_media_type")
    assert answer.get_json()["error"] == "invalid_request"


def test_an_unknown_parameter_is_ignored(app: Flask) -> None:
    assert ask(app, new_client(app, BOTH), audience="x").status_code == 200


def test_a_secret_in_two_places_is_refused(app: Flask) -> None:
    name, secret = new_client(app, BOTH)
    answer = ask(app, (name, secret), client_secret=secret)
    assert refusal(answer) == (400, "invalid_request")


@pytest.mark.parametrize("wrong", ["secret", "no secret", "name", "no name", "no id", "nothing"])
def test_a_wrong_client_is_asked_for_basic(app: Flask, wrong: str) -> None:
    name, secret = new_client(app, BOTH)
    auths = {
        "secret": (name, "x"),
        "no secret": (name, ""),
        "name": (str(uuid.uuid4()), secret),
        "no name": ("", secret),
        "no id": ("admin", secret),
        "nothing": None,
    }
    answer = ask(app, auths[wrong])
    assert refusal(answer) == (401, "invalid_client")
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="lamppu", charset="UTF-8"'


@pytest.mark.parametrize("header", ["Bearer x", "Basic !", "Basic"])
def test_another_or_broken_scheme_is_asked_for_basic(app: Flask, header: str) -> None:
    data = {"grant_type": "client_credentials"}
    answer = app.test_client().post(TOKEN, data=data, headers={"Authorization": header})
    assert refusal(answer) == (401, "invalid_client")


def test_who_guesses_secrets_has_to_wait_and_the_client_itself_has_not(app: Flask) -> None:
    name, secret = new_client(app, BOTH)
    for _ in range(throttle.PER_ACCOUNT_AND_ADDRESS):
        assert refusal(ask(app, (name, "wrong"))) == (401, "invalid_client")
    answer = ask(app, (name, "wrong"))
    assert code(answer) == (429, "too_many_requests")
    assert answer.get_json()["error"] == "invalid_request"
    assert 0 < int(answer.headers["Retry-After"]) <= 900
    assert ask(app, (name, secret)).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"active": False},
        {"expires_at": now() - dt.timedelta(seconds=1)},
        {"scopes": ["plan:read"]},
        {"credentials_changed_at": now() + dt.timedelta(hours=1)},
        {"provider_id": None},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_a_client_loses_its_token_loses_at_once(app: Flask, change: dict[str, Any]) -> None:
    name, secret = new_client(app, BOTH, provider_id=new_provider(app))
    browser = machine(app, name, secret)
    assert browser.open(ME).status_code == 200
    run(app, sa.update(Client).values(**change))
    assert code(browser.open(ME)) == (401, "unauthenticated")


def test_a_deleted_client_is_out(app: Flask) -> None:
    name, secret = new_client(app, BOTH)
    browser = machine(app, name, secret)
    run(app, sa.delete(Client))
    assert code(browser.open(ME)) == (401, "unauthenticated")
    assert refusal(ask(app, (name, secret))) == (401, "invalid_client")


@pytest.mark.parametrize(
    "change",
    [{"active": False}, {"expires_at": now() - dt.timedelta(seconds=1)}],
    ids=lambda change: next(iter(change)),
)
def test_a_client_out_of_use_gets_no_token(app: Flask, change: dict[str, Any]) -> None:
    credentials = new_client(app, BOTH)
    run(app, sa.update(Client).values(**change))
    assert refusal(ask(app, credentials)) == (401, "invalid_client")


def test_the_last_use_is_noted_to_the_hour(app: Flask) -> None:
    credentials = new_client(app, BOTH)
    (version,) = kept(app, Client.version)
    for _ in range(3):
        assert ask(app, credentials).status_code == 200
    (first,) = kept(app, Client.last_used_at)
    assert abs((now() - first).total_seconds()) < 60
    assert kept(app, Client.version) == [version]  # whoever edits the client meets no conflict
    run(app, sa.update(Client).values(last_used_at=now() - dt.timedelta(hours=2)))
    assert ask(app, credentials).status_code == 200
    assert kept(app, Client.last_used_at)[0] >= first
