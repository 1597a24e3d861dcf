"""Webhooks: the log of changes, sent to an address as it grows."""

import uuid
from typing import Any, cast

from flask import Response, current_app

from api import positions
from api.answers import conditional, json_response
from api.blueprint import Blueprint
from api.context import caller, session
from api.crud import register
from api.listing import Cursors
from api.models.webhooks import Webhook
from api.services import webhooks
from schemas import webhooks as contract

blp = Blueprint("webhooks", access="webhooks", url_prefix="/api/v1/webhooks", description=__doc__)


def _prepare(data: dict[str, Any], webhook: Webhook | None) -> None:
    if not data:
        return
    to_private = bool(current_app.config["WEBHOOKS_TO_PRIVATE"])
    webhooks.prepare(caller(), data, webhook, to_private=to_private)
    if webhook is None:
        webhooks.check_room(session(), caller().provider_id)
        data["position"] = positions.of_webhooks().written(positions.newest())


resource = register(blp, Webhook, prepare=_prepare)


@blp.route("/<uuid:key>/secret", methods=("POST",), action="update", keyed=False)
@blp.doc(operationId="rotateWebhookSecret")
@blp.arguments(contract.WebhookSecretRotation())
@blp.response(200, contract.WebhookSecret)
def secret(rotation: dict[str, Any], key: uuid.UUID) -> Response:
    """Make the secret that deliveries are signed with, shown this once

    Without one nothing is sent. For `keep_old_hours` deliveries are signed with the one before, too.
    """
    webhook = cast(Webhook, resource.reached(key))
    vault = webhooks.vault(current_app.config["SECRET_KEY"])
    made = webhooks.new_secret(session(), webhook, vault, **rotation)
    response = json_response({"webhook_id": webhook.id, "secret": made})
    response.headers["Cache-Control"] = "no-store"
    return response


@blp.route("/<uuid:key>/replay", methods=("POST",), action="update")
@blp.doc(operationId="replayWebhook")
@blp.arguments(contract.Replay())
@blp.response(200, contract.Webhook)
def replay(given: dict[str, Any], key: uuid.UUID) -> Response:
    """Send all that comes behind a position, once more

    What is sent again has ids of its own, so that a receiver who drops doubles by `webhook-id` takes it.
    """
    webhook = cast(Webhook, resource.reached(key))
    after = positions.read(given["after"], pointer="/after") if given["after"] else None
    place = positions.of_webhooks().written(after) if after else None
    webhooks.replay(session(), webhook, place)
    return json_response(resource.current(key))


@blp.route("/<uuid:key>/deliveries")
@blp.doc(operationId="getWebhookDeliveries")
@blp.arguments(contract.DeliveriesQuery(), location="query")
@blp.response(200, contract.WebhookDeliveriesPage)
def deliveries(query: dict[str, Any], key: uuid.UUID) -> Response:
    """Read of the attempts to deliver, the newest first

    They are kept for 30 days, and no more than 1,000 of them.
    """
    resource.current(key)
    cursors = Cursors("webhook_deliveries", "created_at", {"webhook_id": key})
    before = cursors.read(query["cursor"])[0] if query["cursor"] else None
    found = webhooks.deliveries(session(), key, before, query["limit"] + 1)
    shown, more = found[: query["limit"]], len(found) > query["limit"]
    following = cursors.write(shown[-1]) if more else None
    return conditional(json_response({"items": shown, "next": following}))
