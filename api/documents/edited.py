"""A report's DOCX or workbook that somebody has edited by hand, read again: which texts stand in it, and where.

Texts are told apart by what the document itself carries: content controls with the names of fields as tags, or a hidden
column of such names. Nothing that the document says of itself is believed here; whose rows they are is for others.
"""

import re
from base64 import urlsafe_b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import IO, Any
from uuid import UUID

from api.documents import manifest, workbooks
from api.documents.heads import TOLD, letters
from api.documents.intake import shown
from api.documents.manifest import canonical
from api.documents.texts import CATALOGUES
from api.documents.word import SAID
from api.documents.workbooks import Unusable
from api.problems import Fault, Invalid, TooLarge
from schemas.fields import Worded

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
# Far more than any report has.
MOST_TEXTS = 20_000

_FIELD = re.compile(r"[a-z_]+\.[A-Za-z0-9_-]{22}\.[0-9]{1,9}(\.[a-z0-9_]+){1,3}", re.ASCII)
_NEW = re.compile(r"results\.new\.([A-Za-z0-9_-]{22})\.([A-Za-z0-9_-]{22})", re.ASCII)
_SHORT = re.compile(r"[A-Za-z0-9_-]{22}", re.ASCII)
_GOALS, _PERIODS = "goals.", "periods."
_BLANKS = frozenset(each["heading"]["write"] for each in CATALOGUES.values())
# What stands in a document beside its fields.
_OURS = frozenset(
    text
    for each in CATALOGUES.values()
    for group in ("heading", "header", "report_kind", "report_state")
    for text in each[group].values()
)
_FORMS_OWN = Worded("These words are the form's own; change the record in the system.")
_LISTED = Worded(
    "These words can't be changed here; change the record in the sheet that lists it, or in the system."
)
_TWICE = Worded("The row of this goal is there twice; a new goal is made by itself.")
_IN_RUN: Mapping[str, str] = {
    "br": "\n",
    "cr": "\n",
    "tab": "\t",
    "noBreakHyphen": "\N{NON-BREAKING HYPHEN}",
    "softHyphen": "\N{SOFT HYPHEN}",
}


@dataclass(frozen=True)
class Place:
    """A cell as a person finds it: row and column of a table or sheet, and the words of its goal and period."""

    table: str = ""
    row: int | None = None
    column: str | None = None
    goal: str = ""
    period: str = ""

    def placed(self, fault: Fault) -> Fault:
        told = {"table": self.table, "goal": self.goal, "period": self.period}
        more = {name: value for name, value in told.items() if value}
        return replace(fault, row=self.row, column=self.column, more={**more, **fault.more})

    def shown(self) -> dict[str, Any]:
        """What is known of it, as `schemas.imports.Edit` calls it."""
        return {name: value for name, value in vars(self).items() if value}


@dataclass(frozen=True)
class Written:
    """A text in a field, by the name that it has in the document."""

    name: str
    text: str
    place: Place


@dataclass(frozen=True)
class Added:
    """A text in no field, in the cell of this goal and period."""

    goal_id: UUID
    period_id: UUID
    text: str
    place: Place


@dataclass
class Edited:
    """What stands in a document.

    :param report_id: as the document says
    :param given_out: what texts said then, as `manifest.read` has it
    :param said: hashes of our own words then, as far as the document tells of them
    :param unread: names of fields whose texts can't be read
    """

    report_id: UUID
    language: str
    given_out: Mapping[str, str]
    said: set[str]
    texts: list[Written] = field(default_factory=list)
    added: list[Added] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    unread: set[str] = field(default_factory=set)

    def refuse(self, fault: Fault, place: Place, value: str = "") -> None:
        self.faults.append(place.placed(replace(fault, value=value[:TOLD] or None)))

    def note(self, name: str, text: str, place: Place) -> None:
        """A text with the name of its field, whatever that is."""
        if len(self.texts) + len(self.added) == MOST_TEXTS:
            raise Invalid(
                faults=[Fault("too_many_rows", Worded("More than {max} texts.", max=MOST_TEXTS))]
            )
        if found := _NEW.fullmatch(name):
            self.add(found[1], found[2], text, place)
        elif _FIELD.fullmatch(name) and long_id(name.split(".")[1]):
            self.texts.append(Written(name, text, place))
        else:
            self.refuse(Fault("unknown_name", Worded("No field is called so.")), place, name)

    def add(self, goal: str, period: str, text: str, place: Place) -> None:
        text = canonical(text).strip()
        goal_id, period_id = long_id(goal), long_id(period)
        if text and text not in _BLANKS and goal_id and period_id:
            self.added.append(Added(goal_id, period_id, text, place))


def long_id(short: str) -> UUID | None:
    """An id from the letters in which a field's name has it."""
    try:
        return UUID(bytes=urlsafe_b64decode(f"{short}=="))
    except ValueError:
        return None


def read(media: str, file: IO[bytes], most: int) -> Edited | None:
    """:return: None where it is no report that we have given out
    :raises Invalid, TooLarge: it can't be read
    """
    made = _begun(workbooks.properties(file, most))
    if made is None:
        return None
    if media == DOCX:
        _Document(made).read(file, most)
    else:
        _read_sheets(made, file, most)
    return made


def read_document(file: IO[bytes], most: int) -> Edited:
    """A DOCX, which can only be a report. :raises Invalid: it is none of ours"""
    try:
        if made := read(DOCX, file, most):
            return made
    except TooLarge as problem:
        raise TooLarge("The document is too large when it is unpacked.") from problem
    except Invalid as problem:
        if all(fault.code != "not_a_table" for fault in problem.faults):
            raise
        text = Worded("Not a document (DOCX) that can be read; perhaps one with a password.")
        raise Invalid(faults=[Fault("not_a_form", text)]) from problem
    text = Worded("Not a report of ours: it does not say which report it is.")
    raise Invalid(faults=[Fault("not_a_form", text)])


def _begun(properties: Mapping[str, str]) -> Edited | None:
    told = properties.get("lamppu_report")
    if told is None:
        return None
    try:
        key = UUID(told)
    except ValueError as error:
        text = Worded("Not a report of ours: it does not say which report it is.")
        raise Invalid(faults=[Fault("not_a_form", text)]) from error
    language = properties.get("lamppu_language", "")
    given_out, said = manifest.read(properties), manifest.read_said(properties)
    return Edited(key, language if language in CATALOGUES else "fi", given_out, said)


# documents


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


class _Document:
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
        if name.startswith(_GOALS) and grid:
            self._goal(grid, name, text)
        self.made.note(name, text, self._place())

    def _goal(self, grid: _Grid, name: str, text: str) -> None:
        short = name.split(".")[1]
        grid.goal = short, text
        for period, _ in grid.periods.values():
            if (short, period) in self.cells:
                self.made.refuse(Fault("repeated", _TWICE), self._place(), text)
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


# workbooks


@dataclass
class _Line:
    """A line of a sheet with the name of a field, and those that it goes on in."""

    name: str
    parts: list[str]
    place: Place
    cells: Sequence[Any]

    def goes_on(self, last: "_Line") -> bool:
        """Whether it is what had no room in the line before."""
        same = self.name == last.name and not _NEW.fullmatch(self.name)
        return same and self.cells[0] in (None, "")


def _read_sheets(made: Edited, file: IO[bytes], most: int) -> None:
    for name, rows in workbooks.sheets(file, most):
        _Sheet(made, name).read(rows)


class _Sheet:
    """A sheet, line by line. What is the value of no field must stand there as it was given out, or not at all."""

    def __init__(self, made: Edited, name: str):
        self.made, self.name = made, name
        self.goals: set[str] = set()
        self.strays: list[tuple[Place, str]] = []

    def read(self, rows: workbooks.Rows) -> None:
        known = False
        last: _Line | None = None
        for number, cells in rows:
            if isinstance(cells, Fault):
                self.made.faults.append(replace(cells, row=number, more={"table": self.name}))
                continue
            at = next((at for at in reversed(range(len(cells))) if _names(cells[at])), None)
            if at is None:
                self._stray(number, cells)
                continue
            known = True
            line = self._line(number, cells, at)
            if line and last and line.goes_on(last):
                last.parts += line.parts
            elif line:
                self._note(last)
                last = line
        self._note(last)
        self._refuse_strays(known)

    def _line(self, number: int, cells: Sequence[Any], at: int) -> _Line | None:
        """:return: None where it has no text of a field that can be read"""
        name = cells[at]
        own = (0 if name.startswith(_GOALS) else at - 1) if name != SAID else -1
        self._must_say_the_same(number, cells, (own, at))
        if own < 0:
            return None
        place = Place(self.name, number, letters(own), *_where(cells, at, name))
        value = cells[own]
        if isinstance(value, Unusable):
            fault = replace(value.fault, value=value.shown[:TOLD])
            self.made.faults.append(place.placed(fault))
            self.made.unread.add(name)
            return None
        return _Line(name, ["" if value is None else shown(value)], place, cells)

    def _must_say_the_same(self, number: int, cells: Sequence[Any], own: Sequence[int]) -> None:
        said = self.made.said
        for place, cell in enumerate(cells):
            text = "" if cell is None or place in own else shown(cell)
            if said and text.strip() and manifest.digest(text) not in said:
                at = Place(self.name, number, letters(place))
                self.made.refuse(Fault("no_field", _LISTED), at, text)

    def _stray(self, number: int, cells: Sequence[Any]) -> None:
        if texts := [shown(cell) for cell in cells if cell not in (None, "")]:
            self.strays.append((Place(self.name, number), texts[-1]))

    def _refuse_strays(self, known: bool) -> None:
        """Lines without a name are somebody's own, unless all are."""
        told = Worded("This stands in no field of the form; write it into one of its empty lines.")
        if known:
            for place, text in self.strays:
                self.made.refuse(Fault("no_field", told), place, text)
        elif self.strays:
            text = Worded(
                "No line of this sheet is the form's: it was added, or its last column, which is hidden, was taken out."
            )
            self.made.refuse(Fault("not_a_form", text), Place(self.name))

    def _note(self, line: _Line | None) -> None:
        if line is None:
            return
        if line.name.startswith(_GOALS):
            if line.name in self.goals:
                self.made.refuse(Fault("repeated", _TWICE), line.place, line.parts[0])
            self.goals.add(line.name)
        self.made.note(line.name, "".join(line.parts), line.place)


def _names(cell: Any) -> bool:
    return cell == SAID or (
        isinstance(cell, str) and bool(_FIELD.fullmatch(cell) or _NEW.fullmatch(cell))
    )


def _where(cells: Sequence[Any], at: int, name: str) -> tuple[str, str]:
    """The words of goal and period, where a line has them."""
    if name.startswith(_GOALS):
        return str(cells[0] or ""), ""
    return (str(cells[0] or ""), str(cells[1] or "")) if at > 2 else ("", "")
