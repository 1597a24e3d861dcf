"""JSON in and out: what is let in, how a merge patch merges, and how findings get their places."""

import contextlib
import json
import math
import uuid
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api import wire
from api.problems import Invalid, InvalidJson
from schemas.fields import Coded

# No lone surrogates and no number past a double: what JSON can carry from one system to another.
TEXTS = st.text(st.characters(exclude_categories=("Cs",)))
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4)
)
OBJECTS = st.dictionaries(TEXTS, VALUES, max_size=5)
laws = settings(max_examples=60, deadline=None, database=None)

# RFC 7396, appendix A: original, patch, result.
APPENDIX_A = [
    ('{"a":"b"}', '{"a":"c"}', '{"a":"c"}'),
    ('{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'),
    ('{"a":"b"}', '{"a":null}', "{}"),
    ('{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'),
    ('{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'),
    ('{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'),
    ('{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'),
    ('{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'),
    ('["a","b"]', '["c","d"]', '["c","d"]'),
    ('{"a":"b"}', '["c"]', '["c"]'),
    ('{"a":"foo"}', "null", "null"),
    ('{"a":"foo"}', '"bar"', '"bar"'),
    ('{"e":null}', '{"a":1}', '{"e":null,"a":1}'),
    ("[1,2]", '{"a":"b","c":null}', '{"a":"b"}'),
    ("{}", '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'),
]


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_nulls(inner) for name, inner in value.items() if inner is not None}
    return value


@laws
@given(VALUES)
def test_what_goes_out_comes_in_again_as_it_was(value: Any) -> None:
    body = json.dumps(value, ensure_ascii=False).encode()
    assert wire.parse(body) == value
    escaped = json.dumps(value).encode()
    assert wire.parse(escaped) == value


# Pieces of objects, of which some stand for the same name or the same number, and some for none.
NAMES = ('"a"', '"b"', '"\\u0061"', '"\\":"', '" :"')
SAID = (
    *("0", "-0", "1.0", "-0.0", "1E5", "9007199254740993.0", "0.1e-400", "1e400", "NaN", "null"),
    *("18446744073709551615", "18446744073709551616", "-9223372036854775809", "1" * 41),
    *(
        '"x"',
        '"\\":"',
        '" : "',
        '"\\ud800"',
        '"\\u0000"',
        "[1]",
        '{"a": 1}',
        '{"a":1,"a":2}',
        "[",
        "",
    ),
)
PAIRS = st.tuples(
    st.sampled_from(NAMES), st.sampled_from((":", " :", "\t: ", " ")), st.sampled_from(SAID)
)


@settings(laws, max_examples=200)
@given(st.lists(PAIRS, max_size=4))
def test_an_object_is_parsed_as_the_standard_library_parses_it(
    pairs: list[tuple[str, ...]],
) -> None:
    body = f"{{{', '.join(map(''.join, pairs))}}}"
    try:
        found = repr(wire.parse(body.encode()))
    except (Invalid, InvalidJson):
        found = "refused"
    assert found == expected(body)


def expected(body: str) -> str:
    """What an object says, by a parser that notes names that stand twice."""
    twice = False

    def noted(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal twice
        twice = twice or len(dict(pairs)) < len(pairs)
        return dict(pairs)

    try:
        value = json.loads(body, object_pairs_hook=noted)
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except ValueError:
        return "refused"
    return "refused" if twice or "1" * 41 in body else repr(value)


@laws
@given(st.binary(max_size=40))
def test_any_bytes_are_parsed_or_refused_in_our_words(body: bytes) -> None:
    with contextlib.suppress(InvalidJson):
        assert wire.parse(body) == json.loads(body)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"0", 0),
        (b" \t\r\n1 ", 1),
        (b"-0.0", 0.0),
        (b"1e308", 1e308),
        (b"1e-999", 0.0),
        (b"9" * 40, int("9" * 40)),
        (rb'"\ud83d\ude00"', "😀"),
        (rb'"\u0000"', "\0"),  # JSON may carry it; the fields refuse it
        (b'"\\\\ud800"', "\\ud800"),
        (b'{"a": {"a": 1}, "b": [{"a": 1}, {"a": 1}]}', {"a": {"a": 1}, "b": [{"a": 1}] * 2}),
        (b"[" * 50 + b"1" + b"]" * 50, None),
    ],
)
def test_json_at_the_edge_is_let_in(body: bytes, value: Any) -> None:
    parsed = wire.parse(body)
    assert value is None or parsed == value


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"[NaN]", "NaN is not JSON."),
        (b"-Infinity", "-Infinity is not JSON."),
        (b"1e309", "A number past the range of a double."),
        (b"-" + b"9" * 40, "A number of 41 digits."),
        (b'"\xff"', "Not UTF-8 at byte 1."),
        (rb'["\udead"]', "A string holds half a surrogate pair."),
        (b"[" * 50 + b"[1]" + b"]" * 50, "Nested deeper than 50 levels."),
        (b"[" * 1_000_000, "Nested deeper than 50 levels."),
        (b'{"a":\n 1,}', "line 2, column 4."),
    ],
)
def test_what_json_leaves_open_is_refused_with_its_reason(body: bytes, detail: str) -> None:
    with pytest.raises(InvalidJson) as refused:
        wire.parse(body)
    assert refused.value.detail is not None
    assert refused.value.detail.endswith(detail)


@pytest.mark.parametrize("body", [b'{"a": 1, "b": 2, "a": 3}', b'[{"b": {"a": 1, "a": 1}}]'])
def test_a_name_that_stands_twice_in_one_object_is_json_but_not_valid(body: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        wire.parse(body)
    [fault] = refused.value.faults
    told = ("repeated", "", 'The name "a" stands twice in one object.')
    assert (fault.code, fault.pointer, fault.detail) == told


def test_rows_go_out_as_the_contract_writes_them() -> None:
    moment = datetime(2013, 1, 18, 10, 0, 0, 1, UTC)
    key = uuid.UUID("01900000-0000-7000-8000-00000000000a")
    row = {"id": key, "date": date(2013, 1, 18), "updated_at": moment, "text": "Jäää 😀", "n": None}
    assert wire.dump(row).decode() == (
        '{"id":"01900000-0000-7000-8000-00000000000a","date":"2013-01-18",'
        '"updated_at":"2013-01-18T10:00:00.000001Z","text":"Jäää 😀","n":null}'
    )


@pytest.mark.parametrize(("original", "patch", "result"), APPENDIX_A)
def test_a_merge_patch_does_what_the_rfc_shows(original: str, patch: str, result: str) -> None:
    assert wire.merge_patch(json.loads(original), json.loads(patch)) == json.loads(result)


@laws
@given(VALUES, VALUES)
def test_a_merge_patch_applied_twice_changes_no_more_than_once(target: Any, patch: Any) -> None:
    once = wire.merge_patch(target, patch)
    assert wire.merge_patch(once, patch) == once


@laws
@given(VALUES)
def test_an_empty_merge_patch_leaves_an_object_as_it_is(value: Any) -> None:
    assert wire.merge_patch(value, {}) == (value if isinstance(value, dict) else {})


@laws
@given(OBJECTS)
def test_a_merge_patch_of_nothing_but_nulls_removes_each_name(target: dict[str, Any]) -> None:
    assert wire.merge_patch(target, dict.fromkeys(target)) == {}


@laws
@given(OBJECTS, OBJECTS)
def test_a_merge_patch_sets_what_it_names_and_keeps_the_rest(
    target: dict[str, Any], patch: dict[str, Any]
) -> None:
    before = json.dumps([target, patch])
    merged = wire.merge_patch(target, patch)
    assert {n: v for n, v in merged.items() if n not in patch} == {
        n: v for n, v in target.items() if n not in patch
    }
    for name, value in patch.items():
        if value is None:
            assert name not in merged
        elif not isinstance(value, dict):
            assert merged[name] == value
        elif not isinstance(target.get(name), dict):
            assert merged[name] == without_nulls(value)
    assert json.dumps([target, patch]) == before, "neither was changed in passing"


def test_findings_become_faults_with_pointers_and_none_in_the_librarys_own_words() -> None:
    messages = {
        "text": ["Wrong.", Coded("too_long", "Longer than 5.")],
        "participants": {2: {"name": [Coded("required", "Missing.")]}, "_schema": ["No list."]},
        "a/b": [Coded("not_so", "x")],
        "c~d": {"~/": [Coded("not_so", "y")]},
        "_schema": [Coded("not_so", "Together wrong.")],
    }
    found = [(fault.pointer, fault.code, fault.detail) for fault in wire.faults(messages)]
    assert found == [
        ("/text", "invalid", "Not valid."),
        ("/text", "too_long", "Longer than 5."),
        ("/participants/2/name", "required", "Missing."),
        ("/participants", "invalid", "Not valid."),
        ("/a~1b", "not_so", "x"),
        ("/c~0d/~0~1", "not_so", "y"),
        ("", "not_so", "Together wrong."),
    ]


def test_findings_in_a_query_name_the_parameter_as_it_was_sent() -> None:
    faults = wire.faults({"a/b": ["x"], "c~1d": {0: ["y"]}}, location="query")
    assert [(fault.parameter, fault.pointer) for fault in faults] == [("a/b", None), ("c~1d", None)]


def test_no_number_that_comes_in_is_infinite() -> None:
    for digits in ("1" + "0" * 39, "1e308", "123456789.0e299"):
        assert math.isfinite(wire.parse(digits.encode()))
