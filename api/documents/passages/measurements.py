"""Measurements (mittari) in words: the value beside where it started and where it should go."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from api.documents.passages import Passage, authored, bracketed, closed, field_name
from api.documents.texts import Texts

Row = Mapping[str, Any]


def measurements(rows: Iterable[Row], texts: Texts) -> Iterator[Passage]:
    items = tuple(_measurement(row, texts) for row in rows)
    if items:
        yield Passage(f"{texts('label.measurements')}:", items=items)


def _measurement(row: Row, texts: Texts) -> Passage:
    indicator = row["indicator"]
    unit = indicator["unit"]
    marks = [
        texts(f"measurements.{name}", value=texts.quantity(indicator[name], unit))
        for name in ("baseline", "target")
        if indicator[name] is not None
    ]
    measured = row["measured_on"] and texts(
        "measurements.measured", day=texts.day(row["measured_on"])
    )
    said = bracketed(
        f"{indicator['name']}: {texts.quantity(row['value'], unit)}",
        *marks,
        texts.word("direction", indicator["direction"]),
        measured,
    )
    return Passage(
        closed(said), items=authored(row["note"], field_name("measurements", row, "note"))
    )
