"""An Idempotency-Key makes a POST safe to send again: its first answer is kept, and is the answer to all that follow.

draft-ietf-httpapi-idempotency-key-header. Key and answer are written in the transaction of the write itself, so that a
crash leaves both or neither. A refusal keeps nothing: what was refused may be mended and sent under the same key.
"""

import hashlib
import hmac
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from api.access import Caller
from api.base import now
from api.models.requests import IdempotencyKey
from api.problems import Fault, Invalid, Problem
from api.scope import Session
from api.services import sweeps
from schemas.fields import Worded

HEADER = "Idempotency-Key"
LIFETIME = timedelta(hours=24)
_KEY = re.compile("[!-~]{1,255}")


class InFlight(Problem):
    status, code, title = 409, "in_flight", "The first request with this key is still at work"

    def __init__(self, detail: str | None = None, **kwargs: Any):
        kwargs.setdefault("headers", {"Retry-After": "1"})
        super().__init__(detail, **kwargs)


@dataclass(frozen=True)
class Attempt:
    """One request under a key: keyed hashes, so that the table tells nothing about either.

    :param key: whose key, and which
    :param fingerprint: what was sent under it
    """

    key: str
    fingerprint: str


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


class Attempts:
    """:param secret: keys the hashes"""

    def __init__(self, secret: str):
        self._secret = hashlib.sha256(b"idempotency:" + secret.encode()).digest()

    def attempt(self, caller: Caller, key: str, *sent: bytes) -> Attempt:
        """:raises Invalid: the key is not 1 to 255 visible ASCII characters"""
        if not _KEY.fullmatch(key):
            text = Worded("Not 1 to 255 visible ASCII characters.")
            raise Invalid(faults=[Fault("wrong_format", text, header=HEADER)])
        # Provider and rights too: who moves, or may less, must not be shown what he was shown before.
        rights = " ".join(sorted(caller.grounds))
        whose = (str(caller.id), str(caller.provider_id or uuid.UUID(int=0)), rights, key)
        return Attempt(self._hash(*(part.encode() for part in whose)), self._hash(*sent))

    def _hash(self, *parts: bytes) -> str:
        framed = b"".join(len(part).to_bytes(8) + part for part in parts)
        return hmac.new(self._secret, framed, "sha256").hexdigest()


def recall(session: Session, attempt: Attempt) -> Answer | None:
    """The answer that this request was given before; None when it is the first.

    :raises InFlight: the first is being answered right now, on PostgreSQL; SQLite has one writer at a time anyway
    :raises Invalid: the first was another request
    """
    if session.get_bind().dialect.name == "postgresql":
        lock = sa.func.pg_try_advisory_xact_lock(int(attempt.key[:15], base=16))
        if not session.scalar(sa.select(lock)):
            raise InFlight
    alive = IdempotencyKey.created_at > now() - LIFETIME
    kept = session.scalar(sa.select(IdempotencyKey).where(IdempotencyKey.key == attempt.key, alive))
    if kept is None:
        return None
    if kept.fingerprint != attempt.fingerprint:
        text = Worded("Another request was sent under this key.")
        raise Invalid(faults=[Fault("key_reused", text, header=HEADER)])
    return Answer(kept.status, kept.headers, kept.body)


def keep(session: Session, attempt: Attempt, answer: Answer) -> None:
    """Keep an answer, and sweep out some that are too old; this key's own among them, if there is one."""
    old = sweeps.some(IdempotencyKey.key, IdempotencyKey.created_at <= now() - LIFETIME)
    swept = sa.delete(IdempotencyKey).where(
        sa.or_(IdempotencyKey.key == attempt.key, IdempotencyKey.key.in_(old))
    )
    session.execute(swept, execution_options={"synchronize_session": False})
    session.add(
        IdempotencyKey(
            key=attempt.key,
            fingerprint=attempt.fingerprint,
            status=answer.status,
            headers=dict(answer.headers),
            body=answer.body,
        )
    )
    session.flush()
