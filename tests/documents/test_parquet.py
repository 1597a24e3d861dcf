"""Parquet holds what rows hold, in columns of their types."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given

from api.documents import parquet
from schemas.exports import Column, Kind
from tests import parquets
from tests.documents.test_tables import COLUMNS, EMPTY, ROWS, quickly

MOMENT = Column("at", None, Kind.MOMENT)


@quickly
@given(ROWS)
def test_a_file_holds_the_rows_that_were_written(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]]
) -> None:
    path = parquet.write_parquet(
        tmp_path_factory.mktemp("parquet"), COLUMNS, [rows] if rows else []
    )
    assert list(parquets.rows(COLUMNS, path.read_bytes())) == rows


def test_columns_have_the_types_of_what_they_hold(tmp_path: Path) -> None:
    columns = [*COLUMNS, MOMENT]
    row = EMPTY | {"id": "1", "at": "2013-01-18T10:00:00.000001Z"}
    path = parquet.write_parquet(tmp_path, columns, [[row]])
    types = dict(zip(pq.read_schema(path).names, pq.read_schema(path).types, strict=True))
    assert types["count"] == pa.int64()
    assert types["value"] == pa.float64()
    assert types["open"] == pa.bool_()
    assert types["date"] == pa.date32()
    assert types["at"] == pa.timestamp("us", tz="UTC")
    assert list(parquets.rows(columns, path.read_bytes())) == [row]


def test_more_rows_than_a_group_go_on_in_another(tmp_path: Path) -> None:
    rows = [EMPTY | {"id": str(number), "parts": []} for number in range(5)]
    path = parquet.write_parquet(tmp_path, COLUMNS, [rows[:2], rows[2:]])
    assert pq.read_metadata(path).num_row_groups == 2
    assert list(parquets.rows(COLUMNS, path.read_bytes())) == rows


def test_no_row_is_a_file_with_its_columns(tmp_path: Path) -> None:
    path = parquet.write_parquet(tmp_path, COLUMNS, [])
    assert pq.read_metadata(path).num_rows == 0
    assert pq.read_schema(path).names == [column.name for column in COLUMNS]
