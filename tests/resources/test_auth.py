"""People signing in and out. Forged tokens are in test_auth_tokens.py, machines in test_auth_clients.py."""

import datetime as dt
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import argon2
import pytest
import sqlalchemy as sa
from flask import Flask

from api.app import create_app
from api.base import now
from api.models.users import LoginFailure, LoginSession, User
from api.services import passwords, throttle
from tests.accounts import (
    LOGIN,
    ME,
    PASSWORD,
    REFRESH,
    Browser,
    code,
    new_client,
    new_provider,
    new_user,
    signed_in,
)
from tests.factories import bearer, world

NEW_PASSWORD = "a boat behind the island"
WRONG = (401, "wrong_credentials")


def run(app: Flask, statement: Any) -> None:
    with app.extensions["database"].session() as session:
        session.execute(statement, execution_options={"synchronize_session": False})
        session.commit()


def kept(app: Flask, *columns: Any) -> list[Any]:
    with app.extensions["database"].session(write=False) as session:
        return list(session.scalars(sa.select(*columns)))


# signing in


def test_email_and_password_give_an_access_token(app: Flask) -> None:
    new_user(app)
    answer = Browser(app).login()
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    body = answer.get_json()
    assert set(body) == {"access_token", "token_type", "expires_in", "scope", "csrf_token"}
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 900)


def test_the_refresh_token_is_out_of_reach_of_scripts_and_other_sites(app: Flask) -> None:
    new_user(app)
    cookies = {
        header.partition("=")[0]: header
        for header in Browser(app).login().headers.getlist("Set-Cookie")
    }
    for name in ("refresh_token", "device"):
        for attribute in ("HttpOnly", "Secure", "SameSite=Strict", "Path=/api/v1/auth"):
            assert attribute in cookies[name].split("; ")
    assert "HttpOnly" not in cookies["csrf_refresh_token"]
    assert "SameSite=Strict" in cookies["csrf_refresh_token"]


def test_cookies_go_over_plain_http_only_where_the_service_is_published_so(
    settings: dict[str, Any], app: Flask
) -> None:
    new_user(app)
    plain = create_app(settings | {"PUBLIC_URL": "http://127.0.0.1:8000"})
    answer = plain.test_client().post(
        LOGIN, json={"email": "aino@example.org", "password": PASSWORD}
    )
    assert len(cookies := answer.headers.getlist("Set-Cookie")) == 3
    assert not any("Secure" in cookie for cookie in cookies)
    plain.extensions["database"].close()


@pytest.mark.parametrize("email", ["AINO@example.org", "aino@EXAMPLE.org"])
def test_the_case_of_the_address_does_not_matter(app: Flask, email: str) -> None:
    new_user(app)
    assert Browser(app).login(email).status_code == 200


def test_a_sign_in_is_noted(app: Flask) -> None:
    browser = signed_in(app, "eero@example.org")
    (shown,) = browser.open("/api/v1/users").get_json()["items"]
    assert shown["last_login_at"] is not None
    assert shown["version"] == 1  # whoever edits the account meanwhile meets no conflict


def test_nobody_learns_which_addresses_have_accounts(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_user(app)
    new_user(app, "inactive@example.org", active=False)
    new_user(app, "invited@example.org", password_hash=None)
    verified: list[str] = []
    real = argon2.PasswordHasher.verify

    def watched(self: Any, kept: str, password: str) -> Any:
        verified.append(kept)
        return real(self, kept, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", watched)
    answers = [
        Browser(app).login(email, password)
        for email, password in [
            ("aino@example.org", "a wrong password"),
            ("nobody@example.org", PASSWORD),
            ("inactive@example.org", PASSWORD),
            ("invited@example.org", PASSWORD),
        ]
    ]
    assert [code(answer) for answer in answers] == [WRONG] * 4
    bodies = [answer.get_json() | {"request_id": ""} for answer in answers]
    assert bodies == [bodies[0]] * 4
    assert [answer.headers["WWW-Authenticate"] for answer in answers] == [
        'Bearer realm="lamppu"'
    ] * 4
    assert len(verified) == 4  # the same work for each
    assert len({one.rpartition("p=")[0] for one in verified}) == 1


def test_a_hash_of_older_parameters_is_renewed_at_the_next_sign_in(app: Flask) -> None:
    older = argon2.PasswordHasher(time_cost=1, memory_cost=8_000, parallelism=1).hash(PASSWORD)
    new_user(app, password_hash=older)
    assert Browser(app).login().status_code == 200
    (renewed,) = kept(app, User.password_hash)
    assert not passwords.outdated(renewed)
    assert Browser(app).login().status_code == 200


def test_a_password_changed_while_it_was_being_checked_opens_nothing(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_user(app)
    real = passwords.verified

    def slow(password: str, kept: str | None) -> bool:
        run(app, sa.update(User).values(password_hash=passwords.hashed(NEW_PASSWORD)))
        return real(password, kept)

    monkeypatch.setattr(passwords, "verified", slow)
    assert code(Browser(app).login()) == WRONG


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, ["/email", "/password"]),
        ({"email": None, "password": 5}, ["/email", "/password"]),
        ({"email": "a\0", "password": "x" * 201}, ["/email", "/password"]),
        ({"email": "a", "password": "b", "admin": True}, ["/admin"]),
    ],
)
def test_a_login_that_is_no_login_says_where(
    app: Flask, body: dict[str, Any], pointers: list[str]
) -> None:
    answer = Browser(app).open(LOGIN, "POST", headers={}, json=body)
    assert code(answer) == (422, "invalid")
    assert sorted(error["pointer"] for error in answer.get_json()["errors"]) == pointers


def test_sign_ins_that_have_run_out_are_cleared_away_by_the_next(app: Flask) -> None:
    new_user(app)
    Browser(app).login()
    run(app, sa.update(LoginSession).values(expires_at=now() - dt.timedelta(seconds=1)))
    Browser(app).login()
    assert len(kept(app, LoginSession.id)) == 1


# throttling


def locked_out(browser: Browser, email: str = "aino@example.org") -> None:
    for _ in range(throttle.PER_ACCOUNT_AND_ADDRESS):
        assert code(browser.login(email, "a wrong password")) == WRONG
    answer = browser.login(email, "a wrong password")
    assert code(answer) == (429, "too_many_requests")
    assert 0 < int(answer.headers["Retry-After"]) <= 900


def test_who_guesses_has_to_wait_and_does_not_learn_when_he_was_right(app: Flask) -> None:
    new_user(app)
    browser = Browser(app)
    locked_out(browser)
    assert browser.login().status_code == 429


def test_an_address_without_an_account_is_slowed_down_just_the_same(app: Flask) -> None:
    locked_out(Browser(app), "nobody@example.org")


def test_a_restart_forgets_no_failure(app: Flask, settings: dict[str, Any]) -> None:
    new_user(app)
    locked_out(Browser(app))
    restarted = create_app(settings)
    assert Browser(restarted).login().status_code == 429
    restarted.extensions["database"].close()


def test_an_attacker_elsewhere_does_not_touch_the_victim(app: Flask) -> None:
    new_user(app)
    for number in range(1, 10):
        locked_out(Browser(app, f"198.51.100.{number}"))
    assert Browser(app).login().status_code == 200


def test_an_attacker_next_door_does_not_stop_a_browser_that_has_signed_in_before(
    app: Flask,
) -> None:
    victim = signed_in(app)
    locked_out(Browser(app))
    assert Browser(app).login().status_code == 429
    assert victim.login().status_code == 200


def test_a_device_cookie_opens_no_way_around_the_limit(app: Flask) -> None:
    thief = signed_in(app)
    for _ in range(throttle.PER_DEVICE):
        assert code(thief.login(password="a wrong password")) == WRONG
    assert thief.login().status_code == 429


def test_mistakes_are_forgiven_at_the_next_success(app: Flask) -> None:
    new_user(app)
    for _ in range(3):
        browser = Browser(app)
        for _ in range(throttle.PER_ACCOUNT_AND_ADDRESS - 1):
            assert code(browser.login(password="a wrong password")) == WRONG
        assert browser.login().status_code == 200


def test_guesses_at_the_same_time_do_not_slip_past_the_limit(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_user(app)
    barrier = threading.Barrier(8)
    real = passwords.verified

    def together(password: str, kept: str | None) -> bool:
        barrier.wait(10)  # all have passed the first check by now
        return real(password, kept)

    monkeypatch.setattr(passwords, "verified", together)
    with ThreadPoolExecutor(8) as pool:
        guesses = [f"guess number {number}" for number in range(8)]
        answers = list(pool.map(lambda guess: Browser(app).login(password=guess), guesses))
    assert sorted(answer.status_code for answer in answers) == [401] * 5 + [429] * 3


# refreshing


def test_a_refresh_token_gives_the_next_and_a_new_access_token(app: Flask) -> None:
    browser = signed_in(app)
    before = (browser.token, browser.cookie("refresh_token"))
    assert browser.refresh().status_code == 200
    assert browser.token != before[0]
    assert browser.cookie("refresh_token") != before[1]
    assert browser.open(ME).status_code == 200
    assert browser.refresh().status_code == 200


def test_a_refresh_token_used_twice_ends_the_sign_in(app: Flask) -> None:
    victim = signed_in(app)
    thief = Browser(app, "198.51.100.7")
    for name in ("refresh_token", "csrf_refresh_token"):
        thief.keep(name, victim.cookie(name, "/" if "csrf" in name else "/api/v1/auth"))
    csrf = victim.cookie("csrf_refresh_token", "/")
    assert victim.refresh().status_code == 200
    assert code(thief.refresh({"X-CSRF-TOKEN": csrf})) == (401, "refresh_token_reused")
    assert code(victim.open(ME)) == (401, "unauthenticated")
    assert code(victim.refresh()) == (401, "unauthenticated")
    assert victim.login().status_code == 200


def test_of_twenty_refreshes_at_once_one_wins_and_the_sign_in_ends(app: Flask) -> None:
    browser = signed_in(app)
    token, csrf = browser.cookie("refresh_token"), browser.cookie("csrf_refresh_token", "/")
    barrier = threading.Barrier(20)

    def refresh(_: int) -> tuple[int, str]:
        one = Browser(app)
        one.keep("refresh_token", token)
        barrier.wait(10)
        return one.refresh({"X-CSRF-TOKEN": csrf}).status_code, one.token

    with ThreadPoolExecutor(20) as pool:
        answers = sorted(pool.map(refresh, range(20)))
    assert [status for status, _ in answers] == [200] + [401] * 19
    browser.token = answers[0][1]
    assert browser.open(ME).status_code == 401
    (revoked_at,) = kept(app, LoginSession.revoked_at)
    assert revoked_at is not None


@pytest.mark.parametrize("headers", [{}, {"X-CSRF-TOKEN": "of another site"}])
def test_another_site_cannot_refresh(app: Flask, headers: dict[str, str]) -> None:
    browser = signed_in(app)
    assert code(browser.refresh(headers)) == (403, "forbidden")
    assert browser.refresh().status_code == 200  # and has used nothing up


def test_refreshing_takes_the_cookie_only(app: Flask) -> None:
    browser = signed_in(app)
    bearer = {"Authorization": f"Bearer {browser.cookie('refresh_token')}"}
    assert code(Browser(app).open(REFRESH, "POST", headers=bearer)) == (401, "unauthenticated")


def test_an_access_token_is_no_refresh_token(app: Flask) -> None:
    browser = signed_in(app)
    browser.keep("refresh_token", browser.token)
    assert browser.refresh().status_code in (401, 403)


def test_a_sign_in_ends_after_its_days_however_often_it_was_refreshed(app: Flask) -> None:
    browser = signed_in(app)
    assert browser.refresh().status_code == 200
    run(app, sa.update(LoginSession).values(expires_at=now() - dt.timedelta(seconds=1)))
    assert code(browser.refresh()) == (401, "unauthenticated")
    assert code(browser.open(ME)) == (401, "unauthenticated")


# what takes effect on the next request


def test_signing_out_ends_this_sign_in_and_no_other(app: Flask) -> None:
    browser = signed_in(app)
    elsewhere = Browser(app)
    elsewhere.login()
    refresh_token = browser.cookie("refresh_token")
    csrf = browser.cookie("csrf_refresh_token", "/")
    assert browser.open("/api/v1/auth/logout", "POST").status_code == 204
    assert browser.cookie("refresh_token") == browser.cookie("csrf_refresh_token", "/") == ""
    assert code(browser.open(ME)) == (401, "unauthenticated")
    browser.keep("refresh_token", refresh_token)
    assert code(browser.refresh({"X-CSRF-TOKEN": csrf})) == (401, "unauthenticated")
    assert elsewhere.open(ME).status_code == 200


@pytest.mark.parametrize(
    "change",
    [{"role": "reviewer"}, {"active": False}, {"provider_id": "another", "role": "manager"}],
    ids=str,
)
def test_a_changed_role_provider_or_state_ends_the_access_token(
    app: Flask, change: dict[str, Any]
) -> None:
    browser = signed_in(app)
    if "provider_id" in change:
        change = change | {"provider_id": new_provider(app)}
    run(app, sa.update(User).values(**change))
    assert code(browser.open(ME)) == (401, "unauthenticated")
    assert browser.refresh().status_code == (401 if "active" in change else 200)


def test_a_refresh_after_a_change_of_role_gives_the_new_role(app: Flask) -> None:
    browser = signed_in(app)
    run(app, sa.update(User).values(role="reviewer"))
    assert browser.refresh().status_code == 200
    assert browser.open(ME).get_json()["role"] == "reviewer"
    assert browser.open("/api/v1/users").status_code == 403


def test_a_deleted_user_is_out(app: Flask) -> None:
    browser = signed_in(app)
    run(app, sa.delete(User))
    assert code(browser.open(ME)) == (401, "unauthenticated")
    assert code(browser.refresh()) == (401, "unauthenticated")


# one's own password


def change_password(browser: Browser, current: str, new: str) -> Any:
    body = {"current_password": current, "new_password": new}
    return browser.open("/api/v1/auth/password", "POST", json=body)


def test_a_changed_password_ends_every_sign_in(app: Flask) -> None:
    browser = signed_in(app)
    elsewhere = Browser(app)
    elsewhere.login()
    assert change_password(browser, PASSWORD, NEW_PASSWORD).status_code == 204
    for one in (browser, elsewhere):
        assert code(one.open(ME)) == (401, "unauthenticated")
        assert code(one.refresh()) in ((401, "unauthenticated"), (403, "forbidden"))
    assert code(browser.login()) == WRONG
    assert browser.login(password=NEW_PASSWORD).status_code == 200


@pytest.mark.parametrize(
    ("current", "new", "fault"),
    [
        ("a wrong password", NEW_PASSWORD, ("wrong_password", "/current_password")),
        (PASSWORD, "password1234", ("weak_password", "/new_password")),
        (PASSWORD, "aino aino aino aino", ("weak_password", "/new_password")),
        (PASSWORD, "short", ("wrong_format", "/new_password")),
    ],
)
def test_a_password_that_may_not_be_leaves_all_as_it_was(
    app: Flask, current: str, new: str, fault: tuple[str, str]
) -> None:
    browser = signed_in(app)
    answer = change_password(browser, current, new)
    assert code(answer) == (422, "invalid")
    assert [(e["code"], e["pointer"]) for e in answer.get_json()["errors"]] == [fault]
    assert browser.open(ME).status_code == 200
    assert browser.login().status_code == 200


def test_a_stolen_access_token_is_no_way_to_guess_the_password(app: Flask) -> None:
    browser = signed_in(app)
    for _ in range(throttle.PER_DEVICE):
        assert change_password(browser, "a wrong password", NEW_PASSWORD).status_code == 422
    assert code(change_password(browser, PASSWORD, NEW_PASSWORD)) == (429, "too_many_requests")


@pytest.mark.parametrize("route", ["logout", "password"])
def test_a_machine_neither_signs_out_nor_has_a_password(app: Flask, route: str) -> None:
    machine = Browser(app)
    name, secret = new_client(app, ["plan:read"])
    form = {"grant_type": "client_credentials", "client_id": name, "client_secret": secret}
    machine.token = machine.open("/api/v1/auth/token", "POST", headers={}, data=form).get_json()[
        "access_token"
    ]
    body = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    answer = machine.open(f"/api/v1/auth/{route}", "POST", json=body)
    assert code(answer) == (403, "forbidden")


# who I am


def test_a_person_sees_who_he_is_and_what_he_may_do(app: Flask) -> None:
    provider_id = new_provider(app, name="Satamaopisto")
    browser = signed_in(app, role="editor", provider_id=provider_id)
    me = browser.open(ME).get_json()
    allowed = {entry["resource"]: entry["actions"] for entry in me.pop("permissions")}
    me.pop("id")
    assert me == {
        "kind": "user",
        "coordinates": [],
        "name": "Aino",
        "role": "editor",
        "scopes": [],
        "provider_id": str(provider_id),
        "provider_name": "Satamaopisto",
    }
    assert allowed["goals"] == ["read", "create", "update", "delete"]
    assert allowed["projects"] == ["read", "oversee"]
    assert "users" not in allowed


def test_who_knows_already_who_he_is_is_not_told_again(app: Flask) -> None:
    browser = signed_in(app)
    headers = {"Authorization": f"Bearer {browser.token}"}
    etag = browser.open(ME, headers=headers).headers["ETag"]
    answer = browser.open(ME, headers=headers | {"If-None-Match": etag})
    assert (answer.status_code, answer.headers["ETag"]) == (304, etag)


def test_no_failure_is_kept_of_one_who_got_in(app: Flask) -> None:
    signed_in(app)
    assert kept(app, LoginFailure.id) == []


def test_a_manager_sees_which_projects_plans_he_may_write(app: Flask) -> None:
    ground = world(app)
    for one, coordinated in ((ground.a, [str(ground.plan["projects"])]), (ground.b, [])):
        headers = bearer(app, "manager", one.provider_id)
        assert app.test_client().get(ME, headers=headers).json["coordinates"] == coordinated
