"""What is not valid is refused: every field and parameter of every route, each with all that was ever put into one.

The faults come from the schemas, so a new field is tried by itself. Many faults go in one request as long as their
pointers tell them apart; the law is that `errors` names exactly the places that are wrong, and that nothing is stored.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from marshmallow import Schema, fields
from werkzeug.test import TestResponse

from schemas import fields as f
from schemas import vocabulary as v
from tests.routes import MISSING, OPERATIONS, RECORD_STEMS, Ground, Operation, contents

Wrong = tuple[Any, list[str]]  # a value, and the places in it that are wrong

NO_STRINGS: list[Any] = [0, 1.5, True, [], ["x"], {}, {"a": 1}]
NO_TEXTS = ["", " ", "\n\t", "\u00a0", "\0", "a\0b", "\x07", "\x1b[31m", "\x7f", "\x85", "a\x9b"]
NO_NUMBERS: list[Any] = [True, "", "1", "1_000", "٣", [], {}]
NO_DAYS: list[Any] = [
    *("", "x", "20120116", "2012-W03-1", "2012-02-30", "2012-1-1", "18.1.2013", "２０１２-01-16"),
    *("0000-01-01", "10000-01-01", "+2012-01-01", "-2012-01-01", "2012-01-16\n", " 2012-01-16"),
    *("2012-01-16T00:00:00", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00+14:00"),
    *("1899-12-31", "2201-01-01", "9999-12-31", 20120116, 1.5, True, [], {}),
]
NO_IDS: list[Any] = [
    *("", "x", "\0", "1", f"{{{MISSING}}}", f"urn:uuid:{MISSING}", MISSING.hex, f"{MISSING}\n"),
    *(str(MISSING)[:-1] + "g", f"{MISSING}0", f" {MISSING}", 1, 2**63, 1.5, True, [], {}),
]
NO_OBJECTS: list[Any] = ["", "x", 1, 1.5, True, []]
NO_LISTS: list[Any] = ["", "x", 1, 1.5, True, {}]


def wrong(field: fields.Field[Any], *, merging: bool) -> Iterator[Wrong]:
    """Values that this field must not take. In a merge patch null removes, and objects merge."""
    if not field.allow_none and not (merging and not field.required):
        yield None, [""]
    if isinstance(field, f.Part):
        yield from ((value, [""]) for value in NO_OBJECTS)
        yield from faulty(field.schema, merging=merging)
        required = [name for name, one in field.schema.load_fields.items() if one.required]
        if required or not merging:  # a text in no language at all is wrong as a whole
            yield {}, [f"/{name}" for name in required] or [""]
    elif isinstance(field, fields.List):
        yield from ((value, [""]) for value in NO_LISTS)
        yield from _wrong_entries(field)
    else:
        yield from ((value, [""]) for value in _wrong_values(field))


def _wrong_entries(field: fields.List[Any]) -> Iterator[Wrong]:
    (longest,) = (check.max for check in field.validators)
    right: Any = {} if isinstance(field.inner, fields.Nested | fields.Dict) else str(MISSING)
    yield [right] * (longest + 1), [""]
    if isinstance(field, f.References):
        yield [str(MISSING), str(MISSING).upper()], [""]
    yield from (
        ([value], [f"/0{place}" for place in places])
        for value, places in wrong(field.inner, merging=False)
    )


def _wrong_values(field: fields.Field[Any]) -> list[Any]:  # noqa: PLR0911  one a type of field
    if isinstance(field, f.Text):
        (longest,) = (check.max for check in field.validators if hasattr(check, "max"))
        decomposed = ["a\u0308"] if isinstance(field, f.Key) else []
        no_match = ["not ok!", "T1\n"] if len(field.validators) > 1 else []
        return [*NO_STRINGS, *NO_TEXTS, "x" * (longest + 1), *decomposed, *no_match]
    if isinstance(field, f.Choice):
        word = next(iter(field.words)).value
        return [*NO_STRINGS, *NO_TEXTS, "nonsense", word.upper() + " ", f"{word}\0", word * 9999]
    if isinstance(field, f.Flag):
        return ["", "true", "yes", 0, 1, 1.5, [], {}]
    if isinstance(field, f.Whole):
        (bounds,) = field.validators
        past = [bounds.min - 1, bounds.max + 1, 2**31, 2**63, -(2**63) - 1, 10**39, 1e308]
        return [*NO_NUMBERS, 1.5, *past]
    if isinstance(field, f.Number):
        past = [v.NUMBER_LIMIT + 1, -v.NUMBER_LIMIT - 1, 2**63, 10**39, 1e308, -1e308]
        return [*NO_NUMBERS, 0.00001, 1e-300, *past]
    if isinstance(field, f.Day):
        return NO_DAYS
    if isinstance(field, f.Id):
        return NO_IDS
    if isinstance(field, fields.Dict):
        return [*NO_OBJECTS]
    raise NotImplementedError(f"say what is wrong for a {type(field).__name__}")


def faulty(schema: Schema, *, merging: bool = False) -> Iterator[tuple[dict[str, Any], list[str]]]:
    """Objects in which every field is wrong, each time in another way, and the pointers to what is."""
    columns = {
        name: list(wrong(field, merging=merging)) for name, field in schema.load_fields.items()
    }
    for turn in range(max(map(len, columns.values()), default=0)):
        chosen = {name: column[turn % len(column)] for name, column in columns.items()}
        pointers = [f"/{name}{place}" for name, (_, places) in chosen.items() for place in places]
        yield {name: value for name, (value, _) in chosen.items()}, pointers


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
        for body, pointers in faulty(operation.body, merging=operation.method == "PATCH"):
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
        assert {fault["code"] for fault in problem["errors"]} == {"unknown_field"}


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
    "a name twice": b'{"text": "a", "text": "b"}',
    "a name twice deep inside": b'{"name": {"fi": "a", "sv": "b", "fi": "c"}}',
    "lists 100,000 deep": b"[" * 100_000 + b"]" * 100_000,
    "objects 100,000 deep": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "lists 51 deep": b"[" * 51 + b"1" + b"]" * 51,
}


def test_what_is_no_json_is_refused_by_every_route(ground: Ground) -> None:
    for operation in taking("body"):
        headers = ground.headers(operation)
        media = "merge-patch+json" if operation.method == "PATCH" else "json"
        for what, data in NO_JSON.items():
            response = ground.send(
                operation, data=data, headers=headers, content_type=f"application/{media}"
            )
            problem = refusal(response, 400)
            assert problem["code"] == "invalid_json", (operation.endpoint, what)
            assert len(problem["detail"]) < 200


def test_a_body_that_is_no_object_is_told_by_the_empty_pointer(ground: Ground) -> None:
    for operation in taking("body"):
        headers = ground.headers(operation)
        for data in ("null", "true", "0", "1.5", '""', '"{}"', "[]", "[{}]"):
            problem = refusal(
                ground.send(operation, data=data, headers=headers, content_type="application/json")
            )
            assert [(f["pointer"], f["code"]) for f in problem["errors"]] == [("", "wrong_type")]


NO_CONTENT_TYPES = (
    *(None, "", "json", "\u00e4/\u00e4", "text/plain", "application/xml", "application/jsonx"),
    *("application/json-patch+json", "application/problem+json", "multipart/form-data; boundary=x"),
    "application/x-www-form-urlencoded",
)


def test_a_body_of_another_content_type_is_refused_by_every_route(ground: Ground) -> None:
    for operation in taking("body"):
        headers, data = ground.headers(operation), json.dumps(ground.body(operation))
        patch = () if operation.method == "PATCH" else ("application/merge-patch+json",)
        for media_type in (*NO_CONTENT_TYPES, *patch):
            response = ground.send(operation, data=data, headers=headers, content_type=media_type)
            assert refusal(response, 415)["code"] == "unsupported_media_type", operation.endpoint


def test_a_charset_parameter_changes_nothing(ground: Ground) -> None:
    """RFC 8259 §11: JSON is UTF-8, whatever a `charset` says."""
    operation = OPERATIONS["goals.replace"]
    same = json.dumps(ground.body(operation) | {"text": "canary-a goal"}, ensure_ascii=False)
    for charset in ("utf-8", "UTF-8", "latin-1", "utf-16", "nonsense"):
        content_type = f"application/json; charset={charset}"
        response = ground.send(operation, data=same.encode(), content_type=content_type)
        assert response.status_code == 200
        latin = same.replace("canary", "k\u00e4n\u00e4ri").encode("latin-1")
        refusal(ground.send(operation, data=latin, content_type=content_type), 400)


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


REFERRING = sorted({one.stem for one in taking("body") if [*references(one.body)]})


@pytest.mark.parametrize("stem", REFERRING)
def test_a_reference_to_no_row_or_to_a_foreign_one_is_refused_alike(
    ground: Ground, stem: str
) -> None:
    for operation in (one for one in taking("body") if one.stem == stem):
        headers = ground.headers(operation)
        for pointer, target in references(operation.body):
            answers = []
            for key in (MISSING, ground.world.b.ids.get(target)):
                body = ground.body(operation)
                put(body, pointer, key or MISSING)
                if stem == "disseminations":  # of one thing only
                    body["survey_id" if pointer == "/deliverable_id" else "deliverable_id"] = None
                problem = refusal(ground.send(operation, body, headers=headers))
                assert places(problem) == {pointer}, operation.endpoint
                answers.append(problem | {"request_id": ""})
            assert answers[0] == answers[1]


@pytest.mark.parametrize("stem", [stem for stem in REFERRING if stem in RECORD_STEMS])
def test_a_reference_to_another_projects_plan_is_refused(ground: Ground, stem: str) -> None:
    for operation in (one for one in taking("body") if one.stem == stem):
        headers = ground.headers(operation)
        for pointer, target in references(operation.body):
            if target not in ground.world.other_plan:
                continue
            body = ground.body(operation)
            put(body, pointer, ground.world.other_plan[target])
            problem = refusal(ground.send(operation, body, headers=headers))
            assert places(problem) == {pointer}, operation.endpoint
