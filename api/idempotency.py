"""Idempotency-Key over HTTP: what of a request and of its answer counts."""

from collections.abc import Callable
from typing import cast

from flask import Flask, Response, current_app, request

from api import bodies
from api.context import caller, session
from api.services import idempotency as service

# What an answer says about its body; everything else is made anew each time.
KEPT = (
    *("Cache-Control", "Content-Language", "Content-Type", "ETag", "Link", "Location"),
    *("Preference-Applied", "Vary"),
)


def register(app: Flask) -> None:
    app.extensions["attempts"] = service.Attempts(app.config["SECRET_KEY"])


def asked() -> bool:
    return service.HEADER in request.headers


def once(view: Callable[[], Response]) -> Response:
    """The view's answer, or the one that it gave before when this is the same request under the same key."""
    key = request.headers.get(service.HEADER)
    if key is None:
        return view()
    attempt = _attempts().attempt(
        caller(),
        key,
        request.method.encode(),
        request.path.encode(),
        request.query_string,
        (request.content_type or "").encode(),
        bodies.fingerprint(),
    )
    if kept := service.recall(session(), attempt):
        response = Response(kept.body, status=kept.status, headers=kept.headers)
        response.headers["Idempotency-Replayed"] = "true"
        return response
    response = view()
    # What is not to be stored by anybody is not stored here either: it shows a secret, or says that all was undone.
    if not (response.is_streamed or response.cache_control.no_store):
        headers = {name: response.headers[name] for name in KEPT if name in response.headers}
        answer = service.Answer(response.status_code, headers, response.get_data())
        service.keep(session(), attempt, answer)
    return response


def _attempts() -> service.Attempts:
    return cast(service.Attempts, current_app.extensions["attempts"])
