"""Webhooks: addresses to which the log of changes is sent as it grows."""

import typing as t
from enum import StrEnum

from marshmallow import fields

from schemas import vocabulary as v
from schemas.base import Row, Schema, optional_line
from schemas.changes import RESOURCES
from schemas.fields import Choice, Entries, Flag, Moment, Part, QueryWhole, Reference, Text, Whole

# Of accounts and their like nothing is sent: whoever gets it is told no more than a viewer, or a reviewer, may read.
_ACCOUNTS = frozenset({"users", "clients"})
Followed = StrEnum(  # type: ignore[misc]
    "Followed", {stem.upper(): stem for stem in RESOURCES if stem not in _ACCOUNTS}
)
Followed.__doc__ = "A resource whose changes are told of."


def url(**kwargs: t.Any) -> Text:
    """An address as browsers write it (RFC 3986), with neither user nor fragment; whether it is fit is asked later."""
    return Text(v.LINE_LENGTH, v.URL, "Not an address such as https://a.example/hook.", **kwargs)


class Webhook(Row):
    """Without a provider it is the ministry's. What it follows is what a viewer, or a reviewer, may read."""

    provider_id = Reference("providers", load_default=None, allow_none=True)
    url = url(required=True)
    description = optional_line()
    resources = Entries(Choice(Followed), maximum=len(Followed))
    active = Flag(load_default=True)
    position = Text(v.POSITION_LENGTH, dump_only=True, allow_none=True)
    failures = Whole(0, v.COUNT_MAX, dump_only=True)
    last_status = Whole(100, 999, dump_only=True, allow_none=True)
    next_attempt_at = Moment(allow_none=True)
    disabled_reason = Choice(v.DisabledReason, dump_only=True, allow_none=True)


class WebhookSecretRotation(Schema):
    keep_old_hours = Whole(0, 168, load_default=24)


class WebhookSecret(Schema):
    """Shown once, and kept encrypted, since every delivery is signed with it."""

    webhook_id = Reference("webhooks", dump_only=True)
    secret = Text(100, dump_only=True)


class Replay(Schema):
    after = Text(
        v.POSITION_LENGTH,
        required=True,
        allow_none=True,
        metadata={
            "description": "A position out of a delivery, of the caller's own log, or `Changes-After` of an export; "
            "null for the beginning"
        },
    )


class DeliveriesQuery(Schema):
    limit = QueryWhole(1, 500, load_default=50, metadata={"description": "Attempts a page"})
    cursor = Text(
        v.POSITION_LENGTH,
        load_default=None,
        metadata={"description": "`next` of the page before, by the same caller"},
    )


class WebhookDelivery(Schema):
    """One attempt to deliver some of the log."""

    id = fields.UUID(required=True, metadata={"description": "The attempt's id"})
    at = Moment(metadata={"description": "When it began"})
    message_id = fields.String(
        required=True,
        metadata={"description": "Its `webhook-id`: the same in every attempt at one message"},
    )
    after = fields.String(
        required=True, allow_none=True, metadata={"description": "The place that it went on from"}
    )
    position = fields.String(
        required=True, metadata={"description": "The place that it led to: its `next`"}
    )
    items = Whole(0, v.COUNT_MAX, dump_only=True, metadata={"description": "How many entries"})
    status = Whole(
        100,
        999,
        dump_only=True,
        allow_none=True,
        metadata={"description": "The status that was answered; null where there was no answer"},
    )
    error = Choice(
        v.DeliveryError,
        dump_only=True,
        allow_none=True,
        metadata={"description": "Why there was no answer"},
    )
    milliseconds = Whole(
        0, v.COUNT_MAX, dump_only=True, metadata={"description": "How long it took"}
    )


class WebhookDeliveriesPage(Schema):
    """Some of the attempts, the newest first."""

    items = fields.List(Part(WebhookDelivery), required=True)
    next = fields.String(required=True, allow_none=True)
