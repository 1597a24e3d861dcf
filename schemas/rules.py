"""The rules between the fields of a schema, as JSON Schema. All the fields that they name hold text or nothing.

Not stated, since JSON Schema has no words for it: the order of two days, hours or numbers.
"""

import typing as t

import marshmallow as ma

from schemas.base import Dated, Languages
from schemas.disseminations import Dissemination
from schemas.project_meetings import Occasion
from schemas.results import STATEMENTS, Result
from schemas.users import PROVIDER_ROLES, User

Node = dict[str, t.Any]


def rules_of(schema: type[ma.Schema]) -> list[Node]:
    """All of them hold."""
    return [rule for owner, rules in _RULES.items() if issubclass(schema, owner) for rule in rules]


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
_RULES: dict[type[ma.Schema], list[Node]] = {
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
    User: [{"if": _given("provider_id"), "then": _is("role", *PROVIDER_ROLES)}],
}
