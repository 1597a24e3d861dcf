"""The judge itself: what is at odds with the document is found, on either side."""

import copy
import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import Headers

from tests.contract.conforming import Answer, Asked, ConformingClient, Contract

Node = dict[str, Any]

JSON, PROBLEM = "application/json", "application/problem+json"
NDJSON = "application/x-ndjson"
PLACE = {
    "type": "object",
    "properties": {"town": {"type": "string"}},
    "required": ["town"],
}
THING = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "name": {"type": "string"},
        "place": {"anyOf": [{"$ref": "#/components/schemas/Place"}, {"type": "null"}]},
        "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Place"}},
    },
    "required": ["id", "name", "place", "parts"],
}
INPUT = {
    "type": "object",
    "properties": {"name": {"type": "string", "maxLength": 5}},
    "required": ["name"],
    "additionalProperties": False,
}
FAULT = {"type": "object", "properties": {"code": {"type": "string"}}, "required": ["code"]}
PROBLEM_SCHEMA = {
    "type": "object",
    "properties": {
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "errors": {"type": "array", "items": {"$ref": "#/components/schemas/Fault"}},
    },
    "required": ["status", "code"],
}
ETAG = {"ETag": {"required": True, "schema": {"type": "string", "pattern": '^"[0-9]+"$'}}}


def _body(name: str, media: str = JSON) -> Node:
    return {media: {"schema": {"$ref": f"#/components/schemas/{name}"}}}


REFUSED = {"$ref": "#/components/responses/Problem"}
DOCUMENT: Node = {
    "paths": {
        "/api/things": {
            "get": {
                "operationId": "listThings",
                "security": [{"bearer": []}],
                "parameters": [{"$ref": "#/components/parameters/Limit"}],
                "responses": {"200": {"content": {JSON: {"schema": {"type": "array"}}}}},
            },
            "post": {
                "operationId": "createThing",
                "requestBody": {"required": True, "content": _body("ThingInput")},
                "responses": {
                    "201": {"content": _body("Thing")},
                    "401": REFUSED,
                    "422": REFUSED,
                },
            },
        },
        "/api/things/{id}": {
            "get": {
                "operationId": "getThing",
                "responses": {
                    "200": {"content": _body("Thing"), "headers": ETAG},
                    "304": {"headers": ETAG},
                    "404": REFUSED,
                },
            },
            "delete": {
                "operationId": "deleteThing",
                "parameters": [
                    {"in": "path", "name": "id", "required": True, "schema": {"format": "uuid"}},
                    {"in": "header", "name": "If-Match", "required": True, "schema": {}},
                ],
                "responses": {"204": {}},
            },
        },
        "/api/things/lines": {
            "post": {
                "operationId": "importThings",
                "requestBody": {
                    "content": {
                        NDJSON: {
                            "schema": {"type": "string"},
                            "x-line": {"$ref": "#/components/schemas/ThingInput"},
                        }
                    }
                },
                "responses": {"204": {}},
            }
        },
        "/api/things/newest": {
            "post": {"operationId": "markNewest", "responses": {"204": {}}},
        },
    },
    "components": {
        "parameters": {
            "Limit": {
                "in": "query",
                "name": "limit",
                "schema": {"type": "integer", "maximum": 500},
            }
        },
        "responses": {"Problem": {"content": _body("Problem", PROBLEM)}},
        "schemas": {
            "Fault": FAULT,
            "Place": PLACE,
            "Problem": PROBLEM_SCHEMA,
            "Thing": THING,
            "ThingInput": INPUT,
        },
    },
}
ID = "01900000-0000-7000-8000-000000000000"
GOOD = {"id": ID, "name": "Lamp", "place": {"town": "Kemi"}, "parts": [{"town": "Tornio"}]}
ALLOW = {"Allow": "GET, POST"}
READ: Node = {"method": "GET", "path": f"/api/things/{ID}", "headers": {"ETag": '"3"'}}
CREATED: Node = {"method": "POST", "path": "/api/things", "status": 201}
BEARER = Headers({"Authorization": "Bearer x", "Content-Type": JSON})


def judge(
    method: str,
    path: str,
    status: int = 200,
    *,
    headers: Node | None = None,
    value: Any = GOOD,
    asked: Asked | None = None,
) -> None:
    body = b"" if value is None else json.dumps(value).encode()
    told = {"Content-Type": PROBLEM if status >= 400 else JSON} | (headers or {})
    Contract(DOCUMENT).judge(path, Answer(method, status, Headers(told), body), asked)


def sent(body: Any, **headers: str) -> Asked:
    return Asked(headers=Headers(BEARER | headers), body=json.dumps(body).encode())


def problem(status: int, *codes: str) -> Node:
    return {"status": status, "code": "x", "errors": [{"code": code} for code in codes]}


def changed(*steps: Any, to: Any) -> Node:
    value = copy.deepcopy(GOOD)
    inner: Any = value
    for step in steps[:-1]:
        inner = inner[step]
    inner[steps[-1]] = to
    return value


def test_what_agrees_passes() -> None:
    judge(**READ)
    judge(**READ, value=changed("place", to=None))
    judge(**READ | {"method": "HEAD"}, value=None)
    judge(**READ, status=304, value=None)
    judge(**READ, status=404, value=problem(404))
    judge(**CREATED, asked=sent({"name": "Lamp"}))
    judge("GET", "/api/things", value=[], asked=Asked([("limit", "500")], BEARER))
    judge("GET", "/api/nothings", 404, value=problem(404))
    judge("PUT", "/api/things", 405, headers=ALLOW, value=problem(405))
    judge("OPTIONS", "/api/things", 200, headers=ALLOW, value=None)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (changed("name", to=1), "/name: 1 is not"),
        (changed("id", to="x"), "/id: "),
        ({"id": ID}, '"name" is a required property'),
        (changed("place", "town", to=None), "/place"),
        (changed("colour", to="red"), "'colour' was unexpected"),
        (changed("place", "street", to="x"), "'street' was unexpected"),
        (changed("parts", 0, "street", to="x"), "/parts/0: "),
    ],
)
def test_a_body_that_is_not_as_documented_is_found(value: Node, told: str) -> None:
    with pytest.raises(AssertionError, match=r"getThing: GET /api/things/\{id\} -> 200") as found:
        judge(**READ, value=value)
    assert told in str(found.value)


@pytest.mark.parametrize(
    ("exchange", "told"),
    [
        (READ | {"status": 202}, "status 202 is not documented, only 200, 304, 404"),
        (READ | {"headers": {}}, "header ETag is missing"),
        (READ | {"headers": {"ETag": "3"}}, "header ETag: "),
        (READ | {"headers": {"ETag": '"3"', "Content-Type": "text/html"}}, "text/html"),
        (READ | {"status": 304}, "a body of application/json, where none"),
        (READ | {"status": 404, "value": {"error": "no"}}, "is a required property"),
        (READ | {"status": 404, "value": problem(404) | {"sql": "SELECT"}}, "'sql'"),
        (CREATED | {"status": 401, "value": problem(401)}, "WWW-Authenticate is missing"),
        ({"method": "PUT", "path": "/api/things", "status": 405, "value": problem(405)}, "Allow"),
        ({"method": "PUT", "path": "/api/things"}, "405 was expected"),
        ({"method": "GET", "path": "/api/nothings"}, "404 was expected"),
        ({"method": "GET", "path": "/api/nothings", "status": 404, "value": {}}, "required"),
        # Said in plain, it is not what has a parameter there (OpenAPI 3.1, Paths Object).
        ({"method": "GET", "path": "/api/things/newest"}, "405 was expected"),
    ],
)
def test_an_answer_that_is_not_as_documented_is_found(exchange: Node, told: str) -> None:
    with pytest.raises(AssertionError) as found:
        judge(**exchange)
    assert told in str(found.value)


@pytest.mark.parametrize(
    ("exchange", "asked", "told"),
    [
        (CREATED, sent({"name": "Lantern"}), "/name: "),
        (CREATED, sent({"name": "Lamp", "colour": "red"}), "/: Additional properties"),
        (CREATED, sent({"name": "Lamp"}, **{"Content-Type": "text/csv"}), "a body of text/csv"),
        (CREATED, Asked(headers=BEARER), "no body"),
        (READ, sent({}), "a body, where none is documented"),
        ({"path": "/api/things"}, Asked([("limit", "501")], BEARER), "query limit: 501"),
        ({"path": "/api/things"}, Asked([("limit", "many")], BEARER), 'query limit: "many"'),
        ({"path": "/api/things"}, Asked([("limit", "1")] * 2, BEARER), "parameter limit stands 2"),
        ({"path": "/api/things"}, Asked([("colour", "red")], BEARER), "parameter colour is not"),
        ({"path": "/api/things"}, Asked(), "nobody said who they are"),
        (READ | {"method": "DELETE", "status": 204}, Asked(), "header If-Match is missing"),
        ({"method": "DELETE", "path": "/api/things/7", "status": 204}, Asked(), "path id: "),
    ],
)
def test_a_request_let_in_though_it_is_forbidden_is_found(
    exchange: Node, asked: Asked, told: str
) -> None:
    empty = {"value": None} if exchange.get("status") == 204 else {}
    with pytest.raises(AssertionError) as found:
        judge(**{"method": "GET", "value": []} | empty | exchange, asked=asked)
    assert f"was let in: {told}" in str(found.value)


def test_a_line_let_in_though_it_is_forbidden_is_found() -> None:
    headers = Headers(BEARER | {"Content-Type": NDJSON})
    lines: Node = {"method": "POST", "path": "/api/things/lines", "status": 204, "value": None}
    judge(**lines, asked=Asked(headers=headers, body=b'{"name": "Lamp"}\n'))
    wrong = Asked(headers=headers, body=b'{"name": "Lamp"}\n{"name": "Lantern"}\n')
    with pytest.raises(AssertionError, match="was let in: /name: "):
        judge(**lines, asked=wrong)
    in_part = Asked([("partial", "true")], headers, wrong.body)
    with pytest.raises(AssertionError, match="parameter partial is not documented") as found:
        judge(**lines, asked=in_part)
    assert "/name" not in str(found.value)


def test_a_request_refused_for_its_shape_though_it_is_allowed_is_found() -> None:
    refused = CREATED | {"status": 422, "value": problem(422, "too_long")}
    judge(**refused, asked=sent({"name": "Lantern"}))
    with pytest.raises(AssertionError, match="was refused as too_long, of which the document"):
        judge(**refused, asked=sent({"name": "Lamp"}))
    by_a_rule = CREATED | {"status": 422, "value": problem(422, "before_start")}
    judge(**by_a_rule, asked=sent({"name": "Lamp"}))


def test_the_tests_own_client_hands_over_no_answer_that_the_document_does_not_know(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(client, ConformingClient)
    monkeypatch.setitem(app.view_functions, "well_known.keys", lambda: {"keys": "none"})
    with pytest.raises(AssertionError, match=r"getKeys: GET /\.well-known/jwks\.json -> 200"):
        client.get("/.well-known/jwks.json")
