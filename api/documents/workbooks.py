"""Workbooks (XLSX, ECMA-376) that anybody may have made, read cell by cell.

The libraries there are build a tree of each row, of all styles and of all texts, or hold a whole sheet: a file of a few
kilobytes can make that gigabytes. Here nothing is kept of a sheet but the row at hand, and what else is kept has its
bounds. Formulas are refused: what they come to is not in every file, and would be taken for an empty cell.
"""

import re
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isfinite
from posixpath import dirname, join, normpath
from typing import IO, Any
from xml.parsers import expat  # without DTDs, which are refused, it expands nothing
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile

from api.documents.heads import TOLD
from api.problems import Fault, Invalid, TooLarge
from schemas.fields import Worded
from schemas.imports import NAMES_MAX

SHEET_ROWS, SHEET_COLUMNS = 1_048_576, 16_384
# Of Excel; as it is written it may be longer, by what is escaped.
CELL_LENGTH, WRITTEN_LENGTH, CODE_LENGTH = 32_767, 100_000, 255
DIRECTORY_BYTES, SMALL_BYTES, TEXTS_BYTES = 1_000_000, 4_000_000, 64_000_000
# No sheet of people's making is packed so well.
RATIO, RATIO_FROM_BYTES = 200, 1_000_000
DEEPEST, TAG_BYTES, CHUNK_BYTES = 30, 100_000, 65_536
MOST_MERGED, MOST_SHEETS = 1_000, 100
MOST_NAMES = 1_000  # of elements and attributes in a part: expat keeps each
STYLES_MAX = 100_000  # Excel has 65,490

_PACKED = (ZIP_STORED, ZIP_DEFLATED)
_PLACE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})", re.ASCII)
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")  # ECMA-376 Part 1, 22.9.2.19
_WHOLE = re.compile(r"-?[0-9]{1,15}", re.ASCII)
# Formats that a file need not name (18.8.30), and what tells in others that a number is a moment.
_MOMENTS = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
_NOT_CODE = re.compile(r'"[^"]*"|\[[^][hHmMsS]*\]|[\\_*].')
_OF_MOMENT = re.compile("[dmyhsDMYHS]")


@dataclass(frozen=True)
class Unusable:
    """A cell that holds no value, or none that can be taken.

    :param shown: what a person sees there
    """

    fault: Fault
    shown: str


class _Broken(Exception):
    """Not as the specification has it, or past our bounds."""


def rows(file: IO[bytes], stem: str, most: int) -> "Rows":
    """The rows of a sheet that have cells, each with its number: the sheet of this name, or else the first.

    :param most: bytes, when it is unpacked, of all that is read of it
    :raises Invalid: no workbook, or one with merged cells; after the rows, since a file tells of them last
    :raises TooLarge: unpacked
    """
    with _readable(), _opened(file, most) as archive:
        yield from _Book(archive, most).rows(stem)


def sheets(file: IO[bytes], most: int) -> "Iterator[tuple[str, Rows]]":
    """Every sheet by its name, with its rows as above, which are read as long as the next sheet is not asked for."""
    with _readable(), _opened(file, most) as archive:
        book = _Book(archive, most)
        for name, part in book.sheets:
            yield name, book.rows_of(part)


# The number of each row, and its cells, or why there are too many of them.
Rows = Iterator[tuple[int, list[Any] | Fault]]


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except (BadZipFile, _Broken, expat.ExpatError, *_OF_BROKEN_FILES) as error:
        text = Worded("Not a workbook (XLSX) that can be read; perhaps one with a password.")
        raise Invalid(faults=[Fault("not_a_table", text)]) from error


# What zipfile and the conversions below raise where a file is not whole, or has something else in a place.
_OF_BROKEN_FILES = (LookupError, ValueError, OverflowError, EOFError, RuntimeError, zlib.error)


def _opened(file: IO[bytes], most: int) -> ZipFile:
    """The archive, if it may be opened: its table of contents is read whole, whatever its length."""
    size = file.seek(0, 2)
    file.seek(max(0, size - 65_600))
    end = file.read()
    found = [end[place.start() + 12 :][:4] for place in re.finditer(b"PK\x05\x06", end)]
    if b"PK\x06\x07" in end or any(int.from_bytes(n, "little") > DIRECTORY_BYTES for n in found):
        raise TooLarge("The workbook is too large when it is unpacked.")
    file.seek(0)
    archive = ZipFile(file)
    parts = archive.infolist()
    # Others than these two are none of the specification (Part 2, 6.3.3), and their libraries raise what they will.
    if any(part.compress_type not in _PACKED or part.header_offset < 0 for part in parts):
        raise _Broken
    packed = [part for part in parts if part.file_size > RATIO_FROM_BYTES]
    if sum(part.file_size for part in parts) > most or any(
        part.file_size > RATIO * part.compress_size for part in packed
    ):
        raise TooLarge("The workbook is too large when it is unpacked.")
    return archive


def properties(file: IO[bytes], most: int) -> dict[str, str]:
    """The texts among the custom properties of a document of this family (Part 1, 22.3), by their names."""
    with _readable(), _opened(file, most) as archive:
        return dict(_Package(archive, most).properties())


def body(file: IO[bytes], most: int) -> "Iterator[_Ended]":
    """The elements of a document's main part. :raises Invalid: none that can be read"""
    with _readable(), _opened(file, most) as archive:
        package = _Package(archive, most)
        yield from package._small(package.main(), TEXTS_BYTES)


class _Package:
    """The parts of an archive (Part 2), whatever document they make."""

    def __init__(self, archive: ZipFile, most: int):
        self.archive, self.left = archive, 2 * most  # some small parts are read several times
        self.names = set(archive.namelist())

    def main(self) -> str:
        return next(iter(self._related("", "officeDocument").values()), "")

    def properties(self) -> Iterator[tuple[str, str]]:
        value = ""
        for part in self._only("", "custom-properties") & self.names:
            for name, _, told, text in self._small(part):
                if name == "lpwstr":
                    value = text
                elif name == "property":
                    yield told.get("name", ""), value
                    value = ""

    # parts

    def _related(self, part: str, kind: str) -> dict[str, str]:
        """The parts of a kind that a part refers to, by the names that it has for them."""
        folder = dirname(part)
        links = join(folder, "_rels", f"{part.rpartition('/')[2]}.rels")
        return {
            told["Id"]: normpath(join("/", folder, told["Target"])).lstrip("/")
            for name, _, told, _ in self._small(links)
            if name == "Relationship" and told.get("Type", "").endswith(f"/{kind}")
        }

    def _only(self, part: str, kind: str) -> set[str]:
        """The part of a kind of which there is one at most, if it is there."""
        found = set(self._related(part, kind).values())
        if len(found) > 1:
            raise _Broken
        return found

    def _open(self, part: str) -> IO[bytes]:
        """:raises TooLarge: with what has been read before"""
        self.left -= self.archive.getinfo(part).file_size
        if self.left < 0:
            raise TooLarge("The workbook is too large when it is unpacked.")
        return self.archive.open(part)

    def _small(self, part: str, most: int = SMALL_BYTES) -> "Iterator[_Ended]":
        if self.archive.getinfo(part).file_size > most:
            raise TooLarge("The workbook is too large when it is unpacked.")
        with self._open(part) as file:
            yield from _elements(file)


class _Book(_Package):
    def __init__(self, archive: ZipFile, most: int):
        super().__init__(archive, most)
        main = self.main()
        self.sheets: list[tuple[str, str]] = []
        self.epoch = datetime(1899, 12, 30)
        targets = self._related(main, "worksheet")
        for name, _, told, _ in self._small(main):
            if name == "sheet" and (key := attribute(told, "id")) in targets:
                self._sheet(told["name"], targets[key])
            elif name == "workbookPr" and told.get("date1904") in ("1", "true"):
                self.epoch = datetime(1904, 1, 1)
        self.texts = [t for part in self._only(main, "sharedStrings") for t in self._texts(part)]
        self.moments = {n for part in self._only(main, "styles") for n in self._moments(part)}

    def _sheet(self, name: str, part: str) -> None:
        """:raises _Broken: there are too many, or another is the same"""
        if len(self.sheets) == MOST_SHEETS or part in (other for _, other in self.sheets):
            raise _Broken
        self.sheets.append((name, part))

    def rows(self, stem: str) -> Rows:
        named = [name.strip().casefold() for name, _ in self.sheets]
        if f"{stem} 2" in named:
            text = Worded("The rows go on in another sheet; send each in a file of its own.")
            raise Invalid(faults=[Fault("not_a_table", text)])
        return self.rows_of(self.sheets[named.index(stem) if stem in named else 0][1])

    def rows_of(self, part: str) -> Rows:
        with _readable(), self._open(part) as file:
            yield from _Sheet(self).rows(file)

    def _texts(self, part: str) -> "Iterator[str | Unusable]":
        if part not in self.names:
            return
        found = _Runs()
        for name, parent, _, text in self._small(part, TEXTS_BYTES):
            if name == "t" and parent != "rPh":  # how it is pronounced is not part of it
                found.add(text)
            elif name == "si":
                yield found.taken()

    def _moments(self, part: str) -> Iterator[int]:
        """The styles of cells in which a number is a moment, by their numbers."""
        if part not in self.names:
            return
        formats, number = set(_MOMENTS), -1
        for name, parent, told, _ in self._small(part):
            if name == "numFmt" and _is_of_moment(told["formatCode"]):
                formats.add(int(told["numFmtId"]))
            elif name == "xf" and parent == "cellXfs":
                number += 1
                if int(told.get("numFmtId", 0)) in formats:
                    yield number
            if number > STYLES_MAX:
                raise _Broken


class _Sheet:
    """One sheet as it is read: the row at hand."""

    def __init__(self, book: _Book):
        self.book = book
        self.row, self.column = 0, 0
        self.cells: dict[int, Any] = {}
        self.merged: list[Fault] = []

    def rows(self, file: IO[bytes]) -> Rows:
        value: str | None = None
        formula: str | None = None
        texts = _Runs()
        for name, parent, told, text in _elements(file):
            if name == "v":
                value = text
            elif name == "f":
                formula = text
            elif name == "t" and parent in ("is", "r"):
                texts.add(text)
            elif name == "c":
                self._cell(told, value, formula, texts.taken())
                value, formula = None, None
            elif name == "row":
                if found := self._row(told):
                    yield self.row, found
            elif name == "mergeCell":
                self._merge(told["ref"])
        if self.merged:
            raise Invalid(faults=self.merged)

    def _row(self, told: Mapping[str, str]) -> list[Any] | Fault:
        """The cells of the row that has just ended, as far as there are any; one far to the right makes no others."""
        number = int(told.get("r", self.row + 1))
        if not self.row < number <= SHEET_ROWS:
            raise _Broken
        cells, self.cells = self.cells, {}
        self.row, self.column = number, 0
        width = max(cells, default=0)
        if width > NAMES_MAX:
            return Fault("too_many_fields", Worded("More than {max} columns.", max=NAMES_MAX))
        return [cells.get(column) for column in range(1, width + 1)]

    def _cell(
        self,
        told: Mapping[str, str],
        value: str | None,
        formula: str | None,
        inline: str | Unusable,
    ) -> None:
        self.column = _column(told["r"]) if "r" in told else self.column + 1
        if self.column > SHEET_COLUMNS:
            raise _Broken
        found = self._value(told, value, formula, inline)
        blank = self.column > NAMES_MAX and isinstance(found, str) and not found.strip()
        if found is not None and not blank:
            self.cells[self.column] = found

    def _value(  # noqa: PLR0911  one a type of cell
        self,
        told: Mapping[str, str],
        value: str | None,
        formula: str | None,
        inline: str | Unusable,
    ) -> Any:
        kind = told.get("t", "n")
        if formula is not None:
            return Unusable(Fault("formula", Worded("A formula; paste its value.")), f"={formula}")
        if kind == "inlineStr":
            return inline or None
        if not value:
            return None
        match kind:
            case "s":
                return self.book.texts[int(value)] or None
            case "str":
                return _text(value)
            case "b":
                return value in ("1", "true")
            case "e":
                return _error(value)
            case "d":  # on the clock of whoever wrote it, as all others are
                return datetime.fromisoformat(value.removesuffix("Z")).replace(tzinfo=None)
        number = int(value) if _WHOLE.fullmatch(value) else float(value)
        if not isfinite(number):
            return _error(value)
        if int(told.get("s", 0)) in self.book.moments:
            return _moment(number, self.book.epoch)
        return number

    def _merge(self, reference: str) -> None:
        if len(self.merged) < MOST_MERGED and (found := _PLACE.match(reference)):
            text = Worded(
                "Merged with other cells: {cells}. Each needs its own value.", cells=reference[:20]
            )
            fault = Fault("merged_cells", text, row=int(found[2]), column=found[1])
            self.merged.append(fault)


def _column(place: str) -> int:
    """`1` of `A7`."""
    found = _PLACE.fullmatch(place)
    if not found:
        raise _Broken
    number = 0
    for letter in found[1]:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def _moment(number: float, epoch: datetime) -> Any:
    """What a spreadsheet shows in place of a number of days; below one it is a time."""
    try:
        moment = epoch + timedelta(seconds=round(number * 86_400))
    except OverflowError:
        return number
    if 0 <= number < 1:
        return moment.time()
    # Excel believes that 1900 was a leap year.
    early = epoch.year < 1900 and number < 61
    return moment + timedelta(days=1) if early else moment


def _error(shown: str) -> Unusable:
    return Unusable(Fault("error_value", Worded("An error of the spreadsheet.")), shown[:TOLD])


class _Runs:
    """The runs of one text, each of its own looks."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self.length = 0

    def add(self, text: str) -> None:
        if text:
            self.found.append(text)
            self.length += len(text)
        if self.length > WRITTEN_LENGTH:
            raise _Broken

    def taken(self) -> str | Unusable:
        """The text, after which another begins."""
        if not self.found:
            return ""
        text = _text("".join(self.found))
        self.found, self.length = [], 0
        return text


def _text(written: str) -> str | Unusable:
    text = _unescaped(written)
    if len(text) > CELL_LENGTH:
        return Unusable(
            Fault("too_long", Worded("Longer than {max}.", max=CELL_LENGTH)), text[:TOLD]
        )
    return text


def _unescaped(text: str) -> str:
    """Characters are escaped by their halves in UTF-16; one half alone is none."""
    if "_x" not in text:
        return text
    halves = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    return halves.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _is_of_moment(code: str) -> bool:
    if len(code) > CODE_LENGTH:
        raise _Broken
    return _OF_MOMENT.search(_NOT_CODE.sub("", code)) is not None


def attribute(told: Mapping[str, str], name: str) -> str:
    """An attribute of another namespace, whichever it is: the specification has two for the same."""
    return next((value for key, value in told.items() if key.endswith(f":{name}")), "")


_WITH_TEXT = frozenset({"t", "v", "f", "lpwstr"})
# An element that has ended: its name, its parent's, its attributes and its own text.
_Ended = tuple[str, str, Mapping[str, str], str]


def _elements(file: IO[bytes]) -> Iterator[_Ended]:
    """Every element as it ends; names without their prefixes. :raises _Broken: DTDs, and what is past our bounds"""
    ended: list[_Ended] = []
    opened: list[tuple[str, Mapping[str, str], list[str]]] = [("", {}, [])]
    names: dict[str, str] = {}
    length = 0  # of the text at hand: no other is inside of it

    def start(name: str, told: Mapping[str, str]) -> None:
        nonlocal length
        if len(opened) > DEEPEST or opened[-1][0] in _WITH_TEXT:
            raise _Broken
        length = 0
        opened.append((name.rpartition(":")[2], told, []))

    def end(_: str) -> None:
        name, told, texts = opened.pop()
        ended.append((name, opened[-1][0], told, "".join(texts)))

    def text(part: str) -> None:
        nonlocal length
        name, _, parts = opened[-1]
        if name in _WITH_TEXT:
            parts.append(part)
            length += len(part)
            if length > WRITTEN_LENGTH:
                raise _Broken

    def refuse(*_: Any) -> None:
        raise _Broken

    # Namespaces are let be: expat would copy that of an element, however long, into each of its names.
    parser = expat.ParserCreate(intern=names)
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = text, refuse
    fed = 0
    while chunk := file.read(CHUNK_BYTES):
        parser.Parse(chunk)
        fed += len(chunk)
        if fed - parser.CurrentByteIndex > TAG_BYTES + CHUNK_BYTES or len(names) > MOST_NAMES:
            raise _Broken
        yield from ended
        ended.clear()
    parser.Parse(b"", True)
    yield from ended
