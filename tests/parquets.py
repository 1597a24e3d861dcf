"""Parquet files read back to the rows that they hold."""

from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import Any

import orjson
import pyarrow.parquet as pq

from api.documents.tables import row_of
from schemas.exports import Column, Kind


def rows(columns: Iterable[Column], content: bytes) -> Iterator[dict[str, Any]]:
    known = list(columns)
    table = pq.read_table(BytesIO(content))
    assert table.schema.names == [column.name for column in known]
    for row in table.to_pylist():
        yield row_of(known, [_value(column.kind, row[column.name]) for column in known])


def _value(kind: Kind, value: Any) -> Any:
    if value is None:
        return None
    match kind:
        case Kind.DAY:
            return value.isoformat()
        case Kind.MOMENT:
            return value.isoformat().replace("+00:00", "Z")
        case Kind.JSON:
            return orjson.loads(value)
    return value
