"""The report form in words: what stands where, for every writer alike, and how none of them looks."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import Any
from unicodedata import normalize

from api.documents import manifest
from api.documents.charts import Chart, charts
from api.documents.passages import (
    Passage,
    bracketed,
    field_name,
    joined,
    outlined,
    plain,
    short_id,
    unless_said,
)
from api.documents.passages.deliverables import deliverables
from api.documents.passages.disseminations import disseminations
from api.documents.passages.feedback import feedback
from api.documents.passages.measurements import measurements
from api.documents.passages.meetings import meetings
from api.documents.passages.results import results
from api.documents.passages.surveys import surveys
from api.documents.texts import Phrase, Texts, phrase

# The records of a cell in the order in which they are read.
RECORDS = {
    "results": results,
    "meetings": meetings,
    "surveys": surveys,
    "disseminations": disseminations,
    "feedback": feedback,
    "measurements": measurements,
    "deliverables": deliverables,
}
# Prose in a narrower column than a quarter of a page is no longer read: more periods make more tables.
PERIODS_A_TABLE = 4
PERIODS_TALL = 3
# Of a version's hash, as many as people compare.
_DIGITS = 16


@dataclass(frozen=True, slots=True)
class HeaderLine:
    """A line of the form's head: `Hankkeen nimi`, and what stands beside it."""

    heading: str
    lines: tuple[Phrase, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """What the records of one kind say; `kind` is their resource's title."""

    kind: str
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """What was done for one goal in one period; `missing` when nobody has said anything about it.

    `state` is said where no record says anything.
    """

    period: str
    state: str
    sections: tuple[Section, ...]
    missing: bool
    field: str
    """`results.new.<goal>.<period>`: what is written here is a new result."""

    @property
    def passages(self) -> tuple[Passage, ...]:
        said = (Passage(self.state, quiet=True),) if self.state else ()
        return (*said, *_joined(self.sections))


@dataclass(frozen=True, slots=True)
class Row:
    """A goal with its cells, one a period of the table; a note tells the provider's own."""

    goal: str
    field: str
    note: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Goals × periods; a report of many periods has several, each with all of its goals."""

    caption: str
    periods: tuple[str, ...]
    period_fields: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Said:
    """One passage as a line of a list: for which goal, in which period, of which kind; "" where there is none."""

    goal: str
    period: str
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Seal:
    """What tells a frozen version: its number, when it was submitted (UTC), and the SHA-256 of its snapshot."""

    number: int
    submitted_at: datetime
    sha256: str


@dataclass(frozen=True, slots=True)
class Form:
    """A whole report in one language; `author_language` is the one its records are written in.

    `words` are the headings of its parts, `columns` those of its list; `file_name` has no extension, and letters that
    every disk takes.
    """

    words: Mapping[str, str]
    columns: Mapping[str, str]
    results: str
    """What its results are called."""
    name: str
    """What a window, a reader's list of files and the head of a page call it."""
    file_name: str
    language: str
    author_language: str
    kind: str
    title: Phrase
    date: Phrase
    state: str
    draft: bool
    open: bool
    """Whether what its provider changes in the document can become the report again."""
    programme: Phrase
    header: tuple[HeaderLine, ...]
    tables: tuple[Table, ...]
    without_table: str
    """Why there is none; "" where there is one."""
    unplaced: tuple[Section, ...]
    completeness: str
    charts: tuple[Chart, ...]
    seal: str
    """A line that tells which frozen version it is; "" of the live report."""
    origin: Mapping[str, str]
    """Which report in which version it shows, for who reads an edited document again."""

    @property
    def wide(self) -> bool:
        """Whether its tables need the page's longer side."""
        return max((len(table.periods) for table in self.tables), default=0) > PERIODS_TALL


def lines(form: Form) -> Iterator[Said]:
    """All that is said in the tables and beneath them, goal by goal."""
    for row, cell in cells(form):
        if cell.state:
            yield Said(row.goal, cell.period, "", cell.state)
        yield from _said(row.goal, cell.period, cell.sections)
    yield from _said("", "", form.unplaced)


def _said(goal: str, period: str, sections: Iterable[Section]) -> Iterator[Said]:
    for section in sections:
        yield from (Said(goal, period, section.kind, plain(one)) for one in section.passages)


def cells(form: Form) -> Iterator[tuple[Row, Cell]]:
    for number, row in enumerate(form.tables[0].rows if form.tables else ()):
        for table in form.tables:
            yield from ((row, cell) for cell in table.rows[number].cells)


def form(report: Mapping[str, Any], language: str, seal: Seal | None = None) -> Form:
    """The form of a report as `GET /reports/{id}` gives it, or as it was frozen, in `fi`, `sv` or `en`."""
    parts = report["form"]
    texts = Texts(language, parts["periods"])
    made = Form(
        words=texts.group("heading"),
        columns=texts.group("column"),
        results=texts.word("followed", "results"),
        name=_name(report, texts),
        file_name=_file_name(report, texts),
        language=language,
        author_language=report["language"],
        kind=texts.word("report_kind", report["kind"]),
        title=Phrase(
            report["title"] or "", report["language"], field_name("reports", report, "title")
        ),
        date=Phrase(
            texts.day(report["report_date"]) if report["report_date"] else texts("header.undated"),
            language,
            field_name("reports", report, "report_date"),
        ),
        state=texts.word("report_state", report["state"]),
        draft=report["state"] == "draft",
        open=seal is None and report["state"] in ("draft", "returned"),
        programme=phrase(parts["programme"]["name"], texts.language),
        header=tuple(_header(parts, report["language"], texts)),
        tables=tuple(_tables(parts, texts)),
        without_table=_without_table(parts, texts),
        unplaced=_sections(parts["unplaced"], texts),
        completeness=texts("table.completeness", **parts["completeness"]),
        charts=tuple(charts(parts, texts)),
        seal=_sealed(seal, texts) if seal else "",
        origin=_origin(report, language, seal),
    )
    told = {name: one.text for name, one in authored(made).items()}
    return replace(made, origin={**made.origin, **manifest.written(told)})


@dataclass(frozen=True, slots=True)
class Authored:
    """A text that is the value of a field, and where it stands; "" where that is no cell."""

    text: str
    goal: str
    period: str


def authored(form: Form) -> dict[str, Authored]:
    """Every text of a record that the form shows, by the identity of its field."""
    found: dict[str, Authored] = {}

    def note(field: str, text: str, goal: str = "", period: str = "") -> None:
        if field and text:
            found.setdefault(manifest.identity(field), Authored(text, goal, period))

    for one in (form.title, form.date, *(part for line in form.header for part in line.lines)):
        note(one.field, one.text)
    for row in form.tables[0].rows if form.tables else ():
        note(row.field, row.goal, row.goal)
    places = [(row.goal, cell.period, cell.sections) for row, cell in cells(form)]
    for goal, period, sections in [*places, ("", "", form.unplaced)]:
        for section in sections:
            for passage in section.passages:
                for _, point in outlined(passage):
                    note(point.field, point.text, goal, period)
    return found


def _sealed(seal: Seal, texts: Texts) -> str:
    moment = texts.moment(seal.submitted_at.isoformat())
    return texts("seal.line", number=seal.number, moment=moment, digits=seal.sha256[:_DIGITS])


def _origin(report: Mapping[str, Any], language: str, seal: Seal | None) -> dict[str, str]:
    """Names and values of the properties that a file keeps whatever program writes it again."""
    frozen = {"lamppu_number": str(seal.number), "lamppu_sha256": seal.sha256} if seal else {}
    return frozen | {
        "lamppu_report": report["id"],
        "lamppu_version": str(report["version"]),
        "lamppu_language": language,
    }


def _name(report: Mapping[str, Any], texts: Texts) -> str:
    """`Raportti – LAMPPU – Lappia – 18.1.2013`, with nothing where there is no date."""
    day = report["report_date"] and texts.day(report["report_date"])
    return joined([texts("heading.report"), *_whose(report), day], " – ")


def _file_name(report: Mapping[str, Any], texts: Texts) -> str:
    """`raportti-lamppu-lappia-2013-01-18`."""
    return bare_name([texts("heading.report"), *_whose(report), report["report_date"]])


def _whose(report: Mapping[str, Any]) -> tuple[str, str]:
    provider = report["form"]["provider"]
    return report["form"]["project"]["acronym"], provider["short_name"] or provider["name"]


def bare_name(parts: Iterable[str | None]) -> str:
    """What every disk takes as a file's name."""
    plain = normalize("NFKD", joined(parts, " ").casefold()).encode("ascii", "ignore").decode()
    return "-".join(re.findall("[a-z0-9]+", plain))[:100]


def _header(parts: Mapping[str, Any], author_language: str, texts: Texts) -> Iterator[HeaderLine]:
    yield HeaderLine(texts("heading.project"), (project_name(parts["project"], texts),))
    if phrases := tuple(_sub_project(parts["sub_project"], author_language)):
        yield HeaderLine(texts("heading.sub_project"), phrases)
    provider = tuple(_provider(parts["provider"], texts))
    yield HeaderLine(texts("heading.provider"), provider)
    yield HeaderLine(texts("heading.contact"), tuple(_contact(parts["contact"], texts)))


def project_name(project: Mapping[str, Any], texts: Texts) -> Phrase:
    name = phrase(project["name"], texts.language)
    return Phrase(bracketed(name.text, unless_said(project["acronym"], name.text)), name.language)


def _sub_project(sub_project: Mapping[str, Any], language: str) -> Iterator[Phrase]:
    for name in ("name", "description"):
        if sub_project[name]:
            field = field_name("sub_projects", sub_project, name)
            yield Phrase(sub_project[name], language, field)


def _provider(provider: Mapping[str, Any], texts: Texts) -> Iterator[Phrase]:
    """Names of Finnish bodies stay Finnish in every document, and are read out as such."""
    short = provider["short_name"] and unless_said(provider["short_name"], provider["name"])
    yield Phrase(bracketed(provider["name"], short), "fi")
    if provider["colleges"]:
        colleges = texts.series(provider["colleges"])
        yield Phrase(texts("header.colleges", colleges=colleges), texts.language)


def _contact(contact: Mapping[str, Any] | None, texts: Texts) -> Iterator[Phrase]:
    if contact is None:
        yield Phrase(texts("header.no_contact"), texts.language)
        return
    yield Phrase(joined([contact["name"], contact["job_title"]]), texts.language)
    if contact["email"]:
        yield Phrase(contact["email"], texts.language, field_name("contacts", contact, "email"))
    if contact["phone"]:
        yield Phrase(texts("header.phone", phone=contact["phone"]), texts.language)
    if contact["postal_address"]:
        field = field_name("contacts", contact, "postal_address")
        yield Phrase(contact["postal_address"], texts.language, field)


def _tables(parts: Mapping[str, Any], texts: Texts) -> Iterator[Table]:
    codes = [period["code"] for period in parts["periods"]]
    for span in _spans(len(codes)):
        names = [texts.period("period", code) for code in codes[span]]
        yield Table(
            caption=texts("table.caption", periods=texts.series(names)),
            periods=tuple(texts.period("period_results", code) for code in codes[span]),
            period_fields=tuple(
                f"periods.{short_id(period['id'])}" for period in parts["periods"][span]
            ),
            rows=tuple(_row(goal, span, texts) for goal in parts["goals"]),
        )


def _spans(periods: int) -> list[slice]:
    """As few tables as will do, and as even as can be: five periods stand as three and two."""
    tables = -(-periods // PERIODS_A_TABLE)
    bounds = [-(-periods * table // tables) for table in range(tables + 1)] if tables else [0]
    return [slice(start, end) for start, end in pairwise(bounds)]


def _row(goal: Mapping[str, Any], span: slice, texts: Texts) -> Row:
    cells: Sequence[Mapping[str, Any]] = goal["cells"]
    return Row(
        goal=goal["text"],
        field=field_name("goals", goal, "text"),
        note="" if goal["project_goal_id"] else texts("table.own_goal"),
        cells=tuple(_cell(cell, goal, texts) for cell in cells[span]),
    )


def _without_table(parts: Mapping[str, Any], texts: Texts) -> str:
    if not parts["periods"]:
        return texts("table.no_periods")
    return "" if parts["goals"] else texts("table.no_goals")


def _cell(cell: Mapping[str, Any], goal: Mapping[str, Any], texts: Texts) -> Cell:
    sections = _sections(cell, texts)
    missing = cell["state"] == "missing"
    return Cell(
        period=texts.period("period", cell["period_code"]),
        state=texts.word("cell_state", cell["state"]) if missing or not sections else "",
        sections=sections + tuple(_previously(cell.get("previously_reported"), texts)),
        missing=missing,
        field=f"results.new.{short_id(goal['id'])}.{short_id(cell['period_id'])}",
    )


def _previously(said: Mapping[str, Any] | None, texts: Texts) -> Iterator[Section]:
    """What an earlier report said otherwise: its words, and not those that the records have now."""
    if said is None:
        return
    before = [(one["resource"], one["before"]) for one in said["records"] if one["before"]]
    records = {stem: [row for resource, row in before if resource == stem] for stem in RECORDS}
    items = tuple(map(_quoted, _joined(_sections(records, texts))))
    text = "" if items else texts.word("cell_state", said["state"])
    label = texts("table.previously", day=texts.day_of(said["submitted_at"]))
    passage = Passage(text, label=label, items=items, quiet=True)
    yield Section(texts("table.previously_kind"), (passage,))


def _quoted(passage: Passage) -> Passage:
    """The same as a thing said once, which is nothing to be edited."""
    return Passage(
        passage.text, passage.label, tuple(map(_quoted, passage.items)), passage.authored
    )


def _sections(records: Mapping[str, Any], texts: Texts) -> tuple[Section, ...]:
    """What a cell, or the drawer of records without one, says: `{"results": [...], "meetings": [...], ...}`."""
    said = {stem: tuple(worded(records.get(stem, ()), texts)) for stem, worded in RECORDS.items()}
    return tuple(
        Section(texts.word("followed", stem), passages)
        for stem, passages in said.items()
        if passages
    )


def _joined(sections: Iterable[Section]) -> Iterator[Passage]:
    for section in sections:
        yield from section.passages
