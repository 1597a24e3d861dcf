"""The report form in words: what stands where, for every writer alike, and how none of them looks."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from api.documents.passages import Passage, bracketed, joined, unless_said
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


@dataclass(frozen=True, slots=True)
class HeaderLine:
    """A line of the form's head: `Hankkeen nimi`, and what stands beside it."""

    heading: str
    lines: tuple[Phrase, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """What was done for one goal in one period; `missing` when nobody has said anything about it."""

    period: str
    state: str
    passages: tuple[Passage, ...]
    missing: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A goal with its cells, one a period of the table."""

    goal: str
    own: bool
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Goals × periods; a report of many periods has several, each with all of its goals."""

    caption: str
    periods: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Form:
    """A whole report in one language; `author_language` is the one its records are written in."""

    language: str
    author_language: str
    kind: str
    title: str
    date: str
    state: str
    draft: bool
    programme: Phrase
    header: tuple[HeaderLine, ...]
    tables: tuple[Table, ...]
    unplaced: tuple[Passage, ...]
    completeness: str


def form(report: Mapping[str, Any], texts: Texts) -> Form:
    """The form of a report as `GET /reports/{id}` gives it; `texts` knows the language and the report's periods."""
    parts = report["form"]
    return Form(
        language=texts.language,
        author_language=report["language"],
        kind=texts.word("report_kind", report["kind"]),
        title=report["title"] or "",
        date=texts.day(report["report_date"]) if report["report_date"] else texts("header.undated"),
        state=texts.word("report_state", report["state"]),
        draft=report["state"] == "draft",
        programme=phrase(parts["programme"]["name"], texts.language),
        header=tuple(_header(parts, report["language"], texts)),
        tables=tuple(_tables(parts, texts)),
        unplaced=_passages(parts["unplaced"], texts),
        completeness=texts("table.completeness", **parts["completeness"]),
    )


def _header(parts: Mapping[str, Any], author_language: str, texts: Texts) -> Iterator[HeaderLine]:
    yield HeaderLine(texts("heading.project"), (_project(parts["project"], texts),))
    if lines := _sub_project(parts["sub_project"]):
        phrases = tuple(Phrase(line, author_language) for line in lines)
        yield HeaderLine(texts("heading.sub_project"), phrases)
    provider = tuple(_provider(parts["provider"], texts))
    yield HeaderLine(texts("heading.provider"), provider)
    contact = tuple(Phrase(line, texts.language) for line in _contact(parts["contact"], texts))
    yield HeaderLine(texts("heading.contact"), contact)


def _project(project: Mapping[str, Any], texts: Texts) -> Phrase:
    name = phrase(project["name"], texts.language)
    return Phrase(bracketed(name.text, unless_said(project["acronym"], name.text)), name.language)


def _sub_project(sub_project: Mapping[str, Any]) -> list[str]:
    return [line for line in (sub_project["name"], sub_project["description"]) if line]


def _provider(provider: Mapping[str, Any], texts: Texts) -> Iterator[Phrase]:
    """Names of Finnish bodies stay Finnish in every document, and are read out as such."""
    short = provider["short_name"] and unless_said(provider["short_name"], provider["name"])
    yield Phrase(bracketed(provider["name"], short), "fi")
    if provider["colleges"]:
        colleges = texts.series(provider["colleges"])
        yield Phrase(texts("header.colleges", colleges=colleges), texts.language)


def _contact(contact: Mapping[str, Any] | None, texts: Texts) -> list[str]:
    if contact is None:
        return [texts("header.no_contact")]
    lines = [
        joined([contact["name"], contact["job_title"]]),
        contact["email"],
        contact["phone"] and texts("header.phone", phone=contact["phone"]),
        contact["postal_address"],
    ]
    return [line for line in lines if line]


def _tables(parts: Mapping[str, Any], texts: Texts) -> Iterator[Table]:
    codes = [period["code"] for period in parts["periods"]]
    for span in _spans(len(codes)):
        names = [texts.period("period", code) for code in codes[span]]
        yield Table(
            caption=texts("table.caption", periods=texts.series(names)),
            periods=tuple(texts.period("period_results", code) for code in codes[span]),
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
        own=goal["project_goal_id"] is None,
        cells=tuple(_cell(cell, texts) for cell in cells[span]),
    )


def _cell(cell: Mapping[str, Any], texts: Texts) -> Cell:
    return Cell(
        period=texts.period("period", cell["period_code"]),
        state=texts.word("cell_state", cell["state"]),
        passages=_passages(cell, texts),
        missing=cell["state"] == "missing",
    )


def _passages(records: Mapping[str, Any], texts: Texts) -> tuple[Passage, ...]:
    """What a cell, or the drawer of records without one, says: `{"results": [...], "meetings": [...], ...}`."""
    return tuple(
        passage
        for stem, worded in RECORDS.items()
        for passage in worded(records.get(stem, ()), texts)
    )
