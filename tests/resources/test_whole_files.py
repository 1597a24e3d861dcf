"""Whole sub-projects as workbooks and as NDJSON: the rows of a JSON document, and each fault with its place."""

import gzip
import io
import json
from typing import Any

import openpyxl
import pytest
from werkzeug.test import TestResponse

from api.bodies import zstd
from api.documents.edited import DOCX
from api.services import wholes
from schemas.imports import ELEMENTS_MAX
from schemas.labels import LABELS
from tests.accounts import code
from tests.examples import RECORDS, Bench
from tests.factories import make
from tests.resources.test_imports import Desk, Document
from tests.resources.test_jobs import Office
from tests.routes import contents
from tests.workbooks import opened

NDJSON = "application/x-ndjson"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
Row = dict[str, Any]
Sheets = dict[str, list[list[Any]]]


@pytest.fixture
def desk(bench: Bench) -> Desk:
    return Desk(bench)


def rows_of(document: Document) -> dict[str, list[Row]]:
    """Its elements by resource; the sub-project names its project."""
    rest = {stem: rows for stem, rows in document.items() if isinstance(rows, list)}
    return {"sub_projects": [document["sub_project"] | {"project": document["project"]}]} | rest


def lines(document: Document) -> bytes:
    told = [{"resource": stem, **row} for stem, rows in rows_of(document).items() for row in rows]
    return "".join(json.dumps(one) + "\n" for one in reversed(told)).encode()


def sheets(document: Document) -> Sheets:
    found: Sheets = {}
    for stem, rows in rows_of(document).items():
        heads = list(dict.fromkeys(name for row in rows for name in row))
        found[stem] = [heads, *([_cell(row.get(name)) for name in heads] for row in rows)]
    return found


def _cell(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, list) else value


def workbook(tables: Sheets) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in tables.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def packed(media: str, document: Document) -> bytes:
    return lines(document) if media == NDJSON else workbook(sheets(document))


def send(
    desk: Desk, body: bytes, media: str, headers: dict[str, str] | None = None, **query: str
) -> TestResponse:
    return desk.bench.client.post(
        "/api/v1/imports",
        data=body,
        content_type=media,
        headers=desk.by | (headers or {}),
        query_string=query,
    )


def refused(desk: Desk, body: bytes, media: str) -> list[Row]:
    """What was wrong with it, without the words; and that nothing was kept."""
    before = contents(desk.bench.app)
    response = send(desk, body, media)
    assert code(response) == (422, "invalid"), response.text
    assert contents(desk.bench.app) == before
    return [{n: v for n, v in one.items() if n != "detail"} for one in response.json["errors"]]


# what becomes of it

MEDIA = pytest.mark.parametrize("media", [NDJSON, XLSX], ids=["ndjson", "xlsx"])


@MEDIA
def test_a_file_becomes_the_rows_that_its_document_would(desk: Desk, media: str) -> None:
    response = send(desk, packed(media, desk.full()), media)
    assert response.status_code == 201, response.text
    made = response.json
    assert desk.bench.client.get(response.headers["Location"], headers=desk.by).json == made
    assert made["sub_project_id"] == desk.named("sub_projects", "osa")["id"]
    assert set(made["counts"]) == set(RECORDS)
    again = desk.done(desk.full())
    for stem, tally in again["counts"].items():
        assert tally == {"created": 0, "updated": 0, "unchanged": made["counts"][stem]["created"]}


@MEDIA
def test_a_file_again_changes_nothing_and_another_only_what_differs(desk: Desk, media: str) -> None:
    document = desk.full()
    desk.done(document)
    document["results"][0]["text"] = "Jatkettu"
    counts = send(desk, packed(media, document), media).json["counts"]
    assert counts.pop("results") == {"created": 0, "updated": 1, "unchanged": 1}
    assert not any(tally["created"] or tally["updated"] for tally in counts.values())
    assert desk.named("results", "r1")["text"] == "Jatkettu"


@pytest.mark.parametrize("media", ["application/json", NDJSON, XLSX])
@pytest.mark.parametrize(("coding", "pack"), [("gzip", gzip.compress), ("zstd", zstd.compress)])
def test_it_may_come_packed(desk: Desk, media: str, coding: str, pack: Any) -> None:
    document = desk.document()
    plain = json.dumps(document).encode()
    body = plain if media == "application/json" else packed(media, document)
    response = send(desk, pack(body), media, {"Content-Encoding": coding})
    assert response.status_code == 201, response.text
    assert code(send(desk, body, media, {"Content-Encoding": coding})) == (400, "bad_request")


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_sheets_go_by_their_titles_in_any_language_and_any_order(desk: Desk, language: str) -> None:
    titles = {stem: one["title"] for stem, one in LABELS[language]["resources"].items()}
    named = {titles[stem].upper(): rows for stem, rows in sheets(desk.full()).items()}
    helps = {"fi": "Ohje", "sv": "Hjälp", "en": "Help"}
    tables = {helps[language]: [["Anything"]], "Empty": [], **dict(reversed(named.items()))}
    response = send(desk, workbook(tables), XLSX)
    assert response.status_code == 201, response.text
    assert response.json["counts"]["deliverables"]["created"] == 2


@MEDIA
def test_a_dry_run_keeps_nothing_and_its_plan_is_carried_out(desk: Desk, media: str) -> None:
    before, body = contents(desk.bench.app), packed(media, desk.full())
    planned = send(desk, body, media, dry_run="true")
    assert planned.status_code == 200, planned.text
    assert contents(desk.bench.app) == before
    goal = next(one for one in planned.json["elements"] if one["external_id"] == "t2")
    assert goal.pop("row") == (3 if media == XLSX else _line("t2", body))
    assert goal == {
        "id": None,
        "resource": "goals",
        "external_id": "t2",
        "outcome": "created",
        "changes": [],
        "pointer": "",
    }
    done = send(desk, body, media, plan=planned.json["plan"])
    assert done.json["counts"] == planned.json["counts"]
    moved = send(desk, body, media, plan=planned.json["plan"])
    assert code(moved) == (409, "plan_moved")


def _line(name: str, body: bytes) -> int:
    named = f'"external_id": "{name}"'
    every = enumerate(body.decode().splitlines(), 1)
    return next(number for number, line in every if named in line)


@MEDIA
def test_who_does_not_wait_is_told_of_a_job(bench: Bench, media: str) -> None:
    office = Office(bench)
    body = packed(media, office.full())
    response = send(office, body, media, {"Prefer": "respond-async"})
    assert response.status_code == 202, response.text
    assert response.json["kind"] == "document"
    done = office.work(response.json["id"])
    assert (done["state"], done["rows_total"]) == ("done", 15)
    assert office.done(office.full())["counts"]["goals"]["unchanged"] == 2
    wrong = send(office, body[:-30], media, {"Prefer": "respond-async"})
    assert office.work(wrong.json["id"])["state"] == "refused"


def test_a_row_that_was_read_at_another_version_is_stale(desk: Desk) -> None:
    desk.done(desk.full())
    row = {"resource": "goals", **desk.named("goals", "t1")}
    head = lines(desk.document())
    fine = head + json.dumps(row).encode()
    assert send(desk, fine, NDJSON).json["counts"]["goals"]["unchanged"] == 1
    stale = head + json.dumps(row | {"version": 7, "text": "Muu"}).encode()
    (fault,) = refused(desk, stale, NDJSON)
    assert fault["current"] == "Yksi"
    place = {"resource": "goals", "row": 2, "pointer": "/text", "code": "stale", "value": '"Muu"'}
    assert fault == place | {"current": "Yksi"}


# what is refused


def test_every_fault_is_told_by_its_sheet_its_row_and_its_column(desk: Desk) -> None:
    tables = sheets(
        desk.document(
            goals=[
                {"external_id": "t1", "text": "Yksi"},
                {"external_id": "t2", "text": "=1+1"},
                {"external_id": "t3", "text": None},
            ],
            results=[
                {"external_id": "r1", "goal": "t1", "period": "2012-spring", "kind": "tuotos"},
                {
                    "external_id": "r2",
                    "goal": "none",
                    "period": "2012-spring",
                    "kind": "activity",
                    "text": "Y",
                },
            ],
        )
    )
    assert refused(desk, workbook(tables), XLSX) == [
        {"resource": "goals", "row": 3, "column": "text", "code": "formula", "value": "=1+1"},
        {"resource": "goals", "row": 4, "column": "text", "code": "required"},
        {"resource": "results", "row": 2, "column": "kind", "code": "unknown_word", "value": "tuotos"},
        {"resource": "results", "row": 3, "column": "goal", "code": "not_found", "value": "none"},
    ]  # fmt: skip


def test_every_fault_is_told_by_its_line_and_resource(desk: Desk) -> None:
    body = lines(desk.document()) + b"\n".join(
        [
            b'{"resource": "goals", "external_id": "t1"}',
            b'{"resource": "colours", "external_id": "t1"}',
            b'{"external_id": "t1"}',
            b"",
            b'{"resource": 1}',
            b"[]",
            b"{",
        ]
    )
    nameless = {"code": "unknown_name", "pointer": "/resource"}
    assert refused(desk, body, NDJSON) == [
        {"row": 3, **nameless, "value": '"colours"'},
        {"row": 4, **nameless},
        {"row": 6, **nameless, "value": "1"},
        {"row": 7, "code": "wrong_type", "pointer": ""},
        {"row": 8, "code": "invalid_json"},
        {"resource": "goals", "row": 2, "pointer": "/text", "code": "required"},
    ]


SUB = {"resource": "sub_projects"}


def test_the_sub_project_names_its_project(desk: Desk) -> None:
    def told(*rows: list[Any]) -> list[Row]:
        return refused(desk, workbook({"Osahanke": list(rows)}), XLSX)

    head = ["external_id", "Hanke"]
    assert told(["external_id"], ["osa"]) == [
        {**SUB, "row": 2, "column": "project", "code": "required"}
    ]
    assert told(head, ["osa", None]) == [{**SUB, "row": 2, "column": "Hanke", "code": "required"}]
    assert told(head, ["osa", "NONE"]) == [
        {**SUB, "row": 2, "column": "Hanke", "code": "not_found", "value": "NONE"}
    ]
    assert told(head, ["osa", desk.acronym], ["toinen", desk.acronym]) == [
        {**SUB, "row": 3, "code": "repeated"}
    ]
    assert told(head, ["=1+1", desk.acronym]) == [
        {**SUB, "row": 2, "column": "external_id", "code": "formula", "value": "=1+1"}
    ]
    assert refused(desk, workbook({"goals": [["external_id", "text"], ["t1", "Yksi"]]}), XLSX) == [
        {**SUB, "code": "required"}
    ]
    for wrong in ("null", "7", '"\\u0000"', '["LAMPPU"]'):
        line = f'{{"resource": "sub_projects", "external_id": "osa", "project": {wrong}}}'
        (fault,) = refused(desk, line.encode(), NDJSON)
        assert (fault["row"], fault["pointer"], fault["resource"]) == (
            1,
            "/project",
            "sub_projects",
        )


def test_a_sheet_that_is_none_is_refused(desk: Desk) -> None:
    tables = sheets(desk.document())
    x, goals = [["x"]], {"resource": "goals"}
    for more, fault in (
        ({"Tavoitteet": [["external_id"]]}, {"code": "unknown_name"}),
        ({"goals": x, "Tavoite": x}, {**goals, "row": 1, "column": "x", "code": "unknown_field"}),
        ({"goals": [["text"]], "Tavoite": [["text"]]}, {**goals, "code": "repeated"}),
        ({"goals": [["text", "Text"]]}, {**goals, "row": 1, "column": "Text", "code": "repeated"}),
    ):  # fmt: skip
        assert refused(desk, workbook(tables | more), XLSX) == [fault]
    (fault,) = refused(desk, b"PK", XLSX)
    assert fault == {"code": "not_a_table"}


def test_more_than_a_document_may_have_is_refused(desk: Desk) -> None:
    many = [{"external_id": f"y{n}", "name": "Onni"} for n in range(ELEMENTS_MAX + 1)]
    body = workbook(sheets(desk.document(contacts=many)))
    (fault,) = refused(desk, body, XLSX)
    assert fault == {"resource": "contacts", "row": ELEMENTS_MAX + 2, "code": "too_many_rows"}


def test_rows_that_are_longer_together_than_a_document_are_refused(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wholes, "TEXT_MAX", 5_000)
    many = [{"external_id": f"y{n}", "name": "O" * 200} for n in range(30)]
    (fault,) = refused(desk, workbook(sheets(desk.document(contacts=many))), XLSX)
    assert (fault["resource"], fault["code"]) == ("contacts", "too_many_rows")


def test_a_row_of_another_sub_project_is_not_among_them(desk: Desk) -> None:
    tables = sheets(desk.document(goals=[{"external_id": "canary-a-goals", "text": "Oma"}]))
    (fault,) = refused(desk, workbook(tables), XLSX)
    assert (fault["resource"], fault["row"], fault["code"]) == ("goals", 2, "other_sub_project")


def test_what_is_neither_is_refused_with_what_is_taken(desk: Desk) -> None:
    response = send(desk, b"external_id\n", "text/csv")
    assert code(response) == (415, "unsupported_media_type")
    assert response.headers["Accept"] == f"application/json, {NDJSON}, {XLSX}, {DOCX}"


# the template


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_the_template_is_let_in_as_it_is_where_there_is_such_a_plan(
    desk: Desk, language: str
) -> None:
    app, world = desk.bench.app, desk.bench.world
    project = make(app, "projects", acronym="LAMPPU", programme_id=world.plan["programmes"],
                   coordinator_id=world.a.provider_id)  # fmt: skip
    make(app, "participations", project_id=project, provider_id=world.a.provider_id)
    make(app, "periods", project_id=project, code="2012-spring")
    goal = make(app, "project_goals", project_id=project, code="T2")
    make(app, "project_indicators", project_goal_id=goal, code="M1")
    make(app, "project_meetings", project_id=project, code="K4")
    path = "/api/v1/imports/template.xlsx"
    response = desk.bench.client.get(path, query_string={"language": language})
    assert response.status_code == 200, response.text
    assert response.headers["Content-Language"] == language
    titles = {LABELS[language]["resources"][stem]["title"] for stem in RECORDS}
    *named, told = opened(response.get_data()).sheetnames
    assert set(named) == titles
    assert named[0] == LABELS[language]["resources"]["sub_projects"]["title"]
    explained = opened(response.get_data())[told]
    assert {row[-1] for row in explained.iter_rows(min_row=5, values_only=True)} == titles
    assert "sub_project" not in {row[1] for row in explained.iter_rows(values_only=True)}
    done = send(desk, response.get_data(), XLSX)
    assert done.status_code == 201, done.text
    assert {tally["created"] for tally in done.json["counts"].values()} == {1}
    assert set(done.json["counts"]) == set(RECORDS)
