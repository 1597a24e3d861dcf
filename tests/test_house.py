"""The house rules of the README, held."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
SOURCES = [
    *(ROOT / name for name in ("dev.py", "wsgi.py")),
    *(path for room in ("api", "schemas", "tests") for path in sorted((ROOT / room).rglob("*.py"))),
    *(path for room in ("", "candidates") for path in (ROOT / "benchmarks" / room).glob("*.py")),
]


def stems(room: str) -> set[str]:
    return {path.stem for path in (ROOT / room).glob("[!_]*.py")}


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def functions(tree: ast.AST) -> Iterator[ast.AST]:
    return (
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
    )


def test_imports_run_downward() -> None:
    # In a process of its own: it sets logging up anew, and later tests would find no line of the log.
    lint = [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo"]
    done = subprocess.run(lint, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_import_hides_inside_a_function(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert [name for function in functions(tree) for name in imported(function)] == []


def test_the_contract_depends_on_marshmallow_alone() -> None:
    packages = {
        name.partition(".")[0]
        for path in (ROOT / "schemas").rglob("*.py")
        for name in imported(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert packages - sys.stdlib_module_names == {"marshmallow", "schemas"}


def test_every_resource_has_its_schema_under_the_same_stem() -> None:
    pages = {"docs", "papers"}  # written for people: they show no data, or that of others
    assert stems("schemas") >= stems("api/resources") - pages


def test_the_houses_drawers_have_no_vague_names() -> None:
    vague = {"utils", "common", "helpers", "misc"}
    assert [path for path in SOURCES if path.stem in vague or path.parent.name in vague] == []


def test_the_start_script_and_the_readme_stay_short() -> None:
    assert len((ROOT / "dev.py").read_text(encoding="utf-8").splitlines()) < 60
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150


def test_the_lock_names_the_extras_that_libraries_want() -> None:
    """Without them pip looks at the newest release for an extra, and refuses it for being another than the locked."""
    locked = (ROOT / "requirements-dev.txt").read_text()
    wanted = {
        f"{one.name}[{','.join(sorted(one.extras))}]"
        for library in distributions()
        for one in map(Requirement, library.requires or ())
        if one.extras and (one.marker is None or one.marker.evaluate({"extra": ""}))
    }
    assert "coverage[toml]" in wanted
    assert [one for one in sorted(wanted) if f"\n{one}==" not in locked] == []
