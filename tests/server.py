"""The production server, for tests of what one process cannot show: two writers at once, a restart."""

import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.postgres import free_port

ROOT = Path(__file__).parents[1]


@contextlib.contextmanager
def running(settings: Mapping[str, object], log: Path, workers: int = 2) -> Iterator[str]:
    """Start gunicorn with these settings, give its address, and stop it as an operator would, with SIGTERM.

    What it said is in `log`, and printed, which pytest shows when the test fails.
    """
    url = f"http://127.0.0.1:{free_port()}"
    options = f"-k gthread --workers {workers} --threads 4 --no-control-socket"
    options += f" --limit-request-line 8190 --bind {url.removeprefix('http://')}"
    command = [sys.executable, "-m", "gunicorn", *options.split()]
    environment = os.environ | {name: str(value) for name, value in settings.items()}
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*command, "wsgi:app"],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        _wait_until_it_answers(url, process)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(40)  # gunicorn's own patience with a request in flight is 30 s
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        finally:
            print(log.read_text())


def _wait_until_it_answers(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < deadline:
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except urllib.error.HTTPError:
            return  # an answer too
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("gunicorn does not answer")
