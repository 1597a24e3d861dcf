"""Imports: one sub-project's records as one document, all or nothing."""

from typing import Any

from flask import Response, url_for

from api.blueprint import Blueprint
from api.context import reach, session
from api.crud import register
from api.models.imports import Import
from api.services import imports as service
from schemas import imports as contract

blp = Blueprint("imports", access="imports", url_prefix="/api/v1/imports", description=__doc__)
imports = register(
    blp,
    Import,
    filters=("sub_project_id", "provider_id"),
    without=("create", "replace", "patch", "delete"),
)


@blp.route("", methods=("POST",), endpoint="create", max_bytes="MAX_IMPORT_BYTES")
@blp.doc(operationId="createImport")
@blp.arguments(contract.ImportDocument())
@blp.response(201, contract.Import)
def create(document: dict[str, Any]) -> Response:
    """Bring in a sub-project's records, all or nothing

    Each element needs an `external_id` of its resource. Where a row has it already, the element changes what it names
    (a list or null replaces what was there), and what it leaves out stays; equal data changes nothing. Rows that the
    document does not name stay. An element refers to others by their external ids, and to the plan by its codes:
    `goal`, `goals`, `contact`, `period` (`2012-spring`), `project_goal`, … When any element is refused, nothing is
    kept, and `errors` says which and why.
    """
    done = service.run(session(), document, reach())
    response = imports.shown(imports.current(done.id), 201)
    response.headers["Location"] = url_for("imports.read", key=done.id)
    return response
