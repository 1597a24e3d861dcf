"""A report's document on somebody's desk: how Word, LibreOffice and Excel leave it when it has been edited in them."""

import io
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import docx
import openpyxl
from docx.oxml import OxmlElement
from docx.oxml.ns import qn

from api.documents.word import SAID

Node = Any


class Paper:
    """A DOCX."""

    def __init__(self, data: bytes):
        self.document: Node = docx.Document(io.BytesIO(data))
        self.body: Node = self.document.element.body

    def bytes(self) -> bytes:
        file = io.BytesIO()
        self.document.save(file)
        return file.getvalue()

    def controls(self, name: str = "") -> Iterator[Node]:
        """Those of fields whose names have this in them."""
        for control in list(self.body.iter(qn("w:sdt"))):
            tag = control.find(f".//{qn('w:tag')}").get(qn("w:val"))
            if tag != SAID and name in tag:
                yield control

    def write(self, name: str, text: str, place: int = 0) -> None:
        """Type over what stands in a control, as Word leaves it: in several runs, breaks as elements."""
        control = list(self.controls(name))[place]
        for blank in control.iter(qn("w:showingPlcHdr")):
            blank.getparent().remove(blank)
            break
        held = control.find(qn("w:sdtContent"))
        for old in list(held):
            held.remove(old)
        middle = len(text) // 2
        for part in filter(None, (text[:middle], text[middle:])):
            held.append(run(part))

    def lose(self, name: str) -> None:
        """Keep the text, and lose the control, as older programs do."""
        for control in self.controls(name):
            for child in list(control.find(qn("w:sdtContent"))):
                control.addprevious(child)
            control.getparent().remove(control)

    def remove(self, name: str) -> None:
        """Delete the paragraph that a text stands in."""
        for control in self.controls(name):
            paragraph = control.getparent()
            paragraph.getparent().remove(paragraph)

    def cell(self, name: str) -> Node:
        """The cell of the table in which a control stands."""
        return next(next(self.controls(name)).iterancestors(qn("w:tc")))

    def type_under(self, name: str, text: str) -> None:
        """Write a paragraph of one's own into the cell of a text."""
        paragraph = OxmlElement("w:p")
        paragraph.append(run(text))
        self.cell(name).append(paragraph)

    def copy_row(self, name: str) -> None:
        row = next(next(self.controls(name)).iterancestors(qn("w:tr")))
        row.addnext(deepcopy(row))


def run(text: str) -> Node:
    made = OxmlElement("w:r")
    made.append(OxmlElement("w:rPr"))
    held = ""

    def flush() -> None:
        nonlocal held
        if held:
            part = OxmlElement("w:t")
            part.text = held
            part.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
            made.append(part)
        held = ""

    names = {"\n": "w:br", "\t": "w:tab", "\u2011": "w:noBreakHyphen", "\xad": "w:softHyphen"}
    for letter in text:
        if letter in names:
            flush()
            made.append(OxmlElement(names[letter]))
        else:
            held += letter
    flush()
    return made


class Sheets:
    """A workbook."""

    def __init__(self, data: bytes):
        self.book: Node = openpyxl.load_workbook(io.BytesIO(data))

    def bytes(self) -> bytes:
        file = io.BytesIO()
        self.book.save(file)
        return file.getvalue()

    def lines(self, name: str) -> Iterator[tuple[Node, int, int]]:
        """Sheet, row and column of what holds the text of fields whose names have this in them."""
        for sheet in self.book:
            for row in sheet.iter_rows():
                for cell in row:
                    if isinstance(cell.value, str) and name in cell.value and "." in cell.value:
                        yield sheet, cell.row, 1 if "goals." in cell.value else cell.column - 1

    def write(self, name: str, text: Any, place: int = 0) -> None:
        sheet, row, column = list(self.lines(name))[place]
        sheet.cell(row, column).value = text

    def remove(self, name: str) -> None:
        for sheet, row, _ in list(self.lines(name)):
            sheet.delete_rows(row)
