"""`flask --app wsgi import FILE…`: what an operator has as files, in the database as over HTTP."""

import csv
import gzip
import json
import os
import pty
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from click.testing import Result
from flask import Flask

from api import cli, importing
from api.app import create_app
from api.bodies import zstd
from tests.examples import Bench
from tests.factories import make
from tests.resources.test_imports import Desk
from tests.resources.test_whole_files import lines, sheets, workbook
from tests.routes import contents


class Counter:
    """Where the operator of the bench's database brings in files for its first provider."""

    def __init__(self, app: Flask, bench: Bench, folder: Path):
        self.app, self.bench, self.folder = app, bench, folder
        self.owner = str(bench.world.a.provider_id)
        self.project = Desk(bench).acronym

    def file(self, name: str, *lines: str) -> str:
        content = "".join(f"{line}\n" for line in lines).encode()
        path = self.folder / name
        path.write_bytes(PACKERS.get(path.suffix, bytes)(content))
        return str(path)

    def run(self, *arguments: str) -> Result:
        with self.app.app_context():
            given = ["import", "--provider", self.owner, *arguments]
            return self.app.test_cli_runner().invoke(args=given)

    def done(self, *arguments: str) -> list[str]:
        """The lines about the files, without the folder and the ids."""
        result = self.run(*arguments)
        assert (result.exit_code, result.stderr) == (0, ""), result.output
        return self.lines(result.stdout)

    def refused(self, *arguments: str) -> list[str]:
        """What is told of files of which nothing is kept."""
        before = contents(self.bench.app)
        result = self.run(*arguments)
        assert (result.exit_code, result.stdout) == (1, ""), result.output
        assert contents(self.bench.app) == before
        return self.lines(result.stderr)

    def misunderstood(self, *arguments: str) -> str:
        before = contents(self.bench.app)
        result = self.run(*arguments)
        assert (result.exit_code, result.stdout) == (2, ""), result.output
        assert contents(self.bench.app) == before
        return result.stderr

    def lines(self, text: str) -> list[str]:
        bare = text.replace(f"{self.folder}/", "")
        return re.sub(r"import [0-9a-f-]{36}", "import …", bare).splitlines()

    def named(self, stem: str, name: str) -> dict[str, Any]:
        query = {"external_id": name}
        (row,) = self.bench.open(stem, query_string=query).get_json()["items"]
        assert isinstance(row, dict)
        return row


PACKERS = {".gz": gzip.compress, ".zst": zstd.compress}
HEAD = "external_id,sub_project,text"
SUB_PROJECT = "canary-a-sub_projects"
GOALS = (HEAD, f"t1,{SUB_PROJECT},Yksi", f"t2,{SUB_PROJECT},Kaksi")


@pytest.fixture
def counter(settings: dict[str, object], app: Flask, tmp_path: Path) -> Iterator[Counter]:
    operated = create_app(settings)
    cli.register_commands(operated)
    yield Counter(operated, Bench(app), tmp_path)
    operated.extensions["database"].close()


# what becomes of a file


def test_a_file_becomes_rows_and_its_line_tells_how_many(counter: Counter) -> None:
    file = counter.file("goals.csv", *GOALS)
    assert counter.done(file) == ["goals.csv: goals: 2 created (import …)"]
    assert counter.named("goals", "t2")["text"] == "Kaksi"
    counter.file("goals.csv", HEAD, f"t1,{SUB_PROJECT},Ensimmäinen", *GOALS[2:])
    told = counter.done(file)
    assert told == ["goals.csv: goals: 1 updated, 1 unchanged (import …)"]
    assert counter.named("goals", "t1")["text"] == "Ensimmäinen"


def test_what_the_command_brought_in_is_undone_over_http(counter: Counter) -> None:
    before = contents(counter.bench.app)
    told = counter.run(counter.file("goals.csv", *GOALS)).stdout
    (key,) = re.findall(r"import ([0-9a-f-]{36})", told)
    path = f"/api/v1/imports/{key}/undo"
    response = counter.bench.client.post(path, headers=counter.bench.manager)
    assert response.status_code == 200, response.text
    assert response.get_json()["counts"]["goals"]["created"] == 2
    left = contents(counter.bench.app)
    assert left["goals"] == before["goals"]


@pytest.mark.parametrize(
    "name", ["goals.csv", "2012-Goals.csv", "goals.csv.gz", "GOALS-2.CSV", "all goals.csv.zst"]
)
def test_a_files_name_tells_the_resource_and_how_it_is_packed(counter: Counter, name: str) -> None:
    told = counter.done(counter.file(name, *GOALS))
    assert told == [f"{name}: goals: 2 created (import …)"]


def test_each_kind_of_table_goes_in(counter: Counter) -> None:
    row = {"external_id": "t1", "sub_project": SUB_PROJECT, "text": "Yksi"}
    book = openpyxl.Workbook()
    book.active.append(list(row))
    book.active.append(list(row.values()))
    book.save(counter.folder / "2012-goals.xlsx")
    lines = counter.file("goals.ndjson.gz", json.dumps(row))
    page = counter.file("goals.json", json.dumps({"items": [row], "next": None}))
    assert counter.done(str(counter.folder / "2012-goals.xlsx"), lines, page) == [
        "2012-goals.xlsx: goals: 1 created (import …)",
        "goals.ndjson.gz: goals: 1 unchanged (import …)",
        "goals.json: goals: 1 unchanged (import …)",
    ]


def test_a_json_document_is_a_whole_sub_project(counter: Counter) -> None:
    document = {
        "project": counter.project,
        "sub_project": {"external_id": "osa"},
        "goals": [{"external_id": "t1", "text": "Yksi"}],
    }
    told = counter.done(counter.file("goals-of-2012.json", json.dumps(document)))
    counts = "sub_projects: 1 created; goals: 1 created"
    assert told == [f"goals-of-2012.json: {counts} (import …)"]
    document["goals"] = [{"external_id": "t1"}]
    document["sub_project"] = {"external_id": "uusi"}
    told = counter.refused(counter.file("osa.json", json.dumps(document)))
    assert told == ["osa.json: /goals/0/external_id: Belongs to another one than the document."]


def test_a_file_that_names_no_resource_may_have_several(counter: Counter) -> None:
    document = Desk(counter.bench).full()
    (counter.folder / "2012.xlsx").write_bytes(workbook(sheets(document)))
    (told,) = counter.done(str(counter.folder / "2012.xlsx"))
    assert told.startswith("2012.xlsx: contacts: 1 created; sub_projects: 1 created; goals: 2")
    (told,) = counter.done(counter.file("2012.ndjson.zst", lines(document).decode()))
    assert told.startswith("2012.ndjson.zst: contacts: 1 unchanged; sub_projects: 1 unchanged;")
    document["goals"][1]["project_goal"] = "none"
    (counter.folder / "2012.xlsx").write_bytes(workbook(sheets(document)))
    assert counter.refused(str(counter.folder / "2012.xlsx")) == [
        "2012.xlsx:goals:3: project_goal: Nothing of project_goals has this name."
    ]


def test_codes_are_those_of_the_named_project(counter: Counter) -> None:
    head = "external_id,goal,period,kind,text"
    file = counter.file("results.csv", head, "r1,canary-a-goals,2012-spring,activity,Yksi")
    told = counter.refused(file)
    why = "A code of periods: say by `project` of which project."
    assert told == [f"results.csv:2: period: {why}"]
    assert counter.refused(file, "--project", "NONE") == [
        "results.csv: --project: Your provider takes part in no such project."
    ]
    assert counter.done(file, "--project", counter.project) == [
        "results.csv: results: 1 created (import …)"
    ]


# several files


def test_files_go_in_the_order_in_which_rows_refer_to_each_other(counter: Counter) -> None:
    head = "external_id,goal,period,kind,text"
    results = counter.file("a-results.csv", head, "r1,t1,2012-spring,activity,Yksi")
    goals = counter.file("z-goals.csv", *GOALS)
    assert counter.done(results, goals, "--project", counter.project) == [
        "z-goals.csv: goals: 2 created (import …)",
        "a-results.csv: results: 1 created (import …)",
    ]


def test_the_first_file_that_is_refused_ends_it_and_those_before_it_stay(counter: Counter) -> None:
    files = [
        counter.file("1-goals.csv", *GOALS),
        counter.file("2-goals.csv", HEAD, f"t3,{SUB_PROJECT},Kolme", "t4,nothing,Neljä"),
        counter.file("3-goals.csv", HEAD, f"t5,{SUB_PROJECT},Viisi"),
    ]
    result = counter.run(*files)
    assert result.exit_code == 1
    assert counter.lines(result.stdout) == ["1-goals.csv: goals: 2 created (import …)"]
    assert counter.lines(result.stderr) == [
        "2-goals.csv:3: sub_project: Nothing of sub_projects has this name."
    ]
    items = counter.bench.open("goals", query_string={"limit": 100}).get_json()["items"]
    assert {one["external_id"] for one in items} == {"canary-a-goals", "t1", "t2"}


def test_a_dry_run_keeps_nothing_and_later_files_see_what_earlier_ones_would_bring(
    counter: Counter,
) -> None:
    goals = counter.file("goals.csv", *GOALS)
    indicators = counter.file("indicators.csv", "external_id,goal,name", "i1,t1,Osuus")
    before = contents(counter.bench.app)
    assert counter.done(goals, indicators, "--dry-run") == [
        "goals.csv: goals: 2 created (nothing kept)",
        "indicators.csv: indicators: 1 created (nothing kept)",
    ]
    assert contents(counter.bench.app) == before


# what is refused


def test_every_fault_is_told_with_its_row_in_the_asked_language(counter: Counter) -> None:
    file = counter.file("goals.csv", HEAD, f"t1,{SUB_PROJECT},", "t2,nothing,Kaksi", ",,")
    assert counter.refused(file, "--language", "fi") == [
        "goals.csv:2: text: Tämä kenttä on pakollinen.",
        "goals.csv:3: sub_project: Tietoa sub_projects ei löydy tällä tunnisteella.",
    ]


def test_good_rows_are_kept_by_choice_and_the_others_come_back_with_why(counter: Counter) -> None:
    file = counter.file("goals.csv", *GOALS, "t3,nothing,Kolme")
    mend = counter.folder / "mend.csv"
    result = counter.run(file, "--partial", "--refused", str(mend))
    assert result.exit_code == 1
    (line,) = counter.lines(result.stdout)
    assert line == "goals.csv: goals: 2 created, 1 refused (import …)"
    why = "sub_project: Nothing of sub_projects has this name."
    assert counter.lines(result.stderr) == [f"goals.csv:4: {why}"]
    with mend.open(encoding="utf-8-sig", newline="") as kept:
        assert list(csv.reader(kept)) == [
            [*HEAD.split(","), "error"],
            ["t3", "nothing", "Kolme", why],
        ]
    assert counter.named("goals", "t2")["text"] == "Kaksi"


def test_refused_rows_come_back_also_when_nothing_is_kept(counter: Counter) -> None:
    file = counter.file("goals.csv", HEAD, "t0,nothing,Nolla", *GOALS[1:], "t3,none,Kolme")
    mend = counter.folder / "mend.csv"
    counter.refused(file, "--refused", str(mend))
    assert [line.split(",")[0] for line in mend.read_text().splitlines()[1:]] == ["t0", "t3"]
    counter.file("mend.csv", HEAD + ",error", f"t0,{SUB_PROJECT},Nolla,", f"t3,{SUB_PROJECT},K,")
    fine = counter.folder / "fine.csv"
    told = counter.done(str(mend), "--resource", "goals", "--refused", str(fine))
    assert told == ["mend.csv: goals: 2 created (import …)"]
    assert not fine.exists()


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("goals.csv", b"", ":1: No head with names of columns."),
        ("goals.csv", b"external_id;colour\n", ":1: colour: No such column."),
        (
            "goals.xlsx",
            b"PK",
            ": Not a workbook (XLSX) that can be read; perhaps one with a password.",
        ),
        ("goals.json", b"{", ": No JSON from here on: line 1, column 2."),
        ("osa.json", b"[]", ": Not an object."),
        (
            "goals.csv.gz",
            gzip.compress(b"external_id\n", mtime=0)[:-5],
            ": It is not whole, or not packed as its name says.",
        ),
        (
            "goals.csv.zst",
            b"external_id\n",
            ": It is not whole, or not packed as its name says.",
        ),
    ],
)
def test_a_file_that_is_none_is_refused(
    counter: Counter, name: str, content: bytes, why: str
) -> None:
    (counter.folder / name).write_bytes(content)
    assert counter.refused(str(counter.folder / name)) == [f"{name}{why}"]


def test_a_file_that_is_too_large_unpacked_is_refused(counter: Counter) -> None:
    counter.app.config["MAX_TABLE_BYTES"] = 1000
    file = counter.file("goals.csv.gz", *GOALS, *["," * 99] * 11)
    assert counter.refused(file) == ["goals.csv.gz: Unpacked it has more than 1000 bytes."]


def test_more_faults_than_are_told_are_counted(counter: Counter) -> None:
    file = counter.file("goals.csv", HEAD, *(f"t{n},nothing,Yksi" for n in range(103)))
    told = counter.refused(file)
    assert told[99:] == [
        "goals.csv:101: sub_project: Nothing of sub_projects has this name.",
        "goals.csv: and 3 more",
    ]
    document = Desk(counter.bench).document(goals=[{"external_id": f"t{n}"} for n in range(103)])
    told = counter.refused(counter.file("osa.json", json.dumps(document)))
    assert told[99:] == [
        "osa.json: /goals/99/text: This field is required.",
        "osa.json: and 3 more",
    ]


# the command


@pytest.mark.parametrize(
    ("name", "options", "why"),
    [
        ("goals.txt", [], "ends with none of .csv, .json, .ndjson, .xlsx"),
        ("mine.csv", [], "--resource says which"),
        ("goals-and-results.csv", [], "--resource says which"),
        ("project-goals.csv", [], "--resource says which"),
        ("goals.csv", ["--resource", "periods"], "'periods' is not one of"),
        ("osa.json", ["--partial"], "A whole sub-project goes in as a whole"),
        ("goals.csv", ["no-such-file.csv"], "'no-such-file.csv' does not exist"),
        ("goals.csv", ["--language", "de"], "'de' is not one of"),
    ],
)
def test_what_is_not_understood_is_told(
    counter: Counter, name: str, options: list[str], why: str
) -> None:
    file = counter.file(name, *(["{}"] if name.endswith("json") else GOALS))
    assert why in counter.misunderstood(file, *options)


def test_the_corrected_file_is_never_the_one_that_was_given(counter: Counter) -> None:
    file = counter.file("goals.csv", HEAD, "t1,nothing,Yksi")
    assert "would overwrite" in counter.misunderstood(file, "--refused", file)
    other = counter.file("more-goals.csv", HEAD)
    mend = str(counter.folder / "mend.csv")
    told = counter.misunderstood(file, other, "--partial", "--refused", mend)
    assert "one file at a time" in told


def test_a_provider_goes_by_its_business_id_its_oid_or_its_id(counter: Counter) -> None:
    known = {"business_id": "1572860-0", "oid": "1.2.246.562.10.1"}
    other = make(counter.bench.app, "providers", **known)
    file = counter.file("contacts.csv", "external_id,name", "c1,Onni Malli")
    counter.owner = str(other)
    assert counter.done(file) == ["contacts.csv: contacts: 1 created (import …)"]
    for counter.owner in known.values():
        assert counter.done(file) == ["contacts.csv: contacts: 1 unchanged (import …)"]
    counter.owner = str(counter.bench.world.b.provider_id)
    assert counter.done(file) == ["contacts.csv: contacts: 1 created (import …)"]


def test_rows_of_another_provider_are_not_there(counter: Counter) -> None:
    counter.owner = str(counter.bench.world.b.provider_id)
    file = counter.file("goals.csv", *GOALS[:2])
    told = counter.refused(file)
    assert told == ["goals.csv:2: sub_project: Nothing of sub_projects has this name."]


def test_whose_rows_they_are_is_asked_unless_there_is_one_provider_only(counter: Counter) -> None:
    file = counter.file("contacts.csv", "external_id,name", "c1,Onni Malli")
    make(counter.bench.app, "providers", name="Aamun opisto", business_id="1572860-0")
    with counter.app.app_context():
        result = counter.app.test_cli_runner().invoke(args=["import", file])
    assert result.exit_code == 2
    assert "Whose rows are they?" in result.stderr
    assert "  1572860-0  Aamun opisto\n" in result.stderr
    counter.owner = "0000000-0"
    assert "There is no provider 0000000-0" in counter.misunderstood(file)


def test_the_only_provider_needs_no_name(settings: dict[str, object], tmp_path: Path) -> None:
    app = create_app(settings)
    cli.register_commands(app)
    file = tmp_path / "contacts.csv"
    file.write_text("external_id,name\nc1,Onni Malli\n")
    with app.app_context():
        none = app.test_cli_runner().invoke(args=["import", str(file)])
        assert (none.exit_code, "There is no provider yet" in none.stderr) == (2, True)
        make(app, "providers")
        done = app.test_cli_runner().invoke(args=["import", str(file)])
    assert done.exit_code == 0, done.output
    assert "contacts: 1 created" in done.stdout
    app.extensions["database"].close()


def test_a_terminal_shows_how_far_it_has_come(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal, end = pty.openpty()
    with os.fdopen(end, "w") as stderr:
        monkeypatch.setattr(sys, "stderr", stderr)
        with counter.app.app_context():
            given = [counter.file("goals.csv", *GOALS), "--provider", counter.owner]
            importing.bring_in.main(given, standalone_mode=False)
    shown = b""
    with suppress(OSError), os.fdopen(terminal, "rb", 0) as screen:
        while part := screen.read(1000):  # until nobody writes to it any more, which is an error
            shown += part
    assert b"goals.csv  [" in shown
    assert b"100%" in shown
