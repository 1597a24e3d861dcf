"""Disseminations (tulosten levittäminen) in words: of what, when, to whom and by whom."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from api.documents.passages import Passage, authored, closed, field_name, joined, labelled
from api.documents.texts import Texts

Row = Mapping[str, Any]


def disseminations(rows: Iterable[Row], texts: Texts) -> Iterator[Passage]:
    for row in rows:
        yield _dissemination(row, texts)


def _dissemination(row: Row, texts: Texts) -> Passage:
    lead = joined([texts(f"disseminations.{row['progress']}"), texts.when(row)], " ")
    details = [
        labelled(texts(f"label.{name}"), row[name])
        for name in ("audience", "by_whom", "channel")
        if row[name]
    ]
    # What was spread may be another sub-project's, of which this report knows no title.
    first = labelled(lead, row["of"]) if row["of"] else closed(lead)
    return Passage(
        " ".join([first, *details]),
        items=authored(row["text"], field_name("disseminations", row, "text")),
    )
