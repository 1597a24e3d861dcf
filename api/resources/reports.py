"""Reports of a sub-project, and the form compiled from its records."""

import hashlib
import uuid
from typing import Any

import orjson
from flask import Response, request

from api import context, wire
from api.blueprint import Blueprint
from api.context import reach
from api.crud import conditional, json_response, register
from api.documents import html
from api.models.reports import Report
from api.problems import NotFound
from api.services.reports import compile_form
from schemas import reports as contract

PAGE, DATA = "text/html", "application/json"

blp = Blueprint("reports", access="reports", url_prefix="/api/v1/reports", description=__doc__)
reports = register(
    blp,
    Report,
    filters=("sub_project_id", "state", "provider_id", "external_id"),
    without=("read",),
)


@blp.route("/<uuid:key>", endpoint="read", produces=(DATA, PAGE))
@blp.doc(operationId="getReport")
@blp.arguments(contract.ReportQuery(), location="query")
@blp.response(200, contract.CompiledReport)
@blp.alt_response(200, schema={"type": "string"}, content_type=PAGE, success=True)
def read(query: dict[str, Any], key: uuid.UUID) -> Response:
    """Read a report with its form compiled from the records, as JSON or as a page to print

    The part of the ETag after the dot changes with the records; a write asks only for the part before it.
    """
    with reports.reading() as reader:
        report = reports.view.row(reader, reach(), key)
        if report is None:
            raise NotFound
        report["form"] = compile_form(reader, reach(), report)
    response = _page(report, query["language"]) if _wants_page(query) else json_response(report)
    digest = hashlib.sha256(response.get_data()).hexdigest()[:16]
    response.set_etag(f"{report['version']}.{digest}")
    response.vary.update(("Accept", "Accept-Language"))
    return conditional(response)


def _wants_page(query: dict[str, Any]) -> bool:
    if query["format"]:
        return bool(query["format"] == "html")
    return request.accept_mimetypes.best_match([DATA, PAGE]) == PAGE


def _page(report: dict[str, Any], language: str | None) -> Response:
    language = language or context.language() or report["language"]
    page = html.render(orjson.loads(wire.dump(report)), language)
    response = Response(page, content_type=f"{PAGE}; charset=utf-8")
    response.headers["Content-Language"] = language
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src '{html.STYLE_HASH}'; frame-ancestors 'none'"
    )
    return response
