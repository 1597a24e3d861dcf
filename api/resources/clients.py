"""API clients: scripts and systems that sign in by themselves."""

import uuid
from typing import Any, cast

from flask import Response

from api.answers import json_response
from api.blueprint import Blueprint
from api.context import caller, session
from api.crud import register
from api.models.clients import Client
from api.services import clients
from schemas import clients as contract

blp = Blueprint("clients", access="clients", url_prefix="/api/v1/clients", description=__doc__)


def _prepare(data: dict[str, Any], client: Client | None) -> None:
    clients.prepare(caller(), data, client)


resource = register(blp, Client, filters=("provider_id",), prepare=_prepare)


@blp.route("/<uuid:key>/secret", methods=("POST",), action="update", keyed=False)
@blp.doc(operationId="rotateClientSecret")
@blp.arguments(contract.ClientSecretRotation())
@blp.response(200, contract.ClientSecret)
def secret(rotation: dict[str, Any], key: uuid.UUID) -> Response:
    """Make a secret, shown this once; the one before stays good for `keep_old_hours`

    With `keep_old_hours` 0 it ends at once, and every token of the client with it: for a secret that leaked.
    """
    client = cast(Client, resource.reached(key))
    made = clients.new_secret(session(), client, **rotation)
    response = json_response(
        {"client_id": client.id, "client_secret": made, "expires_at": client.expires_at}
    )
    response.headers["Cache-Control"] = "no-store"
    return response
