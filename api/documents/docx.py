"""The report as a DOCX to go on editing: laid out as the form, with styles, a repeated head and page numbers.

Each text of a record is a content control, whose tag is the field's name; so are a goal, a period, and a place to write
in where nothing is yet. What we say ourselves is one that can't be edited, tagged `said`: whatever stands in a cell
and in no control has been written by hand. The same report is the same bytes.
"""

from collections.abc import Iterable, Iterator
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from docx.enum.section import WD_SECTION
from docx.enum.text import WD_TAB_ALIGNMENT
from docx.opc.packuri import PackURI
from docx.opc.part import Part

from api.documents import manifest, word
from api.documents.form import Cell, Form, Row, Table
from api.documents.joined import Joined
from api.documents.passages import Passage
from api.documents.texts import Phrase
from api.documents.word import BULLETS, SAID, Pages

_TYPES = "http://schemas.openxmlformats.org/officeDocument/2006"
_CUSTOM = "application/vnd.openxmlformats-officedocument.custom-properties+xml"
_PROPERTIES = f"{_TYPES}/relationships/custom-properties"
_CUSTOM_ID = "{D5CDD505-2E9C-101B-9397-08002B2CF9AE}"
_CUSTOM_HEAD = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    f'<Properties xmlns="{_TYPES}/custom-properties" xmlns:vt="{_TYPES}/docPropsVTypes">'
)
# Of a table's width, by its number of periods, as in print.
_GOAL = {1: 0.32, 2: 0.28, 3: 0.24, 4: 0.20}
# Of a list's, its first column.
_LISTED = 0.3
Node = Any  # the library has no types for most of what it makes


def render(form: Form) -> bytes:
    """The document of a report."""
    document = word.document_of(form.name, form.language)
    writer = _Writer(document, document.sections[0], form)
    writer.write(form.words["report"], 1)
    writer.tell_origin()
    return word.packed(document)


def render_joined(joined: Joined) -> bytes:
    """The document of a project: nothing of it can be edited, since each report has its own."""
    document, words = word.document_of(joined.name, joined.language), joined.words
    front = Pages(document, document.sections[0], joined.language, editable=False)
    front.lay_out(words["project_report"], "", "", wide=False)
    document.add_heading(words["project_report"], 1)
    front.say(document.add_paragraph(), joined.programme).bold = True
    front.header(joined.header)
    document.add_heading(words["sub_projects"], 2)
    front.quiet(document.add_paragraph(), joined.summary)
    front.rows(joined.heads, [row.cells for row in joined.rows], _LISTED)
    for part in joined.parts:
        section = document.add_section(WD_SECTION.NEW_PAGE)
        _Writer(document, section, part.form, front.numbers).write(part.name, 2)
    return word.packed(document)


class _Writer(Pages):
    def __init__(
        self, document: Node, section: Node, form: Form, numbers: Iterator[int] | None = None
    ):
        super().__init__(document, section, form.language, editable=form.open, numbers=numbers)
        self.form = form

    def write(self, heading: str, level: int) -> None:
        """:param level: of its heading"""
        form, words = self.form, self.form.words
        draft = form.state.upper() if form.draft else ""
        self.lay_out(words["report"], draft, form.seal, wide=form.wide)
        self._title(heading, level)
        self.header(form.header)
        self.document.add_heading(words["table"], level + 1)
        if form.without_table:
            self.quiet(self.document.add_paragraph(), form.without_table)
        else:
            for table in form.tables:
                self._table(table)
            self.quiet(self.document.add_paragraph(), form.completeness)
        if form.unplaced:
            self.document.add_heading(words["unplaced"], level + 1)
            self.quiet(self.document.add_paragraph(), words["unplaced_note"])
            for section in form.unplaced:
                self._passages(self.document, section.passages)

    def tell_origin(self) -> None:
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

    def _title(self, heading: str, level: int) -> None:
        title = self.document.add_heading(heading, level)
        for line in (title, first := self.document.add_paragraph()):
            line.paragraph_format.tab_stops.add_tab_stop(self.width, WD_TAB_ALIGNMENT.RIGHT)
        title.add_run("\t")
        self.say(title, self.form.date)
        self.say(first, self.form.programme).bold = True
        first.add_run(f"\t{self.form.state}")
        kind = self.document.add_paragraph(self.form.kind)
        if self.form.title.text:
            kind.add_run(": ")
            self.say(kind, self.form.title)
        elif self.form.open:
            kind.add_run(": ")
            self.blank(kind, self.form.words["write"], self.form.title.field)

    def _table(self, table: Table) -> None:
        caption = self.document.add_paragraph()
        caption.paragraph_format.keep_with_next = True
        self.quiet(caption, table.caption)
        number = len(table.periods)
        goal = _GOAL[number]
        made = self.grid([goal, *[(1 - goal) / number] * number])
        self._table_head(made, table)
        for row in table.rows:
            self._row(made.add_row().cells, row)
        self.document.add_paragraph()

    def _table_head(self, made: Node, table: Table) -> None:
        upper, lower = made.add_row(), made.add_row()
        for row in (upper, lower):
            word.repeat(row)
            for cell in row.cells:
                word.shade(cell)
        words = self.form.words
        above, below = upper.cells, lower.cells
        for cell, name in (
            (above[0].merge(below[0]), "goal"),
            (above[1].merge(above[-1]), "results"),
        ):
            cell.paragraphs[0].add_run(words[name]).bold = True
            self.quiet(cell.add_paragraph(), words[f"{name}_note"])
        periods = zip(below[1:], table.periods, table.period_fields, strict=True)
        for cell, period, field in periods:
            self.run(cell.paragraphs[0], period, field).bold = True

    def _row(self, cells: Iterable[Node], row: Row) -> None:
        goal, *others = cells
        self.say(word.line_of(goal), Phrase(row.goal, self.form.author_language, row.field))
        if row.note:
            self.quiet(word.line_of(goal), row.note)
        for made, cell in zip(others, row.cells, strict=True):
            self._cell(made, cell)

    def _cell(self, made: Node, cell: Cell) -> None:
        if cell.missing:
            word.shade(made)
        self._passages(made, cell.passages)
        if cell.missing and self.form.open:
            self.blank(word.line_of(made), self.form.words["write"], cell.field)

    def _passages(self, place: Node, passages: Iterable[Passage], depth: int = 0) -> None:
        for passage in passages:
            line = word.line_of(place)
            if depth:
                line.style = self.document.styles[BULLETS[min(depth, len(BULLETS)) - 1]]
            self._passage(line, passage)
            self._passages(place, passage.items, depth + 1)

    def _passage(self, line: Node, passage: Passage) -> None:
        if passage.lead:
            self.run(line, passage.lead, SAID).bold = True
            if passage.text:
                self.run(line, " ", SAID)
        if passage.quiet:
            self.quiet(line, passage.text)
        elif passage.text:
            language = self.form.author_language if passage.authored else self.form.language
            self.say(line, Phrase(passage.text, language, passage.field))
