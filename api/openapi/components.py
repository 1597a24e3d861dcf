"""What operations share: parameters, headers, and the ways of showing who one is."""

from typing import Any

from api.bodies import CODINGS
from schemas import vocabulary as v
from schemas.shapes import of_id

Node = dict[str, Any]

_TAG = {"type": "string", "maxLength": 200, "pattern": '^(W/)?"[^"]*"$'}
_LIST = {"type": "string", "maxLength": v.HEADER_LENGTH, "pattern": v.ETAG_LIST}
_CONDITION = _LIST | {"pattern": v.ETAGS}
# What names no language is no reason to refuse a request.
_ANY = {"type": "string", "maxLength": v.HEADER_LENGTH, "pattern": r"^[^\u0000\n\r]*$"}
_LINE = {"type": "string", "maxLength": 2000, "pattern": "^[ -~]*$"}
PARAMETERS: Node = {
    "Id": {
        "in": "path",
        "name": "id",
        "required": True,
        "description": "The row's id.",
        "schema": of_id(),
    },
    "IfMatch": {
        "in": "header",
        "name": "If-Match",
        "required": True,
        "description": (
            "The ETag last read (RFC 9110 §13.1.1): when the row has changed since, nothing is written. "
            "`*` and weak tags name no version."
        ),
        "schema": _LIST,
        "example": '"3"',
    },
    "IfMatchAtWill": {
        "in": "header",
        "name": "If-Match",
        "required": False,
        "description": "The ETag last read, for a write that shall not undo another's; without it the last one stands.",
        "schema": _CONDITION,
        "example": '"3"',
    },
    "IfNew": {
        "in": "header",
        "name": "If-None-Match",
        "required": False,
        "description": "`*`: only when there is no such row yet (RFC 9110 §13.1.2).",
        "schema": _CONDITION,
        "example": "*",
    },
    "IfStill": {
        "in": "header",
        "name": "If-Match",
        "required": False,
        "description": "An ETag read before: when it holds no more, the answer is 412 (RFC 9110 §13.1.1).",
        "schema": _CONDITION,
        "example": '"3"',
    },
    "AcceptLanguage": {
        "in": "header",
        "name": "Accept-Language",
        "required": False,
        "description": (
            "In which of `fi`, `sv` and `en` the texts shall be: a list of language tags (RFC 9110 §12.5.4, BCP 47); "
            "what is none is passed over. Without it, or when it names none of them, see the operation; errors are "
            "English then."
        ),
        "schema": _ANY,
        "example": "sv, fi;q=0.8, en;q=0.5",
    },
    "IfNoneMatch": {
        "in": "header",
        "name": "If-None-Match",
        "required": False,
        "description": "An ETag read before: when it still holds, the answer is 304 without a body.",
        "schema": _CONDITION,
        "example": '"3"',
    },
    "PreferWait": {
        "in": "header",
        "name": "Prefer",
        "required": False,
        "description": (
            "`wait=<seconds>`, at most 30 (RFC 7240 §4.3): wait so long for something new. "
            "What is not known here is passed over."
        ),
        "schema": _ANY,
        "example": "wait=30",
    },
    "PreferAsync": {
        "in": "header",
        "name": "Prefer",
        "required": False,
        "description": (
            "`respond-async` (RFC 7240 §4.1): take it in, and answer 202 with a job that does it. "
            "What is not known here is passed over."
        ),
        "schema": _ANY,
        "example": "respond-async",
    },
    "IdempotencyKey": {
        "in": "header",
        "name": "Idempotency-Key",
        "required": False,
        "description": (
            "A name of your own for this request, new for each: when it comes again within 24 hours, by the same "
            "caller, to the same address and with the very same bytes, nothing is done twice, and the first answer "
            "is given again. With other bytes it is refused as `key_reused`; a refused request keeps no key. It is "
            "not taken under /auth, nor where an answer shows a secret."
        ),
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
        "example": "goal-2012-3f0e",
    },
}
_SPOKEN: Node = {
    "description": "The language of the texts (RFC 9110 §8.5), chosen by Accept-Language.",
    "schema": {"$ref": "#/components/schemas/Language"},
}
_ETAG: Node = {
    "required": True,
    "description": "Names this version of what is shown (RFC 9110 §8.8.3); goes back in If-Match.",
    "schema": _TAG,
    "example": '"3"',
}
HEADERS: Node = {
    "Accept": {
        "description": "The media types that are taken (RFC 9110 §12.5.1).",
        "schema": _LINE,
    },
    "Accept-Encoding": {
        "description": "How a body may be packed (RFC 9110 §12.5.3), when it was packed otherwise.",
        "schema": _LINE,
        "example": ", ".join(CODINGS),
    },
    "Content-Disposition": {
        "required": True,
        "description": "That it is a file, and what it is called (RFC 6266).",
        "schema": _LINE,
        "example": 'attachment; filename="goals.csv"',
    },
    "NameOfDocument": {
        "description": "Of a document, what its file is called (RFC 6266).",
        "schema": _LINE,
        "example": 'inline; filename="raportti-lamppu-tunturi-2013-01-18.pdf"',
    },
    "Content-Language": _SPOKEN | {"required": True},
    "LanguageOfPage": _SPOKEN,
    "ETag": _ETAG,
    "ETagOfNew": _ETAG | {"example": '"1"'},
    "Idempotency-Replayed": {
        "description": "`true` when this is the answer to an earlier request with the same key.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "Link": {
        "description": 'The next page of a list, as rel="next" (RFC 8288); absent on the last.',
        "schema": _LINE,
        "example": '</api/v1/goals?cursor=IjAx.Zx>; rel="next"',
    },
    "LinkToReport": {
        "description": 'Of a version: the report as it is now, as rel="original" (RFC 7089 §2.2.1).',
        "schema": _LINE,
        "example": '</api/v1/reports/0192f4a0-7b1c-7a3e-8c5d-9e3779b97f4a>; rel="original"',
    },
    "Memento-Datetime": {
        "description": "Of a version: when it was submitted (RFC 7089 §2.1.1).",
        "schema": _LINE,
        "example": "Fri, 18 Jan 2013 10:15:42 GMT",
    },
    "Repr-Digest": {
        "description": "Of a version: the SHA-256 of its bytes in base64 (RFC 9530 §3).",
        "schema": _LINE,
        "example": "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:",
    },
    "Content-Location": {
        "description": "With `as_of`: the address of the version itself (RFC 9110 §8.7).",
        "schema": {"type": "string", "format": "uri-reference", "maxLength": 2000},
        "example": "/api/v1/reports/0192f4a0-7b1c-7a3e-8c5d-9e3779b97f4a/versions/1",
    },
    "Location": {
        "required": True,
        "description": "Where the new row is, or the job (RFC 9110 §10.2.2, §15.3.3).",
        "schema": {"type": "string", "format": "uri-reference", "maxLength": 2000},
        "example": "/api/v1/goals/0192f4a0-7b1c-7a3e-8c5d-9e3779b97f4a",
    },
    "Changes-After": {
        "description": (
            "Where to follow the log of changes from (`/changes?after=`), to miss nothing that comes after what this "
            "export holds; absent for who may not follow it."
        ),
        "schema": _LINE,
        "example": "WzgxMiwwXQ.Vb0sC4Vhs3E1cBeUeA0wvW4Hkfw",
    },
    "Preference-Applied": {
        "description": "Which preferences were followed (RFC 7240 §3); absent where none was.",
        "schema": _LINE,
        "example": "wait=30",
    },
    "RateLimit": {
        "description": (
            'How many requests are left in this window, and for how many seconds: "caller" counts by who asks, '
            '"address" by where a request comes from that does not say who asks.'
        ),
        "schema": _LINE,
        "example": '"caller";r=1150;t=30',
    },
    "RateLimit-Policy": {
        "description": "How many requests there are, in how many seconds, for each caller or each address.",
        "schema": _LINE,
        "example": '"caller";q=1200;w=60',
    },
    "Retry-After": {
        "description": "Seconds to wait (RFC 9110 §10.2.3).",
        "schema": {"type": "integer", "format": "int32", "minimum": 0, "maximum": v.COUNT_MAX},
        "example": 30,
    },
    "Set-Cookie": {
        "description": "`refresh_token` (HttpOnly) and `csrf_refresh_token`, for /api/v1/auth only.",
        "schema": _LINE,
    },
    "WWW-Authenticate": {
        "required": True,
        "description": "How to say who you are (RFC 9110 §11.6.1).",
        "schema": _LINE,
        "example": 'Bearer realm="lamppu", error="invalid_token"',
    },
    "X-Request-ID": {
        "required": True,
        "description": "The request's id: the caller's own, or a new one.",
        "schema": {"type": "string", "maxLength": 64, "pattern": "^[A-Za-z0-9._-]+$"},
        "example": "5f0c7c1e-6a3b-4f7e-9f43-0a5b8d1c2e3f",
    },
}
ALWAYS = ("X-Request-ID", "RateLimit", "RateLimit-Policy")
_SCOPES = {
    v.Scope.PLAN_READ: "Read the plan: programmes, projects, their periods, goals and meetings.",
    v.Scope.PLAN_WRITE: "Write the plan: the ministry's client, or one of the coordinating provider.",
    v.Scope.RECORDS_READ: "Read records and reports: the provider's own, or all for the ministry.",
    v.Scope.RECORDS_WRITE: "Write the provider's own records, and import them.",
}
SECURITY: Node = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "People: the access token of /api/v1/auth/login, good for 15 minutes (RFC 6750, RFC8725).",
    },
    "clientCredentials": {
        "type": "oauth2",
        "description": "API clients: the access token of /api/v1/auth/token (RFC 6749 §4.4, RFC8725).",
        "flows": {
            "clientCredentials": {
                "tokenUrl": "/api/v1/auth/token",
                "scopes": {scope.value: _SCOPES[scope] for scope in v.Scope},
            }
        },
    },
    "clientBasic": {
        "type": "http",
        "scheme": "basic",
        "description": "An API client's id and secret (RFC 6749 §2.3.1).",
    },
    "refreshCookie": {
        "type": "apiKey",
        "in": "cookie",
        "name": "refresh_token",
        "description": "Set by /api/v1/auth/login and each refresh; scripts can't read it.",
    },
}


def headers(*names: str) -> Node:
    """A response's headers, with those that every answer has."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in (*names, *ALWAYS)}


RESPONSES: Node = {
    "NotModified": {"description": "It still is what you have.", "headers": headers("ETag")},
}
