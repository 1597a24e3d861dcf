"""Tables that come in: lines, as they are read, each with its row and its place, and the faults that it has by itself.

A table is read as it is needed, and never whole; that of a JSON document is, for there is no other way to know that it
is JSON. What is no table at all is refused as such.
"""

import codecs
import csv
import io
import itertools
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, time
from typing import IO, Any, NamedTuple

from marshmallow import ValidationError

from api import wire
from api.documents import workbooks
from api.documents.cells import reader
from api.documents.heads import ERROR, LEFT_OUT, TOLD, Head, read_heads
from api.documents.tables import LONGEST_CELL, row_of
from api.documents.workbooks import Unusable
from api.problems import Fault, Invalid, InvalidJson, TooLarge
from schemas.base import Record
from schemas.fields import Worded
from schemas.imports import NAMES_MAX, Element, is_narrow, short_of
from schemas.tables import ROWS_MAX, PageToImport

BOM = codecs.BOM_UTF8
DELIMITERS = ",;\t"
_SNIFFED = 65_536
_CHUNK = 1_000_000


class Line(NamedTuple):
    """One line of a table.

    :param place: where it stands, as a person counts: the row of a spreadsheet, the line of a file; an item's number
    :param row: what it says, by field
    :param cells: as it came
    :param faults: why it is no row, with their places
    """

    place: int
    row: dict[str, Any]
    cells: Any
    faults: Sequence[Fault] = ()

    @property
    def length(self) -> int:
        """In characters, apart from what is as short as a number; of a line of a page, which is read whole, none."""
        match self.cells:
            case bytes():
                return len(self.cells)
            case list():
                return sum(len(cell) for cell in self.cells if isinstance(cell, str))
        return 0


class Table(ABC):
    """Lines, and how to speak of them.

    :param schema: of the resource whose rows they are, and `stem` its stem
    """

    def __init__(self, schema: type[Record], stem: str):
        self.schema, self.stem = schema, stem
        self._element = Element(schema)

    @abstractmethod
    def lines(self) -> Iterator[Line]:
        """In their order. :raises Invalid: it is no table from here on"""

    @abstractmethod
    def placed(self, line: Line, fault: Fault) -> Fault:
        """A fault of a row, with a pointer into that, as one of the line."""

    def pointer(self, line: Line) -> str:
        """Where a line stands in a JSON document; empty where lines are counted instead."""
        return ""

    def _line(self, place: int, row: Any, cells: Any) -> Line:
        """A line whose row is not too wide to go through."""
        if is_narrow(row) and ERROR not in row:
            return Line(place, row, cells)
        try:
            told = self._element.deserialize(row)
        except ValidationError as error:
            line = Line(place, {}, cells)
            faults = [self.placed(line, fault) for fault in wire.faults(error.messages)]
            return line._replace(faults=faults)
        told.pop(ERROR, None)
        return Line(place, told, cells)


# cells under heads


class Grid(Table):
    """Rows of cells, the first of which is the head.

    :param found: the number of each row, and its cells
    :param guards: whether an apostrophe may stand before a text
    :param ragged: whether a row ends with its last cell that has something
    """

    def __init__(
        self,
        schema: type[Record],
        stem: str,
        found: Iterator[tuple[int, Sequence[Any] | Fault]],
        *,
        guards: bool,
        ragged: bool,
    ):
        super().__init__(schema, stem)
        self.ragged = ragged
        self._found = (one for one in found if _is_there(one[1]))
        self.top, cells = next(self._found, (1, ()))
        if isinstance(cells, Fault):
            raise Invalid(faults=[replace(cells, row=self.top)])
        written = ["" if cell is None else shown(cell) for cell in _stripped(cells)]
        if not written:
            raise _not_a_table(Worded("No head with names of columns."))
        self.heads = read_heads(written, schema, stem, self.top)
        self._readers = [reader(head, guards=guards) for head in self.heads]
        self._by_field = {short_of(head.column.name): head for head in self.heads}

    def lines(self) -> Iterator[Line]:
        for place, cells in self._found:
            if isinstance(cells, Fault):
                yield Line(place, {}, (), [replace(cells, row=place)])
            else:
                yield self._read(place, list(cells))

    def _read(self, place: int, cells: list[Any]) -> Line:
        """A table is as wide as its head, but for empty cells behind that."""
        while len(cells) > len(self.heads) and _is_empty(cells[-1]):
            cells.pop()
        if self.ragged:
            cells += [None] * (len(self.heads) - len(cells))
        if len(cells) != len(self.heads):
            text = Worded(
                "{number} cells, where the head has {wanted}.",
                number=len(cells),
                wanted=len(self.heads),
            )
            fault = Fault("wrong_width", text, row=place)
            return Line(place, {}, cells[:NAMES_MAX], [fault])
        if Unusable in map(type, cells):
            faults = [
                replace(cell.fault, row=place, column=head.written, value=cell.shown[:TOLD])
                for head, cell in zip(self.heads, cells, strict=True)
                if isinstance(cell, Unusable)
            ]
            return Line(place, {}, cells, faults)
        values = [read(cell) for read, cell in zip(self._readers, cells, strict=True)]
        there = [
            (head.column, value)
            for head, value in zip(self.heads, values, strict=True)
            if value is not LEFT_OUT
        ]
        row = row_of([column for column, _ in there], [value for _, value in there])
        return self._line(place, row, cells)

    def placed(self, line: Line, fault: Fault) -> Fault:
        """`/goal_id` is in the column of that field or of its name, `/name/fi` in `name.fi`."""
        steps = (fault.pointer or "").split("/")[1:]
        head = self._by_field.get(".".join(steps[:2])) or self._by_field.get(
            short_of(steps[0]) if steps else ""
        )
        nested = len(steps) > (2 if head and head.column.language else 1)
        pointer = fault.pointer if nested else None
        if head is None:  # there is no such column, where there should be one
            name = steps[0] if steps else None
            return replace(fault, row=line.place, column=name, pointer=pointer)
        cell = line.cells[self.heads.index(head)]
        told = None if _is_empty(cell) else shown(cell)[:TOLD]
        return replace(fault, row=line.place, column=head.written, value=told, pointer=pointer)

    def refused_head(self) -> list[str]:
        return [head.written for head in self._kept()] + [ERROR]

    def refused_cells(self, line: Line, why: str) -> list[Any]:
        """A line as it came, and why it is refused; one that has other cells than the head has them all the same."""
        if len(line.cells) != len(self.heads):
            return [*line.cells, why]
        pairs = zip(self.heads, line.cells, strict=True)
        return [cell for head, cell in pairs if head.column.name != ERROR] + [why]

    def _kept(self) -> list[Head]:
        return [head for head in self.heads if head.column.name != ERROR]


def _is_empty(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _is_there(found: Sequence[Any] | Fault) -> bool:
    return isinstance(found, Fault) or not all(map(_is_empty, found))


def _stripped(cells: Sequence[Any]) -> Sequence[Any]:
    """Without the empty cells at the end."""
    last = max((place for place, cell in enumerate(cells) if not _is_empty(cell)), default=-1)
    return cells[: last + 1]


def shown(cell: Any) -> str:
    """A cell as a person reads it."""
    match cell:
        case Unusable():
            return cell.shown
        case bool():
            return str(cell).upper()
        case datetime() if not (cell.hour or cell.minute or cell.second):
            return cell.date().isoformat()
        case datetime() | time():
            return cell.isoformat()
    return str(cell)


def _not_a_table(text: Worded) -> Invalid:
    return Invalid(faults=[Fault("not_a_table", text, row=1)])


class Workbook(Grid):
    """A sheet of a workbook: the one that is called like the resource, or else the first."""

    def __init__(self, file: IO[bytes], schema: type[Record], stem: str, most: int):
        super().__init__(schema, stem, workbooks.rows(file, stem, most), guards=False, ragged=True)


class Csv(Grid):
    """RFC 4180, with commas, semicolons or tabs; UTF-8, or else Windows-1252."""

    def __init__(self, file: IO[bytes], schema: type[Record], stem: str):
        csv.field_size_limit(LONGEST_CELL)  # the library has one for the whole process
        encoding = _encoding(file)
        start = file.read(_SNIFFED).decode(encoding, errors="replace")
        file.seek(0)
        self.delimiter = _delimiter(start)
        super().__init__(
            schema, stem, _records(file, encoding, self.delimiter), guards=True, ragged=False
        )


def _encoding(file: IO[bytes]) -> str:
    """UTF-8 if all of it is, or else Windows-1252. :raises Invalid: neither, or no text at all"""
    start = file.read(_SNIFFED)
    if start.startswith(b"PK\x03\x04"):
        raise _not_a_table(Worded("A ZIP file, perhaps a workbook; say so by Content-Type."))
    wide = start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if wide or b"\0" in start.partition(b"\n")[0]:
        raise _not_utf8(1)
    for encoding in ("utf-8-sig", "cp1252"):
        file.seek(0)
        line = _first_wrong(file, encoding)
        if line is None:
            file.seek(0)
            return encoding
    raise _not_utf8(line)


def _not_utf8(line: int | None) -> Invalid:
    text = Worded("Neither UTF-8 nor Windows-1252.")
    return Invalid(faults=[Fault("not_utf8", text, row=line)])


def _first_wrong(file: IO[bytes], encoding: str) -> int | None:
    """The first line that is not in this encoding."""
    decoder = codecs.getincrementaldecoder(encoding)()
    lines = 1
    try:
        for chunk in itertools.chain(iter(lambda: file.read(_CHUNK), b""), [None]):
            decoder.decode(chunk or b"", final=chunk is None)
            lines += (chunk or b"").count(b"\n")
    except UnicodeDecodeError as error:
        return lines + error.object[: error.start].count(b"\n")
    return None


def _delimiter(start: str) -> str:
    """The one that parts the first line that says something into the most cells, also where cells have others."""
    first = next((line for line in start.splitlines() if line.strip(DELIMITERS + " ")), "")
    return max(DELIMITERS, key=lambda one: len(next(csv.reader([first], delimiter=one), ())))


def _records(file: IO[bytes], encoding: str, delimiter: str) -> Iterator[tuple[int, Any]]:
    """Each record with its number, which is its row in a spreadsheet: a cell may hold line breaks."""
    with io.TextIOWrapper(file, encoding, newline="") as text:
        reader = csv.reader(_bounded(text), delimiter=delimiter, strict=True)
        for place in itertools.count(1):
            try:
                yield place, next(reader)
            except StopIteration:
                return
            except csv.Error:
                told = Worded("A quote is not closed, or closed halfway.")
                yield place, Fault("not_a_table", told)


def _bounded(text: io.TextIOWrapper) -> Iterator[str]:
    number = 0
    while line := text.readline(LONGEST_CELL):
        number += 1
        if len(line) == LONGEST_CELL:
            raise Invalid(faults=[Fault("too_long", Worded("A line without an end."), row=number)])
        yield line


# objects


class Objects(Table):
    """JSON objects; `first` and `last` steps of their pointers are for whoever knows where they stand."""

    def placed(self, line: Line, fault: Fault) -> Fault:
        return replace(fault, row=line.place, value=_value_at(line.row, fault.pointer or ""))


def _value_at(row: Any, pointer: str) -> str | None:
    """The beginning of what stands at a pointer, as JSON."""
    found = row
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(found, Mapping):
            found = found.get(name)
        elif isinstance(found, list) and name.isdigit() and int(name) < len(found):
            found = found[int(name)]
        else:
            return None
    if found is None or found is row:
        return None
    # Not by orjson: the numbers of a caller have no bounds yet.
    return json.dumps(found, default=str, ensure_ascii=False, separators=(",", ":"))[:TOLD]


class Ndjson(Objects):
    """A JSON object on each line; empty lines are passed over."""

    def __init__(self, file: IO[bytes], schema: type[Record], stem: str):
        super().__init__(schema, stem)
        self.file = file

    def lines(self) -> Iterator[Line]:
        for place in itertools.count(1):
            text = self.file.readline(LONGEST_CELL)
            if not text:
                return
            if len(text) == LONGEST_CELL:
                raise Invalid(
                    faults=[Fault("too_long", Worded("A line without an end."), row=place)]
                )
            text = text.removeprefix(BOM) if place == 1 else text
            if text.strip():
                yield self._parsed(place, text)

    def _parsed(self, place: int, text: bytes) -> Line:
        try:
            return self._line(place, wire.parse(text), text)
        except InvalidJson as error:
            fault = Fault("invalid_json", error.detail or error.title, row=place)
        except Invalid as error:
            fault = replace(error.faults[0], row=place)
        return Line(place, {}, text, [fault])


_BESIDE = PageToImport(exclude=("items",))


class Page(Objects):
    """One JSON document with all rows, as an export has it: `{"items": […], …}`."""

    def __init__(self, file: IO[bytes], schema: type[Record], stem: str, most: int):
        super().__init__(schema, stem)
        if file.seek(0, io.SEEK_END) > most:
            raise TooLarge("A JSON document is read whole; more rows go as NDJSON.")
        file.seek(0)
        page = wire.parse(file.read())
        items = page.get("items") if isinstance(page, dict) else None
        if not isinstance(items, list):
            text = Worded("A page has its rows in a list called items.")
            raise Invalid(faults=[Fault("required", text, pointer="/items")])
        try:
            _BESIDE.load({name: value for name, value in page.items() if name != "items"})
        except ValidationError as error:
            raise Invalid(faults=wire.faults(error.messages)) from error
        if len(items) > ROWS_MAX:
            text = Worded("More than {max} rows; send them as NDJSON.", max=ROWS_MAX)
            raise Invalid(faults=[Fault("too_many_rows", text, pointer="/items")])
        self.items = items

    def lines(self) -> Iterator[Line]:
        for place, item in enumerate(self.items):
            yield self._line(place, item, item)

    def placed(self, line: Line, fault: Fault) -> Fault:
        told = _value_at(line.row, fault.pointer or "")
        return replace(fault, pointer=self.pointer(line) + (fault.pointer or ""), value=told)

    def pointer(self, line: Line) -> str:
        return f"/items/{line.place}"


def opened(
    media: str,
    file: IO[bytes],
    schema: type[Record],
    stem: str,
    *,
    page_bytes: int,
    workbook_bytes: int,
) -> Table:
    """A file of this media type, which is one of tables.

    :param page_bytes: a JSON document is read whole, and `workbook_bytes` is what a workbook may come to, unpacked
    """
    match media:
        case "text/csv":
            return Csv(file, schema, stem)
        case "application/x-ndjson":
            return Ndjson(file, schema, stem)
        case "application/json":
            return Page(file, schema, stem, page_bytes)
    return Workbook(file, schema, stem, workbook_bytes)
