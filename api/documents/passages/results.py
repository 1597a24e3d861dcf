"""Results (tulos) in words: the author's own text, or why there is nothing to tell."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from api.documents.passages import Passage, field_name, joined
from api.documents.texts import Texts

STATEMENTS = ("nothing_to_report", "not_applicable")


def results(rows: Iterable[Mapping[str, Any]], texts: Texts) -> Iterator[Passage]:
    for row in rows:
        yield _statement(row, texts) if row["kind"] in STATEMENTS else _result(row, texts)


def _statement(row: Mapping[str, Any], texts: Texts) -> Passage:
    """That there is nothing to tell, and why."""
    label = texts.word("result_kind", row["kind"])
    return Passage(
        row["reason"] or "", label=label, authored=True, field=field_name("results", row, "reason")
    )


def _result(row: Mapping[str, Any], texts: Texts) -> Passage:
    """Activities done are what the form is full of: only what differs from them is labelled."""
    kind = None if row["kind"] == "activity" else texts.word("result_kind", row["kind"])
    progress = None if row["progress"] == "done" else texts.word("progress", row["progress"])
    label = joined([kind, progress and (progress.lower() if kind else progress)])
    return Passage(
        row["text"] or "", label=label, authored=True, field=field_name("results", row, "text")
    )
