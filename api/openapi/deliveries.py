"""What is sent rather than asked for: the log of changes, posted to webhooks (OpenAPI 3.1.0 §4.8.1, `webhooks`)."""

from datetime import timedelta
from typing import Any

from api.openapi import examples
from api.openapi.catalog import GIVEN, Catalog
from api.services.deliveries import ENTRIES, FIRST_WAIT, GIVE_UP_AFTER, LONGEST_WAIT
from api.services.posting import WHOLE
from schemas.changes import ChangesPage

Node = dict[str, Any]

_DESCRIPTION = f"""\
The log of changes, posted to the `url` of a webhook as it comes, in the order of commits and as completely: a page of
it as `followChanges` answers it, without `row`, of {ENTRIES} entries at most, and only of the webhook's `resources`. A
new webhook begins with what changes from then on; `replayWebhook` has it begin elsewhere. Nothing is sent before
`rotateWebhookSecret` has made a secret.

Signed as [Standard Webhooks](https://www.standardwebhooks.com) has it. The key is what stands behind `whsec_` in the
secret, decoded from base64. `webhook-signature` has one signature or, as long as the secret before holds too, several,
parted by blanks: each is `v1,` and the base64 of HMAC-SHA-256 with the key over `webhook-id`, a full stop,
`webhook-timestamp`, a full stop, and the bytes of the body. Take nothing in unless one of them fits and the time is no
more than five minutes off.

Answer 2xx within {WHOLE:.0f} seconds, once it is where it can't be lost; then comes the next one. Anything else, a
redirect too, and it comes again with the same `webhook-id`: after some {FIRST_WAIT // timedelta(seconds=1)} seconds at
first, and twice as long each time up to {LONGEST_WAIT // timedelta(hours=1)} hours. After {GIVE_UP_AFTER.days} days of
failures, or at once upon 410, the webhook is set out of use (`active`, `disabled_reason`). A message may come twice:
drop what you have had by its `webhook-id`."""
_HEADERS = {
    "webhook-id": (
        "Of the message: the same each time it is sent.",
        {"type": "string", "maxLength": 40, "pattern": "^msg_[0-9a-f]{32}$"},
        "msg_0192f4a07b1c7c0b8f75bd78bf957259",
    ),
    "webhook-timestamp": (
        "When it was sent, in seconds since 1970 began.",
        {"type": "string", "maxLength": 12, "pattern": "^[0-9]+$"},
        "1358503200",
    ),
    "webhook-signature": (
        "One or more, parted by blanks; take it in when one fits.",
        {
            "type": "string",
            "maxLength": 200,
            "pattern": "^v1,[A-Za-z0-9+/=]{44}( v1,[A-Za-z0-9+/=]{44})*$",
        },
        "v1,SHuviHvSLnjVES1OpmxUbOOLdtzc9aUgO63DnyGAjUY=",
    ),
}


def webhooks(catalog: Catalog) -> Node:
    """The one that there is, by its name."""
    page = ChangesPage()
    message = {
        "schema": catalog.reference(page, GIVEN),
        "examples": {"ChangesPage": {"value": examples.given(page)}},
    }
    return {
        "changes": {
            "post": {
                "operationId": "receiveChanges",
                "summary": "Be told what changes",
                "description": _DESCRIPTION,
                "tags": ["webhooks"],
                "security": [],
                "parameters": [
                    {
                        "in": "header",
                        "name": name,
                        "required": True,
                        "description": text,
                        "schema": schema,
                        "example": example,
                    }
                    for name, (text, schema, example) in _HEADERS.items()
                ],
                "requestBody": {"required": True, "content": {"application/json": message}},
                "responses": {
                    "204": {"description": "Taken, as any 2xx says; the body is not looked at."},
                    "410": {"description": "Nobody is here any more: send no more."},
                },
            }
        }
    }
