"""The benchmark goes on working: at its smallest, since a time that a test takes proves nothing."""

import re
import subprocess
import sys
from pathlib import Path

from benchmarks import tables
from benchmarks.load import Load

ROOT = Path(__file__).parents[1]
PIN = re.compile(r"^(\S+==\S+)", re.MULTILINE)


def test_the_floor_and_ours_are_measured_case_by_case() -> None:
    options = "--engines sqlite --candidates floor ours --results 2000 --rounds 1 --seconds 0.05"
    cases = ["list", "goal", "create", "list-unchanged", "list-middle", "ministry-middle"]
    cases += ["changes", "ministry-changes-middle", "import"]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.measure", *options.split(), "--cases", *cases],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    speeds, _, goals = done.stdout.strip().split("\n\n")
    head, _, *lines = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in speeds.splitlines()
    ]
    assert head[1:] == ["floor", "ours"]
    measured = {case: numbers for case, *numbers in lines}
    assert list(measured) == cases
    assert measured["list-unchanged"][0] == ""  # the floor has no ETags
    speed = [number for numbers in measured.values() for number in numbers if number]
    assert len(speed) == 14
    assert "0" not in speed
    assert "| create by floor, 2,000 results |" in goals


def measured_in_bulk(options: str) -> list[str]:
    """The names of what the tables have."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.bulk", *options.split()],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return re.findall("^[|] ([^|]*) [|]", done.stdout, re.MULTILINE)


def test_exports_are_measured_beside_the_database_alone() -> None:
    names = measured_in_bulk("--only exports --engines sqlite --results 2000 --rounds 1")
    assert names[0] == "sqlite: export of 2,000 results"
    assert names[4:6] == ["ours by floor", "first byte by an empty export's"]


def test_imports_are_measured_beside_hand_written_sql_and_a_loop() -> None:
    names = measured_in_bulk("--only imports --engines sqlite --import-rows 600 --rounds 1")
    assert names[0] == "sqlite: import of 600 results"
    for case in ("new", "unchanged", "changed"):
        assert {
            f"{case}: {kind} by {other}"
            for kind in ("ndjson", "csv")
            for other in ("floor", "loop")
        } < {*names}
    assert names[-1] == "MB that the server grew by, at the most"


def test_a_goal_that_is_missed_is_named_with_how_far() -> None:
    loads = {
        ("goal", 10_000, "floor"): [Load(1000, 1), Load(2000, 0.5), Load(1000, 1)],
        ("goal", 10_000, "ours"): [Load(440, 2), Load(440, 2), Load(500, 2)],
    }
    *_, goals = tables.of("sqlite", loads)
    assert goals.splitlines()[2:] == [
        "| goal by floor, 10,000 results | 0.44 | 0.22–0.50 | 0.50 | ≥ 0.55 | **short by 20%** |"
    ]


def test_what_is_measured_is_what_ships() -> None:
    ships, measured = (
        set(PIN.findall((ROOT / name).read_text(encoding="utf-8")))
        for name in ("requirements.txt", "benchmarks/requirements.txt")
    )
    assert ships <= measured
