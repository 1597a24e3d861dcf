"""Every row of a resource in one answer, as a file: for those who take all of it, or put it into a spreadsheet."""

import itertools
import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import IO, Any

from flask import Response, request

from api import context, positions, wire
from api.answers import JSON, SPARSE
from api.blueprint import Blueprint
from api.documents.tables import TooLongForCell, write_csv
from api.lane import CHUNK_BYTES
from api.models.reports import Report
from api.openapi import examples
from api.problems import Fault, Invalid, Stale
from api.services import exports as service
from api.services.exports import Asked
from api.table import Resource
from schemas.base import Schema
from schemas.exports import Extension, columns, export_query, whole
from schemas.fields import Worded
from schemas.lists import sparse
from schemas.reports import CompiledReport

NDJSON = "application/x-ndjson"
CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PARQUET = "application/vnd.apache.parquet"  # registered with IANA
MEDIA = {
    Extension.NDJSON: NDJSON,
    Extension.JSON: JSON,
    Extension.CSV: CSV,
    Extension.XLSX: XLSX,
    Extension.PARQUET: PARQUET,
}
TABLES = (Extension.CSV, Extension.XLSX, Extension.PARQUET)
# Made on disk: no reader can begin before it has the end.
FILES = (Extension.XLSX, Extension.PARQUET)
EXTENSION = f"<any({', '.join(Extension)}):extension>"

log = logging.getLogger("lamppu.exports")

Node = dict[str, Any]
Query = dict[str, Any]


_PARAMETER: Node = {
    "in": "path",
    "name": "extension",
    "description": (
        "`ndjson`: one JSON object a line. `json`: a page of the list with all rows. `csv`: a table by RFC 4180. "
        "`xlsx`: a workbook. `parquet`: typed columns, for analysis."
    ),
    "schema": {"type": "string", "enum": list(Extension)},
    "example": "ndjson",
}
_TABLE: Node = {
    "title": "Table",
    "type": "string",
    "description": (
        "RFC 4180 in UTF-8: a head with the names of the fields (`name.fi` of a text in several languages), CRLF, and "
        "a byte order mark unless `bom=false`. An empty cell is null; a list or an object is JSON. A text that a "
        "spreadsheet would take for a formula (it begins with a sign of plus, minus, equality or at, after blanks or "
        "not, or with a tab or a line break), or that begins with an apostrophe, has an apostrophe before it: who "
        "reads takes one away. So has, within a text, a formula behind a semicolon, a tab or a line break, where some "
        "would begin a cell."
    ),
}
_WORKBOOK: Node = {
    "title": "Workbook",
    "type": "string",
    "format": "binary",
    "description": (
        "One sheet, and more where rows are more than one holds, each with a head like that of CSV. Days are dates of "
        "Excel, moments texts, and texts are as they are, never formulas."
    ),
}
_PARQUET: Node = {
    "title": "Parquet",
    "type": "string",
    "format": "binary",
    "description": (
        "The columns of CSV (`name.fi` of a text in several languages), with their types: days, moments in UTC to the "
        "microsecond, numbers. Lists and objects are JSON."
    ),
}
_ROWS = (
    "Every row that fits, in the order of their ids, from one moment, as many as there are. The server sends them as "
    "it reads them; `xlsx` and `parquet` when they are whole. What holds of all exports stands under Exports in the "
    "introduction."
)
_REPORTS = (
    " Reports by `ndjson` and `json` are whole, as `GET /reports/{id}` shows them: with `form`, compiled from the "
    "records. That takes its time; `fields` without `form` gives rows as the list has them. Tables have no `form`."
)


def _lines(shown: type[Schema], thin: type[Schema]) -> Node:
    """OpenAPI has a word for what each line is from version 3.2 on only."""
    return {
        "title": "Lines",
        "type": "string",
        "description": (
            "A JSON object on each line: `x-line`, beside the schema of this media type, says which; with `fields` it "
            "is `x-sparse-line`."
        ),
        "x-line": {"$ref": f"#/components/schemas/{shown.__name__}"},
        "x-sparse-line": {"$ref": f"#/components/schemas/{thin.__name__}"},
    }


def blueprint(resources: Iterable[Resource]) -> Blueprint:
    """One route for each resource that has a list, with that list's rights and filters."""
    blp = Blueprint("exports", access="exports", url_prefix="/api/v1/exports", description=__doc__)
    for resource in resources:
        _register(blp, resource)
    return blp


def _register(blp: Blueprint, resource: Resource) -> None:
    stem = resource.blp.name
    shown = CompiledReport if resource.model is Report else resource.model.schema
    thin = sparse(shown)
    many = "".join(part.capitalize() for part in stem.split("_"))
    row = examples.given(resource.model.schema())
    line = (wire.dump(examples.given(shown())) + b"\n").decode()
    table = b"".join(write_csv(columns(resource.model.schema), [row], bom=False)).decode()

    @blp.route(
        f"/{stem.replace('_', '-')}.{EXTENSION}",
        endpoint=stem,
        access=stem,
        produces=(*MEDIA.values(), SPARSE),
        streamed=True,
        parameters=[_PARAMETER],
    )
    @blp.doc(
        operationId=f"export{many}",
        summary=f"Export all {stem.replace('_', '-')}",
        description=_ROWS + (_REPORTS if resource.model is Report else ""),
    )
    @blp.arguments(export_query(shown, resource.filters), location="query")
    @blp.response(200, whole(shown))
    @blp.alt_response(200, schema=whole(thin), content_type=SPARSE, success=True)
    @blp.alt_response(
        200, schema=_lines(shown, thin), content_type=NDJSON, example=line, success=True
    )
    @blp.alt_response(200, schema=_TABLE, content_type=CSV, example=table, success=True)
    @blp.alt_response(200, schema=_WORKBOOK, content_type=XLSX, success=True)
    @blp.alt_response(200, schema=_PARQUET, content_type=PARQUET, success=True)
    def export(query: Query, extension: str) -> Response:
        return _answer(resource, query, Extension(extension))


def _answer(resource: Resource, query: Query, extension: Extension) -> Response:
    if request.if_match and not request.if_match.star_tag:
        raise Stale("An export has no version.")
    export = _Export(resource, query, extension)
    response = Response(iter(()), content_type=export.media_type)
    name = f"{resource.blp.name.replace('_', '-')}.{extension}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "private, no-cache"
    response.vary.add("Authorization")
    if position := positions.here():  # before the first row is read
        response.headers["Changes-After"] = position
    if request.method == "GET":
        with ExitStack() as stack:
            chunks = export.begin(response, stack)
            opened = stack.pop_all()
        response.response = _sent(chunks, opened, context.request_id())
        response.call_on_close(opened.close)  # also when not even the first chunk was asked for
    return response


def _sent(chunks: Iterator[bytes], opened: ExitStack, request_id: str) -> Iterator[bytes]:
    """The chunks; what was opened for them is closed when they end, or when the client has gone away.

    Upon an error the server breaks the connection off, so that what has gone out never looks whole.
    """
    with opened:
        try:
            yield from chunks
        except Exception:
            log.error("request %s: an export broke off", request_id)
            raise


class _Export:
    """What was asked for, from the first row to the last byte; what is opened for it hangs on a stack."""

    def __init__(self, resource: Resource, query: Query, extension: Extension):
        self.resource, self.extension = resource, extension
        self.bom = query.pop("bom")
        fields, after = query.pop("fields"), query.pop("after")
        names = None if fields is None else frozenset(("id", *fields))
        given = {name: value for name, value in query.items() if value is not None}
        filters = resource.model.looked_up(given)
        self.asked = Asked(resource.view, context.reach(), filters, after, names)
        self.columns = columns(resource.model.schema, names)
        self._must_fit()

    def _must_fit(self) -> None:
        """:raises Invalid: a parameter that means nothing in this form"""
        text = Worded("Not for an export of this form.")
        if self.bom is not None and self.extension is not Extension.CSV:
            raise Invalid(faults=[Fault("not_for_form", text, parameter="bom")])
        if self.extension in TABLES and "form" in (self.asked.names or ()):
            raise Invalid(faults=[Fault("not_for_form", text, parameter="fields")])

    @property
    def media_type(self) -> str:
        if self.extension is Extension.JSON and self.asked.names:
            return SPARSE
        return MEDIA[self.extension] + (
            "; charset=utf-8" if self.extension is Extension.CSV else ""
        )

    def begin(self, response: Response, stack: ExitStack) -> Iterator[bytes]:
        """Read as far as to the first row, so that what is wrong is told as a problem. :return: chunks to send"""
        if self.extension in FILES or request.environ["SERVER_PROTOCOL"] == "HTTP/1.0":
            # Before HTTP/1.1 nothing but its length tells a whole answer from one that broke off (RFC 9112 §6.3).
            with ExitStack() as reading:
                file = self._file(reading, stack)
            response.content_length = file.seek(0, os.SEEK_END)
            file.seek(0)
            return iter(partial(file.read, CHUNK_BYTES), b"")
        return self._chunks(stack)

    def _file(self, reading: ExitStack, stack: ExitStack) -> IO[bytes]:
        if self.extension not in FILES:
            return service.whole(self._chunks(reading), stack)
        if self.extension is Extension.PARQUET:
            return service.parquet(self._lines(reading), self.columns, stack)
        try:
            return service.xlsx(self._lines(reading), self.columns, self.resource.blp.name, stack)
        except TooLongForCell as error:
            text = Worded(
                "{column} of {id} is longer than a cell of XLSX may be.",
                column=error.column.name,
                id=error.row["id"],
            )
            fault = Fault("too_long_for_cell", text, parameter="extension")
            raise Invalid(faults=[fault]) from error

    def _chunks(self, stack: ExitStack) -> Iterator[bytes]:
        lines = self._lines(stack)
        if self.extension is Extension.CSV:
            return service.csv(lines, self.columns, bom=self.bom is not False)
        return service.json(lines) if self.extension is Extension.JSON else lines

    def _lines(self, stack: ExitStack) -> Iterator[bytes]:
        session = stack.enter_context(self.resource.snapshot())
        compiled = self.resource.model is Report and self.extension not in TABLES
        if compiled and (self.asked.names is None or "form" in self.asked.names):
            lines = service.reports(session, self.asked)
        else:
            lines = service.rows(session, self.asked, stack)
        return itertools.chain(list(itertools.islice(lines, 1)), lines)
