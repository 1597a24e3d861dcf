"""Turns whatever was raised into a problem document (RFC 9457). No stack traces, no database words."""

import logging
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from flask import Flask, Response, request
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException

from api import problems, wire
from api.context import language, request_id
from api.db import conflict
from schemas.vocabulary import Language

log = logging.getLogger("lamppu.errors")

_BY_STATUS: dict[int, type[problems.Problem]] = {
    problem.status: problem
    for problem in (
        problems.BadRequest,
        problems.NotFound,
        problems.MethodNotAllowed,
        problems.NotAcceptable,
        problems.TooLarge,
        problems.UnsupportedMediaType,
    )
}


def answer(problem: problems.Problem) -> Response:
    """The problem as a response to the request at hand, in the language that it asks for."""
    spoken = language() or Language.EN.value
    body = problem.document(spoken) | {"instance": quote(request.path), "request_id": request_id()}
    response = Response(
        wire.dump(body), status=problem.status, content_type="application/problem+json"
    )
    response.headers.update(problem.headers)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Language"] = spoken
    response.vary.add("Accept-Language")
    return response


def _of_http(error: HTTPException) -> problems.Problem:
    """werkzeug's own refusals: unknown route, wrong method, too large, unreadable."""
    kind = _BY_STATUS.get(error.code or 500, problems.Internal)
    kept = {
        name: value
        for name, value in error.get_headers()
        if name in ("Allow", "Retry-After", "Accept")
    }
    return kind(headers=kept)


def of_database(error: sa.exc.DBAPIError) -> problems.Problem:
    """What the database refused at a moment when no rule of ours had foreseen it."""
    if _lacks_tables(error):
        log.error("request %s: no such table: run `flask --app wsgi migrate`", request_id())
        return problems.Unavailable("The database has not been set up yet.")
    if isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError):
        log.warning("request %s: database unavailable: %s", request_id(), error.orig)
        return problems.Unavailable()
    if isinstance(error, sa.exc.IntegrityError):
        # Not the whole text of it, in which PostgreSQL quotes the row.
        told = getattr(error.orig, "diag", None)
        text = told.message_primary if told else error.orig
        if conflict(error):
            log.warning("request %s: conflict: %s", request_id(), text)
            return problems.Duplicate("Another request changed the same rows at the same time.")
        log.error("request %s: a row that the schemas should have refused: %s", request_id(), text)
        return problems.Internal()
    return _internal(error)


def _lacks_tables(error: sa.exc.DBAPIError) -> bool:
    undefined = getattr(error.orig, "sqlstate", None) == "42P01"
    return undefined or str(error.orig).startswith("no such table")


def _internal(error: Exception) -> problems.Problem:
    log.error("request %s: unforeseen", request_id(), exc_info=error)
    return problems.Internal()


def of(error: Exception) -> problems.Problem:
    if isinstance(error, problems.Problem):
        return error
    if isinstance(error, HTTPException):
        return _of_http(error)
    if isinstance(error, StaleDataError):
        return problems.Stale()
    if isinstance(error, sa.exc.DBAPIError):
        return of_database(error)
    if isinstance(error, sa.exc.TimeoutError):
        return problems.Unavailable()
    return _internal(error)


def register(app: Flask) -> None:
    def handle(error: Exception) -> Any:
        return answer(of(error))

    for kind in (HTTPException, Exception):
        app.register_error_handler(kind, handle)
