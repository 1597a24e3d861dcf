"""Linters find nothing in the committed document; what OWASP's rules ask for in vain stands in openapi/README.md."""

import json
import re
import shutil
from pathlib import Path

import pytest

from tests import npm
from tests.server import ROOT

OPENAPI = ROOT / "openapi"
RULES = Path(__file__).parent / "rules"
PACKAGES = (
    "@stoplight/spectral-cli@6.16.3",
    "@stoplight/spectral-owasp-ruleset@2.0.1",
    "@redocly/cli@2.77.0",
)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the linters, their rules and the document in it."""
    folder = npm.workshop(tmp_path_factory, "lint", *PACKAGES)
    for path in (OPENAPI / "lamppu.json", *RULES.iterdir()):
        shutil.copy(path, folder)
    return folder


def spectral(bench: Path, rules: str) -> list[str]:
    done = npm.run(bench, "spectral", "lint", "-r", rules, "-f", "json", "-q", "lamppu.json")
    assert done.returncode in (0, 1), done.stderr
    found = json.loads(done.stdout)
    return [f"{one['code']} {'/'.join(map(str, one['path']))}: {one['message']}" for one in found]


def test_spectral_finds_nothing(bench: Path) -> None:
    assert spectral(bench, "spectral.yaml") == []


def test_redocly_finds_nothing(bench: Path) -> None:
    command = "redocly lint --config redocly.yaml --format json lamppu.json"
    done = npm.run(bench, *command.split(), REDOCLY_TELEMETRY="off", CI="true")
    told = json.loads(done.stdout)
    found = [f"{one['ruleId']}: {one['message']}" for one in told["problems"]]
    assert (found, told["totals"]["errors"], told["totals"]["warnings"]) == ([], 0, 0)


def test_owasp_rules_find_only_what_the_readme_gives_a_reason_for(bench: Path) -> None:
    assert spectral(bench, "owasp.yaml") == []


def test_every_owasp_rule_that_is_off_has_its_reason_in_the_readme() -> None:
    spared = set(re.findall(r"owasp:[\w:-]*\w", (RULES / "owasp.yaml").read_text(encoding="utf-8")))
    told = set(re.findall(r"owasp:[\w:-]*\w", (OPENAPI / "README.md").read_text(encoding="utf-8")))
    assert spared
    assert spared == told
