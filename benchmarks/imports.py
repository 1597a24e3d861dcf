"""Imports: a table of results from the first to the last row, beside hand-written SQL and a loop over the ORM.

One row in 200 is bad, each in one of three ways: they are told of, and the others kept (`partial=true`). The floor gets
a file without them, for it checks nothing. Every round has new rows, under names of its own; then the same file again,
of which nothing changes; then the same rows with another text.
"""

import argparse
import contextlib
import json
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
from datetime import UTC, datetime
from pathlib import Path

import orjson
import psycopg
import sqlalchemy as sa
from sqlalchemy import orm
from uuid_utils import uuid7

from benchmarks import load, measure, tables
from benchmarks.candidates import models, shapes
from benchmarks.grown import growing
from benchmarks.seed import World, world

GOALS = {"sqlite": 0.8, "postgresql": 0.75}
LOOP = 30.0
MOST_GROWN = 64
ONE_BAD_IN = 200
# Of the naive loop so many rows are enough to know how fast it is.
LOOP_ROWS = 1_000
FIELDS = ("external_id", "goal_id", "period_id", "kind", "progress", "position", "text", "reason")
# What becomes of the rows in each case.
CASES = {"new": "created", "unchanged": "unchanged", "changed": "updated"}
BAD: tuple[dict[str, t.Any], ...] = (
    {"text": None},
    {"kind": "an activity"},
    {"goal_id": "01800000-0000-7000-8000-ffffffffffff"},
)
TYPES = {"ndjson": "application/x-ndjson", "csv": "text/csv"}

_CHANGED = [name for name in FIELDS if name != "external_id"]
_UPSERT = (
    "INSERT INTO results (provider_id, id, sub_project_id, version, created_at, updated_at, {fields}) {rows}"
    f" ON CONFLICT (provider_id, external_id) DO UPDATE SET {', '.join(f'{n} = excluded.{n}' for n in _CHANGED)},"
    " version = results.version + 1, updated_at = excluded.updated_at"
    f" WHERE ({', '.join(f'results.{n}' for n in _CHANGED)})"
    f" {{differs}} ({', '.join(f'excluded.{n}' for n in _CHANGED)})"
)
SQLITE_FLOOR = _UPSERT.format(
    fields=", ".join(FIELDS),
    rows="SELECT provider_id, :id, sub_project_id, 1, :now, :now, "
    + ", ".join(f":{name}" for name in FIELDS)
    + " FROM goals WHERE provider_id = :me AND id = :goal_id",
    differs="IS NOT",
)
STAGED = (
    "CREATE TEMPORARY TABLE staged (id uuid, external_id text, goal_id uuid, period_id uuid, kind text, progress text,"
    " position integer, text text, reason text) ON COMMIT DROP"
)
POSTGRESQL_FLOOR = _UPSERT.format(
    fields=", ".join(FIELDS),
    rows="SELECT provider_id, s.id, sub_project_id, 1, %(now)s, %(now)s, "
    + ", ".join(f"s.{name}" for name in FIELDS)
    + " FROM staged s JOIN goals ON provider_id = %(me)s AND goals.id = s.goal_id",
    differs="IS DISTINCT FROM",
)
Rows = list[dict[str, t.Any]]


@dataclass(frozen=True)
class Done:
    """:param cpu: seconds of all processes that had to do with it, database included"""

    seconds: float
    cpu: float
    grown: float = 0.0


def rows_of(count: int, filled: World, goals: list[str], mark: str, *, changed: bool) -> Rows:
    """Rows as a provider's own table has them."""
    word = "Toinen" if changed else "Uusi"
    return [
        {
            "external_id": f"{mark}-{n}",
            "goal_id": goals[n % len(goals)],
            "period_id": str(filled.period),
            "kind": "activity",
            "progress": "done",
            "position": n % 1_000 + 1,
            "text": f"{word} tulos {n}: työpaikkaohjaajien palaute koottiin ja käsiteltiin johtoryhmässä",
            "reason": None,
        }
        for n in range(count)
    ]


def good(rows: Rows) -> Rows:
    return [row for n, row in enumerate(rows) if n % ONE_BAD_IN]


def with_bad(rows: Rows) -> Rows:
    return [
        row if n % ONE_BAD_IN else row | BAD[n // ONE_BAD_IN % len(BAD)]
        for n, row in enumerate(rows)
    ]


def ndjson(rows: Rows, path: Path) -> Path:
    path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    return path


def csv(rows: Rows, path: Path) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(FIELDS) + "\r\n")
        for row in rows:
            cells = ("" if row[name] is None else str(row[name]) for name in FIELDS)
            file.write(",".join(cells) + "\r\n")
    return path


# who brings them in


def ours(port: int, token: str, path: Path, kind: str, expected: dict[str, int]) -> Done:
    """By HTTP, to the answer.

    :param expected: what is to become of the rows
    """
    head = (
        f"POST /api/v1/imports/results?partial=true HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {token}\r\n"
        f"Content-Type: {TYPES[kind]}\r\nContent-Length: {path.stat().st_size}\r\nConnection: close\r\n\r\n"
    )
    spent = load.cpu_seconds()
    with (
        socket.create_connection(("127.0.0.1", port)) as line,
        path.open("rb") as file,
        growing() as grown,
    ):
        began = time.perf_counter()
        line.sendall(head.encode())
        line.sendfile(file)
        answer = b"".join(iter(lambda: line.recv(65_536), b""))
        seconds = time.perf_counter() - began
    counts = orjson.loads(answer.partition(b"\r\n\r\n")[2]).get("counts")
    if counts != {"results": expected}:
        raise ValueError(f"{expected} expected: {answer[:2_000].decode()}")
    return Done(seconds, load.cpu_seconds() - spent, grown.megabytes)


def floor(url: str, me: str, path: Path) -> Done:
    """The file by orjson, the rows by SQL."""
    with _timed() as timed:
        if url.startswith("sqlite"):
            _floor_of_sqlite(url, me, path)
        else:
            _floor_of_postgresql(url, me, path, timed)
    return Done(timed.seconds, timed.cpu)


def _floor_of_sqlite(url: str, me: str, path: Path) -> None:
    told = {"me": me, "now": datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")}
    with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as file, file:
        for pragma in ("synchronous = NORMAL", "foreign_keys = ON"):
            file.execute(f"PRAGMA {pragma}")
        with path.open("rb") as lines:
            rows = (orjson.loads(line) | told | {"id": str(uuid7())} for line in lines)
            file.executemany(SQLITE_FLOOR, rows)


def _floor_of_postgresql(url: str, me: str, path: Path, timed: "Timed") -> None:
    statement: t.Any = POSTGRESQL_FLOOR
    with (
        psycopg.connect(url) as connection,
        connection.cursor() as cursor,
        path.open("rb") as lines,
    ):
        cursor.execute(STAGED)
        with cursor.copy(f"COPY staged (id, {', '.join(FIELDS)}) FROM STDIN") as copy:
            for line in lines:
                row = orjson.loads(line)
                copy.write_row((str(uuid7()), *[row[name] for name in FIELDS]))
        cursor.execute(statement, {"me": me, "now": datetime.now(UTC)})
        connection.commit()
        timed.stop()  # the process at the other end goes with the connection, and its CPU time with it


def loop(url: str, me: str, path: Path) -> Done:
    """What a script does that was written in an afternoon: each row validated, looked up, and flushed."""
    engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    models.tuned(engine)
    with orm.Session(engine) as session, path.open("rb") as lines, _timed() as timed:
        for line in lines:
            data = shapes.ResultSchema().load(json.loads(line))
            goal = session.scalars(
                sa.select(models.Goal).where(
                    models.Goal.provider_id == uuid.UUID(me), models.Goal.id == data["goal_id"]
                )
            ).one()
            own = models.Result.external_id == data["external_id"]
            result = session.scalar(
                sa.select(models.Result).where(models.Result.provider_id == goal.provider_id, own)
            )
            if result is None:
                home = {"provider_id": goal.provider_id, "sub_project_id": goal.sub_project_id}
                session.add(models.Result(**home, **data))
            else:
                for name, value in data.items():
                    setattr(result, name, value)
            session.flush()
        session.commit()
        timed.stop()
    engine.dispose()
    return Done(timed.seconds, timed.cpu)


class Timed:
    """Time and CPU time since it was made, of this process and of those that it has started."""

    def __init__(self) -> None:
        self.seconds = self.cpu = 0.0
        self._began, self._spent = time.perf_counter(), self._now()

    def stop(self) -> None:
        if not self.seconds:
            self.seconds = time.perf_counter() - self._began
            self.cpu = self._now() - self._spent

    def _now(self) -> float:
        return time.process_time() + load.cpu_seconds()


@contextlib.contextmanager
def _timed() -> Iterator[Timed]:
    timed = Timed()
    yield timed
    timed.stop()


# the rounds


@dataclass(frozen=True)
class Bench:
    """What is needed to bring a table in, whoever does it."""

    port: int
    url: str
    filled: World
    me: str
    goals: list[str]
    folder: Path

    def round(self, number: int, count: int) -> Iterator[tuple[str, str, Done]]:
        """Case, candidate and what it took."""
        for case in CASES:
            yield from self._case(case, number, count)

    def _case(self, case: str, number: int, count: int) -> Iterator[tuple[str, str, Done]]:
        def rows(candidate: str, most: int = count) -> Rows:
            changed = case == "changed"
            return rows_of(most, self.filled, self.goals, f"{candidate}-{number}", changed=changed)

        def brought(path: Path, kind: str) -> Done:
            bad = len(range(0, count, ONE_BAD_IN))
            told = dict.fromkeys(CASES.values(), 0) | {CASES[case]: count - bad, "refused": bad}
            return ours(self.port, self.filled.provider, path, kind, told)

        file = self.folder / "rows"
        yield case, "floor", floor(self.url, self.me, ndjson(good(rows("floor")), file))
        yield case, "ndjson", brought(ndjson(with_bad(rows("n")), file), "ndjson")
        yield case, "csv", brought(csv(with_bad(rows("c")), file), "csv")
        few = min(count, LOOP_ROWS)
        yield case, "loop", loop(self.url, self.me, ndjson(rows("loop", few), file))


def taken(chosen: argparse.Namespace, engine: str) -> list[list[str]]:
    """The lines of the table of one engine."""
    count = chosen.import_rows
    with tempfile.TemporaryDirectory(prefix="lamppu-benchmark-") as name:
        folder = Path(name)
        settings, _ = measure.settings(folder)
        with measure.databases(engine, folder, [count]) as [(own, bulk)]:
            told = settings | {"DATABASE_URL": own}
            filled = world(told, count, bulk)
            environment = {key: str(value) for key, value in told.items()}
            with measure.serving("ours", "gunicorn", environment, folder / "ours.log") as port:
                me, goals = _goals(bulk, filled)
                bench = Bench(port, bulk, filled, me, goals, folder)
                found: dict[tuple[str, str], list[Done]] = {}
                for number in range(chosen.rounds):
                    for case, candidate, done in bench.round(number, count):
                        found.setdefault((case, candidate), []).append(done)
                    print(f"round {number + 1} of {chosen.rounds}", file=sys.stderr)
    return list(_lines(engine, count, found))


def _goals(url: str, filled: World) -> tuple[str, list[str]]:
    """Who brings in, and all of his goals."""
    asked = "SELECT provider_id, id FROM goals WHERE provider_id = (SELECT provider_id FROM goals WHERE id = {})"
    if url.startswith("sqlite"):
        with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as file:
            found = file.execute(asked.format("?"), (str(filled.goal),)).fetchall()
    else:
        with psycopg.connect(url) as connection:
            found = connection.execute(t.cast(t.Any, asked.format("%s")), (filled.goal,)).fetchall()
    return str(found[0][0]), [str(key) for _, key in found]


def _lines(
    engine: str, count: int, found: dict[tuple[str, str], list[Done]]
) -> Iterator[list[str]]:
    sizes = {"floor": count - len(range(0, count, ONE_BAD_IN)), "loop": min(count, LOOP_ROWS)}
    for case in CASES:
        costs = {
            candidate: (
                [one.seconds / sizes.get(candidate, count) for one in some],
                [one.cpu / sizes.get(candidate, count) for one in some],
            )
            for (each, candidate), some in found.items()
            if each == case
        }
        for candidate, (seconds, cpu) in costs.items():
            rate, ms = 1 / statistics.median(seconds), statistics.median(cpu) * 1e6
            yield [
                f"{case}: {candidate}, rows a second (µs of CPU)",
                f"{rate:,.0f}",
                f"{ms:.0f}",
                "",
                "",
            ]
        for candidate in TYPES:
            for other, least in (("floor", GOALS[engine]), ("loop", LOOP)):
                by_time, by_cpu = (
                    statistics.median(b / a for a, b in zip(mine, theirs, strict=True))
                    for mine, theirs in zip(costs[candidate], costs[other], strict=True)
                )
                short = "" if by_time >= least else f"**short by {1 - by_time / least:.0%}**"
                name = f"{case}: {candidate} by {other}"
                yield [name, f"{by_time:.2f}", f"{by_cpu:.2f}", f"≥ {least:.2f}", short]
    grown = max(one.grown for some in found.values() for one in some)
    short = "" if grown <= MOST_GROWN else f"**over by {grown / MOST_GROWN - 1:.0%}**"
    yield ["MB that the server grew by, at the most", f"{grown:.0f}", "", f"≤ {MOST_GROWN}", short]


def table(chosen: argparse.Namespace, engine: str) -> str:
    head = [f"{engine}: import of {chosen.import_rows:,} results", "by time", "by CPU", "goal", ""]
    return tables.table(head, taken(chosen, engine))
