"""Webhooks: where they may lead, the secrets that deliveries are signed with, and from where they go on.

Signed as Standard Webhooks has it (https://www.standardwebhooks.com): `webhook-id`, `webhook-timestamp`, and in
`webhook-signature` the HMAC-SHA256 of `id.timestamp.body`. So a secret has to be there to sign with: it is kept
encrypted, by a key that follows from SECRET_KEY, so that the database alone gives none away.
"""

import base64
import hashlib
import hmac
import secrets
import uuid
from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from api.access import Caller
from api.base import now
from api.models.webhooks import Webhook, WebhookDelivery
from api.problems import Fault, Invalid
from api.scope import Session
from api.services import posting
from schemas.fields import Worded

# Of one provider, or of the ministry. Requests at the same time may go past it by as many as they are.
MOST = 20
SECRET_BYTES = 32
_PREFIX = "whsec_"
# What a webhook that is to be tried at once, and anew, has left behind.
FRESH: dict[str, Any] = {"failures": 0, "failing_since": None, "next_attempt_at": None}
# A message that would no longer be the same is another one, by another id.
NO_MESSAGE: dict[str, Any] = {"message_id": None, "message_end": None}


def holder(provider_id: uuid.UUID | None) -> str:
    """For whom positions in a provider's, or the ministry's, webhooks are signed."""
    return f"webhooks of {provider_id or 'the ministry'}"


def prepare(
    caller: Caller, data: dict[str, Any], webhook: Webhook | None, *, to_private: bool
) -> None:
    """Before a webhook is made or changed: a manager's is the own provider's, said or not.

    :raises Invalid: nothing is sent to this address
    """
    data["provider_id"] = data["provider_id"] or caller.provider_id
    try:
        posting.target(data["url"], to_private=to_private)
    except posting.NotPublic as error:
        text = Worded(
            "Only by https and to public addresses, unless the operator lets others (WEBHOOKS_TO_PRIVATE)."
        )
        raise Invalid(faults=[Fault("not_public", text, "/url")]) from error
    if webhook is None:
        return
    if data["active"] and not webhook.active:
        data |= FRESH | {"disabled_reason": None}
    if data["url"] != webhook.url:
        data |= FRESH
    if data["resources"] != webhook.resources:
        data |= NO_MESSAGE


def check_room(session: Session, provider_id: uuid.UUID | None) -> None:
    """:raises Invalid: no more webhooks"""
    c = Webhook.__table__.c
    mine = sa.select(sa.func.count()).where(c.provider_id.is_not_distinct_from(provider_id))
    if (session.scalar(mine) or 0) >= MOST:
        text = Worded("More than {max} webhooks.", max=MOST)
        raise Invalid(faults=[Fault("too_many_rows", text, "")])


def new_secret(session: Session, webhook: Webhook, vault: Fernet, keep_old_hours: int) -> str:
    """Give a webhook another secret, shown this once.

    :param keep_old_hours: how long deliveries are signed with the one before, too
    """
    raw, moment = secrets.token_bytes(SECRET_BYTES), now()
    kept = webhook.secret if keep_old_hours and _opens(vault, webhook.secret) else None
    webhook.previous_secret = kept
    webhook.previous_expires_at = moment + timedelta(hours=keep_old_hours) if kept else None
    webhook.secret = vault.encrypt(raw).decode()
    webhook.updated_at = moment
    session.flush()
    return _PREFIX + base64.b64encode(raw).decode()


def _opens(vault: Fernet, secret: str | None) -> bool:
    """Whether it was kept with the SECRET_KEY of now."""
    with suppress(InvalidToken):
        return secret is not None and bool(vault.decrypt(secret))
    return False


def vault(secret_key: str) -> Fernet:
    """What keeps the secrets. Another SECRET_KEY opens none of them."""
    derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"secrets of webhooks")
    return Fernet(base64.urlsafe_b64encode(derive.derive(secret_key.encode())))


def signature(keys: Iterable[bytes], message_id: str, timestamp: int, body: bytes) -> str:
    """One for each key, parted by blanks; a receiver is content with one that fits his."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    made = [hmac.digest(key, signed, hashlib.sha256) for key in keys]
    return " ".join(f"v1,{base64.b64encode(one).decode()}" for one in made)


def replay(session: Session, webhook: Webhook, position: str | None) -> None:
    """Have it go on from another place. What is on its way there just now does not lead it further."""
    for name, value in (FRESH | NO_MESSAGE | {"position": position}).items():
        setattr(webhook, name, value)
    webhook.updated_at = now()
    session.flush()


def deliveries(
    session: Session, webhook_id: uuid.UUID, before: uuid.UUID | None, limit: int
) -> list[dict[str, Any]]:
    """The attempts, the newest first. :param before: the last one already seen"""
    c = WebhookDelivery.__table__.c
    shown = [column for column in c if column.name != "webhook_id"]
    asked = sa.select(*shown).where(c.webhook_id == webhook_id)
    if before:
        asked = asked.where(c.id < before)
    found = session.execute(asked.order_by(c.id.desc()).limit(limit))
    return [dict(row) for row in found.mappings()]
