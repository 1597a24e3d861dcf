"""The report as a DOCX to go on editing: laid out as the form, with styles, a repeated head and page numbers.

What a text says stands in it as it is; only U+FFFE and U+FFFF, which no XML has, stand as U+FFFD. The same report is
the same bytes.

Each text of a record is a content control, whose tag is the field's name; so are a goal, a period, and a place to write
in where nothing is yet. What we say ourselves is one that can't be edited, tagged `said`: whatever stands in a cell
and in no control has been written by hand.
"""

import io
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import count
from typing import Any
from xml.sax.saxutils import escape, quoteattr
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from docx import Document
from docx.enum.section import WD_ORIENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_TAB_ALIGNMENT
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor
from docx.table import _Cell
from docx.text.paragraph import Paragraph
from docx.text.run import Run

from api.documents import manifest
from api.documents.form import Cell, Form, Row, Table
from api.documents.passages import Passage
from api.documents.texts import LOCALES, Phrase

_TYPES = "http://schemas.openxmlformats.org/officeDocument/2006"
_CUSTOM = "application/vnd.openxmlformats-officedocument.custom-properties+xml"
_PROPERTIES = f"{_TYPES}/relationships/custom-properties"
_CUSTOM_ID = "{D5CDD505-2E9C-101B-9397-08002B2CF9AE}"
_CUSTOM_HEAD = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    f'<Properties xmlns="{_TYPES}/custom-properties" xmlns:vt="{_TYPES}/docPropsVTypes">'
)
_MADE = datetime(2000, 1, 1, tzinfo=UTC)
_NO_XML = re.compile("[\ufffe\uffff]")
_SOFT = RGBColor(0x59, 0x59, 0x59)
_TINT = "F2F2F2"
_MARGIN = Mm(15)
_WIDTH, _HEIGHT = Mm(210), Mm(297)
# Of a table's width, by its number of periods, as in print.
_GOAL = {1: 0.32, 2: 0.28, 3: 0.24, 4: 0.20}
SAID = "said"
_BULLETS = ("List Bullet", "List Bullet 2", "List Bullet 3")

Node = Any  # the library has no types for most of what it makes


def render(form: Form) -> bytes:
    """The document of a report."""
    writer = _Writer(form)
    writer.write()
    file = io.BytesIO()
    writer.document.save(file)
    return _at_no_time(file)


def _at_no_time(file: io.BytesIO) -> bytes:
    """The archive without the time at which it was made."""
    again = io.BytesIO()
    with ZipFile(file) as made, ZipFile(again, "w", ZIP_DEFLATED) as packed:
        for name in made.namelist():
            packed.writestr(ZipInfo(name), made.read(name), ZIP_DEFLATED)
    return again.getvalue()


class _Writer:
    def __init__(self, form: Form):
        self.form = form
        self.document: Node = Document()
        self.section: Node = self.document.sections[0]
        self.numbers = count(1)
        self.said: list[str] = []  # our own words

    def write(self) -> None:
        self._set_up()
        self._page_head()
        if self.form.seal:
            line = self.section.footer.paragraphs[0]
            line.alignment = WD_ALIGN_PARAGRAPH.CENTER
            line.add_run(self.form.seal).font.size = Pt(7.5)
        self._title()
        self._header()
        self.document.add_heading(self.form.words["table"], 2)
        if self.form.without_table:
            self._quiet(self.document.add_paragraph(), self.form.without_table)
        else:
            for table in self.form.tables:
                self._table(table)
            self._quiet(self.document.add_paragraph(), self.form.completeness)
        if self.form.unplaced:
            self.document.add_heading(self.form.words["unplaced"], 2)
            self._quiet(self.document.add_paragraph(), self.form.words["unplaced_note"])
            for section in self.form.unplaced:
                self._passages(self.document, section.passages)
        self._origin()

    def _set_up(self) -> None:
        told = self.document.core_properties
        told.title, told.author, told.comments = self.form.name, "", ""
        told.language = self.form.language
        told.created = told.modified = _MADE
        section, sides = self.section, (_WIDTH, _HEIGHT)
        section.page_width, section.page_height = sides[::-1] if self.form.wide else sides
        if self.form.wide:
            section.orientation = WD_ORIENT.LANDSCAPE
        section.left_margin = section.right_margin = _MARGIN
        section.top_margin = section.bottom_margin = Mm(20)
        styles = self.document.styles
        styles["Normal"].font.size = Pt(10)
        for name in ("Normal", *_BULLETS):
            styles[name].paragraph_format.space_after = Pt(4)
        defaults = styles.element.find(qn("w:docDefaults")).find(qn("w:rPrDefault"))
        _speak(defaults.find(qn("w:rPr")), self.form.language)
        # Where the schema has its place, or Word takes the file for broken.
        hyphenate = OxmlElement("w:autoHyphenation")
        self.document.settings.element.find(qn("w:defaultTabStop")).addnext(hyphenate)

    def _origin(self) -> None:
        """Custom properties, as a part of their own: the library knows none."""
        origin = {**self.form.origin, **manifest.said(self.said)}
        told = "".join(
            f'<property fmtid="{_CUSTOM_ID}" pid="{number}" name={quoteattr(name)}>'
            f"<vt:lpwstr>{escape(value)}</vt:lpwstr></property>"
            for number, (name, value) in enumerate(origin.items(), 2)
        )
        package = self.document.part.package
        blob = f"{_CUSTOM_HEAD}{told}</Properties>".encode()
        package.relate_to(
            Part(PackURI("/docProps/custom.xml"), _CUSTOM, blob, package), _PROPERTIES
        )

    @property
    def width(self) -> int:
        return int(self.section.page_width - 2 * _MARGIN)

    def _page_head(self) -> None:
        """`Raportti … LUONNOS … 1 (2)`."""
        line = self.section.header.paragraphs[0]
        stops = line.paragraph_format.tab_stops
        stops.add_tab_stop(self.width // 2, WD_TAB_ALIGNMENT.CENTER)
        stops.add_tab_stop(self.width, WD_TAB_ALIGNMENT.RIGHT)
        draft = self.form.state.upper() if self.form.draft else ""
        line.add_run(f"{self.form.words['report']}\t{draft}\t")
        _field(line, "PAGE")
        line.add_run(" (")
        _field(line, "NUMPAGES")
        line.add_run(")")

    def _title(self) -> None:
        title = self.document.add_heading(self.form.words["report"], 1)
        for line in (title, first := self.document.add_paragraph()):
            line.paragraph_format.tab_stops.add_tab_stop(self.width, WD_TAB_ALIGNMENT.RIGHT)
        title.add_run("\t")
        self._say(title, self.form.date)
        self._say(first, self.form.programme).bold = True
        first.add_run(f"\t{self.form.state}")
        kind = self.document.add_paragraph(self.form.kind)
        if self.form.title.text:
            kind.add_run(": ")
            self._say(kind, self.form.title)
        elif self.form.open:
            kind.add_run(": ")
            self._blank(kind, self.form.title.field)

    def _header(self) -> None:
        table = self._grid([0.33, 0.67])
        for line in self.form.header:
            heading, value = table.add_row().cells
            _shade(heading)
            heading.paragraphs[0].add_run(line.heading).bold = True
            for phrase in line.lines:
                self._say(_line(value), phrase)

    def _table(self, table: Table) -> None:
        caption = self.document.add_paragraph()
        caption.paragraph_format.keep_with_next = True
        self._quiet(caption, table.caption)
        number = len(table.periods)
        goal = _GOAL[number]
        made = self._grid([goal, *[(1 - goal) / number] * number])
        self._table_head(made, table)
        for row in table.rows:
            self._row(made.add_row().cells, row)
        self.document.add_paragraph()

    def _table_head(self, made: Node, table: Table) -> None:
        upper, lower = made.add_row(), made.add_row()
        for row in (upper, lower):
            _append(row._tr.get_or_add_trPr(), "w:tblHeader")
            for cell in row.cells:
                _shade(cell)
        words = self.form.words
        above, below = upper.cells, lower.cells
        for cell, name in (
            (above[0].merge(below[0]), "goal"),
            (above[1].merge(above[-1]), "results"),
        ):
            cell.paragraphs[0].add_run(words[name]).bold = True
            self._quiet(cell.add_paragraph(), words[f"{name}_note"])
        periods = zip(below[1:], table.periods, table.period_fields, strict=True)
        for cell, period, field in periods:
            self._run(cell.paragraphs[0], period, field).bold = True

    def _row(self, cells: Iterable[Node], row: Row) -> None:
        goal, *others = cells
        self._say(_line(goal), Phrase(row.goal, self.form.author_language, row.field))
        if row.note:
            self._quiet(_line(goal), row.note)
        for made, cell in zip(others, row.cells, strict=True):
            self._cell(made, cell)

    def _cell(self, made: Node, cell: Cell) -> None:
        if cell.missing:
            _shade(made)
        self._passages(made, cell.passages)
        if cell.missing and self.form.open:
            self._blank(_line(made), cell.field)

    def _passages(self, place: Node, passages: Iterable[Passage], depth: int = 0) -> None:
        for passage in passages:
            line = _line(place)
            if depth:
                line.style = self.document.styles[_BULLETS[min(depth, len(_BULLETS)) - 1]]
            self._passage(line, passage)
            self._passages(place, passage.items, depth + 1)

    def _passage(self, line: Node, passage: Passage) -> None:
        if passage.lead:
            self._run(line, passage.lead, SAID).bold = True
            if passage.text:
                self._run(line, " ", SAID)
        if passage.quiet:
            self._quiet(line, passage.text)
        elif passage.text:
            language = self.form.author_language if passage.authored else self.form.language
            self._say(line, Phrase(passage.text, language, passage.field))

    def _grid(self, shares: list[float]) -> Node:
        table = self.document.add_table(0, len(shares), style="Table Grid")
        table.autofit = False
        for column, share in zip(table.columns, shares, strict=True):
            column.width = int(self.width * share)
        return table

    def _say(self, line: Node, phrase: Phrase) -> Node:
        run = self._run(line, _NO_XML.sub("\ufffd", phrase.text), phrase.field or SAID)
        if phrase.language != self.form.language:
            _speak(run._r.get_or_add_rPr(), phrase.language)
        return run

    def _quiet(self, line: Node, text: str) -> None:
        self._run(line, text, SAID).font.color.rgb = _SOFT

    def _blank(self, line: Node, field: str) -> None:
        """A place to write in."""
        self._run(line, self.form.words["write"], field, blank=True).font.color.rgb = _SOFT

    def _run(self, line: Node, text: str, field: str, *, blank: bool = False) -> Node:
        """A text in a control of its own."""
        control = OxmlElement("w:sdt")
        told, held, run = (OxmlElement(f"w:{name}") for name in ("sdtPr", "sdtContent", "r"))
        control.extend((told, held))
        held.append(run)
        if field == SAID:
            self.said.append(text)
        _append(told, "w:tag", **{"w:val": field})
        _append(told, "w:id", **{"w:val": str(next(self.numbers))})
        if lock := self._lock(field):
            _append(told, "w:lock", **{"w:val": lock})
        if blank:
            _append(told, "w:showingPlcHdr")
        _append(told, "w:text", **{"w:multiLine": "1"})
        line._p.append(control)
        made = Run(run, line)
        made.text = text
        return made

    def _lock(self, field: str) -> str:
        """What can't be edited, and what can't be deleted since without it nothing finds its place."""
        if field == SAID or field.startswith("periods.") or not self.form.open:
            return "sdtContentLocked"
        return "sdtLocked" if field.startswith("goals.") else ""


def _line(place: Node) -> Node:
    """Its next paragraph: a cell has an empty one from the beginning."""
    if isinstance(place, _Cell):
        last = place._tc[-1]
        if last.tag == qn("w:p") and not len(last):
            return Paragraph(last, place)
    return place.add_paragraph()


def _append(parent: Node, name: str, **told: str) -> None:
    element = OxmlElement(name)
    for key, value in told.items():
        element.set(qn(key), value)
    parent.append(element)


def _speak(properties: Node, language: str) -> None:
    for known in properties.findall(qn("w:lang")):
        properties.remove(known)
    _append(properties, "w:lang", **{"w:val": str(LOCALES[language]).replace("_", "-")})


def _shade(cell: Node) -> None:
    properties = cell._tc.get_or_add_tcPr()
    _append(properties, "w:shd", **{"w:val": "clear", "w:color": "auto", "w:fill": _TINT})


def _field(line: Node, code: str) -> None:
    _append(line._p, "w:fldSimple", **{"w:instr": code})
    run = OxmlElement("w:r")
    line._p[-1].append(run)
    text = OxmlElement("w:t")
    text.text = "1"
    run.append(text)
