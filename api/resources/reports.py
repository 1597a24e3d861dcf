"""Reports of a sub-project, and the form compiled from its records."""

import base64
import hashlib
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any, cast

import orjson
from flask import Response, url_for
from werkzeug.http import http_date

from api import context, wire
from api.answers import JSON, SPARSE, accepted, conditional, tag_by_content
from api.blueprint import Blueprint
from api.context import reach
from api.crud import register
from api.documents import docx, html, pdf, sheets
from api.documents.edition import EDITION
from api.documents.form import Form, Seal, form
from api.expansion import Shape
from api.listing import shaped
from api.models.reports import Report
from api.problems import Fault, Invalid, NotFound
from api.resources.exports import CSV, XLSX
from api.services import life
from api.services.reports import compile_form
from schemas import reports as contract
from schemas.fields import Worded
from schemas.lists import item_query, sparse
from schemas.reports import ReportFormat

Node = dict[str, Any]
HTML = "text/html"
PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
MEDIA = {
    ReportFormat.JSON: JSON,
    ReportFormat.HTML: HTML,
    ReportFormat.PDF: PDF,
    ReportFormat.DOCX: DOCX,
    ReportFormat.XLSX: XLSX,
    ReportFormat.CSV: CSV,
}
WRITERS: Mapping[ReportFormat, Callable[[Form], str | bytes]] = {
    ReportFormat.HTML: html.render,
    ReportFormat.PDF: pdf.render,
    ReportFormat.DOCX: docx.render,
    ReportFormat.XLSX: sheets.xlsx,
    ReportFormat.CSV: sheets.csv,
}
# What no browser shows by itself.
FILES = (ReportFormat.DOCX, ReportFormat.XLSX, ReportFormat.CSV)

blp = Blueprint("reports", access="reports", url_prefix="/api/v1/reports", description=__doc__)
reports = register(
    blp,
    Report,
    filters=(
        "sub_project_id",
        "state",
        "project_id",
        "period_id",
        "kind",
        "provider_id",
        "external_id",
    ),
    without=("read",),
)


thin = sparse(contract.CompiledReport)
for shape_of in (contract.CompiledReport, thin):
    blp.embed(shape_of, reports.embedded())


_PDF: Node = {
    "title": "ReportAsPdf",
    "type": "string",
    "format": "binary",
    "description": (
        "A4, tagged (PDF/UA-1); the same bytes as long as the report says the same. A character that none of its fonts "
        "has stands as its number: `[U+1F600]`."
    ),
}
_DOCX: Node = {
    "title": "ReportAsDocx",
    "type": "string",
    "format": "binary",
    "description": (
        "A form to go on editing, laid out as the PDF, with the languages of its texts. Each text of a record stands "
        "in a content control with the name of its field as its tag: `results.<id in base64url>.<version>.text`."
    ),
}
_XLSX: Node = {
    "title": "ReportAsWorkbook",
    "type": "string",
    "format": "binary",
    "description": (
        "A sheet with the head, one with the table of goals and periods, and one with a list for each kind of record. "
        "Texts are never formulas; one that is longer than a cell may be goes on in the next line. "
        "The last, hidden column names the field whose value a line has: `results.<id in base64url>.<version>.text`."
    ),
}
_CSV: Node = {
    "title": "ReportAsTable",
    "type": "string",
    "description": (
        "A line for each thing that is said: goal, period, kind and text, with heads in the language of the document; "
        "a cell without a record has its state and no kind. Written as an export is, with a byte order mark."
    ),
}
_CSV_EXAMPLE = (
    "Goal,Period,Kind,Text\r\nA network of quality,spring 2012,Result,Two meetings were held.\r\n"
)


def answers_documents(view: Callable[..., Response]) -> Callable[..., Response]:
    """Say in the contract which documents a route answers with."""
    for schema, media, more in (
        ({"type": "string"}, HTML, {}),
        (_PDF, PDF, {}),
        (_DOCX, DOCX, {}),
        (_XLSX, XLSX, {}),
        (_CSV, CSV, {"example": _CSV_EXAMPLE}),
    ):
        told = blp.alt_response(200, schema=schema, content_type=media, success=True, **more)
        view = told(view)
    return view


@blp.route(
    "/<uuid:key>",
    endpoint="read",
    produces=(*MEDIA.values(), SPARSE),
    refuses=(life.NoVersion,),
)
@blp.doc(operationId="getReport")
@blp.arguments(
    item_query(contract.CompiledReport, list(reports.members), contract.ReportQuery),
    location="query",
)
@blp.response(200, contract.CompiledReport)
@answers_documents
@blp.alt_response(200, schema=thin, content_type=SPARSE, success=True)
def read(query: dict[str, Any], key: uuid.UUID) -> Response:
    """Read a report with its form compiled from the records, as JSON, as a page to print, or as a file

    The part of the ETag after the dot changes with the records; a write asks only for the part before it. With `as_of`
    it is the version that stood at that moment, at the address that Content-Location tells, with its ETag.
    """
    moment = query.pop("as_of")
    shape = Shape.taken(query, reports.members)
    kind = _format(query, shape)
    if moment:
        return _stood(key, moment, shape, kind, query["language"])
    with reports.reading() as reader:
        report = reports.view.row(reader, reach(), key)
        if report is None:
            raise NotFound
        if shape.fields is None or "form" in shape.fields:
            report["form"] = compile_form(reader, reach(), report)
        shape.expand(reader, [report])
    if kind is ReportFormat.JSON:
        response = shaped(shape.trimmed([report])[0], shape)
    else:
        response = _document(report, kind, query["language"])
    tag_by_content(response, report["version"])
    response.vary.update(("Accept", "Accept-Language"))
    return conditional(response)


def _stood(
    key: uuid.UUID, moment: datetime, shape: Shape, kind: ReportFormat, spoken: str | None
) -> Response:
    """The version of a moment. :raises Invalid: when anything but all of it is asked for"""
    if shape.fields is not None or shape.members:
        text = Worded("A version comes whole, as it was frozen.")
        raise Invalid(faults=[Fault("not_for_versions", text, parameter="as_of")])
    with reports.reading() as reader:
        row = reports.view.row(reader, reach(), key)
        if row is None:
            raise NotFound
        number = life.version_at(reader, row, moment)
        version = life.version(reader, row, number)
    response = frozen(key, cast(life.Frozen, version), kind, spoken)
    response.headers["Content-Location"] = url_for("reports.version", key=key, number=number)
    return response


def frozen(
    key: uuid.UUID, version: life.Frozen, kind: ReportFormat, spoken: str | None
) -> Response:
    """A version as it was frozen, byte for byte, or its document, and when that was (RFC 7089 §2.1.1)."""
    if kind is ReportFormat.JSON:
        response = Response(version.snapshot, content_type=JSON)
        response.set_etag(version.sha256)
        digest = base64.b64encode(bytes.fromhex(version.sha256)).decode()
        response.headers["Repr-Digest"] = f"sha-256=:{digest}:"
        response = conditional(response)
    else:
        response = _frozen_document(version, kind, spoken)
    response.vary.update(("Accept", "Accept-Language"))
    response.headers["Memento-Datetime"] = http_date(version.submitted_at)
    response.headers["Link"] = f'<{url_for("reports.read", key=key)}>; rel="original"'
    return response


def _frozen_document(version: life.Frozen, kind: ReportFormat, spoken: str | None) -> Response:
    """Who has it already is told so before it is made."""
    report = orjson.loads(version.snapshot)
    spoken = spoken or context.language() or report["language"]
    response = Response()
    parts = (version.sha256, str(version.number), kind.value, spoken, EDITION)
    response.set_etag(hashlib.sha256("\n".join(parts).encode()).hexdigest())
    if conditional(response).status_code == HTTPStatus.NOT_MODIFIED:
        return response
    seal = Seal(version.number, version.submitted_at, version.sha256)
    return write(response, form(report, spoken, seal), kind)


def _format(query: dict[str, Any], shape: Shape) -> ReportFormat:
    """A document is always whole. :raises Invalid: when fewer fields, or more, are asked for"""
    plain = shape.fields is None and not shape.members
    asked = ReportFormat(query["format"]) if query["format"] else None
    if asked and asked is not ReportFormat.JSON and not plain:
        text = Worded("A document has all fields, and nothing is expanded in it.")
        raise Invalid(faults=[Fault("not_for_pages", text, parameter="format")])
    if asked or not plain:
        return asked or ReportFormat.JSON
    return preferred()


def preferred() -> ReportFormat:
    """What Accept asks for."""
    wanted = accepted(tuple(MEDIA.values()))
    return next((kind for kind, media in MEDIA.items() if media == wanted), ReportFormat.JSON)


def _document(report: dict[str, Any], kind: ReportFormat, language: str | None) -> Response:
    language = language or context.language() or report["language"]
    shown = form(orjson.loads(wire.dump(report)), language)
    return write(Response(), shown, kind)


def write(response: Response, shown: Form, kind: ReportFormat) -> Response:
    """The document of a form as an answer."""
    response.set_data(WRITERS[kind](shown))
    response.mimetype = MEDIA[kind]
    response.headers["Content-Language"] = shown.language
    how = "attachment" if kind in FILES else "inline"
    response.headers["Content-Disposition"] = f'{how}; filename="{shown.file_name}.{kind}"'
    if kind is ReportFormat.HTML:
        response.headers["Content-Security-Policy"] = (
            f"default-src 'none'; style-src '{html.STYLE_HASH}'; frame-ancestors 'none'"
        )
    return response
