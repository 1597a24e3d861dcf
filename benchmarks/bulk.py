"""All rows at once: out over HTTP, beside the database's own way to write them as JSON; and in (see `imports`)."""

import argparse
import contextlib
import socket
import sqlite3
import statistics
import sys
import tempfile
import time
import typing as t
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg

from benchmarks import imports, measure, tables
from benchmarks.grown import growing
from benchmarks.seed import World, world

PATH = "/api/v1/exports/results.ndjson"
FIELDS = [
    *("id", "version", "created_at", "updated_at", "provider_id", "external_id", "sub_project_id"),
    *("goal_id", "period_id", "kind", "progress", "position", "text", "reason"),
]
GOALS = {"sqlite": 0.8, "postgresql": 0.9}
FIRST_BYTE = 2.0
SQLITE_FLOOR = "SELECT json_object({pairs}) FROM results ORDER BY id"
POSTGRESQL_FLOOR = (
    "COPY (SELECT row_to_json(r) FROM (SELECT {names} FROM results ORDER BY id) r) TO STDOUT"
)


@dataclass(frozen=True)
class Taken:
    """:param first: seconds until the first byte
    :param grown: MB that the server's processes grew by meanwhile
    """

    seconds: float
    first: float
    size: int
    grown: float = 0.0


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks/run.py bulk")
    parser.add_argument("--engines", nargs="+", default=[*GOALS])
    parser.add_argument("--results", type=int, default=1_000_000)
    parser.add_argument("--import-rows", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", choices=["exports", "imports"])
    return parser.parse_args()


def exported(port: int, token: str, query: str = "") -> Taken:
    """An export to its last byte, by a raw socket: an HTTP library would cost more than the server."""
    request = f"GET {PATH}{query} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {token}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port)) as line, growing() as grown:
        began = time.perf_counter()
        line.sendall(request.encode())
        buffer = bytearray(1_048_576)
        first, size, end = 0.0, 0, b""
        while not end.endswith(b"0\r\n\r\n"):
            count = line.recv_into(buffer)
            if not count:
                raise ConnectionError("the server hung up")
            first = first or time.perf_counter() - began
            size += count
            end = (end + buffer[:count][-5:])[-5:]
        seconds = time.perf_counter() - began
    return Taken(seconds, first, size, grown.megabytes)


def floor(url: str) -> Taken:
    """The same rows from the database, and nowhere."""
    began, first, size = time.perf_counter(), 0.0, 0
    for part in _written(url):
        first = first or time.perf_counter() - began
        size += len(part)
    return Taken(time.perf_counter() - began, first, size)


def _written(url: str) -> Iterator[t.Any]:
    if url.startswith("sqlite"):
        pairs = ", ".join(f"'{name}', {name}" for name in FIELDS)
        with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as file:
            for (line,) in file.execute(SQLITE_FLOOR.format(pairs=pairs)):
                yield line
        return
    statement: t.Any = POSTGRESQL_FLOOR.format(names=", ".join(FIELDS))
    with psycopg.connect(url) as connection, connection.cursor().copy(statement) as copy:
        yield from copy


def rounds(chosen: argparse.Namespace, port: int, url: str, filled: World) -> Iterator[list[str]]:
    """Each as a line of the table."""
    nothing = f"?goal_id={uuid.uuid4()}"
    found: dict[str, list[Taken]] = {"floor": [], "ours": [], "empty": []}
    for number in range(chosen.rounds + 1):
        taken = {
            "floor": floor(url),
            "empty": exported(port, filled.ministry, nothing),
            "ours": exported(port, filled.ministry),
        }
        if number:  # the first one warms up
            for name, one in taken.items():
                found[name].append(one)
        print(f"round {number} of {chosen.rounds}", file=sys.stderr)
    for name in ("floor", "ours"):
        rate = statistics.median(filled.results / one.seconds for one in found[name])
        yield [f"{name}: rows a second", f"{rate:,.0f}", "", ""]
    pairs = list(zip(found["floor"], found["ours"], found["empty"], strict=True))
    engine = "sqlite" if url.startswith("sqlite") else "postgresql"
    yield _line(
        "ours by floor", [one.seconds / own.seconds for one, own, _ in pairs], GOALS[engine]
    )
    first = statistics.median(own.first / none.first for _, own, none in pairs)
    short = "" if first <= FIRST_BYTE else f"**over by {first / FIRST_BYTE - 1:.0%}**"
    yield ["first byte by an empty export's", f"{first:.2f}", f"≤ {FIRST_BYTE:.2f}", short]
    grown = max(own.grown for _, own, _ in pairs)
    yield ["MB that the server grew by, at the most", f"{grown:.0f}", "", ""]


def _line(name: str, ratios: list[float], least: float) -> list[str]:
    middle = statistics.median(ratios)
    short = "" if middle >= least else f"**short by {1 - middle / least:.0%}**"
    return [name, f"{middle:.2f}", f"≥ {least:.2f}", short]


def exports(chosen: argparse.Namespace, engine: str) -> str:
    with tempfile.TemporaryDirectory(prefix="lamppu-benchmark-") as name:
        folder = Path(name)
        settings, _ = measure.settings(folder)
        with measure.databases(engine, folder, [chosen.results]) as [(own, bulk)]:
            told = settings | {"DATABASE_URL": own}
            filled = world(told, chosen.results, bulk)
            environment = {key: str(value) for key, value in told.items()}
            log = folder / "ours.log"
            with measure.serving("ours", "gunicorn", environment, log) as port:
                lines = list(rounds(chosen, port, bulk, filled))
    head = [f"{engine}: export of {filled.results:,} results", "measured", "goal", ""]
    return tables.table(head, lines)


def main() -> None:
    chosen = options()
    for engine in chosen.engines:
        for name, table in (("exports", exports), ("imports", imports.table)):
            if chosen.only in (None, name):
                print(table(chosen, engine), end="\n\n", flush=True)


if __name__ == "__main__":
    main()
