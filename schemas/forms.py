"""Forms: what a resource takes in, as JSON Schema 2020-12 in the words of one language, for a form library to draw.

What only the system writes is there too, `readOnly`, so that a form can show it; a client does not send it back.
Stated beside JSON Schema's own words: `x-groups` (fields under a heading), `x-resource` (whose ids a field takes),
`x-widget` (how to draw a field). What JSON Schema has no words for is not stated: see `shapes` and `rules`.
"""

import typing as t

import marshmallow as ma

from schemas import vocabulary as v
from schemas.base import Schema
from schemas.fields import Choice, Entries, Part, References, Text
from schemas.labels import LABELS, name_of, vocabulary
from schemas.rules import rules_of
from schemas.shapes import shape, words

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


class OpenapiDocument(Schema):
    """This document, as OpenAPI has it."""

    class Meta:
        unknown = ma.INCLUDE

    openapi = ma.fields.String(required=True)


PERHAPS = {"x-optional": True}


class FormField(Schema):
    """What one field takes, as JSON Schema, in the words of one language."""

    class Meta:
        unknown = ma.INCLUDE

    title = ma.fields.String(required=True)
    description = ma.fields.String(metadata=PERHAPS)
    read_only = ma.fields.Boolean(data_key="readOnly", metadata=PERHAPS)
    write_only = ma.fields.Boolean(data_key="writeOnly", metadata=PERHAPS)
    resource = ma.fields.String(data_key="x-resource", metadata=PERHAPS)
    widget = ma.fields.String(data_key="x-widget", metadata=PERHAPS)


class FormPart(Schema):
    """An entry of a list, or a text in several languages."""

    class Meta:
        unknown = ma.INCLUDE

    title = ma.fields.String(required=True)
    description = ma.fields.String(metadata=PERHAPS)
    type = ma.fields.String(required=True)
    required = ma.fields.List(ma.fields.String(), required=True)
    properties = ma.fields.Dict(ma.fields.String(), ma.fields.Nested(FormField), required=True)


class FormRule(Schema):
    """A rule between fields, as JSON Schema."""

    class Meta:
        unknown = ma.INCLUDE


class ResourceForm(Schema):
    """A JSON Schema 2020-12 document; its properties stand in the order in which a form shows them."""

    class Meta:
        unknown = ma.INCLUDE

    dialect = ma.fields.String(required=True, data_key="$schema")
    id = ma.fields.String(required=True, data_key="$id")
    title = ma.fields.String(required=True)
    description = ma.fields.String(metadata=PERHAPS)
    type = ma.fields.String(required=True)
    groups = ma.fields.List(ma.fields.Nested(FormGroup), required=True, data_key="x-groups")
    writable_by = ma.fields.Nested(FormWriters, required=True, data_key="x-writable-by")
    required = ma.fields.List(ma.fields.String(), required=True)
    closed = ma.fields.Boolean(required=True, data_key="additionalProperties")
    properties = ma.fields.Dict(ma.fields.String(), ma.fields.Nested(FormField), required=True)
    rules = ma.fields.List(ma.fields.Nested(FormRule), data_key="allOf", metadata=PERHAPS)
    parts = ma.fields.Dict(
        ma.fields.String(), ma.fields.Nested(FormPart), data_key="$defs", metadata=PERHAPS
    )


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
        body: Node = {
            "type": "object",
            "additionalProperties": False,
            "required": [name for name in labels if fields[name].required],
            "properties": {
                name: self._property(schema, name, fields[name], label)
                for name, label in labels.items()
            },
        }
        rules = rules_of(schema)
        return body | ({"allOf": rules} if rules else {})

    def _property(
        self, schema: type[Schema], name: str, field: ma.fields.Field[t.Any], label: Node
    ) -> Node:
        told = {"title": label["title"]} | _help(label) | self._shape(schema, name, field)
        if field.allow_none:
            told = _or_nothing(told)
        if field.dump_only:
            return told | {"readOnly": True}
        if field.load_only:
            told |= {"writeOnly": True, "x-widget": "password"}
        if field.load_default is not ma.missing:
            default = field.load_default
            told["default"] = default() if callable(default) else default
        return told

    def _shape(self, schema: type[Schema], name: str, field: ma.fields.Field[t.Any]) -> Node:
        exact = shape(field)
        if exact is None:
            raise TypeError(f"A form has no place for a {type(field).__name__}.")
        if isinstance(field, Choice):
            return exact | {"oneOf": self._words(schema, name, field)}
        if isinstance(field, Text) and field.maximum > v.LINE_LENGTH:
            return exact | {"x-widget": "textarea"}
        if isinstance(field, Entries) and not isinstance(field, References):
            return exact | {"items": self._shape(schema, name, field.inner)}
        return self._part(type(field.schema)) if isinstance(field, Part) else exact

    def _words(self, schema: type[Schema], name: str, field: Choice) -> list[Node]:
        labels = self.words[name_of(field.words)]
        known = words(schema, name, field)
        return [{"const": word, "title": _capital(labels.get(word, word))} for word in known]

    def _part(self, schema: type[ma.Schema]) -> Node:
        name = schema.__name__
        if name not in self.parts and issubclass(schema, Schema):
            label = self.labels["parts"].get(name, {"title": name, "fields": {}})
            left = [one for one in schema().fields if one not in label["fields"]]
            self.parts[name] = {"title": label["title"]} | _help(label)
            self.parts[name] |= self._object(schema, label["fields"] | _unlabelled(left))
        return {"$ref": f"#/$defs/{name}"}


def _or_nothing(shape: Node) -> Node:
    if "$ref" in shape:
        choices = [{"$ref": shape["$ref"]}, {"type": "null", "title": NOTHING}]
        return {name: value for name, value in shape.items() if name != "$ref"} | {"anyOf": choices}
    words = [{"const": None, "title": NOTHING}, *shape["oneOf"]] if "oneOf" in shape else None
    return shape | {"type": [shape["type"], "null"]} | ({"oneOf": words} if words else {})


def _help(label: Node) -> Node:
    return {"description": label["help"]} if "help" in label else {}


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _unlabelled(names: t.Iterable[str]) -> Labels:
    """A field that has no label yet goes by its name: `Project goal` for `project_goal_id`."""
    return {name: {"title": _capital(name.removesuffix("_id").replace("_", " "))} for name in names}
