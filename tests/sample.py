"""A server with the sample in it, as `dev.py serve` starts one, for tests of guides, pages and clients."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import server

PROVIDERS_CLIENT = "Lappian siirtoajo"
MINISTRYS_CLIENT = "Ministeriön järjestelmä"


@dataclass(frozen=True)
class Sample:
    """Where it answers, and who may sign in."""

    url: str
    known: dict[str, Any]

    @property
    def password(self) -> str:
        return str(self.known["password"])

    def email(self, role: str) -> str:
        """Of the first one with this role."""
        return next(str(user["email"]) for user in self.known["users"] if user["role"] == role)

    def client(self, name: str) -> tuple[str, str]:
        """The id and the secret of an API client."""
        return next((c["id"], c["secret"]) for c in self.known["clients"] if c["name"] == name)


FLASK = (sys.executable, "-m", "flask", "--app", "wsgi")


def _given(folder: Path) -> dict[str, object]:
    return {
        "SECRET_KEY": "a secret of the tests, long enough to be taken",
        "JWT_KEYS_FILE": folder / "jwt-keys.json",
        "DATABASE_URL": f"sqlite:///{folder / 'lamppu.db'}",
        "PUBLIC_URL": "http://127.0.0.1",
    }


def _environment(given: dict[str, object]) -> dict[str, str]:
    return os.environ | {name: str(value) for name, value in given.items()}


@contextlib.contextmanager
def working(folder: Path) -> Iterator[None]:
    """A worker for the jobs that are left with the server of this folder."""
    log = folder / "worker.log"
    with (
        log.open("ab") as output,
        subprocess.Popen(
            [*FLASK, "work"],
            cwd=server.ROOT,
            env=_environment(_given(folder)),
            stdout=output,
            stderr=output,
        ) as worker,
    ):
        try:
            yield
        finally:
            worker.terminate()
            print(log.read_text())
    assert worker.returncode == 0


@contextlib.contextmanager
def serving(folder: Path, **settings: object) -> Iterator[Sample]:
    """Load the sample into a database in this folder, and serve it."""
    given = _given(folder) | settings
    command = [*FLASK, "sample"]
    subprocess.run(
        command, cwd=server.ROOT, env=_environment(given), check=True, capture_output=True
    )
    known = json.loads((folder / "sample.json").read_text(encoding="utf-8"))
    with server.running(given, folder / "gunicorn.log") as url:
        yield Sample(url, known)
