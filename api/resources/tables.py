"""Tables of rows to bring in: what a spreadsheet holds, or an export has given, one resource at a time."""

from collections.abc import Iterator
from contextlib import ExitStack
from copy import copy
from dataclasses import replace
from functools import partial
from typing import IO, Any

from flask import Response, current_app, request, url_for

from api import bodies, wire
from api.answers import JSON, json_response, public
from api.blueprint import Blueprint
from api.context import language, reach, session
from api.documents import blanks, intake
from api.documents.corrections import correction_of, why
from api.documents.heads import ERROR
from api.openapi import examples, tabular
from api.problems import UnsupportedMediaType
from api.resources import jobs
from api.resources.exports import CSV, NDJSON, XLSX
from api.resources.forms import PUBLIC
from api.resources.imports import TABLES, imports
from api.services import rows, tables
from api.services.elements import ORDER
from api.services.imports import PlanMoved
from api.services.jobs import TooManyJobs
from schemas import tables as contract
from schemas.exports import Extension
from schemas.fields import Worded
from schemas.forms import FormQuery, title_of
from schemas.imports import ImportPlan
from schemas.jobs import Job, JobKind
from schemas.vocabulary import Language

Node = dict[str, Any]
TYPES = (CSV, NDJSON, XLSX, JSON)
EXTENSION = "<any(csv, xlsx):extension>"

blp = Blueprint("tables", access="imports", url_prefix="/api/v1/imports", description=__doc__)

_BODIES: Node = {
    CSV: {
        "title": "TableToImport",
        "type": "string",
        "description": tabular.HEADS
        + "The columns are the properties of `x-line`, beside the schema of this media type. "
        "RFC 4180, parted by commas, semicolons or tabs; UTF-8, or else Windows-1252. One "
        "apostrophe at the beginning of a text is taken off, and one before a formula behind a semicolon, "
        "a tab or a line break within it.",
    },
    NDJSON: {
        "title": "LinesToImport",
        "type": "string",
        "description": "A JSON object on each line, as an element of an import or as an export has it: `x-line`, "
        "beside the schema of this media type, says which.",
    },
    XLSX: {
        "title": "WorkbookToImport",
        "type": "string",
        "format": "binary",
        "description": tabular.HEADS
        + "The columns are the properties of `x-line`, beside the schema of this media type. "
        "The sheet that is called like the resource, or else the first. Formulas and merged "
        "cells are refused: what they come to is not in every file.",
    },
}
_REFUSED_BODIES: Node = {
    CSV: {
        "title": "RefusedTable",
        "type": "string",
        "description": "The head and the refused rows as they came, parted as they were, with a column `error` at the "
        "end; UTF-8 with a byte order mark.",
    },
    NDJSON: {
        "title": "RefusedLines",
        "type": "string",
        "description": "The refused lines as they came, each with `error`; what is no JSON object comes as `line`.",
        "x-line": {"$ref": "#/components/schemas/RefusedRow"},
    },
    XLSX: {
        "title": "RefusedWorkbook",
        "type": "string",
        "format": "binary",
        "description": "One sheet: the head and the refused rows as they came, with a column `error` at the end.",
    },
}
_TEMPLATES: Node = {
    CSV: {
        "title": "TableTemplate",
        "type": "string",
        "description": "A head and an example row. UTF-8 with a byte order mark, parted as spreadsheets of the "
        "language read it: in Finnish and Swedish by semicolons, with days as `18.1.2013` and numbers with a comma; in "
        "English by commas, with days as `2013-01-18`.",
    },
    XLSX: {
        "title": "WorkbookTemplate",
        "type": "string",
        "format": "binary",
        "description": "A sheet with a head and an example row, and one that says what each column is for.",
    },
}
_DESCRIPTION = (
    "Rows of any of your sub-projects, any number of them: a table that an export has given, changed in a spreadsheet, "
    "or one of your own. Each row names itself by its `id`, or by its `external_id`, by which it may also be new. What "
    "a table has no column for stays as it is, and what only the system writes is passed over. A row that was read at "
    "another `version` than it has now is refused as `stale` at each field that it would change; one that changes "
    "nothing is let be. References are external ids or ids, or codes of the plan of `project`.\n\nAll or nothing, "
    "unless `partial=true`. `errors` tells `row`, as a spreadsheet counts them, `column`, and what stands there. "
    "`dry_run`, `plan` and `Prefer: respond-async` are as with a document."
)


_REFUSED = (
    "Checks a table as a dry run does, and answers the rows that would be refused, in the form in which they came, "
    "each with `error`, which says why in the language of Accept-Language: to mend, and to send. When nothing is "
    "refused it is the head alone. Nothing is kept."
)
_TEMPLATE = (
    "Heads in the words of `language`, or else of Accept-Language, or else Finnish; one row is an example, "
    "which an import takes as it is once its references are yours. In a workbook a second sheet says what each column "
    "is for. Errors are English then."
)
_ACCEPTED = examples.made(Job()) | {"kind": JobKind.TABLE.value}
_EXTENSION: Node = {
    "in": "path",
    "name": "extension",
    "description": "`csv`: a table by RFC 4180, in Finnish and Swedish with semicolons. `xlsx`: a workbook.",
    "schema": {"type": "string", "enum": ["csv", "xlsx"]},
    "example": "xlsx",
}


def _register(stem: str) -> None:
    many = "".join(part.capitalize() for part in stem.split("_"))
    these = stem.replace("_", "-")

    @blp.route(
        f"/{these}",
        methods=("POST",),
        endpoint=stem,
        max_bytes="MAX_TABLE_BYTES",
        refuses=(PlanMoved, TooManyJobs),
        spooled=True,
        parameters=[tabular.ENCODING],
    )
    @blp.doc(
        operationId=f"import{many}",
        summary=f"Bring in a table of {these}",
        description=_DESCRIPTION,
        requestBody={"required": True, "content": _content(stem)},
    )
    @blp.arguments(contract.TableQuery(), location="query")
    @blp.response(201, contract.TableImport, example=tabular.brought(stem))
    @blp.alt_response(200, schema=ImportPlan, example=tabular.planned(stem), success=True)
    @blp.alt_response(202, schema=Job, example=_ACCEPTED, success=True)
    def bring_in(query: dict[str, Any]) -> Response:
        return _bring_in(stem, query)

    @blp.route(
        f"/{these}/refused",
        methods=("POST",),
        endpoint=f"refused_{stem}",
        produces=TYPES,
        max_bytes="MAX_TABLE_BYTES",
        spooled=True,
        keyed=False,
        parameters=[tabular.ENCODING],
    )
    @blp.doc(
        operationId=f"refused{many}",
        summary=f"Get the refused rows of a table of {these}",
        description=_REFUSED,
        requestBody={"required": True, "content": _content(stem)},
    )
    @blp.arguments(contract.RefusedQuery(), location="query")
    @blp.response(200, contract.RefusedRows, **_refused_example(stem, JSON))
    @blp.alt_response(200, **_refused_body(stem, CSV), success=True)
    @blp.alt_response(200, **_refused_body(stem, NDJSON), success=True)
    @blp.alt_response(200, **_refused_body(stem, XLSX), success=True)
    def refused(query: dict[str, Any]) -> Response:
        return _refused(stem, query)

    @blp.route(
        f"/{these}/template.{EXTENSION}",
        endpoint=f"template_{stem}",
        open_to_anyone=PUBLIC,
        produces=(CSV, XLSX),
        parameters=[_EXTENSION],
    )
    @blp.doc(
        operationId=f"get{many}Template",
        summary=f"Get an empty table of {these}",
        description=_TEMPLATE,
    )
    @blp.arguments(FormQuery(), location="query")
    @blp.response(200, **_template_body(stem, CSV))
    @blp.alt_response(200, **_template_body(stem, XLSX), success=True)
    def template(query: dict[str, Any], extension: str) -> Response:
        return _template(stem, query, extension)


def _refused_body(stem: str, media: str) -> Node:
    told = {"schema": dict(_REFUSED_BODIES[media]), "content_type": media}
    return told | _refused_example(stem, media)


def _template_body(stem: str, media: str) -> Node:
    """In Finnish, as it is when nobody asks for another language."""
    row = tabular.example(stem)
    columns = blanks.fields(stem, _schema(stem), Language.FI, row)
    told = {"schema": dict(_TEMPLATES[media]), "content_type": media}
    return told | _written(media, row, columns, Language.FI)


def _content(stem: str) -> Node:
    """What may come in."""
    schemas: Node = _BODIES | {JSON: contract.PageToImport()}
    return {
        media: {"schema": copy(schema), "x-line": stem} | _example(stem, media)
        for media, schema in schemas.items()
    }


def _example(stem: str, media: str) -> Node:
    row = tabular.example(stem)
    columns = blanks.fields(stem, _schema(stem), Language.EN, row)
    return _written(media, row, columns)


def _refused_example(stem: str, media: str) -> Node:
    """The same row with something wrong, and with why, which names the place as files of this form have it."""
    row, fault = tabular.refused(stem)
    columns = blanks.fields(stem, _schema(stem), Language.EN, row)
    if media == CSV:
        head = next(one.head for one in columns if f"/{one.name}" == fault.pointer)
        fault = replace(fault, column=head)
    elif media == JSON:
        fault = replace(fault, pointer=f"/items/0{fault.pointer}")
    error = why([fault], Language.EN)
    return _written(media, row | {ERROR: error}, [*columns, blanks.added(ERROR, error)])


def _written(
    media: str, row: Node, columns: list[blanks.Field], language: str = Language.EN
) -> Node:
    match media:
        case "text/csv":
            return {"example": blanks.csv_of(columns, language).decode("utf-8-sig")}
        case "application/x-ndjson":
            return {"example": (wire.dump(row) + b"\n").decode()}
        case "application/json":
            return {"example": {"items": [row], "next": None}}
    return {}


def _bring_in(stem: str, query: dict[str, Any]) -> Response:
    spoken = language() or Language.EN.value
    if jobs.wanted() and not query["dry_run"]:
        _must_be_a_table()
        told = {name: query[name] for name in ("project", "in_part", "plan")}
        told |= {"stem": stem, "media": request.mimetype, "most": _most(), "language": spoken}
        return jobs.accepted(JobKind.TABLE, bodies.spool(), told)
    with session().begin_nested() as trial:
        ground = tables.ground(session(), stem, reach(), query["project"])
        planned = query["dry_run"] or query["plan"] is not None
        brought = tables.bring_in(
            session(), _table(stem), ground, partial=query["in_part"], planned=planned
        )
        if brought.faults and not query["in_part"]:
            raise brought.refusal()
        if query["dry_run"]:
            trial.rollback()
            return json_response(brought.shown(spoken))
    brought.must_be(query["plan"], spoken)
    done = imports.current(tables.record(session(), brought).id)
    response = imports.shown(done | brought.told(spoken), 201)
    response.headers["Location"] = url_for("imports.read", key=done["id"])
    return response


def _refused(stem: str, query: dict[str, Any]) -> Response:
    spoken = language() or Language.EN.value
    with ExitStack() as stack:
        table = _table(stem)
        correction = correction_of(table, stack)
        with session().begin_nested() as trial:
            ground = tables.ground(session(), stem, reach(), query["project"])
            tables.bring_in(
                session(),
                table,
                ground,
                partial=True,
                refused=lambda line, faults: correction.add(line, why(faults, spoken)),
            )
            trial.rollback()
        file = correction.finish()
        opened = stack.pop_all()
    response = Response(_sent(file, opened), mimetype=request.mimetype)
    response.call_on_close(opened.close)  # also when not even the first chunk was asked for
    response.headers["Cache-Control"] = "no-store"
    return response


def _sent(file: IO[bytes], opened: ExitStack) -> Iterator[bytes]:
    with opened:
        yield from iter(partial(file.read, bodies.CHUNK_BYTES), b"")


def _template(stem: str, query: dict[str, Any], extension: str) -> Response:
    spoken = _spoken(query)
    columns = blanks.fields(stem, _schema(stem), spoken, tabular.example(stem))
    if extension == Extension.CSV:
        response = Response(blanks.csv_of(columns, spoken), mimetype=CSV)
    else:
        response = Response(blanks.xlsx_of({stem: columns}, spoken), mimetype=XLSX)
    return _blank(response, f"{stem.replace('_', '-')}.{extension}", spoken)


def _spoken(query: dict[str, Any]) -> str:
    return query["language"] or language() or Language.FI.value


def _blank(response: Response, name: str, spoken: str) -> Response:
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Content-Language"] = spoken
    response.vary.add("Accept-Language")
    return public(response)


def _schema(stem: str) -> Any:
    return rows.model_of(stem).schema


def _most() -> dict[str, int]:
    config = current_app.config
    return {"page_bytes": config["MAX_IMPORT_BYTES"], "workbook_bytes": config["MAX_TABLE_BYTES"]}


def _table(stem: str) -> intake.Table:
    """What the body is, by its Content-Type."""
    _must_be_a_table()
    return intake.opened(request.mimetype, bodies.spool(), _schema(stem), stem, **_most())


def _must_be_a_table() -> None:
    if request.mimetype not in TYPES:
        types = ", ".join(TYPES)
        text = Worded("Send one of: {types}.", types=types)
        raise UnsupportedMediaType(text, headers={"Accept": types})


for each in ORDER:
    _register(each)


@blp.route("/template.xlsx", endpoint="template", open_to_anyone=PUBLIC, produces=(XLSX,))
@blp.doc(operationId="getImportTemplate")
@blp.arguments(FormQuery(), location="query")
@blp.response(200, TABLES[XLSX]["schema"], content_type=XLSX)
def template(query: dict[str, Any]) -> Response:
    """Get an empty workbook for a whole sub-project

    A sheet for each resource, called by its title, with heads in the words of `language`, or else of Accept-Language,
    or else Finnish. Each has an example row, which refers to those of the others; a last sheet says what each column
    is for. Errors are English then.
    """
    spoken = _spoken(query)
    sheets = {}
    for stem in sorted(ORDER, key="sub_projects".__ne__):
        columns = blanks.fields(stem, _schema(stem), spoken, tabular.example(stem))
        # That of the whole is meant.
        mine = [column for column in columns if column.name != "sub_project"]
        sheets[title_of(stem, _schema(stem), spoken)] = mine
    response = Response(blanks.xlsx_of(sheets, spoken), mimetype=XLSX)
    return _blank(response, "import.xlsx", spoken)
