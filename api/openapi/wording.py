"""The words of the document: from the labels of the forms and from docstrings, so that nothing is worded twice."""

import re
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from typing import Any

import marshmallow as ma
from marshmallow import fields

from api.access import POLICIES
from api.models.base import Row
from schemas import forms
from schemas.base import Schema
from schemas.labels import name_of, vocabulary

Node = dict[str, Any]
ENGLISH = "en"
_PARAMETERS = {
    "limit": "How many at most.",
    "cursor": "`next` of the page before; good for the same filters and the same caller.",
    "language": "Goes before Accept-Language.",
    "format": "Goes before Accept.",
}


def spaced(name: str) -> str:
    """`project goal` of ProjectGoal."""
    return re.sub("(?<!^)(?=[A-Z])", " ", name).lower()


@cache
def _forms() -> dict[type[ma.Schema], Node]:
    """The form of every resource, which says what its fields are."""
    return {
        model.schema: forms.form(model.__tablename__, model.schema, ENGLISH)
        for model in Row.all()
        if POLICIES[model.__tablename__]["update"]
    }


@cache
def _labels(kind: type[ma.Schema]) -> dict[str, str]:
    """What the fields of a schema are; of a part, as the form says in which it stands."""
    known: dict[str, Node] = {}
    for form in _forms().values():
        known |= {name: part["properties"] for name, part in form.get("$defs", {}).items()}
    properties = _forms()[kind]["properties"] if kind in _forms() else known.get(kind.__name__, {})
    return {name: _sentence(each) for name, each in properties.items()}


def _sentence(label: Node) -> str:
    title = str(label["title"]).rstrip(".")
    return f"{title}. {label['description']}" if "description" in label else f"{title}."


def of_field(kind: type[ma.Schema], name: str, field: fields.Field[Any]) -> str:
    """A field's own description, or its label, or that of the schema it was taken over from."""
    if "description" in field.metadata:
        return str(field.metadata["description"])
    for ancestor in kind.__mro__:
        if issubclass(ancestor, Schema) and name in (labels := _labels(ancestor)):
            return labels[name]
    return ""


def of_parameter(kind: type[ma.Schema], name: str, field: fields.Field[Any]) -> str:
    """A parameter's own description, or that of the filter that it is."""
    if told := of_field(kind, name, field) or _PARAMETERS.get(name):
        return told if told.endswith(".") else f"{told}."
    return f"Only rows whose `{name}` is this."


def of_schema(kind: type[ma.Schema], way: str) -> str:
    own = kind.__dict__.get("__doc__") or ""
    if kind.__name__.endswith("Page"):
        return "One page of a list."
    if kind.__name__.endswith("Sparse"):
        return "A row with only the fields that were asked for, and its id."
    form = _forms().get(kind, {})
    told = form.get("description") or own
    first = " ".join(str(told).split("\n\n")[0].split())
    return first + {
        "TAKEN": " As it comes in." if kind in _forms() else "",
        "MERGED": " As a merge patch (RFC 7396).",
        "IMPORTED": " As an element of an import: references by name, without their `_id`, or by id.",
    }.get(way, "")


def of_vocabulary(kind: type[StrEnum], known: list[str]) -> Node:
    """The words of an enum that are known at some place, with their English labels."""
    own = kind.__dict__.get("__doc__")
    text = " ".join(own.split("\n\n")[0].split()) if own else ""
    labels = vocabulary(ENGLISH).get(name_of(kind))
    if labels is None:
        return {"type": "string", "enum": known} | ({"description": text} if text else {})
    return of_words({word: labels.get(word, word) for word in known}, text)


def of_words(meanings: Mapping[str, str], text: str) -> Node:
    """A string that is one of some words, for people and, in the order of the words, for generators of code."""
    told = "\n".join(f"* `{word}`: {meaning}" for word, meaning in meanings.items())
    return {
        "type": "string",
        "enum": list(meanings),
        "description": "\n\n".join(filter(None, (text, told))),
        "x-enum-descriptions": list(meanings.values()),
    }


def of_name(target: str, instead: str) -> str:
    names = {"projects": "acronym", "periods": "code"}
    name = names.get(target, "code" if target.startswith("project_") else "external id")
    return f"Instead of `{instead}`: the {name} of one of {target}."
