"""What every answer carries: a request id, and headers that keep browsers from guessing."""

import logging
import re
import time
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from uuid import uuid4

from flask import Flask, Request, Response, current_app, g, request
from flask.sessions import NullSession, SessionInterface
from flask_cors import CORS
from werkzeug.http import http_date

from api.context import part

log = logging.getLogger("lamppu.requests")

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
# What a page of another origin may send, and what it may see beside the few headers that it always sees.
_TAKEN = (
    *("Accept", "Accept-Language", "Authorization", "Content-Type", "Idempotency-Key", "If-Match"),
    *("If-None-Match", "Prefer", "X-CSRF-TOKEN", "X-Request-ID"),
)
_SHOWN = (
    *("Changes-After", "Content-Language", "Deprecation", "ETag", "Idempotency-Replayed"),
    *("Link", "Location"),
    *("Preference-Applied", "RateLimit", "RateLimit-Policy", "Retry-After", "Sunset"),
    "WWW-Authenticate",
    "X-Request-ID",
)
_PREFLIGHT_SECONDS = 600
PATCH_TYPES = ("application/merge-patch+json", "application/json")
_WITHOUT_CONTENT = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)


@dataclass(frozen=True)
class Deprecation:
    """A route that is to go: since when nobody should begin to use it, until when it answers, and what comes after it.

    :param successor: the path of it, in which `{key}` stands for what the route has as `<…:key>`
    """

    since: datetime
    sunset: datetime | None = None
    successor: str | None = None

    def tell(self, response: Response) -> None:
        """RFC 9745, RFC 8594 and RFC 5829."""
        response.headers["Deprecation"] = f"@{int(self.since.timestamp())}"
        if self.sunset:
            response.headers["Sunset"] = http_date(self.sunset)
        if self.successor:
            path = self.successor.format_map(request.view_args or {})
            response.headers.add("Link", f'<{path}>; rel="successor-version"')


def _begin() -> None:
    given, batch = request.headers.get("X-Request-ID", ""), part()
    g.request_id = given if _REQUEST_ID.fullmatch(given) else str(uuid4())
    if batch:
        g.request_id = batch.request_id
    g.began = time.perf_counter()


def _finish(response: Response) -> Response:
    response.headers["X-Request-ID"] = g.request_id
    if request.method == "OPTIONS" and response.status_code == HTTPStatus.OK:
        response.status_code = HTTPStatus.NO_CONTENT  # all that it tells is in Allow
        response.headers.pop("Content-Length", None)
        response.headers["Allow"] = ", ".join(sorted(response.allow))
        if "PATCH" in response.allow:
            response.headers["Accept-Patch"] = ", ".join(PATCH_TYPES)  # RFC 5789 §3.1
    if response.status_code in _WITHOUT_CONTENT:
        response.headers.pop("Content-Type", None)  # Flask calls nothing HTML
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    deprecation: Deprecation | None = g.get("deprecation")
    if deprecation:
        deprecation.tell(response)
    if current_app.config["CORS_ORIGINS"]:
        response.vary.add("Origin")  # also where none was sent: a cache must know before one is
    # The path without its query, and no names: a log is no place for personal data.
    milliseconds = (time.perf_counter() - g.began) * 1000
    line = "%s %r %s %.1f ms %s"  # %r: a path may hold a line break
    named = request.url_rule if "external_id" in (request.view_args or {}) else None
    path = named.rule if named else request.path
    log.info(line, request.method, path, response.status_code, milliseconds, g.request_id)
    return response


class NoSessions(SessionInterface):
    """Flask's cookie of its own, which nothing here uses, is neither looked for nor set."""

    def open_session(self, app: Flask, request: Request) -> NullSession:
        return _NO_SESSION


_NO_SESSION = NullSession()


def register(app: Flask) -> None:
    app.session_interface = NoSessions()
    app.before_request(_begin)
    app.after_request(_finish)
    if origins := app.config["CORS_ORIGINS"]:
        CORS(
            app,
            resources=r"/(api|\.well-known)/.*",
            origins=origins,
            methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=_TAKEN,
            expose_headers=_SHOWN,
            supports_credentials=True,
            max_age=_PREFLIGHT_SECONDS,
            always_send=False,
            vary_header=False,
        )
