"""The report for spreadsheets: CSV, a line for each thing that is said; a workbook, a sheet for each section."""

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import xlsxwriter

from api.documents import manifest
from api.documents.form import Form, HeaderLine, Said, Section, Table, cells, lines
from api.documents.joined import Joined
from api.documents.passages import outlined, plain
from api.documents.tables import CELL_UNITS, write_csv, write_text
from api.documents.word import SAID
from schemas.exports import Column, Kind

# Or each second's workbook would have an ETag of its own.
_MADE = datetime(2000, 1, 1)
_WIDTHS = {"goal": 40, "period": 14, "lead": 24, "text": 90}
_NAME = 30
_GOAL, _PERIOD = 40, 60
# What may be done all the same.
_PROTECTED = {"format_columns": True, "format_rows": True, "format_cells": True, "autofilter": True}
# Characters, each of two units at the most.
_LONGEST = CELL_UNITS // 2

# The cells of a line, and the names of the fields of which some are the values, by their places.
Line = tuple[list[str], dict[int, str]]


def csv(form: Form) -> bytes:
    """Goal, period, kind and text, with heads in the language of the document."""
    return _csv(form.columns.values(), map(_cells_of, lines(form)))


def joined_csv(joined: Joined) -> bytes:
    """The same of all reports, each line with whose it is."""
    rows = ((part.name, *_cells_of(one)) for part in joined.parts for one in lines(part.form))
    return _csv(joined.columns.values(), rows)


def _cells_of(one: Said) -> tuple[str, ...]:
    return one.goal, one.period, one.kind, one.text


def _csv(heads: Iterable[str], lines: Iterable[Sequence[str]]) -> bytes:
    names = list(heads)
    columns = [Column(name, None, Kind.TEXT) for name in names]
    rows = [dict(zip(names, line, strict=True)) for line in lines]
    return b"".join(write_csv(columns, rows, bom=True))


def xlsx(form: Form) -> bytes:
    """The head, the table of goals and periods, and of each kind of record a list; texts are never formulas.

    A hidden column names the fields of records whose texts stand in a line (`said` where none does, so that a line that
    somebody has added is one without), as the properties do the report. What is our own words, or stands in another
    sheet too, is protected (without a password).
    """
    with _book(form.name, form.origin, editable=form.open) as (file, sheets):
        sheets.add(form.words["report"], [30, 80], [], _head(form))
        for number, table in enumerate(form.tables, 1):
            name = form.words["goal"] + (f" {number}" if number > 1 else "")
            widths = [_GOAL, *[_PERIOD] * len(table.periods)]
            heads = [form.words["goal"], *table.periods]
            sheets.add(name, widths, heads, _rows(table))
        words = {**form.columns, "lead": form.words["lead"]}
        heads = [words[name] for name in _WIDTHS]
        for kind, rows in _kinds(form).items():
            sheets.add(kind, list(_WIDTHS.values()), heads, rows)
    return file.getvalue()


def joined_xlsx(joined: Joined) -> bytes:
    """The list of sub-projects, and of each kind of record a list over all reports, each line with whose it is."""
    words = {**joined.columns, "lead": joined.words["lead"]}
    kinds: dict[str, list[Line]] = {}
    for part in joined.parts:
        for kind, rows in _kinds(part.form).items():
            named: list[Line] = [([part.name, *said], {}) for said, _ in rows]
            kinds.setdefault(kind, []).extend(named)
    with _book(joined.name, {}, editable=False) as (file, sheets):
        sheets.add(joined.words["project_report"], [30, 80], [], _front(joined))
        listed: list[Line] = [(list(row.cells), {}) for row in joined.rows]
        widths = [_NAME] * len(joined.heads)
        sheets.add(joined.words["sub_projects"], widths, joined.heads, listed)
        heads = [words[name] for name in ("sub_project", *_WIDTHS)]
        for kind, rows in kinds.items():
            sheets.add(kind, [_NAME, *_WIDTHS.values()], heads, rows)
    return file.getvalue()


@contextmanager
def _book(
    title: str, origin: Mapping[str, str], *, editable: bool
) -> Iterator[tuple[io.BytesIO, "_Sheets"]]:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        book.set_properties({"title": title, "created": _MADE})
        for name, value in origin.items():
            book.set_custom_property(name, value, "text")
        sheets = _Sheets(book, editable)
        yield file, sheets
        if editable:
            for name, value in manifest.said(sheets.said).items():
                book.set_custom_property(name, value, "text")


def _front(joined: Joined) -> Iterator[Line]:
    yield [joined.words["project_report"], ""], {}
    yield ["", joined.programme.text], {}
    yield from _answers(joined.header)
    yield ["", joined.summary], {}


def _head(form: Form) -> Iterator[Line]:
    date, title = form.date, form.title
    yield [form.words["report"], date.text], {1: date.field}
    yield [form.kind, title.text], {1: title.field}
    yield ["", form.state], {}
    yield ["", form.programme.text], {}
    yield from _answers(form.header)
    if form.seal:
        yield ["", form.seal], {}
    yield ["", form.without_table or form.completeness], {}


def _answers(header: Iterable[HeaderLine]) -> Iterator[Line]:
    for line in header:
        for number, part in enumerate(line.lines):
            yield [line.heading if number == 0 else "", part.text], {1: part.field}


def _rows(table: Table) -> Iterator[Line]:
    for row in table.rows:
        cells = ["\n".join(map(plain, cell.passages)) for cell in row.cells]
        yield [row.goal, *cells], {0: row.field}


def _kinds(form: Form) -> dict[str, list[Line]]:
    """A line for each passage and each point under it, which stands in by its depth; then one for a new result."""
    found: dict[str, list[Line]] = {form.results: []} if form.open and form.tables else {}
    for row, cell in cells(form):
        for section in cell.sections:
            found.setdefault(section.kind, []).extend(_outline(row.goal, cell.period, section))
        if form.open:
            found[form.results].append(([row.goal, cell.period, "", ""], {3: cell.field}))
    for section in form.unplaced:
        found.setdefault(section.kind, []).extend(_outline("", "", section))
    return found


def _outline(goal: str, period: str, section: Section) -> Iterator[Line]:
    for depth, one in (pair for passage in section.passages for pair in outlined(passage)):
        yield [goal, period, "  " * depth + one.lead, one.text], {3: one.field}


class _Sheets:
    def __init__(self, book: Any, editable: bool):
        self.book, self.editable = book, editable
        self.said: list[str] = []  # what is the value of no field
        self.plain = book.add_format()
        look = {"text_wrap": True, "valign": "top"}
        self.bold = book.add_format(look | {"bold": True})
        self.text = book.add_format(look | {"num_format": "@"})
        self.field = book.add_format(look | {"num_format": "@", "locked": False})

    def add(
        self,
        name: str,
        widths: list[int],
        heads: Sequence[str],
        rows: Iterable[Line],
    ) -> None:
        sheet = self.book.add_worksheet(name)
        sheet.set_paper(9)  # A4
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.protect("", _PROTECTED)
        for place, width in enumerate(widths):
            sheet.set_column(place, place, width)
        sheet.set_column(len(widths), len(widths), None, None, {"hidden": True})
        if heads:
            for place, head in enumerate([*heads, SAID]):
                sheet.write_string(0, place, head, self.bold)
            self.said += heads
            sheet.freeze_panes(1, 0)
            sheet.repeat_rows(0)
        line = 1 if heads else 0
        for said, named in rows:
            line = self._row(sheet, line, said, named, len(widths))

    def _row(
        self, sheet: Any, line: int, cells: list[str], named: dict[int, str], hidden: int
    ) -> int:
        """What is longer than a cell may be goes on in the next line. :return: the line after it"""
        parts = [
            [text[begin : begin + _LONGEST] for begin in range(0, len(text), _LONGEST)] or [""]
            for text in cells
        ]
        field = next(filter(None, named.values()), "")
        for place, found in enumerate(parts):
            look = self.field if self.editable and named.get(place) else self.text
            if not named.get(place):
                self.said += found
            for below, text in enumerate(found):
                if text:
                    write_text(sheet, line + below, place, text, self.plain, look)
                else:
                    sheet.write_blank(line + below, place, None, look)
        after = line + max(map(len, parts))
        for each in range(line, after):
            sheet.write_string(each, hidden, field or SAID)
        return after
