"""Whether a list is as its reader has it, told by the log of changes rather than by reading the list.

The ETag of a list is `"content.state"`. Where nothing has changed in the log since, the state is the same, and a 304
costs one look-up; where something has, but not in this list, its content still is. A process remembers of which state
that was seen, so that it costs one look-up again.
"""

import hashlib
from collections.abc import Iterator
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import cast

from flask import Flask, Response, current_app, request

from api.access import Reach
from api.answers import asks_whether_it_changed, private
from api.context import caller
from api.lane import Lane
from api.models.base import Row
from api.services import changes
from schemas.base import Record

_ROOT = Path(__file__).parents[1]
SEEN_KEPT = 4096


def register(app: Flask) -> None:
    app.extensions["seen"] = {}


def _seen() -> dict[str, str]:
    """Tags of an earlier state whose content was the same still, each with the newest state of which that was seen."""
    return cast(dict[str, str], current_app.extensions["seen"])


def state(reader: Lane, reach: Reach, model: type[Row]) -> str | None:
    """What is another whenever this request's answer is; None where the log does not tell all that may be in it."""
    if not issubclass(model.schema, Record) or reach not in (Reach.OWN, Reach.EVERY):
        return None
    asked = (request.path, request.query_string, request.environ.get("HTTP_ACCEPT"))
    told = (changes.state(reader), caller().id, caller().provider_id, reach.value, *asked, _code())
    return hashlib.blake2b(repr(told).encode(), digest_size=8).hexdigest()


@cache
def _code() -> str:
    """Rows may be shown otherwise after an update, of which no log tells."""
    digest = hashlib.blake2b(digest_size=8)
    for path in sorted([*_ROOT.glob("api/**/*.py"), *_ROOT.glob("schemas/**/*.py")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def unchanged(state: str) -> Response | None:
    """304, when the caller has what is of this state."""
    for tag in _known():
        if state in (tag.rpartition(".")[2], _seen().get(tag)):
            response = Response(status=HTTPStatus.NOT_MODIFIED)
            response.set_etag(tag)
            return private(response)
    return None


def tag(response: Response, state: str) -> None:
    """Of a content that the caller has already the tag stays as he has it (RFC 9110 §13.1.2)."""
    content = hashlib.blake2b(response.get_data(), digest_size=8).hexdigest()
    mine = next((tag for tag in _known() if tag.partition(".")[0] == content), None)
    if mine:
        if len(_seen()) >= SEEN_KEPT:
            _seen().clear()
        _seen()[mine] = state
    response.set_etag(mine or f"{content}.{state}")


def _known() -> Iterator[str]:
    """The tags that the caller has, where he asks for nothing else."""
    if asks_whether_it_changed():
        tags = request.if_none_match
        yield from (tag for tag in tags.as_set(include_weak=True) if isinstance(tag, str))
