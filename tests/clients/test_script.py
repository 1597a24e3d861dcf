"""The client to copy keeps a folder in step with a server, whatever breaks on the way."""

import gzip
import io
import json
import re
import socket
import socketserver
import subprocess
import sys
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import openpyxl
import pytest
from flask import Flask

from tests.accounts import new_client
from tests.examples import Bench
from tests.followers import Follower
from tests.server import ROOT

SCRIPT = ROOT / "openapi" / "clients" / "lamppu.py"
READS = ("plan:read", "records:read")
Ran = subprocess.CompletedProcess[str]
Run = Callable[..., Ran]
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


@pytest.fixture
def bench(app: Flask) -> Bench:
    return Bench(app)


@pytest.fixture
def run(app: Flask, gunicorn: str, tmp_path: Path) -> Run:
    """Runs the script as a client of the ministry's or of an owner's; the same scopes are the same client's."""
    client = cache(lambda scopes, owner: new_client(app, list(scopes), provider_id=owner))

    def run(
        *arguments: str,
        url: str = gunicorn,
        scopes: Sequence[str] = READS,
        owner: uuid.UUID | None = None,
        locale: str = "",
    ) -> Ran:
        client_id, secret = client(tuple(scopes), owner)
        given = {"URL": url, "CLIENT_ID": client_id, "CLIENT_SECRET": secret}
        return subprocess.run(
            [sys.executable, SCRIPT, *arguments],
            env={f"LAMPPU_{name}": value for name, value in given.items()}
            | ({"LANG": locale} if locale else {}),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def counts(done: Ran) -> dict[str, int]:
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, int] = json.loads(done.stdout)
    return found


def kept(folder: Path) -> dict[tuple[str, str], Any]:
    """The rows in a folder's files, by resource and id."""
    found = {}
    for path in folder.glob("*.ndjson"):
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            name = path.stem.replace("-", "_"), row["id"]
            assert name not in found
            found[name] = row
    return found


def seen(bench: Bench) -> dict[tuple[str, str], Any]:
    """What the lists show the ministry."""
    return Follower(bench.client, bench.ministry).sight()


def test_a_folder_is_filled_and_then_kept_in_step(bench: Bench, run: Run, tmp_path: Path) -> None:
    for stem in ("goals", "results", "reports", "feedback"):
        bench.created(stem)
    exported = counts(run("pull", "kept"))
    before = kept(tmp_path / "kept")
    rows = Counter(stem.replace("_", "-") for stem, _ in before)
    assert {name: count for name, count in exported.items() if count} == dict(rows)
    assert exported.keys() >= {"goals", "disseminations"}
    assert before == seen(bench)
    assert {stem for stem, _ in before} >= {"projects", "goals", "results", "reports"}
    bench.created("results")
    gone, etag = bench.created("goals")
    assert bench.open("goals", gone, "DELETE", headers={"If-Match": etag}).status_code == 204
    key, etag = bench.created("contacts")
    changed = bench.open(
        "contacts", key, "PATCH", json={"name": "Aino"}, headers={"If-Match": etag}
    )
    assert changed.status_code == 200
    new = {"results": 1, "goals": 1, "contacts": 1}
    assert counts(run("pull", "kept")).items() >= new.items()
    assert kept(tmp_path / "kept") == seen(bench) != before
    assert counts(run("pull", "kept")) == {}
    assert not list((tmp_path / "kept").glob("*.part"))


def test_only_what_is_named_is_pulled_and_more_later(
    bench: Bench, run: Run, tmp_path: Path
) -> None:
    bench.created("goals")
    counts(run("pull", "kept", "goals"))
    assert {stem for stem, _ in kept(tmp_path / "kept")} == {"goals"}
    bench.created("results")
    more = counts(run("pull", "kept", "goals", "sub-projects", "results"))
    assert more.keys() == {"sub-projects", "results"}
    rows = {name: row for name, row in seen(bench).items() if name[0] in ("goals", "results")}
    assert kept(tmp_path / "kept").items() >= rows.items()


def test_what_the_client_may_not_read_is_left_out(bench: Bench, run: Run, tmp_path: Path) -> None:
    bench.created("goals")
    counts(run("pull", "kept", scopes=["plan:read"]))
    found = {stem for stem, _ in kept(tmp_path / "kept")}
    assert "projects" in found
    assert "goals" not in found
    refused = run("pull", "kept", "goals", scopes=["plan:read"])
    assert refused.returncode == 1
    assert refused.stderr.startswith("403 ")


def test_a_line_that_breaks_is_taken_up_where_it_broke(
    bench: Bench, run: Run, tmp_path: Path, breaking: Callable[[int], str]
) -> None:
    for _ in range(30):
        bench.created("contacts")
    done = run("pull", "kept", "contacts", url=breaking(4_000))
    rows = {name: row for name, row in seen(bench).items() if name[0] == "contacts"}
    assert kept(tmp_path / "kept") == rows
    assert counts(done) == {"contacts": len(rows)}
    bench.created("contacts")
    assert counts(run("pull", "kept", "contacts", url=breaking(300))) == {"contacts": 1}


# import


@pytest.fixture
def send(run: Run, bench: Bench) -> Run:
    """Runs `import` as a client of the first provider's."""

    def send(*arguments: str, **given: Any) -> Ran:
        owner = bench.world.a.provider_id
        return run("import", *arguments, scopes=(*READS, "records:write"), owner=owner, **given)

    return send


def home(bench: Bench) -> str:
    """The name of the sub-project that rows are put into."""
    row = bench.open("sub_projects", bench.world.a.ids["sub_projects"]).get_json()
    return str(row["external_id"])


def test_tables_are_sent_in_the_order_in_which_they_refer_to_each_other(
    bench: Bench, send: Run, tmp_path: Path
) -> None:
    period = bench.open("periods", bench.world.plan["periods"]).get_json()["code"]
    results = f"external_id,goal,period,kind,text\nr1,g1,{period},activity,Kokoontui\n"
    (tmp_path / "results.csv").write_text(results)
    project = bench.open("projects", bench.world.plan["projects"]).get_json()["acronym"]
    goals = f"external_id;sub_project;text\ng1;{home(bench)};Tavoite\n"
    (tmp_path / "goals-2012.csv").write_text(goals)
    files = ("results.csv", "goals-2012.csv")
    tried = send(*files[1:], "--dry-run")
    assert (tried.returncode, tried.stdout) == (0, "goals-2012.csv: goals: 1 created\n")
    done = send(*files, "--project", project)
    assert (done.stderr, done.returncode) == ("", 0)
    assert done.stdout == "goals-2012.csv: goals: 1 created\nresults.csv: results: 1 created\n"
    assert send(*files, "--project", project).stdout.count("1 unchanged") == 2


def test_what_is_refused_is_told_by_row_and_kept_to_be_mended(
    bench: Bench, send: Run, tmp_path: Path
) -> None:
    rows = f"external_id,sub_project,text\ng1,{home(bench)},Tavoite\ng2,{home(bench)},\n"
    (tmp_path / "goals.csv").write_text(rows)
    refused = send("goals.csv", "--refused")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "row 3, text: " in refused.stderr
    (head, row) = (tmp_path / "goals.refused.csv").read_text("utf-8-sig").splitlines()
    assert head.endswith(",error")
    assert row.startswith("g2,")
    partly = send("goals.csv", "--partial")
    assert (partly.returncode, partly.stdout) == (1, "goals.csv: goals: 1 created, 1 refused\n")
    assert "row 3, text: " in partly.stderr


def whole(bench: Bench, text: str) -> list[dict[str, str]]:
    """A sub-project's rows, each with its resource."""
    project = bench.open("projects", bench.world.plan["projects"]).get_json()["acronym"]
    return [
        {"resource": "sub_projects", "external_id": home(bench), "project": project},
        {"resource": "goals", "external_id": "w1", "text": text},
    ]


def test_a_whole_sub_project_comes_as_lines_or_a_workbook_and_packed(
    bench: Bench, send: Run, tmp_path: Path
) -> None:
    lines = "".join(json.dumps(row) + "\n" for row in whole(bench, "Yksi"))
    (tmp_path / "import.ndjson").write_text(lines)
    done = send("import.ndjson")
    assert (done.returncode, done.stderr) == (0, "")
    assert "import.ndjson: goals: 1 created\n" in done.stdout
    book = openpyxl.Workbook()
    book.remove(book.active)
    for row in whole(bench, "Kaksi"):
        sheet = book.create_sheet(row.pop("resource"))
        sheet.append([*row])
        sheet.append([*row.values()])
    file = io.BytesIO()
    book.save(file)
    (tmp_path / "osahanke.xlsx.gz").write_bytes(gzip.compress(file.getvalue()))
    done = send("osahanke.xlsx.gz")
    assert (done.returncode, done.stderr) == (0, "")
    assert "osahanke.xlsx.gz: goals: 1 updated\n" in done.stdout


def test_a_fault_is_told_with_its_resource_and_what_stands_there(
    bench: Bench, send: Run, tmp_path: Path
) -> None:
    rows = whole(bench, "Yksi")
    rows[1]["position"] = "third"
    (tmp_path / "import.ndjson").write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = send("import.ndjson")
    assert done.returncode == 1
    assert '  goals, row 2, /position ("third"): Not a whole number.\n' in done.stderr


def test_a_packed_table_is_refused_as_one_that_can_be_read(
    bench: Bench, send: Run, tmp_path: Path
) -> None:
    rows = f"external_id,sub_project,text\ng1,{home(bench)},\n"
    (tmp_path / "goals.csv.gz").write_bytes(gzip.compress(rows.encode()))
    assert send("goals.csv.gz", "--refused").returncode == 1
    head, _ = (tmp_path / "goals.refused.csv").read_text("utf-8-sig").splitlines()
    assert head == "external_id,sub_project,text,error"


def test_a_stale_row_is_told_with_what_stands_there_now(
    bench: Bench, send: Run, tmp_path: Path
) -> None:
    key = bench.world.a.ids["contacts"]
    row = bench.open("contacts", key)
    changed = bench.change("contacts", key, row.headers["ETag"], json={"name": "Åsa"})
    assert changed.status_code == 200
    version = row.get_json()["version"]
    (tmp_path / "contacts.csv").write_text(f"id,version,name\n{key},{version},Aino\n")
    done = send("contacts.csv", locale="C.UTF-8")
    assert done.returncode == 1
    assert "row 2, name (Aino): The row has changed since" in done.stderr
    assert done.stderr.endswith(' ("Åsa")\n')


def test_the_server_speaks_the_language_of_the_environment_or_the_one_that_is_asked_for(
    bench: Bench, send: Run, tmp_path: Path
) -> None:
    (tmp_path / "goals.csv").write_text(f"external_id,sub_project,text\ng1,{home(bench)},\n")
    for locale, arguments, told in (
        ("", (), "This field is required."),
        ("C", (), "This field is required."),
        ("sv_FI.UTF-8", (), "Detta fält"),
        ("sv_FI.UTF-8", ("--language", "fi"), "Tämä kenttä on pakollinen."),
    ):
        assert told in send("goals.csv", *arguments, locale=locale).stderr


def test_a_file_is_sent_again_when_the_line_breaks_and_comes_in_once(
    bench: Bench, send: Run, tmp_path: Path, breaking: Callable[[int], str]
) -> None:
    names = "".join(f"c{number},Aino {number}\n" for number in range(2_000))
    (tmp_path / "contacts.csv").write_text("external_id,name\n" + names)
    done = send("contacts.csv", url=breaking(100))
    assert (done.stderr, done.stdout) == ("", "contacts.csv: contacts: 2000 created\n")


def test_a_file_that_is_none_is_told_before_anything_is_sent(send: Run, tmp_path: Path) -> None:
    (tmp_path / "goals.txt").touch()
    (tmp_path / "budget.csv").touch()
    for name, told in {
        "nothing.csv": "no such file",
        "goals.txt": "ends with none of .csv",
        "budget.csv": "begins with none of contacts",
    }.items():
        done = send(name)
        assert done.returncode == 2
        assert told in done.stderr


def test_who_is_not_known_is_told_so(run: Run, gunicorn: str, tmp_path: Path) -> None:
    wrong = subprocess.run(
        [sys.executable, SCRIPT, "pull", "kept"],
        env={"LAMPPU_URL": gunicorn, "LAMPPU_CLIENT_ID": "x", "LAMPPU_CLIENT_SECRET": "y"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (wrong.returncode, wrong.stderr[:4]) == (1, "401 ")
    nothing = subprocess.run(
        [sys.executable, SCRIPT, "pull", "kept"],
        env={},
        capture_output=True,
        text=True,
        check=False,
    )
    assert nothing.returncode == 2
    assert "LAMPPU_URL" in nothing.stderr
    assert run("pull", "kept", "secrets").returncode == 2


# lines that break


class Breaking(socketserver.BaseRequestHandler):
    """Passes a request on, and of every other answer only the beginning."""

    server: "Line"

    def handle(self) -> None:
        with socket.create_connection(self.server.target) as there:
            there.sendall(self._request())
            there.shutdown(socket.SHUT_WR)
            answer = bytearray()
            while part := there.recv(65_536):
                answer += part
        self.server.asked += 1
        self.request.sendall(answer[: self.server.most] if self.server.asked % 2 else answer)

    def _request(self) -> bytes:
        found = b""
        while b"\r\n\r\n" not in found:
            found += self.request.recv(65_536)
        head, _, body = found.partition(b"\r\n\r\n")
        length = LENGTH.search(head)
        while length and len(body) < int(length[1]):
            body += self.request.recv(65_536)
        return head + b"\r\n\r\n" + body


class Line(socketserver.ThreadingTCPServer):
    def __init__(self, target: tuple[str, int], most: int):
        super().__init__(("127.0.0.1", 0), Breaking)
        self.target, self.most, self.asked = target, most, 0


@pytest.fixture
def breaking(gunicorn: str) -> Iterator[Callable[[int], str]]:
    """The address of a line to the server, of whose answers every other breaks off after so many bytes."""
    lines: list[Line] = []
    there = urlsplit(gunicorn)

    def breaking(most: int) -> str:
        line = Line((str(there.hostname), int(there.port or 0)), most)
        lines.append(line)
        threading.Thread(target=line.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{line.server_address[1]}"

    yield breaking
    for line in lines:
        line.shutdown()
        line.server_close()
