"""The rounds: every candidate over the same rows, each case after the other, one candidate after the other in each."""

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import time
import typing as t
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from api.services import keys
from benchmarks import load, tables
from benchmarks.cases import CASES, Asked, Case
from benchmarks.seed import world
from tests import postgres

ROOT = Path(__file__).parents[1]
PUBLIC_URL = "http://127.0.0.1:8000"
# What serves them, and by which interface.
CANDIDATES = {
    "floor": ("benchmarks.candidates.floor:app", "wsgi"),
    "ours": ("wsgi:app", "wsgi"),
    "smorest": ("benchmarks.candidates.smorest:app", "wsgi"),
    "fastapi": ("benchmarks.candidates.fast:app", "asgi"),
    "drf": ("benchmarks.candidates.drf:app", "wsgi"),
    "litestar": ("benchmarks.candidates.star:app", "asgi"),
}
GRANIAN = "granian --host 127.0.0.1 --port {port} --workers 2 --no-ws --log-level warning"
SERVERS = {
    (
        "gunicorn",
        "wsgi",
    ): "gunicorn -k gthread -w 2 --threads 2 --no-control-socket -b 127.0.0.1:{port}",
    (
        "gunicorn",
        "asgi",
    ): "uvicorn --host 127.0.0.1 --port {port} --workers 2 --no-access-log --log-level warning",
    ("granian", "wsgi"): f"{GRANIAN} --interface wsgi --blocking-threads 2",
    ("granian", "asgi"): f"{GRANIAN} --interface asgi",
}


@dataclass(frozen=True)
class Running:
    candidate: str
    asked: Asked


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks/run.py")
    several: dict[str, t.Any] = {"nargs": "+", "metavar": "NAME"}
    parser.add_argument("--engines", **several, default=["sqlite", "postgresql"])
    parser.add_argument("--candidates", **several, default=[*CANDIDATES])
    usual = [case.name for case in CASES if case.usual]
    parser.add_argument("--cases", **several, default=usual, help=", ".join(c.name for c in CASES))
    parser.add_argument(
        "--results",
        type=int,
        nargs="+",
        default=[10_000],
        help="rows; of several sizes, side by side",
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1.0, help="for each measurement")
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--server", choices=["gunicorn", "granian"], default="gunicorn")
    return parser.parse_args()


@contextlib.contextmanager
def databases(engine: str, folder: Path, sizes: list[int]) -> Iterator[list[tuple[str, str]]]:
    """For each size an empty database: its address for us, and for who may write past row level security."""
    if engine == "sqlite":
        yield [(f"sqlite:///{folder}/{size}.db",) * 2 for size in sizes]
        return
    with postgres.server() as server, contextlib.ExitStack() as stack:
        ours = [stack.enter_context(postgres.database(server)) for _ in sizes]
        yield [(url, server.rpartition("/")[0] + "/" + url.rpartition("/")[2]) for url in ours]


@contextlib.contextmanager
def serving(candidate: str, server: str, environment: dict[str, str], log: Path) -> Iterator[int]:
    """Its port, while it runs."""
    target, interface = CANDIDATES[candidate]
    port = postgres.free_port()
    command = SERVERS[server, interface].format(port=port).split()
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *command, target],
            cwd=ROOT,
            env=os.environ | environment,
            stdout=output,
            stderr=output,
        )
    try:
        deadline = time.monotonic() + 30
        while process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                load.ask(port, b"GET /api/v1/results?limit=1 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                break
            time.sleep(0.1)
        else:
            raise RuntimeError(f"{candidate} does not answer:\n{log.read_text()[-2000:]}")
        yield port
    finally:
        process.terminate()
        process.wait(40)


def checked(runnings: list[Running]) -> None:
    """Their answers mean the same, and they refuse what they must. :raises SystemExit: not so"""
    for one in runnings:
        first = next(other for other in runnings if other.asked.world is one.asked.world)
        told, expected = one.asked.meanings(), first.asked.meanings()
        wrong = [
            f"answers {name} otherwise than {first.candidate}"
            for name in expected
            if told[name] != expected[name]
        ]
        wrong += one.asked.faults(strict=one.candidate != "floor")
        if wrong:
            sys.exit(f"{one.candidate} " + ", ".join(wrong))


def rounds(chosen: argparse.Namespace, runnings: list[Running]) -> tables.Loads:
    """What each round gave, by case, size and candidate; a shorter one before them warms up."""
    cases = [case for case in CASES if case.name in chosen.cases]
    loads: tables.Loads = defaultdict(list)
    sent: dict[tuple[Case, Running], Iterator[bytes]] = {}
    for number in range(chosen.rounds + 1):
        for case in cases:
            takers = [one for one in runnings if not case.only or one.candidate in case.only]
            turn = number % len(takers) if takers else 0
            for one in takers[turn:] + takers[:turn]:
                if (case, one) not in sent:
                    sent[case, one] = one.asked.of(case)
                measured = load.load(
                    one.asked.port,
                    sent[case, one],
                    seconds=chosen.seconds if number else chosen.seconds / 3,
                    connections=chosen.connections,
                    status=case.status,
                )
                if number:
                    loads[case.name, one.asked.world.results, one.candidate].append(measured)
        print(f"round {number} of {chosen.rounds}", file=sys.stderr)
    return loads


def settings(folder: Path) -> tuple[dict[str, t.Any], dict[str, str]]:
    """What the application is told, and what those are told who only verify its tokens."""
    told: dict[str, t.Any] = {
        "SECRET_KEY": "a secret of the benchmark, long enough to be taken",
        "JWT_KEYS_FILE": str(folder / "keys.json"),
        "PUBLIC_URL": PUBLIC_URL,
        "ACCESS_TOKEN_SECONDS": 86_400,
        "RATE_LIMIT": 1_000_000_000,  # counted, but never over
    }
    keys.new(folder / "keys.json")
    [key] = keys.read(folder / "keys.json").values()
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return told, {"JWT_PUBLIC_KEY": pem, "JWT_ISSUER": PUBLIC_URL}


def engine_loads(chosen: argparse.Namespace, engine: str, folder: Path) -> tables.Loads:
    """One engine from empty databases on."""
    ours, plain = settings(folder)
    with databases(engine, folder, chosen.results) as urls, contextlib.ExitStack() as stack:
        runnings = []
        for size, (own, bulk) in zip(chosen.results, urls, strict=True):
            print(f"{engine}: {size} results", file=sys.stderr)
            filled = world(ours | {"DATABASE_URL": own}, size, bulk)
            for candidate in chosen.candidates:
                url = own if candidate == "ours" else bulk
                told = ours | plain | {"DATABASE_URL": url}
                environment = {name: str(value) for name, value in told.items()}
                log = folder / f"{candidate}-{size}.log"
                port = stack.enter_context(serving(candidate, chosen.server, environment, log))
                runnings.append(Running(candidate, Asked(port, filled)))
        checked(runnings)
        return rounds(chosen, runnings)


def main() -> None:
    chosen = options()
    for engine in chosen.engines:
        with tempfile.TemporaryDirectory(prefix="lamppu-benchmark-") as folder:
            loads = engine_loads(chosen, engine, Path(folder))
        print(*tables.of(engine, loads), sep="\n\n", end="\n\n", flush=True)


if __name__ == "__main__":
    main()
