"""Valid bodies of any resource, made from its schema: as hypothesis draws them, or at the limits of every field.

A rule that holds between fields is kept by `fitted`, which mends a body rather than throw it away.
"""

import unicodedata
import uuid
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from hypothesis import strategies as st
from marshmallow import Schema, fields

from schemas import fields as f
from schemas import vocabulary as v
from schemas.base import Languages
from schemas.results import STATEMENTS
from schemas.users import PROVIDER_ROLES

Body = dict[str, Any]
Rows = Mapping[str, Collection[uuid.UUID]]  # the rows that references may name, by stem

# Scripts, accents that combine, emoji of several code points, both directions, markup, quotes, format strings.
SAMPLE = (
    "Ääkköset e\u0301 👩\u200d🔬 שָׁלוֹם مرحبا 日本 \u202eRTL\u202c <b>&amp;\"'\\</b> \n\t%s {{x}} "
)
LETTERS = st.characters(exclude_categories=("Cc", "Cs"), include_characters="\t\n\r")
EXAMPLES: dict[str, tuple[str, str]] = {  # of each pattern: a short text and a long one
    v.CODE: ("T", "Z" * v.CODE_LENGTH),
    v.EXTERNAL_ID: (
        "x",
        unicodedata.normalize("NFC", " ".join((SAMPLE * 3).split()))[: v.EXTERNAL_ID_LENGTH],
    ),
    v.PERIOD_CODE: ("1900-spring", "2200-autumn"),
    v.CLOCK_TIME: ("00:00", "23:59"),
    v.BUSINESS_ID: ("1572860-0", "0245895-5"),
    v.OID: ("0.0", "2." + ".".join(["123456789"] * 9) + ".12345678"),
    v.URL: ("https://a.b", "https://a.example:8443/" + "%C3%A4" * 78 + "?a=bcdefg"),
    v.EMAIL: ("a@b.c", "ä" * 64 + "@" + "b" * 181 + ".example"),
}
SPANS = (("first_day", "last_day"), ("starts_on", "ends_on"), ("opens_on", "closes_on"))


def drawn(schema: Schema, rows: Rows) -> st.SearchStrategy[Body]:
    """Bodies of any shape that the schema lets in; what may be left out sometimes is."""
    values = {name: _drawn(field, rows) for name, field in _shown(schema).items()}
    required = {name for name, field in _shown(schema).items() if field.required}
    bodies = st.fixed_dictionaries(
        {name: value for name, value in values.items() if name in required},
        optional={name: value for name, value in values.items() if name not in required},
    ).map(lambda body: fitted(schema, body))
    if {"audience", "survey_id"} <= values.keys():  # of something it must be
        return bodies.filter(lambda body: body.get("survey_id") or body.get("deliverable_id"))
    return bodies


def _shown(schema: Schema) -> dict[str, fields.Field[Any]]:
    """What comes back as it was put in: no password."""
    return {name: field for name, field in schema.load_fields.items() if not field.load_only}


def _drawn(field: fields.Field[Any], rows: Rows) -> st.SearchStrategy[Any]:
    if isinstance(field, f.Part):
        value: st.SearchStrategy[Any] = drawn(field.schema, rows)
    elif isinstance(field, f.Reference):
        value = st.sampled_from([str(key) for key in rows[field.target]])
    elif isinstance(field, f.References):
        keys = [str(key) for key in rows[field.target]]
        value = st.lists(st.sampled_from(keys), unique=True)
    elif isinstance(field, f.Entries):
        value = st.lists(_drawn(field.inner, rows), max_size=3)
    else:
        value = _plain(field)
    return st.none() | value if field.allow_none else value


def _plain(field: fields.Field[Any]) -> st.SearchStrategy[Any]:
    if isinstance(field, f.Text) and not _example(field):
        text = st.text(LETTERS, min_size=1, max_size=12).filter(lambda text: not text.isspace())
        short = text.map(lambda text: unicodedata.normalize("NFC", text))
        return (short if isinstance(field, f.Key) else text) | st.just(extreme(field, most=True))
    if isinstance(field, f.Choice):
        return st.sampled_from([word.value for word in field.words])
    if isinstance(field, f.Day):
        return st.dates(v.FIRST_DAY, v.LAST_DAY).map(str)
    if isinstance(field, f.Whole):
        return st.integers(field.validators[0].min, field.validators[0].max)
    if isinstance(field, f.Number):
        limit = v.NUMBER_LIMIT * 10**v.NUMBER_DECIMALS
        return st.integers(-limit, limit).map(lambda n: round(n / 10**v.NUMBER_DECIMALS, 4))
    return st.sampled_from([extreme(field, most=False), extreme(field, most=True)])


def _example(field: f.Text) -> tuple[str, str] | None:
    return next(
        (EXAMPLES[check.regex.pattern] for check in field.validators if hasattr(check, "regex")),
        None,
    )


def extreme(field: fields.Field[Any], *, most: bool) -> Any:  # noqa: PLR0911  one a type of field
    """The least or most that a field takes."""
    if isinstance(field, f.Text):
        if example := _example(field):
            return example[most]
        (longest,) = (check.max for check in field.validators if hasattr(check, "max"))
        sample = unicodedata.normalize("NFC", SAMPLE) if isinstance(field, f.Key) else SAMPLE
        return (sample * longest)[: longest - 1] + "!" if most else "x"
    if isinstance(field, f.Choice):
        return [word.value for word in field.words][-1 if most else 0]
    if isinstance(field, f.Day):
        return str(v.LAST_DAY if most else v.FIRST_DAY)
    if isinstance(field, f.Whole):
        return field.validators[0].max if most else field.validators[0].min
    if isinstance(field, f.Number):
        return (v.NUMBER_LIMIT - 1 + 0.9999) * (1 if most else -1)
    if isinstance(field, f.Flag):
        return most
    raise NotImplementedError(f"say what is the most of a {type(field).__name__}")


def at_the_limit(schema: Schema, body: Body, *, most: bool) -> Body:
    """This body with its references, and every other field at its limit."""
    result: Body = {}
    for name, field in _shown(schema).items():
        if isinstance(field, f.Reference | f.References):
            result[name] = body.get(name)
        elif isinstance(field, f.Part):
            result[name] = at_the_limit(field.schema, body.get(name) or {}, most=most)
        elif not isinstance(field, f.Entries):
            result[name] = extreme(field, most=most)
        elif isinstance(field.inner, f.Part):
            given = body.get(name) or [{}]
            result[name] = [at_the_limit(field.inner.schema, one, most=most) for one in given]
        else:
            result[name] = [extreme(field.inner, most=most)]
    return fitted(schema, result)


def with_each_word(schema: Schema, body: Body) -> Iterator[Body]:
    """This body once for each word of each vocabulary, in its entries too."""
    for name, field in schema.load_fields.items():
        if isinstance(field, f.Choice):
            for word in field.words:
                yield fitted(schema, body | {name: word.value})
        elif isinstance(field, f.Entries) and isinstance(field.inner, f.Part):
            entry = at_the_limit(field.inner.schema, {}, most=False)
            if entries := list(with_each_word(field.inner.schema, entry)):
                yield body | {name: entries}
        elif isinstance(field, f.Entries) and isinstance(field.inner, f.Choice):
            yield body | {name: [word.value for word in field.inner.words]}


def fitted(schema: Schema, body: Body) -> Body:
    """The body, mended where fields don't go together."""
    body = dict(body)
    for first, last in SPANS:
        if (body.get(first) or "") > (body.get(last) or "9999"):
            body[first], body[last] = body[last], body[first]
    known = schema.load_fields
    if isinstance(schema, Languages) and not any(body.values()):
        body["fi"] = "x"
    if "date_precision" in known:
        _fit_date(schema, body)
    if "answered" in known and None not in (body.get("answered"), body.get("invited")):
        body["answered"], body["invited"] = sorted((body["answered"], body["invited"]))
    if {"reason", "text", "kind"} <= known.keys():
        told = body.get("text") or body.get("reason") or "x"
        where = "reason" if body["kind"] in STATEMENTS else "text"
        body |= {"text": None, "reason": None, where: told}
    if {"audience", "survey_id"} <= known.keys() and body.get("survey_id"):
        body["deliverable_id"] = None
    if {"role", "provider_id"} <= known.keys():
        theirs = bool(body.get("provider_id"))
        if theirs != (body["role"] in PROVIDER_ROLES):
            body["role"] = "manager" if theirs else "reviewer"
    return body


def _fit_date(schema: Schema, body: Body) -> None:
    """What a precision wants is there, and what it excludes is not."""
    timed = "start_time" in schema.load_fields
    precision = body.get("date_precision")
    if precision == "period" and not body.get("period_id"):
        precision = "day"
    if precision == "minute" and not timed:
        precision = "day"
    if precision == "period":
        body["date"] = None
    elif precision and not body.get("date"):
        body["date"] = str(v.LAST_DAY)
    if timed:
        if precision == "minute":
            body["start_time"] = body.get("start_time") or "00:00"
        elif precision or not body.get("date"):
            body["start_time"] = None
        start = body.get("start_time")
        body["end_time"] = max(start, body.get("end_time") or start) if start else None
    body["date_precision"] = precision
