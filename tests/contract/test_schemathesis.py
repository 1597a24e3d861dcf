"""schemathesis against a server: all its phases and checks, on both engines.

`--examples 100` makes of the short run a long one: every operation, and as many examples of each.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import server
from tests.contract.conforming import current
from tests.server import ROOT

CONFIG = Path(__file__).with_name("schemathesis.toml")
# In a run of their own: schemathesis keeps much of what it has seen, and of all in one was killed at 20 GB.
BULK = ("imports", "tables", "jobs", "webhooks")
# Who signs in, several in one, and a resource that has all that resources have; and of bulk what is in no other test.
SHORT = {False: ("auth", "batch", "goals"), True: ("jobs", "webhooks")}
Settings = dict[str, object]


@pytest.fixture
def told(settings: Settings, tmp_path: Path) -> dict[str, Any]:
    """What the hooks want to know, and the settings of the server beside them."""
    (document := tmp_path / "openapi.json").write_text(json.dumps(current().document))
    ours = {"RATE_LIMIT": 0, "ACCESS_TOKEN_SECONDS": 86_400, "LOG_LEVEL": "WARNING"}
    report = tmp_path / "report.json"
    return {"settings": settings | ours, "document": str(document), "report": str(report)}


@pytest.mark.parametrize("bulk", [False, True])
def test_schemathesis_finds_no_fault(
    told: dict[str, Any], tmp_path: Path, pytestconfig: pytest.Config, *, bulk: bool
) -> None:
    examples = pytestconfig.getoption("examples")
    options = [f"--max-examples={examples or 2}", "--seed=1", "--generation-database=none"]
    chosen = "include" if bulk or not examples else "exclude"
    options += [f"--{chosen}-tag={tag}" for tag in (BULK if examples else SHORT[bulk])]
    with server.running(told["settings"], tmp_path / "gunicorn.log") as url:
        command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG)]
        command += ["run", told["document"], "--url", url, "--no-color", *options]
        environment = os.environ | {"CONTRACT_RUN": json.dumps(told)}
        with (log := tmp_path / "schemathesis.log").open("w") as output:
            done = subprocess.run(
                command, cwd=ROOT, env=environment, stdout=output, stderr=output, check=False
            )
    print(text := log.read_text(encoding="utf-8"))
    assert done.returncode == 0, text[text.find("= FAILURES") :][:20_000]
    answered = json.loads(Path(told["report"]).read_text(encoding="utf-8"))
    silent = {name for name, found in answered.items() if not any(s < "300" for s in found)}
    assert not silent, "what the document allows was let in nowhere"
