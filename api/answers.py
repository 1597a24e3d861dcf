"""Answers in JSON, and when a reader has them already."""

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from flask import Response, request
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from api import wire
from api.problems import NotAcceptable, Stale
from schemas.fields import Worded

JSON = "application/json"
# Rows with only the fields that were asked for: a shape of its own, so a media type of its own.
SPARSE = "application/vnd.lamppu.sparse+json"

# What may make an answer another one, by the names under which a WSGI server hands them over.
_CONDITIONS = frozenset(
    f"HTTP_IF_{name}"
    for name in ("MATCH", "NONE_MATCH", "MODIFIED_SINCE", "UNMODIFIED_SINCE", "RANGE")
) | {"HTTP_RANGE"}


def accepted(types: Sequence[str]) -> str | None:
    """Which of these media types Accept prefers; its parameters, such as a charset, make no difference here."""
    return _preferred(request.environ.get("HTTP_ACCEPT", ""), tuple(types))


@lru_cache(256)
def _preferred(accept: str, types: tuple[str, ...]) -> str | None:
    asked = parse_accept_header(accept, MIMEAccept)
    bare = MIMEAccept([(kind.partition(";")[0].strip(), quality) for kind, quality in asked])
    return bare.best_match(types) if asked else types[0]


def vary(response: Response, *names: str) -> None:
    """Name request headers that the answer depends on, which are not named yet."""
    known = response.headers.get("Vary")
    response.headers["Vary"] = ", ".join([*([known] if known else []), *names])


def must_accept(types: Sequence[str]) -> None:
    """:raises NotAcceptable: a problem is no reason for a request, so that its media type doesn't count"""
    if not accepted(types):
        text = Worded("This route answers with: {types}.", types=", ".join(types))
        raise NotAcceptable(text)


def json_response(value: Any, status: int = 200, media_type: str = JSON) -> Response:
    return Response(wire.dump(value), status=status, content_type=media_type)


def tag_by_content(response: Response, version: int) -> None:
    """An ETag for one of several representations of a version; a write asks only for the part before the dot."""
    digest = hashlib.sha256(response.get_data()).hexdigest()[:16]
    response.set_etag(f"{version}.{digest}")


def conditional(response: Response) -> Response:
    """ETag, and 304 when the caller has it already (RFC 9110 §13.1.2)."""
    return _conditional(private(response))


def private(response: Response) -> Response:
    """A shared cache must not keep it."""
    response.headers["Cache-Control"] = "private, no-cache"
    vary(response, "Authorization")
    return response


def public(response: Response, freshness: str = "no-cache") -> Response:
    """The same of what is everybody's: any cache may keep it, and asks whether it still holds."""
    response.headers["Cache-Control"] = f"public, {freshness}"
    return _conditional(response)


def asks_whether_it_changed() -> bool:
    """By If-None-Match alone, as nearly everybody does who has something."""
    return _CONDITIONS & request.environ.keys() == {"HTTP_IF_NONE_MATCH"}


def _conditional(response: Response) -> Response:
    response.add_etag()
    if not _CONDITIONS & request.environ.keys():
        return response
    if asks_whether_it_changed():
        unwanted, (tag, _) = request.if_none_match, response.get_etag()
        if unwanted.star_tag or (tag and unwanted.contains_weak(tag)):
            response.status_code = HTTPStatus.NOT_MODIFIED
        return response
    conditions = dict(request.environ)
    if request.if_match.star_tag:  # there is something, so it holds (RFC 9110 §13.1.1)
        del conditions["HTTP_IF_MATCH"]
    response.make_conditional(conditions)
    if response.status_code == Stale.status:  # a GET may ask for a version too (RFC 9110 §13.1.1)
        raise Stale
    return response
