"""The OpenAPI document: made from the routes by flask-smorest and apispec, then told what they do not know.

What comes in and what goes out have names of their own: going out every property is there, coming in none has to be
that has a default. Headers, conditional requests and enums are said once, as components.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any, cast

import flask_smorest
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Flask
from marshmallow import Schema, fields

from api.blueprint import Blueprint
from schemas import base
from schemas.fields import Choice

Node = dict[str, Any]

SETTINGS = {
    "API_TITLE": "LAMPPU",
    "API_VERSION": "1",
    "OPENAPI_VERSION": "3.1.0",
    "API_SPEC_OPTIONS": {
        "servers": [{"url": "/", "description": "This server"}],
        "info": {
            "description": (
                "Education providers report the quality work of their projects; the ministry's system pulls the "
                "reports.\n\n"
                "* A list answers `{items, next}`; `next` goes back as `cursor`, with the same filters, by the same "
                "caller. Filters join by AND; unknown or repeated parameters are refused.\n"
                "* `ETag` is the quoted `version` of a row. PUT, PATCH and DELETE want it in `If-Match`: without it "
                "428, when the row has changed 412.\n"
                "* PUT replaces: what it leaves out goes back to its default. PATCH is a JSON Merge Patch (RFC 7396): "
                "null takes a field back to its default.\n"
                "* `sub_project_id` and `project_id` are where a row was made, and stay.\n"
                "* Another provider's row and no row answer alike: 404; as a filter they find nothing.\n"
                "* Every error is a problem document (RFC 9457) with a stable `code`; `errors` say what is wrong "
                "where. Codes may be added.\n"
                "* Answers may gain fields; requests with unknown fields are refused."
            ),
        },
    },
}
PARAMETERS: Node = {
    "IfMatch": {
        "in": "header",
        "name": "If-Match",
        "required": True,
        "description": "The ETag last read (RFC 9110 §13.1.1); `*` and weak tags name no version.",
        "schema": {"type": "string"},
        "example": '"3"',
    },
    "IfNoneMatch": {
        "in": "header",
        "name": "If-None-Match",
        "required": False,
        "description": "An ETag read before: when it still holds, the answer is 304 without a body.",
        "schema": {"type": "string"},
        "example": '"3"',
    },
}
HEADERS: Node = {
    "ETag": {
        "description": "Names this version of what is shown (RFC 9110 §8.8.3).",
        "schema": {"type": "string"},
        "example": '"3"',
    },
    "Location": {
        "description": "Where the new row is (RFC 9110 §10.2.2).",
        "schema": {"type": "string", "format": "uri-reference"},
    },
    "Link": {
        "description": 'The next page of a list, as rel="next" (RFC 8288); absent on the last.',
        "schema": {"type": "string"},
    },
    "RetryAfter": {
        "description": "Seconds to wait (RFC 9110 §10.2.3).",
        "schema": {"type": "integer"},
    },
    "WwwAuthenticate": {
        "description": "How to say who you are (RFC 9110 §11.6.1).",
        "schema": {"type": "string"},
    },
    "Allow": {"description": "The methods there are.", "schema": {"type": "string"}},
}
SECURITY: Node = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The access token of /auth/login (people, 15 minutes) or /auth/token (API clients).",
    }
}
# What each status means here, and the headers that come with it.
REFUSALS: dict[str, tuple[str, tuple[str, ...]]] = {
    "400": ("The request can't be read", ()),
    "401": ("No token, or none that is good", ("WwwAuthenticate",)),
    "403": ("Known, but not allowed", ()),
    "404": ("There is nothing here, or nothing of yours", ()),
    "406": ("No representation fits the Accept header", ()),
    "409": ("At odds with another row, or with rows that refer to this one", ()),
    "412": ("The row has changed since it was read", ()),
    "413": ("The body is too large", ()),
    "415": ("The body's Content-Type is not taken here", ()),
    "422": ("Some of the input is not valid; `errors` says what, and where", ()),
    "428": ("If-Match is missing, or names no version", ()),
    "429": ("Too many attempts", ("RetryAfter",)),
}


class FaultSchema(base.Schema):
    """One thing wrong at one place."""

    pointer = fields.String(
        metadata={"description": "JSON pointer into the body (RFC 6901); empty for the whole of it"}
    )
    parameter = fields.String(metadata={"description": "The parameter that it is about"})
    header = fields.String(metadata={"description": "The header that it is about"})
    code = fields.String(required=True)
    detail = fields.String(required=True)


class ProblemSchema(base.Schema):
    """Problem details (RFC 9457) with a stable code."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    code = fields.String(required=True)
    detail = fields.String()
    instance = fields.String(required=True)
    request_id = fields.String(required=True)
    errors = fields.List(fields.Nested(FaultSchema))
    more = fields.Integer(metadata={"description": "How many errors are not listed"})
    current_version = fields.Integer(metadata={"description": "With `stale`: the row's version"})
    referring = fields.List(
        fields.String(), metadata={"description": "With `in_use`: the resources that refer to it"}
    )
    error = fields.String(metadata={"description": "Of /auth/token: RFC 6749 §5.2"})
    error_description = fields.String(metadata={"description": "Of /auth/token: RFC 6749 §5.2"})


def _component_name(schema: Any) -> str:
    """`Goal` for what goes out, `GoalInput` for what comes in, `GoalPatch` for a merge patch."""
    name: str = (schema if isinstance(schema, type) else type(schema)).__name__
    if isinstance(schema, Schema) and schema.partial:
        return f"{name}Patch"
    if isinstance(schema, Schema) and schema.exclude:
        return f"{name}Input"
    return name.removesuffix("Schema")


def _enum_name(_: Any, field: fields.Field[Any], **__: Any) -> Node:
    return {"x-enum": field.words.__name__} if isinstance(field, Choice) else {}


class _Document(flask_smorest.Api):
    """flask-smorest's, for its document alone: errors and routes are our own affair."""

    DEFAULT_ERROR_RESPONSE_NAME = None

    def _register_responses(self) -> None:
        """One response for every error, in place of the library's one for each status."""
        schema = {"application/problem+json": {"schema": ProblemSchema}}
        self.spec.components.response("Problem", {"description": "", "content": schema})

    def _register_error_handlers(self) -> None:
        pass

    def _register_doc_blueprint(self) -> None:
        pass


def document(app: Flask, blueprints: Iterable[Blueprint]) -> str:
    """The document as it is committed and served. Made on demand: it takes as long as the rest of the start."""
    app.config.update(SETTINGS)
    plugin = MarshmallowPlugin(schema_name_resolver=_component_name)
    api = _Document(app, spec_kwargs={"marshmallow_plugin": plugin})
    cast(Any, plugin.converter).add_attribute_function(_enum_name)
    for blueprint in blueprints:
        blueprint.register_views_in_doc(api, app, api.spec, name=blueprint.name, parameters=None)
        api.spec.tag({"name": blueprint.name, "description": blueprint.description})
    spec: Node = json.loads(json.dumps(api.spec.to_dict()))
    _complete(spec)
    return json.dumps(spec, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def _complete(spec: Node) -> None:
    components = spec["components"]
    components["schemas"].pop("PaginationMetadata", None)  # flask-smorest's own paging, not ours
    for _, operation in operations(spec):
        _tell_headers(operation)
        _tell_refusals(operation)
        for parameter in operation.get("parameters", []):
            _never_null(parameter)
    components["responses"] = {
        f"Problem{status}": _refusal(text, headers) for status, (text, headers) in REFUSALS.items()
    }
    components["parameters"], components["headers"] = PARAMETERS, HEADERS
    components["securitySchemes"] = SECURITY
    _part_in_from_out(spec)
    _name_enums(components["schemas"])


def operations(spec: Node) -> Iterator[tuple[str, Node]]:
    """`(method, operation)` of every route."""
    for path in spec["paths"].values():
        for method, operation in path.items():
            if method != "parameters":
                yield method, operation


def _refusal(text: str, headers: tuple[str, ...]) -> Node:
    problem = {"$ref": "#/components/schemas/Problem"}
    told: Node = {
        "description": text,
        "content": {"application/problem+json": {"schema": problem}},
    }
    if headers:
        names = {"RetryAfter": "Retry-After", "WwwAuthenticate": "WWW-Authenticate"}
        told["headers"] = {names[h]: {"$ref": f"#/components/headers/{h}"} for h in headers}
    return told


def _tell_refusals(operation: Node) -> None:
    for status in operation["responses"]:
        if status in REFUSALS:
            operation["responses"][status] = {"$ref": f"#/components/responses/Problem{status}"}


def _tell_headers(operation: Node) -> None:
    """If-Match where a row is changed; ETag and 304 where one or many are read; Location where one is made."""
    responses = operation["responses"]
    name: str = operation["operationId"]

    def add(status: str, *headers: str) -> None:
        told = {header: {"$ref": f"#/components/headers/{header}"} for header in headers}
        responses[status].setdefault("headers", {}).update(told)

    def take(parameter: str) -> None:
        reference = {"$ref": f"#/components/parameters/{parameter}"}
        operation.setdefault("parameters", []).append(reference)

    if "428" in responses:
        take("IfMatch")
    if name.startswith(("get", "list")) and "200" in responses and name != "getToken":
        take("IfNoneMatch")
        add("200", "ETag", *(["Link"] if name.startswith("list") else []))
        responses["304"] = {"description": "It still is what you have"}
        add("304", "ETag")
    if name.startswith("create"):
        add("201", "ETag", "Location")
    if name.startswith(("replace", "patch")):
        add("200", "ETag")


def _never_null(parameter: Node) -> None:
    """A query has no null: marshmallow's stands for a parameter that is not there."""
    schema = parameter.get("schema", {})
    if isinstance(schema.get("type"), list):
        schema["type"] = next(kind for kind in schema["type"] if kind != "null")
    if "enum" in schema:
        schema["enum"] = [word for word in schema["enum"] if word is not None]
    if schema.get("default", ...) is None:
        del schema["default"]


def _references(node: Any) -> Iterator[Node]:
    """Every object below that refers to a schema."""
    if isinstance(node, dict):
        if str(node.get("$ref", "")).startswith("#/components/schemas/"):
            yield node
        for inner in node.values():
            yield from _references(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from _references(inner)


def _reached(schemas: Node, nodes: Iterable[Any]) -> set[str]:
    """The names of all schemas that these nodes refer to, directly or by way of others."""
    names: set[str] = set()
    waiting = list(nodes)
    while waiting:
        for reference in _references(waiting.pop()):
            name = reference["$ref"].rpartition("/")[2]
            if name not in names:
                names.add(name)
                waiting.append(schemas[name])
    return names


def _part_in_from_out(spec: Node) -> None:
    """A schema that is both taken in and given out becomes two; then each can be exact about what must be there."""
    schemas: Node = spec["components"]["schemas"]
    bodies = [operation.get("requestBody") for _, operation in operations(spec)]
    answers = [operation["responses"] for _, operation in operations(spec)]
    taken, given = _reached(schemas, bodies), _reached(schemas, answers) | {"Problem", "Fault"}
    renamed = {name: f"{name}Input" for name in taken & given}
    for old, new in renamed.items():
        schemas[new] = json.loads(json.dumps(schemas[old]))
    for node in [*bodies, *(schemas[renamed.get(name, name)] for name in taken)]:
        for reference in _references(node):
            name = reference["$ref"].rpartition("/")[2]
            reference["$ref"] = f"#/components/schemas/{renamed.get(name, name)}"
    for name in sorted(given):
        _given_out(schemas[name], optional=name in ("Problem", "Fault"))
    for name in sorted(taken):
        _taken_in(schemas[renamed.get(name, name)], patch=name.endswith("Patch"))


def _given_out(schema: Node, *, optional: bool) -> None:
    """Every property is there, and more may come; what is only taken in is not there."""
    properties: Node = {
        name: each
        for name, each in schema.get("properties", {}).items()
        if not each.get("writeOnly")
    }
    for each in properties.values():
        each.pop("default", None)
        each.pop("readOnly", None)
    schema["properties"] = properties
    schema.pop("additionalProperties", None)
    if properties and not optional:
        schema["required"] = sorted(properties)


def _taken_in(schema: Node, *, patch: bool) -> None:
    """A patch has no defaults, and null takes a field back to its own. Elsewhere null is no news as a default."""
    required = set(schema.get("required", []))
    for name, each in schema.get("properties", {}).items():
        had_default = "default" in each
        if patch or each.get("default", ...) is None:
            each.pop("default", None)
        if patch and had_default and name not in required and isinstance(each.get("type"), str):
            each["type"] = [each["type"], "null"]
            if "enum" in each:
                each["enum"].append(None)


def _name_enums(schemas: Node) -> None:
    """Each vocabulary is one component, so that clients get one type for it."""
    for schema in list(schemas.values()):
        for name, each in schema.get("properties", {}).items():
            items = each.get("items", {})
            if "x-enum" in items:
                each["items"] = _named(schemas, items)
            if "x-enum" in each:
                schema["properties"][name] = _named(schemas, each)


def _named(schemas: Node, each: Node) -> Node:
    name = each.pop("x-enum")
    words = [word for word in each.pop("enum") if word is not None]
    nullable = "null" in each.pop("type")
    schemas[name] = {"type": "string", "enum": words}
    reference = {"$ref": f"#/components/schemas/{name}"}
    return ({"anyOf": [reference, {"type": "null"}]} if nullable else reference) | each
