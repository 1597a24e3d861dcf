"""Heads of tables that come in: which field a column is of, by the names that exports and forms have for it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from marshmallow.fields import Field

from api.problems import Fault, Invalid
from schemas.base import Record
from schemas.exports import Column, Kind, columns
from schemas.fields import Choice, Entries, Id, Pattern, References, Text, Worded
from schemas.forms import form
from schemas.imports import NAMES_MAX, is_reference, short_of
from schemas.vocabulary import CLOCK_TIME, NAME_LENGTH, Language

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
    :param trimmed: whether blanks around a text are none of it, as they are of free text
    :param clock: whether it holds times of day
    :param words: of a vocabulary, by how they may be written, in lower case
    """

    column: Column
    empty: Any = None
    names: bool = False
    written: str = ""
    trimmed: bool = False
    clock: bool = False
    words: Mapping[str, str] = field(default_factory=dict, hash=False)


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
            found.append(replace(head, written=name))
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
    shown = {column.name: Head(column) for column in columns(schema)}
    names = shown | dict(_writable(schema, _words(stem, schema)))
    titles: dict[str, set[Head]] = {}
    for language in Language:
        for name, told in form(stem, schema, language)["properties"].items():
            if head := names.get(short_of(name)) or names.get(name):
                titles.setdefault(told["title"].casefold(), set()).add(head)
    alone = {title: next(iter(heads)) for title, heads in titles.items() if len(heads) == 1}
    return alone | names | {ERROR: Head(Column(ERROR, None, Kind.TEXT), LEFT_OUT)}


def _words(stem: str, schema: type[Record]) -> Mapping[str, Mapping[str, str]]:
    """By field and in lower case: the words of its vocabulary, and their titles in each language, where a title is of
    one word only."""
    titles: dict[str, dict[str, set[str]]] = {}
    for language in Language:
        for name, told in form(stem, schema, language)["properties"].items():
            for one in told.get("oneOf", ()):
                if one["const"]:
                    meant = titles.setdefault(name, {}).setdefault(one["title"].casefold(), set())
                    meant.add(one["const"])
    return {
        name: {title: next(iter(words)) for title, words in known.items() if len(words) == 1}
        | {word: word for words in known.values() for word in words}
        for name, known in titles.items()
    }


def _writable(
    schema: type[Record], words: Mapping[str, Mapping[str, str]]
) -> Iterator[tuple[str, Head]]:
    """Columns of what may be written; a reference goes by its id and by a name."""
    known = {column.name: column for column in columns(schema)}
    yield "id", Head(known["id"], trimmed=True)
    for name, of in schema.writable().load_fields.items():
        column = known.get(name)
        if column is None:
            continue  # of a text in several languages
        empty: Any = None if of.allow_none else LEFT_OUT
        if isinstance(of, Entries):
            empty = ()
        head = Head(column, empty, isinstance(of, References), "", _is_trimmed(of), _is_clock(of))
        yield name, replace(head, words=words.get(name, {}))
        if is_reference(of):
            short = Column(short_of(name), None, column.kind)
            yield short.name, replace(head, column=short)


def _is_trimmed(of: Field[Any]) -> bool:
    """Ids, words, names, and whatever has to look in a certain way; free text stays exactly as it is."""
    if isinstance(of, Text):
        return of.maximum <= NAME_LENGTH or any(isinstance(one, Pattern) for one in of.validators)
    return isinstance(of, Id | Choice)


def _is_clock(of: Field[Any]) -> bool:
    patterns = [one.regex.pattern for one in of.validators if isinstance(one, Pattern)]
    return CLOCK_TIME in patterns
