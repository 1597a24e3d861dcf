"""Examples of bodies, all from one little world of invented people: a provider in the north, its project and report.

`examples.json` says what is worth saying of a schema's fields; the rest follows from a field's type and name, so that a
new field has an example at once. A reference is the id of the one row of its resource.
"""

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

import marshmallow as ma
from marshmallow import fields

from api.models import base
from schemas import vocabulary as v
from schemas.base import Row, id_first
from schemas.fields import Choice, Day, Flag, Id, Moment, Number, Reference, References, Text, Whole
from schemas.shapes import shape

Node = dict[str, Any]
Field = fields.Field[Any]

_KNOWN: dict[str, Node] = json.loads(
    Path(__file__).with_suffix(".json").read_text(encoding="utf-8")
)
_BY_PATTERN = {
    v.CODE: "T1",
    v.PERIOD_CODE: "2012-spring",
    v.CLOCK_TIME: "09:30",
    v.BUSINESS_ID: "1234567-1",
    v.OID: "1.2.246.562.10.1",
    v.EMAIL: "aino.esimerkki@tunturi.example",
    v.PASSWORD: "a lamp beside the harbour",
}
_HOUSEKEEPING = ("version", "created_at", "updated_at", "provider_id", "external_id")
_MOMENT, _DAY = "2013-01-18T10:15:42.125000Z", "2013-01-18"


def id_of(stem: str) -> str:
    """The id of the one row of a resource, which looks like a UUIDv7 of ours."""
    digest = hashlib.sha256(stem.encode()).hexdigest()
    return f"0192f4a0-7b1c-7{digest[:3]}-8{digest[3:6]}-{digest[6:18]}"


def given(schema: ma.Schema) -> Node:
    """What goes out: every property."""
    kind, known = type(schema), schema.dump_fields
    optional = [name for name, field in known.items() if field.metadata.get("x-optional")]
    # Of a row whose fields may all be left out, one that says something.
    telling = next((n for n in optional if "id" in known and _says(kind, n)), None)
    return {
        field.data_key or name: _value(kind, name, field)
        for name, field in id_first(known)
        if name not in optional or name == telling
    }


def made(schema: ma.Schema) -> Node:
    """What goes out of a row just made: what the system counts or notes of it is yet to come."""
    told = given(schema)
    known = {field.data_key or name: field for name, field in schema.dump_fields.items()}
    new = {name: _at_first(known[name], value) for name, value in told.items()}
    return new | ({"updated_at": new["created_at"]} if "updated_at" in new else {})


def _at_first(field: Field, value: Any) -> Any:
    match field:
        case fields.List(inner=fields.Nested(schema=Row() as one)):
            return [made(one)]
        case Choice(dump_only=True, allow_none=False):
            return next(iter(field.words)).value
        case Whole() | Number() | Moment() if field.dump_only and field.allow_none:
            return None
        case Whole(dump_only=True):
            return (shape(field) or {})["minimum"]
    return value


def taken(schema: ma.Schema) -> Node:
    """What comes in: what has to be there, and what is worth saying."""
    kind = type(schema)
    values = {
        field.data_key or name: (field, _value(kind, name, field, sparse=True))
        for name, field in schema.load_fields.items()
        if field.required or _known(kind, name) is not None or _links(kind, name, field)
    }
    return {
        name: value
        for name, (field, value) in values.items()
        if field.required or (value is not None and value != field.load_default)
    }


def merged(schema: ma.Schema) -> Node:
    """A merge patch: one field that says something."""
    body = taken(type(schema).writable())  # type: ignore[attr-defined]
    telling = [name for name, field in schema.load_fields.items() if _tells(field)]
    name = next(n for n in (*("text", "name", "title", "notes"), *telling, *body) if n in body)
    return {name: body[name]}


def _tells(field: Field) -> bool:
    return not isinstance(field, Reference | References | Choice) and field.required


def _known(kind: type[ma.Schema], name: str) -> Any:
    found = [_KNOWN.get(ancestor.__name__, {}) for ancestor in kind.__mro__]
    return next((one[name] for one in found if name in one), None)


def _is_known(kind: type[ma.Schema], name: str) -> bool:
    return any(name in _KNOWN.get(ancestor.__name__, {}) for ancestor in kind.__mro__)


def _links(kind: type[ma.Schema], name: str, field: Field) -> bool:
    return isinstance(field, Reference | References) and not _is_known(kind, name)


@cache
def _stem_of(kind: type[ma.Schema]) -> str:
    stems = {model.schema: model.__tablename__ for model in base.Row.all()}
    return next((stems[one] for one in kind.__mro__ if one in stems), kind.__name__)


def _says(kind: type[ma.Schema], name: str) -> bool:
    """Whether a field is about the row itself."""
    return name not in _HOUSEKEEPING and _known(kind, name) is not None


def _value(kind: type[ma.Schema], name: str, field: Field, *, sparse: bool = False) -> Any:
    if name == "id":
        return id_of(_stem_of(kind))
    if _is_known(kind, name):
        told = _known(kind, name)
        return told if sparse else _whole(field, told)
    return _derived(name, field, sparse=sparse)


def _whole(field: Field, told: Any) -> Any:
    """What is said of a part, with the rest of its properties."""
    if isinstance(field, fields.List) and isinstance(told, list):
        return [_whole(field.inner, one) for one in told]
    if isinstance(field, fields.Nested) and isinstance(told, dict):
        return {
            key: told.get(key, None if inner.allow_none else _derived(name, inner))
            for name, inner in field.schema.dump_fields.items()
            for key in [inner.data_key or name]
            if key in told or not inner.metadata.get("x-optional")
        }
    return told


def _derived(name: str, field: Field, *, sparse: bool = False) -> Any:  # noqa: PLR0911, PLR0912  one a type of field
    match field:
        case References():
            return [id_of(field.target)]
        case Reference():
            return id_of(field.target)
        case Id():
            return id_of(name)
        case Choice():
            return next(iter(field.words)).value
        case Moment() | fields.DateTime():
            return _MOMENT
        case Day():
            return _DAY
        case Flag():
            return False
        case Whole():
            return max(1, (shape(field) or {})["minimum"])
        case Number():
            return 57.5
        case Text():
            return _BY_PATTERN.get((shape(field) or {})["pattern"]) or _words(name)
        case fields.Nested():
            return taken(field.schema) if sparse else given(field.schema)
        case fields.List():
            return [_derived(name, field.inner, sparse=sparse)]
        case fields.Dict():
            return {}
        case fields.Boolean():
            return False
        case fields.Integer() | fields.Float():
            return 1
        case fields.UUID():
            return id_of(name)
    return _words(name)


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()
