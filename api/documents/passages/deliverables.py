"""Deliverables (malli, kuvaus, suunnitelma) in words: what is done on the way into use, and what is promised."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from api.documents.passages import (
    Passage,
    authored,
    bracketed,
    closed,
    field_name,
    joined,
    labelled,
)
from api.documents.passages.meetings import meeting_reference
from api.documents.texts import Texts

Row = Mapping[str, Any]


def deliverables(rows: Iterable[Row], texts: Texts) -> Iterator[Passage]:
    for row in rows:
        yield _deliverable(row, texts)


def _deliverable(row: Row, texts: Texts) -> Passage:
    state = joined([texts(f"deliverables.{row['progress']}"), texts.when(row)], " ")
    title = bracketed(f"{texts.word('deliverable_kind', row['kind'])}: {row['title']}", state)
    based_on = row["based_on"] and labelled(texts("label.based_on"), row["based_on"])
    return Passage(
        joined([closed(title), based_on], " "),
        items=(
            *authored(row["description"], field_name("deliverables", row, "description")),
            *_steps(row, texts),
        ),
    )


def _steps(row: Row, texts: Texts) -> Iterator[Passage]:
    """Stages and deliveries, done ones and promises apart: the form must not mix what was with what will be."""
    steps = [
        *(
            (
                stage["progress"],
                _stage(stage, field_name("deliverables", row, "stages", number, "note"), texts),
            )
            for number, stage in enumerate(row["stages"])
        ),
        *((delivery["progress"], _delivery(delivery, texts)) for delivery in row["deliveries"]),
    ]
    for progress in ("done", "ongoing", "planned"):
        items = tuple(step for reached, step in steps if reached == progress)
        if items:
            yield Passage("", label=texts.word("progress", progress), items=items)


def _stage(stage: Row, field: str, texts: Texts) -> Passage:
    name = texts.word("deliverable_stage", stage["stage"])
    said = joined([stage["body"], stage["date"] and texts.day(stage["date"])])
    sentence = labelled(name, said) if said else closed(name)
    return Passage(sentence, items=authored(stage["note"], field))


def _delivery(delivery: Row, texts: Texts) -> Passage:
    recipient = delivery["recipient"] and texts("label.recipient", recipient=delivery["recipient"])
    said = joined([delivery["channel"], recipient, _delivered(delivery, texts)])
    return Passage(labelled(texts("deliverables.delivery"), said))


def _delivered(delivery: Row, texts: Texts) -> str:
    """The day, or what stands for it: the note as written, the event that the delivery came before."""
    day = delivery["date"] and texts.day(delivery["date"])
    meeting = delivery["meeting"] and meeting_reference(delivery["meeting"], texts)
    if delivery["date_note"]:
        return joined([day, bracketed(delivery["date_note"], meeting)])
    return joined([day, meeting and texts("deliverables.before_meeting", meeting=meeting)])
