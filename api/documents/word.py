"""Word documents (ECMA-376), as all of ours are made: pages, tables, and texts in controls of their own.

What a text says stands in it as it is; only U+FFFE and U+FFFF, which no XML has, stand as U+FFFD.
"""

import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import count
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from docx import Document
from docx.enum.section import WD_ORIENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_TAB_ALIGNMENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor
from docx.table import _Cell
from docx.text.paragraph import Paragraph
from docx.text.run import Run

from api.documents import manifest
from api.documents.form import HeaderLine
from api.documents.texts import LOCALES, Phrase

_MADE = datetime(2000, 1, 1, tzinfo=UTC)
_SOFT = RGBColor(0x59, 0x59, 0x59)
_TINT = "F2F2F2"
_MARGIN = Mm(15)
_WIDTH, _HEIGHT = Mm(210), Mm(297)
SAID = "said"
BULLETS = ("List Bullet", "List Bullet 2", "List Bullet 3")
Node = Any  # the library has no types for most of what it makes


def document_of(title: str, language: str) -> Node:
    """An empty one in the language."""
    document = Document()
    core = document.core_properties
    core.title, core.author, core.comments = title, "", ""
    core.language = language
    core.created = core.modified = _MADE
    styles = document.styles
    styles["Normal"].font.size = Pt(10)
    for name in ("Normal", *BULLETS):
        styles[name].paragraph_format.space_after = Pt(4)
    defaults = styles.element.find(qn("w:docDefaults")).find(qn("w:rPrDefault"))
    speak(defaults.find(qn("w:rPr")), language)
    # Where the schema has its place, or Word takes the file for broken.
    hyphenate = OxmlElement("w:autoHyphenation")
    document.settings.element.find(qn("w:defaultTabStop")).addnext(hyphenate)
    return document


def packed(document: Node) -> bytes:
    """The file; the same document is the same bytes."""
    file = io.BytesIO()
    document.save(file)
    return _at_no_time(file)


def _at_no_time(file: io.BytesIO) -> bytes:
    """The archive without the time at which it was made."""
    again = io.BytesIO()
    with ZipFile(file) as made, ZipFile(again, "w", ZIP_DEFLATED) as packed:
        for name in made.namelist():
            packed.writestr(ZipInfo(name), made.read(name), ZIP_DEFLATED)
    return again.getvalue()


class Pages:
    """A section of a document, and how things are said in it.

    :param editable: whether what its provider changes can become the report again
    :param numbers: of controls, which are unique in a document
    """

    def __init__(
        self,
        document: Node,
        section: Node,
        language: str,
        *,
        editable: bool,
        numbers: Iterator[int] | None = None,
    ):
        self.document, self.section = document, section
        self.language, self.editable = language, editable
        self.numbers = numbers or count(1)
        self.said: list[str] = []  # our own words

    def lay_out(self, running: str, draft: str, seal: str, *, wide: bool) -> None:
        """A4, with `Raportti … LUONNOS … 1 (2)` at the head and the seal at the foot."""
        section, sides = self.section, (_WIDTH, _HEIGHT)
        section.page_width, section.page_height = sides[::-1] if wide else sides
        section.orientation = WD_ORIENT.LANDSCAPE if wide else WD_ORIENT.PORTRAIT
        section.left_margin = section.right_margin = _MARGIN
        section.top_margin = section.bottom_margin = Mm(20)
        section.header.is_linked_to_previous = section.footer.is_linked_to_previous = False
        self._page_head(running, draft)
        if seal:
            line = section.footer.paragraphs[0]
            line.alignment = WD_ALIGN_PARAGRAPH.CENTER
            line.add_run(seal).font.size = Pt(7.5)

    @property
    def width(self) -> int:
        return int(self.section.page_width - 2 * _MARGIN)

    def _page_head(self, running: str, draft: str) -> None:
        line = self.section.header.paragraphs[0]
        stops = line.paragraph_format.tab_stops
        stops.add_tab_stop(self.width // 2, WD_TAB_ALIGNMENT.CENTER)
        stops.add_tab_stop(self.width, WD_TAB_ALIGNMENT.RIGHT)
        line.add_run(f"{running}\t{draft}\t")
        _field(line, "PAGE")
        line.add_run(" (")
        _field(line, "NUMPAGES")
        line.add_run(")")

    def header(self, lines: Iterable[HeaderLine]) -> None:
        """What is asked for on the left, what is answered on the right."""
        table = self.grid([0.33, 0.67])
        for line in lines:
            heading, value = table.add_row().cells
            shade(heading)
            heading.paragraphs[0].add_run(line.heading).bold = True
            for phrase in line.lines:
                self.say(line_of(value), phrase)

    def rows(self, heads: Sequence[str], rows: Iterable[Sequence[str]], first: float) -> None:
        """A table of texts, whose head is repeated; its first column has this share of the width."""
        table = self.grid([first, *[(1 - first) / (len(heads) - 1)] * (len(heads) - 1)])
        upper = table.add_row()
        repeat(upper)
        for cell, head in zip(upper.cells, heads, strict=True):
            shade(cell)
            cell.paragraphs[0].add_run(head).bold = True
        for row in rows:
            for cell, text in zip(table.add_row().cells, row, strict=True):
                self.say(line_of(cell), Phrase(text, self.language))

    def grid(self, shares: list[float]) -> Node:
        table = self.document.add_table(0, len(shares), style="Table Grid")
        table.autofit = False
        for column, share in zip(table.columns, shares, strict=True):
            column.width = int(self.width * share)
        return table

    def say(self, line: Node, phrase: Phrase) -> Node:
        run = self.run(line, manifest.canonical(phrase.text), phrase.field or SAID)
        if phrase.language != self.language:
            speak(run._r.get_or_add_rPr(), phrase.language)
        return run

    def quiet(self, line: Node, text: str) -> None:
        self.run(line, text, SAID).font.color.rgb = _SOFT

    def blank(self, line: Node, words: str, field: str) -> None:
        """A place to write in."""
        self.run(line, words, field, blank=True).font.color.rgb = _SOFT

    def run(self, line: Node, text: str, field: str, *, blank: bool = False) -> Node:
        """A text in a control of its own."""
        control = OxmlElement("w:sdt")
        told, held, run = (OxmlElement(f"w:{name}") for name in ("sdtPr", "sdtContent", "r"))
        control.extend((told, held))
        held.append(run)
        if field == SAID:
            self.said.append(text)
        append(told, "w:tag", **{"w:val": field})
        append(told, "w:id", **{"w:val": str(next(self.numbers))})
        if lock := self._lock(field):
            append(told, "w:lock", **{"w:val": lock})
        if blank:
            append(told, "w:showingPlcHdr")
        append(told, "w:text", **{"w:multiLine": "1"})
        line._p.append(control)
        made = Run(run, line)
        made.text = text
        return made

    def _lock(self, field: str) -> str:
        """What can't be edited, and what can't be deleted since without it nothing finds its place."""
        if field == SAID or field.startswith("periods.") or not self.editable:
            return "sdtContentLocked"
        return "sdtLocked" if field.startswith("goals.") else ""


def line_of(place: Node) -> Node:
    """Its next paragraph: a cell has an empty one from the beginning."""
    if isinstance(place, _Cell):
        last = place._tc[-1]
        if last.tag == qn("w:p") and not len(last):
            return Paragraph(last, place)
    return place.add_paragraph()


def append(parent: Node, name: str, **told: str) -> None:
    element = OxmlElement(name)
    for key, value in told.items():
        element.set(qn(key), value)
    parent.append(element)


def speak(properties: Node, language: str) -> None:
    for known in properties.findall(qn("w:lang")):
        properties.remove(known)
    append(properties, "w:lang", **{"w:val": str(LOCALES[language]).replace("_", "-")})


def shade(cell: Node) -> None:
    properties = cell._tc.get_or_add_tcPr()
    append(properties, "w:shd", **{"w:val": "clear", "w:color": "auto", "w:fill": _TINT})


def _field(line: Node, code: str) -> None:
    append(line._p, "w:fldSimple", **{"w:instr": code})
    run = OxmlElement("w:r")
    line._p[-1].append(run)
    text = OxmlElement("w:t")
    text.text = "1"
    run.append(text)


def repeat(row: Node) -> None:
    """On each page to which its table goes on."""
    append(row._tr.get_or_add_trPr(), "w:tblHeader")
