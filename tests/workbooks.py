"""Workbooks read as the specification has it, by a library that is not the one that writes them."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from io import BytesIO
from typing import Any

import openpyxl
import orjson
from openpyxl.utils.escape import unescape  # ECMA-376 Part 1, 22.9.2.19

from api.documents.tables import row_of
from schemas.exports import Column, Kind


def opened(content: bytes) -> Any:
    return openpyxl.load_workbook(BytesIO(content))


def rows(columns: Iterable[Column], content: bytes) -> Iterator[dict[str, Any]]:
    """The rows of all sheets, as they were before they became cells."""
    named = {column.name: column for column in columns}
    for sheet in opened(content).worksheets:
        head, *lines = sheet.iter_rows(values_only=True)
        found = [named[name] for name in head]
        for line in lines:
            pairs = zip(found, line, strict=True)
            yield row_of(found, [None if v is None else _value(c.kind, v) for c, v in pairs])


def _value(kind: Kind, cell: Any) -> Any:
    match kind:
        case Kind.DAY:
            assert isinstance(cell, datetime)
            return cell.date().isoformat()
        case Kind.NUMBER:
            return float(cell)
        case Kind.JSON:
            return orjson.loads(unescape(cell))
        case Kind.TEXT:
            return unescape(cell)
    return cell
