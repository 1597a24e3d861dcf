"""A project's report: the accepted reports of its sub-projects in one document."""

import hashlib
import uuid
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

import orjson
from flask import Response

from api import context, wire
from api.answers import JSON, conditional
from api.context import database
from api.documents import docx, html, pdf, sheets
from api.documents.edition import EDITION
from api.documents.joined import Joined, join
from api.problems import NotFound
from api.resources import projects as table
from api.resources.papers import MEDIA, answers_documents, preferred, write
from api.services import joined as service
from schemas import joined as contract
from schemas.reports import ReportFormat, VersionQuery
from schemas.vocabulary import Language

# At whose address it stands.
blp = table.blp
WRITERS: Mapping[ReportFormat, Callable[[Joined], str | bytes]] = {
    ReportFormat.HTML: html.render_joined,
    ReportFormat.PDF: pdf.render_joined,
    ReportFormat.DOCX: docx.render_joined,
    ReportFormat.XLSX: sheets.joined_xlsx,
    ReportFormat.CSV: sheets.joined_csv,
}


@blp.route("/<uuid:key>/report", endpoint="report", action="join", produces=tuple(MEDIA.values()))
@blp.doc(operationId="getProjectReport")
@blp.arguments(VersionQuery(), location="query")
@blp.response(200, contract.ProjectReport)
@answers_documents(blp)
def report(query: dict[str, Any], key: uuid.UUID) -> Response:
    """Read the report of a project: the accepted reports of all its sub-projects, in one document

    Of each sub-project its final report, or else its interim ones, in the version that was accepted, as it was frozen;
    of those without an accepted report only how far they have come.
    """
    kind = ReportFormat(query["format"]) if query["format"] else preferred()
    spoken = query["language"] or context.language() or Language.FI.value
    table.must_reach(key)
    with database().all_providers() as everyones:
        found = service.contents(everyones, key)
        if found is None:
            raise NotFound
        response = Response()
        response.vary.update(("Accept", "Accept-Language"))
        response.set_etag(_tag(found, kind, spoken))
        if conditional(response).status_code == HTTPStatus.NOT_MODIFIED:
            return response
        body = wire.dump(service.filled(everyones, found))
    if kind is ReportFormat.JSON:
        response.set_data(body)
        response.mimetype = JSON
        return response
    shown = join(orjson.loads(body), spoken)
    return write(response, WRITERS[kind](shown), kind, spoken, shown.file_name)


def _tag(found: Mapping[str, Any], kind: ReportFormat, spoken: str) -> str:
    """Of what it is made of: the snapshots by their hashes."""
    parts = [kind.value.encode(), wire.dump(found)]
    if kind is not ReportFormat.JSON:
        parts += [spoken.encode(), EDITION.encode()]
    return hashlib.sha256(b"\n".join(parts)).hexdigest()
