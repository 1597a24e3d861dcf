"""Reports of a sub-project, and the form compiled from its records."""

import uuid
from typing import Any

import orjson
from flask import Response

from api import context, wire
from api.answers import JSON, SPARSE, accepted, conditional, tag_by_content
from api.blueprint import Blueprint
from api.context import reach
from api.crud import register
from api.documents import html
from api.expansion import Shape
from api.listing import shaped
from api.models.reports import Report
from api.problems import Fault, Invalid, NotFound
from api.services.reports import compile_form
from schemas import reports as contract
from schemas.fields import Worded
from schemas.lists import item_query, sparse

PAGE = "text/html"

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


@blp.route("/<uuid:key>", endpoint="read", produces=(JSON, PAGE, SPARSE))
@blp.doc(operationId="getReport")
@blp.arguments(
    item_query(contract.CompiledReport, list(reports.members), contract.ReportQuery),
    location="query",
)
@blp.response(200, contract.CompiledReport)
@blp.alt_response(200, schema={"type": "string"}, content_type=PAGE, success=True)
@blp.alt_response(200, schema=thin, content_type=SPARSE, success=True)
def read(query: dict[str, Any], key: uuid.UUID) -> Response:
    """Read a report with its form compiled from the records, as JSON or as a page to print

    The part of the ETag after the dot changes with the records; a write asks only for the part before it.
    """
    shape = Shape.taken(query, reports.members)
    as_page = _wants_page(query, shape)
    with reports.reading() as reader:
        report = reports.view.row(reader, reach(), key)
        if report is None:
            raise NotFound
        if shape.fields is None or "form" in shape.fields:
            report["form"] = compile_form(reader, reach(), report)
        shape.expand(reader, [report])
    response = (
        _page(report, query["language"]) if as_page else shaped(shape.trimmed([report])[0], shape)
    )
    tag_by_content(response, report["version"])
    response.vary.update(("Accept", "Accept-Language"))
    return conditional(response)


def _wants_page(query: dict[str, Any], shape: Shape) -> bool:
    """A page is always whole. :raises Invalid: when fewer fields, or more, are asked for"""
    plain = shape.fields is None and not shape.members
    if query["format"] == "html" and not plain:
        text = Worded("A page has all fields, and nothing is expanded in it.")
        raise Invalid(faults=[Fault("not_for_pages", text, parameter="format")])
    if query["format"] or not plain:
        return bool(query["format"] == "html")
    return accepted((JSON, PAGE)) == PAGE


def _page(report: dict[str, Any], language: str | None) -> Response:
    language = language or context.language() or report["language"]
    page = html.render(orjson.loads(wire.dump(report)), language)
    response = Response(page, content_type=f"{PAGE}; charset=utf-8")
    response.headers["Content-Language"] = language
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src '{html.STYLE_HASH}'; frame-ancestors 'none'"
    )
    return response
