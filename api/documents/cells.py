"""What a cell of a table says, in the words of JSON. What can't be read stays as it is, for the schema to refuse."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import Any

from api import wire
from api.documents.heads import Head
from api.documents.tables import unguarded
from api.problems import Invalid, InvalidJson
from schemas.exports import Kind

_DAY = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", re.ASCII)
_WHOLE = re.compile(r"[-+]?\d{1,15}", re.ASCII)
_NUMBER = re.compile(r"[-+]?\d{1,20}([.,]\d{1,20})?", re.ASCII)
# Between thousands, as Finnish and Swedish have it; and the minus of Swedish spreadsheets.
_SPACED = re.compile(r"(?<=\d)[ \u00a0\u202f](?=\d{3}(\D|$))")
# `9.30`, `klo 9:30`, `kl. 09.30` and `9:30:00`.
_CLOCK = re.compile(r"(?:kl[o.]?\s*)?([0-9]{1,2})[.:]([0-9]{2})(?:[.:]00)?", re.IGNORECASE)
# As people write them, and as the spreadsheets of our languages do.
_YES = frozenset({"true", "tosi", "sant", "kyllä", "ja", "yes", "k", "j", "y", "x", "1"})
_NO = frozenset({"false", "epätosi", "falskt", "ei", "nej", "no", "e", "n", "0"})


def reader(head: Head, *, guards: bool) -> Callable[[Any], Any]:
    """Reads a cell of a column: a text; of a workbook also a number, a truth value, a moment or a time.

    :param guards: whether an apostrophe may stand before a text
    """
    kind, of_text = head.column.kind, _texts(head)
    guarded = guards and kind is Kind.TEXT

    def read(cell: Any) -> Any:
        if isinstance(cell, str):
            text = unguarded(cell) if guarded else cell
            if bare := text.strip():
                listed = head.names and bare[0] not in "[{"
                return _names(text) if listed else of_text(text)
        elif cell is not None:
            return _of_value(kind, cell)
        return list(head.empty) if head.empty == () else head.empty

    return read


def _names(text: str) -> list[str]:
    return [name for part in re.split("[,;]", text) if (name := part.strip())]


def _texts(head: Head) -> Callable[[str], Any]:
    """Reads the texts of a column."""
    if words := head.words:

        def word(text: str) -> str:
            return words.get(" ".join(text.split()).casefold()) or text.strip()

        return word
    if head.clock:
        return _clock
    return str.strip if head.trimmed else _OF_TEXT[head.column.kind]


def _of_value(kind: Kind, cell: Any) -> Any:  # noqa: PLR0911  one a type of cell
    match cell:
        case bool():
            return cell
        case datetime() if kind is Kind.TEXT:
            return cell  # a spreadsheet may have made a day of what was none: `1-2`
        case datetime() if not (cell.hour or cell.minute or cell.second):
            return cell.date().isoformat()
        case datetime():
            return cell.isoformat()
        case time():
            return cell.isoformat("minutes")
        case int() | float() if kind is Kind.FLAG and cell in (0, 1):
            return cell == 1
        case float() if cell.is_integer():
            return str(int(cell)) if kind is Kind.TEXT else int(cell)
        case int() | float():
            # As exactly as a spreadsheet shows it: of 0.1 + 0.2 it keeps a little more than 0.3.
            return str(cell) if kind is Kind.TEXT else float(f"{cell:.15g}")
    return cell


def _number_of(text: str) -> str:
    return _SPACED.sub("", text.strip().replace("\u2212", "-"))


def _whole(text: str) -> Any:
    digits = _number_of(text)
    return int(digits) if _WHOLE.fullmatch(digits) else _number(text)


def _number(text: str) -> Any:
    digits = _number_of(text)
    return float(digits.replace(",", ".")) if _NUMBER.fullmatch(digits) else text


def _flag(text: str) -> Any:
    word = text.strip().casefold()
    return True if word in _YES else False if word in _NO else text


def _clock(text: str) -> str:
    """`9.30` as well as `09:30`."""
    bare = text.strip()
    found = _CLOCK.fullmatch(bare)
    return f"{found[1]:0>2}:{found[2]}" if found else bare


def _day(text: str) -> str:
    """`18.1.2013` as well as `2013-01-18`."""
    if found := _DAY.fullmatch(text.strip()):
        day, month, year = map(int, found.groups())
        try:
            return date(year, month, day).isoformat()
        except ValueError:
            return text
    return text.strip()


def _json(text: str) -> Any:
    try:
        return wire.parse(text.strip().encode())
    except (InvalidJson, Invalid, UnicodeEncodeError):
        return text


_OF_TEXT: Mapping[Kind, Callable[[str], Any]] = {
    Kind.TEXT: str,
    Kind.DAY: _day,
    Kind.MOMENT: str,
    Kind.WHOLE: _whole,
    Kind.NUMBER: _number,
    Kind.FLAG: _flag,
    Kind.JSON: _json,
}
