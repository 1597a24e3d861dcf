"""`python3 dev.py serve`: all that a newcomer needs, started by one command and gone with it."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from tests.postgres import free_port

ROOT = Path(__file__).parents[1]
HOUSE = ("api", "schemas", "migrations", "openapi", "dev.py", "wsgi.py", "requirements.txt")
PATIENCE_SECONDS = 90


@contextmanager
def started(folder: Path) -> Iterator[tuple[psutil.Process, str]]:
    """`dev.py serve` in a copy of the house, where everything is installed already; and where it answers."""
    for name in HOUSE:
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, folder / name)
    (python := folder / ".venv" / "bin" / "python").parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o700)
    python.with_name("pip").touch()
    lock = hashlib.sha256((folder / "requirements.txt").read_bytes()).hexdigest()
    (folder / ".venv" / "installed").write_text(lock)
    port = free_port()
    log = folder / "serve.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "dev.py", "serve"],
            cwd=folder,
            env=os.environ | {"PORT": str(port)},
            stdout=output,
            stderr=output,
        )
    family = psutil.Process(process.pid)
    try:
        yield family, f"http://127.0.0.1:{port}/api/v1"
    finally:
        for one in [*family.children(recursive=True), family] if family.is_running() else []:
            one.kill()
        process.wait()
        print(log.read_text())


def asked(url: str, body: Any = None, **headers: str) -> Any:
    data = None if body is None else json.dumps(body).encode()
    named = {"Content-Type": "application/json"} | headers
    with urllib.request.urlopen(urllib.request.Request(url, data, named), timeout=30) as answer:
        return json.load(answer)


def until(answer: Any) -> Any:
    """What it gives when it gives something."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            if found := answer():
                return found
        except OSError:
            pass
        time.sleep(0.1)
    raise TimeoutError


def test_a_job_is_done_and_no_worker_stays_when_the_server_is_killed(tmp_path: Path) -> None:
    with started(tmp_path) as (server, url):
        until(lambda: asked(f"{url}/openapi.json"))
        known = json.loads((tmp_path / "instance" / "sample.json").read_text())
        email = next(user["email"] for user in known["users"] if user["role"] == "manager")
        told = {"email": email, "password": known["password"]}
        by = {"Authorization": f"Bearer {asked(f'{url}/auth/login', told)['access_token']}"}
        document = {"project": "LAMPPU", "sub_project": {"external_id": "lamppu-2012"}}
        job = asked(f"{url}/imports", document, Prefer="respond-async", **by)
        assert job["state"] == "queued"
        ended = until(lambda: asked(f"{url}/jobs/{job['id']}", **by)["ended_at"])
        assert ended >= job["created_at"]
        assert asked(f"{url}/jobs/{job['id']}", **by)["state"] == "done"
        started_by_it = server.children(recursive=True)
        assert [one for one in started_by_it if "work" in one.cmdline()]
        server.kill()
        _, left = psutil.wait_procs(started_by_it, timeout=PATIENCE_SECONDS)
        for one in left:
            one.kill()
        assert left == []
