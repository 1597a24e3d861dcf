"""Surveys (kysely) in words: what was asked, of whom, until when and how often."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from api.documents.passages import Passage, authored, bracketed, closed, field_name, labelled
from api.documents.texts import Texts

Row = Mapping[str, Any]


def surveys(rows: Iterable[Row], texts: Texts) -> Iterator[Passage]:
    for row in rows:
        yield _survey(row, texts)


def _survey(row: Row, texts: Texts) -> Passage:
    sentences = [
        labelled(texts(f"surveys.{row['progress']}"), row["title"]),
        *_groups(row, texts),
        *_time_to_answer(row, texts),
        *_recurrence(row, texts),
        *_questions(row, texts),
    ]
    return Passage(
        " ".join(sentences), items=authored(row["purpose"], field_name("surveys", row, "purpose"))
    )


def _groups(row: Row, texts: Texts) -> Iterator[str]:
    if row["respondent_groups"]:
        groups = [_group(group, texts) for group in row["respondent_groups"]]
        yield labelled(texts("label.groups"), texts.series(groups))


def _group(group: Row, texts: Texts) -> str:
    counts = {
        name: texts.number(group[name])
        for name in ("invited", "answered")
        if group[name] is not None
    }
    said = texts(f"surveys.{'_'.join(counts)}", **counts) if counts else None
    word = texts.word("respondent_group", group["group"])
    return bracketed(group["label"] or word, said)


def _time_to_answer(row: Row, texts: Texts) -> Iterator[str]:
    days = {
        name: texts.day(row[f"{name}_on"])
        for name in ("opens", "closes")
        if row[f"{name}_on"] is not None
    }
    if days:
        key = "open_between" if len(days) == 2 else next(iter(days))
        yield closed(texts(f"surveys.{key}", **days))


def _recurrence(row: Row, texts: Texts) -> Iterator[str]:
    if row["recurrence"]:
        yield closed(texts.word("recurrence", row["recurrence"]))


def _questions(row: Row, texts: Texts) -> Iterator[str]:
    """How many, and how many of them may be answered in free words: what they ask has no place on the form."""
    count = len(row["questions"])
    free = sum(question["free_comment"] for question in row["questions"])
    if count:
        key = "questions" + ("_all_free" if free == count else "_some_free" if free else "")
        yield closed(texts(f"surveys.{key}", count=count, free=free))
