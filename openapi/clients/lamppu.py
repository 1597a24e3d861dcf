#!/usr/bin/env python3
"""Send tables to a LAMPPU server, and keep a folder in step with it. Needs Python 3.10 and nothing else: copy it.

    python3 lamppu.py import FILE… [--project ACRONYM] [--dry-run] [--partial] [--refused]
    python3 lamppu.py pull FOLDER [RESOURCE…]

import: each file is a table of the resource that its name begins with (`results-2012.csv`), as CSV, XLSX or NDJSON, or
a whole sub-project: JSON, or XLSX or NDJSON whose name begins with no resource. Any of them may be packed (`.gz`).
Whatever its rows refer to goes first. Where a line breaks the file is sent again under the same Idempotency-Key, so
that nothing comes about twice. What is refused is told by row and column; with --refused those rows of a table are kept
as a file to mend.

pull: for each resource (all plans and records that the client may read, unless some are named) the folder has a file of
NDJSON, one row a line: the first time by an export, from then on by what has changed. It says how many rows it has got
of each. It may be stopped at any moment and run again, once a night or once a minute. Where a line breaks it tries
again, and goes on where it was.

With --language fi, sv or en the server speaks that; otherwise it is the language of LC_ALL or LANG, or else English.

The server and the client (`POST /api/v1/clients`) are told by the environment:

    LAMPPU_URL            https://lamppu.example
    LAMPPU_CLIENT_ID      and
    LAMPPU_CLIENT_SECRET  as the server gave them

It ends with 0 when all is done, with 1 when the server refuses something, with 2 when the command is not understood,
and with 3 when the server can't be reached.
"""

import argparse
import base64
import contextlib
import http.client
import io
import json
import os
import random
import shutil
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

RESOURCES = [
    *("providers", "programmes", "projects", "project-goals", "project-indicators", "periods"),
    *("project-meetings", "participations", "contacts", "sub-projects", "goals", "indicators"),
    *("measurements", "results", "meetings", "surveys", "feedback", "deliverables"),
    *("disseminations", "reports", "extensions", "comments"),
]
# What can be brought in, each after those that it refers to.
IMPORTED = [
    *("contacts", "sub-projects", "goals", "indicators", "measurements", "results", "meetings"),
    *("surveys", "deliverables", "feedback", "disseminations", "reports"),
]
TYPES = {
    ".csv": "text/csv",
    ".json": "application/json",
    ".ndjson": "application/x-ndjson",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
WHOLE = (".json", ".ndjson", ".xlsx")  # in which a whole sub-project may come
PACKED = ".gz"
LANGUAGES = ("en", "fi", "sv")
# Reports without their forms: an export would compile each, and a form changes with the records that are in it.
FIELDS = {
    "reports": "version,created_at,updated_at,provider_id,external_id,sub_project_id,kind,title,"
    "language,report_date,contact_id,period_ids,state"
}
SETTINGS = ("LAMPPU_URL", "LAMPPU_CLIENT_ID", "LAMPPU_CLIENT_SECRET")
TRIES = 8
# What a transfer may end in when its line breaks, half a JSON text among them; a refusal of the server is none of them.
BROKEN = (OSError, ValueError, http.client.HTTPException)
# So many changes are put to the files at a time.
AT_ONCE = 20_000
STATE = "state.json"
Node = dict[str, Any]


class Refused(Exception):
    """The server has answered, and says no; trying again would not help."""

    def __init__(self, text: str, status: int):
        super().__init__(text)
        self.status = status


class Unreachable(Exception):
    """The server was asked many times and did not answer."""


class Api:
    """A server, asked in the name of a client: with a token that is renewed, and again when a line breaks."""

    def __init__(self, url: str, client_id: str, secret: str, language: str):
        self.language = language
        self.root = url.rstrip("/") + "/api/v1"
        plain = f"{client_id}:{secret}".encode()
        self.basic = "Basic " + base64.b64encode(plain).decode()
        self.token = ""

    def open(
        self, path: str, query: Node | None = None, file: Path | None = None, **headers: str
    ) -> http.client.HTTPResponse:
        """An answer that is no refusal.

        :param file: what to post; without one it is a GET
        :raises Refused, Unreachable
        """
        for attempt in range(TRIES):
            pause = min(60, 2**attempt) * random.uniform(0.5, 1)
            try:
                if not self.token:
                    self._sign_in()
                with contextlib.ExitStack() as stack:
                    body = stack.enter_context(Sent(file)) if file else None
                    asked = Request(self.root + path, body, _named(headers))
                    if query:
                        asked.full_url += "?" + urlencode(query)
                    asked.add_header("Authorization", "Bearer " + self.token)
                    asked.add_header("Accept-Language", self.language)
                    if file:
                        asked.add_header("Content-Length", str(file.stat().st_size))
                    return urlopen(asked, timeout=600)
            except HTTPError as error:
                if error.code == 401 and self.token:  # it has run out
                    self.token, pause = "", 0
                elif error.code in (502, 503, 504) or error.headers["Retry-After"]:
                    pause = float(error.headers.get("Retry-After") or pause)
                else:
                    raise Refused(_told(error), error.code) from error
            except BROKEN as error:
                if attempt == TRIES - 1:
                    raise Unreachable(f"{self.root}: {error}") from error
            time.sleep(pause)
        raise Unreachable(f"{self.root} does not let us in")

    def read(self, path: str, query: Node, file: Path | None = None, **headers: str) -> Node:
        """The JSON of an answer that has come whole. :raises Refused, Unreachable"""
        for _ in range(TRIES):
            try:
                with self.open(path, query, file, **headers) as answer:
                    return json.load(answer)
            except BROKEN as error:
                say(f"the line broke ({error}), once more")
        raise Unreachable(f"{self.root}: the line breaks each time")

    def _sign_in(self) -> None:
        """RFC 6749 §4.4."""
        asked = Request(self.root + "/auth/token", b"grant_type=client_credentials")
        asked.add_header("Authorization", self.basic)
        asked.add_header("Accept-Language", self.language)
        try:
            with urlopen(asked, timeout=30) as answer:
                self.token = json.load(answer)["access_token"]
        except HTTPError as error:
            if error.code in (400, 401):
                raise Refused(_told(error), error.code) from error
            raise


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


class Sent(io.FileIO):
    """A file on its way, of which a terminal shows how much has gone."""

    def __init__(self, path: Path):
        super().__init__(path)
        self.path, self.size, self.gone = path, max(path.stat().st_size, 1), 0

    def read(self, size: int | None = -1) -> bytes:
        part = super().read(size)
        self.gone += len(part)
        if sys.stderr.isatty():
            done = 30 * self.gone // self.size
            bar = "#" * done + "." * (30 - done)
            print(f"\r{self.path.name} [{bar}] {self.gone / 1e6:.1f} MB", end="", file=sys.stderr)
            if not part:
                print(file=sys.stderr)
        return part


def _told(error: HTTPError) -> str:
    """What a problem document (RFC 9457) says, on a line or a few."""
    try:
        problem = json.load(error)
        faults = [_line(fault) for fault in problem.get("errors", [])]
        more = [f"  and {problem['more']} more"] if problem.get("more") else []
        told = f"{error.code} {problem.get('detail') or problem['title']}"
        return "\n".join([told, *faults, *more])
    except (ValueError, KeyError):
        return f"{error.code} {error.reason}"


def _line(fault: Node) -> str:
    """What is wrong, where, and of a stale row what stands there now."""
    now = f" ({json.dumps(fault['current'], ensure_ascii=False)})" if "current" in fault else ""
    return "  " + ": ".join(filter(None, (_place(fault), fault["detail"] + now)))


def _place(fault: Node) -> str:
    row = f"row {fault['row']}" if "row" in fault else None
    names = ("column", "pointer", "parameter", "header")
    name = next((fault[name] for name in names if fault.get(name)), None)
    where = ", ".join(filter(None, (fault.get("resource"), row, name)))
    return f"{where} ({fault['value']})" if "value" in fault else where


def say(text: str) -> None:
    if sys.stderr.isatty():
        print(text, file=sys.stderr)


# import


def bring_in(api: Api, files: list[Path], given: argparse.Namespace) -> int:
    """Send files, those first to which others refer. :return: how many were refused, in whole or in part"""
    refused = 0
    for file in sorted(files, key=lambda one: IMPORTED.index(_resource(one) or IMPORTED[0])):
        resource = _resource(file)
        path = f"/imports/{resource}" if resource else "/imports"
        query = {"dry_run": "true"} if given.dry_run else {}
        if resource:
            query |= {"partial": "true"} if given.partial else {}
            query |= {"project": given.project} if given.project else {}
        headers = {"Content_Type": TYPES[_suffix(file)]}
        headers |= {"Content_Encoding": "gzip"} if _is_packed(file) else {}
        key = {} if given.dry_run else {"Idempotency_Key": uuid.uuid4().hex}
        try:
            told = api.read(path, query, file, **headers, **key)
        except Refused as error:
            print(f"{file}: {error}", file=sys.stderr)
            told = {"errors": error}
        else:
            _tell(file, told)
        if told.get("errors"):
            refused += 1
            if resource and given.refused:
                _keep_refused(api, file, path, query.get("project"), headers)
    return refused


def _is_packed(file: Path) -> bool:
    return file.suffix.lower() == PACKED


def _unpacked(file: Path) -> Path:
    """What it is called without `.gz`."""
    return file.with_suffix("") if _is_packed(file) else file


def _suffix(file: Path) -> str:
    return _unpacked(file).suffix.lower()


def _resource(file: Path) -> str | None:
    """That of which a file is a table; None of a whole sub-project."""
    if _suffix(file) == ".json":
        return None
    return max(_begins(file), key=len, default=None)


def _begins(file: Path) -> list[str]:
    """The resources with which a file's name begins."""
    name = file.name.lower().replace("_", "-")
    return [one for one in IMPORTED if name.startswith(one)]


def _tell(file: Path, told: Node) -> None:
    """What became of a file's rows, or would."""
    for resource, tally in told["counts"].items():
        counted = ", ".join(f"{count} {outcome}" for outcome, count in tally.items() if count)
        print(f"{file}: {resource}: {counted or 'nothing'}")
    for fault in told.get("errors", []):
        print(_line(fault), file=sys.stderr)


def _keep_refused(
    api: Api, file: Path, path: str, project: str | None, headers: dict[str, str]
) -> None:
    plain = _unpacked(file)
    kept = plain.with_name(f"{plain.stem}.refused{plain.suffix}")
    query = {"project": project} if project else None
    with api.open(path + "/refused", query, file, **headers) as answer, kept.open("wb") as new:
        shutil.copyfileobj(answer, new)
    print(f"{file}: the refused rows are in {kept}", file=sys.stderr)


# pull


def pull(api: Api, folder: Path, named: list[str]) -> Node:
    """Bring the folder up to date.

    :param named: resources; without them all that the client may read
    :return: how many rows were exported of each resource that is new here, and changed of the others
    """
    folder.mkdir(parents=True, exist_ok=True)
    state = _state(folder)
    counts: Node = {}
    for resource in named or RESOURCES:
        if resource in state["resources"]:
            continue
        try:
            begun, counts[resource] = export(api, folder, resource)
        except Refused as error:
            if error.status == 403 and not named:
                continue
            raise
        # The earliest position is the one to follow from: what happened later comes again, and does no harm.
        if not state["resources"]:
            state["position"] = begun
        state["resources"].append(resource)
        _save(folder, state)
    for resource, count in follow(api, folder, state).items():
        counts[resource] = counts.get(resource, 0) + count
    return counts


def _state(folder: Path) -> Node:
    path = folder / STATE
    return json.loads(path.read_text()) if path.exists() else {"position": "", "resources": []}


def _save(folder: Path, state: Node) -> None:
    """Whole or not at all, whenever this is stopped."""
    part = folder / (STATE + ".part")
    part.write_text(json.dumps(state))
    part.replace(folder / STATE)


def export(api: Api, folder: Path, resource: str) -> tuple[str, int]:
    """Every row, into a file. :return: the position from which the changes go on, and how many rows there were"""
    begun, after, count = "", "", 0
    part = folder / f"{resource}.ndjson.part"
    with part.open("wb") as file:
        for _ in range(TRIES):
            wanted = {"fields": FIELDS.get(resource), "after": after}
            query = {name: value for name, value in wanted.items() if value}
            try:
                with api.open(f"/exports/{resource}.ndjson", query) as answer:
                    begun = begun or answer.headers["Changes-After"]
                    for line in _lines(answer):
                        file.write(line)
                        after = json.loads(line)["id"]
                        count += 1
            except BROKEN as error:
                say(f"{resource}: the line broke ({error}), going on after {after or 'the start'}")
            else:
                break
        else:
            raise Unreachable(f"the export of {resource} breaks off each time")
    part.replace(folder / f"{resource}.ndjson")
    say(f"{resource}: {count} exported")
    return begun, count


def _lines(answer: BinaryIO) -> Iterator[bytes]:
    """Whole lines only; of a line that breaks, what came of it is worth nothing."""
    for line in answer:
        if not line.endswith(b"\n"):
            raise http.client.IncompleteRead(line)
        yield line


def follow(api: Api, folder: Path, state: Node) -> Node:
    counts: Node = {}
    more = True
    while more:
        changes: dict[str, dict[str, Node | None]] = {}
        count = 0
        while more and count < AT_ONCE:
            page = _page(api, state)
            for item in page["items"]:
                resource = item["resource"].replace("_", "-")
                row = None if item["deleted"] else item["row"]
                changes.setdefault(resource, {})[item["id"]] = row
            count += len(page["items"])
            state["position"], more = page["next"], page["more"]
        for resource, rows in changes.items():
            _apply(folder / f"{resource}.ndjson", rows)
            counts[resource] = counts.get(resource, 0) + len(rows)
        # Only now: whoever is stopped before this reads the same changes again, which does no harm.
        _save(folder, state)
    return counts


def _page(api: Api, state: Node) -> Node:
    named = ",".join(one.replace("-", "_") for one in state["resources"])
    query = {"after": state["position"], "resource": named, "rows": "true", "limit": 500}
    return api.read("/changes", query)


def _apply(path: Path, changes: dict[str, Node | None]) -> None:
    """The file anew, with these rows in place of those that have their ids; None is a row that is gone."""
    part = path.with_name(path.name + ".part")
    with part.open("w", encoding="utf-8") as new:
        with path.open(encoding="utf-8") as old:
            new.writelines(line for line in old if json.loads(line)["id"] not in changes)
        for row in changes.values():
            if row is not None:
                new.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")
    part.replace(path)


# the command


def spoken() -> str:
    """The language of the environment, where the server speaks it (POSIX, chapter 8.2)."""
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    told = next((value for name in names if (value := os.environ.get(name))), "")
    return told[:2] if told[:2] in LANGUAGES and not told[2:3].isalpha() else "en"


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    both = argparse.ArgumentParser(add_help=False)
    both.add_argument("--language", choices=LANGUAGES, default=spoken(), help="of the answers")
    commands = parser.add_subparsers(required=True, dest="command")
    importing = commands.add_parser("import", help="send tables", parents=[both])
    importing.add_argument("files", type=Path, nargs="+", metavar="FILE")
    importing.add_argument("--project", metavar="ACRONYM", help="whose codes the rows use")
    importing.add_argument("--dry-run", action="store_true", help="only say what would be done")
    importing.add_argument("--partial", action="store_true", help="keep the good rows")
    importing.add_argument("--refused", action="store_true", help="keep the others as a file")
    pulling = commands.add_parser("pull", help="bring a folder up to date", parents=[both])
    pulling.add_argument("folder", type=Path)
    pulling.add_argument("resources", nargs="*", metavar="RESOURCE", help="such as goals")
    given = parser.parse_args()
    for file in getattr(given, "files", []):
        if not file.is_file():
            parser.error(f"{file}: no such file")
        if _suffix(file) not in TYPES:
            parser.error(f"{file}: its name ends with none of {', '.join(TYPES)}")
        if not (_suffix(file) in WHOLE or _begins(file)):
            parser.error(f"{file}: its name begins with none of {', '.join(IMPORTED)}")
    if unknown := set(getattr(given, "resources", [])) - set(RESOURCES):
        parser.error(f"no such resource: {', '.join(unknown)}; there are {', '.join(RESOURCES)}")
    if missing := [name for name in SETTINGS if not os.environ.get(name)]:
        parser.error(f"set {', '.join(missing)} in the environment")
    return given


def main() -> int:
    given = options()
    api = Api(*(os.environ[name] for name in SETTINGS), language=given.language)
    try:
        if given.command == "import":
            return 1 if bring_in(api, given.files, given) else 0
        print(json.dumps(pull(api, given.folder, given.resources)))
    except Refused as error:
        print(error, file=sys.stderr)
        return 1
    except Unreachable as error:
        print(error, file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
