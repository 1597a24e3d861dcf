"""Signing in and out, and who I am."""

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import unquote_plus

import sqlalchemy as sa
from flask import Response, current_app, request
from flask_jwt_extended import unset_refresh_cookies

from api import access, jwt
from api.access import Caller
from api.answers import conditional, json_response, public
from api.blueprint import Blueprint
from api.context import caller, database, session
from api.models.projects import Project
from api.models.providers import Provider
from api.models.users import User, email_key
from api.problems import Forbidden, Invalid, Problem, TooManyRequests, Unauthenticated
from api.services import clients, logins, throttle
from api.services.throttle import Bucket
from schemas import auth as contract
from schemas.fields import Worded

DEVICE_COOKIE = "device"
CSRF_HEADER = {
    "in": "header",
    "name": "X-CSRF-TOKEN",
    "required": True,
    "schema": {"type": "string", "maxLength": 100, "pattern": "^[!-~]+$"},
    "description": "The `csrf_token` of the answer before, which the cookie csrf_refresh_token says too.",
}

blp = Blueprint("auth", access="auth", url_prefix=jwt.COOKIE_PATH, description=__doc__)
well_known = Blueprint(
    "well_known", access="auth", url_prefix="/.well-known", description="The keys of our tokens."
)


class TokenError(Problem):
    """RFC 6749 §5.2, as a problem that says it in OAuth's words too."""

    status, code, title = 400, "invalid_request", "No token for this request"
    carries = ("error", "error_description")
    keeps_writes = True  # a failure counts

    def __init__(self, detail: str, **kwargs: Any):
        # English whatever language is asked for: RFC 6749 §5.2 has ASCII here.
        said = {"error": self.code, "error_description": detail}
        super().__init__(detail, members=said, **kwargs)


class UnsupportedGrantType(TokenError):
    code, title = "unsupported_grant_type", "This kind of grant is not given here"


class InvalidScope(TokenError):
    code, title = "invalid_scope", "The client has not all of these scopes"


class InvalidClient(TokenError):
    status, code, title = 401, "invalid_client", "Client unknown, or its secret wrong"

    def __init__(self) -> None:
        challenge = {"WWW-Authenticate": 'Basic realm="lamppu", charset="UTF-8"'}
        detail = Worded("No such client with this secret.")
        super().__init__(detail, headers=challenge)


@blp.route(
    "/login",
    methods=("POST",),
    open_to_anyone="Signing in is how one becomes known.",
    refuses=(logins.WrongCredentials, TooManyRequests),
)
@blp.doc(operationId="logIn")
@blp.arguments(contract.Login())
@blp.response(200, contract.SignIn)
def login(credentials: dict[str, str]) -> Response:
    """Sign in with email and password

    The access token comes in the body, the refresh token in an HttpOnly cookie. `csrf_token` is for scripts to send
    in the header `X-CSRF-TOKEN` when they refresh; a page of the same host finds it in the cookie `csrf_refresh_token`
    too.
    """
    account, password = email_key(credentials["email"]), credentials["password"]
    buckets = _buckets(account)
    with database().session(write=False) as reading:  # argon2 takes a while: no lock meanwhile
        throttle.check(reading, buckets)
        user = logins.find(reading, account)
    proven = logins.proven(user, password)
    throttle.check_in_turn(session(), buckets)
    if not (user and proven):
        throttle.record(session(), buckets)
        raise logins.WrongCredentials
    begun = logins.begin(session(), user, password, current_app.config["REFRESH_TOKEN_DAYS"])
    throttle.forgive(session(), buckets)
    response = _signed_in(begun)
    _remember_device(response, account)
    return response


@blp.route(
    "/refresh",
    methods=("POST",),
    open_to_anyone="The refresh token says who it is.",
    refuses=(Unauthenticated, logins.Reused, Forbidden),
)
@blp.doc(operationId="refreshToken", security=[{"refreshCookie": []}], parameters=[CSRF_HEADER])
@blp.response(200, contract.SignIn)
def refresh() -> Response:
    """Change the refresh token for the next, and get a new access token

    Each refresh token is good once. One that comes twice ends the sign-in for all who hold a token of it.
    """
    person, jti = jwt.refreshing()
    return _signed_in(logins.refresh(session(), person, jti))


@blp.route("/logout", methods=("POST",), keyed=False)
@blp.doc(operationId="logOut")
@blp.response(204)
def logout() -> Response:
    """Sign out: this access token and every refresh token of this sign-in end now"""
    logins.end(session(), caller().session_id or uuid.UUID(int=0))
    return _signed_out()


@blp.route("/password", methods=("POST",), keyed=False, refuses=(TooManyRequests,))
@blp.doc(operationId="changePassword")
@blp.arguments(contract.PasswordChange())
@blp.response(204)
def password(change: dict[str, str]) -> Response:
    """Change my password, and sign me out everywhere"""
    user = session().get_one(User, caller().id)
    buckets = _buckets(user.email_key)
    throttle.check_in_turn(session(), buckets)
    try:
        logins.change_password(session(), user, change["current_password"], change["new_password"])
    except logins.WrongPassword:
        throttle.record(session(), buckets)
        raise
    return _signed_out()


@blp.route("/me")
@blp.doc(operationId="getMe")
@blp.response(200, contract.Me)
def me() -> Response:
    """Who I am and what I may do"""
    who = caller()
    provider = session().get(Provider, who.provider_id) if who.provider_id else None
    allowed = access.permissions(who)
    coordinated = sa.select(Project.id).where(Project.coordinator_id == who.provider_id)
    shown = {
        "id": who.id,
        "kind": who.kind,
        "name": who.name,
        "role": who.role,
        "scopes": sorted(who.scopes),
        "provider_id": who.provider_id,
        "provider_name": provider.name if provider else None,
        "coordinates": session().scalars(coordinated).all() if who.provider_id else [],
        "permissions": [{"resource": name, "actions": allowed[name]} for name in allowed],
    }
    return conditional(json_response(shown))


def _as_oauth(view: Callable[..., Any]) -> Callable[..., Any]:
    """What our own frame refuses about the request, in OAuth's words (RFC 6749 §5.2)."""

    @wraps(view)
    def spoken(*args: Any, **kwargs: Any) -> Any:
        try:
            return view(*args, **kwargs)
        except Invalid as problem:
            places = ", ".join(fault.parameter or "" for fault in problem.faults)
            detail = Worded("Missing or malformed: {places}.", places=places)
            raise TokenError(detail, faults=problem.faults) from problem
        except Problem as problem:
            said = {"error": "invalid_request", "error_description": str(problem)}
            problem.members = said | problem.members
            raise

    return spoken


@blp.route(
    "/token",
    methods=("POST",),
    open_to_anyone="Signing in is how one becomes known.",
    refuses=(TokenError, UnsupportedGrantType, InvalidScope, InvalidClient, TooManyRequests),
)
@blp.doc(operationId="getToken", security=[{"clientBasic": []}, {}])
@_as_oauth
@blp.arguments(contract.TokenRequest(), location="form")
@blp.response(200, contract.AccessToken)
def token(asked: dict[str, Any]) -> Response:
    """Sign in as an API client (OAuth 2.0 client credentials, RFC 6749 §4.4)

    Name and secret come by HTTP Basic or in the body. Without `scope` the token has all scopes of the client.
    """
    if any(len(values) > 1 for _, values in request.form.lists()):
        raise TokenError("A parameter stands twice.")
    if asked["grant_type"] != "client_credentials":
        raise UnsupportedGrantType("Only client_credentials is granted here.")
    client_id, secret = _client_credentials(asked)
    with database().session(write=False) as reading:
        client = clients.find(reading, client_id, secret)
    if client is None:
        # Counted only where it fails: a right secret is never refused, so a wrong one can't lock its client out.
        buckets = jwt.throttle().buckets("client", client_id, request.remote_addr)
        throttle.check(session(), buckets)
        throttle.record(session(), buckets)
        raise InvalidClient
    scopes = clients.granted(client, asked["scope"])
    if scopes is None:
        raise InvalidScope("The client has no such scope.")
    clients.touch(session(), client)
    return _granted(Caller(client.id, "client", client.name, None, scopes, client.provider_id))


def _client_credentials(asked: dict[str, Any]) -> tuple[str, str]:
    """By Basic or in the body, and not both (RFC 6749 §2.3)."""
    basic = request.authorization
    if basic is None:
        if not (asked["client_id"] and asked["client_secret"]):
            raise InvalidClient
        return asked["client_id"], asked["client_secret"]
    if basic.type != "basic":
        raise InvalidClient
    if asked["client_secret"]:
        raise TokenError("The secret stands in the header and in the body.")
    return unquote_plus(basic.username or ""), unquote_plus(basic.password or "")


@well_known.route("/jwks.json", open_to_anyone="Public keys are public.")
@well_known.doc(operationId="getKeys")
@well_known.response(200, contract.KeySet)
def keys() -> Response:
    """The keys that our access tokens can be verified with (JWK Set, RFC 7517)"""
    return public(json_response(jwt.keys().public()), "max-age=300")


def _buckets(account: str) -> list[Bucket]:
    device = request.cookies.get(DEVICE_COOKIE)
    return jwt.throttle().buckets("person", account, request.remote_addr, device)


def _signed_in(begun: logins.Login) -> Response:
    token, csrf_token = jwt.refresh_token(begun)
    response = _granted(begun.caller, csrf_token=csrf_token)
    jwt.set_refresh_token(response, begun, token)
    return response


def _granted(who: Caller, **more: str) -> Response:
    """RFC 6749 §5.1."""
    response = json_response(
        {
            "access_token": jwt.access_token(who),
            "token_type": "Bearer",
            "expires_in": current_app.config["ACCESS_TOKEN_SECONDS"],
            "scope": " ".join(sorted(who.scopes)) or None,
            **more,
        }
    )
    response.headers.update({"Cache-Control": "no-store", "Pragma": "no-cache"})
    return response


def _signed_out() -> Response:
    response = Response(status=204)
    unset_refresh_cookies(response)
    return response


def _remember_device(response: Response, account: str) -> None:
    response.set_cookie(
        DEVICE_COOKIE,
        jwt.throttle().device_cookie(account),
        max_age=throttle.DEVICE_DAYS * 24 * 3600,
        path=jwt.COOKIE_PATH,
        secure=current_app.config["JWT_COOKIE_SECURE"],
        httponly=True,
        samesite="Strict",
    )
