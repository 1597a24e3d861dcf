"""The TypeScript client: compiled under --strict, and run against a live server."""

import re
from pathlib import Path

from tests import npm, sample
from tests.clients.conftest import GUIDE, PACKAGES


def test_a_typed_client_signs_in_lists_writes_and_tells_problems_apart(
    built: Path, tmp_path: Path
) -> None:
    with sample.serving(tmp_path) as server:
        done = npm.run(
            built,
            "node",
            "exercise.js",
            LAMPPU=server.url,
            EMAIL=server.email("manager"),
            PASSWORD=server.password,
        )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "done\n"


def test_the_guide_has_one_install_what_these_tests_compile_with() -> None:
    """Without a version npm takes the newest, which may not know each other."""
    told = re.findall(r"^npm install (?:--save-dev )?(.*)$", GUIDE, re.MULTILINE)
    pins = dict(package.split("@") for package in " ".join(told).split())
    tried = dict(package.split("@") for package in PACKAGES)
    assert set(pins) == set(tried)
    assert [name for name in pins if not f"{tried[name]}.".startswith(f"{pins[name]}.")] == []
