"""Each field takes exactly what it documents, gives it back as it was, and words its refusals by code."""

import math
import pickle
import unicodedata
import uuid
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from marshmallow import ValidationError, fields

from schemas import vocabulary as v
from schemas.base import Schema
from schemas.fields import (
    Choice,
    Coded,
    Day,
    Entries,
    Flag,
    Id,
    Key,
    Moment,
    Number,
    Part,
    QueryWhole,
    References,
    Text,
    Whole,
    length,
)

laws = settings(max_examples=60, deadline=None, database=None)
# Anything that JSON can say, whole or broken.
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)
PRINTABLE = st.characters(exclude_categories=("Cc", "Cs"), include_characters="\t\n\r")
KEY = "01900000-0000-7000-8000-00000000000a"


def refused(field: fields.Field[Any], value: Any) -> str:
    """The code with which the field refuses a value."""
    with pytest.raises(ValidationError) as error:
        field.deserialize(value)
    messages: Any = error.value.messages
    while not isinstance(messages, Coded):
        messages = next(iter(messages.values() if isinstance(messages, dict) else messages))
    return messages.code


# text


@laws
@given(st.text(PRINTABLE, min_size=1, max_size=20).filter(lambda text: not text.isspace()))
def test_text_comes_back_exactly_as_it_was_given(text: str) -> None:
    field = Text(20)
    assert field.deserialize(text) == text
    assert field.serialize("", {"": text}, lambda row, *_: row[""]) == text


@laws
@given(ANYTHING)
def test_text_takes_only_what_both_databases_can_keep(value: Any) -> None:
    try:
        text = Text(20).deserialize(value)
    except ValidationError:
        return
    text.encode()
    assert text == value
    assert 1 <= len(text) <= 20
    assert not {unicodedata.category(one) for one in text if one not in "\t\n\r"} & {"Cc", "Cs"}


@pytest.mark.parametrize("point", [*range(0x20), *range(0x7F, 0xA0), 0xD800, 0xDFFF])
def test_every_control_character_but_tab_and_line_breaks_is_refused(point: int) -> None:
    text = f"a{chr(point)}b"
    if text in ("a\tb", "a\nb", "a\rb"):
        assert Text(3).deserialize(text) == text
    else:
        assert refused(Text(3), text) == "forbidden_character"


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (None, "null"),
        (1, "wrong_type"),
        (["a"], "wrong_type"),
        ("", "blank"),
        (" \n\u00a0\u3000", "blank"),
        ("123456", "too_long"),
        ("\N{WOMAN}\u200d\N{MICROSCOPE}" * 2, "too_long"),
    ],
)
def test_text_says_what_is_wrong(value: Any, code: str) -> None:
    assert refused(Text(5), value) == code


@pytest.mark.parametrize(
    "text", ["😀😀😀😀😀", "e\u0301e\u0301e", "שלום!", "\u202eabcd", "\ufeffab"]
)
def test_text_is_measured_in_code_points_as_the_columns_are(text: str) -> None:
    assert Text(5).deserialize(text) == text


@pytest.mark.parametrize("text", ["T1\n", "\nT1", "T 1", "", "ä", ".T", "T" * 41])
def test_a_pattern_holds_for_the_whole_text(text: str) -> None:
    assert refused(Text(v.CODE_LENGTH, v.CODE, "No code."), text) in (
        *("wrong_format", "blank", "too_long"),
    )


@pytest.mark.parametrize(
    ("regex", "right", "wrong"),
    [
        (v.PERIOD_CODE, ["2012-spring", "2012-year"], ["2012-summer", "12-spring", "2012-spring "]),
        (v.CLOCK_TIME, ["00:00", "23:59"], ["24:00", "9:30", "09:60", "0930", "٠٩:٣٠"]),
        (v.BUSINESS_ID, ["1234567-1"], ["12345671", "1234567-A", "１234567-1"]),
        (
            v.EXTERNAL_ID,
            ["a", "2012/17/ä", " /a", ".a", "..a", "...", ". ", "a b", "\u2028x"],
            ["/", "/a", ".", "..", "a\tb", "a\nb", "a\r"],
        ),
        (v.OID, ["1.2.246.562.10.0", "0.1"], ["1", "3.1", "1..2", "1.02", "1.2."]),
        (
            v.EMAIL,
            ["a@b.example", "ä.ö+1@å.example"],
            ["a", "a@b", "a@@b.example", "a b@c.example"],
        ),
    ],
)
def test_each_pattern_tells_right_from_wrong(
    regex: str, right: list[str], wrong: list[str]
) -> None:
    field = Text(100, regex, "No.")
    assert [field.deserialize(text) for text in right] == right
    assert {refused(field, text) for text in [*wrong, f"{right[0]}\n"]} == {"wrong_format"}


def test_a_key_has_one_spelling_only() -> None:
    assert Key(5).deserialize("ä") == "ä"
    assert refused(Key(5), "a\u0308") == "not_normalised"
    assert Text(5).deserialize("a\u0308") == "a\u0308", "ordinary text is kept as written"


# words and truth


@laws
@given(ANYTHING | st.sampled_from([word.value for word in v.Progress]))
def test_a_choice_takes_the_words_of_its_vocabulary_and_no_other(value: Any) -> None:
    words = {word.value for word in v.Progress}
    if isinstance(value, str) and value in words:
        assert Choice(v.Progress).deserialize(value) == value
    else:
        expected = {None: "null"}.get(value) if value is None else None
        expected = expected or ("unknown_word" if isinstance(value, str) else "wrong_type")
        assert refused(Choice(v.Progress), value) == expected


def test_a_choice_gives_plain_text() -> None:
    assert type(Choice(v.Progress).deserialize("done")) is str


@laws
@given(ANYTHING)
def test_a_flag_is_true_or_false_and_nothing_like_it(value: Any) -> None:
    if isinstance(value, bool):
        assert Flag().deserialize(value) is value
    else:
        assert refused(Flag(), value) in ("wrong_type", "null")


# numbers


@laws
@given(ANYTHING)
def test_a_whole_number_is_whole_and_within_its_range(value: Any) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if number and math.isfinite(value) and value == math.floor(value) and -5 <= value <= 500:
        assert Whole(-5, 500).deserialize(value) == value
        assert type(Whole(-5, 500).deserialize(value)) is int
    else:
        assert refused(Whole(-5, 500), value) in ("wrong_type", "out_of_range", "null")


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (True, "wrong_type"),
        ("1", "wrong_type"),
        ("1_0", "wrong_type"),
        (1.9, "wrong_type"),
        (math.nan, "wrong_type"),
        (math.inf, "wrong_type"),
        (0, "out_of_range"),
        (11, "out_of_range"),
        (2**63, "out_of_range"),
        (1e308, "out_of_range"),
    ],
)
def test_a_whole_number_says_what_is_wrong(value: Any, code: str) -> None:
    assert refused(Whole(1, 10), value) == code


@pytest.mark.parametrize("text", ["", "0x1", "1_0", " 1", "+1", "-1", "1.0", "٣", "9" * 10, "1\n"])
def test_a_whole_number_in_a_query_has_ascii_digits_only(text: str) -> None:
    assert refused(QueryWhole(0, 500), text) == "wrong_type"
    assert QueryWhole(0, 500).deserialize("007") == 7


TEN_THOUSANDTHS = v.NUMBER_LIMIT * 10**v.NUMBER_DECIMALS


@laws
@given(st.integers(-TEN_THOUSANDTHS, TEN_THOUSANDTHS))
def test_every_number_of_four_decimals_within_the_limit_is_kept_exactly(count: int) -> None:
    sign, (whole, part) = "-" if count < 0 else "", divmod(abs(count), 10**v.NUMBER_DECIMALS)
    written = f"{sign}{whole}.{part:04d}"
    kept = Number().deserialize(float(written))
    assert f"{kept:.4f}" in (written, written.removeprefix("-"))
    assert round(kept * 10**v.NUMBER_DECIMALS) == count


@laws
@given(st.floats() | st.integers())
def test_a_number_is_refused_rather_than_rounded(value: float) -> None:
    try:
        kept = Number().deserialize(value)
    except ValidationError:
        assert not (abs(value) <= v.NUMBER_LIMIT and round(value, v.NUMBER_DECIMALS) == value)
    else:
        assert kept == value
        assert abs(kept) <= v.NUMBER_LIMIT


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (True, "wrong_type"),
        ("1", "wrong_type"),
        ([1], "wrong_type"),
        (0.00001, "too_many_decimals"),
        (12345.67891, "too_many_decimals"),
        (5e-324, "too_many_decimals"),
        (v.NUMBER_LIMIT + 1, "out_of_range"),
        (-v.NUMBER_LIMIT - 0.5, "out_of_range"),
        (10**400, "out_of_range"),
        (-1e308, "out_of_range"),
        (math.inf, "out_of_range"),
        (math.nan, "out_of_range"),
    ],
)
def test_a_number_says_what_is_wrong(value: Any, code: str) -> None:
    assert refused(Number(), value) == code


def test_minus_zero_is_zero() -> None:
    """SQLite keeps no sign of a zero; the same row must read the same on both engines."""
    assert math.copysign(1, Number().deserialize(-0.0)) == 1


# days and moments


@laws
@given(st.dates(v.FIRST_DAY, v.LAST_DAY))
def test_every_day_of_the_calendar_within_the_bounds_comes_back(day: date) -> None:
    field = Day()
    assert field.deserialize(day.isoformat()) == day
    assert field.serialize("", {"": day}, lambda row, *_: row[""]) == day.isoformat()


@laws
@given(st.dates().filter(lambda day: not v.FIRST_DAY <= day <= v.LAST_DAY))
def test_days_past_the_bounds_are_refused(day: date) -> None:
    assert refused(Day(), day.isoformat()) == "out_of_range"


@pytest.mark.parametrize(
    "value",
    [
        *("2012-02-30", "2013-02-29", "2012-00-01", "0000-01-01", "10000-01-01", "2012-1-1"),
        *("20120116", "2012-W03-1", "2012-016", "18.1.2013", "2012-01-16T00:00:00Z", "2012-01-16 "),
        *("2012-01-16\n", "٢٠١٢-٠١-١٦", "9999-12-31T23:59:59-14:00", "", 20120116, 1.5, True, []),
    ],
)
def test_what_is_no_day_of_the_calendar_is_refused(value: Any) -> None:
    assert refused(Day(), value) == "wrong_format"


def test_a_moment_goes_out_in_utc_and_never_comes_in() -> None:
    eastern = timezone(timedelta(hours=2))
    written = Moment()._serialize(datetime(2013, 1, 18, 1, 0, 0, 1, eastern))
    assert written == "2013-01-17T23:00:00.000001Z"
    assert Moment()._serialize(datetime(2013, 1, 18, tzinfo=UTC)) == "2013-01-18T00:00:00Z"
    assert Moment()._serialize(None) is None
    assert Moment().dump_only


# ids


@laws
@given(st.uuids())
def test_an_id_is_taken_in_its_canonical_form_in_either_case(key: uuid.UUID) -> None:
    assert Id().deserialize(str(key)) == Id().deserialize(str(key).upper()) == key
    for other in (key.hex, f"{{{key}}}", key.urn, f"{key}\n", f" {key}", str(key)[1:]):
        assert refused(Id(), other) == "wrong_format"


@pytest.mark.parametrize("value", [1, 2**127, 1.5, True, [], {}, "", "\0"])
def test_what_is_no_id_is_refused(value: Any) -> None:
    assert refused(Id(), value) == "wrong_format"


# lists and objects


def test_a_list_is_bounded_before_its_entries_are_looked_at() -> None:
    field = Entries(Text(5))
    assert field.deserialize(["a"] * v.CHILDREN_MAX) == ["a"] * v.CHILDREN_MAX
    assert refused(field, [{}] * (v.CHILDREN_MAX + 1)) == "too_long"
    with pytest.raises(ValidationError) as error:
        field.deserialize([1] * 1_000_000)
    assert len(error.value.messages) == 1


@pytest.mark.parametrize("value", ["ab", {"a": 1}, 1, True])
def test_what_is_no_list_is_refused(value: Any) -> None:
    assert refused(Entries(Text(5)), value) == "wrong_type"
    assert refused(References("goals"), value) == "wrong_type"


def test_references_name_each_row_once() -> None:
    other = KEY.replace("a", "b")
    assert set(References("goals").deserialize([other, KEY])) == {uuid.UUID(KEY), uuid.UUID(other)}
    assert refused(References("goals"), [KEY, KEY.upper()]) == "repeated"
    assert refused(References("goals"), [KEY, "x"]) == "wrong_format"


def test_a_part_is_an_object_of_known_names() -> None:
    class Point(Schema):
        x = Number(required=True)

    assert Part(Point).deserialize({"x": 1}) == {"x": 1.0}
    assert refused(Part(Point), []) == "wrong_type"
    assert refused(Part(Point), {}) == "required"
    assert refused(Part(Point), {"x": 1, "y": 2}) == "unknown_field"


# wording


@pytest.mark.parametrize(
    ("check", "value", "code", "text"),
    [
        (length(2), "a", "too_short", "Shorter than 2."),
        (length(None, 2), "abc", "too_long", "Longer than 2."),
        (length(1, 2), "abc", "wrong_length", "Length is not between 1 and 2."),
    ],
)
def test_a_length_out_of_bounds_is_worded_with_its_bounds(
    check: Any, value: str, code: str, text: str
) -> None:
    with pytest.raises(ValidationError) as error:
        check(value)
    (message,) = error.value.messages
    assert (message.code, message) == (code, text)


def test_an_error_text_keeps_its_code_when_formatted_and_copied() -> None:
    text = Coded("before_start", "Before {first}.").format(first="opens_on")
    copied = pickle.loads(pickle.dumps(text))
    for one in (text, copied):
        assert (one, one.code, one.params) == (
            "Before opens_on.",
            "before_start",
            {"first": "opens_on"},
        )
