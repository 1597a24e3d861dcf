"""Rows as tables for spreadsheets, CSV (RFC 4180) and XLSX: written as the rows come, and read back to the same rows.

A row is JSON values by field; an empty cell is null. In CSV no text begins a formula: one that would, or that begins
with an apostrophe, gets an apostrophe before it, and one apostrophe at the beginning is taken off again by who reads.
So does any part of a text that would be a cell of its own to a spreadsheet that parts cells otherwise: where the comma
is none of its delimiters, as in Finnish and Swedish, quotes within a line do not count.
"""

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import xlsxwriter

from schemas.exports import Column, Kind

Row = Mapping[str, Any]

BOM = "\ufeff".encode()
# What spreadsheets take for a formula, also after blanks and in full width, and what would pass for our own apostrophe.
_SIGN = "[=+\\-@＝＋－＠]"
_STARTS_FORMULA = re.compile(rf"'|\s*{_SIGN}|[\t\r\n]")
# The same within a text: behind what parts cells or lines elsewhere, and quotes that begin a cell there.
_FORMULA_WITHIN = rf"(?='*[^\S\t\r\n]*(?:\"[^\S\t\r\n]*)*{_SIGN})"
_UNGUARDED = re.compile(rf"[;\t\r\n]{_FORMULA_WITHIN}")
_GUARDED = re.compile(rf"([;\t\r\n])'{_FORMULA_WITHIN}")
_IN_JSON = re.compile(rf";(?=[\"\s]*{_SIGN})")  # where tabs and line breaks are escaped anyway
# Of Excel: rows of a sheet with its head, and UTF-16 units in a cell.
SHEET_ROWS, CELL_UNITS = 1_048_576, 32_767
# Of CSV, for who reads: as long as the longest list that a row may have, about twice over.
LONGEST_CELL = 50_000_000
_WIDTH = 20  # characters; as long as most cells are, apart from texts


class TooLongForCell(ValueError):
    """A value that no cell of XLSX holds."""

    def __init__(self, column: Column, row: Row):
        super().__init__(f"{column.name} of {row.get('id')}")
        self.column, self.row = column, row


def guarded(text: str) -> str:
    within = _UNGUARDED.sub(r"\g<0>'", text)
    return f"'{within}" if _STARTS_FORMULA.match(text) else within


def unguarded(cell: str) -> str:
    return _GUARDED.sub(r"\1", cell.removeprefix("'"))


def values(columns: Sequence[Column], row: Row) -> list[Any]:
    """What stands in the cells of a row, apart from how it is written."""
    return [
        (row[one.field] or {}).get(one.language) if one.language else row[one.field]
        for one in columns
    ]


def row_of(columns: Sequence[Column], found: Iterable[Any]) -> dict[str, Any]:
    """The row in whose cells these values were found; a text without any language is null."""
    row: dict[str, Any] = {}
    for column, value in zip(columns, found, strict=True):
        if column.language:
            row.setdefault(column.field, {})[column.language] = value
        else:
            row[column.field] = value
    several = {column.field for column in columns if column.language}
    return row | {name: None for name in several if not any(row[name].values())}


# CSV


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _guarded_json(value: Any) -> str:
    return _IN_JSON.sub(r"\\u003b", _json(value))


_WRITE: Mapping[Kind, Callable[[Any], str]] = {
    Kind.TEXT: guarded,
    Kind.DAY: str,
    Kind.MOMENT: str,
    Kind.WHOLE: str,
    Kind.NUMBER: str,
    Kind.FLAG: _json,
    Kind.JSON: _guarded_json,
}
_READ: Mapping[Kind, Callable[[str], Any]] = {
    Kind.TEXT: unguarded,
    Kind.DAY: str,
    Kind.MOMENT: str,
    Kind.WHOLE: int,
    Kind.NUMBER: float,
    Kind.FLAG: orjson.loads,
    Kind.JSON: orjson.loads,
}


class _Encoded:
    """A file whose `write` gives back what would be written, and so does the `writerow` of a writer to it."""

    def write(self, text: str) -> bytes:
        return text.encode()


def write_csv(columns: Sequence[Column], rows: Iterable[Row], *, bom: bool) -> Iterator[bytes]:
    """A head with the names of the columns, and each row: UTF-8, commas, CRLF."""
    line: Callable[[Iterable[str]], Any] = csv.writer(_Encoded()).writerow
    yield (BOM if bom else b"") + line(column.name for column in columns)
    writers = [_WRITE[column.kind] for column in columns]
    for row in rows:
        cells = zip(writers, values(columns, row), strict=True)
        yield line("" if value is None else write(value) for write, value in cells)


def read_csv(columns: Iterable[Column], lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The rows of such a table, whose columns may stand in any order.

    :raises KeyError: a column of another name; ValueError or csv.Error: a cell that is none of its column
    """
    csv.field_size_limit(LONGEST_CELL)  # the library has one for the whole process
    named = {column.name: column for column in columns}
    cells = csv.reader(lines, strict=True)
    head = [named[name] for name in next(cells)]
    readers = [_READ[column.kind] for column in head]
    for found in cells:
        pairs = zip(readers, found, strict=True)
        yield row_of(head, [read(cell) if cell else None for read, cell in pairs])


# XLSX


def write_xlsx(
    folder: Path,
    title: str,
    columns: Sequence[Column],
    rows: Iterable[Row],
    *,
    sheet_rows: int = SHEET_ROWS,
) -> Path:
    """A workbook in this folder, which has room for all of it twice; one sheet, and another when that is full.

    Days are days, numbers and truth values what they are, and texts never formulas. A moment is a text, since a date
    of Excel would lose some of its microseconds.

    :raises TooLongForCell: nothing is cut off
    """
    path = folder / "export.xlsx"
    options = {"constant_memory": True, "tmpdir": str(folder)}
    with xlsxwriter.Workbook(str(path), options) as book:
        sheets = _Sheets(book, title, columns)
        sheet = sheets.another()
        for count, row in enumerate(rows):
            full, place = divmod(count, sheet_rows - 1)
            if full and not place:
                sheet = sheets.another()
            sheets.write(sheet, place + 1, row)
    return path


class _Sheets:
    def __init__(self, book: Any, title: str, columns: Sequence[Column]):
        self.book, self.title, self.columns = book, title, columns
        self.count = 0
        self.plain = book.add_format()
        self.bold = book.add_format({"bold": True})
        self.day = book.add_format({"num_format": "yyyy-mm-dd"})

    def another(self) -> Any:
        self.count += 1
        sheet = self.book.add_worksheet(
            self.title if self.count == 1 else f"{self.title} {self.count}"
        )
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(self.columns) - 1, _WIDTH)
        for place, column in enumerate(self.columns):
            sheet.write_string(0, place, column.name, self.bold)
        return sheet

    def write(self, sheet: Any, line: int, row: Row) -> None:
        cells = zip(self.columns, values(self.columns, row), strict=True)
        for place, (column, value) in enumerate(cells):
            if value is None:
                continue
            match column.kind:
                case Kind.WHOLE | Kind.NUMBER:
                    sheet.write_number(line, place, value)
                case Kind.FLAG:
                    sheet.write_boolean(line, place, value)
                case Kind.DAY:
                    sheet.write_datetime(line, place, date.fromisoformat(value), self.day)
                case kind:
                    text = _json(value) if kind is Kind.JSON else value
                    if _too_long(text):
                        raise TooLongForCell(column, row)
                    write_text(sheet, line, place, text, self.plain)


def write_text(sheet: Any, line: int, place: int, text: str, plain: Any, *look: Any) -> None:
    """Write a text as it is, never as a formula or a link.

    :param plain: a format of the book
    :param look: the format of the cell, when it has one
    """
    if text.startswith("<r>"):
        # The library would take it for markup of its own. Of a text in parts it makes such, and escapes the parts.
        sheet.write_rich_string(line, place, text[:1], plain, text[1:], *look)
    else:
        sheet.write_string(line, place, text, *look)


def _too_long(text: str) -> bool:
    return len(text) * 2 > CELL_UNITS and len(text.encode("utf-16-le")) > CELL_UNITS * 2
