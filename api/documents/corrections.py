"""The lines of a table that are refused, in the form in which they came, each with why: to mend, and to send again."""

import csv
import io
import json
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime, time
from pathlib import Path
from typing import IO, Any

import xlsxwriter

from api.documents.heads import ERROR, TOLD
from api.documents.intake import BOM, Csv, Grid, Line, Ndjson, Page, Table, shown
from api.documents.tables import guarded, write_text
from api.problems import Fault
from api.translations import said
from schemas.fields import FORBIDDEN, Worded


def why(faults: Sequence[Fault], language: str) -> str:
    """`Goal: This field is required; …`, without what is no text in the names that a caller gave."""
    told = "; ".join(
        ": ".join(filter(None, (one.column or one.pointer, _told(one, language)))) for one in faults
    )
    return FORBIDDEN.sub("\ufffd", told)


def _told(fault: Fault, language: str) -> str:
    """Of a stale field also what stands there now: whoever mends it has only this file."""
    detail = said(fault.detail, language)
    if "current" not in fault.more:
        return detail
    current = fault.more["current"]
    if current is None:
        return f"{detail} {said(Worded('It is empty now.'), language)}"
    text = current if isinstance(current, str) else json.dumps(current, ensure_ascii=False)
    return f"{detail} {said(Worded('It says now: {current}', current=text[:TOLD]), language)}"


class Correction(ABC):
    """A file in the making; it goes when the stack is unwound."""

    def __init__(self, stack: ExitStack):
        file: Any = tempfile.TemporaryFile(prefix="lamppu-")  # noqa: SIM115
        self.file: IO[bytes] = stack.enter_context(file)

    @abstractmethod
    def add(self, line: Line, error: str) -> None: ...

    def finish(self) -> IO[bytes]:
        """The file, at its beginning."""
        self.file.seek(0)
        return self.file


def correction_of(table: Table, stack: ExitStack) -> Correction:
    match table:
        case Csv():
            return _Csv(table, stack)
        case Grid():
            return _Workbook(table, stack)
        case Ndjson():
            return _Ndjson(stack)
        case Page():
            return _Page(stack)
    raise TypeError(table)


class _Csv(Correction):
    """In UTF-8, whatever it came in."""

    def __init__(self, table: Csv, stack: ExitStack):
        super().__init__(stack)
        self.table = table
        self.file.write(BOM)
        self._write(table.refused_head())

    def add(self, line: Line, error: str) -> None:
        self._write(self.table.refused_cells(line, guarded(error)))

    def _write(self, cells: Sequence[str]) -> None:
        text = io.StringIO()
        csv.writer(text, delimiter=self.table.delimiter).writerow(cells)
        self.file.write(text.getvalue().encode())


class _Workbook(Correction):
    def __init__(self, table: Grid, stack: ExitStack):
        super().__init__(stack)
        self.table, self.number = table, 0
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="lamppu-"))
        self.path = Path(folder) / "refused.xlsx"
        options = {"constant_memory": True, "tmpdir": folder}
        self.book = xlsxwriter.Workbook(str(self.path), options)
        self.plain = self.book.add_format()
        self.sheet = self.book.add_worksheet(table.stem)
        self.sheet.freeze_panes(1, 0)
        self.formats = {
            kind: self.book.add_format({"num_format": shape})
            for kind, shape in (
                ("day", "yyyy-mm-dd"),
                ("moment", "yyyy-mm-dd hh:mm:ss"),
                ("time", "hh:mm"),
            )
        }
        self._write(table.refused_head())

    def add(self, line: Line, error: str) -> None:
        self._write(self.table.refused_cells(line, error))

    def _write(self, cells: Sequence[Any]) -> None:
        for place, cell in enumerate(cells):
            match cell:
                case None:
                    continue
                case bool():
                    self.sheet.write_boolean(self.number, place, cell)
                case int() | float():
                    self.sheet.write_number(self.number, place, cell)
                case time():
                    self._write_moment(place, cell, "time")
                case datetime():
                    midnight = cell.time() == time()
                    self._write_moment(place, cell, "day" if midnight else "moment")
                case _:
                    write_text(self.sheet, self.number, place, shown(cell), self.plain)
        self.number += 1

    def _write_moment(self, place: int, cell: Any, kind: str) -> None:
        self.sheet.write_datetime(self.number, place, cell, self.formats[kind])

    def finish(self) -> IO[bytes]:
        self.book.close()
        self.file.write(self.path.read_bytes())
        return super().finish()


class _Ndjson(Correction):
    """What is no JSON object comes back as the text that it was."""

    def add(self, line: Line, error: str) -> None:
        text = bytes(line.cells).decode(errors="replace").rstrip("\r\n")
        row = line.row if line.row else {"line": text}
        # Not by orjson: the numbers of a caller have no bounds yet.
        self.file.write(json.dumps({**row, ERROR: error}, ensure_ascii=False).encode() + b"\n")


class _Page(Correction):
    def __init__(self, stack: ExitStack):
        super().__init__(stack)
        self.between = b'{"items":[\n'

    def add(self, line: Line, error: str) -> None:
        row = line.cells if isinstance(line.cells, dict) else {"line": line.cells}
        # Not by orjson: the numbers of a caller have no bounds yet.
        self.file.write(self.between + json.dumps({**row, ERROR: error}).encode())
        self.between = b",\n"

    def finish(self) -> IO[bytes]:
        self.file.write((self.between if self.between != b",\n" else b"") + b'],"next":null}\n')
        return super().finish()
