"""Packages of npm for tests, in a folder outside the repository.

Node may be absent on a newcomer's machine: then the tests that need it skip aloud. Where CI is set it must be there.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import NoReturn

import pytest


def absent(what: str) -> NoReturn:
    """Skip the test aloud; in CI it fails."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


def workshop(factory: pytest.TempPathFactory, name: str, *packages: str) -> Path:
    """A new folder with these packages in its `node_modules`.

    :param packages: each with its version, such as `typescript@5.9.3`
    """
    if not shutil.which("npm"):
        absent("no Node here")
    folder = factory.mktemp(name)
    (folder / "node_modules").symlink_to(_installed(factory, *packages) / "node_modules")
    return folder


def _installed(factory: pytest.TempPathFactory, *packages: str) -> Path:
    """Fetched once for all processes of a test run; who comes meanwhile waits."""
    root = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent  # a worker's folder stands in that of the run
    store = root / f"npm-{hashlib.sha256(' '.join(packages).encode()).hexdigest()[:12]}"
    store.mkdir(exist_ok=True)
    with (store / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (store / "fetched").exists():
            return store
        options = "--no-audit --no-fund --ignore-scripts --prefer-offline --loglevel error"
        done = run(store, "npm", "install", *options.split(), *packages)
        if done.returncode:
            absent(f"npm could not fetch {' '.join(packages)}: {done.stderr[-500:]}")
        (store / "fetched").touch()
    return store


def run(folder: Path, *command: str | Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    """A command in a workshop; programs of its packages are found by their names."""
    path = f"{folder / 'node_modules' / '.bin'}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"PATH": path} | variables,
        capture_output=True,
        text=True,
        check=False,
    )
