"""Several operations in one request."""

import re
import typing as t
from enum import StrEnum

import marshmallow as ma
from marshmallow import fields

from schemas import vocabulary as v
from schemas.base import Schema
from schemas.fields import Choice, Coded, Entries, Flag, Part, Text, Whole

OPERATIONS_MAX = 50
# First parts of paths: they need cookies or a body of their own size, answer with files, are public or a batch, or no
# path below /api/v1. Of the log of changes a batch could be told what is undone with it.
NOT_IN_BATCH = frozenset(
    {"api", "auth", "batch", "changes", "docs", "exports", "imports", "openapi.json", "schemas"}
)
WITHOUT_BODY = frozenset({"GET", "DELETE"})
# `{{goal.id}}`: a member of what the operation with the id `goal` answered.
REFERENCE = re.compile(r"\{\{([A-Za-z0-9_-]{1,40})\.([a-z_]{1,40})\}\}")


class BatchMethod(StrEnum):
    GET = "GET"
    POST = "POST"
    PUT = "PUT"
    PATCH = "PATCH"
    DELETE = "DELETE"


def _id(**kwargs: t.Any) -> Text:
    return Text(
        40, r"[A-Za-z0-9_-]+", "Not letters, digits, - and _ only.", allow_none=True, **kwargs
    )


def _header(name: str, regex: str) -> Text:
    return Text(v.LINE_LENGTH, regex, "Not a value of this header.", data_key=name)


def _told(name: str) -> fields.String:
    return fields.String(data_key=name, dump_only=True, metadata={"x-optional": True})


class BatchHeaders(Schema):
    """The headers that count for one operation; all others are those of the batch."""

    if_match = _header("If-Match", r'\*|(W/)?"[!#-~]*"( *, *(W/)?"[!#-~]*")*')
    if_none_match = _header("If-None-Match", r'\*|(W/)?"[!#-~]*"( *, *(W/)?"[!#-~]*")*')
    accept_language = _header("Accept-Language", r"[A-Za-z0-9*,;=. -]+")


class BatchOperation(Schema):
    """One request, as it would be sent by itself."""

    id = _id(
        load_default=None,
        metadata={"description": "Tells the answer, and lets later operations refer to this one"},
    )
    method = Choice(BatchMethod, required=True)
    path = Text(
        2000,
        r"/[a-z][a-z0-9_.-]*([/?][A-Za-z0-9._~%!$&'()*+,;=:@/?{}-]*)?",
        "Not a path below /api/v1, such as /goals?limit=5.",
        required=True,
        metadata={"description": "Below /api/v1, with its query: `/goals?limit=5`"},
    )
    headers = Part(BatchHeaders, load_default=dict)
    body = fields.Raw(
        load_default=None,
        allow_none=True,
        metadata={
            "description": "What would be sent as JSON; null for no body, as with GET and DELETE"
        },
    )


class Batch(Schema):
    """Operations, done one after the other.

    `{{goal.id}}` as a step of a path, as a value of a query, as a value of a body or within If-Match stands for that
    member of what the operation `goal`, which comes before, answered.
    """

    atomic = Flag(
        load_default=False,
        metadata={"description": "All or nothing: the first that is refused undoes the others"},
    )
    operations = Entries(
        Part(BatchOperation), OPERATIONS_MAX, 1, required=True, metadata={"minItems": 1}
    )

    @ma.validates_schema
    def _operations_fit_together(self, data: dict[str, t.Any], **_: t.Any) -> None:
        faults: dict[int, t.Any] = {}
        known: set[str] = set()
        for index, operation in enumerate(data["operations"]):
            method, path, body = (operation[name] for name in ("method", "path", "body"))
            found = {
                "path": _wrong_in_path(path, known),
                "headers": _wrong_in_headers(operation["headers"], known),
                "body": _wrong_in_body(body, known),
            }
            if not _may_be_in_batch(method, path):
                found["path"] = [Coded("not_in_batch", "This is no operation of a batch.")]
            if body is not None and method in WITHOUT_BODY:
                found["body"] = [Coded("not_for_method", "GET and DELETE have no body.")]
            if operation["id"] in known:
                found["id"] = [Coded("repeated", "Another operation has this id.")]
            if found := {name: faulty for name, faulty in found.items() if faulty}:
                faults[index] = found
            if operation["id"]:
                known.add(operation["id"])
        if faults:
            raise ma.ValidationError(t.cast(t.Any, {"operations": faults}))


def pieces(path: str) -> t.Iterator[str]:
    """A path in pieces, of which each step and each value of the query is one; together they are the path again."""
    way, mark, query = path.partition("?")
    yield from re.split("(/)", way)
    for pair in re.split("(?=&)", mark + query):
        name, equals, value = pair.partition("=")
        yield from (name + equals, value)


def _may_be_in_batch(method: str, path: str) -> bool:
    _, first, *rest = path.partition("?")[0].split("/")
    return first not in NOT_IN_BATCH or (method, first, rest) == ("GET", "auth", ["me"])


_UNKNOWN = Coded("unknown_operation", "No operation before this one has this id.")


def _wrong_in_text(text: str, known: set[str]) -> list[Coded]:
    """What is wrong with a text in which braces are there for references only."""
    if re.search(r"\{\{|\}\}", REFERENCE.sub("", text)):
        return [Coded("wrong_reference", "No reference: an id, a dot, and a member of the answer.")]
    return [_UNKNOWN] if {name for name, _ in REFERENCE.findall(text)} - known else []


def _wrong_in_path(path: str, known: set[str]) -> list[Coded]:
    for piece in pieces(path):
        if REFERENCE.search(piece) and not REFERENCE.fullmatch(piece):
            return [
                Coded(
                    "wrong_reference", "In a path: one whole step, or one whole value of the query."
                )
            ]
    return _wrong_in_text(path, known)


def _wrong_in_headers(headers: dict[str, str], known: set[str]) -> dict[str, list[Coded]]:
    named = {BatchHeaders._declared_fields[n].data_key or n: text for n, text in headers.items()}
    return {n: wrong for n, text in named.items() if (wrong := _wrong_in_text(text, known))}


def _wrong_in_body(value: t.Any, known: set[str]) -> t.Any:
    """What is wrong with the references of a JSON value, in its own shape; empty when nothing is."""
    if isinstance(value, str):
        whole = REFERENCE.fullmatch(value)
        return [_UNKNOWN] if whole and whole[1] not in known else []
    members = dict(enumerate(value)) if isinstance(value, list) else value
    if not isinstance(members, dict):
        return {}
    return {
        name: wrong for name, inner in members.items() if (wrong := _wrong_in_body(inner, known))
    }


class BatchAnswerHeaders(Schema):
    """What the headers of one answer say; those that are not there are left out."""

    etag = _told("ETag")
    location = _told("Location")
    link = _told("Link")
    content_type = _told("Content-Type")
    retry_after = _told("Retry-After")


class BatchResponse(Schema):
    """The answer to one operation."""

    id = _id(dump_only=True)
    status = Whole(100, 599, dump_only=True)
    headers = Part(BatchAnswerHeaders, dump_only=True)
    body = fields.Raw(
        dump_only=True,
        allow_none=True,
        metadata={"description": "JSON as it is, a page as one text, null where there is none"},
    )


class BatchAnswer(Schema):
    """The answers, in the order of the operations."""

    responses = Entries(Part(BatchResponse), maximum=OPERATIONS_MAX, dump_only=True)
