"""A form and the schema it is made from come to one verdict, and every word of it is there in every language."""

import itertools
import json
import re
from collections.abc import Iterator
from enum import StrEnum
from functools import cache
from typing import Any

import jsonschema
import marshmallow as ma
import pytest

from api.resources.forms import FORMS
from schemas import fields as f
from schemas import forms
from schemas import vocabulary as v
from schemas.base import Record, Schema
from schemas.labels import LABELS, SOURCE, name_of, spoken, vocabulary
from schemas.webhooks import Followed
from tests.faults import wrong
from tests.routes import MISSING

LANGUAGES = [word.value for word in v.Language]
ABSENT = object()
LETTERED = "0190abcd-0000-7000-8000-000000000000"
EXAMPLES = {
    v.CODE: ["t1"],
    v.PERIOD_CODE: ["2012-spring"],
    v.CLOCK_TIME: ["09:30"],
    v.BUSINESS_ID: ["1234567-1"],
    v.OID: ["1.2.246.562.10.1"],
    v.EMAIL: ["aino@koulu.example"],
    v.URL: ["https://a.example/b", "http://[::1]:1?", "https://a"],
    v.PASSWORD: ["a lamp beside the harbour"],
    v.EXTERNAL_ID: ["x", "2012/17/", " /a", ".a", "..a", "...", ". ", "\u2028ä", "x" * 200],
}


def _ecma_pattern(_: Any, pattern: str, value: Any, __: Any) -> Iterator[Any]:
    """As JSON Schema has it (ECMA-262): to Python, `$` also stands before a line break at the end."""
    if isinstance(value, str) and not re.search(pattern.replace("$", r"\Z"), value):
        yield jsonschema.ValidationError(f"{value!r} does not match")


Validator = jsonschema.validators.extend(
    jsonschema.Draft202012Validator, {"pattern": _ecma_pattern}
)


@cache
def form_of(stem: str, language: str = "fi") -> dict[str, Any]:
    return forms.form(stem, FORMS[stem], language)


def parts_of(schema: ma.Schema) -> Iterator[ma.Schema]:
    for field in schema.load_fields.values():
        part = field.inner if isinstance(field, f.Entries) else field
        if isinstance(part, f.Part):
            yield part.schema


def contracts() -> Iterator[tuple[str, ma.Schema, Any]]:
    """Every form with its schema, and each part of a form for itself."""
    for stem, schema in FORMS.items():
        form = form_of(stem)
        yield stem, schema.writable(), form
        for part in parts_of(schema.writable()):
            name = type(part).__name__
            yield f"{stem} {name}", part, {"$ref": f"#/$defs/{name}", "$defs": form["$defs"]}


CONTRACTS = {name: (schema, form) for name, schema, form in contracts()}


def validator(form: Any) -> Any:
    return Validator(form, format_checker=Validator.FORMAT_CHECKER)


def loads(schema: ma.Schema, body: Any) -> bool:
    return not schema.validate(body)


def right_values(field: ma.fields.Field[Any]) -> list[Any]:
    """Values at the edges of what the field takes."""
    nothing = [None] if field.allow_none else []
    return [*_right_values(field), *nothing]


def _right_values(field: ma.fields.Field[Any]) -> list[Any]:  # noqa: PLR0911  one a type of field
    if isinstance(field, f.Text):
        regexes = [check.regex.pattern for check in field.validators if hasattr(check, "regex")]
        (longest,) = (check.max for check in field.validators if hasattr(check, "max"))
        free = ["x", "x" * longest, "\U0001f600", "a\nb\t c\n", " \u2028ä", "\ufeff", "$^\\"]
        return EXAMPLES[regexes[0]] if regexes else free
    if isinstance(field, f.Choice):
        return [word.value for word in field.words]
    if isinstance(field, f.Flag):
        return [True, False]
    if isinstance(field, f.Whole):
        (bounds,) = field.validators
        return [bounds.min, float(bounds.min), bounds.max]
    if isinstance(field, f.Number):
        return [0, -0.0001, 0.3, 1234.5678, v.NUMBER_LIMIT, -float(v.NUMBER_LIMIT)]
    if isinstance(field, f.Day):
        return [v.FIRST_DAY.isoformat(), "2012-02-29", v.LAST_DAY.isoformat()]
    if isinstance(field, f.Id):
        return [str(MISSING), str(MISSING).upper()]
    if isinstance(field, f.References):
        return [[], [str(MISSING)], [f"{n:08x}{str(MISSING)[8:]}" for n in range(v.CHILDREN_MAX)]]
    if isinstance(field, f.Entries):
        return [[], *([one] for one in _right_values(field.inner))]
    if isinstance(field, f.Part):
        return [least(field.schema)]
    raise NotImplementedError(f"say what is right for a {type(field).__name__}")


# What the rules between fields want beside the required ones.
BESIDE: dict[str, dict[str, Any]] = {
    "Result": {"text": "x"},
    "Dissemination": {"survey_id": str(MISSING)},
    "User": {"provider_id": str(MISSING)},
    "Languages": {"fi": "x"},
    "Period": {"first_day": v.FIRST_DAY.isoformat(), "last_day": v.LAST_DAY.isoformat()},
}


def least(schema: ma.Schema) -> dict[str, Any]:
    """A body with no more than it needs."""
    required = {n: fld for n, fld in schema.load_fields.items() if fld.required}
    values = {name: _right_values(field)[0] for name, field in required.items()}
    return values | BESIDE.get(type(schema).__name__, {})


def bodies(schema: ma.Schema) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """A body for each value that a field may or must not take."""
    for name, field in schema.load_fields.items():
        given = [*right_values(field), *(value for value, _ in wrong(field, merging=False))]
        yield from ((name, value, least(schema) | {name: value}) for value in given)


# What a form lets in and the schema refuses, since JSON Schema has no words for it. By the type of a field …
LOOSER: dict[type[ma.fields.Field[Any]], list[Any]] = {
    f.Key: ["a\u0308"],  # not in normal form C
    f.Number: [0.00001, 1e-300],  # `multipleOf: 0.0001` refuses 0.3 in most validators
    f.References: [[LETTERED, LETTERED.upper()]],  # one id in two spellings
}
# … and between fields.
LOOSER_BETWEEN: dict[str, dict[str, Any]] = {
    "programmes": {"starts_on": "2012-02-01", "ends_on": "2012-01-31"},
    "projects": {"starts_on": "2012-02-01", "ends_on": "2012-01-31"},
    "periods": {"first_day": "2012-02-01", "last_day": "2012-01-31"},
    "surveys": {"opens_on": "2012-02-01", "closes_on": "2012-01-31"},
    "meetings": {"date": "2012-02-01", "start_time": "10:00", "end_time": "09:00"},
    "project_meetings": {"date": "2012-02-01", "start_time": "10:00", "end_time": "09:00"},
    "surveys Respondents": {"invited": 1, "answered": 2},
    "users": {"password": " " * v.PASSWORD_MIN},
}


@pytest.mark.parametrize("name", CONTRACTS)
def test_a_form_accepts_what_its_schema_loads_field_by_field(name: str) -> None:
    schema, form = CONTRACTS[name]
    check, verdicts = validator(form), set()
    for field, value, body in bodies(schema):
        looser = LOOSER.get(type(schema.load_fields[field]), ())
        verdict = loads(schema, body)
        verdicts.add(verdict)
        assert check.is_valid(body) == verdict or (not verdict and value in looser), (field, value)
    assert verdicts == {True, False}


def _named(rules: Any) -> set[str]:
    """The fields that rules speak of."""
    if isinstance(rules, list):
        return {name for rule in rules for name in _named(rule)}
    found = set(rules.get("properties", ()))
    return found.union(
        *(_named(rules[word]) for word in rules.keys() & {"if", "then", "else", "not"})
    )


def ruled() -> dict[str, set[str]]:
    found = {}
    for name, (_, form) in CONTRACTS.items():
        stated = form["$defs"][name.split()[1]] if "$ref" in form else form
        if "allOf" in stated:
            found[name] = _named(stated["allOf"])
    return found


@pytest.mark.parametrize("name", ruled())
def test_a_form_accepts_what_its_schema_loads_in_every_combination_of_ruled_fields(
    name: str,
) -> None:
    schema, form = CONTRACTS[name]
    check, verdicts = validator(form), set()
    names = sorted(ruled()[name])
    values = [[ABSENT, *_few(schema.load_fields[one])] for one in names]
    for chosen in itertools.product(*values):
        given = dict(zip(names, chosen, strict=True))
        body = {n: one for n, one in (least(schema) | given).items() if one is not ABSENT}
        verdict = loads(schema, body)
        verdicts.add(verdict)
        assert check.is_valid(body) == verdict, given
    assert verdicts == {True, False}


def _few(field: ma.fields.Field[Any]) -> list[Any]:
    right = right_values(field)
    if isinstance(field, f.Choice):
        return right
    return [right[0], None] if field.allow_none else right[:1]


def test_what_a_form_cannot_state_is_no_more_than_what_is_listed_here() -> None:
    for name, given in LOOSER_BETWEEN.items():
        schema, form = CONTRACTS[name]
        body = least(schema) | given
        assert validator(form).is_valid(body), name
        assert not loads(schema, body), name
    for schema, form in CONTRACTS.values():
        for name, field in schema.load_fields.items():
            if not any(hasattr(check, "regex") for check in field.validators):
                for value in LOOSER.get(type(field), ()):
                    assert validator(form).is_valid(least(schema) | {name: value}), name
                    assert not loads(schema, least(schema) | {name: value}), name


@pytest.mark.parametrize("name", CONTRACTS)
def test_a_form_refuses_unknown_fields_and_wants_the_required_ones(name: str) -> None:
    schema, form = CONTRACTS[name]
    check, body = validator(form), least(schema)
    assert check.is_valid(body)
    assert not check.is_valid(body | {"nonsense": 1})
    assert not any(check.is_valid(no_object) for no_object in ([], "x", 1, None))
    for missing in body:
        rest = {name: value for name, value in body.items() if name != missing}
        assert check.is_valid(rest) == loads(schema, rest), missing


@pytest.mark.parametrize("stem", FORMS)
def test_the_defaults_of_a_form_are_what_the_schema_fills_in(stem: str) -> None:
    schema, form = CONTRACTS[stem]
    fields = form["properties"]
    defaults = {name: one["default"] for name, one in fields.items() if "default" in one}
    body = least(schema)
    assert schema.load(defaults | body) == schema.load(body)
    assert set(schema.load(body)) - set(body) == set(defaults) - set(body)


@pytest.mark.parametrize("stem", FORMS)
def test_a_form_shows_every_field_once_and_marks_what_only_the_system_writes(stem: str) -> None:
    form, schema = form_of(stem), FORMS[stem]()
    grouped = [name for group in form["x-groups"] for name in group["fields"]]
    assert list(form["properties"]) == grouped
    assert sorted(grouped) == sorted(schema.fields)
    marked = {name for name, one in form["properties"].items() if one.get("readOnly")}
    assert marked == {name for name, field in schema.fields.items() if field.dump_only}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_form_is_a_json_schema_2020_12_of_its_own_name(language: str) -> None:
    documents = [form_of(stem, language) for stem in FORMS]
    for document in documents:
        assert document["$schema"] == jsonschema.Draft202012Validator.META_SCHEMA["$id"]
        jsonschema.Draft202012Validator.check_schema(document)
    assert len({document["$id"] for document in documents}) == len(FORMS)


def test_references_name_their_resource_and_long_texts_and_passwords_their_widget() -> None:
    goal, user = form_of("goals")["properties"], form_of("users")["properties"]
    assert goal["sub_project_id"]["x-resource"] == "sub_projects"
    assert form_of("meetings")["properties"]["goal_ids"]["items"]["x-resource"] == "goals"
    assert goal["text"]["x-widget"] == "textarea"
    assert "x-widget" not in form_of("surveys")["properties"]["title"]
    assert user["password"]["x-widget"] == "password"
    assert user["password"]["writeOnly"] is True


def test_the_words_of_a_choice_have_titles_and_nothing_is_one_of_them_where_it_may_be() -> None:
    meeting = form_of("meetings", "sv")["properties"]
    assert {"const": "closing_seminar", "title": "Avslutningsseminarium"} in meeting["kind"][
        "oneOf"
    ]
    assert meeting["mode"]["oneOf"][0] == {"const": None, "title": "–"}
    assert meeting["mode"]["oneOf"][1] == {"const": "on_site", "title": "Närmöte"}


def test_what_has_no_hours_is_not_offered_the_precision_of_a_minute() -> None:
    def words(stem: str) -> set[str | None]:
        return {one["const"] for one in form_of(stem)["properties"]["date_precision"]["oneOf"]}

    assert words("meetings") - words("feedback") == {"minute"}


# the labels


def places(node: Any, place: str = "") -> Iterator[tuple[str, dict[str, str]]]:
    """Each text in its languages, by its place."""
    if isinstance(node, dict) and node and all(isinstance(one, str) for one in node.values()):
        yield place, node
    elif not isinstance(node, str):
        inner = node.items() if isinstance(node, dict) else enumerate(node)
        yield from itertools.chain(*(places(one, f"{place}/{name}") for name, one in inner))


def test_every_label_stands_in_finnish_swedish_and_english() -> None:
    told = {place: list(languages) for place, languages in places(SOURCE)}
    assert {place: languages for place, languages in told.items() if languages != LANGUAGES} == {}


def test_a_label_that_is_not_translated_yet_shows_in_finnish() -> None:
    label = {"title": {"fi": "Riski", "sv": "Risk"}, "groups": ["row"]}
    assert spoken(label, "sv") == {"title": "Risk", "groups": ["row"]}
    assert spoken(label, "en") == {"title": "Riski", "groups": ["row"]}


def test_no_label_is_blank_or_stands_in_another_language() -> None:
    """Words may be the same in two languages; a sentence is not."""
    for place, languages in places(SOURCE):
        said = languages.values()
        assert all(text == text.strip() != "" for text in said), place
        assert len({*said}) == len(said) or len(min(said, key=len)) <= 30, place


def test_every_word_of_every_vocabulary_has_a_label_and_no_other_has() -> None:
    enums = [one for one in vars(v).values() if isinstance(one, type) and issubclass(one, StrEnum)]
    words = {name_of(one): [word.value for word in one] for one in enums if one is not StrEnum}
    labelled = {name: list(labels) for name, labels in LABELS["fi"]["vocabulary"].items()}
    del labelled["followed"]  # what it does not say goes by the titles of the resources
    assert labelled == words
    assert {word.value for word in Followed} <= vocabulary("fi")["followed"].keys()


def test_every_field_has_a_label_and_every_label_a_field() -> None:
    labels, shared = LABELS["fi"], dict[str, set[str]]()
    assert set(labels["resources"]) == set(FORMS)
    for stem, schema in FORMS.items():
        own = set[str]()
        for group in labels["resources"][stem]["groups"]:
            if isinstance(group, str):
                used = set(labels["groups"][group]["fields"]) & (set(schema().fields) - own)
                shared[group] = shared.get(group, set()) | used
                own |= used
            else:
                assert not own & set(group["fields"]), stem
                own |= set(group["fields"])
        assert own == set(schema().fields), stem
    assert shared == {name: set(group["fields"]) for name, group in labels["groups"].items()}
    parts = {type(p).__name__: p for one in FORMS.values() for p in parts_of(one.writable())}
    assert {name: set(part["fields"]) for name, part in labels["parts"].items()} == {
        name: set(part.fields) for name, part in parts.items()
    }


class Step(Schema):
    done_on = f.Day(required=True)


class Risk(Record):
    goal_id = f.Reference("goals", required=True)
    steps = f.Entries(f.Part(Step))


def test_a_resource_without_labels_goes_by_its_names_until_it_has_some() -> None:
    form = forms.form("risks", Risk, "fi")
    assert form["title"] == "Risk"
    assert form["x-groups"][0] == {"title": "Risk", "fields": ["goal_id", "steps"]}
    assert form["properties"]["goal_id"]["title"] == "Goal"
    assert form["$defs"]["Step"]["properties"]["done_on"]["title"] == "Done on"


def test_a_field_without_a_label_stands_in_the_first_group_of_its_form() -> None:
    schema = type("Goal", (FORMS["goals"],), {"risk_note": f.Text(10)})
    first = forms.form("goals", schema, "fi")["x-groups"][0]
    assert first["title"] == "Tavoite"
    assert first["fields"][-1] == "risk_note"


def test_a_field_of_a_kind_that_no_form_knows_is_refused_aloud() -> None:
    with pytest.raises(TypeError, match="no place for a Url"):
        forms.form("links", type("Link", (Record,), {"url": ma.fields.Url()}), "fi")


def test_a_form_goes_through_json_unchanged() -> None:
    for stem in FORMS:
        assert json.loads(json.dumps(form_of(stem))) == form_of(stem)
