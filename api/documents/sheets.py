"""The report for spreadsheets: CSV, a line for each thing that is said; a workbook, a sheet for each section."""

import io
from datetime import datetime
from typing import Any

import xlsxwriter

from api.documents.form import Form, Table, lines
from api.documents.passages import plain
from api.documents.tables import CELL_UNITS, write_csv, write_text
from schemas.exports import Column, Kind

# Or each second's workbook would have an ETag of its own.
_MADE = datetime(2000, 1, 1)
_WIDTHS = {"goal": 40, "period": 14, "kind": 20, "text": 90}
_GOAL, _PERIOD = 40, 60
# Characters, each of two units at the most.
_LONGEST = CELL_UNITS // 2


def csv(form: Form) -> bytes:
    """Goal, period, kind and text, with heads in the language of the document."""
    columns = [Column(name, None, Kind.TEXT) for name in form.columns.values()]
    rows = [
        dict(zip(form.columns.values(), (one.goal, one.period, one.kind, one.text), strict=True))
        for one in lines(form)
    ]
    return b"".join(write_csv(columns, rows, bom=True))


def xlsx(form: Form) -> bytes:
    """The head, the table of goals and periods, and of each kind of record a list; texts are never formulas."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        book.set_properties({"title": form.name, "created": _MADE})
        sheets = _Sheets(book)
        sheets.add(form.words["report"], [_GOAL, _PERIOD], [], list(_head(form)))
        for number, table in enumerate(form.tables, 1):
            name = form.words["goal"] + (f" {number}" if number > 1 else "")
            widths = [_GOAL, *[_PERIOD] * len(table.periods)]
            sheets.add(name, widths, [form.words["goal"], *table.periods], _rows(table))
        for kind, rows in _kinds(form).items():
            heads = [form.columns[name] for name in ("goal", "period", "text")]
            sheets.add(kind, [_WIDTHS[name] for name in ("goal", "period", "text")], heads, rows)
    return file.getvalue()


def _head(form: Form) -> list[list[str]]:
    return [
        [form.words["report"], form.date],
        [form.kind, form.title],
        ["", form.state],
        ["", form.programme.text],
        *([line.heading, "\n".join(part.text for part in line.lines)] for line in form.header),
        ["", form.without_table or form.completeness],
    ]


def _rows(table: Table) -> list[list[str]]:
    return [
        [row.goal, *("\n".join(map(plain, cell.passages)) for cell in row.cells)]
        for row in table.rows
    ]


def _kinds(form: Form) -> dict[str, list[list[str]]]:
    found: dict[str, list[list[str]]] = {}
    for one in lines(form):
        if one.kind:
            found.setdefault(one.kind, []).append([one.goal, one.period, one.text])
    return found


class _Sheets:
    def __init__(self, book: Any):
        self.book = book
        self.plain = book.add_format()
        self.bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        self.text = book.add_format({"text_wrap": True, "valign": "top", "num_format": "@"})

    def add(self, name: str, widths: list[int], heads: list[str], rows: list[list[str]]) -> None:
        sheet = self.book.add_worksheet(name)
        sheet.set_paper(9)  # A4
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        for place, width in enumerate(widths):
            sheet.set_column(place, place, width)
        for place, head in enumerate(heads):
            sheet.write_string(0, place, head, self.bold)
        if heads:
            sheet.freeze_panes(1, 0)
            sheet.repeat_rows(0)
        line = 1 if heads else 0
        for row in rows:
            line = self._row(sheet, line, row)

    def _row(self, sheet: Any, line: int, row: list[str]) -> int:
        """What is longer than a cell may be goes on in the next line. :return: the line after it"""
        parts = [
            [text[begin : begin + _LONGEST] for begin in range(0, len(text), _LONGEST)]
            for text in row
        ]
        for place, found in enumerate(parts):
            for below, text in enumerate(found):
                write_text(sheet, line + below, place, text, self.plain, self.text)
        return line + max(1, *map(len, parts))
