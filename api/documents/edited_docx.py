"""A DOCX that was edited by hand: its content controls have the names of fields as tags."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO

from api.documents import manifest, workbooks
from api.documents.edited_texts import GOALS, TWICE, Edited, Place
from api.documents.texts import CATALOGUES
from api.documents.word import SAID
from api.problems import Fault, Invalid
from schemas.fields import Worded

_SHORT = re.compile(r"[A-Za-z0-9_-]{22}", re.ASCII)
_PERIODS = "periods."
# What stands in a document beside its fields.
_OURS = frozenset(
    text
    for each in CATALOGUES.values()
    for group in ("heading", "header", "report_kind", "report_state")
    for text in each[group].values()
)
_FORMS_OWN = Worded("These words are the form's own; change the record in the system.")
_IN_RUN: Mapping[str, str] = {
    "br": "\n",
    "cr": "\n",
    "tab": "\t",
    "noBreakHyphen": "\N{NON-BREAKING HYPHEN}",
    "softHyphen": "\N{SOFT HYPHEN}",
}


@dataclass
class _Grid:
    """A table as far as it is read; `periods` are the ids and words of its columns by their places."""

    number: str
    row: int = 1
    column: int = 1
    goal: tuple[str, str] | None = None
    periods: dict[int, tuple[str, str]] = field(default_factory=dict)


@dataclass
class _Control:
    name: str
    blank: bool
    parts: list[str] = field(default_factory=list)
    paragraphs: bool = False

    def text(self) -> str:
        text = "".join(self.parts)
        return text.removesuffix("\n") if self.paragraphs else text


class Document:
    """The main part of a DOCX (ECMA-376 Part 1, 17), element by element as each ends.

    Deletions that are tracked count as made, and so do insertions.
    """

    def __init__(self, made: Edited):
        self.made = made
        self.grids: list[_Grid] = []
        self.controls: list[_Control] = []
        self.name, self.blank = "", False  # of the control that begins
        # Of the paragraph at hand: texts, and the names of the fields of those that have one.
        self.line: list[tuple[str, str]] = []
        self.numbers = 0
        self.cells: set[tuple[str, str]] = set()

    def read(self, file: IO[bytes], most: int) -> None:
        for name, parent, told, text in workbooks.body(file, most):
            if name == "t":
                self._say(text)
            elif parent == "r" and name in _IN_RUN:
                self._say(_IN_RUN[name])
            elif parent == "sdtPr":
                if name == "tag":
                    self.name = workbooks.attribute(told, "val")
                elif name == "showingPlcHdr":
                    self.blank = workbooks.attribute(told, "val") not in ("0", "false", "off")
            else:
                self._structure(name, parent)

    def _say(self, text: str) -> None:
        if self.controls:
            self.controls[-1].parts.append(text)
        else:
            self.line.append(("", text))

    def _structure(self, name: str, parent: str) -> None:
        match name:
            case "sdtPr":
                self.controls.append(_Control(self.name, self.blank))
                self.name, self.blank = "", False
            case "sdt" if self.controls:
                self._control(self.controls.pop())
            case "p":
                self._paragraph()
            case "tblPr" if parent == "tbl":
                self.numbers += not self.grids
                self.grids.append(_Grid(str(self.numbers)))
            case "tbl" if self.grids:
                self.grids.pop()
            case "tc" if self.grids:
                self.grids[-1].column += 1
            case "tr" if self.grids:
                grid = self.grids[-1]
                grid.row, grid.column, grid.goal = grid.row + 1, 1, None
            case "moveFrom":
                text = Worded("Moved texts are tracked in it; accept the changes first.")
                raise Invalid(faults=[Fault("not_a_form", text)])

    def _control(self, control: _Control) -> None:
        text = "" if control.blank else control.text()
        said = self.made.said
        if control.name == SAID and said and text.strip() and manifest.digest(text) not in said:
            self.made.refuse(Fault("no_field", _FORMS_OWN), self._place(), text)
        if control.paragraphs and not self.controls:
            if control.name and control.name != SAID:
                self._field(control.name, text)
            elif not control.name:
                self._loose(text)
        elif self.controls and not control.name:
            self._say(text)
        else:
            self.line.append((control.name, text))

    def _paragraph(self) -> None:
        if self.controls:
            self.controls[-1].parts.append("\n")
            self.controls[-1].paragraphs = True
            return
        line, self.line = self.line, []
        named = [name for name, _ in line if name and name != SAID]
        loose = "".join(text for name, text in line if not name)
        if len(named) == 1 and self._cell() and loose.strip():
            # Written right before or behind a field it is read as the same text.
            self._field(named[0], "".join(text for name, text in line if name != SAID))
            return
        for name, text in line:
            if name and name != SAID:
                self._field(name, text)
        if loose.strip():
            self._loose(loose)

    def _cell(self) -> tuple[tuple[str, str], tuple[str, str]] | None:
        """The goal and the period of the cell at hand, if it is one of the form's table."""
        grid = self.grids[-1] if self.grids else None
        if grid is None or grid.goal is None or grid.column not in grid.periods:
            return None
        return grid.goal, grid.periods[grid.column]

    def _place(self) -> Place:
        if not self.grids:
            return Place()
        grid, cell = self.grids[-1], self._cell()
        goal, period = (one[1] for one in cell) if cell else ("", "")
        return Place(grid.number, grid.row, str(grid.column), goal, period)

    def _field(self, name: str, text: str) -> None:
        grid = self.grids[-1] if self.grids else None
        if name.startswith(_PERIODS):
            if grid and _SHORT.fullmatch(short := name.removeprefix(_PERIODS)):
                grid.periods[grid.column] = short, text
            return
        if name.startswith(GOALS) and grid:
            self._goal(grid, name, text)
        self.made.note(name, text, self._place())

    def _goal(self, grid: _Grid, name: str, text: str) -> None:
        short = name.split(".")[1]
        grid.goal = short, text
        for period, _ in grid.periods.values():
            if (short, period) in self.cells:
                self.made.refuse(Fault("repeated", TWICE), self._place(), text)
                break
            self.cells.add((short, period))

    def _loose(self, text: str) -> None:
        """Text that stands in no field."""
        cell = self._cell()
        if cell:
            self.made.add(cell[0][0], cell[1][0], text, self._place())
        elif (bare := text.strip(" \t\n:")) and bare not in _OURS:
            told = Worded("This stands in no field of the form; write it into a cell of the table.")
            self.made.refuse(Fault("no_field", told), self._place(), bare)
