"""API clients signing in with a secret (RFC 6749 §4.4), and the change of that secret without a gap."""

import hashlib
import hmac
import secrets
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from api.access import Caller
from api.base import Identifier, Moment, now
from api.lane import Lane
from api.models.clients import Client
from api.scope import Session

SECRET_BYTES = 32
# `last_used_at` is a hint for people who tidy up; writing it on each token would be all the service did.
LAST_USE_EVERY = timedelta(hours=1)

_client = Client.__table__.c
_IN_USE = sa.select(
    _client.id, _client.name, _client.provider_id, _client.scopes, _client.credentials_changed_at
).where(
    _client.id == sa.bindparam("sub", type_=Identifier()),
    _client.active,
    _client.expires_at > sa.bindparam("now", type_=Moment()),
)


def prepare(caller: Caller, data: dict[str, Any], client: Client | None) -> None:
    """Before a client is made, changed or deleted (without data): one set out of use loses its tokens for good.

    A manager's is the manager's own provider's, said or not.
    """
    if data:
        data["provider_id"] = data["provider_id"] or caller.provider_id
    if data and client and client.active and not data["active"]:
        data["credentials_changed_at"] = now()


def new_secret(session: Session, client: Client, keep_old_hours: int, valid_days: int) -> str:
    """Give a client another secret, shown this once.

    :param keep_old_hours: how long the one before stays good; 0 for one that leaked, which ends its tokens too
    """
    secret, moment = secrets.token_urlsafe(SECRET_BYTES), now()
    client.previous_secret_hash = client.previous_expires_at = None
    if keep_old_hours and client.expires_at:
        client.previous_secret_hash = client.secret_hash
        client.previous_expires_at = min(
            client.expires_at, moment + timedelta(hours=keep_old_hours)
        )
    if not keep_old_hours:
        client.credentials_changed_at = moment
    client.secret_hash = _hash(secret)
    client.expires_at = moment + timedelta(days=valid_days)
    client.updated_at = moment
    session.flush()
    return secret


def find(session: Session, client_id: str, secret: str) -> Client | None:
    """The client of this name, if this is a secret of it that is still good."""
    try:
        client = session.get(Client, uuid.UUID(client_id))
    except ValueError:
        client = None
    if client and str(client.id) != client_id:  # one spelling, and so one bucket of failures
        client = None
    given, moment = _hash(secret), now()
    good = client is not None and any(
        kept and expires_at and expires_at > moment and hmac.compare_digest(kept, given)
        for kept, expires_at in _secrets(client)
    )
    return client if client and client.active and good else None


def _secrets(client: Client) -> Iterable[tuple[str | None, datetime | None]]:
    yield client.secret_hash, client.expires_at
    yield client.previous_secret_hash, client.previous_expires_at


def granted(client: Client, asked: str | None) -> frozenset[str] | None:
    """The scopes of a token (RFC 6749 §3.3): all that the client has, or those it asks for.

    :return: None when it asks for one that it has not
    """
    scopes = frozenset(asked.split() if asked else client.scopes)
    return scopes if scopes and scopes <= set(client.scopes) else None


def touch(session: Session, client: Client) -> None:
    """Note that it was used; that is no version of the client, and no conflict for who edits it."""
    moment = now()
    if client.last_used_at and client.last_used_at > moment - LAST_USE_EVERY:
        return
    used = sa.update(Client).where(Client.id == client.id)
    session.execute(
        used.values(last_used_at=moment),
        execution_options={"synchronize_session": False},
    )


def caller(reader: Lane, sub: uuid.UUID, scopes: frozenset[str], issued: datetime) -> Caller | None:
    """The client behind a token, when it still is in use, with those scopes and credentials."""
    found = reader.rows(_IN_USE, {"sub": sub, "now": now()})
    if not found:
        return None
    [(key, name, provider_id, granted, changed_at)] = found
    if not scopes <= set(granted) or (changed_at and issued < changed_at):
        return None
    return Caller(key, "client", name, None, scopes, provider_id)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
