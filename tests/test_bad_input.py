"""What is not valid is refused: every field and parameter of every route, each with all that was ever put into one.

The faults come from the schemas (`tests/faults.py`). Many go in one request as long as their
pointers tell them apart; the law is that `errors` names exactly the places that are wrong, and that nothing is stored.
"""

import json
from collections.abc import Iterator
from copy import deepcopy
from functools import partial
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from marshmallow import Schema
from werkzeug.test import TestResponse

from api.services import imports, rows
from schemas import fields as f
from tests.faults import faulty, wrong, wrong_parameters
from tests.routes import MISSING, OPERATIONS, RECORD_STEMS, Ground, Operation, contents


def refusal(response: TestResponse, *statuses: int) -> dict[str, Any]:
    """The problem with which a request was refused."""
    assert response.status_code in (statuses or (422,)), response.get_data(as_text=True)[:2000]
    assert response.content_type == "application/problem+json"
    problem: dict[str, Any] = response.get_json()
    assert problem["status"] == response.status_code
    assert problem["code"]
    assert problem["request_id"] == response.headers["X-Request-ID"]
    return problem


def places(problem: dict[str, Any], kind: str = "pointer") -> set[str]:
    assert all(fault["code"] and fault["detail"] for fault in problem["errors"])
    return {fault[kind] for fault in problem["errors"]}


@pytest.fixture
def ground(app: Flask, client: FlaskClient) -> Iterator[Ground]:
    """Where the test begins and, since nothing is stored, also ends."""
    ground = Ground(app, client)
    before = contents(app)
    yield ground
    assert contents(app) == before


def taking(location: str) -> list[Operation]:
    """The operations that take something there."""
    return [one for one in OPERATIONS.values() if getattr(one, location)]


@pytest.mark.parametrize("stem", sorted({one.stem for one in taking("body")}))
def test_each_wrong_value_in_a_body_is_told_by_its_pointer(ground: Ground, stem: str) -> None:
    for operation in (one for one in taking("body") if one.stem == stem):
        headers = ground.headers(operation)
        bodies = list(faulty(operation.body, merging=operation.method == "PATCH"))
        # A PUT has the schema object of its POST: to see that it asks it, some will do.
        for body, pointers in bodies[:: 5 if operation.method == "PUT" else 1]:
            problem = refusal(ground.send(operation, body, headers=headers))
            assert places(problem) == set(pointers), (operation.endpoint, body)


def test_one_wrong_field_among_right_ones_is_told_alone(ground: Ground) -> None:
    for operation in taking("body"):
        if operation.method == "PUT":  # the same schema as its POST
            continue
        right, headers = ground.body(operation), ground.headers(operation)
        for name, field in operation.body.load_fields.items():
            value, (place,) = next(wrong(field, merging=operation.method == "PATCH"))
            problem = refusal(ground.send(operation, right | {name: value}, headers=headers))
            assert places(problem) == {f"/{name}{place}"}, (operation.endpoint, value)


def test_required_fields_that_are_missing_are_told_by_their_pointers(ground: Ground) -> None:
    for operation in taking("body"):
        required = {name for name, field in operation.body.load_fields.items() if field.required}
        if not required:
            continue
        # In a merge patch a field is missing when null removes it.
        missing = dict.fromkeys(required) if operation.method == "PATCH" else {}
        problem = refusal(ground.send(operation, missing))
        assert places(problem) == {f"/{name}" for name in required}, operation.endpoint
        assert {fault["code"] for fault in problem["errors"]} == {"required"}


def test_unknown_and_read_only_fields_are_refused_by_name(ground: Ground) -> None:
    names = ["id", "version", "created_at", "updated_at", "provider_id", "nonsense", "a/b~c"]
    for operation in taking("body"):
        unknown = [name for name in names if name not in operation.body.load_fields]
        given = ground.body(operation) | dict.fromkeys(unknown, 1)
        problem = refusal(ground.send(operation, given))
        pointers = {f"/{name.replace('~', '~0').replace('a/', 'a~1')}" for name in unknown}
        assert places(problem) == pointers, operation.endpoint
        declared = operation.body._declared_fields
        for fault in problem["errors"]:
            known = fault["pointer"].removeprefix("/") in declared
            assert fault["code"] == ("read_only" if known else "unknown_field")


NO_JSON = {
    "nothing": b"",
    "blank": b" \n",
    "no JSON": b"name=x",
    "half a document": b'{"text": "x"',
    "more after it": b"{} {}",
    "a trailing comma": b'{"text": "x",}',
    "a comment": b"{} // x",
    "a byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": "{}".encode("utf-16"),
    "Latin-1": '{"text": "\u00e4"}'.encode("latin-1"),
    "bytes that are no UTF-8": b'{"text": "\xff\xc0\x80"}',
    "a surrogate in UTF-8": b'{"text": "\xed\xa0\x80"}',
    "half a surrogate pair": rb'{"text": "\ud800"}',
    "surrogates the wrong way round": rb'{"text": "\udc00\ud800"}',
    "half a surrogate pair in a name": rb'{"\udfff": 1}',
    "a raw control character": b'{"text": "a\0b"}',
    "NaN": b'{"value": NaN}',
    "Infinity": b'{"value": -Infinity}',
    "a number past a double": b'{"value": 1e999}',
    "a number of 401 digits": b'{"value": 1%s}' % (b"0" * 400),
    "a number of 5,000 digits": b'{"value": -%s}' % (b"9" * 5000),
    "lists 100,000 deep": b"[" * 100_000 + b"]" * 100_000,
    "objects 100,000 deep": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "lists 51 deep": b"[" * 51 + b"1" + b"]" * 51,
}


# The parser is one for all routes: these go everywhere, to find one that goes past it, and the rest to a few.
TELLING = ("nothing", "half a surrogate pair", "NaN", "lists 100,000 deep")
THOROUGH = ("auth.login", "imports.create", "goals.create", "goals.replace", "goals.patch")


def test_what_is_no_json_is_refused_by_every_route(ground: Ground) -> None:
    for operation in taking("body"):
        headers = ground.headers(operation)
        media = "merge-patch+json" if operation.method == "PATCH" else "json"
        for what in NO_JSON if operation.endpoint in THOROUGH else TELLING:
            response = ground.send(
                operation,
                data=NO_JSON[what],
                headers=headers,
                content_type=f"application/{media}",
            )
            problem = refusal(response, 400)
            assert problem["code"] == "invalid_json", (operation.endpoint, what)
            assert len(problem["detail"]) < 200


def test_a_name_that_stands_twice_is_refused_by_every_route(ground: Ground) -> None:
    """Most parsers would take the last in silence."""
    for operation in taking("body"):
        headers = ground.headers(operation)
        for data in ('{"x": 1, "x": 1}', '{"name": {"fi": "a", "sv": "b", "fi": "c"}}'):
            problem = refusal(
                ground.send(operation, data=data, headers=headers, content_type="application/json")
            )
            assert [(f["pointer"], f["code"]) for f in problem["errors"]] == [("", "repeated")]


def test_a_body_that_is_no_object_is_told_by_the_empty_pointer(ground: Ground) -> None:
    for operation in taking("body"):
        headers = ground.headers(operation)
        more = ("true", "0", "1.5", '""', '"{}"', "[{}]")
        for data in ("null", "[]", *(more if operation.endpoint in THOROUGH else ())):
            problem = refusal(
                ground.send(operation, data=data, headers=headers, content_type="application/json")
            )
            assert [(f["pointer"], f["code"]) for f in problem["errors"]] == [("", "wrong_type")]


NO_CONTENT_TYPES = (
    *("", "json", "\u00e4/\u00e4", "application/xml", "application/jsonx", "text/json"),
    *("application/json-patch+json", "application/problem+json", "multipart/form-data; boundary=x"),
    "application/x-www-form-urlencoded",
)


def test_a_body_of_another_content_type_is_refused_by_every_route(ground: Ground) -> None:
    for operation in taking("body"):
        headers, data = ground.headers(operation), json.dumps(ground.body(operation))
        more = NO_CONTENT_TYPES if operation.endpoint in THOROUGH else ()
        patch = () if operation.method == "PATCH" else ("application/merge-patch+json",)
        for media_type in (None, "text/plain", *more, *patch):
            response = ground.send(operation, data=data, headers=headers, content_type=media_type)
            assert refusal(response, 415)["code"] == "unsupported_media_type", operation.endpoint


def test_json_is_utf_8_and_may_say_so(ground: Ground) -> None:
    """RFC 8259 §8.1; what claims to be something else is not guessed at."""
    operation = OPERATIONS["goals.replace"]
    body = ground.body(operation) | {"text": "kanarialintu å"}
    data = json.dumps(body, ensure_ascii=False).encode()
    for charset in ("utf-8", "UTF-8", '"utf-8"'):
        content_type = f"application/json; charset={charset}"
        headers = ground.headers(operation)
        response = ground.send(
            operation, data=data[:-2], headers=headers, content_type=content_type
        )
        assert refusal(response, 400)["code"] == "invalid_json", "taken for JSON, and read"
    for charset in ("latin-1", "utf-16", "utf8x", "nonsense", '""'):
        content_type = f"application/json; charset={charset}"
        refusal(ground.send(operation, data=data, content_type=content_type), 415)


# references


def references(schema: Schema, base: str = "") -> Iterator[tuple[str, str]]:
    """The pointer to each reference of a body, and the resource that it names."""
    for name, field in schema.load_fields.items():
        if isinstance(field, f.Reference):
            yield f"{base}/{name}", field.target
        elif isinstance(field, f.References):
            yield f"{base}/{name}/0", field.target
        elif isinstance(field, f.Entries) and isinstance(field.inner, f.Part):
            yield from references(field.inner.schema, f"{base}/{name}/0")


def put(body: dict[str, Any], pointer: str, key: Any) -> None:
    *steps, last = [int(step) if step.isdigit() else step for step in pointer.split("/")[1:]]
    place: Any = body
    for step in steps:
        if place[step] == []:
            place[step].append(None)
        place = place[step]
    place[last] = str(key)


def test_a_reference_to_no_row_or_to_a_foreign_one_is_refused_alike(ground: Ground) -> None:
    for operation in taking("body"):
        headers, right = ground.headers(operation), ground.body(operation)
        for pointer, target in references(operation.body):
            answers = []
            for key in (MISSING, ground.world.b.ids.get(target)):
                body = deepcopy(right)
                put(body, pointer, key or MISSING)
                if operation.stem == "disseminations":  # of one thing only
                    body["survey_id" if pointer == "/deliverable_id" else "deliverable_id"] = None
                problem = refusal(ground.send(operation, body, headers=headers))
                assert places(problem) == {pointer}, operation.endpoint
                answers.append(problem | {"request_id": ""})
            assert answers[0] == answers[1]


def test_a_reference_to_another_projects_plan_is_refused(ground: Ground) -> None:
    for operation in (one for one in taking("body") if one.stem in RECORD_STEMS):
        headers, right = ground.headers(operation), ground.body(operation)
        for pointer, target in references(operation.body):
            if target not in ground.world.other_plan:
                continue
            body = deepcopy(right)
            put(body, pointer, ground.world.other_plan[target])
            problem = refusal(ground.send(operation, body, headers=headers))
            assert places(problem) == {pointer}, operation.endpoint


# imports: each element is held to its own resource's schema


def test_each_wrong_value_in_an_element_of_an_import_is_told_by_its_pointer(
    ground: Ground,
) -> None:
    operation = OPERATIONS["imports.create"]
    document, headers = ground.body(operation), ground.headers(operation)
    # A few resources at a time: an answer lists no more than a hundred faults.
    for stems in (imports.ORDER[start : start + 3] for start in range(0, len(imports.ORDER), 3)):
        tables = {stem: list(faulty(rows.model_of(stem).schema.writable())) for stem in stems}
        for turn in range(max(map(len, tables.values()))):
            body, expected, elements = dict(document), set(), []
            for stem, table in tables.items():
                element, pointers = table[turn % len(table)]
                name, place = ("sub_project", "") if stem == "sub_projects" else (stem, "/0")
                body[name] = [element] if place else element
                expected |= {f"/{name}{place}{pointer}" for pointer in pointers}
                elements.append(f"/{name}{place}/")
            told = places(refusal(ground.send(operation, body, headers=headers)))
            # When the sub-project has lost its name, the others say so too: they belong to another one now.
            assert {one for one in told if one.startswith(tuple(elements))} == expected, body


def test_an_import_tells_a_hundred_faults_and_counts_the_rest(ground: Ground) -> None:
    operation = OPERATIONS["imports.create"]
    contacts = [{"external_id": f"c{n}", "name": n} for n in range(250)]
    problem = refusal(ground.send(operation, ground.body(operation) | {"contacts": contacts}))
    assert len(problem["errors"]) == 100
    assert problem["more"] >= 150


# query strings, forms and paths


def test_each_wrong_value_in_a_query_is_told_by_its_parameter(ground: Ground) -> None:
    for operation in taking("query"):
        headers = ground.headers(operation)
        columns = {name: wrong_parameters(field) for name, field in operation.query.fields.items()}
        for turn in range(max(map(len, columns.values()))):
            query = {name: column[turn % len(column)] for name, column in columns.items()}
            problem = refusal(ground.send(operation, query_string=query, headers=headers))
            assert places(problem, "parameter") == set(columns), query


def test_unknown_and_repeated_parameters_are_refused_by_every_route(ground: Ground) -> None:
    for operation in OPERATIONS.values():
        body = ground.body(operation) if operation.body else None
        headers = ground.headers(operation)
        for query, names in (
            ({"orgg": "1", "a/b": "2"}, {"orgg", "a/b"}),
            ([("limit", "1"), ("limit", "1"), ("", "1"), ("", "")], {"limit", ""}),
            ("limit=%FF", {"limit"}),
        ):
            response = ground.send(operation, body, query_string=query, headers=headers)
            assert places(refusal(response), "parameter") == names, (operation.endpoint, query)


def test_each_wrong_value_in_a_form_is_told_by_its_parameter(ground: Ground) -> None:
    (operation,) = taking("form")
    columns = {name: wrong_parameters(field) for name, field in operation.form.fields.items()}
    for turn in range(max(map(len, columns.values()))):
        form = {name: column[turn % len(column)] for name, column in columns.items()}
        problem = refusal(ground.client.post(operation.rule, data=form), 400)
        assert places(problem, "parameter") == set(columns), form
        assert problem["error"] == problem["code"] == "invalid_request"


def test_a_form_in_another_shape_is_refused(ground: Ground) -> None:
    (operation,) = taking("form")
    right = {"grant_type": "client_credentials", "client_id": "x", "client_secret": "y"}
    post = partial(ground.client.post, operation.rule)
    form = "application/x-www-form-urlencoded"
    refusal(post(json=right), 415)
    refusal(post(data=right, content_type="multipart/form-data"), 415)
    refusal(post(data=b"grant_type=client_credentials"), 415)
    refusal(post(data=b"", content_type=form), 400)
    refusal(post(data=b"grant_type=%FF&client_id=%C0%80", content_type=form), 400)
    refusal(post(data=b"grant_type=client_credentials&" * 2, content_type=form), 400)
    refusal(post(data=b"&".join(b"a%d=1" % n for n in range(2000)), content_type=form), 400, 413)
    refusal(post(data=b"client_secret=" + b"x" * 600_000, content_type=form), 400, 413)


NO_KEYS = (
    *(
        "%00",
        "0",
        "1",
        str(2**63),
        "-1",
        "\u0663",
        "null",
        "undefined",
        "..%2f..%2fusers",
        "%2F",
        "%",
    ),
    *(f"{MISSING}%00", f"{MISSING}0", f"%7B{MISSING}%7D", f"urn:uuid:{MISSING}", MISSING.hex),
    *("%FF%FE", "%ED%A0%80", f"{MISSING}%0A", f"{MISSING}/", f"{MISSING}/x", "x" * 20_000, "'--"),
)


def test_a_path_without_a_proper_key_leads_nowhere(ground: Ground) -> None:
    for operation in OPERATIONS.values():
        if "<uuid:key>" not in operation.rule:
            continue
        headers = ground.headers(operation)
        for key in NO_KEYS if operation.stem in ("goals", "users") else NO_KEYS[:3]:
            response = ground.send(operation, {}, path=ground.path(operation, key), headers=headers)
            assert refusal(response, 404, 405)["code"] in ("not_found", "method_not_allowed"), key


def test_a_key_in_upper_case_is_the_same_key(ground: Ground) -> None:
    """RFC 9562 §4: upper case on the way in, lower case on the way out."""
    operation = OPERATIONS["goals.read"]
    response = ground.send(operation, path=ground.path(operation, str(ground.ids["goals"]).upper()))
    assert response.get_json()["id"] == str(ground.ids["goals"])
