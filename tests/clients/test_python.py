"""The Python client: generated, and run against a live server."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests import sample
from tests.clients.conftest import HERE
from tests.server import ROOT

DOCUMENT = ROOT / "openapi" / "lamppu.json"
WARNING = re.compile("WARNING (?:parsing )?(.*)")
TOOLS = Path(sys.executable).parent
ENVIRONMENT = os.environ | {"PATH": f"{TOOLS}{os.pathsep}{os.environ['PATH']}"}


def test_a_generated_client_signs_in_lists_writes_and_tells_problems_apart(tmp_path: Path) -> None:
    options = ("--meta", "none", "--output-path", tmp_path / "lamppu_client")
    generated = subprocess.run(
        [TOOLS / "openapi-python-client", "generate", "--path", DOCUMENT, *options],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert generated.returncode == 0, generated.stdout + generated.stderr
    # Tables are none of its business: it knows no bodies of text, and no workbooks.
    warnings = WARNING.findall(generated.stdout + generated.stderr)
    assert {where for where in warnings if " /api/v1/imports" not in where} == set()
    with sample.serving(tmp_path) as server:
        variables = {
            "LAMPPU": server.url,
            "EMAIL": server.email("manager"),
            "PASSWORD": server.password,
            "PYTHONPATH": str(tmp_path),
        }
        done = subprocess.run(
            [sys.executable, HERE / "exercise.py"],
            env=ENVIRONMENT | variables,
            capture_output=True,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "done\n"
