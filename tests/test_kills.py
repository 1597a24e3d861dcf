"""Web servers, workers and the database are killed while documents come in: what was acknowledged is there, once, and
the rows are those that a run without kills makes.

`--kills 100` makes it long.
"""

import contextlib
import hashlib
import http.client
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import orjson
import psutil
import psycopg
import pytest
import sqlalchemy as sa
from flask import Flask

from api.access import Reach
from api.app import create_app
from api.models.jobs import Job
from api.scope import Scope, Session
from api.services import imports, rows
from api.view import view_of
from schemas.imports import ImportDocument
from tests import factories, postgres
from tests.conftest import migrated
from tests.factories import World
from tests.routes import RECORD_STEMS
from tests.server import ROOT

SENDERS, WORKERS, PATIENCE = 3, 2, 90
# Not acknowledged, and worth another try: the same rows, or the same key, at the same time; or the database is away.
NOT_YET = (409, 503)
Document = dict[str, Any]


# what is killed


class Nursery:
    """See tests/nursery.py."""

    def __init__(self, settings: Mapping[str, object], log: Path):
        environment = os.environ | {name: str(value) for name, value in settings.items()}
        self.log, self._born = log, [psutil.Process()][:0]
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.nursery"],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                text=True,
            )

    def start(self, *what: str) -> psutil.Process:
        assert self._process.stdin
        assert self._process.stdout
        print(*what, file=self._process.stdin, flush=True)
        born = psutil.Process(int(self._process.stdout.readline()))
        self._born.append(born)
        return born

    def close(self) -> None:
        """As an operator would stop them: nobody has to be killed."""
        alive = [one for one in self._born if one.is_running()]
        for one in alive:
            one.terminate()
        _, stubborn = psutil.wait_procs(alive, timeout=PATIENCE)
        for one in stubborn:
            one.kill()
        self._process.communicate(timeout=PATIENCE)
        print(self.log.read_text())
        assert not stubborn


class Postgres:
    """A server of the test's own, to whose superuser it connects."""

    def __init__(self, url: str):
        self.url = url
        with psycopg.connect(url) as connection:
            [(folder,)] = connection.execute("SHOW data_directory").fetchall()
        self.folder = Path(folder)
        self.again: subprocess.Popen[bytes] | None = None

    def kill_backend(self) -> None:
        """Of a client; upon which the server ends all others too, and recovers."""
        asked = "SELECT pid FROM pg_stat_activity WHERE usename = 'lamppu' ORDER BY random()"
        with psycopg.connect(self.url) as connection:
            found = connection.execute(asked).fetchmany(1)
        for (pid,) in found:
            psutil.Process(pid).kill()

    def kill_server(self) -> None:
        """And start it again."""
        lock = self.folder / "postmaster.pid"
        pid, *_ = lock.read_text().split()
        server = psutil.Process(int(pid))
        command, environment, user = server.cmdline(), server.environ(), server.uids().real
        group, others = server.gids().real, server.children()
        server.kill()
        if self.again:
            self.again.wait(PATIENCE)
        psutil.wait_procs(others, timeout=PATIENCE)  # they see that they are alone, and go
        lock.unlink()  # the next would take it for alive as long as nobody has asked how it ended
        whose = {"user": user, "group": group, "extra_groups": []} if os.geteuid() == 0 else {}
        log = self.folder.parent / "log"
        with log.open("ab") as output:
            self.again = subprocess.Popen(
                command, env=environment, cwd=self.folder, stdout=output, stderr=output, **whose
            )
        postgres.wait_until_ready(self.url, log)

    def close(self) -> None:
        if self.again:
            self.again.send_signal(signal.SIGINT)  # without waiting for those who are connected
            self.again.wait(PATIENCE)


class House:
    """The processes of the service, and the means to kill them."""

    def __init__(self, nursery: Nursery, database: Postgres | None, seed: int):
        self.nursery, self.random = nursery, random.Random(seed)
        self.url = f"http://127.0.0.1:{postgres.free_port()}"
        options = f"-k gthread --workers 2 --threads 4 --no-control-socket --preload -b {self.url}"
        self.web = nursery.start("web", *options.replace("http://", "").split(), "wsgi:app")
        self.workers = [nursery.start("worker") for _ in range(WORKERS)]
        self.kills: list[Callable[[], None]] = [self.kill_worker, self.kill_web]
        if database:
            self.kills += [database.kill_backend, database.kill_server]

    def kill_worker(self) -> None:
        gone = self.workers.pop(self.random.randrange(WORKERS))
        gone.kill()
        self.workers.append(self.nursery.start("worker"))

    def kill_web(self) -> None:
        """One of its processes; the master, which holds the port, makes another."""
        children = self.web.children()
        if children:
            self.random.choice(children).kill()


# what goes on meanwhile


class Sender:
    """A script that sends documents, each until it is acknowledged, and then until it is done.

    :param sent: all that was acknowledged
    """

    def __init__(self, url: str, headers: dict[str, str], acronym: str, seed: int):
        self.url, self.headers, self.acronym = url, headers, acronym
        self.random, self.name = random.Random(seed), f"kill-{seed}"
        self.sent: list[Document] = []

    def document(self) -> Document:
        """New rows, and half of those of the document before in other words."""
        number = len(self.sent)
        goals = [f"{self.name}-{n}" for n in range(10 * number, 10 * number + 20)]
        return {
            "project": self.acronym,
            "sub_project": {"external_id": "kill"},
            "contacts": [{"external_id": f"{self.name}-{number}", "name": f"Onni {number}"}],
            "goals": [{"external_id": goal, "text": f"In {number}"} for goal in goals],
            "results": [
                {
                    "external_id": f"{goal}-{n}",
                    "goal": goal,
                    "period": "2012-spring",
                    "kind": "activity",
                    "text": f"In {number}",
                }
                for goal in goals
                for n in range(5)
            ],
        }

    def work(self, over: threading.Event) -> None:
        while not over.is_set():
            self.send(self.document(), wait=self.random.random() < 1 / 3)

    def send(self, document: Document, *, wait: bool) -> None:
        key = {"Idempotency-Key": uuid.uuid4().hex, "Content-Type": "application/json"}
        prefer = {} if wait else {"Prefer": "respond-async"}
        status, answer = self.ask("/api/v1/imports", document, key | prefer)
        assert status == (201 if wait else 202), answer
        deadline = time.monotonic() + PATIENCE
        while not wait and answer["ended_at"] is None:
            assert time.monotonic() < deadline, answer
            time.sleep(0.05)
            status, answer = self.ask(f"/api/v1/jobs/{answer['id']}")
            assert status == 200, answer
        assert wait or answer["state"] == "done", answer
        self.sent.append(document)

    def ask(
        self, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, dict[str, Any]]:
        """The answer, when there is one."""
        data = None if body is None else json.dumps(body).encode()
        deadline = time.monotonic() + PATIENCE
        while True:
            request = urllib.request.Request(
                self.url + path, data, self.headers | dict(headers or {})
            )
            with contextlib.suppress(OSError, http.client.HTTPException):
                try:
                    with urllib.request.urlopen(request, timeout=PATIENCE) as response:
                        return response.status, json.load(response)
                except urllib.error.HTTPError as error:
                    if error.code not in NOT_YET:
                        return error.code, json.load(error)
            assert time.monotonic() < deadline, f"no answer from {path}"
            time.sleep(0.05)


class Ground:
    """A world in a database of its own. :param again: a provider in whose name the same is done once more, in peace"""

    def __init__(self, app: Flask):
        self.app, self.database = app, app.extensions["database"]
        self.world: World = factories.world(app)
        self.headers = factories.bearer(app, "manager", self.world.a.provider_id)
        self.owner, self.again = self.world.a.provider_id, self.world.b.provider_id
        project = self.world.plan["projects"]
        answer = app.test_client().get(f"/api/v1/projects/{project}", headers=self.headers)
        self.acronym = str(answer.get_json()["acronym"])

    @contextlib.contextmanager
    def as_provider(self, owner: uuid.UUID) -> Iterator[Session]:
        with self.database.session() as session:
            session.enter(Scope(provider_id=owner))
            yield session
            session.commit()

    def bring_in(self, owner: uuid.UUID, document: Document) -> None:
        with self.as_provider(owner) as session:
            imports.run(session, ImportDocument().load(document), Reach.OWN)

    def prepare(self) -> None:
        for owner in (self.owner, self.again):
            one = {"project": self.acronym, "sub_project": {"external_id": "kill", "name": "Osa"}}
            self.bring_in(owner, one)

    def running(self) -> bool:
        """Whether a worker is at work right now."""
        try:
            with self.as_provider(self.owner) as session:
                return bool(session.scalar(sa.select(Job.id).where(Job.state == "running")))
        except sa.exc.OperationalError:
            return False

    def count(self, stem: str) -> int:
        with self.as_provider(self.owner) as session:
            return view_of(rows.model_of(stem)).count(session, Reach.OWN, {})

    def digest(self, owner: uuid.UUID) -> dict[str, tuple[int, str]]:
        """Of each resource: how many rows, and a hash of all that they say, by their external ids."""
        with self.as_provider(owner) as session:
            found = {
                stem: view_of(rows.model_of(stem)).rows(session, Reach.OWN, {})
                for stem in RECORD_STEMS
            }
        names = {row["id"]: row["external_id"] for each in found.values() for row in each}
        return {
            stem: _hashed(
                [row for row in each if str(row["external_id"]).startswith("kill")], names
            )
            for stem, each in found.items()
        }


def _hashed(some: list[dict[str, Any]], names: dict[uuid.UUID, str]) -> tuple[int, str]:
    passing = {"id", "provider_id", "version", "created_at", "updated_at"}
    said = [
        {
            name: names.get(value, value) if isinstance(value, uuid.UUID) else value
            for name, value in row.items()
        }
        for row in ({n: v for n, v in row.items() if n not in passing} for row in some)
    ]
    said.sort(key=lambda row: str(row["external_id"]))
    return len(said), hashlib.sha256(orjson.dumps(said)).hexdigest()


@pytest.fixture
def killable(engine: str, tmp_path: Path) -> Iterator[tuple[str, Postgres | None]]:
    """The address of an empty database that survives kills, and its server."""
    if engine == "sqlite":
        yield f"sqlite:///{tmp_path / 'lamppu.db'}", None
        return
    with (
        postgres.server(synchronous_commit="on", full_page_writes="on") as superuser,
        contextlib.closing(Postgres(superuser)) as server,
        postgres.database(superuser) as url,
    ):
        yield url, server


def test_whatever_is_killed_what_was_acknowledged_is_there_once(
    killable: tuple[str, Postgres | None],
    settings: dict[str, object],
    request: pytest.FixtureRequest,
    tmp_path: Path,
) -> None:
    url, database = killable
    changed = {"DATABASE_URL": url, "ACCESS_TOKEN_SECONDS": 86_400, "LOG_LEVEL": "WARNING"}
    told = settings | changed
    migrated(url)
    ground = Ground(create_app(told))
    ground.prepare()
    with contextlib.closing(Nursery(told, tmp_path / "log")) as nursery:
        house = House(nursery, database, seed=1)
        senders = [Sender(house.url, ground.headers, ground.acronym, n) for n in range(SENDERS)]
        over = threading.Event()
        with ThreadPoolExecutor(SENDERS) as pool:
            sending = [pool.submit(sender.work, over) for sender in senders]
            try:
                for number in range(request.config.getoption("kills")):
                    _wait_for_work(ground)
                    time.sleep(house.random.random() / 4)
                    house.kills[number % len(house.kills)]()
            finally:
                over.set()
            for each in sending:
                each.result()
    documents = [document for sender in senders for document in sender.sent]
    for document in documents:
        ground.bring_in(ground.again, document)
    assert ground.digest(ground.owner) == ground.digest(ground.again)
    assert ground.count("imports") == len(documents) + 1
    ground.database.close()


def _wait_for_work(ground: Ground) -> None:
    deadline = time.monotonic() + PATIENCE
    while not ground.running():
        assert time.monotonic() < deadline, "nobody works"
        time.sleep(0.01)
