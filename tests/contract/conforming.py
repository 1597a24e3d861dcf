"""Strict both ways: every answer that a test gets is held to the OpenAPI document, and what was let in to it as well.

The document is made from the code, so that it is never behind. `ConformingClient` asks `conforms` after each request
of the tests' Flask application; a test that talks to a server asks it itself.
"""

import gzip
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.message import Message
from functools import cache, cached_property
from http import HTTPMethod
from typing import Any
from urllib.parse import parse_qsl, unquote

import jsonschema_rs
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException
from werkzeug.http import parse_options_header
from werkzeug.test import TestResponse

from api import openapi
from api.resources import BLUEPRINTS

Node = dict[str, Any]

OURS = {blueprint.name for blueprint in BLUEPRINTS}
PROBLEM = "application/problem+json"
NDJSON = "application/x-ndjson"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# RFC 9110 §11.6.1, §10.2.1; RFC 6585 §4; the document may ask for more.
GO_WITH = {401: "WWW-Authenticate", 405: "Allow", 429: "Retry-After", 503: "Retry-After"}
# What an answer with one of these headers must be documented with.
TOLD = {
    *("Content-Disposition", "Content-Language", "ETag", "Link", "Location"),
    *("Idempotency-Replayed", "Set-Cookie"),
}
# Codes for which JSON Schema has words, so that the document must have said it before.
SHAPE = {
    *("required", "null", "wrong_type", "unknown_field", "read_only", "unknown_word", "too_short"),
    *("too_long", "wrong_length", "out_of_range", "wrong_format", "blank", "forbidden_character"),
}
# And where such a code is for more than the document can say.
_MEANT = {
    # Only a new row must have all that is required, and a reference is spelled in one of two ways.
    "createImport": {"required", "unknown_field"},
    # The length of an email counts after its letters were folded: `ß` becomes two.
    **{name: {"too_long"} for name in ("createUser", "replaceUser", "patchUser")},
}
# Where a schema begins that is of another value than the one around it.
_VALUES = ("items", "additionalProperties", "contains", "propertyNames")
_VALUES_BY_NAME = ("properties", "patternProperties")
FORM = "application/x-www-form-urlencoded"
MERGE_PATCH = "application/merge-patch+json"


@dataclass(frozen=True)
class Asked:
    """What a request carried beside method and path.

    :param body: None where it can't be read again
    """

    query: Sequence[tuple[str, str]] = ()
    headers: Headers | None = None
    body: bytes | None = b""


@dataclass(frozen=True)
class Answer:
    """:param part: one of a batch, which tells few of its headers"""

    method: str
    status: int
    headers: Headers
    body: bytes
    part: bool = False

    @property
    def media(self) -> str:
        return parse_options_header(self.headers.get("Content-Type"))[0]

    @property
    def plain(self) -> bytes:
        packed = self.headers.get("Content-Encoding") == "gzip"
        return gzip.decompress(self.body) if packed else self.body


class ConformingClient(FlaskClient):
    """Refuses to hand over an answer that the document does not know."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        __tracebackhide__ = True
        response = super().open(*args, **kwargs)
        request = response.request
        if _of_a_test(self.application, request):
            return response
        conforms(
            request.method,
            request.path,
            response.status_code,
            response.headers,
            response.get_data(),
            asked=Asked(
                list(request.args.items(multi=True)), request.headers, _read_again(request)
            ),
        )
        return response


def _of_a_test(app: Flask, request: Any) -> bool:
    """Whether it went to a route that a test has added to the application."""
    try:
        endpoint, _ = app.url_map.bind("").match(request.path, request.method)
    except HTTPException:
        return False
    return endpoint.partition(".")[0] not in OURS


def _read_again(request: Any) -> bytes | None:
    stream = request.environ["wsgi.input"]
    if not stream.seekable() or "Content-Encoding" in request.headers:
        return None
    stream.seek(0)
    body: bytes = stream.read()
    return body


def conforms(
    method: str,
    path: str,
    status: int,
    headers: Headers | Mapping[str, str] | Message,
    body: bytes,
    *,
    asked: Asked | None = None,
) -> None:
    """Hold one exchange to the document as it is now.

    :param path: without its query
    :param asked: what the request carried; without it only the answer is looked at
    :raises AssertionError: with the operation, the place, what the document says and what there is
    """
    __tracebackhide__ = True
    current().judge(path, Answer(method, status, Headers(dict(headers)), body), asked)


@cache
def current() -> "Contract":
    app = Flask("contract", static_folder=None)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    return Contract(json.loads(openapi.document(app, BLUEPRINTS)))


class Contract:
    """A document that judges."""

    def __init__(self, document: Node):
        self.document = document
        schemas = document["components"]["schemas"]
        closed = {name: _closed(schema, schemas) for name, schema in schemas.items()}
        self._schemas = {"in": schemas, "out": closed}
        self._registry = jsonschema_rs.Registry(
            [
                (f"urn:{way}", {"components": {"schemas": named}})
                for way, named in self._schemas.items()
            ],
            draft=jsonschema_rs.Draft202012,
        )
        self._validators: dict[str, Any] = {}

    def judge(self, path: str, answer: Answer, asked: Asked | None = None) -> None:
        __tracebackhide__ = True
        template, values, item = self.path(path)
        method = HTTPMethod.GET if answer.method == HTTPMethod.HEAD else answer.method
        operation = item.get(method.lower())
        if operation is None:
            faults = list(self._beside(path, item, answer))
        else:
            faults = [
                *self._answer(operation, answer, asked),
                *(self._verdict(operation, values, asked, answer) if asked else ()),
            ]
        who = operation["operationId"] if operation else "no operation"
        if faults:
            where = f"{who}: {answer.method} {template or path} -> {answer.status}"
            raise AssertionError("\n  ".join([where, *faults, repr(answer.body[:500])]))
        if who == "sendBatch" and answer.status == 200 and asked and asked.body:
            self._judge_parts(json.loads(asked.body), json.loads(answer.plain))

    def _judge_parts(self, asked: Node, answer: Node) -> None:
        for one, told in zip(asked["operations"], answer["responses"], strict=True):
            if "{{" not in one["path"] and told["status"] != 424:
                path = unquote("/api/v1" + one["path"].partition("?")[0])
                body = b"" if told["body"] is None else json.dumps(told["body"]).encode()
                headers = Headers(told["headers"])
                self.judge(path, Answer(one["method"], told["status"], headers, body, part=True))

    def judge_sent(self, webhook: str, headers: Headers, body: bytes) -> None:
        """What we send to somebody else, as `webhooks` tells him of it."""
        __tracebackhide__ = True
        operation = self.document["webhooks"][webhook]["post"]
        faults = list(self._asked(operation, {}, Asked(headers=headers, body=body)))
        if faults:
            raise AssertionError("\n  ".join([webhook, *faults]))

    # which operation

    @cached_property
    def _templates(self) -> list[tuple[re.Pattern[str], str]]:
        """What is said in plain comes before what has parameters (OpenAPI 3.1, Paths Object)."""
        paths = sorted(self.document["paths"], key=lambda path: (path.count("{"), path))
        return [(_pattern(path), path) for path in paths]

    def path(self, path: str) -> tuple[str, Mapping[str, str], Node]:
        """The template of a path, its values and what stands under it; nothing for one that is not documented."""
        for pattern, template in self._templates:
            if found := pattern.fullmatch(path):
                item: Node = self.document["paths"][template]
                return template, found.groupdict(), item
        return "", {}, {}

    # what goes out

    def _beside(self, path: str, item: Node, answer: Answer) -> Iterator[str]:
        """Answers that belong to no operation: unknown paths, wrong methods, OPTIONS."""
        if item and answer.method == HTTPMethod.OPTIONS and answer.status < 400:
            return
        if answer.status >= 400:
            yield from self._problem(answer)
        expected = 405 if item else 404
        if answer.status != expected:
            yield f"the document says nothing of it, so {expected} was expected"

    def _problem(self, answer: Answer) -> Iterator[str]:
        shape = {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}
        yield from self._told({"content": shape}, answer)

    def _answer(self, operation: Node, answer: Answer, asked: Asked | None) -> Iterator[str]:
        responses = operation["responses"]
        keys = (str(answer.status), f"{answer.status // 100}XX", "default")
        response = next((responses[key] for key in keys if key in responses), None)
        if response is not None:
            yield from self._told(self.resolved(response), answer)
            yield from self._code(operation, answer)
            yield from self._lines(response, answer, asked)
            return
        yield f"status {answer.status} is not documented, only {', '.join(responses)}"
        if answer.status >= 400:
            yield from self._problem(answer)

    def _code(self, operation: Node, answer: Answer) -> Iterator[str]:
        known = operation.get("x-codes", {}).get(str(answer.status))
        if known and answer.body and (code := json.loads(answer.plain)["code"]) not in known:
            yield f"code {code} is not documented, only {', '.join(known)}"

    def _told(self, response: Node, answer: Answer) -> Iterator[str]:
        if not answer.part:
            yield from self._headers(response.get("headers", {}), answer)
        bare = answer.method == HTTPMethod.HEAD or answer.status == 304
        content = {} if bare else response.get("content", {})
        if not content:
            if answer.body:
                yield f"a body of {answer.media}, where none is documented"
        elif answer.media not in content:
            yield f"media type {answer.media} is not documented, only {', '.join(content)}"
        elif _is_json(answer.media):
            shown = json.loads(answer.plain)
            yield from self._fits(content[answer.media]["schema"], "out", shown)

    def _lines(self, response: Node, answer: Answer, asked: Asked | None) -> Iterator[str]:
        """OpenAPI 3.1 has no word of its own for what each line of NDJSON is."""
        if answer.media == NDJSON:
            media = response["content"][NDJSON]
            sparse = asked is None or any(name == "fields" for name, _ in asked.query)
            line = media.get("x-sparse-line" if sparse else "x-line", media["x-line"])
            for text in answer.plain.splitlines():
                yield from self._fits(line, "out", json.loads(text))

    def _headers(self, documented: Node, answer: Answer) -> Iterator[str]:
        needed = GO_WITH.get(answer.status)
        if needed and needed not in answer.headers:
            yield f"header {needed} is missing"
        if answer.status < 300:
            there = {name for name in TOLD if name in answer.headers}
            yield from (f"header {name} is not documented" for name in there - documented.keys())
        for name, header in documented.items():
            yield from self._header(name, self.resolved(header), answer.headers.get(name))

    def _header(self, name: str, header: Node, value: str | None) -> Iterator[str]:
        if value is not None:
            yield from self._fits(header["schema"], "out", _read(value, header), f"header {name}")
        elif header.get("required"):
            yield f"header {name} is missing"

    # what came in

    def _verdict(
        self, operation: Node, path: Mapping[str, str], asked: Asked, answer: Answer
    ) -> Iterator[str]:
        """What is let in is what the document allows; what is refused for its shape is what it forbids."""
        if answer.status < 400:
            yield from (f"was let in: {fault}" for fault in self._asked(operation, path, asked))
            if answer.status != 202:  # or it has not been read yet
                yield from (f"was let in: {fault}" for fault in self._rows(operation, asked))
        elif answer.status == 422 and asked.body is not None:
            codes = {fault["code"] for fault in json.loads(answer.body).get("errors", [])}
            shape = SHAPE - _MEANT.get(operation["operationId"], set())
            if (
                not _is_table(operation)
                and not _of_lines(asked)
                and codes
                and codes <= shape
                and not any(self._asked(operation, path, asked))
            ):
                yield f"was refused as {', '.join(codes)}, of which the document says nothing"

    def _asked(self, operation: Node, path: Mapping[str, str], asked: Asked) -> Iterator[str]:
        headers = asked.headers or Headers()
        ways = operation.get("security", [])
        by_header = all(way and "refreshCookie" not in way for way in ways)
        if ways and by_header and "Authorization" not in headers:
            yield "nobody said who they are"
        parameters = [self.resolved(one) for one in operation.get("parameters", [])]
        taken = {one["name"]: one for one in parameters if one["in"] == "query"}
        names = [name for name, _ in asked.query]
        yield from (f"parameter {name} is not documented" for name in {*names} - taken.keys())
        for name, one in taken.items():
            values = [value for given, value in asked.query if given == name]
            if len(values) > 1 and not (one.get("explode", True) and _kind(one) == "array"):
                yield f"parameter {name} stands {len(values)} times"
            yield from self._parameter(one, ",".join(values) if values else None)
        for one in parameters:
            if one["in"] == "path":
                yield from self._parameter(one, path[one["name"]])
            elif one["in"] == "header":
                yield from self._parameter(one, headers.get(one["name"]))
        if asked.body is not None:
            yield from self._body(operation.get("requestBody"), headers, asked.body)

    def _parameter(self, parameter: Node, value: str | None) -> Iterator[str]:
        where = f"{parameter['in']} {parameter['name']}"
        if value is not None:
            yield from self._fits(parameter["schema"], "in", _read(value, parameter), where)
        elif parameter.get("required"):
            yield f"{where} is missing"

    def _body(self, documented: Node | None, headers: Headers, body: bytes) -> Iterator[str]:
        if not body:
            if documented and documented.get("required"):
                yield "no body"
            return
        if documented is None:
            yield "a body, where none is documented"
            return
        content = self.resolved(documented)["content"]
        media = parse_options_header(headers.get("Content-Type"))[0]
        if media == "application/json" and MERGE_PATCH in content:
            media = MERGE_PATCH  # the description of a PATCH says that it is taken as such
        if media not in content:
            yield f"a body of {media or 'no type'}, only {', '.join(content)} is documented"
        elif _is_json(media):
            yield from self._fits(content[media]["schema"], "in", json.loads(body))
        elif media == FORM:
            form = dict(parse_qsl(body.decode(), keep_blank_values=True))
            yield from self._fits(content[media]["schema"], "in", form)

    def _rows(self, operation: Node, asked: Asked) -> Iterator[str]:
        """Nor for the lines that come in, which are held to it where one that is refused lets none in."""
        media = parse_options_header((asked.headers or Headers()).get("Content-Type"))[0]
        told = operation.get("requestBody", {}).get("content", {}).get(media, {})
        shown = {line for one in operation["responses"].values() for line in _lines_of(one)}
        in_part = any(name == "partial" for name, _ in asked.query) or "RefusedRow" in shown
        if in_part or not {"x-line", "x-lines"} & told.keys():
            return
        for row in _rows_of(media, asked.body or b""):
            line = told.get("x-line") or told["x-lines"][row.pop("resource")]
            yield from self._fits(line, "in", row)

    # schemas

    def resolved(self, node: Node) -> Node:
        """What a reference stands for."""
        while reference := node.get("$ref"):
            node = self.document
            for step in reference.removeprefix("#/").split("/"):
                node = node[step]
        return node

    def _fits(self, schema: Node, way: str, value: Any, where: str = "") -> Iterator[str]:
        for error in self._validator(schema, way).iter_errors(value):
            place = where or "/" + "/".join(map(str, error.instance_path))
            yield f"{place}: {error.message[:300]}; the document: {_short(error)}"

    def _validator(self, schema: Node, way: str) -> Any:
        """Made once for each schema; what goes out is held to a copy that has no room for undocumented members."""
        key = way + json.dumps(schema, sort_keys=True)
        if key not in self._validators:
            used = _use(schema, self._schemas["in"]) if way == "out" else schema
            text = json.dumps(used).replace('"#/components/', f'"urn:{way}#/components/')
            self._validators[key] = jsonschema_rs.validator_for(
                json.loads(text), registry=self._registry, validate_formats=True
            )
        return self._validators[key]


def _pattern(template: str) -> re.Pattern[str]:
    """A name that providers give may hold a slash, which the server decodes before it looks for a route."""
    plain, *rest = re.split(r"\{([^}]+)\}", template)
    pattern = re.escape(plain)
    for name, after in zip(rest[::2], rest[1::2], strict=True):
        value = ".+" if name == "external_id" else "[^/]+"
        pattern += f"(?P<{name}>{value}){re.escape(after)}"
    return re.compile(pattern, re.DOTALL)


def _lines_of(response: Node) -> list[str]:
    """What the lines of an answer are."""
    told = (media.get("x-line", {}) for media in response.get("content", {}).values())
    return [line["$ref"].rpartition("/")[2] for line in told if line]


def _rows_of(media: str, body: bytes) -> list[Node]:
    if media == NDJSON:
        return [json.loads(line) for line in body.decode("utf-8-sig").split("\n") if line.strip()]
    if _is_json(media) and isinstance(page := json.loads(body), dict):
        return [row for row in page.get("items", []) if isinstance(row, dict)]
    return []


def _of_lines(asked: Asked) -> bool:
    """Whether it came as tables, of whose cells JSON Schema can't tell."""
    return (asked.headers or Headers()).get("Content-Type", "").startswith((NDJSON, XLSX))


def _is_table(operation: Node) -> bool:
    """Whether a body's rows are what the document has no words for: cells, lines."""
    return "text/csv" in operation.get("requestBody", {}).get("content", {})


def _is_json(media: str) -> bool:
    return media == "application/json" or media.endswith("+json")


def _kind(parameter: Node) -> Any:
    return parameter.get("schema", {}).get("type")


def _read(text: str, parameter: Node) -> Any:
    """A parameter's or header's text as the value that its schema speaks of."""
    kind = _kind(parameter)
    if kind == "integer" and re.fullmatch(r"-?[0-9]{1,30}", text, re.ASCII):
        return int(text)
    if kind == "boolean" and text in ("true", "false"):
        return text == "true"
    if kind == "array":
        return text.split(",")
    return text


def _short(error: Any) -> str:
    return "/".join(map(str, error.schema_path))


# Undocumented members: a value whose schema names properties may have no others. `unevaluatedProperties` stands where a
# value begins, not in the schemas that say something of it together (`$ref`, `allOf`, `anyOf`).


def _closed(schema: Any, schemas: Node) -> Any:
    """A copy of a schema in which every value below has no room for members that are not documented."""
    if isinstance(schema, list):
        return [_closed(one, schemas) for one in schema]
    if not isinstance(schema, dict):
        return schema
    copy = {}
    for name, inner in schema.items():
        if name in _VALUES:
            copy[name] = _use(inner, schemas)
        elif name in _VALUES_BY_NAME:
            copy[name] = {key: _use(one, schemas) for key, one in inner.items()}
        elif name in ("enum", "const", "default", "example", "examples", "required"):
            copy[name] = inner
        else:
            copy[name] = _closed(inner, schemas)
    return copy


def _use(schema: Any, schemas: Node) -> Any:
    """The same, closed itself, where a value begins."""
    if not isinstance(schema, dict):
        return schema
    closed: Node = _closed(schema, schemas)
    return closed | {"unevaluatedProperties": False} if _names(schema, schemas) else closed


def _names(schema: Any, schemas: Node) -> bool:
    """Whether a schema, or what it stands for, names properties."""
    if "$ref" in schema:
        return _names(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    together = [one for word in ("allOf", "anyOf", "oneOf") for one in schema.get(word, [])]
    return "properties" in schema or any(_names(one, schemas) for one in together)
