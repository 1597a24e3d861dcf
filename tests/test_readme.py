"""The README's worked examples, done: a copy of the house gets the resource or the field, its migration and a test."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"```python\n# (?P<path>\S+)\n(?P<code>.*?)```", re.DOTALL)
LINE = re.compile(
    r"^    (?P<path>(?:schemas|api)/\S+\.(?:py|json)) {2,}(?P<line>\S.*)$", re.MULTILINE
)

A_RISK = """
from tests.factories import bearer, make, world

def test_a_risk_keeps_its_text(app, client):
    a = world(app).a
    key = make(app, "risks", a.provider_id, sub_project_id=a.ids["sub_projects"], text="Myrsky")
    headers = bearer(app, "viewer", a.provider_id)
    assert client.get(f"/api/v1/risks/{key}", headers=headers).json["text"] == "Myrsky"
    told = client.get("/api/v1/changes?resource=risks&rows=true", headers=headers).json["items"]
    assert (told[-1]["id"], told[-1]["row"]["text"]) == (str(key), "Myrsky")
"""
A_REASON = """
from tests.examples import Bench

def test_a_goal_says_why_it_was_chosen(app, client):
    bench = Bench(app)
    key, _ = bench.created("goals", why="Sitä toivottiin")
    assert bench.open("goals", key).json["why"] == "Sitä toivottiin"
    assert bench.create("goals", why=" ").json["errors"][0]["code"] == "blank"

def test_its_form_asks_why_in_three_languages(client):
    for language, title in {"fi": "Perustelu", "sv": "Motivering", "en": "Reason"}.items():
        form = client.get(f"/api/v1/schemas/goals?language={language}").json
        assert form["properties"]["why"]["title"] == title
        assert "why" in form["x-groups"][0]["fields"]

def test_the_document_has_it_on_both_sides(client):
    schemas = client.get("/api/v1/openapi.json").json["components"]["schemas"]
    for name in ("Goal", "GoalInput", "GoalPatch"):
        assert "why" in schemas[name]["properties"], name
"""


# What holds for each resource, and so for the new one.
OF_EVERY_RESOURCE = (
    *("tests/resources/test_rows.py", "tests/resources/test_table_imports.py"),
    *("tests/test_access.py", "tests/test_openapi.py", "tests/test_tenancy.py"),
)


class House:
    """A copy of the house, with a database and keys of its own."""

    def __init__(self, root: Path):
        self.root = root
        for name in (
            *("api", "schemas", "migrations", "openapi", "tests"),
            *("wsgi.py", "pyproject.toml"),
        ):
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, root / name)
        self.run("flask", "--app", "wsgi", "keys", "new")

    def write(self, path: str, text: str) -> None:
        (self.root / path).write_text(text, encoding="utf-8")

    def insert(self, path: str, anchor: str, line: str) -> None:
        """Put a line before the one that begins like this."""
        text = (self.root / path).read_text(encoding="utf-8")
        [place, *_] = re.finditer(f"^ *{re.escape(anchor)}", text, re.MULTILINE)
        indent = place[0].removesuffix(anchor)
        self.write(path, f"{text[: place.start()]}{indent}{line}\n{text[place.start() :]}")

    def generate(self, name: str) -> str:
        """What the README has one run; the text of the migration."""
        for command in ("migrate", f"revise {name}", "migrate", "openapi", "openapi --check"):
            self.run("flask", "--app", "wsgi", *command.split())
        [migration] = (self.root / "migrations/versions").glob(f"*_{name}.py")
        return migration.read_text(encoding="utf-8").replace("'", '"')

    def test(self, *paths: str) -> None:
        self.run("pytest", "-q", "-p", "no:cacheprovider", "--engine", "sqlite", *paths)

    def run(self, *command: str) -> None:
        environment = os.environ | {
            "SECRET_KEY": "a secret for the example, long enough to be taken",
            "JWT_KEYS_FILE": str(self.root / "keys.json"),
            "DATABASE_URL": f"sqlite:///{self.root / 'lamppu.db'}",
        }
        done = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=self.root,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_the_readme_is_short_and_names_what_is_there() -> None:
    assert len(README.splitlines()) <= 150
    named = re.findall(r"`((?:api|schemas|openapi|tests)/[\w./]*)`", README)
    to_come = {"schemas/labels/risks.json", "tests/resources/test_risks.py"}
    assert [path for path in named if not (ROOT / path).exists() and path not in to_come] == []


def test_a_resource_is_added_as_the_readme_says(house: House) -> None:
    blocks = {block["path"]: block["code"] for block in BLOCK.finditer(README)}
    assert list(blocks) == ["schemas/risks.py", "api/models/risks.py", "api/resources/risks.py"]
    for path, code in blocks.items():
        house.write(path, code)
    policy = '"risks": RECORD,'
    assert f"`{policy}`" in README
    house.insert("api/access.py", '"reports": REPORT,', policy)
    name = 'RISKS = "risks"'
    assert f"`{name}`" in README
    house.insert("schemas/auth.py", "RESULTS = ", name)
    house.insert("api/resources/__init__.py", "results,", "risks,")
    house.insert("api/resources/__init__.py", "results.blp,", "risks.blp,")
    line = "risks = elements(Risk)"
    assert f"`{line}`" in README
    house.insert("schemas/imports.py", "reports = elements", line)
    house.insert(
        "schemas/imports.py", "from schemas.sub_projects", "from schemas.risks import Risk"
    )
    assert 'op.protect("risks", "record")' in house.generate("risks")
    house.write("tests/resources/test_risks.py", A_RISK)
    for check in ("check", "format --check"):
        house.run("ruff", *check.split(), "--no-cache", "migrations")
    house.test("tests/resources/test_risks.py", *OF_EVERY_RESOURCE)


def test_a_field_is_added_with_a_line_in_each_of_three_places(house: House) -> None:
    lines = [(line["path"], line["line"]) for line in LINE.finditer(README)]
    places = ["schemas/goals.py", "api/models/goals.py", "schemas/labels/goals.json"]
    assert [path for path, _ in lines] == places
    for (path, line), anchor in zip(lines, ("text = ", "text: ", '"text": {'), strict=True):
        house.insert(path, anchor, line)
    assert '"goals"' in house.generate("why")
    house.write("tests/resources/test_why.py", A_REASON)
    migrated = "tests/test_migrations.py::test_migrated_equals_created"
    house.test("tests/resources/test_why.py", "tests/schemas/test_forms.py", migrated)
