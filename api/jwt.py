"""Tokens: signed with EdDSA by the first key of our file, and taken only with exactly the claims that we put in.

flask-jwt-extended takes tokens without exp, jti or type, and with any issuer, unless told otherwise. Here it is told.
"""

import uuid
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import click
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from flask import Flask, Response, current_app, request
from flask_jwt_extended import (
    JWTManager,
    create_access_token,
    create_refresh_token,
    decode_token,
    get_csrf_token,
    get_current_user,
    get_jwt,
    set_refresh_cookies,
    verify_jwt_in_request,
)
from flask_jwt_extended.exceptions import CSRFError, JWTExtendedException
from jwt import InvalidTokenError, PyJWTError

from api.access import Caller
from api.base import now
from api.context import lane
from api.problems import Forbidden, Unauthenticated
from api.services import clients, logins
from api.services.keys import KeyRing
from api.services.logins import Login
from api.services.throttle import Throttle
from schemas.fields import Worded

AUDIENCE = "lamppu"
LEEWAY_SECONDS = 5
COOKIE_PATH = "/api/v1/auth"
VERIFIED_KEPT = 4096

_NUMBER, _PERHAPS = (int, float), (str, type(None))
_Shape = dict[str, type | tuple[type, ...]]
_ALWAYS: _Shape = {
    **dict.fromkeys(("iss", "aud", "sub", "jti", "type"), str),
    **dict.fromkeys(("iat", "nbf", "exp"), _NUMBER),
}
_PERSON = _ALWAYS | {"sid": str, "role": str, "provider": _PERHAPS}
_MACHINE = _ALWAYS | {"scope": str, "provider": _PERHAPS}
_REFRESH = _ALWAYS | {"sid": str, "csrf": str}


def init(app: Flask) -> None:
    """Make tokens, their keys and the throttle part of the application.

    :raises ConfigError: the keys can't be read
    """
    ring = KeyRing(path := Path(app.config["JWT_KEYS_FILE"]))
    # Only a command may run before there are keys: `keys new` makes them.
    if path.exists() or not click.get_current_context(silent=True):
        ring.signing()
    app.extensions["keys"] = ring
    app.extensions["throttle"] = Throttle(app.config["SECRET_KEY"])
    app.config.update(_settings(app.config))
    manager = JWTManager(app)
    manager.encode_key_loader(_signing_key)
    manager.additional_headers_loader(_header)
    manager.decode_key_loader(_verifying_key)
    manager.user_lookup_loader(_caller)
    app.extensions["verified"] = lru_cache(VERIFIED_KEPT)(_verified)


def _settings(config: dict[str, Any]) -> dict[str, Any]:
    return {
        "JWT_ALGORITHM": "EdDSA",
        "JWT_DECODE_ALGORITHMS": ["EdDSA"],
        "JWT_ENCODE_ISSUER": config["PUBLIC_URL"],
        "JWT_DECODE_ISSUER": config["PUBLIC_URL"],
        "JWT_ENCODE_AUDIENCE": AUDIENCE,
        "JWT_DECODE_AUDIENCE": AUDIENCE,
        "JWT_DECODE_LEEWAY": LEEWAY_SECONDS,
        "JWT_ACCESS_TOKEN_EXPIRES": timedelta(seconds=config["ACCESS_TOKEN_SECONDS"]),
        "JWT_TOKEN_LOCATION": ("headers", "cookies"),
        "JWT_COOKIE_SECURE": config["PUBLIC_URL"].startswith("https:"),
        "JWT_COOKIE_SAMESITE": "Strict",
        "JWT_REFRESH_COOKIE_NAME": "refresh_token",
        "JWT_REFRESH_COOKIE_PATH": COOKIE_PATH,
    }


def keys() -> KeyRing:
    return cast(KeyRing, current_app.extensions["keys"])


def throttle() -> Throttle:
    return cast(Throttle, current_app.extensions["throttle"])


# what goes into a token


def access_token(caller: Caller) -> str:
    whose: dict[str, Any] = {"sid": str(caller.session_id), "role": caller.role}
    if caller.kind == "client":
        whose = {"scope": " ".join(sorted(caller.scopes))}
    claims = whose | {
        "provider": str(caller.provider_id) if caller.provider_id else None,
        # With its fraction: a token made in the second before its credentials changed must fall with them.
        "iat": now().timestamp(),
    }
    token: str = create_access_token(str(caller.id), additional_claims=claims)
    return token


def refresh_token(login: Login) -> tuple[str, str]:
    """The next refresh token of a sign-in, and the CSRF token that has to come with it."""
    left = login.expires_at - now()
    claims = {"jti": str(login.jti), "sid": str(login.caller.session_id)}
    token: str = create_refresh_token(str(login.caller.id), left, additional_claims=claims)
    return token, get_csrf_token(token)


def set_refresh_token(response: Response, login: Login, token: str) -> None:
    """In a cookie that scripts can't read, and its CSRF token in one that scripts of this host can."""
    left = login.expires_at - now()
    set_refresh_cookies(response, token, max_age=int(left.total_seconds()))


def _signing_key(_: str) -> Ed25519PrivateKey:
    return keys().signing()[1]


def _header(_: str) -> dict[str, str]:
    return {"kid": keys().signing()[0]}


# what is taken from one


def claims_of(token: str) -> dict[str, Any]:
    """What an access token claims.

    A signature is verified once; that the token has not run out and its key is not dropped, each time.

    :raises Unauthenticated: any fault in the token is one and the same
    """
    with suppress(JWTExtendedException, PyJWTError, ValueError):
        claims: dict[str, Any] = current_app.extensions["verified"](token, keys().ids())
        if claims["type"] == "access" and claims["exp"] > now().timestamp() - LEEWAY_SECONDS:
            return claims
    raise _not_good()


def bearer(claims: dict[str, Any]) -> Caller:
    """Who an access token speaks for. :raises Unauthenticated: what it claims is not so any more"""
    with suppress(ValueError):
        if caller := _caller({}, claims):
            return caller
    raise _not_good()


def _not_good() -> Unauthenticated:
    return Unauthenticated("The token is not valid, not valid any more, or revoked.")


def _verified(token: str, _: frozenset[str]) -> dict[str, Any]:
    """The claims of a token that is signed by one of these keys."""
    claims: dict[str, Any] = decode_token(token)
    return claims


def refreshing() -> tuple[Caller, uuid.UUID]:
    """Who sent the refresh token in the cookie, and its id.

    :raises Forbidden: without the CSRF token that belongs to it
    :raises Unauthenticated: it is not one of ours, has run out, or its sign-in is over
    """
    try:
        if not request.headers.get("X-CSRF-TOKEN", "").isascii():
            raise CSRFError("not ASCII")  # the library compares it as it is, and fails on that
        verify_jwt_in_request(refresh=True, locations=["cookies"])
        return get_current_user(), uuid.UUID(get_jwt()["jti"])
    except CSRFError as error:
        raise Forbidden("X-CSRF-TOKEN must repeat the cookie csrf_refresh_token.") from error
    except (JWTExtendedException, PyJWTError, ValueError) as error:
        text = Worded("No refresh token that is still good; sign in again.")
        raise Unauthenticated(text, given=False) from error


def _verifying_key(header: dict[str, Any], claims: dict[str, Any]) -> Ed25519PublicKey:
    """The key that the token names, if the token has the shape of ours.

    Header and claims are not verified yet, but they are the same that are verified next; and only here are they as they
    came, before the library fills in what is missing.
    """
    expected = _PERSON if "sid" in claims else _MACHINE
    if claims.get("type") == "refresh":
        expected = _REFRESH
    wrong = [name for name, kind in expected.items() if not isinstance(claims.get(name, ...), kind)]
    if wrong or claims["type"] not in ("access", "refresh"):
        raise InvalidTokenError("not the claims of our tokens")
    kid = header.get("kid")
    key = keys().verifying(kid) if isinstance(kid, str) else None
    if key is None:
        raise InvalidTokenError("not one of our keys")
    return key


def _caller(_: dict[str, Any], claims: dict[str, Any]) -> Caller | None:
    """Who the token speaks for, as the database knows it now; None when that is not what the token says."""
    sub = uuid.UUID(claims["sub"])
    if "sid" in claims:
        caller = logins.caller(lane(), sub, uuid.UUID(claims["sid"]))
        role = claims.get("role", caller and caller.role)  # a refresh token says none
    else:
        issued = datetime.fromtimestamp(claims["iat"], UTC)
        caller = clients.caller(lane(), sub, frozenset(claims["scope"].split()), issued)
        role = None
    if caller is None or caller.role != role:
        return None
    provider = str(caller.provider_id) if caller.provider_id else None
    return caller if claims.get("provider", provider) == provider else None
