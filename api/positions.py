"""Places in the log of changes as the caller of a request holds them."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from flask import current_app
from itsdangerous import BadSignature

from api import access
from api.access import Reach
from api.context import caller, database, session
from api.problems import Fault, Forbidden, Invalid
from api.scope import Session
from api.services.changes import Position, Positions, head
from api.services.webhooks import holder


@contextmanager
def reading(reach: Reach) -> Iterator[Session]:
    """The session whose log a caller of this reach follows: the provider's, or the ministry's."""
    if reach is Reach.EVERY:
        with database().all_providers() as all_of_them:
            yield all_of_them
    else:
        yield session()


def here() -> str | None:
    """From where to follow the log after whatever the request reads from now on; None for who may not follow it."""
    return written(newest()) if access.reach(caller(), "changes", "read") else None


def newest() -> Position:
    """The place behind all that the caller's log has by now. :raises Forbidden: he may not follow it"""
    reach = access.reach(caller(), "changes", "read")
    if reach is None:
        raise Forbidden
    with reading(reach) as reader:
        return head(reader)


def own() -> Positions:
    """As the caller holds them."""
    return _of(str(caller().id))


def of_webhooks() -> Positions:
    """As the caller's provider, or the ministry, is sent them."""
    return _of(holder(caller().provider_id))


def written(position: Position) -> str:
    """As it stands in `next`, in `after`, and within the quotes of an ETag."""
    return own().written(position)


def read(text: str, *, pointer: str | None = None) -> Position:
    """Where it came with a webhook, the caller may go on from there by himself.

    :param pointer: where it stands in a body, if it does, rather than in `after`
    :raises Invalid: it was written neither for this caller nor for a webhook of his provider's
    """
    for known in (own(), of_webhooks()):
        with suppress(BadSignature):
            return known.read(text)
    parameter = None if pointer else "after"
    fault = Fault("wrong_position", "Not a position of this caller's.", pointer, parameter)
    raise Invalid(faults=[fault])


def _of(whose: str) -> Positions:
    return Positions(current_app.config["SECRET_KEY"], whose)
