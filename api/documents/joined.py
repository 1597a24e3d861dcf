"""A project's report in words: the accepted reports of its sub-projects, behind a page that lists them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any

from api.documents.form import Form, HeaderLine, Seal, bare_name, form, project_name
from api.documents.passages import joined
from api.documents.texts import Phrase, Texts, phrase

Node = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Part:
    """A report with the name of whose it is."""

    name: str
    form: Form


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the list of all sub-projects: an accepted report, or that there is none."""

    cells: tuple[str, ...]
    part: int
    """Which of the parts it is of, from 1 on; 0 where there is no report."""


@dataclass(frozen=True, slots=True)
class Joined:
    """A project's report in one language.

    `heads` and `rows` are the list of all sub-projects; `columns` the heads of the list of all that is said.
    """

    words: Mapping[str, str]
    columns: Mapping[str, str]
    file_name: str
    language: str
    programme: Phrase
    header: tuple[HeaderLine, ...]
    summary: str
    heads: tuple[str, ...]
    rows: tuple[Row, ...]
    parts: tuple[Part, ...]

    @property
    def name(self) -> str:
        """What a window or a reader's list of files calls it."""
        return " – ".join([self.words["project_report"], self.header[0].lines[0].text])


def join(report: Node, language: str) -> Joined:
    """The document of a project as `GET /projects/{id}/report` gives it, in `fi`, `sv` or `en`."""
    texts, homes = Texts(language), report["sub_projects"]
    number = sum(len(home["reports"]) for home in homes)
    told = {
        "reports": number,
        "reported": sum(bool(home["reports"]) for home in homes),
        "sub_projects": len(homes),
    }
    heads = ("report", "version", "state", "accepted", "cells")
    return Joined(
        words=texts.group("heading"),
        columns=texts.group("joined_column"),
        file_name=bare_name([texts("heading.project_report"), report["project"]["acronym"]]),
        language=language,
        programme=phrase(report["programme"]["name"], language),
        header=tuple(_header(report, texts)),
        summary=texts("joined.summary", **told) if number else texts("joined.none"),
        heads=(texts("joined_column.sub_project"), *(texts(f"joined.{head}") for head in heads)),
        rows=tuple(_rows(homes, texts)),
        parts=tuple(_parts(homes, language)),
    )


def _header(report: Node, texts: Texts) -> Iterator[HeaderLine]:
    """Names of Finnish bodies stay Finnish in every document."""
    yield HeaderLine(texts("heading.project"), (project_name(report["project"], texts),))
    coordinator = Phrase(report["coordinator"]["name"], "fi")
    yield HeaderLine(texts("heading.coordinator"), (coordinator,))


def _parts(homes: list[Node], language: str) -> Iterator[Part]:
    for home in homes:
        for one in home["reports"]:
            seal = Seal(one["number"], datetime.fromisoformat(one["submitted_at"]), one["sha256"])
            # What was frozen was submitted; it is in here because it was accepted.
            accepted = {**one["report"], "state": "accepted"}
            yield Part(_name(home), form(accepted, language, seal))


def _name(home: Node) -> str:
    return joined([home["provider_name"], home["name"]])


def _rows(homes: list[Node], texts: Texts) -> Iterator[Row]:
    numbers = count(1)
    for home in homes:
        if not home["reports"]:
            state = home["state"]
            told = texts.word("report_state", state) if state else texts("joined.no_report")
            yield Row((_name(home), "", "", told, "", ""), 0)
        for one in home["reports"]:
            yield Row((_name(home), *_told(one, texts)), next(numbers))


def _told(one: Node, texts: Texts) -> Iterator[str]:
    report, cells = one["report"], one["report"]["form"]["completeness"]
    day = report["report_date"]
    yield joined([texts.word("report_kind", report["kind"]), texts.day(day) if day else None])
    yield str(one["number"])
    yield texts.word("report_state", "accepted")
    yield texts.day_of(one["accepted_at"])
    yield texts("joined.share", said=cells["cells"] - cells["missing"], cells=cells["cells"])
