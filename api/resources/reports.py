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
from api.answers import JSON, SPARSE, conditional, tag_by_content
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
from api.resources.papers import MEDIA, answers_documents, preferred, write
from api.scope import Session
from api.services import life
from api.services.reports import compile_form
from schemas import reports as contract
from schemas.fields import Worded
from schemas.life import HOLDING
from schemas.lists import item_query, sparse
from schemas.reports import ReportFormat

WRITERS: Mapping[ReportFormat, Callable[[Form], str | bytes]] = {
    ReportFormat.HTML: html.render,
    ReportFormat.PDF: pdf.render,
    ReportFormat.DOCX: docx.render,
    ReportFormat.XLSX: sheets.xlsx,
    ReportFormat.CSV: sheets.csv,
}
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
@answers_documents(blp)
@blp.alt_response(200, schema=thin, content_type=SPARSE, success=True)
def read(query: dict[str, Any], key: uuid.UUID) -> Response:
    """Read a report with its form compiled from the records, as JSON, as a page to print, or as a file

    The part of the ETag after the dot changes with the records; a write asks only for the part before it. With `as_of`
    it is the version that stood at that moment, at the address that Content-Location tells, with its ETag.

    The document of a report that is submitted or accepted is made of what was frozen, with number, moment and hash at
    its foot, and says in which state it is now.
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
        version = None if kind is ReportFormat.JSON else _held(reader, report)
        if version is None and (shape.fields is None or "form" in shape.fields):
            report["form"] = compile_form(reader, reach(), report)
        shape.expand(reader, [report])
    if kind is ReportFormat.JSON:
        response = shaped(shape.trimmed([report])[0], shape)
    elif version:
        frozen_now = orjson.loads(version.snapshot) | {"state": report["state"]}
        response = _document(frozen_now, kind, query["language"], _seal(version))
    else:
        response = _document(orjson.loads(wire.dump(report)), kind, query["language"])
    tag_by_content(response, report["version"])
    response.vary.update(("Accept", "Accept-Language"))
    return conditional(response)


def _held(reader: Session, report: dict[str, Any]) -> life.Frozen | None:
    """What was frozen of a report that is submitted or accepted, which is what it says."""
    if report["state"] not in HOLDING:
        return None
    number = life.newest(reader, report["provider_id"], report["id"])
    return life.version(reader, report, number) if number else None


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
    return _written(response, form(report, spoken, _seal(version)), kind)


def _seal(version: life.Frozen) -> Seal:
    return Seal(version.number, version.submitted_at, version.sha256)


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


def _document(
    report: dict[str, Any], kind: ReportFormat, language: str | None, seal: Seal | None = None
) -> Response:
    language = language or context.language() or report["language"]
    return _written(Response(), form(report, language, seal), kind)


def _written(response: Response, shown: Form, kind: ReportFormat) -> Response:
    return write(response, WRITERS[kind](shown), kind, shown.language, shown.file_name)
