"""The README's worked example, done: a copy of the house gets the resource, its migration and its test."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"```python\n# (?P<path>\S+)\n(?P<code>.*?)```", re.DOTALL)


def insert(path: Path, anchor: str, line: str, *more: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert anchor in text
    path.write_text(text.replace(anchor, anchor + line, 1), encoding="utf-8")
    if more:
        insert(path, *more)


def test_the_worked_example_is_true_to_the_code(tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in ("api", "schemas", "migrations", "openapi", "tests", "wsgi.py", "pyproject.toml"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    for block in BLOCK.finditer(readme):
        (tmp_path / block["path"]).write_text(block["code"], encoding="utf-8")
    assert '"risks": RECORD,' in readme
    assert '"risks": lambda n: {"text": f"Risk {n}"},' in readme
    insert(tmp_path / "api/access.py", '        "reports": RECORD,\n', '        "risks": RECORD,\n')
    rooms = tmp_path / "api/resources/__init__.py"
    insert(rooms, "    results,\n", "    risks,\n", "    reports.blp,\n", "    risks.blp,\n")
    factory = '    "risks": lambda n: {"text": f"Risk {n}"},\n'
    insert(tmp_path / "tests/factories.py", "_DEFAULTS: dict[str, Any] = {\n", factory)
    environment = os.environ | {
        "SECRET_KEY": "a secret for the example, long enough to be taken",
        "JWT_KEYS_FILE": str(tmp_path / "keys.json"),
        "DATABASE_URL": f"sqlite:///{tmp_path / 'lamppu.db'}",
    }

    def run(*command: str) -> None:
        done = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    for command in ("keys new", "migrate", "revise risks", "migrate", "openapi", "openapi --check"):
        run("flask", "--app", "wsgi", *command.split())
    assert 'op.protect("risks", "record")' in next(
        (tmp_path / "migrations/versions").glob("*_risks.py")
    ).read_text(encoding="utf-8").replace("'", '"')
    run("pytest", "-q", "-p", "no:cacheprovider", "tests/resources/test_risks.py")
