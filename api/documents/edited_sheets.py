"""A workbook that was edited by hand: a hidden last column has the names of the fields whose values lines have."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import IO, Any

from api.documents import manifest, workbooks
from api.documents.edited_texts import FIELD, GOALS, NEW, TWICE, Edited, Place
from api.documents.heads import TOLD, letters
from api.documents.intake import shown
from api.documents.word import SAID
from api.documents.workbooks import Unusable
from api.problems import Fault
from schemas.fields import Worded

_LISTED = Worded(
    "These words can't be changed here; change the record in the sheet that lists it, or in the system."
)


@dataclass
class _Line:
    """A line of a sheet with the name of a field, and those that it goes on in."""

    name: str
    parts: list[str]
    place: Place
    cells: Sequence[Any]

    def goes_on(self, last: "_Line") -> bool:
        """Whether it is what had no room in the line before."""
        same = self.name == last.name and not NEW.fullmatch(self.name)
        return same and self.cells[0] in (None, "")


def read(made: Edited, file: IO[bytes], most: int) -> None:
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
        own = (0 if name.startswith(GOALS) else at - 1) if name != SAID else -1
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
        if line.name.startswith(GOALS):
            if line.name in self.goals:
                self.made.refuse(Fault("repeated", TWICE), line.place, line.parts[0])
            self.goals.add(line.name)
        self.made.note(line.name, "".join(line.parts), line.place)


def _names(cell: Any) -> bool:
    return cell == SAID or (
        isinstance(cell, str) and bool(FIELD.fullmatch(cell) or NEW.fullmatch(cell))
    )


def _where(cells: Sequence[Any], at: int, name: str) -> tuple[str, str]:
    """The words of goal and period, where a line has them."""
    if name.startswith(GOALS):
        return str(cells[0] or ""), ""
    return (str(cells[0] or ""), str(cells[1] or "")) if at > 2 else ("", "")
