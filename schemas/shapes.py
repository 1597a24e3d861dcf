"""The exact JSON Schema 2020-12 of what each of our field types takes: forms and the OpenAPI document say the same.

A shape is of a value that is there: `null`, what a list holds and what a part consists of are told by who asks. Not
stated, since JSON Schema has no words for it: the decimals of a number (`multipleOf` is division of doubles, by which
0.3 is no multiple of 0.0001), normal form C of names, and one id given twice in two spellings.
"""

import typing as t

import marshmallow as ma
from marshmallow import validate

from schemas import vocabulary as v
from schemas.base import Dated
from schemas.fields import (
    Choice,
    Day,
    Entries,
    Flag,
    Id,
    Moment,
    Names,
    Number,
    Part,
    QueryFlag,
    QueryMoment,
    Reference,
    References,
    Text,
    Whole,
)
from schemas.project_meetings import Occasion

Node = dict[str, t.Any]
Field = ma.fields.Field[t.Any]


def shape(field: Field) -> Node | None:  # noqa: PLR0911, PLR0912  one a type of field
    """The schema of a field's values; None for a type that is not ours."""
    match field:
        case Choice():
            return {"type": "string"}
        case Text():
            regex = _check(field, validate.Regexp)
            pattern = _whole(regex.regex.pattern) if regex else v.TEXT
            return {"type": "string", "maxLength": field.maximum, "pattern": pattern}
        case Flag() | QueryFlag():
            return {"type": "boolean"}
        case Whole():
            return {"type": "integer"} | _range(field)
        case Number():
            return {"type": "number"} | _range(field)
        case Day():
            return {"type": "string", "format": "date", "maxLength": 10, "pattern": v.DAY}
        case QueryMoment():
            told = {"type": "string", "format": "date-time", "maxLength": 35}
            return told | {"pattern": v.MOMENT}
        case Names():
            return {"type": "array", "uniqueItems": True, "maxItems": len(field.choices)}
        case Moment():
            return {"type": "string", "format": "date-time", "maxLength": 27}
        case Id():
            return of_id(field.target if isinstance(field, Reference) else None)
        case References():
            return _list(field) | {"uniqueItems": True, "items": of_id(field.target)}
        case Entries():
            return _list(field)
        case Part():
            return {"type": "object"}
        case _:
            return None


def of_id(target: str | None = None) -> Node:
    """An id; `x-resource` is the stem of the resource that it names a row of."""
    known = {"type": "string", "format": "uuid", "maxLength": 36, "pattern": v.UUID}
    return known | ({"x-resource": target} if target else {})


def words(schema: type[ma.Schema], name: str, field: Choice) -> list[str]:
    """Those words of a vocabulary that fit a field here: what has no hours is never known to the minute."""
    without_hours = issubclass(schema, Dated) and not issubclass(schema, Occasion)
    spared = {v.DatePrecision.MINUTE} if name == "date_precision" and without_hours else set()
    return [word.value for word in field.words if word not in spared]


def _whole(pattern: str) -> str:
    """A pattern of the whole text: to JSON Schema it is one of some part of it."""
    return pattern if pattern.startswith("^") else f"^(?:{pattern})$"


def _range(field: Field) -> Node:
    within = _check(field, validate.Range)
    return {"minimum": within.min, "maximum": within.max}


def _list(field: Entries) -> Node:
    least = max((getattr(check, "min", None) or 0 for check in field.validators), default=0)
    return {"type": "array", "maxItems": field.maximum} | ({"minItems": least} if least else {})


def _check(field: Field, kind: type[t.Any]) -> t.Any:
    return next((check for check in field.validators if isinstance(check, kind)), None)
