"""Accounts: who makes whom, and what a change takes away."""

import uuid
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.accounts import ME, PASSWORD, Browser, code, new_provider, new_user, signed_in

USERS = "/api/v1/users"
NEW_PASSWORD = "a boat behind the island"


def made(browser: Browser, **values: Any) -> TestResponse:
    given = {
        "email": "eero@example.org",
        "name": "Eero",
        "role": "editor",
        "password": NEW_PASSWORD,
    }
    return browser.open(USERS, "POST", json=given | values)


def changed(browser: Browser, key: uuid.UUID | str, **values: Any) -> TestResponse:
    headers = {"Authorization": f"Bearer {browser.token}"}
    etag = browser.open(f"{USERS}/{key}").headers.get("ETag", '"1"')
    return browser.open(
        f"{USERS}/{key}", "PATCH", headers=headers | {"If-Match": etag}, json=values
    )


def deleted(browser: Browser, key: uuid.UUID | str) -> TestResponse:
    headers = {"Authorization": f"Bearer {browser.token}"}
    etag = browser.open(f"{USERS}/{key}").headers.get("ETag", '"1"')
    return browser.open(f"{USERS}/{key}", "DELETE", headers=headers | {"If-Match": etag})


def me(browser: Browser) -> dict[str, Any]:
    answer: dict[str, Any] = browser.open(ME).get_json()
    return answer


@pytest.fixture
def admin(app: Flask) -> Browser:
    return signed_in(app)


@pytest.fixture
def manager(app: Flask) -> Browser:
    return signed_in(app, "manager@example.org", role="manager")


def test_a_new_user_signs_in_with_the_password_he_was_given(app: Flask, admin: Browser) -> None:
    provider_id = str(new_provider(app))
    answer = made(admin, provider_id=provider_id)
    assert answer.status_code == 201
    body = answer.get_json()
    assert not [name for name in body if "password" in name or name == "email_key"]
    assert (body["active"], body["last_login_at"], body["provider_id"]) == (True, None, provider_id)
    assert Browser(app).login("EERO@example.org", NEW_PASSWORD).status_code == 200


def test_a_user_without_a_password_cannot_sign_in_yet(app: Flask, admin: Browser) -> None:
    given = {"email": "eero@example.org", "name": "Eero", "role": "reviewer"}
    assert admin.open(USERS, "POST", json=given).status_code == 201
    assert Browser(app).login("eero@example.org", PASSWORD).status_code == 401


@pytest.mark.parametrize("email", ["eero@example.org", "EERO@EXAMPLE.ORG"])
def test_an_address_has_one_account(admin: Browser, email: str) -> None:
    assert made(admin, role="reviewer").status_code == 201
    answer = made(admin, role="reviewer", email=email)
    assert code(answer) == (409, "duplicate")
    assert answer.get_json()["errors"][0]["pointer"] == "/email"


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"password": "password1234"}, ("weak_password", "/password")),
        ({"password": "\u00a0" * 12}, ("weak_password", "/password")),
        ({"password": "eero@example.org"}, ("weak_password", "/password")),
        ({"password": "short"}, ("wrong_format", "/password")),
        ({"password": None}, ("null", "/password")),
        ({"password_hash": "x"}, ("unknown_field", "/password_hash")),
        ({"role": "root"}, ("unknown_word", "/role")),
        ({"role": "editor"}, ("role_mismatch", "/role")),
        ({"email": "\u00df" * 200 + "@example.org"}, ("too_long", "/email")),
    ],
)
def test_an_account_that_may_not_be_is_not_made(
    admin: Browser, values: dict[str, Any], fault: tuple[str, str]
) -> None:
    answer = made(admin, **{"role": "reviewer"} | values)
    assert code(answer) == (422, "invalid")
    assert [(e["code"], e["pointer"]) for e in answer.get_json()["errors"]] == [fault]
    assert len(admin.open(USERS).get_json()["items"]) == 1


# a manager


def test_a_manager_sees_his_own_providers_users_only(
    app: Flask, admin: Browser, manager: Browser
) -> None:
    own = me(manager)["provider_id"]
    new_user(app, "own@example.org", role="viewer", provider_id=uuid.UUID(own))
    new_user(app, "other@example.org", role="viewer")
    shown = {row["email"] for row in manager.open(USERS).get_json()["items"]}
    assert shown == {"manager@example.org", "own@example.org"}
    assert len(admin.open(USERS).get_json()["items"]) == 4


@pytest.mark.parametrize("role", ["viewer", "editor", "manager"])
def test_a_manager_makes_users_of_his_own_provider(manager: Browser, role: str) -> None:
    answer = made(manager, role=role, provider_id=me(manager)["provider_id"])
    assert answer.status_code == 201


def test_a_manager_need_not_say_whose_his_users_are(manager: Browser) -> None:
    own = me(manager)["provider_id"]
    for given in ({}, {"provider_id": None}):
        answer = made(manager, role="editor", email=f"e{len(given)}@example.org", **given)
        assert (answer.status_code, answer.get_json()["provider_id"]) == (201, own)
    row = answer.get_json()
    body = {name: row[name] for name in ("email", "name", "role")}
    headers = {"Authorization": f"Bearer {manager.token}", "If-Match": answer.headers["ETag"]}
    kept = manager.open(f"{USERS}/{row['id']}", "PUT", json=body, headers=headers)
    assert (kept.status_code, kept.get_json()) == (200, row)


@pytest.mark.parametrize("role", ["reviewer", "admin"])
def test_a_manager_makes_nobody_of_the_ministry(manager: Browser, role: str) -> None:
    assert code(made(manager, role=role)) == (403, "forbidden")
    own = me(manager)["provider_id"]
    assert code(made(manager, role=role, provider_id=own)) == (422, "invalid")


def test_a_manager_makes_nobody_of_another_provider(app: Flask, manager: Browser) -> None:
    other = str(new_provider(app))
    assert code(made(manager, role="viewer", provider_id=other)) == (403, "forbidden")


def test_a_manager_lifts_nobody_out_of_his_provider(app: Flask, manager: Browser) -> None:
    own = uuid.UUID(me(manager)["provider_id"])
    user = new_user(app, "own@example.org", role="viewer", provider_id=own)
    assert changed(manager, user.id, role="manager").status_code == 200
    assert code(changed(manager, user.id, role="admin", provider_id=None)) == (403, "forbidden")
    other = str(new_provider(app))
    assert code(changed(manager, user.id, provider_id=other)) == (403, "forbidden")


@pytest.mark.parametrize("role", ["manager", "admin"])
def test_to_a_manager_other_users_do_not_exist(app: Flask, manager: Browser, role: str) -> None:
    user = new_user(app, "other@example.org", role=role)
    for answer in (
        manager.open(f"{USERS}/{user.id}"),
        changed(manager, user.id, password=NEW_PASSWORD),
        deleted(manager, user.id),
    ):
        assert code(answer) == (404, "not_found")


# oneself


@pytest.mark.parametrize(
    "values",
    [{"role": "reviewer"}, {"active": False}, {"password": NEW_PASSWORD}],
    ids=lambda values: next(iter(values)),
)
def test_nobody_takes_his_own_rights_away_or_goes_past_his_password(
    admin: Browser, values: dict[str, Any]
) -> None:
    assert code(changed(admin, me(admin)["id"], **values)) == (409, "own_account")
    assert me(admin)["role"] == "admin"


def test_nobody_moves_himself_to_another_provider(app: Flask, manager: Browser) -> None:
    answer = changed(manager, me(manager)["id"], provider_id=str(new_provider(app)))
    assert code(answer) == (409, "own_account")
    assert answer.get_json()["errors"][0]["pointer"] == "/provider_id"


def test_nobody_deletes_himself(admin: Browser) -> None:
    assert code(deleted(admin, me(admin)["id"])) == (409, "own_account")
    assert admin.open(ME).status_code == 200


def test_anybody_changes_his_own_name_and_address(app: Flask, admin: Browser) -> None:
    answer = changed(admin, me(admin)["id"], name="Aino Aalto", email="aalto@example.org")
    assert answer.status_code == 200
    assert Browser(app).login("aalto@example.org").status_code == 200
    assert Browser(app).login("aino@example.org").status_code == 401


# what a change takes away at once


@pytest.mark.parametrize(
    ("values", "refreshes"),
    [
        ({"role": "reviewer"}, True),
        ({"active": False}, False),
        ({"password": NEW_PASSWORD}, False),
        ({"role": "viewer", "provider_id": "another"}, True),
    ],
    ids=str,
)
def test_a_change_by_another_takes_effect_on_the_next_request(
    app: Flask, admin: Browser, values: dict[str, Any], refreshes: bool
) -> None:
    other = signed_in(app, "other@example.org")
    key = me(other)["id"]
    if "provider_id" in values:
        values = values | {"provider_id": str(new_provider(app))}
    assert changed(admin, key, **values).status_code == 200
    assert code(other.open(ME)) == (401, "unauthenticated")
    assert other.refresh().status_code == (200 if refreshes else 401)


def test_who_was_out_of_use_has_to_sign_in_again(app: Flask, admin: Browser) -> None:
    other = signed_in(app, "other@example.org")
    key = me(other)["id"]
    for active in (False, True):
        assert changed(admin, key, active=active).status_code == 200
    assert code(other.open(ME)) == (401, "unauthenticated")
    assert other.refresh().status_code == 401
    assert other.login("other@example.org").status_code == 200


def test_a_replaced_user_keeps_his_password_unless_it_is_given(app: Flask, admin: Browser) -> None:
    user = new_user(app, "other@example.org", role="reviewer")
    headers = {"Authorization": f"Bearer {admin.token}", "If-Match": '"1"'}
    body = {"email": "other@example.org", "name": "Oona", "role": "reviewer"}
    answer = admin.open(f"{USERS}/{user.id}", "PUT", headers=headers, json=body)
    assert (answer.status_code, answer.get_json()["name"]) == (200, "Oona")
    assert Browser(app).login("other@example.org").status_code == 200


def test_a_change_of_nothing_signs_nobody_out(app: Flask, admin: Browser) -> None:
    other = signed_in(app, "other@example.org")
    answer = changed(admin, me(other)["id"], name="Aino")
    assert answer.status_code == 200
    assert answer.get_json()["version"] == 1
    assert other.open(ME).status_code == 200


def test_a_deleted_user_is_gone_with_his_sign_ins(app: Flask, admin: Browser) -> None:
    other = signed_in(app, "other@example.org")
    assert deleted(admin, me(other)["id"]).status_code == 204
    assert code(other.open(ME)) == (401, "unauthenticated")
    assert code(other.refresh()) == (401, "unauthenticated")
