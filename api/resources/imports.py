"""Imports: one sub-project's records as one document, all or nothing."""

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from flask import Response, current_app, request, url_for

from api import bodies, wire
from api.answers import JSON, json_response
from api.blueprint import Blueprint
from api.context import reach, session
from api.crud import register
from api.documents.edited import DOCX
from api.models.imports import Import
from api.openapi import examples, tabular
from api.problems import UnsupportedMediaType
from api.resources import jobs
from api.resources.exports import NDJSON, XLSX
from api.services import imports as service
from api.services.elements import ORDER
from api.services.jobs import TooManyJobs
from api.services.locks import Locked
from api.services.undo import AlreadyUndone, BuiltOn, TooOldToUndo
from api.services.undo import undo as take_back
from api.services.wholes import Whole, of_document, read
from schemas import imports as contract
from schemas.fields import Worded
from schemas.jobs import Job, JobKind

TYPES = (JSON, NDJSON, XLSX, DOCX)
TABLES: dict[str, Any] = {
    NDJSON: {
        "schema": {
            "title": "SubProjectLines",
            "type": "string",
            "description": "A JSON object on each line: an element, with the stem of its `resource`; for each of these "
            "`x-lines`, beside the schema of this media type, says what else the line has.",
        },
        "x-lines": ORDER,
        "example": "".join(
            wire.dump({"resource": stem} | tabular.example(stem)).decode() + "\n"
            for stem in ("sub_projects", "contacts", "goals")
        ),
    },
    XLSX: {
        "schema": {
            "title": "SubProjectWorkbook",
            "type": "string",
            "format": "binary",
            "description": "A sheet for each resource, the columns of which are the properties of its schema in "
            "`x-lines`, beside the schema of this media type. "
            + tabular.HEADS
            + "Formulas and merged cells are refused. Or a report's workbook, as for DOCX.",
        },
        "x-lines": ORDER,
    },
    DOCX: {
        "schema": {
            "title": "EditedReport",
            "type": "string",
            "format": "binary",
            "description": "The document that `GET /reports/{id}?format=docx` gave, edited by hand.",
        },
    },
}

_MOMENT = "2013-01-18T10:15:42.125000Z"
_UNDONE = examples.given(contract.Import())
_UNDONE |= {"version": 2, "updated_at": _MOMENT, "undone_at": _MOMENT}

blp = Blueprint("imports", access="imports", url_prefix="/api/v1/imports", description=__doc__)
imports = register(
    blp,
    Import,
    filters=("sub_project_id", "provider_id"),
    without=("create", "replace", "patch", "delete"),
)


def _or_tables(view: Callable[[dict[str, Any]], Response]) -> Callable[[dict[str, Any]], Response]:
    """What is no JSON document is read by another hand, after the same gate."""

    @wraps(view)
    def chosen(query: dict[str, Any]) -> Response:
        if request.mimetype not in TYPES:
            types = ", ".join(TYPES)
            text = Worded("Send one of: {types}.", types=types)
            raise UnsupportedMediaType(text, headers={"Accept": types})
        if request.mimetype == JSON:
            return view(query)
        if _may_wait(query):
            return _accepted(query)
        return _brought_in(query, read(request.mimetype, bodies.spool(), _most()))

    return chosen


@blp.route(
    "",
    methods=("POST",),
    endpoint="create",
    max_bytes="MAX_IMPORT_BYTES",
    refuses=(service.PlanMoved, TooManyJobs),
    spooled=True,
    parameters=[tabular.ENCODING],
)
@blp.doc(operationId="createImport", requestBody={"content": TABLES})
@blp.arguments(contract.ImportQuery(), location="query")
@_or_tables
@blp.arguments(contract.ImportDocument())
@blp.response(201, contract.Import)
@blp.alt_response(200, schema=contract.ImportPlan, success=True)
@blp.alt_response(202, schema=Job, success=True)
def create(query: dict[str, Any], document: dict[str, Any]) -> Response:
    """Bring in a sub-project's records, all or nothing

    Each element needs an `external_id` of its resource. Where a row has it already, the element changes what it names
    (a list or null replaces what was there), and what it leaves out stays; equal data changes nothing. Rows that the
    document does not name stay. An element refers to others by their external ids, and to the plan by its codes:
    `goal`, `goals`, `contact`, `period` (`2012-spring`), `project_goal`, … When any element is refused, nothing is
    kept, and `errors` says which and why.

    The same may come as NDJSON, each line with its `resource`, or as a workbook with a sheet for each resource, called
    by its stem or its title in any of the languages; `GET /imports/template.xlsx` is an empty one. There the one row
    of the sub-project names its `project`, by the acronym; `errors` tells `resource`, `row` and `column`; and rows may
    have `id` and `version`, as those of a table.

    Or it is the DOCX or the workbook of a report, as `GET /reports/{id}` gave it, edited by hand: what was changed in
    it changes the records that it shows, what was written into a cell becomes a result there, and what is as it was
    given out changes nothing. Where the system says something else since, `stale` tells both texts, as `value` and
    `current`.

    With `dry_run=true` nothing is kept either way: 200 tells what would be created and updated, and a `plan`. The same
    document sent with that `plan` does just that; when rows have changed meanwhile so that it would do something else,
    the answer is 409 with the plan as it would be now.

    With `Prefer: respond-async` the document is kept, and 202 tells of a job that brings it in; `Location` says where
    to ask what became of it. A dry run is answered at once.
    """
    if _may_wait(query):
        return _accepted(query)
    return _brought_in(query, of_document(document))


def _may_wait(query: dict[str, Any]) -> bool:
    return jobs.wanted() and not query["dry_run"]


def _accepted(query: dict[str, Any]) -> Response:
    file = bodies.spool()
    file.seek(0)
    told = {"plan": query["plan"], "media": request.mimetype, "most": _most()}
    return jobs.accepted(JobKind.DOCUMENT, file, told)


def _most() -> int:
    return int(current_app.config["MAX_IMPORT_BYTES"])


def _brought_in(query: dict[str, Any], whole: Whole) -> Response:
    plan = service.plan(session(), whole, reach())
    if query["dry_run"]:
        service.rehearse(session(), plan)
        return json_response(plan.shown())
    plan.must_be(query["plan"])
    done = service.carry_out(session(), plan)
    response = imports.shown(imports.current(done.id), 201)
    response.headers["Location"] = url_for("imports.read", key=done.id)
    return response


@blp.route(
    "/<uuid:key>/undo",
    methods=("POST",),
    endpoint="undo",
    refuses=(BuiltOn, AlreadyUndone, TooOldToUndo, Locked),
)
@blp.doc(operationId="undoImport")
@blp.response(200, contract.Import, example=_UNDONE)
def undo(key: uuid.UUID) -> Response:
    """Undo an import: what was there before is there again

    Rows that it changed say again what they said, and rows that it made are deleted; `undone_at` says when. It is all
    or nothing: 409 `built_on` when a row has changed since or is gone, or another row refers to one that would go;
    `errors` names each by `resource` and `id`. Undo the last of several imports first. After 30 days it is too late.
    """
    take_back(session(), cast(Import, imports.reached(key)))
    return json_response(imports.current(key))
