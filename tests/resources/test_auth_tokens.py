"""Forged, broken and outdated tokens: always the same 401, on every kind of route."""

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask

from api.app import create_app
from api.base import now
from api.config import ConfigError
from api.services import keys
from tests.accounts import ME, Browser, code, new_client, new_user, signed_in

ROUTES = [
    ("GET", ME),
    ("GET", "/api/v1/goals"),
    ("GET", "/api/v1/reports/01a2067e-7340-7080-b111-465826c82e98"),
    ("POST", "/api/v1/users"),
    ("DELETE", "/api/v1/clients/01a2067e-7340-7080-b111-465826c82e98"),
]


class Forge:
    """Makes tokens from a good one: with other claims, another key, another algorithm."""

    def __init__(self, app: Flask, token: str):
        self.kid, self.key = app.extensions["keys"].signing()
        self.good = token
        self.claims = jwt.decode(token, options={"verify_signature": False})

    def __call__(self, drop: str = "", key: Any = None, **changed: Any) -> str:
        headers = {"kid": changed.pop("kid", self.kid)}
        algorithm = changed.pop("alg", "EdDSA")
        claims = {name: value for name, value in self.claims.items() if name != drop} | changed
        return jwt.encode(claims, key or self.key, algorithm, headers=headers)

    def by_hand(self, header: dict[str, Any], signature: bytes = b"") -> str:
        parts = (json.dumps(header).encode(), json.dumps(self.claims).encode(), signature)
        return ".".join(base64.urlsafe_b64encode(p).rstrip(b"=").decode() for p in parts)


def seconds(number: int) -> int:
    return int((now() + timedelta(seconds=number)).timestamp())


def public_pem(forge: Forge) -> bytes:
    """The public key, as one would misuse it for an HMAC secret. PyJWT refuses to; an attacker does not."""
    return bytes(forge.key.public_key().public_bytes_raw())


FORGERIES: dict[str, Callable[[Forge], str]] = {
    "empty": lambda forge: "",
    "garbage": lambda forge: "garbage",
    "three parts of garbage": lambda forge: "a.b.c",
    "not ASCII": lambda forge: "ä.ö.å",
    "two tokens": lambda forge: f"{forge.good} {forge.good}",
    "two tokens with a comma": lambda forge: f"{forge.good}, Bearer {forge.good}",
    "cut off": lambda forge: forge.good[:-5],
    "signature of another token": lambda forge: (
        forge.good.rpartition(".")[0] + "." + forge(jti="x").rpartition(".")[2]
    ),
    "alg none": lambda forge: forge.by_hand({"alg": "none", "typ": "JWT", "kid": forge.kid}),
    "alg missing": lambda forge: forge.by_hand({"typ": "JWT", "kid": forge.kid}),
    "alg a number": lambda forge: forge.by_hand({"alg": 5, "kid": forge.kid}),
    "HS256 with the public key": lambda forge: forge(alg="HS256", key=public_pem(forge)),
    "HS256 with a secret": lambda forge: forge(alg="HS256", key=b"x" * 32),
    "kid unknown": lambda forge: forge(kid="another", key=Ed25519PrivateKey.generate()),
    "kid unknown with our key": lambda forge: forge(kid="another"),
    "kid missing": lambda forge: forge.by_hand({"alg": "EdDSA"}),
    "kid a list": lambda forge: forge.by_hand({"alg": "EdDSA", "kid": ["x"]}),
    "kid a path": lambda forge: forge(kid="../../dev/null"),
    "our kid with another key": lambda forge: forge(key=Ed25519PrivateKey.generate()),
    "critical extension": lambda forge: forge.by_hand(
        {"alg": "EdDSA", "kid": forge.kid, "crit": ["x"], "x": 1}
    ),
    "deep header": lambda forge: (
        base64.urlsafe_b64encode(b"[" * 3000).decode().rstrip("=") + ".e30.AA"
    ),
    "expired": lambda forge: forge(exp=seconds(-10)),
    "not valid yet": lambda forge: forge(nbf=seconds(60)),
    "issued in the future": lambda forge: forge(iat=seconds(60)),
    "another issuer": lambda forge: forge(iss="https://test.lamppu.test"),
    "another audience": lambda forge: forge(aud="another"),
    "audiences": lambda forge: forge(aud=["lamppu", "another"]),
    "type of a refresh token": lambda forge: forge(type="refresh", csrf="x"),
    "type unknown": lambda forge: forge(type="id"),
    "another role": lambda forge: forge(role="reviewer"),
    "another provider": lambda forge: forge(provider="01a2067e-7340-7080-b111-465826c82e98"),
    "role null": lambda forge: forge(role=None),
    "scope for a person": lambda forge: forge(drop="role", scope="plan:read"),
    "another user": lambda forge: forge(sub="01a2067e-7340-7080-b111-465826c82e98"),
    "another sign-in": lambda forge: forge(sid="01a2067e-7340-7080-b111-465826c82e98"),
    "sub no id": lambda forge: forge(sub="admin"),
    "sub a number": lambda forge: forge(sub=1),
    "sid no id": lambda forge: forge(sid="x"),
    "exp a text": lambda forge: forge(exp="tomorrow"),
    "exp no number": lambda forge: forge(exp=float("nan")),
    "exp endless": lambda forge: forge(exp=float("inf")),
    "nbf endless": lambda forge: forge(nbf=float("inf")),
    "iat endless": lambda forge: forge(iat=float("-inf")),
    **{
        f"without {name}": lambda forge, name=name: forge(drop=name)  # type: ignore[misc]
        for name in (
            "iss",
            "aud",
            "sub",
            "jti",
            "iat",
            "nbf",
            "exp",
            "type",
            "sid",
            "role",
            "provider",
        )
    },
}


@pytest.fixture
def browser(app: Flask) -> Browser:
    return signed_in(app)


@pytest.mark.parametrize("kind", FORGERIES)
def test_a_forged_or_broken_token_is_refused(app: Flask, browser: Browser, kind: str) -> None:
    token = FORGERIES[kind](Forge(app, browser.token))
    for method, route in ROUTES:
        answer = browser.open(route, method, headers={"Authorization": f"Bearer {token}"})
        assert code(answer) == (401, "unauthenticated"), (method, route)
        assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="lamppu"')


def test_what_the_forge_makes_without_a_fault_is_taken(app: Flask, browser: Browser) -> None:
    forge = Forge(app, browser.token)
    for token in (forge.good, forge(), forge(exp=seconds(-3)), forge(nbf=seconds(3))):
        headers = {"Authorization": f"Bearer {token}"}
        assert browser.open(ME, headers=headers).status_code == 200


def test_a_token_that_was_taken_is_refused_once_it_has_run_out(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its signature is verified only once, its time each time."""
    assert browser.open(ME).status_code == 200
    later = now() + timedelta(minutes=16)
    monkeypatch.setattr("api.jwt.now", lambda: later)
    assert code(browser.open(ME)) == (401, "unauthenticated")


@pytest.mark.parametrize("header", [None, "Basic YTpi", "Bearer", "Bearer  ", "Token x"])
def test_without_a_bearer_token_one_is_asked_for(browser: Browser, header: str | None) -> None:
    for method, route in ROUTES:
        answer = browser.open(route, method, headers={"Authorization": header} if header else {})
        assert code(answer) == (401, "unauthenticated")
        # RFC 6750 §3.1: no error where no token was.
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="lamppu"'


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer "])
def test_the_schemes_case_does_not_matter(browser: Browser, scheme: str) -> None:
    answer = browser.open(ME, headers={"Authorization": f"{scheme} {browser.token}"})
    assert answer.status_code == 200


@pytest.mark.parametrize("place", ["query", "cookie"])
def test_an_access_token_counts_in_the_header_only(browser: Browser, place: str) -> None:
    if place == "cookie":
        browser.keep("access_token_cookie", browser.token)
    answer = browser.open(f"{ME}?jwt={browser.token}", headers={})
    assert code(answer) == (401, "unauthenticated")


def test_a_refresh_token_opens_no_route(browser: Browser) -> None:
    headers = {"Authorization": f"Bearer {browser.cookie('refresh_token')}"}
    assert code(browser.open(ME, headers=headers)) == (401, "unauthenticated")


@pytest.mark.parametrize(
    "name", ["iss", "aud", "sub", "jti", "iat", "nbf", "exp", "type", "sid", "csrf"]
)
def test_a_refresh_token_without_one_of_its_claims_is_refused(
    app: Flask, browser: Browser, name: str
) -> None:
    forge = Forge(app, browser.cookie("refresh_token"))
    browser.keep("refresh_token", forge(drop=name))
    assert code(browser.refresh()) == (401, "unauthenticated")
    browser.keep("refresh_token", forge())
    assert browser.refresh().status_code == 200


def test_a_refresh_token_whose_jti_is_no_id_is_refused(app: Flask, browser: Browser) -> None:
    browser.keep("refresh_token", Forge(app, browser.cookie("refresh_token"))(jti="x"))
    assert code(browser.refresh()) == (401, "unauthenticated")


@pytest.mark.parametrize(
    "name", ["iss", "aud", "sub", "jti", "iat", "nbf", "exp", "type", "scope", "provider"]
)
def test_a_clients_token_without_one_of_its_claims_is_refused(app: Flask, name: str) -> None:
    machine = Browser(app)
    form = dict(
        zip(("client_id", "client_secret"), new_client(app, ["plan:read"]), strict=True),
        grant_type="client_credentials",
    )
    token = machine.open("/api/v1/auth/token", "POST", headers={}, data=form).get_json()[
        "access_token"
    ]
    forge = Forge(app, token)
    for given, status in (
        (forge(), 200),
        (forge(drop=name), 401),
        (forge(scope="plan:write"), 401),
    ):
        answer = machine.open(ME, headers={"Authorization": f"Bearer {given}"})
        assert answer.status_code == status


# keys


def other(settings: dict[str, Any], path: Path, **changed: Any) -> Flask:
    return create_app(settings | {"JWT_KEYS_FILE": str(path)} | changed)


def test_tokens_of_another_environment_are_refused(
    app: Flask, settings: dict[str, Any], tmp_path: Path
) -> None:
    keys.new(path := tmp_path / "keys.json")
    theirs = other(settings, path)  # the same database even: only the keys differ
    new_user(app)
    browser, stranger = Browser(app), Browser(theirs)
    assert browser.login().status_code == stranger.login().status_code == 200
    browser.token, stranger.token = stranger.token, browser.token
    assert code(browser.open(ME)) == code(stranger.open(ME)) == (401, "unauthenticated")
    theirs.extensions["database"].close()


def test_keys_rotate_without_a_restart(
    app: Flask, settings: dict[str, Any], tmp_path: Path
) -> None:
    old = keys.new(path := tmp_path / "keys.json")
    rotating = other(settings, path)
    new_user(app)
    before, after = Browser(rotating), Browser(rotating)
    before.login()
    new = keys.new(path)
    after.login()
    assert jwt.get_unverified_header(before.token)["kid"] == old
    assert jwt.get_unverified_header(after.token)["kid"] == new
    assert before.open(ME).status_code == after.open(ME).status_code == 200
    shown = before.open("/.well-known/jwks.json").get_json()["keys"]
    assert [key["kid"] for key in shown] == [new, old]
    keys.drop(path)
    assert code(before.open(ME)) == (401, "unauthenticated")
    assert after.open(ME).status_code == 200
    rotating.extensions["database"].close()


def test_others_can_verify_our_tokens_with_the_published_keys(browser: Browser) -> None:
    answer = browser.open("/.well-known/jwks.json", headers={})
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    known = {"If-None-Match": answer.headers["ETag"]}
    assert browser.open("/.well-known/jwks.json", headers=known).status_code == 304
    published = jwt.PyJWKSet.from_dict(answer.get_json())
    key = published[jwt.get_unverified_header(browser.token)["kid"]]
    claims = jwt.decode(
        browser.token, key, ["EdDSA"], audience="lamppu", issuer="https://lamppu.test"
    )
    assert claims["role"] == "admin"


def test_the_application_does_not_start_without_keys(
    settings: dict[str, Any], tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="JWT_KEYS_FILE"):
        other(settings, tmp_path / "nowhere.json")


def test_a_command_may_make_the_first_keys(settings: dict[str, Any], tmp_path: Path) -> None:
    with click.Context(click.Command("keys new")):
        first = other(settings, path := tmp_path / "keys.json")
    keys.new(path)
    new_user(first)
    assert Browser(first).login().status_code == 200
    first.extensions["database"].close()
