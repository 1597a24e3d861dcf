"""Documents as answers: their media types, what is said of them in the contract, and their headers."""

from collections.abc import Callable
from typing import Any

from flask import Response

from api.answers import JSON, accepted
from api.blueprint import Blueprint
from api.documents import html
from api.documents.edited import DOCX
from api.resources.exports import CSV, XLSX
from schemas.reports import ReportFormat

Node = dict[str, Any]
View = Callable[..., Response]
HTML = "text/html"
PDF = "application/pdf"
MEDIA = {
    ReportFormat.JSON: JSON,
    ReportFormat.HTML: HTML,
    ReportFormat.PDF: PDF,
    ReportFormat.DOCX: DOCX,
    ReportFormat.XLSX: XLSX,
    ReportFormat.CSV: CSV,
}
# What no browser shows by itself.
FILES = (ReportFormat.DOCX, ReportFormat.XLSX, ReportFormat.CSV)

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


def answers_documents(blp: Blueprint) -> Callable[[View], View]:
    """Say in the contract which documents a route answers with."""

    def decorate(view: View) -> View:
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

    return decorate


def preferred() -> ReportFormat:
    """What Accept asks for."""
    wanted = accepted(tuple(MEDIA.values()))
    return next((kind for kind, media in MEDIA.items() if media == wanted), ReportFormat.JSON)


def write(
    response: Response, content: str | bytes, kind: ReportFormat, language: str, name: str
) -> Response:
    """A document as an answer; its file's name has no extension."""
    response.set_data(content)
    response.mimetype = MEDIA[kind]
    response.headers["Content-Language"] = language
    how = "attachment" if kind in FILES else "inline"
    response.headers["Content-Disposition"] = f'{how}; filename="{name}.{kind}"'
    if kind is ReportFormat.HTML:
        response.headers["Content-Security-Policy"] = (
            f"default-src 'none'; style-src '{html.STYLE_HASH}'; frame-ancestors 'none'"
        )
    return response
