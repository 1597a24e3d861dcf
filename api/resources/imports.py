"""Imports: one sub-project's records as one document, all or nothing."""

import uuid
from io import BytesIO
from typing import Any, cast

from flask import Response, request, url_for

from api.answers import json_response
from api.blueprint import Blueprint
from api.context import reach, session
from api.crud import register
from api.models.imports import Import
from api.resources import jobs
from api.services import imports as service
from api.services.jobs import TooManyJobs
from api.services.undo import AlreadyUndone, BuiltOn, TooOldToUndo
from api.services.undo import undo as take_back
from schemas import imports as contract
from schemas.jobs import Job, JobKind

blp = Blueprint("imports", access="imports", url_prefix="/api/v1/imports", description=__doc__)
imports = register(
    blp,
    Import,
    filters=("sub_project_id", "provider_id"),
    without=("create", "replace", "patch", "delete"),
)


@blp.route(
    "",
    methods=("POST",),
    endpoint="create",
    max_bytes="MAX_IMPORT_BYTES",
    refuses=(service.PlanMoved, TooManyJobs),
)
@blp.doc(operationId="createImport")
@blp.arguments(contract.ImportQuery(), location="query")
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

    With `dry_run=true` nothing is kept either way: 200 tells what would be created and updated, and a `plan`. The same
    document sent with that `plan` does just that; when rows have changed meanwhile so that it would do something else,
    the answer is 409 with the plan as it would be now.

    With `Prefer: respond-async` the document is kept, and 202 tells of a job that brings it in; `Location` says where
    to ask what became of it. A dry run is answered at once.
    """
    if jobs.wanted() and not query["dry_run"]:
        return jobs.accepted(JobKind.DOCUMENT, BytesIO(request.get_data()), {"plan": query["plan"]})
    plan = service.plan(session(), document, reach())
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
    refuses=(BuiltOn, AlreadyUndone, TooOldToUndo),
)
@blp.doc(operationId="undoImport")
@blp.response(200, contract.Import)
def undo(key: uuid.UUID) -> Response:
    """Undo an import: what was there before is there again

    Rows that it changed say again what they said, and rows that it made are deleted; `undone_at` says when. It is all
    or nothing: 409 `built_on` when a row has changed since or is gone, or another row refers to one that would go;
    `errors` names each by `resource` and `id`. Undo the last of several imports first. After 30 days it is too late.
    """
    take_back(session(), cast(Import, imports.reached(key)))
    return json_response(imports.current(key))
