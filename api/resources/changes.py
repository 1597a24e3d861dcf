"""The log of changes: follow it, and miss nothing."""

import time
from threading import BoundedSemaphore
from typing import Any

from flask import Response, current_app

from api import positions
from api.answers import conditional, json_response
from api.blueprint import Blueprint
from api.context import caller, preference, reach, session
from api.services import changes as service
from api.services.changes import START, Page, Position
from schemas import changes as contract

# Between two looks for something new.
SECONDS_BETWEEN = 0.5

blp = Blueprint("changes", access="changes", url_prefix="/api/v1/changes", description=__doc__)


@blp.route("", endpoint="follow")
@blp.doc(operationId="followChanges")
@blp.arguments(contract.ChangesQuery(), location="query")
@blp.response(200, contract.ChangesPage)
def follow(query: dict[str, Any]) -> Response:
    """Follow what changes

    Every row that is made, changed or deleted leaves an entry, in the order in which the changes were committed: what
    comes behind `next` is never older than what came before it, and nothing is left out. Rows that come into the
    caller's sight or leave it, because a provider joins or leaves a project, stand there too. Begin without `after`,
    and the log tells of every row that there is; or begin with an export, and go on from its `Changes-After`: of
    several exports, and of one that was resumed, from the first one's. A client is told of what its scopes let it
    read, and `next` leads past the rest: with more scopes than before, begin anew.

    An entry says to look at a row again: put `row` in place of what you have of it, or drop it when `deleted` is true.
    A row that has changed several times comes several times. `row` and `deleted` tell how it is now, which may be
    newer than the `version` of the entry; the entry for that is yet to come, and does no harm.

    Where nothing is new, `items` is empty and `next` is `after` once more: it is the ETag too, so that
    `If-None-Match: "<next>"` answers 304. `Prefer: wait=30` waits so many seconds, at most 30, for something new; where
    too many wait already the answer comes at once, without `Preference-Applied`.
    """
    after = positions.read(query["after"]) if query["after"] else START
    page, items = _look(query, after)
    waited = 0
    if not items and (waited := _asked_to_wait()):
        waited, page, items = _wait(query, page, waited)
    following = positions.written(page.next)
    response = json_response({"items": items, "next": following, "more": page.more})
    response.set_etag(following)
    response.vary.add("Prefer")
    if waited:
        response.headers["Preference-Applied"] = f"wait={waited}"
    return conditional(response)


def _look(query: dict[str, Any], after: Position) -> tuple[Page, list[dict[str, Any]]]:
    """A page of the log, and what the caller may see of it."""
    with positions.reading(reach()) as reader:
        page = service.page(reader, after, query["limit"])
        entries = service.readable(caller(), page.entries, query["resource"])
        if entries and reader is not session():
            session().close()  # else it would show rows as they were before the log was read
        found = service.look(caller(), session(), reader, entries, whole=query["rows"])
    return page, [_item(entry, found, whole=query["rows"]) for entry in entries]


def _item(entry: service.Entry, found: dict[Any, Any], *, whole: bool) -> dict[str, Any]:
    row = found.get((entry.resource, entry.row_id))
    item = service.item(entry, found, positions.own())
    return item | ({"row": row} if whole and row else {})


def _asked_to_wait() -> int:
    """Seconds; what is no number of them is passed over (RFC 7240 §2)."""
    asked = preference("wait") or ""
    return min(int(asked), contract.WAIT_MAX) if asked.isdecimal() else 0


def _wait(
    query: dict[str, Any], page: Page, seconds: int
) -> tuple[int, Page, list[dict[str, Any]]]:
    """Look again and again, with no connection in between, until there is something or the time is over.

    :return: what was looked at last, and for how long it was to wait: 0 where too many do
    """
    places = current_app.extensions.setdefault(
        "waiters", BoundedSemaphore(current_app.config["MAX_WAITERS"])
    )
    if not places.acquire(blocking=False):
        return 0, page, []
    items: list[dict[str, Any]] = []
    end = time.monotonic() + seconds
    try:
        while not items and (page.more or (left := end - time.monotonic()) > 0):
            if not page.more:
                session().close()
                time.sleep(min(SECONDS_BETWEEN, left))
            page, items = _look(query, page.next)
    finally:
        places.release()
    return seconds, page, items
