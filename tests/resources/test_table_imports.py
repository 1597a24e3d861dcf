"""Tables as imports: what a spreadsheet holds becomes rows, and what is wrong with it is told where it stands."""

import csv
import gzip
import io
import itertools
import json
from datetime import date, datetime, time
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from api.app import create_app
from api.bodies import zstd
from api.services import tables
from api.services.elements import identify
from schemas.results import Result
from tests import broken_files
from tests.accounts import code
from tests.documents.test_tables import NASTY
from tests.examples import RECORDS, Bench, statements
from tests.factories import bearer
from tests.routes import contents
from tests.workbooks import opened

CSV, NDJSON = "text/csv", "application/x-ndjson"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
Row = dict[str, Any]


class Desk:
    """The first provider's desk, from which its script sends tables."""

    def __init__(self, bench: Bench):
        self.bench, self.by = bench, bench.manager
        plan = bench.world.plan
        self.project = bench.open("projects", plan["projects"]).get_json()["acronym"]
        self.goal_code = bench.open("project_goals", plan["project_goals"]).get_json()["code"]
        self.goal = bench.world.a.ids["goals"]

    def send(
        self,
        stem: str,
        body: Any,
        media: str = CSV,
        *,
        headers: dict[str, str] | None = None,
        path: str = "",
        **query: str,
    ) -> TestResponse:
        data = body if isinstance(body, bytes) else body.encode()
        return self.bench.client.post(
            f"/api/v1/imports/{stem.replace('_', '-')}{path}",
            data=data,
            content_type=media,
            headers=self.by | (headers or {}),
            query_string=query,
        )

    def counts(self, stem: str, body: Any, media: str = CSV, **query: str) -> dict[str, int]:
        response = self.send(stem, body, media, **query)
        assert response.status_code == 201, response.text
        made: dict[str, dict[str, int]] = response.get_json()["counts"]
        (counts,) = made.values()
        return counts

    def refused(self, stem: str, body: Any, media: str = CSV, **query: str) -> list[Row]:
        """What was wrong with it, without the words; and that nothing was kept."""
        before = contents(self.bench.app)
        response = self.send(stem, body, media, **query)
        assert code(response) == (422, "invalid"), response.text
        assert contents(self.bench.app) == before
        faults = response.get_json()["errors"]
        return [{n: v for n, v in fault.items() if n != "detail"} for fault in faults]

    def named(self, stem: str, name: str) -> Row:
        """The row of this external id."""
        found = self.bench.open(stem, query_string={"external_id": name}).get_json()["items"]
        (row,) = found
        assert isinstance(row, dict)
        return row

    def export(self, stem: str, extension: str, **query: str) -> bytes:
        path = f"/api/v1/exports/{stem.replace('_', '-')}.{extension}"
        response = self.bench.client.get(path, headers=self.by, query_string=query)
        assert response.status_code == 200, response.text
        return response.get_data()


@pytest.fixture
def desk(bench: Bench) -> Desk:
    return Desk(bench)


def table(*lines: str) -> str:
    return "".join(f"{line}\r\n" for line in lines)


MADE = {"created": 1, "updated": 0, "unchanged": 0}


# what becomes of a table


def test_a_table_becomes_rows_by_their_external_ids(desk: Desk) -> None:
    body = table(
        "external_id,goal,period,kind,text,position",
        "r1,canary-a-goals,2012-spring,activity,Verkosto kokoontui,3",
        f'r2,{desk.goal},2012-spring,outcome,"Kaksi\nriviä",',
    )
    response = desk.send("results", body, project=desk.project)
    assert response.status_code == 201, response.text
    made = response.get_json()
    assert made["counts"] == {"results": MADE | {"created": 2}}
    assert made["sub_project_id"] is None
    first, second = desk.named("results", "r1"), desk.named("results", "r2")
    assert (first["text"], first["position"], first["kind"]) == (
        "Verkosto kokoontui",
        3,
        "activity",
    )
    assert (second["text"], second["position"]) == ("Kaksi\nriviä", 1)
    assert first["goal_id"] == second["goal_id"] == str(desk.goal)
    read = desk.bench.client.get(response.headers["Location"], headers=desk.by)
    assert read.get_json() == made


RESULT = {"goal": "canary-a-goals", "period": "2012-spring", "kind": "activity"}


def results(*rows: Row) -> str:
    """A table of results, each like any other but for what is given of it."""
    full = [
        {"external_id": f"r{n}", **RESULT, "text": f"Tulos {n}", **row}
        for n, row in enumerate(rows, 1)
    ]
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, dict.fromkeys(name for row in full for name in row))
    writer.writeheader()
    writer.writerows(full)
    return file.getvalue()


def test_heads_are_names_of_fields_or_titles_of_the_form_in_any_language(desk: Desk) -> None:
    for number, head in enumerate(
        (
            "external_id,goal_id,period_id,kind,text",
            "EXTERNAL_ID, Goal ,PERIOD,Kind,Text",
            "external_id,Tavoite,Raportointikausi,LAJI,Kuvaus",
            "external_id,Mål,Rapporteringsperiod,Typ,Beskrivning",
            "external_id,Goal,Reporting period,Kind,Description",
        )
    ):
        goal, period = "canary-a-goals", "2012-spring"
        if number == 0:
            goal, period = str(desk.goal), str(desk.bench.world.plan["periods"])
        body = table(head, f"h{number},{goal},{period},activity,Tehty {number}")
        assert desk.counts("results", body, project=desk.project) == MADE
        assert desk.named("results", f"h{number}")["text"] == f"Tehty {number}"


def test_a_head_of_nothing_or_twice_the_same_is_refused_by_its_column(desk: Desk) -> None:
    body = table("external_id,Tavoite,goal_id,väri,text,,Kuvaus", "r1,,,,,,")
    assert desk.refused("results", body) == [
        {"row": 1, "column": "goal_id", "code": "repeated"},
        {"row": 1, "column": "väri", "code": "unknown_field"},
        {"row": 1, "column": "F", "code": "unknown_field"},
        {"row": 1, "column": "Kuvaus", "code": "repeated"},
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_delimiters_and_encodings_are_told_apart(desk: Desk, delimiter: str, encoding: str) -> None:
    lines = (["external_id", "name", "job_title"], ["c1", "Åke Ängström", "a, b; c – d"])
    body = "\n".join(delimiter.join(f'"{cell}"' for cell in line) for line in lines)
    assert desk.counts("contacts", body.encode(encoding)) == MADE
    made = desk.named("contacts", "c1")
    assert (made["name"], made["job_title"]) == ("Åke Ängström", "a, b; c – d")


def test_days_and_numbers_are_read_as_finns_write_them(desk: Desk) -> None:
    indicator, period = "canary-a-indicators", "2012-autumn"
    desk.bench.make(
        "periods",
        project_id=desk.bench.world.plan["projects"],
        code=period,
        first_day="2012-08-01",
        last_day="2012-12-31",
    )
    for day, value, expected in (
        ("18.1.2013", "1 234,5", 1234.5),
        ("2013-01-18", "1234.5", 1234.5),
        ("18.01.2013", "\u22127,25", -7.25),
        ("18.1.2013", "0", 0.0),
    ):
        head = "external_id;indicator;period;measured_on;value"
        desk.send(
            "measurements",
            table(head, f"m;{indicator};{period};{day};{value}"),
            project=desk.project,
        )
        made = desk.named("measurements", "m")
        assert (made["measured_on"], made["value"]) == ("2013-01-18", expected)


def test_blanks_around_what_is_no_free_text_are_none_of_it(desk: Desk) -> None:
    odd = "\u00a0 {}\u202f "
    row = {"external_id": "r9"} | RESULT | {"progress": "done", "position": "3"}
    cells = {name: odd.format(cell) for name, cell in row.items()}
    desk.counts("results", results(cells | {"text": " Tehty\u00a0"}), project=desk.project)
    made = desk.named("results", "r9")
    assert (made["kind"], made["progress"], made["position"]) == ("activity", "done", 3)
    assert made["text"] == " Tehty\u00a0"
    sheet = [["external_id", "name", "email", "job_title"]]
    sheet += [[odd.format(cell) for cell in ("c1", "Aino", "aino@tunturi.example")] + [" rehtori"]]
    desk.counts("contacts", workbook(sheet), XLSX)
    made = desk.named("contacts", "c1")
    told = (made["name"], made["email"], made["job_title"])
    assert told == ("Aino", "aino@tunturi.example", " rehtori")


def test_blanks_in_lines_of_json_stay(desk: Desk) -> None:
    line = json.dumps({"external_id": " c1", "name": " Aino "})
    desk.counts("contacts", line, NDJSON)
    assert desk.named("contacts", " c1")["name"] == " Aino "


MEETING = ["external_id", "sub_project", "kind", "date", "start_time", "open_to_all"]


def meetings(*rows: tuple[str, str]) -> str:
    """A table of meetings, of which start and openness are given."""
    same = "canary-a-sub_projects;kick_off;16.1.2012"
    lines = [f"k{n};{same};{start};{is_open}" for n, (start, is_open) in enumerate(rows)]
    return table(";".join(MEETING), *lines)


def test_times_of_day_are_read_as_finns_and_swedes_write_them(desk: Desk) -> None:
    written = ("9.30", "09:30", " klo 9.30", "Klo\u00a09:30", "kl. 9.30", "9:30:00", "9.30.00")
    desk.counts("meetings", meetings(*((start, "ei") for start in written)))
    read = {desk.named("meetings", f"k{n}")["start_time"] for n in range(len(written))}
    assert read == {"09:30"}
    wrong = ("9", "9.3", "24.00", "9.60", "klo")
    faults = desk.refused("meetings", meetings(*((start, "ei") for start in wrong)))
    assert [fault["value"] for fault in faults] == [*wrong]
    assert {fault["code"] for fault in faults} == {"wrong_format"}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("TOSI", "k", "K", "1", "kyllä", "Ja", "x", "true", " sant"), True),
        (("EPÄTOSI", "e", "E", "0", "ei", "Nej", "n", "FALSE", "falskt"), False),
    ],
)
def test_yes_and_no_are_read_as_people_and_spreadsheets_write_them(
    desk: Desk, words: tuple[str, ...], expected: bool
) -> None:
    desk.counts("meetings", meetings(*(("9.30", word) for word in words)))
    read = [desk.named("meetings", f"k{n}")["open_to_all"] for n in range(len(words))]
    assert read == [expected] * len(words)
    row = ["k", "canary-a-sub_projects", "kick_off", date(2012, 1, 16), time(9, 30), int(expected)]
    desk.counts("meetings", workbook([MEETING, row]), XLSX)
    assert desk.named("meetings", "k")["open_to_all"] is expected
    (fault,) = desk.refused("meetings", meetings(("9.30", "2")))
    assert (fault["value"], fault["code"]) == ("2", "wrong_type")


def test_a_word_of_a_vocabulary_may_be_given_by_its_title_in_any_language(desk: Desk) -> None:
    kinds = ("outcome", "OUTCOME", "Tulos", "tulos", "RESULTAT", "Outcome")
    progress = ("done", "DONE", "Tehty", "tehty", "Gjort", "Done")
    rows = [{"kind": kind, "progress": word} for kind, word in zip(kinds, progress, strict=True)]
    desk.counts("results", results(*rows), project=desk.project)
    made = [desk.named("results", f"r{n}") for n in range(1, len(rows) + 1)]
    assert {(row["kind"], row["progress"]) for row in made} == {("outcome", "done")}
    kind = "Ei\u00a0raportoitavaa"
    row = RESULT | {"external_id": "x1", "kind": kind, "reason": "Syy"}
    sheet = [[*row], [*row.values()]]
    desk.counts("results", workbook(sheet), XLSX, project=desk.project)
    assert desk.named("results", "x1")["kind"] == "nothing_to_report"


def test_lists_are_json_or_names_parted_by_commas(desk: Desk) -> None:
    desk.counts("goals", table("external_id,sub_project,text", "g2,canary-a-sub_projects,Toinen"))
    people = '[{""name"": ""Aino"", ""contact"": ""canary-a-contacts""}]'
    body = table(
        "external_id,sub_project,kind,date,goals,participants",
        f'k1,canary-a-sub_projects,kick_off,16.1.2012,"g2, canary-a-goals","{people}"',
    )
    assert desk.counts("meetings", body) == MADE
    made = desk.named("meetings", "k1")
    goals = {desk.named("goals", name)["id"] for name in ("g2", "canary-a-goals")}
    assert {*made["goal_ids"]} == goals
    assert [one["name"] for one in made["participants"]] == ["Aino"]
    assert made["participants"][0]["contact_id"] == str(desk.bench.world.a.ids["contacts"])


def test_an_apostrophe_before_a_text_is_taken_off(desk: Desk) -> None:
    body = table("external_id,name,phone", "c1,'=HYPERLINK,'+358 40 1")
    desk.counts("contacts", body)
    made = desk.named("contacts", "c1")
    assert (made["name"], made["phone"]) == ("=HYPERLINK", "+358 40 1")


def test_what_only_the_system_writes_is_passed_over_and_so_is_why_a_row_was_refused(
    desk: Desk,
) -> None:
    body = table("external_id,name,created_at,provider_id,Error", "c1,Aino,eilen,minä,virhe")
    assert desk.counts("contacts", body) == MADE


def test_empty_cells_take_away_and_columns_that_are_not_there_leave_as_it_is(desk: Desk) -> None:
    desk.counts("contacts", table("external_id,name,phone,job_title", "c1,Aino,1,rehtori"))
    desk.counts("contacts", table("external_id,phone", "c1,"))
    made = desk.named("contacts", "c1")
    assert (made["name"], made["phone"], made["job_title"]) == ("Aino", None, "rehtori")


def test_an_empty_cell_where_nothing_may_be_null_says_nothing(desk: Desk) -> None:
    body = results({"position": 3}, {"position": ""})
    desk.counts("results", body, project=desk.project)
    assert desk.named("results", "r1")["position"] == 3
    assert desk.named("results", "r2")["position"] == 1
    desk.counts("results", results({"position": ""}), project=desk.project)
    assert desk.named("results", "r1")["position"] == 3


def test_a_sub_project_names_its_project_by_the_acronym(desk: Desk) -> None:
    body = table("external_id,project,name", f"osa2,{desk.project},Toinen")
    assert desk.counts("sub_projects", body) == MADE
    assert (
        desk.counts("sub_projects", table("external_id,name", "osa3,Kolmas"), project=desk.project)
        == MADE
    )
    home = str(desk.bench.world.plan["projects"])
    assert {desk.named("sub_projects", n)["project_id"] for n in ("osa2", "osa3")} == {home}


def test_lines_of_json_are_rows_too(desk: Desk) -> None:
    rows = [{"external_id": f"r{n}", **RESULT, "text": "Tehty"} for n in (1, 2)]
    lines = "\n\n".join(map(json.dumps, rows))
    counts = desk.counts("results", lines, NDJSON, project=desk.project)
    assert counts == MADE | {"created": 2}


def test_a_sheet_that_is_called_like_the_resource_is_read_whichever_it_is(desk: Desk) -> None:
    book = openpyxl.Workbook()
    book.active.append(["Muistiinpanoja"])
    sheet = book.create_sheet("Contacts")
    sheet.append(["external_id", "name", "phone"])
    sheet.append([17, "Aino", 401234567])
    file = io.BytesIO()
    book.save(file)
    assert desk.counts("contacts", file.getvalue(), XLSX) == MADE
    assert desk.named("contacts", "17")["phone"] == "401234567"


def test_days_times_and_truth_values_of_a_workbook_are_what_they_are(desk: Desk) -> None:
    head = ["external_id", "sub_project", "kind", "date", "start_time", "open_to_all"]
    row = ["k1", "canary-a-sub_projects", "kick_off", date(2012, 1, 16), time(9, 30), True]
    assert desk.counts("meetings", workbook([head, row]), XLSX) == MADE
    made = desk.named("meetings", "k1")
    assert (made["date"], made["start_time"], made["open_to_all"]) == ("2012-01-16", "09:30", True)


# what is wrong, and where


def test_a_fault_is_told_by_row_and_head_with_what_stands_there(desk: Desk) -> None:
    body = (
        "external_id,Tavoite,Raportointikausi,Laji,Kuvaus\n"
        'r1,canary-a-goals,2012-spring,activity,"Kaksi\nriviä"\n'
        "\n"
        "r2,canary-x,2012-winter,activty,Tehty\n"
    )
    assert desk.refused("results", body, project=desk.project) == [
        {"row": 4, "column": "Tavoite", "value": "canary-x", "code": "not_found"},
        {"row": 4, "column": "Raportointikausi", "value": "2012-winter", "code": "not_found"},
        {"row": 4, "column": "Laji", "value": "activty", "code": "unknown_word"},
    ]


def test_a_fault_within_a_cell_has_a_pointer_too(desk: Desk) -> None:
    head = "external_id,sub_project,kind,date,participants"
    people = '[{""name"": ""Aino"", ""age"": 7}]'
    body = table(head, f'k1,canary-a-sub_projects,kick_off,2012-01-16,"{people}"')
    (fault,) = desk.refused("meetings", body)
    assert (fault["row"], fault["column"], fault["pointer"]) == (
        2,
        "participants",
        "/participants/0/age",
    )
    assert fault["code"] == "unknown_field"


def test_a_fault_of_a_line_of_json_is_told_by_line_and_pointer(desk: Desk) -> None:
    lines = '{"external_id": "c1"}\n\n{"external_id": "c2", "name": "A", "phone": 5}\n[]\n{]\n'
    assert desk.refused("contacts", lines, NDJSON) == [
        {"row": 1, "pointer": "/name", "code": "required"},
        {"row": 3, "pointer": "/phone", "value": "5", "code": "wrong_type"},
        {"row": 4, "pointer": "", "code": "wrong_type"},
        {"row": 5, "code": "invalid_json"},
    ]


def test_characters_that_a_workbook_escapes_by_halves_are_whole_again(desk: Desk) -> None:
    names = ["_xD83D__xDE00_", "_x005F_x", "_xDE00_"]
    book = broken_files.book(
        ["external_id", "name"], *([f"c{n}", name] for n, name in enumerate(names))
    )
    desk.counts("contacts", book, XLSX)
    found = [desk.named("contacts", f"c{n}")["name"] for n in range(3)]
    assert found == ["\N{GRINNING FACE}", "_x", "\N{REPLACEMENT CHARACTER}"]


def test_a_fault_of_a_page_is_told_by_pointer(desk: Desk) -> None:
    page = json.dumps({"items": [{"external_id": "c1", "name": "Aino"}, {"name": "B"}]})
    (fault,) = desk.refused("contacts", page, "application/json")
    assert (fault["pointer"], fault["code"]) == ("/items/1/external_id", "required")


def test_all_rows_are_checked_a_hundred_faults_told_and_the_others_counted(desk: Desk) -> None:
    body = results(*[{"kind": "x"} for _ in range(250)])
    problem = desk.send("results", body, project=desk.project).get_json()
    assert [fault["row"] for fault in problem["errors"]] == list(range(2, 102))
    assert problem["more"] == 150


@pytest.mark.parametrize("path", ["", "/refused"])
def test_when_far_too_many_rows_are_refused_no_more_are_read(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(tables, "MOST_REFUSED", 150)
    monkeypatch.setattr(tables, "AT_ONCE", 100)
    body = "external_id,name\n" + "x,\n" * 1_000
    for query in ({}, {"partial": "true"}) if not path else ({},):
        problem = desk.send("contacts", body, path=path, **query).get_json()
        first = problem["errors"][0]
        assert (first["code"], len(problem["errors"])) == ("too_many_rows", 100)
        assert 100 < problem["more"] < 400  # of the 200 rows that were read by then


def test_what_only_the_database_notices_is_told_at_its_row(desk: Desk) -> None:
    head = "external_id,goal,name"
    desk.counts("indicators", table(head, "i1,canary-a-goals,Osuus"))
    body = table(
        "external_id,indicator,period,value",
        *(f"m{n},i1,2012-spring,{n}" for n in range(1, 4)),
    )
    assert [
        (fault["row"], fault["column"], fault["code"])
        for fault in desk.refused("measurements", body, project=desk.project)
    ] == [(3, "period", "duplicate"), (4, "period", "duplicate")]


def test_a_row_that_comes_twice_is_refused_also_far_behind(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "AT_ONCE", 2)
    body = table("external_id,name", "c1,A", "c2,B", "c3,C", "c4,D", "c1,E")
    assert desk.refused("contacts", body) == [
        {"row": 6, "column": "external_id", "value": "c1", "code": "repeated"}
    ]
    key = desk.bench.world.a.ids["contacts"]
    body = table("id,external_id,name", f"{key},,A", ",c2,B", ",c3,C", ",canary-a-contacts,D")
    (fault,) = desk.refused("contacts", body)
    assert (fault["row"], fault["code"]) == (5, "repeated")


def test_a_table_is_all_or_nothing_however_many_parts_it_has(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "AT_ONCE", 2)
    rows = [{"kind": "x"} if n == 7 else {} for n in range(9)]
    (fault,) = desk.refused("results", results(*rows), project=desk.project)
    assert fault["row"] == 9
    assert desk.counts("results", results(*rows[:7]), project=desk.project)["created"] == 7


def test_another_providers_row_is_none(desk: Desk) -> None:
    theirs = desk.bench.world.b.ids
    body = table("id,name", f"{theirs['contacts']},Minun")
    assert desk.refused("contacts", body) == [
        {"row": 2, "column": "id", "value": str(theirs["contacts"]), "code": "not_found"}
    ]
    for goal in (theirs["goals"], "canary-b-goals"):
        body = results({"goal": goal})
        (fault,) = desk.refused("results", body, project=desk.project)
        assert (fault["column"], fault["code"]) == ("goal", "not_found")


def test_a_row_stays_in_its_sub_project(desk: Desk) -> None:
    desk.bench.make("sub_projects", project_id=desk.bench.world.plan["projects"], external_id="muu")
    body = table("external_id,sub_project", "canary-a-goals,muu")
    (fault,) = desk.refused("goals", body)
    assert (fault["column"], fault["code"]) == ("sub_project", "immutable")


# an export that is edited


def test_a_stale_row_is_a_conflict_shown_field_by_field(desk: Desk) -> None:
    key = desk.bench.world.a.ids["contacts"]
    head, line = desk.export("contacts", "csv", fields="version,name,phone").decode().splitlines()
    etag = desk.bench.open("contacts", key).headers["ETag"]
    desk.bench.change("contacts", key, etag, json={"name": "Heidän"})
    mine = table(head.lstrip("\ufeff"), line.replace("canary-a", "Minun"))
    response = desk.send("contacts", mine)
    (fault,) = response.get_json()["errors"]
    assert {name: fault[name] for name in ("row", "column", "value", "code", "current")} == {
        "row": 2,
        "column": "name",
        "value": "Minun",
        "code": "stale",
        "current": "Heidän",
    }


def test_a_stale_row_that_would_change_nothing_is_let_be(desk: Desk) -> None:
    key = desk.bench.world.a.ids["contacts"]
    before = desk.export("contacts", "csv", fields="version,phone")
    etag = desk.bench.open("contacts", key).headers["ETag"]
    desk.bench.change("contacts", key, etag, json={"name": "Heidän"})
    assert desk.counts("contacts", before) == MADE | {"created": 0, "unchanged": 1}


# planned first


def test_a_dry_run_tells_what_would_become_of_each_row_and_keeps_nothing(desk: Desk) -> None:
    desk.counts("contacts", table("external_id,name", "c1,Aino", "c2,Bertta"))
    body = table("external_id,name", "c1,Aino", "c2,Bea", "c3,Cecilia")
    before = contents(desk.bench.app)
    response = desk.send("contacts", body, dry_run="true")
    assert response.status_code == 200, response.text
    assert contents(desk.bench.app) == before
    plan = response.get_json()
    assert plan["counts"] == {"contacts": {"created": 1, "updated": 1, "unchanged": 1}}
    assert [(e["row"], e["external_id"], e["outcome"], e["changes"]) for e in plan["elements"]] == [
        (3, "c2", "updated", ["name"]),
        (4, "c3", "created", []),
    ]
    assert desk.counts("contacts", body, plan=plan["plan"]) == plan["counts"]["contacts"]


def test_a_plan_is_carried_out_as_it_was_made_or_not_at_all(desk: Desk) -> None:
    desk.counts("contacts", table("external_id,name", "c1,Aino"))
    body = table("external_id,name", "c1,Minun")
    plan = desk.send("contacts", body, dry_run="true").get_json()["plan"]
    desk.counts("contacts", table("external_id,name", "c1,Heidän"))
    moved = desk.send("contacts", body, plan=plan)
    assert code(moved) == (409, "plan_moved")
    assert "changed" in moved.get_json()["detail"]
    assert desk.named("contacts", "c1")["name"] == "Heidän"
    now = moved.get_json()["plan"]["plan"]
    desk.counts("contacts", body, plan=now)
    assert desk.named("contacts", "c1")["name"] == "Minun"
    again = desk.send("contacts", body, plan=now)
    assert code(again) == (409, "plan_moved")
    assert "done already" in again.get_json()["detail"]


def test_a_plan_tells_of_rows_by_their_ids_and_of_items_by_their_pointers(desk: Desk) -> None:
    unnamed, _ = desk.bench.created("contacts", external_id=None)
    page = json.dumps({"items": [{"external_id": "c1", "name": "A"}, {"id": unnamed, "name": "B"}]})
    plan = desk.send("contacts", page, "application/json", dry_run="true").get_json()
    told = [(one["pointer"], one.get("row"), one["external_id"]) for one in plan["elements"]]
    assert told == [("/items/0", None, "c1"), ("/items/1", None, None)]
    rows = table("id,name", f"{unnamed},B")
    [element] = desk.send("contacts", rows, dry_run="true").get_json()["elements"]
    assert (element["pointer"], element["row"], element["external_id"]) == ("", 2, None)


def test_as_many_rows_as_are_refused_come_back(desk: Desk) -> None:
    rows = [{"external_id": f"c{n}", "name": ""} for n in range(501)]
    page = json.dumps({"items": rows})
    back = desk.send("contacts", page, "application/json", path="/refused")
    assert len(back.get_json()["items"]) == 501


def test_a_plan_holds_of_new_rows_that_refer_to_each_other(desk: Desk) -> None:
    body = deliverables(("d1", "d2"), ("d2", ""))
    plan = desk.send("deliverables", body, dry_run="true").get_json()["plan"]
    assert desk.counts("deliverables", body, plan=plan)["created"] == 2


def test_rows_are_found_by_the_index_of_their_names_however_many_the_provider_has(
    desk: Desk, engine: str
) -> None:
    asked: list[tuple[str, Any]] = []
    database = desk.bench.app.extensions["database"]
    sa.event.listen(
        database.engine, "before_cursor_execute", lambda *event: asked.append(event[2:4])
    )
    desk.counts("contacts", table("external_id,name", "c1,Aino", "c2,Eino"))
    [(statement, parameters)] = [
        one for one in asked if "FROM contacts" in one[0] and "ORDER BY" in one[0]
    ]
    if engine == "sqlite":  # PostgreSQL chooses by how many rows there are
        with database.engine.connect() as connection:
            explained = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            assert "(provider_id=? AND external_id=?)" in str(explained.all())


# rows that refer to each other


def deliverables(*rows: tuple[str, str]) -> str:
    head = "external_id,sub_project,kind,title,based_on"
    return table(head, *(f"{n},canary-a-sub_projects,model,Malli,{based}" for n, based in rows))


def test_rows_refer_to_each_other_in_whatever_order_they_come(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "AT_ONCE", 1)
    desk.counts("deliverables", deliverables(("d1", "d3"), ("d2", "d1"), ("d3", "")))
    ids = {name: desk.named("deliverables", name)["id"] for name in ("d1", "d2", "d3")}
    assert desk.named("deliverables", "d1")["based_on_id"] == ids["d3"]
    assert desk.named("deliverables", "d2")["based_on_id"] == ids["d1"]


def test_rows_that_lead_back_to_themselves_are_refused(desk: Desk) -> None:
    first, *others = desk.refused("deliverables", deliverables(("d1", "d2"), ("d2", "d1")))
    assert (first["column"], first["code"]) == ("based_on", "cycle")
    assert [fault["code"] for fault in others] == ["not_found"]  # the one that is refused


def test_rows_that_may_refer_to_each_other_have_a_bound(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "TOGETHER_MAX", 2)
    assert desk.refused("deliverables", deliverables(("d1", ""), ("d2", ""), ("d3", ""))) == [
        {"row": 4, "code": "too_many_rows"}
    ]


@pytest.mark.parametrize("media", [CSV, NDJSON, XLSX])
def test_a_part_of_a_table_ends_early_where_its_rows_are_long(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, media: str
) -> None:
    rows = [{"external_id": f"c{n}", "name": "a" * 100} for n in range(6)]
    bodies: Row = {
        CSV: table("external_id,name", *(",".join(row.values()) for row in rows)),
        NDJSON: "\n".join(map(json.dumps, rows)),
        XLSX: broken_files.book(["external_id", "name"], *(row.values() for row in rows)),
    }
    sizes: list[int] = []

    def noted(session: Any, elements: Any, *others: Any) -> None:
        sizes.append(len(elements))
        identify(session, elements, *others)

    monkeypatch.setattr(tables, "TEXT_AT_ONCE", 200)
    monkeypatch.setattr(tables, "identify", noted)
    assert desk.counts("contacts", bodies[media], media)["created"] == 6
    assert sizes == [2, 2, 2]


def test_long_rows_that_may_refer_to_each_other_are_fewer(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "TEXT_AT_ONCE", 20)
    assert desk.refused("deliverables", deliverables(("d1", ""), ("d2", ""), ("d3", ""))) == [
        {"row": 4, "code": "too_many_rows"}
    ]


# in part


def test_in_part_good_rows_are_kept_and_refused_ones_told(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "AT_ONCE", 2)
    body = results({}, {"kind": "x"}, {}, {"goal": "y"}, {})
    response = desk.send("results", body, project=desk.project, partial="true")
    made = response.get_json()
    assert response.status_code == 201, response.text
    assert made["counts"]["results"] == MADE | {"created": 3, "refused": 2}
    assert [(f["row"], f["column"], f["code"]) for f in made["errors"]] == [
        (3, "kind", "unknown_word"),
        (5, "goal", "not_found"),
    ]
    assert [desk.named("results", name)["text"] for name in ("r1", "r3", "r5")]
    read = desk.bench.client.get(response.headers["Location"], headers=desk.by).get_json()
    assert read["counts"] == made["counts"]


def test_in_part_what_the_database_refuses_does_not_sink_the_others(desk: Desk) -> None:
    desk.counts("indicators", table("external_id,goal,name", "i1,canary-a-goals,Osuus"))
    head = "external_id,indicator,period,value"
    body = table(head, *(f"m{n},i1,2012-spring,{n}" for n in range(1, 4)))
    counts = desk.counts("measurements", body, project=desk.project, partial="true")
    assert counts == MADE | {"refused": 2}


def test_in_part_a_row_that_is_based_on_a_refused_one_is_refused_too(desk: Desk) -> None:
    body = deliverables(("d1", ""), ("d2", "d1"), ("d3", "")).replace("d1,canary-a", "d1,canary-x")
    counts = desk.counts("deliverables", body, partial="true")
    assert counts == MADE | {"refused": 2}


def test_a_dry_run_in_part_tells_what_would_be_refused(desk: Desk) -> None:
    body = results({}, {"kind": "x"})
    asked = {"project": desk.project, "partial": "true"}
    plan = desk.send("results", body, **asked, dry_run="true").get_json()
    assert plan["counts"]["results"] == MADE | {"refused": 1}
    assert [fault["row"] for fault in plan["errors"]] == [3]
    assert desk.counts("results", body, **asked, plan=plan["plan"]) == MADE | {"refused": 1}


# the corrected file


def refused_file(desk: Desk, stem: str, body: Any, media: str = CSV, **query: str) -> bytes:
    before = contents(desk.bench.app)
    response = desk.send(stem, body, media, path="/refused", **query)
    assert response.status_code == 200, response.text
    assert response.mimetype == media
    assert contents(desk.bench.app) == before
    return response.get_data()


def test_the_refused_rows_come_back_as_they_were_with_why(desk: Desk) -> None:
    body = "external_id;Tavoite;period;kind;error;text\n" + "".join(
        f"r{n};canary-a-goals;2012-spring;{kind};vanha;'=1\n"
        for n, kind in enumerate(("activity", "activty", "outcome"))
    )
    content = refused_file(desk, "results", body, project=desk.project)
    head, line = csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=";")
    assert head == ["external_id", "Tavoite", "period", "kind", "text", "error"]
    assert line[:-1] == ["r1", "canary-a-goals", "2012-spring", "activty", "'=1"]
    assert line[-1].startswith("kind: Not one of: activity")
    mended = content.decode().replace("activty", "activity")
    assert desk.counts("results", mended, project=desk.project) == MADE


def test_why_is_said_in_the_language_of_the_caller(desk: Desk) -> None:
    response = desk.send(
        "contacts",
        table("external_id,name", "c1,"),
        headers={"Accept-Language": "fi"},
        path="/refused",
    )
    assert "name: Tämä kenttä on pakollinen" in response.text


def test_the_refused_rows_of_a_workbook_are_a_workbook(desk: Desk) -> None:
    head = ["external_id", "sub_project", "kind", "date", "start_time", "open_to_all", "title"]
    rest = [date(2012, 1, 16), time(9, 30), True, "<r>"]
    good = ["k1", "canary-a-sub_projects", "kick_off", *rest]
    bad = ["k2", "canary-a-sub_projects", "kickoff", *rest]
    content = refused_file(desk, "meetings", workbook([head, good, bad]), XLSX)
    (sheet,) = opened(content)
    assert [cell.value for cell in sheet[1]] == [*head, "error"]
    values = [cell.value for cell in sheet[2]]
    assert values[:3] + values[4:7] == [*bad[:3], *bad[4:]]
    assert values[3].date() == date(2012, 1, 16)
    sheet["C2"] = "kick_off"
    file = io.BytesIO()
    sheet.parent.save(file)
    assert desk.counts("meetings", file.getvalue(), XLSX) == MADE


def test_the_refused_lines_of_json_have_why_among_their_members(desk: Desk) -> None:
    lines = '{"external_id": "c1"}\n{"external_id": "c2", "name": "B"}\nei\n'
    told = [json.loads(line) for line in refused_file(desk, "contacts", lines, NDJSON).splitlines()]
    assert told[0]["external_id"] == "c1"
    assert told[0]["error"] == "/name: This field is required."
    assert told[1]["line"] == "ei"
    page = json.dumps({"items": [json.loads(line) for line in lines.splitlines()[:2]]})
    (item,) = json.loads(refused_file(desk, "contacts", page, "application/json"))["items"]
    assert item == told[0] | {"error": "/items/0/name: This field is required."}


@pytest.mark.parametrize("extension", ["csv", "xlsx", "ndjson", "json"])
def test_when_nothing_is_refused_the_head_comes_back_alone(desk: Desk, extension: str) -> None:
    body = desk.export("contacts", extension, fields="name")
    content = refused_file(desk, "contacts", body, MEDIA[extension])
    expected: Any = {"csv": b"\xef\xbb\xbfid,name,error\r\n", "ndjson": b""}
    if extension == "json":
        assert json.loads(content) == {"items": [], "next": None}
    elif extension == "xlsx":
        assert exported(content, extension) == [[("id", "name", "error")]]
    else:
        assert content == expected[extension]


def test_why_a_stale_row_is_refused_says_what_stands_there_now(desk: Desk) -> None:
    key = desk.bench.world.a.ids["contacts"]
    old = desk.bench.open("contacts", key)
    desk.bench.change("contacts", key, old.headers["ETag"], json={"name": "Heidän", "phone": None})
    row = {"id": str(key), "version": old.get_json()["version"], "name": "Minun", "phone": "1"}
    body = table(",".join(row), ",".join(map(str, row.values())))
    _, (*_, why) = csv.reader(io.StringIO(refused_file(desk, "contacts", body).decode()))
    name, phone = why.split("; ")
    assert name.startswith("name: The row has changed since")
    assert name.endswith(" It says now: Heidän")
    assert phone.endswith(" It is empty now.")
    answer = desk.send("contacts", body, headers={"Accept-Language": "fi"}, path="/refused")
    assert " Siinä on nyt: Heidän" in answer.text


# templates


def test_a_template_is_let_in_once_its_references_are_ones_own(desk: Desk, stem: str) -> None:
    for language, extension in itertools.product(("fi", "sv", "en"), ("csv", "xlsx")):
        path = f"/api/v1/imports/{stem.replace('_', '-')}/template.{extension}"
        response = desk.bench.client.get(path, headers={"Accept-Language": language})
        assert response.status_code == 200, response.text
        assert response.headers["Content-Language"] == language
        answer = desk.send(stem, response.get_data(), MEDIA[extension], dry_run="true")
        faults = answer.get_json().get("errors", [])
        assert {fault["code"] for fault in faults} <= {"not_found"}
        assert {fault["row"] for fault in faults} <= {2}
        assert all("value" in fault for fault in faults)


def template(desk: Desk, stem: str, extension: str, language: str) -> bytes:
    path = f"/api/v1/imports/{stem}/template.{extension}"
    return desk.bench.client.get(path, query_string={"language": language}).get_data()


def test_a_template_is_the_same_whenever_it_is_made(desk: Desk) -> None:
    answer = desk.bench.client.get("/api/v1/imports/goals/template.xlsx")
    assert openpyxl.load_workbook(io.BytesIO(answer.data)).properties.created.year == 2000


def test_a_template_of_a_workbook_says_what_each_column_is_for(desk: Desk) -> None:
    sheet, told = opened(template(desk, "results", "xlsx", "fi"))
    heads = [cell.value for cell in sheet[1]]
    rows = list(told.values)
    top = next(place for place, row in enumerate(rows) if row[0] == "Sarake")
    assert [row[0] for row in rows[top + 1 :]] == heads
    kind = next(row for row in rows if row[1] == "kind")
    assert kind[2] == "Kyllä"
    assert "activity (Toiminta)" in kind[4]


@pytest.mark.parametrize(
    ("language", "told"),
    [("fi", "kirjoita sen päälle"), ("sv", "skriv över den"), ("en", "write over it")],
)
def test_the_help_of_a_template_begins_with_what_to_do_with_its_example(
    desk: Desk, language: str, told: str
) -> None:
    _, sheet = opened(template(desk, "goals", "xlsx", language))
    assert told in next(sheet.values)[0]


def test_the_help_of_a_template_says_how_rows_and_lists_are_given(desk: Desk) -> None:
    _, sheet = opened(template(desk, "meetings", "xlsx", "en"))
    may = {row[1]: row[4] for row in sheet.values}
    assert may["sub_project"] == "Sub-project: its own identifier"
    assert may["period"] == "Reporting period: its code in the plan"
    assert may["goals"] == "Goal: own identifiers, parted by commas"
    assert may["participants"].startswith("A list in JSON; each entry has: contact, name, ")
    assert may["open_to_all"] == "TRUE or FALSE"
    _, sheet = opened(template(desk, "reports", "xlsx", "sv"))
    may = {row[1]: row[4] for row in sheet.values}
    assert may["periods"] == "Rapporteringsperiod: projektplanens koder, åtskilda med kommatecken"


@pytest.mark.parametrize(
    ("language", "delimiter", "shown"),
    [
        ("fi", ";", {"57,5", "31.5.2012"}),
        ("sv", ";", {"57,5", "31.5.2012"}),
        ("en", ",", {"57.5", "2012-05-31"}),
    ],
)
def test_a_template_has_days_and_numbers_as_the_spreadsheets_of_its_language(
    desk: Desk, language: str, delimiter: str, shown: set[str]
) -> None:
    text = template(desk, "measurements", "csv", language).decode("utf-8-sig")
    _, row = csv.reader(io.StringIO(text), delimiter=delimiter)
    assert shown < {*row}
    sheet, _ = opened(template(desk, "measurements", "xlsx", language))
    _, cells = sheet.values
    assert {57.5, datetime(2012, 5, 31)} < {*cells}


# how it is sent


def test_a_body_may_come_packed(desk: Desk) -> None:
    for number, (coding, pack) in enumerate((("gzip", gzip.compress), ("zstd", zstd.compress))):
        body = pack(table("external_id,name", f"c{number},Aino").encode())
        response = desk.send("contacts", body, headers={"Content-Encoding": coding})
        assert response.status_code == 201, response.text


def test_a_coding_that_is_not_known_is_refused_with_those_that_are(desk: Desk) -> None:
    response = desk.send("contacts", "x", headers={"Content-Encoding": "br"})
    assert code(response) == (415, "unsupported_media_type")
    assert response.headers["Accept-Encoding"] == "gzip, x-gzip, zstd, identity"


@pytest.mark.parametrize("pack", [gzip.compress, zstd.compress])
def test_what_unpacks_to_more_than_the_bound_is_too_large(
    settings: dict[str, object], bench: Bench, pack: Any
) -> None:
    app = create_app(settings | {"MAX_TABLE_BYTES": 1_000})
    coding = "gzip" if pack is gzip.compress else "zstd"
    headers = bench.manager | {"Content-Encoding": coding}
    for size, status in ((500, 201), (2_000_000, 413)):
        body = b"external_id,name\r\nc1,A\r\n" + b"\r\n" * (size // 2)
        response = app.test_client().post(
            "/api/v1/imports/contacts", data=pack(body), content_type=CSV, headers=headers
        )
        assert response.status_code == status, response.text
    app.extensions["database"].close()


def test_a_key_makes_a_table_safe_to_send_again(desk: Desk) -> None:
    body, key = table("external_id,name", "c1,Aino"), {"Idempotency-Key": "k1"}
    first = desk.send("contacts", body, headers=key)
    again = desk.send("contacts", body, headers=key)
    assert again.get_json() == first.get_json()
    assert again.headers["Idempotency-Replayed"] == "true"
    other = desk.send("contacts", table("external_id,name", "c1,Bertta"), headers=key)
    assert code(other) == (422, "invalid")
    assert desk.named("contacts", "c1")["name"] == "Aino"


def test_only_those_who_write_records_bring_in_tables(desk: Desk) -> None:
    a = desk.bench.world.a.provider_id
    body = table("external_id,name", "c1,Aino")
    refused = {
        "viewer": bearer(desk.bench.app, "viewer", a),
        "reviewer": desk.bench.ministry,
        "reading client": bearer(desk.bench.app, None, a, ["records:read", "plan:read"]),
    }
    for who, headers in refused.items():
        for path in ("", "/refused"):
            response = desk.send("contacts", body, headers=headers, path=path)
            assert code(response) == (403, "forbidden"), who
    script = bearer(desk.bench.app, None, a, ["records:write"])
    assert desk.send("contacts", body, headers=script).status_code == 201


def test_a_media_type_that_is_no_tables_is_refused_with_those_that_are(desk: Desk) -> None:
    response = desk.send("contacts", "x", "text/plain")
    assert code(response) == (415, "unsupported_media_type")
    assert CSV in response.headers["Accept"]


def test_a_table_costs_the_same_statements_however_many_its_rows(desk: Desk) -> None:
    def cost(first: int, count: int) -> int:
        rows = [{"external_id": f"r{n}"} for n in range(first, first + count)]
        with statements(desk.bench.app) as sent:
            desk.counts("results", results(*rows), project=desk.project)
        return len(sent)

    assert cost(0, 2) == cost(10, 300)


# there and back


MEDIA = {"csv": CSV, "xlsx": XLSX, "ndjson": NDJSON, "json": "application/json"}


@pytest.fixture(params=RECORDS)
def stem(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_an_export_brought_in_again_changes_nothing(desk: Desk, stem: str) -> None:
    for _ in range(3):
        desk.bench.created(stem)
    for extension, media in MEDIA.items():
        before = desk.export(stem, extension)
        counts = desk.counts(stem, before, media)
        assert counts == {"created": 0, "updated": 0, "unchanged": 4}, extension
        assert exported(desk.export(stem, extension), extension) == exported(before, extension)


@pytest.mark.parametrize("extension", MEDIA)
def test_texts_of_every_kind_come_back_as_they_went(desk: Desk, extension: str) -> None:
    texts = [text for text in NASTY if not Result().validate(result_of(desk, text))]
    assert len(texts) > 20
    for text in texts:
        assert (
            desk.bench.open("results", method="POST", json=result_of(desk, text)).status_code == 201
        )
    before = desk.export("results", extension)
    counts = desk.counts("results", before, MEDIA[extension])
    assert counts == {"created": 0, "updated": 0, "unchanged": len(texts) + 1}
    assert exported(desk.export("results", extension), extension) == exported(before, extension)


def result_of(desk: Desk, text: str) -> Row:
    ids = {"goal_id": str(desk.goal), "period_id": str(desk.bench.world.plan["periods"])}
    return {**ids, "kind": "activity", "text": text}


def exported(content: bytes, extension: str) -> Any:
    """What an export says: two workbooks with the same rows differ in when they were made."""
    return [list(s.values) for s in opened(content)] if extension == "xlsx" else content


def test_rows_that_are_gone_come_back_from_an_export(desk: Desk, stem: str) -> None:
    for extension, media in MEDIA.items():
        made = [desk.bench.created(stem) for _ in range(2)]
        names = [desk.bench.open(stem, key).get_json()["external_id"] for key, _ in made]
        before = [desk.named(stem, name) for name in names]
        told = without_ids(desk.export(stem, extension), extension, {*names})
        for key, etag in made:
            assert desk.bench.change(stem, key, etag, "DELETE").status_code == 204
        assert desk.counts(stem, told, media) == MADE | {"created": 2}, extension
        after = [desk.named(stem, row["external_id"]) for row in before]
        assert [said(row) for row in after] == [said(row) for row in before], extension


def said(row: Row) -> Row:
    """What a row says, apart from what the system writes."""
    system = ("id", "version", "created_at", "updated_at")
    return {name: value for name, value in row.items() if name not in system}


def without_ids(content: bytes, extension: str, names: set[str]) -> bytes:
    """An export of these rows only, by their external ids."""
    if extension in ("ndjson", "json"):
        text = content.decode()
        items = (
            json.loads(text)["items"]
            if extension == "json"
            else [json.loads(line) for line in text.splitlines()]
        )
        kept = [
            {name: value for name, value in item.items() if name not in ("id", "version")}
            for item in items
            if item["external_id"] in names
        ]
        if extension == "json":
            return json.dumps({"items": kept, "next": None}).encode()
        return "".join(json.dumps(item) + "\n" for item in kept).encode()
    if extension == "csv":
        head, *lines = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    else:
        head, *lines = [list(line) for line in opened(content).active.values]
    places = [place for place, name in enumerate(head) if name not in ("id", "version")]
    own = head.index("external_id")
    kept_lines = [
        [line[p] for p in places] for line in (head, *lines) if line[own] in {*names, "external_id"}
    ]
    if extension == "csv":
        file = io.StringIO(newline="")
        csv.writer(file).writerows(kept_lines)
        return file.getvalue().encode()
    return workbook(kept_lines)


def workbook(lines: Any) -> bytes:
    book = openpyxl.Workbook()
    for line in lines:
        book.active.append(line)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def test_whoever_forgets_the_project_is_told_that_codes_need_it(desk: Desk) -> None:
    body = f"external_id,goal,period,kind,text\nr1,{desk.goal},2012-spring,activity,x\n"
    (fault,) = desk.send("results", body).get_json()["errors"]
    assert (fault["column"], fault["code"]) == ("period", "not_found")
    assert "`project`" in fault["detail"]


def test_of_a_name_that_comes_twice_it_is_told_where_it_came_first(desk: Desk) -> None:
    (fault,) = desk.send("contacts", "external_id,name\nc1,A\nc2,B\nc1,C\n").get_json()["errors"]
    assert (fault["row"], fault["detail"]) == (4, "Row 2 has it already.")


def test_a_number_of_65_bits_is_told_where_it_stands(bench: Bench) -> None:
    for media, body in {
        "application/json": b'{"items": [{"external_id": "t", "text": 36893488147419103232}]}',
        "application/x-ndjson": b'{"external_id": "t", "text": [36893488147419103232]}',
    }.items():
        sent = {"data": body, "content_type": media, "headers": bench.manager}
        answer = bench.client.post("/api/v1/imports/goals", **sent)
        assert answer.status_code == 422
        values = [fault.get("value", "") for fault in answer.get_json()["errors"]]
        assert any("36893488147419103232" in value for value in values)
        assert bench.client.post("/api/v1/imports/goals/refused", **sent).status_code == 200


def test_why_a_row_is_refused_is_text_whatever_its_names_are(bench: Bench) -> None:
    body = b'{"external_id": "t", "a\\u0001b": 1}'
    sent = {"data": body, "content_type": "application/x-ndjson", "headers": bench.manager}
    answer = bench.client.post("/api/v1/imports/goals/refused", **sent)
    assert "a\ufffdb" in answer.get_json(force=True)["error"]


@pytest.mark.parametrize("name", ["next", "total", "wrong"])
def test_what_a_page_says_beside_its_rows_is_held_to_the_document(bench: Bench, name: str) -> None:
    sent = {"json": {"items": [], name: {}}, "headers": bench.manager}
    for path in "/api/v1/imports/goals", "/api/v1/imports/goals/refused":
        answer = bench.client.post(path, **sent)
        assert answer.status_code == 422
        assert [fault["pointer"] for fault in answer.get_json()["errors"]] == [f"/{name}"]
