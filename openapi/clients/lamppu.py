#!/usr/bin/env python3
"""Keep a folder in step with a LAMPPU server. Needs Python 3.10 and nothing else: copy it where you want it.

    python3 lamppu.py pull FOLDER [RESOURCE…]

For each resource (all that the client may read, unless some are named) the folder has a file of NDJSON, one row a line:
the first time by an export, from then on by what has changed. It may be stopped at any moment and run again, once a
night or once a minute. Where a line breaks it tries again, and goes on where it was.

The server and the client (`POST /api/v1/clients`) are told by the environment:

    LAMPPU_URL            https://lamppu.example
    LAMPPU_CLIENT_ID      and
    LAMPPU_CLIENT_SECRET  as the server gave them

It ends with 0 when the folder is in step, with 1 when the server refuses, with 2 when the command is not understood,
and with 3 when the server can't be reached.
"""

import argparse
import base64
import http.client
import json
import os
import random
import sys
import time
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
    *("disseminations", "reports"),
]
# Reports without their forms: an export would compile each, and a form changes with the records that are in it.
FIELDS = {
    "reports": "version,created_at,updated_at,provider_id,external_id,sub_project_id,kind,title,"
    "language,report_date,contact_id,period_ids,state"
}
TRIES = 8
# What a transfer may end in when its line breaks; an answer of the server, even a refusal, is none of them.
BROKEN = (OSError, http.client.HTTPException)
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

    def __init__(self, url: str, client_id: str, secret: str):
        self.root = url.rstrip("/") + "/api/v1"
        plain = f"{client_id}:{secret}".encode()
        self.basic = "Basic " + base64.b64encode(plain).decode()
        self.token = ""

    def open(self, path: str, query: Node | None = None) -> http.client.HTTPResponse:
        """An answer that is 200. :raises Refused, Unreachable"""
        for attempt in range(TRIES):
            pause = min(60, 2**attempt) * random.uniform(0.5, 1)
            try:
                if not self.token:
                    self._sign_in()
                headers = {"Authorization": "Bearer " + self.token}
                asked = path + ("?" + urlencode(query) if query else "")
                return urlopen(Request(self.root + asked, headers=headers), timeout=120)
            except HTTPError as error:
                if error.code == 401 and self.token:  # it has run out
                    self.token, pause = "", 0
                elif error.code in (429, 502, 503, 504):
                    pause = float(error.headers.get("Retry-After") or pause)
                else:
                    raise Refused(_told(error), error.code) from error
            except BROKEN as error:
                if attempt == TRIES - 1:
                    raise Unreachable(f"{self.root}: {error}") from error
            time.sleep(pause)
        raise Unreachable(f"{self.root} does not let us in")

    def _sign_in(self) -> None:
        """RFC 6749 §4.4."""
        asked = Request(self.root + "/auth/token", b"grant_type=client_credentials")
        asked.add_header("Authorization", self.basic)
        try:
            with urlopen(asked, timeout=30) as answer:
                self.token = json.load(answer)["access_token"]
        except HTTPError as error:
            if error.code in (400, 401):
                raise Refused(_told(error), error.code) from error
            raise


def _told(error: HTTPError) -> str:
    """What a problem document (RFC 9457) says, on a line or a few."""
    try:
        problem = json.load(error)
        faults = [f"  {_place(fault)}: {fault['detail']}" for fault in problem.get("errors", [])]
        return "\n".join([f"{error.code} {problem.get('detail') or problem['title']}", *faults])
    except (ValueError, KeyError):
        return f"{error.code} {error.reason}"


def _place(fault: Node) -> str:
    return str(fault.get("pointer") or fault.get("parameter") or fault.get("header"))


def say(text: str) -> None:
    if sys.stderr.isatty():
        print(text, file=sys.stderr)


# pull


def pull(api: Api, folder: Path, named: list[str]) -> Node:
    """Bring the folder up to date.

    :param named: resources; without them all that the client may read
    :return: how many changes there were of each resource
    """
    folder.mkdir(parents=True, exist_ok=True)
    state = _state(folder)
    for resource in named or RESOURCES:
        if resource in state["resources"]:
            continue
        try:
            begun = export(api, folder, resource)
        except Refused as error:
            if error.status == 403 and not named:
                continue
            raise
        # The earliest position is the one to follow from: what happened later comes again, and does no harm.
        if not state["resources"]:
            state["position"] = begun
        state["resources"].append(resource)
        _save(folder, state)
    return follow(api, folder, state)


def _state(folder: Path) -> Node:
    path = folder / STATE
    return json.loads(path.read_text()) if path.exists() else {"position": "", "resources": []}


def _save(folder: Path, state: Node) -> None:
    """Whole or not at all, whenever this is stopped."""
    part = folder / (STATE + ".part")
    part.write_text(json.dumps(state))
    part.replace(folder / STATE)


def export(api: Api, folder: Path, resource: str) -> str:
    """Every row, into a file. :return: the position from which the changes go on"""
    begun, after = "", ""
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
            except BROKEN as error:
                say(f"{resource}: the line broke ({error}), going on after {after or 'the start'}")
            else:
                break
        else:
            raise Unreachable(f"the export of {resource} breaks off each time")
    part.replace(folder / f"{resource}.ndjson")
    say(f"{resource}: exported")
    return begun


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
    for _ in range(TRIES):
        try:
            with api.open("/changes", query) as answer:
                return json.load(answer)
        except BROKEN as error:
            say(f"the line broke ({error}), once more")
    raise Unreachable("the changes break off each time")


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


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True)
    pulling = commands.add_parser("pull", help="bring a folder up to date")
    pulling.add_argument("folder", type=Path)
    pulling.add_argument("resources", nargs="*", metavar="RESOURCE", help="such as goals")
    given = parser.parse_args()
    unknown = set(given.resources) - set(RESOURCES)
    if unknown:
        parser.error(f"no such resource: {', '.join(unknown)}; there are {', '.join(RESOURCES)}")
    names = ("LAMPPU_URL", "LAMPPU_CLIENT_ID", "LAMPPU_CLIENT_SECRET")
    missing = [name for name in names if not os.environ.get(name)]
    if missing:
        parser.error(f"set {', '.join(missing)} in the environment")
    api = Api(*(os.environ[name] for name in names))
    try:
        counts = pull(api, given.folder, given.resources)
    except Refused as error:
        print(error, file=sys.stderr)
        return 1
    except Unreachable as error:
        print(error, file=sys.stderr)
        return 3
    print(json.dumps(counts))
    return 0


if __name__ == "__main__":
    sys.exit(main())
