"""How an import spells references: `"goal": "t1"` for `"goal_id": …`, by external ids and the codes of the plan.

What is nobody's name may be an id, so that a column of a table takes both.
"""

import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from marshmallow import Schema

from api.problems import Fault
from schemas.fields import Entries, Part, References, Worded
from schemas.imports import is_reference, short_of


@dataclass
class Spelling:
    """How an element spelled its references, so that a fault points at what the document says.

    :param unknown: resources of which nothing is known by a name, since nobody said of which project
    """

    find: Callable[[str, str], uuid.UUID | None]
    unknown: Collection[str] = ()
    faults: list[Fault] = field(default_factory=list)
    pointers: dict[str, str] = field(default_factory=dict)

    def key(self, target: str, value: Any, pointer: str) -> Any:
        """The id behind a name; what can be no name is left for the schema to refuse."""
        if value is None or isinstance(value, list):
            return value
        key = (self.find(target, value) or _id(value)) if isinstance(value, str) else None
        if key is None:
            text = Worded("Nothing of {target} has this name.", target=target)
            if target in self.unknown:
                text = Worded(
                    "A code of {target}: say by `project` of which project.", target=target
                )
            self.faults.append(Fault("not_found", text, pointer))
        return str(key) if key else None

    def keys(self, declared: References, value: Any, pointer: str) -> Any:
        """The ids behind a list of names."""
        if not isinstance(value, list) or len(value) > declared.maximum:
            return value
        return [self.key(declared.target, one, f"{pointer}/{n}") for n, one in enumerate(value)]


def resolved(
    schema: Schema, given: Mapping[str, Any], spelling: Spelling, base: str
) -> dict[str, Any]:
    """The element with ids in place of names: `goal` becomes `goal_id`, `goals` `goal_ids`."""
    result = dict(given)
    for name, short, declared in _referring(schema):
        if short is None:
            entries = result.get(name)
            if isinstance(entries, list) and len(entries) <= declared.maximum:
                result[name] = [
                    resolved(declared.inner.schema, entry, spelling, f"{base}/{name}/{place}")
                    if isinstance(entry, dict)
                    else entry
                    for place, entry in enumerate(entries)
                ]
        elif short in result and name not in result:
            value, pointer = result.pop(short), f"{base}/{short}"
            spelling.pointers[f"{base}/{name}"] = pointer
            result[name] = (
                spelling.keys(declared, value, pointer)
                if isinstance(declared, References)
                else spelling.key(declared.target, value, pointer)
            )
    return result


@cache
def _referring(schema: Schema) -> list[tuple[str, str | None, Any]]:
    """The references of a schema, each with what it is called where it goes by a name, and its lists of entries."""
    fields: Mapping[str, Any] = schema.load_fields
    return [
        (name, short_of(name) if is_reference(field) else None, field)
        for name, field in fields.items()
        if is_reference(field) or (isinstance(field, Entries) and isinstance(field.inner, Part))
    ]


def spelled(pointers: Mapping[str, str], pointer: str) -> str:
    """`/goal`, where the schema says `/goal_id`."""
    known, rest = pointer, ""
    while known:
        if known in pointers:
            return pointers[known] + rest
        known, slash, last = known.rpartition("/")
        rest = slash + last + rest
    return pointer


def _id(value: str) -> uuid.UUID | None:
    """:return: none, where it is no id in its canonical form"""
    try:
        return found if str(found := uuid.UUID(value)) == value.lower() else None
    except ValueError:
        return None
