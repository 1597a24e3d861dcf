"""Rows as Parquet, for those who analyse them: typed columns, written in groups of rows as the rows come."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
from pyarrow.parquet import ParquetWriter

from api.documents.tables import Row, values
from schemas.exports import Column, Kind

_TYPES: Mapping[Kind, pa.DataType] = {
    Kind.TEXT: pa.string(),
    Kind.WHOLE: pa.int64(),
    Kind.NUMBER: pa.float64(),
    Kind.FLAG: pa.bool_(),
    Kind.DAY: pa.date32(),
    Kind.MOMENT: pa.timestamp("us", tz="UTC"),
    Kind.JSON: pa.string(),
}
_WRITE: Mapping[Kind, Callable[[Any], Any]] = {
    Kind.DAY: date.fromisoformat,
    Kind.MOMENT: datetime.fromisoformat,
    Kind.JSON: lambda value: orjson.dumps(value).decode(),
}


def write_parquet(folder: Path, columns: Sequence[Column], groups: Iterable[Sequence[Row]]) -> Path:
    """A file in this folder. Days are days, moments in UTC to the microsecond, lists JSON, an empty value null.

    :param groups: none of them empty; one at a time is in memory, and a reader takes or skips it whole
    """
    path = folder / "export.parquet"
    schema = pa.schema([(column.name, _TYPES[column.kind]) for column in columns])
    with ParquetWriter(path, schema, compression="zstd") as file:
        for rows in groups:
            file.write_batch(_batch(columns, rows, schema))
    return path


def _batch(columns: Sequence[Column], rows: Sequence[Row], schema: pa.Schema) -> pa.RecordBatch:
    """The rows, turned into columns."""
    found = zip(*(values(columns, row) for row in rows), strict=True)
    told = zip(columns, found, schema, strict=True)
    return pa.record_batch([_array(one, some, field.type) for one, some, field in told], schema)


def _array(column: Column, found: Sequence[Any], type_: pa.DataType) -> pa.Array:
    if write := _WRITE.get(column.kind):
        found = [None if value is None else write(value) for value in found]
    return pa.array(found, type_)
