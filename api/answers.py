"""Answers in JSON, and when a reader has them already."""

import hashlib
from typing import Any

from flask import Response, request

from api import wire
from api.problems import Stale

JSON = "application/json"
# Rows with only the fields that were asked for: a shape of its own, so a media type of its own.
SPARSE = "application/vnd.lamppu.sparse+json"


def json_response(value: Any, status: int = 200, media_type: str = JSON) -> Response:
    return Response(wire.dump(value), status=status, content_type=media_type)


def tag_by_content(response: Response, version: int) -> None:
    """An ETag for one of several representations of a version; a write asks only for the part before the dot."""
    digest = hashlib.sha256(response.get_data()).hexdigest()[:16]
    response.set_etag(f"{version}.{digest}")


def conditional(response: Response) -> Response:
    """ETag, and 304 when the caller has it already (RFC 9110 §13.1.2). A shared cache must not keep it."""
    response.headers["Cache-Control"] = "private, no-cache"
    response.vary.add("Authorization")
    return _conditional(response)


def public(response: Response, freshness: str = "no-cache") -> Response:
    """The same of what is everybody's: any cache may keep it, and asks whether it still holds."""
    response.headers["Cache-Control"] = f"public, {freshness}"
    return _conditional(response)


def _conditional(response: Response) -> Response:
    response.add_etag()
    response.make_conditional(request)
    if response.status_code == Stale.status:  # a GET may ask for a version too (RFC 9110 §13.1.1)
        raise Stale
    return response
