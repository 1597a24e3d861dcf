"""The guides are true: their commands, run as they stand against a server with the sample, say what is printed."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from api.documents import guides
from schemas.faults import FaultCode
from tests import sample
from tests.sample import Sample
from tests.server import ROOT

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
RUN = {"sh": "{}", "python": "python3 - <<'END_OF_PYTHON'\n{}END_OF_PYTHON"}
SAYS = ("text", "json")
ELSEWHERE = ("ts", "console")  # tests/clients
BETWEEN = "\x1e"


def blocks(name: str) -> list[tuple[str, str]]:
    """The language and the text of each block."""
    return BLOCK.findall((guides.FOLDER / f"{name}.md").read_text(encoding="utf-8"))


def told(name: str) -> list[tuple[str, str | None]]:
    """Each command of a guide, with what the guide says that it says."""
    found: list[tuple[str, str | None]] = []
    for language, text in blocks(name):
        if language in RUN:
            found.append((RUN[language].format(text), None))
        elif language in SAYS:
            found[-1] = (found[-1][0], text)
    return found


def variables(server: Sample, name: str) -> dict[str, str]:
    """What the head of a guide asks for."""
    manager = {"EMAIL": server.email("manager"), "PASSWORD": server.password}
    client = zip(
        ("CLIENT_ID", "CLIENT_SECRET"), server.client(sample.MINISTRYS_CLIENT), strict=True
    )
    reviewer = {"EMAIL": server.email("reviewer"), "PASSWORD": server.password}
    ministrys = {"pulling": reviewer | dict(client), "deadlines": reviewer}
    return ministrys.get(name, manager) | {
        "LAMPPU": server.url,
        "PYTHONPATH": str(ROOT),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }


def fits(said: str, expected: str) -> bool:
    """Whether it says so, apart from blanks; `…` stands for anything."""
    pattern = ".*".join(re.escape(part) for part in "".join(expected.split()).split("…"))
    return bool(re.fullmatch(pattern, "".join(said.split()), re.DOTALL))


@pytest.mark.parametrize("name", guides.NAMES)
def test_the_commands_of_a_guide_say_what_is_printed_below_them(
    server: Sample, tmp_path: Path, name: str
) -> None:
    commands = told(name)
    script = "".join(f"{command}\nprintf '{BETWEEN}'\n" for command, _ in commands)
    done = subprocess.run(
        ["sh", "-e", "-u"],
        cwd=tmp_path,
        env=os.environ | variables(server, name),
        input=script,
        capture_output=True,
        text=True,
        check=False,
    )
    outputs = done.stdout.split(BETWEEN)
    wrong = [
        f"$ {command}\n--- said\n{said}\n--- printed\n{expected}"
        for (command, expected), said in zip(commands, outputs, strict=False)
        if expected is not None and not fits(said, expected)
    ]
    assert not wrong, "\n".join(wrong)
    assert (done.stderr, done.returncode, len(outputs)) == ("", 0, len(commands) + 1)


def test_every_guide_is_on_the_list_that_makes_pages_of_them() -> None:
    assert {path.stem for path in guides.FOLDER.glob("*.md")} == {guides.INDEX, *guides.NAMES}


@pytest.mark.parametrize("name", guides.NAMES)
def test_the_blocks_of_a_guide_are_of_kinds_that_a_test_looks_at(name: str) -> None:
    assert {language for language, _ in blocks(name)} <= {*RUN, *SAYS, *ELSEWHERE}
    commented = [c for c, _ in told(name) if re.search(r"^\s*# ", c, re.MULTILINE)]
    assert commented == []


def test_the_guide_to_errors_knows_every_code_of_a_problem() -> None:
    text = (guides.FOLDER / "errors.md").read_text(encoding="utf-8")
    document = json.loads((ROOT / "openapi" / "lamppu.json").read_text(encoding="utf-8"))
    told = {
        code
        for codes in re.findall(r"^\| \d{3} \| (.*?) \|", text, re.MULTILINE)
        for code in re.findall("`(.*?)`", codes)
    }
    assert told == set(document["components"]["schemas"]["ProblemCode"]["enum"])


def test_the_guide_to_errors_has_every_code_of_a_fault_with_its_meaning() -> None:
    text = (guides.FOLDER / "errors.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| `(\w+)` \| (.*) \|$", text, re.MULTILINE)
    assert told == [(code.value, code.meaning) for code in FaultCode]


def test_a_word_that_differs_is_found() -> None:
    assert fits('{"a":1,"b":[2, 3]}\n', '{"a": 1, …}\n')
    assert not fits('{"a":1,"b":[2, 3]}\n', '{"a": 2, …}\n')
    assert not fits('{"a":1}', '{"a": 1, "b": …}')
    assert not fits('{"a":1}{"b":2}', '{"a": 1}')
