"""The people who sign in."""

import typing as t

import marshmallow as ma

from schemas import vocabulary as v
from schemas.base import Row
from schemas.contacts import email_address
from schemas.fields import Choice, Coded, Flag, Moment, Reference, Text, Worded

PROVIDER_ROLES = (v.Role.VIEWER.value, v.Role.EDITOR.value, v.Role.MANAGER.value)
ROLE_MISMATCH = Coded(
    "role_mismatch", "Some roles belong to a provider, the others to none; this one does not fit."
)


def password(**kwargs: t.Any) -> Text:
    """Long rather than intricate (NIST SP 800-63B §3.1.1.2)."""
    return Text(
        v.PASSWORD_MAX,
        v.PASSWORD,
        Worded("Shorter than {min} characters.", min=v.PASSWORD_MIN),
        load_only=True,
        error_messages={"blank": Coded("weak_password", "Contains no visible character.")},
        **kwargs,
    )


class User(Row):
    provider_id = Reference("providers", load_default=None, allow_none=True)
    email = email_address(required=True)
    name = Text(v.NAME_LENGTH, required=True)
    role = Choice(v.Role, required=True)
    active = Flag(load_default=True)
    password = password()
    last_login_at = Moment(allow_none=True)

    @ma.validates_schema
    def _role_fits_provider(self, data: dict[str, t.Any], **_: t.Any) -> None:
        # That a provider's role has its provider is asked later: a manager's own goes without saying.
        if data["role"] not in PROVIDER_ROLES and data.get("provider_id") is not None:
            raise ma.ValidationError([ROLE_MISMATCH], "role")
