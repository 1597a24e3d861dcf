"""API clients: scripts and systems that sign in with OAuth 2.0 client credentials (RFC 6749 §4.4)."""

from schemas import vocabulary as v
from schemas.base import Row, Schema
from schemas.fields import Choice, Entries, Flag, Moment, Reference, Text, Whole


class Client(Row):
    """Its id is the client_id; a client without a provider is the ministry's."""

    provider_id = Reference("providers", load_default=None, allow_none=True)
    name = Text(v.NAME_LENGTH, required=True)
    scopes = Entries(Choice(v.Scope))
    active = Flag(load_default=True)
    expires_at = Moment(allow_none=True)
    last_used_at = Moment(allow_none=True)


class ClientSecretRotation(Schema):
    keep_old_hours = Whole(0, 168, load_default=24)
    valid_days = Whole(1, 730, load_default=365)


class ClientSecret(Schema):
    """Shown once; only its hash is kept."""

    client_id = Reference("clients", dump_only=True)
    client_secret = Text(100, dump_only=True)
    expires_at = Moment()
