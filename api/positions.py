"""Places in the log of changes as callers hold them: opaque, signed, and of no use to anyone else."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer

from api import access
from api.access import Reach
from api.context import caller, database, session
from api.problems import Fault, Invalid
from api.scope import Session
from api.services.changes import Position, head


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
    reach = access.reach(caller(), "changes", "read")
    if reach is None:
        return None
    with reading(reach) as reader:
        return written(head(reader))


def written(position: Position) -> str:
    """As it stands in `next`, in `after`, and within the quotes of an ETag."""
    return str(_signer().dumps(position))


def read(text: str, parameter: str = "after") -> Position:
    """:raises Invalid: it was not written for this caller"""
    try:
        return Position(*_signer().loads(text))
    except BadSignature as error:
        fault = Fault("wrong_position", "Not a position of this caller's.", parameter=parameter)
        raise Invalid(faults=[fault]) from error


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt=f"changes|{caller().id}")
