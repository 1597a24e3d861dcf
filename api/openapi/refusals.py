"""Which problems an operation may answer with, out of the classes that are raised, and what they look like.

What any route of a kind may refuse follows from its method, its path and its gate; the rest it names itself, by
`refuses`. A response is a component for each status, and its codes stand in the operation: `x-codes`, and in words.
"""

import itertools
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator
from typing import Any

from api import access, problems
from api.openapi import wording
from api.problems import Problem
from api.services import locks
from api.services.idempotency import InFlight
from schemas import vocabulary as v
from schemas.faults import FaultCode

Node = dict[str, Any]
Codes = dict[str, list[str]]

NAMES = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    406: "NotAcceptable",
    409: "Conflict",
    412: "Stale",
    413: "TooLarge",
    415: "UnsupportedMediaType",
    422: "Invalid",
    424: "FailedDependency",
    428: "PreconditionRequired",
    429: "TooManyRequests",
    500: "Internal",
    503: "Unavailable",
}
# The headers that come with a status, beside those of every answer.
HEADERS = {
    401: ("WWW-Authenticate",),
    409: ("Retry-After",),
    415: ("Accept",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}
_TEXT = {"type": "string", "maxLength": v.TEXT_LENGTH, "pattern": v.LINES}
# As long as what was asked for; a name that the caller made up comes back as it is.
_NAME = {"type": "string", "pattern": r"^[\s\S]*$"}
_STEM: Node = {"type": "string", "maxLength": v.CODE_LENGTH, "pattern": v.STEM}
_ID: Node = {"type": "string", "format": "uuid", "maxLength": 36, "pattern": v.UUID}
_MEMBERS: Node = {
    "current_version": {
        "type": "integer",
        "format": "int32",
        "minimum": 1,
        "maximum": v.COUNT_MAX,
        "description": "The version that the row is at now.",
    },
    "differences": {
        "type": "array",
        "maxItems": 1000,
        "items": {"$ref": "#/components/schemas/Difference"},
        "description": "The fields in which what was sent differs from the row as it is now.",
    },
    "referring": {
        "type": "array",
        "maxItems": 100,
        "items": _STEM,
        "description": "With `in_use`: the resources whose rows refer to this one.",
    },
    "report": {
        "$ref": "#/components/schemas/LockingReport",
        "description": "With `locked`: the report that holds it.",
    },
    "state": {
        "$ref": "#/components/schemas/ReportState",
        "description": "Of a step in the life of a report: the state that it is in now.",
    },
    "plan": {
        "$ref": "#/components/schemas/ImportPlan",
        "description": "With `plan_moved`: what the import would do now.",
    },
    "error": {**_TEXT, "description": "The error in OAuth's words (RFC 6749 §5.2)."},
    "error_description": {**_TEXT, "description": "What was wrong, for people (RFC 6749 §5.2)."},
}
_COMMON: Node = {
    "type": {
        "type": "string",
        "format": "uri",
        "maxLength": v.LINE_LENGTH,
        "description": "Names the kind of problem; ends in its `code`.",
    },
    "title": {**_TEXT, "description": "What the code means, in the language of the answer."},
    "status": {
        "type": "integer",
        "format": "int32",
        "minimum": 400,
        "maximum": 599,
        "description": "The HTTP status once more.",
    },
    "code": {"$ref": "#/components/schemas/ProblemCode"},
    "detail": {**_TEXT, "description": "What was wrong this time, in the language of the answer."},
    "instance": {
        "type": "string",
        "format": "uri-reference",
        "description": "The path that was asked.",
    },
    "request_id": {
        "type": "string",
        "maxLength": 67,  # in a batch with the number of the operation: `.50`
        "pattern": "^[A-Za-z0-9._-]+$",
        "description": "By which the operator finds the request in the log.",
    },
    "errors": {
        "type": "array",
        "maxItems": problems.MOST_FAULTS,
        "items": {"$ref": "#/components/schemas/Fault"},
        "description": "What is wrong, and where.",
    },
    "more": {
        "type": "integer",
        "format": "int32",
        "minimum": 1,
        "maximum": v.COUNT_MAX,
        "description": "How many more errors there are than `errors` lists.",
    },
}
_ALWAYS = ["type", "title", "status", "code", "instance", "request_id"]


def classes() -> list[type[Problem]]:
    """Every problem of ours, by code."""

    def below(kind: type[Problem]) -> Iterator[type[Problem]]:
        for one in kind.__subclasses__():
            yield from ([one, *below(one)] if one.__module__.startswith("api.") else ())

    return sorted(below(Problem), key=lambda kind: (kind.status, kind.code, kind.__name__))


def of(method: str, path: str, view: Any, *, has_body: bool) -> list[type[Problem]]:
    """The problems that a route may answer with."""
    writes = method not in ("get", "head")
    kinds: list[type[Problem]] = [*getattr(view, "refuses", ())]
    kinds += [problems.NotAcceptable, problems.Invalid, problems.TooManyRequests]
    kinds += [problems.Internal, problems.Unavailable]
    if not view.open_to_anyone:
        kinds += [problems.Unauthenticated, problems.Forbidden]
        has_rows = view.rights[0] not in access.WITHOUT_ROWS
        if has_rows and method in ("post", "put", "patch"):
            kinds += [problems.Duplicate, problems.InUse]  # what it refers to may just have gone
        if locks.may_refuse(*view.rights):
            kinds += [locks.Locked]
    if getattr(view, "keyed", False):
        kinds += [InFlight]
    if "{" in path:
        kinds += [problems.NotFound]
    if writes:
        kinds += [problems.BadRequest, problems.TooLarge]
    else:
        kinds += [problems.Stale]  # If-Match may be sent with a GET too (RFC 9110 §13.1.1)
    if has_body:
        kinds += [problems.InvalidJson, problems.UnsupportedMediaType]
    if method in ("put", "patch", "delete"):
        kinds += [problems.InUse, problems.Stale]
    if method in ("put", "patch", "delete") and path.endswith("/{id}"):
        kinds += [problems.PreconditionRequired]
    return kinds


def codes(kinds: Iterable[type[Problem]]) -> Codes:
    """`{"409": ["duplicate", "in_use"], …}`"""
    found: defaultdict[int, set[str]] = defaultdict(set)
    for kind in kinds:
        found[kind.status].add(kind.code)
    return {str(status): sorted(found[status]) for status in sorted(found)}


def tell(operation: Node, kinds: list[type[Problem]], limit: int | None) -> None:
    """Put an operation's refusals among its responses."""
    operation["x-codes"] = codes(kinds)
    of_token = any(map(_in_oauth, kinds))
    for status, known in operation["x-codes"].items():
        mine = [kind for kind in kinds if str(kind.status) == status]
        text = _meaning(mine)
        if status == "413" and limit:
            text = f"The body is larger than {limit:,} bytes. Code `{known[0]}`."
        reference = f"#/components/responses/{name_of(int(status), of_token=of_token)}"
        # What its component says already is not said again.
        own = {} if text == _meaning(_kinds(int(status), of_token)) else {"description": text}
        operation["responses"][status] = {"$ref": reference} | own


def _kinds(status: int, of_token: bool) -> list[type[Problem]]:
    """All problems of a status, for a component."""
    kinds = [kind for kind in classes() if kind.status == status]
    return [kind for kind in kinds if _in_oauth(kind) == of_token] or kinds


def _meaning(kinds: list[type[Problem]]) -> str:
    ordered = sorted(kinds, key=lambda kind: kind.code)
    titles = dict.fromkeys(kind.title.rstrip(".") for kind in ordered)
    known = dict.fromkeys(f"`{kind.code}`" for kind in ordered)
    return f"{'; or: '.join(titles)}. Code {', '.join(known)}."


def meanings() -> dict[str, str]:
    """What each code of a problem stands for."""
    return {kind.code: f"{kind.title.rstrip('.')}." for kind in classes()}


def name_of(status: int, *, of_token: bool) -> str:
    """The response of a status: whoever asks for a token is told in OAuth's words too (RFC 6749 §5.2)."""
    return ("Token" if of_token else "") + NAMES[status]


def _in_oauth(kind: type[Problem]) -> bool:
    return "error" in kind.carries


def components(headers: Callable[..., Node], used: Container[str]) -> tuple[Node, Node]:
    """Schemas and responses of all problems.

    :param headers: gives a response's headers by their names
    :param used: which responses there are operations for
    """
    schemas: Node = {
        "ProblemCode": wording.of_words(
            dict(sorted(meanings().items())),
            "Tells problems apart, and never changes; new ones may come, to be treated by their status.",
        ),
        "FaultCode": wording.of_words(
            {code.value: code.meaning for code in FaultCode},
            "Tells faults apart, and never changes; new ones may come.",
        ),
        "Fault": _fault(),
        "NamedRow": _named_row(),
        "LockingReport": _locking_report(),
        "Difference": _difference(),
        "Problem": _problem("Problem details (RFC 9457) with a stable `code`.", ()),
    }
    responses: Node = {}
    for status, of_token in itertools.product(NAMES, (False, True)):
        name = name_of(status, of_token=of_token)
        if name not in used:
            continue
        kinds = _kinds(status, of_token)
        extras = tuple(dict.fromkeys(member for kind in kinds for member in kind.carries))
        shape = "Problem"
        if of_token:
            shape, extras = "TokenProblem", ("error", "error_description")
        elif extras:
            shape = f"{name}Problem"
        if extras:
            schemas[shape] = _problem("A problem, with what this kind tells beside.", extras)
        responses[name] = {
            "description": _meaning(kinds),
            "headers": headers("Content-Language", *HEADERS.get(kinds[0].status, ())),
            "content": {
                "application/problem+json": {
                    "schema": {"$ref": f"#/components/schemas/{shape}"},
                    "examples": {shape: {"value": _example(kinds[0], shape)}},
                }
            },
        }
    return schemas, responses


def _problem(text: str, extras: tuple[str, ...]) -> Node:
    members = _COMMON | {name: _MEMBERS[name] for name in extras}
    return {"type": "object", "description": text, "required": _ALWAYS, "properties": members}


def _fault() -> Node:
    places = {
        "pointer": "JSON pointer into the body (RFC 6901); empty for the whole of it.",
        "parameter": "The parameter that it is about.",
        "header": "The header that it is about.",
    }
    return {
        "type": "object",
        "description": "One thing wrong at one place: in the body, in a parameter or in a header.",
        "required": ["code", "detail"],
        "properties": {
            "id": {**_ID, "description": "With `built_on`: the row that it is about."},
            # Names that the caller made up come back as they are.
            **{name: {**_NAME, "description": text} for name, text in places.items()},
            "row": {
                "type": "integer",
                "format": "int32",
                "minimum": 1,
                "maximum": v.COUNT_MAX,
                "description": "The row of a table, counted as a spreadsheet does, or the line.",
            },
            "column": {**_NAME, "description": "The column of a table, by its head."},
            "value": {**_NAME, "description": "The beginning of what stands in the cell."},
            "current": {"description": "With `stale`: what the row has there now."},
            "resource": {
                **_STEM,
                "description": "Of which resource the row is: with `built_on`, and in a file with several.",
            },
            "by": {
                "$ref": "#/components/schemas/NamedRow",
                "description": "With `referred_to`: the row that refers to it.",
            },
            "report": {
                "$ref": "#/components/schemas/LockingReport",
                "description": "With `locked`: the report that holds the row.",
            },
            "code": {"$ref": "#/components/schemas/FaultCode"},
            "detail": {**_TEXT, "description": "What is wrong, in the language of the answer."},
        },
    }


def _named_row() -> Node:
    return {
        "type": "object",
        "description": "A row, by its resource and its id.",
        "required": ["id", "resource"],
        "properties": {
            "id": {**_ID, "description": "Its id."},
            "resource": {**_STEM, "description": "Its resource."},
        },
    }


def _locking_report() -> Node:
    return {
        "type": "object",
        "description": "A report that holds what stands behind it.",
        "required": ["id", "state", "unlocked_by"],
        "properties": {
            "id": {**_ID, "description": "Its id."},
            "state": {
                "$ref": "#/components/schemas/ReportState",
                "description": "The state that it is in.",
            },
            "unlocked_by": {
                "type": "array",
                "maxItems": 5,
                "items": {"$ref": "#/components/schemas/ReportAction"},
                "description": "The actions by which it lets go of what it holds.",
            },
        },
    }


def _difference() -> Node:
    return {
        "type": "object",
        "description": "One field in which what was sent and the row as it is now differ.",
        "required": ["pointer", "sent", "current"],
        "properties": {
            "pointer": {**_TEXT, "description": "JSON pointer at the field (RFC 6901)."},
            "sent": {"description": "What was sent."},
            "current": {"description": "What the row has now."},
        },
    }


def _example(kind: type[Problem], shape: str) -> Node:
    told: Node = {
        "type": f"tag:lamppu.example,2026:problem:{kind.code}",
        "title": kind.title,
        "status": kind.status,
        "code": kind.code,
        "instance": "/api/v1/goals",
        "request_id": "5f0c7c1e-6a3b-4f7e-9f43-0a5b8d1c2e3f",
    }
    if kind is problems.Invalid:
        fault = {"pointer": "/text", "code": "required", "detail": "This field is required."}
        told["errors"] = [fault]
    if "current_version" in kind.carries:
        told["current_version"] = 4
        texts = {"sent": "Verkosto kokoontuu.", "current": "Verkosto kokoontuu kuukausittain."}
        told["differences"] = [{"pointer": "/text", **texts}]
    if "referring" in kind.carries:
        told["referring"] = ["results"]
    if shape == "TokenProblem":
        error = kind.code if _in_oauth(kind) else "invalid_request"
        told |= {"error": error, "error_description": kind.title}
    return told
