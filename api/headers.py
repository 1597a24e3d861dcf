"""What every answer carries: a request id, and headers that keep browsers from guessing."""

import logging
import re
import time
from uuid import uuid4

from flask import Flask, Response, g, request

log = logging.getLogger("lamppu.requests")

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


def _begin() -> None:
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if _REQUEST_ID.fullmatch(given) else str(uuid4())
    g.began = time.perf_counter()


def _finish(response: Response) -> Response:
    response.headers["X-Request-ID"] = g.request_id
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    # The path without its query, and no names: a log is no place for personal data.
    milliseconds = (time.perf_counter() - g.began) * 1000
    line = "%s %r %s %.1f ms %s"  # %r: a path may hold a line break
    log.info(line, request.method, request.path, response.status_code, milliseconds, g.request_id)
    return response


def register(app: Flask) -> None:
    app.before_request(_begin)
    app.after_request(_finish)
