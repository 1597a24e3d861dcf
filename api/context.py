"""What belongs to the request at hand, with its type: one session, one caller, one reach."""

from dataclasses import dataclass
from typing import cast

from flask import current_app, g, request

from api.access import Caller, Reach
from api.db import Database
from api.lane import Lane, of
from api.scope import Session
from schemas.vocabulary import Language

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_PART = "lamppu.part"  # without HTTP_ before it no header can set it


@dataclass(frozen=True)
class Part:
    """What a request that is part of a batch has of it: who asks, and the transaction."""

    session: Session
    caller: Caller
    request_id: str

    def environ(self) -> dict[str, object]:
        return {_PART: self}


def part() -> Part | None:
    return cast(Part | None, request.environ.get(_PART))


def writes() -> bool:
    return request.method not in SAFE


def database() -> Database:
    return cast(Database, current_app.extensions["database"])


def session() -> Session:
    """The request's one session; the gate commits it after the handler, or rolls it back."""
    return cast(Session, g.session)


def lane() -> Lane:
    """Where the request reads, past the ORM: a transaction of its own, or that of its session."""
    return cast(Lane, g.lane) if "lane" in g else of(session())


def caller() -> Caller:
    return cast(Caller, g.caller)


def reach() -> Reach:
    """How far the right goes by which the gate let the caller in."""
    return cast(Reach, g.reach)


def request_id() -> str:
    return cast(str, g.request_id)


def preference(name: str) -> str | None:
    """What Prefer asks for under a name; of several the first (RFC 7240 §2)."""
    asked = (
        one.partition(";")[0].partition("=") for one in request.headers.get("Prefer", "").split(",")
    )
    return next(
        (value.strip(' "') for word, _, value in asked if word.strip().lower() == name), None
    )


def language() -> str | None:
    """The first of our languages that Accept-Language asks for; `en-GB` is served by `en` (RFC 4647 §3.4)."""
    ours = {word.value for word in Language}
    asked = (tag.lower().partition("-")[0] for tag, quality in request.accept_languages if quality)
    return next((tag for tag in asked if tag in ours), None)
