"""Tables of rows to bring in: what a spreadsheet holds, or an export has given, one resource at a time."""

from typing import Any

from flask import Response, current_app, request, url_for

from api import bodies
from api.answers import JSON, json_response
from api.blueprint import Blueprint
from api.context import language, reach, session
from api.documents import intake
from api.problems import UnsupportedMediaType
from api.resources.exports import CSV, NDJSON, XLSX
from api.resources.imports import PlanMoved, imports
from api.services import rows, tables
from api.services.elements import ORDER
from schemas import tables as contract
from schemas.fields import Worded
from schemas.imports import ImportPlan
from schemas.vocabulary import Language

Node = dict[str, Any]
TYPES = (CSV, NDJSON, XLSX, JSON)

blp = Blueprint("tables", access="imports", url_prefix="/api/v1/imports", description=__doc__)

_ENCODING: Node = {
    "in": "header",
    "name": "Content-Encoding",
    "description": "How the body is packed, when it is.",
    "schema": {"type": "string", "enum": list(bodies.CODINGS)},
}
_HEADS = (
    "A head and rows. Heads are names of fields, or titles of the form in any of its languages, in capitals or not; a "
    "reference goes by name under its own without `_id`. Empty cells are null, and where there is no null they are "
    "left out; lists are JSON, or names parted by commas; days are `2013-01-18` or `18.1.2013`, numbers have a point "
    "or a comma. "
)
_BODIES: Node = {
    CSV: {
        "title": "TableToImport",
        "type": "string",
        "description": _HEADS
        + "RFC 4180, parted by commas, semicolons or tabs; UTF-8, or else Windows-1252. One "
        "apostrophe at the beginning of a text is taken off.",
    },
    NDJSON: {
        "title": "LinesToImport",
        "type": "string",
        "description": "A JSON object on each line, as an element of an import or as an export has it.",
    },
    XLSX: {
        "title": "WorkbookToImport",
        "type": "string",
        "format": "binary",
        "description": _HEADS
        + "The sheet that is called like the resource, or else the first. Formulas and merged "
        "cells are refused: what they come to is not in every file.",
    },
    JSON: {
        "title": "PageToImport",
        "type": "object",
        "description": "A page with all rows, as an export has it; it is read whole, so that it has a lower bound.",
        "required": ["items"],
        "properties": {
            "items": {
                "type": "array",
                "items": {"title": "RowToImport", "type": "object", "additionalProperties": True},
            },
            "next": {"type": ["string", "null"]},
            "total": {"type": "integer"},
        },
    },
}
_DESCRIPTION = (
    "Rows of any of your sub-projects, any number of them: a table that an export has given, changed in a spreadsheet, "
    "or one of your own. Each row names itself by its `id`, or by its `external_id`, by which it may also be new. What "
    "a table has no column for stays as it is, and what only the system writes is passed over. A row that was read at "
    "another `version` than it has now is refused as `stale` at each field that it would change; one that changes "
    "nothing is let be. References are external ids or ids, or codes of the plan of `project`.\n\nAll or nothing, "
    "unless `partial=true`. `errors` tells `row`, as a spreadsheet counts them, `column`, and what stands there. "
    "`dry_run` and `plan` are as with a document."
)


def _register(stem: str) -> None:
    many = "".join(part.capitalize() for part in stem.split("_"))
    these = stem.replace("_", "-")

    @blp.route(
        f"/{these}",
        methods=("POST",),
        endpoint=stem,
        max_bytes="MAX_TABLE_BYTES",
        refuses=(PlanMoved,),
        spooled=True,
        parameters=[_ENCODING],
    )
    @blp.doc(
        operationId=f"import{many}",
        summary=f"Bring in a table of {these}",
        description=_DESCRIPTION,
        requestBody={"required": True, "content": _content()},
    )
    @blp.arguments(contract.TableQuery(), location="query")
    @blp.response(201, contract.TableImport)
    @blp.alt_response(200, schema=ImportPlan, success=True)
    def bring_in(query: dict[str, Any]) -> Response:
        return _bring_in(stem, query)


def _content() -> Node:
    return {media: {"schema": dict(schema)} for media, schema in _BODIES.items()}


def _bring_in(stem: str, query: dict[str, Any]) -> Response:
    spoken = language() or Language.EN.value
    with session().begin_nested() as trial:
        ground = tables.ground(session(), stem, reach(), query["project"])
        brought = tables.bring_in(session(), _table(stem), ground, partial=query["in_part"])
        if brought.faults and not query["in_part"]:
            raise brought.refusal()
        if query["dry_run"]:
            trial.rollback()
            return json_response(brought.shown(spoken))
    if query["plan"] and query["plan"] != brought.digest.token():
        raise PlanMoved(members={"plan": brought.shown(spoken)})
    done = imports.current(tables.record(session(), brought).id)
    response = imports.shown(done | brought.told(spoken), 201)
    response.headers["Location"] = url_for("imports.read", key=done["id"])
    return response


def _table(stem: str) -> intake.Table:
    """What the body is, by its Content-Type."""
    schema: Any = rows.model_of(stem).schema
    file, config = bodies.spool(), current_app.config
    match request.mimetype:
        case "text/csv":
            return intake.Csv(file, schema, stem)
        case "application/x-ndjson":
            return intake.Ndjson(file, schema, stem)
        case "application/json":
            return intake.Page(file, schema, stem, config["MAX_IMPORT_BYTES"])
    if request.mimetype == XLSX:
        return intake.Workbook(file, schema, stem, config["MAX_TABLE_BYTES"])
    types = ", ".join(TYPES)
    text = Worded("Send one of: {types}.", types=types)
    raise UnsupportedMediaType(text, headers={"Accept": types})


for each in ORDER:
    _register(each)
