"""Forms: what a resource takes in, as JSON Schema 2020-12 in the words of one language, for a form library to draw.

What only the system writes is there too, `readOnly`, so that a form can show it; a client does not send it back.
Stated beside JSON Schema's own words: `x-groups` (fields under a heading), `x-resource` (whose ids a field takes),
`x-widget` (how to draw a field). Not stated, since JSON Schema has no words for it: the order of two days, hours or
numbers, how many decimals a number has, normal form C of names, and one id given twice in two spellings.
"""

import typing as t

import marshmallow as ma
from marshmallow import validate

from schemas import vocabulary as v
from schemas.base import Dated, Languages, Schema
from schemas.disseminations import Dissemination
from schemas.fields import (
    Choice,
    Day,
    Entries,
    Flag,
    Id,
    Moment,
    Number,
    Part,
    Reference,
    References,
    Text,
    Whole,
)
from schemas.labels import LABELS, name_of, vocabulary
from schemas.project_meetings import Occasion
from schemas.results import STATEMENTS, Result
from schemas.users import PROVIDER_ROLES, User

Node = dict[str, t.Any]
Labels = dict[str, Node]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
NOTHING = "–"


class FormQuery(Schema):
    language = Choice(v.Language, load_default=None)


class FormLink(Schema):
    stem = ma.fields.String(required=True)
    title = ma.fields.String(required=True)
    href = ma.fields.String(required=True)


class FormList(Schema):
    items = ma.fields.List(ma.fields.Nested(FormLink), required=True)


class FormGroup(Schema):
    """Fields that stand together under a heading."""

    title = ma.fields.String(required=True)
    names = ma.fields.List(ma.fields.String(), required=True, data_key="fields")


class FormWriters(Schema):
    """By which role or scope a row may be made, and by which changed."""

    create = ma.fields.List(ma.fields.String(), required=True)
    update = ma.fields.List(ma.fields.String(), required=True)


class ResourceForm(Schema):
    """A JSON Schema 2020-12 document; its properties stand in the order in which a form shows them."""

    class Meta:
        unknown = ma.INCLUDE

    dialect = ma.fields.String(required=True, data_key="$schema")
    id = ma.fields.String(required=True, data_key="$id")
    title = ma.fields.String(required=True)
    description = ma.fields.String()
    type = ma.fields.String(required=True)
    groups = ma.fields.List(ma.fields.Nested(FormGroup), required=True, data_key="x-groups")
    writable_by = ma.fields.Nested(FormWriters, required=True, data_key="x-writable-by")
    required = ma.fields.List(ma.fields.String(), required=True)
    properties = ma.fields.Dict(required=True)


# The rules between fields. All the fields that they name hold text or nothing.


def _given(*names: str) -> Node:
    return {"required": list(names), "properties": {name: {"type": "string"} for name in names}}


def _none(*names: str) -> Node:
    return {"properties": {name: {"type": "null"} for name in names}}


def _is(name: str, *words: str) -> Node:
    return {"required": [name], "properties": {name: {"enum": list(words)}}}


def _both(one: Node, other: Node) -> Node:
    return {**one, **other, "properties": one["properties"] | other["properties"]}


_DATED = [
    {
        "if": _is("date_precision", "period"),
        "then": _both(_given("period_id"), _none("date")),
    },
    {"if": _is("date_precision", "month", "day"), "then": _given("date")},
]
_TIMED = [
    {"if": _is("date_precision", "minute"), "then": _given("date", "start_time")},
    {"if": _is("date_precision", "period", "month", "day"), "then": _none("start_time")},
    {"if": _given("start_time"), "then": _given("date")},
    {"if": _given("end_time"), "then": _given("start_time")},
]
_RULES: dict[type[Schema], list[Node]] = {
    Languages: [{"not": _none("fi", "sv", "en")}],
    Dated: _DATED,
    Occasion: _TIMED,
    Result: [
        {
            "if": _is("kind", *STATEMENTS),
            "then": _both(_given("reason"), _none("text")),
            "else": _both(_given("text"), _none("reason")),
        }
    ],
    Dissemination: [
        {
            "if": _given("survey_id"),
            "then": _none("deliverable_id"),
            "else": _given("deliverable_id"),
        }
    ],
    User: [
        {
            "if": _is("role", *PROVIDER_ROLES),
            "then": _given("provider_id"),
            "else": _none("provider_id"),
        }
    ],
}


def title_of(stem: str, schema: type[Schema], language: str) -> str:
    """A resource's name; until it has a label, its schema's."""
    label: Node = LABELS[language]["resources"].get(stem, {})
    return str(label.get("title", schema.__name__))


def form(stem: str, schema: type[Schema], language: str) -> Node:
    """A resource's form in one language."""
    return _Form(language).document(stem, schema)


class _Form:
    """One document in the making: its language, and the nested parts met on the way."""

    def __init__(self, language: str):
        self.language = language
        self.labels = LABELS[language]
        self.words = vocabulary(language)
        self.parts: dict[str, Node] = {}

    def document(self, stem: str, schema: type[Schema]) -> Node:
        label = self.labels["resources"].get(stem, {})
        groups = self._groups(schema, label)
        fields = {name: field for group in groups for name, field in group["fields"].items()}
        head = {
            "$schema": DIALECT,
            "$id": f"tag:lamppu.example,2026:form:{stem}:{self.language}",
            "title": title_of(stem, schema, self.language),
        }
        body = self._object(schema, fields)
        listed = [{"title": group["title"], "fields": list(group["fields"])} for group in groups]
        parts = {"$defs": self.parts} if self.parts else {}
        return head | _help(label) | {"x-groups": listed} | body | parts

    def _groups(self, schema: type[Schema], label: Node) -> list[Node]:
        """The headings in order, each with its fields; a field stands under the first that names it."""
        groups: list[Node] = []
        left = list(schema().fields)
        for entry in label.get("groups", ["row"]):
            group = self.labels["groups"][entry] if isinstance(entry, str) else entry
            fields = {name: text for name, text in group["fields"].items() if name in left}
            left = [name for name in left if name not in fields]
            groups.append({"title": group["title"], "fields": fields})
        if left and not label:
            groups.insert(0, {"title": schema.__name__, "fields": {}})
        if left:
            groups[0]["fields"] |= _unlabelled(left)
        return groups

    def _object(self, schema: type[Schema], labels: Labels) -> Node:
        fields = schema().fields
        rules = [
            rule for owner, rules in _RULES.items() if issubclass(schema, owner) for rule in rules
        ]
        shape: Node = {
            "type": "object",
            "additionalProperties": False,
            "required": [name for name in labels if fields[name].required],
            "properties": {
                name: self._property(fields[name], label) for name, label in labels.items()
            },
        }
        if issubclass(schema, Dated) and not issubclass(schema, Occasion):
            _without_minutes(shape["properties"]["date_precision"])
        return shape | ({"allOf": rules} if rules else {})

    def _property(self, field: ma.fields.Field[t.Any], label: Node) -> Node:
        shape = {"title": label["title"]} | _help(label) | self._shape(field)
        if field.allow_none:
            shape = _or_nothing(shape)
        if field.dump_only:
            return shape | {"readOnly": True}
        if field.load_only:
            shape |= {"writeOnly": True, "x-widget": "password"}
        if field.load_default is not ma.missing:
            default = field.load_default
            shape["default"] = default() if callable(default) else default
        return shape

    def _shape(self, field: ma.fields.Field[t.Any]) -> Node:
        shape: Node
        match field:
            case Choice():
                shape = {"type": "string", "oneOf": self._words(field)}
            case Text():
                shape = _text(field)
            case Flag():
                shape = {"type": "boolean"}
            case Whole():
                shape = {"type": "integer"} | _range(field)
            case Number():
                shape = {"type": "number"} | _range(field)
            case Day():
                shape = {"type": "string", "format": "date", "pattern": v.DAY}
            case Moment():
                shape = {"type": "string", "format": "date-time"}
            case Id():
                shape = _id(field.target if isinstance(field, Reference) else None)
            case References():
                shape = _list(field, _id(field.target)) | {"uniqueItems": True}
            case Entries():
                shape = _list(field, self._shape(field.inner))
            case Part():
                shape = self._part(type(field.schema))
            case _:
                raise TypeError(f"A form has no place for a {type(field).__name__}.")
        return shape

    def _words(self, field: Choice) -> list[Node]:
        labels = self.words[name_of(field.words)]
        return [{"const": word.value, "title": _capital(labels[word])} for word in field.words]

    def _part(self, schema: type[ma.Schema]) -> Node:
        name = schema.__name__
        if name not in self.parts and issubclass(schema, Schema):
            label = self.labels["parts"].get(name, {"title": name, "fields": {}})
            left = [one for one in schema().fields if one not in label["fields"]]
            self.parts[name] = {"title": label["title"]} | _help(label)
            self.parts[name] |= self._object(schema, label["fields"] | _unlabelled(left))
        return {"$ref": f"#/$defs/{name}"}


def _text(field: Text) -> Node:
    regex = next((c.regex.pattern for c in field.validators if isinstance(c, validate.Regexp)), "")
    longest = _check(field, validate.Length).max
    shape = {"type": "string", "maxLength": longest, "pattern": regex or v.TEXT}
    return shape | ({"x-widget": "textarea"} if longest >= v.TEXT_LENGTH else {})


def _id(target: str | None) -> Node:
    shape = {"type": "string", "format": "uuid", "pattern": v.UUID}
    return shape | ({"x-resource": target} if target else {})


def _range(field: ma.fields.Field[t.Any]) -> Node:
    within = _check(field, validate.Range)
    return {"minimum": within.min, "maximum": within.max}


def _list(field: Entries, items: Node) -> Node:
    return {"type": "array", "maxItems": _check(field, validate.Length).max, "items": items}


def _or_nothing(shape: Node) -> Node:
    if "$ref" in shape:
        choices = [{"$ref": shape["$ref"]}, {"type": "null", "title": NOTHING}]
        return {name: value for name, value in shape.items() if name != "$ref"} | {"anyOf": choices}
    words = [{"const": None, "title": NOTHING}, *shape["oneOf"]] if "oneOf" in shape else None
    return shape | {"type": [shape["type"], "null"]} | ({"oneOf": words} if words else {})


def _without_minutes(shape: Node) -> None:
    """What has no hours is never known to the minute."""
    shape["oneOf"] = [word for word in shape["oneOf"] if word["const"] != "minute"]


def _check(field: ma.fields.Field[t.Any], kind: type[t.Any]) -> t.Any:
    return next(check for check in field.validators if isinstance(check, kind))


def _help(label: Node) -> Node:
    return {"description": label["help"]} if "help" in label else {}


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _unlabelled(names: t.Iterable[str]) -> Labels:
    """A field that has no label yet goes by its name: `Project goal` for `project_goal_id`."""
    return {name: {"title": _capital(name.removesuffix("_id").replace("_", " "))} for name in names}
