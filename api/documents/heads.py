"""Heads of tables that come in: which field a column is of, by the names that exports and forms have for it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from api.problems import Fault, Invalid
from schemas.base import Record
from schemas.exports import Column, Kind, columns
from schemas.fields import Entries, References, Worded
from schemas.forms import form
from schemas.imports import NAMES_MAX, is_reference, short_of
from schemas.vocabulary import Language

# What the corrected file has; it may come back with it.
ERROR = "error"
LEFT_OUT = object()
TOLD = 100  # characters of a head or a cell that a fault tells


@dataclass(frozen=True)
class Head:
    """A column of a table, and what its cells are.

    :param written: as it stands in the table
    :param empty: what an empty cell is: null, an empty list, or nothing at all where there is no null
    :param names: whether it holds a list of names
    """

    column: Column
    empty: Any = None
    names: bool = False
    written: str = ""


def read_heads(written: Sequence[str], schema: type[Record], stem: str, row: int) -> list[Head]:
    """What each column is of. :raises Invalid: a column of none, or two of the same field"""
    if len(written) > NAMES_MAX:
        text = Worded("More than {max} columns.", max=NAMES_MAX)
        raise Invalid(faults=[Fault("too_many_fields", text, row=row)])
    known = known_heads(stem, schema)
    found: list[Head] = []
    faults: list[Fault] = []
    for place, name in enumerate(written):
        head, told = known.get(name.strip().casefold()), name[:TOLD] or letters(place)
        if head is None:
            faults.append(Fault("unknown_field", Worded("No such column."), row=row, column=told))
        elif head.column.name != ERROR and any(_same(head, other) for other in found):
            text = Worded("Another column is of the same field.")
            faults.append(Fault("repeated", text, row=row, column=told))
        else:
            found.append(Head(head.column, head.empty, head.names, name))
    if faults:
        raise Invalid(faults=faults)
    return found


def letters(place: int) -> str:
    """How a spreadsheet calls a column: A, …, Z, AA, …"""
    before, last = divmod(place, 26)
    return (letters(before - 1) if before else "") + chr(ord("A") + last)


def _same(one: Head, other: Head) -> bool:
    """`goal` and `goal_id` are of the same field."""
    return (short_of(one.column.field), one.column.language) == (
        short_of(other.column.field),
        other.column.language,
    )


@cache
def known_heads(stem: str, schema: type[Record]) -> Mapping[str, Head]:
    """Columns by their heads, in lower case: names of fields, those of references without `_id`, and titles of the
    form in each language, where a title is of one field only."""
    shown = [Head(column) for column in columns(schema)]
    names = {head.column.name: head for head in shown} | dict(_writable(schema))
    titles: dict[str, set[Head]] = {}
    for language in Language:
        for name, told in form(stem, schema, language)["properties"].items():
            if head := names.get(short_of(name)) or names.get(name):
                titles.setdefault(told["title"].casefold(), set()).add(head)
    alone = {title: next(iter(heads)) for title, heads in titles.items() if len(heads) == 1}
    return alone | names | {ERROR: Head(Column(ERROR, None, Kind.TEXT), LEFT_OUT)}


def _writable(schema: type[Record]) -> Iterator[tuple[str, Head]]:
    """Columns of what may be written; a reference goes by its id and by a name."""
    known = {column.name: column for column in columns(schema)}
    for name, field in schema.writable().load_fields.items():
        column = known.get(name)
        if column is None:
            continue  # of a text in several languages
        empty: Any = None if field.allow_none else LEFT_OUT
        if isinstance(field, Entries):
            empty = ()
        yield name, Head(column, empty, names=isinstance(field, References))
        if is_reference(field):
            short = Column(short_of(name), None, column.kind)
            yield short.name, Head(short, empty, names=isinstance(field, References))
