"""Our marshmallow schemas as components: one for what goes out, one for what comes in, one for a merge patch.

`Goal` goes out: every property is there, and more may come. `GoalInput` comes in: closed, and what has a default may be
left out. `GoalPatch` is a merge patch (RFC 7396): anything may be left out, and null takes a field back to its default.
`ImportGoal` is an element of an import, with names in place of ids, and `ImportGoalRow` a row of a table of them. What
only ever comes in needs no such suffix.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from api.blueprint import Embedded
from api.documents.heads import ERROR
from api.openapi import wording
from api.services import rows
from api.services.elements import CODED, ORDER, passed_over
from schemas import vocabulary as v
from schemas.base import id_first
from schemas.fields import Choice, Names, Reference, References
from schemas.imports import Element
from schemas.rules import rules_of
from schemas.shapes import of_id, shape, words

Node = dict[str, Any]
Field = fields.Field[Any]


class Way(StrEnum):
    """Which way a schema goes; the values are how its component is called."""

    GIVEN = "{}"
    TAKEN = "{}Input"
    MERGED = "{}Patch"
    IMPORTED = "Import{}"


GIVEN, TAKEN, MERGED, IMPORTED = Way
# By which an import names a row: its external id, or its code in the plan.
_NAME = {"type": "string", "maxLength": v.EXTERNAL_ID_LENGTH, "pattern": v.EXTERNAL_ID}
_VERSION = {"type": "integer", "format": "int32", "minimum": 1, "maximum": v.COUNT_MAX}
# marshmallow's own fields, for answers that are no rows. The limits hold of all that we answer.
_PLAIN: dict[type[Field], Node] = {
    fields.UUID: {"type": "string", "format": "uuid", "maxLength": 36},
    fields.DateTime: {"type": "string", "format": "date-time", "maxLength": 35},
    fields.String: {"type": "string", "maxLength": v.TEXT_LENGTH, "pattern": v.LINES},
    fields.Integer: {"type": "integer", "minimum": 0, "maximum": v.COUNT_MAX},
    fields.Boolean: {"type": "boolean"},
    fields.List: {"type": "array", "maxItems": v.CHILDREN_MAX},
}


class Catalog:
    """The schemas of a document in the making, by name.

    :param embeds: what answers of a schema may hold beside its fields: name -> its schema, and whether it is a list
    """

    def __init__(self, embeds: Mapping[type[ma.Schema], Embedded] = MappingProxyType({})) -> None:
        self.schemas: dict[str, Node] = {}
        self.embeds = embeds

    def reference(self, schema: ma.Schema, way: Way) -> Node:
        """A reference to a schema's component, which comes about with it."""
        name = way.format(type(schema).__name__.removesuffix("Schema"))
        return self.named(name, lambda: self._object(schema, way))

    def named(self, name: str, made: Callable[[], Node]) -> Node:
        if name not in self.schemas:
            self.schemas[name] = {}  # one that leads back to itself finds its name taken
            self.schemas[name] = made()
        return {"$ref": f"#/components/schemas/{name}"}

    def row(self, stem: str) -> Node:
        """A reference to what a row of a table of this resource is held to."""
        schema: Any = rows.model_of(stem).schema
        name = IMPORTED.format(schema.__name__) + "Row"
        return self.named(name, lambda: self._row(schema.writable(), stem))

    def _row(self, schema: ma.Schema, stem: str) -> Node:
        """An element of an import, which may name its row by the id instead, and may be as an export has it."""
        element = self._object(schema, IMPORTED)
        own_name = _or_null(element["properties"]["external_id"])
        told: Node = {
            "id": {"description": "By which the row is found, if it is given."} | _or_null(of_id()),
            **element["properties"],
            "external_id": {**own_name, "description": "Needed where there is no `id`."},
            "version": {"description": "At which the row was read."} | _or_null(dict(_VERSION)),
        }
        for name in sorted({*passed_over(stem), ERROR} - {"id", "version"}):
            told[name] = {"description": "Passed over."}
        text = "A row of a table, as an element of an import or as an export has it."
        return {
            "type": "object",
            "description": text,
            "additionalProperties": False,
            "if": _with("id"),
            "else": _with("external_id"),
            "properties": told,
        }

    def parameters(self, schema: ma.Schema, location: str) -> list[Node]:
        """One parameter a field. There is no null in a query: it stands for a parameter that was not sent."""
        return [
            {
                "in": location,
                "name": field.data_key or name,
                "required": field.required,
                "description": wording.of_parameter(type(schema), name, field),
                "schema": self.value(schema, name, field, TAKEN) | _default(field),
            }
            | ({"style": "form", "explode": True} if isinstance(field, Names) else {})
            for name, field in schema.load_fields.items()
        ]

    def _object(self, schema: ma.Schema, way: Way) -> Node:
        kind = type(schema)
        known = schema.dump_fields if way is GIVEN else schema.load_fields
        properties = {
            field.data_key or name: self._property(schema, name, field, way)
            for name, field in id_first(known)
        }
        text = wording.of_schema(kind, way.name)
        body: Node = {"type": "object"} | ({"description": text} if text else {})
        if required := [f.data_key or name for name, f in known.items() if _is_there(f, way)]:
            body["required"] = sorted(required, key=list(properties).index)
        if way is IMPORTED:
            properties = self._with_names(schema, properties)
            if "external_id" in properties:  # else it is an entry of an element
                body["required"] = ["external_id"]
                properties["external_id"] = {**properties["external_id"], "type": "string"}
        if way is TAKEN:
            body |= _at_the_top(rules_of(kind))
        if schema.unknown == ma.INCLUDE:
            body["additionalProperties"] = True
        elif way is not GIVEN and schema.unknown == ma.RAISE:
            body["additionalProperties"] = False
        return body | {"properties": properties | self._embedded(kind, way)}

    def _embedded(self, kind: type[ma.Schema], way: Way) -> Node:
        """What a row can be expanded by."""
        told: Node = {}
        for name, (inner, many) in self.embeds.get(kind, {}).items() if way is GIVEN else ():
            one = self.reference(inner(), GIVEN)
            text = f"With `expand={name}`."
            if many:
                told[name] = {"type": "array", "description": text, "maxItems": 1000, "items": one}
            else:
                told[name] = {"description": text} | _or_null(one)
        return told

    def _property(self, schema: ma.Schema, name: str, field: Field, way: Way) -> Node:
        value = self.value(schema, name, field, way)
        if field.allow_none or (way is MERGED and not field.required):
            value = _or_null(value)
        if text := wording.of_field(type(schema), name, field):
            value = {"description": text} | value
        if way is not GIVEN and field.load_only:
            value["writeOnly"] = True
        return value | (_default(field) if way is TAKEN else {})

    def value(  # noqa: PLR0911  one a type of field
        self, schema: ma.Schema, name: str, field: Field, way: Way
    ) -> Node:
        """The schema of a field's values, apart from null."""
        exact = shape(field)
        match field:
            case Choice():
                return self._words(field.words, words(type(schema), name, field))
            case fields.String() if kind := field.metadata.get("words"):
                return self._words(kind, list(kind))
            case Element():
                return self.reference(field.of.writable(), IMPORTED)
            case fields.Nested():
                return self.reference(field.schema, way)
            case fields.Dict() if called := field.metadata.get("component"):
                return {"$ref": f"#/components/schemas/{called}"}
            case fields.Dict():
                inner = not field.value_field or self.value(schema, name, field.value_field, way)
                called = type(schema).__name__ + name.capitalize()
                return self.named(called, lambda: {"type": "object", "additionalProperties": inner})
            case Names():
                called = type(schema).__name__.removesuffix("Query")
                called = called.removesuffix("Item").removesuffix("Export")
                named = {"type": "string", "enum": sorted(field.choices, key="id".__ne__)}
                inner = self.named(called + name.removesuffix("s").capitalize(), lambda: named)
                return (exact or {}) | {"items": inner}
            case References():
                return exact or {}
            case fields.List():
                # A merge patch replaces a list whole, so its entries are as they come in (RFC 7396 §2).
                inner = self.value(schema, name, field.inner, TAKEN if way is MERGED else way)
                told = exact or _plain(field)
                if field.dump_only and told["maxItems"] == v.CHILDREN_MAX:
                    del told[
                        "maxItems"
                    ]  # as long as it comes: only what is taken in has this bound
                return told | {"items": inner}
        exact = _plain(field) if exact is None else exact
        return exact | ({"format": "int32"} if exact.get("type") == "integer" else {})

    def _words(self, kind: type[StrEnum], known: list[str]) -> Node:
        """A vocabulary is a component, so that clients get one type for it."""
        name = kind.__name__
        if known != [word.value for word in kind]:
            name = "Day" + name.removeprefix("Date")
        return self.named(name, lambda: wording.of_vocabulary(kind, known))

    def _with_names(self, schema: ma.Schema, properties: Node) -> Node:
        """A reference of an element may be given without its `_id`, by the other's name."""
        told: Node = {}
        for name, value in properties.items():
            field = schema.load_fields[name]
            told[name] = value
            target = getattr(field, "target", None)
            if target not in (*ORDER, *CODED, "projects"):
                continue
            if isinstance(field, References):
                short = name.removesuffix("_ids") + "s"
                told[short] = {"type": "array", "maxItems": field.maximum, "items": _NAME}
            elif isinstance(field, Reference):
                short = name.removesuffix("_id")
                told[short] = _or_null(_NAME) if field.allow_none else dict(_NAME)
            told[short]["description"] = wording.of_name(target, name)
        return told

    def whole(self) -> dict[str, Node]:
        """All of them, by name; `LoginInput` is called `Login` where no `Login` goes out."""
        spare = {
            name.removesuffix("Input"): name
            for name in self.schemas
            if name.endswith("Input") and name.removesuffix("Input") not in self.schemas
        }
        self.renamed = {name: short for short, name in spare.items()}
        return {self.renamed.get(name, name): body for name, body in sorted(self.schemas.items())}


def _is_there(field: Field, way: Way) -> bool:
    """Whether a body always has it."""
    if way is GIVEN:
        partial = getattr(field.parent, "partial", False)
        return field.name == "id" or not (partial or field.metadata.get("x-optional"))
    return field.required and way is not MERGED


def _with(name: str) -> Node:
    """That it is there, and not null."""
    there = {"properties": {name: {"not": {"type": "null"}}}, "additionalProperties": True}
    return {"required": [name], **there}


def _default(field: Field) -> Node:
    default = field.load_default
    default = default() if callable(default) else default
    unsaid = default is ma.missing or default is None or (isinstance(field, Names) and not default)
    return {} if unsaid else {"default": default}


def _or_null(value: Node) -> Node:
    if "$ref" in value:
        return {"anyOf": [value, {"type": "null"}]}
    return (
        value | {"type": [value["type"], "null"]} if isinstance(value.get("type"), str) else value
    )


def _plain(field: Field) -> Node:
    told = next((dict(_PLAIN[kind]) for kind in type(field).__mro__ if kind in _PLAIN), {})
    choices = next((c.choices for c in field.validators if isinstance(c, validate.OneOf)), None)
    return {"type": "string", "enum": list(choices)} if choices else told


def _at_the_top(rules: list[Node]) -> Node:
    """Rules beside the properties, without an `allOf` of the object itself: generators make that a type of its own."""
    open_rules = [_opened(rule) for rule in rules]
    if len(open_rules) > 1:
        return {"if": {"type": "object"}, "then": {"allOf": open_rules}}
    return open_rules[0] if open_rules else {}


def _opened(rule: Node) -> Node:
    """A rule says something of some properties and nothing of others; some linters take what is unsaid for a no."""
    if rule == {"type": "string"}:
        return {"not": {"type": "null"}}  # what else it is, the property says itself
    told = {name: _opened(each) if isinstance(each, dict) else each for name, each in rule.items()}
    return told | ({"additionalProperties": True} if "properties" in rule else {})
