"""Everything that a field must not take, made from the schemas, so that a new field is tried by itself."""

from collections.abc import Iterator
from typing import Any

from marshmallow import Schema, fields

from schemas import fields as f
from schemas import vocabulary as v
from schemas.base import Languages
from tests.routes import MISSING

Wrong = tuple[Any, list[str]]  # a value, and the places in it that are wrong

NO_STRINGS: list[Any] = [0, 1.5, True, [], ["x"], {}, {"a": 1}]
NO_TEXTS = ["", " ", "\n\t", "\u00a0", "\0", "a\0b", "\x07", "\x1b[31m", "\x7f", "\x85", "a\x9b"]
NO_NAMES = ["/x", "/", ".", "..", "a\tb", "a\n", "\ra", "a\ufffd"]
NO_NUMBERS: list[Any] = [True, "", "1", "1_000", "٣", [], {}]
NO_DAYS: list[Any] = [
    *("", "x", "20120116", "2012-W03-1", "2012-02-30", "2012-1-1", "18.1.2013", "２０１２-01-16"),
    *("0000-01-01", "10000-01-01", "+2012-01-01", "-2012-01-01", "2012-01-16\n", " 2012-01-16"),
    *("2012-01-16T00:00:00", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00+14:00"),
    *("1899-12-31", "2201-01-01", "9999-12-31", 20120116, 1.5, True, [], {}),
]
NO_MOMENTS = [
    *("", "x", "2012-01-16", "2012-01-16T10:00:00", "2012-01-16 10:00:00Z", "1326700800"),
    *("2012-01-16T10:00Z", "2012-01-16T24:00:00Z", "2012-01-16T10:00:60Z", "2012-02-30T10:00:00Z"),
    *("2012-01-16T10:00:00+0200", "2012-01-16T10:00:00+24:00", "2012-01-16T10:00:00 02:00"),
    *(
        "2012-01-16t10:00:00z",
        "2012-01-16T10:00:00,5Z",
        "2012-01-16T10:00:00.Z",
        "2012-W03-1T10:00:00Z",
    ),
    *("1899-12-31T23:59:59Z", "1899-12-31T23:59:59-00:01", "2201-01-01T00:00:00Z"),
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"),
    *("٢012-01-16T10:00:00Z", "2012-01-16T10:00:00Z\n", "2012-01-16T10:00:00Z\0"),
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
    if isinstance(field, fields.Raw):
        return  # whatever JSON there is
    if isinstance(field, f.Part):
        yield from ((value, [""]) for value in NO_OBJECTS)
        yield from faulty(field.schema, merging=merging)
        required = [name for name, one in field.schema.load_fields.items() if one.required]
        # A text in no language at all is wrong as a whole.
        if required or (isinstance(field.schema, Languages) and not merging):
            yield {}, [f"/{name}" for name in required] or [""]
    elif isinstance(field, fields.List):
        yield from ((value, [""]) for value in NO_LISTS)
        yield from _wrong_entries(field)
    else:
        yield from ((value, [""]) for value in _wrong_values(field))


def _wrong_entries(field: fields.List[Any]) -> Iterator[Wrong]:
    longest = max(check.max for check in field.validators if check.max is not None)
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
        regexes = [check.regex.pattern for check in field.validators if hasattr(check, "regex")]
        no_match = NO_NAMES if v.EXTERNAL_ID in regexes else ["not ok!", "T1\n"] if regexes else []
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
        field.data_key or name: found
        for name, field in schema.load_fields.items()
        if (found := list(wrong(field, merging=merging)))
    }
    for turn in range(max(map(len, columns.values()), default=0)):
        chosen = {name: column[turn % len(column)] for name, column in columns.items()}
        pointers = [f"/{name}{place}" for name, (_, places) in chosen.items() for place in places]
        yield {name: value for name, (value, _) in chosen.items()}, pointers


def wrong_parameters(field: fields.Field[Any]) -> list[str]:
    """The same for a query string or a form, where everything is text."""
    if isinstance(field, f.QueryWhole):
        past = ["0", "501", str(2**63), "9" * 5000]
        return [
            "",
            " 1",
            "+1",
            "-1",
            "1.5",
            "1e2",
            "1_0",
            "\u0663",
            "0x1",
            "true",
            "NaN",
            "1\0",
            *past,
        ]
    if isinstance(field, f.QueryFlag):
        return ["", "1", "yes", "True", "TRUE", "false ", "true\0"]
    if isinstance(field, f.QueryMoment):
        return NO_MOMENTS
    if isinstance(field, f.Names):
        name = field.choices[0]
        return ["", ",", "nonsense", name.upper(), f"{name},{name}", f"{name},", f" {name}"]
    return [value for value in _wrong_values(field) if isinstance(value, str)]
