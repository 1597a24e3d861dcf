"""Which problems an operation may answer with, out of the classes that are raised, and what they look like.

What any route of a kind may refuse follows from its method, its path and its gate; the rest it names itself, by
`refuses`. Operations that may answer with the same codes at a status share a component, with an example of each; the
codes stand in the operation too: `x-codes`.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

from api import access, problems
from api.openapi import examples, wording
from api.problems import Problem
from api.services import locks
from api.services.idempotency import InFlight
from api.services.imports import PlanMoved
from api.services.life import Incomplete, WrongState
from api.services.undo import BuiltOn
from schemas import vocabulary as v
from schemas.faults import FaultCode
from schemas.imports import ImportPlan

Node = dict[str, Any]
Codes = dict[str, list[str]]

# What the problems of a status are called whose members are more than those of every problem.
_SHAPES = {409: "ConflictProblem", 412: "StaleProblem"}
# The headers that come with a status, beside those of every answer.
HEADERS = {
    401: ("WWW-Authenticate",),
    409: ("Retry-After",),
    415: ("Accept", "Accept-Encoding"),
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
    for status, known in operation["x-codes"].items():
        reference = f"#/components/responses/{_name_of(known, of_token=_of_token(operation))}"
        operation["responses"][status] = {"$ref": reference}
        if status == "413" and limit:
            text = f"The body is larger than {limit:,} bytes. Code `{known[0]}`."
            operation["responses"][status]["description"] = text


@cache
def _by_code() -> dict[str, type[Problem]]:
    return {kind.code: kind for kind in classes()}


def _meaning(kinds: list[type[Problem]]) -> str:
    titles = "; or: ".join(kind.title.rstrip(".") for kind in kinds)
    return f"{titles}. Code {', '.join(f'`{kind.code}`' for kind in kinds)}."


def meanings() -> dict[str, str]:
    """What each code of a problem stands for."""
    return {kind.code: f"{kind.title.rstrip('.')}." for kind in classes()}


def _name_of(known: Iterable[str], *, of_token: bool) -> str:
    """The response that has these codes: `DuplicateOrInUse`.

    :param of_token: whoever asks for a token is told in OAuth's words too (RFC 6749 §5.2)
    """
    words = ("".join(part.capitalize() for part in code.split("_")) for code in known)
    return ("Token" if of_token else "") + "Or".join(words)


def _of_token(operation: Node) -> bool:
    every = (code for known in operation["x-codes"].values() for code in known)
    return any(_in_oauth(_by_code()[code]) for code in every)


def _in_oauth(kind: type[Problem]) -> bool:
    return "error" in kind.carries


def components(headers: Callable[..., Node], operations: Iterable[tuple[str, Node]]) -> Node:
    """Responses of all problems, by name.

    :param headers: gives a response's headers by their names
    :param operations: each with its path; all of them have been told their refusals
    """
    paths: defaultdict[tuple[bool, tuple[str, ...]], set[str]] = defaultdict(set)
    for path, operation in operations:
        for known in operation["x-codes"].values():
            paths[_of_token(operation), tuple(known)].add(path)
    return {
        _name_of(known, of_token=of_token): _response(headers, known, of_token, _fitting(found))
        for (of_token, known), found in paths.items()
    }


def _response(
    headers: Callable[..., Node], known: Iterable[str], of_token: bool, path: str
) -> Node:
    kinds = sorted((_by_code()[code] for code in known), key=_usual)
    status = kinds[0].status
    shape = "TokenProblem" if of_token else _SHAPES.get(status, "Problem")
    return {
        "description": _meaning(kinds),
        "headers": headers("Content-Language", *HEADERS.get(status, ())),
        "content": {
            "application/problem+json": {
                "schema": {"$ref": f"#/components/schemas/{shape}"},
                "examples": {kind.code: {"value": _example(kind, shape, path)} for kind in kinds},
            }
        },
    }


def _usual(kind: type[Problem]) -> tuple[bool, int, str]:
    """What any route may answer comes first: whoever takes the first example takes a likely one."""
    frame = [one for one in vars(problems).values() if isinstance(one, type)]
    return kind not in frame, frame.index(kind) if kind in frame else 0, kind.code


def _fitting(paths: Iterable[str]) -> str:
    """A path at which a problem may be: of goals rather, and of a row by its id."""
    others = {path: path.replace("{id}", "").count("{") for path in paths}
    path = min(others, key=lambda path: ("/goals" not in path, others[path], "{" not in path, path))
    stem = path.split("/")[3] if path.count("/") > 2 else ""
    return path.replace("{id}", examples.id_of(stem.replace("-", "_")))


def schemas() -> Node:
    """What problems are made of, by name."""
    told: Node = {
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
    extras: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for kind in classes():
        if kind.carries:
            shape = "TokenProblem" if _in_oauth(kind) else _SHAPES[kind.status]
            extras[shape] |= dict.fromkeys(kind.carries)
    text = "A problem, with what this kind tells beside."
    return told | {shape: _problem(text, tuple(members)) for shape, members in extras.items()}


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
            "current": {"description": "With `stale` and `removed`: what the row has there now."},
            "sent": {**_TEXT, "description": "With `stale` in an edited report: what that says."},
            "table": {**_NAME, "description": "Of an edited report: the sheet or table."},
            "goal": {**_TEXT, "description": "Of an edited report: the goal of the cell."},
            "period": {**_TEXT, "description": "Of an edited report: the period of the cell."},
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


# What some kinds tell beside.
_TELL: dict[str, Callable[[], Node]] = {
    problems.Invalid.code: lambda: {
        "errors": [{"pointer": "/text", "code": "required", "detail": "This field is required."}]
    },
    problems.Stale.code: lambda: {
        "current_version": 4,
        "differences": [
            {
                "pointer": "/text",
                "sent": "Verkosto kokoontuu.",
                "current": "Verkosto kokoontuu kuukausittain.",
            }
        ],
    },
    problems.InUse.code: lambda: {"referring": ["results"]},
    BuiltOn.code: lambda: {
        "errors": [
            {
                "id": examples.id_of("results"),
                "resource": "results",
                "code": "changed_since",
                "detail": "It has changed since.",
            }
        ]
    },
    PlanMoved.code: lambda: {"plan": examples.given(ImportPlan())},
    locks.Locked.code: lambda: {
        "report": {
            "id": examples.id_of("reports"),
            "state": "submitted",
            "unlocked_by": ["withdraw", "return"],
        }
    },
    WrongState.code: lambda: {"state": "accepted"},
    Incomplete.code: lambda: {
        "errors": [
            {
                "pointer": "/contact_id",
                "code": "required",
                "detail": "A report needs this before it is submitted.",
            }
        ]
    },
}


def _example(kind: type[Problem], shape: str, path: str) -> Node:
    told: Node = {
        "type": f"tag:lamppu.example,2026:problem:{kind.code}",
        "title": kind.title,
        "status": kind.status,
        "code": kind.code,
        "instance": path,
        "request_id": "5f0c7c1e-6a3b-4f7e-9f43-0a5b8d1c2e3f",
    }
    if kind.code in _TELL:
        told |= _TELL[kind.code]()
    if shape == "TokenProblem":
        error = kind.code if _in_oauth(kind) else "invalid_request"
        told |= {"error": error, "error_description": kind.title}
    return told
