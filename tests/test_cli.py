"""The operator's commands, as `flask --app wsgi …` runs them."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import Result
from flask import Flask

from api import cli
from api.app import create_app
from api.config import ConfigError
from api.resources import forms
from api.services import keys
from tests.accounts import Browser, code
from tests.factories import frozen, world
from tests.stock import STOCKS


@pytest.fixture
def operated(settings: dict[str, object], engine_url: str, tmp_path: Path) -> Iterator[Flask]:
    """The application with its commands, and with keys that a test may change."""
    copy = tmp_path / "jwt-keys.json"
    shutil.copy(str(settings["JWT_KEYS_FILE"]), copy)
    app = create_app(settings | {"JWT_KEYS_FILE": str(copy)})
    cli.register_commands(app)
    yield app
    app.extensions["database"].close()


@pytest.fixture
def new(settings: dict[str, object], new_database_url: str, tmp_path: Path) -> Iterator[Flask]:
    """The same on a database without a table."""
    keys.new(keys_file := tmp_path / "jwt-keys.json")
    given = {"DATABASE_URL": new_database_url, "JWT_KEYS_FILE": str(keys_file)}
    app = create_app(settings | given)
    cli.register_commands(app)
    yield app
    app.extensions["database"].close()


def run(app: Flask, *arguments: str) -> Result:
    with app.app_context():
        return app.test_cli_runner().invoke(args=arguments)


def tables(app: Flask) -> set[str]:
    return set(sa.inspect(app.extensions["database"].engine).get_table_names())


def test_migrate_makes_the_tables_and_base_takes_them_away(new: Flask) -> None:
    newest = f"{len(list((cli.ROOT / 'migrations' / 'versions').glob('[0-9]*.py'))):04}"
    done = run(new, "migrate")
    assert (done.exit_code, done.output) == (0, f"The database is at {newest}.\n")
    assert tables(new) >= {"providers", "goals", "reports", "alembic_version"}
    again = run(new, "migrate", newest)
    assert (again.exit_code, again.output) == (0, f"The database is at {newest}.\n")
    emptied = run(new, "migrate", "base")
    assert (emptied.exit_code, emptied.output) == (0, "The database is at base.\n")
    assert tables(new) <= {"alembic_version"}


def test_migrate_goes_forward_or_back_to_the_revision_and_tells_the_one_it_reached(
    new: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(cli.ROOT / "migrations", tmp_path / "migrations")
    monkeypatch.setattr(cli, "ROOT", tmp_path)
    run(new, "migrate")
    versions = tmp_path / "migrations" / "versions"
    first = len(list(versions.glob("[0-9]*.py")))
    for number in (first + 1, first + 2):
        text = f"revision, down_revision = '{number:04}', '{number - 1:04}'\n"
        steps = f"def upgrade(): open({str(tmp_path / str(number))!r}, 'w').close()\n"
        steps += f"def downgrade(): __import__('os').remove({str(tmp_path / str(number))!r})\n"
        (versions / f"{number:04}_next.py").write_text(text + steps, encoding="utf-8")
    for wanted in (first + 1, first + 2, first + 1, first, first + 2):
        done = run(new, "migrate", f"{wanted:04}")
        assert (done.exit_code, done.output) == (0, f"The database is at {wanted:04}.\n")
        carried_out = {n for n in (first + 1, first + 2) if (tmp_path / str(n)).exists()}
        assert carried_out == set(range(first + 1, wanted + 1))
    unknown = run(new, "migrate", "9999")
    assert unknown.exit_code == 1
    assert "9999" in unknown.output
    assert run(new, "migrate").output == f"The database is at {first + 2:04}.\n"


def test_migrate_makes_the_folder_of_an_sqlite_database(
    settings: dict[str, object], tmp_path: Path
) -> None:
    path = tmp_path / "new" / "folder" / "lamppu.db"
    app = create_app(settings | {"DATABASE_URL": f"sqlite:///{path}"})
    cli.register_commands(app)
    assert run(app, "migrate").exit_code == 0
    assert path.exists()
    app.extensions["database"].close()


def test_revise_writes_a_numbered_migration_of_what_has_changed(
    operated: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(cli.ROOT / "migrations", tmp_path / "migrations")
    monkeypatch.setattr(cli, "ROOT", tmp_path)
    versions = tmp_path / "migrations" / "versions"
    before = set(versions.glob("[0-9]*.py"))
    done = run(operated, "revise", "nothing at all")
    assert done.exit_code == 0, done.output
    (made,) = set(versions.glob("[0-9]*.py")) - before
    number = len(before) + 1
    assert made.name == f"{number:04}_nothing_at_all.py"
    text = made.read_text(encoding="utf-8")
    assert f"down_revision = '{number - 1:04}'" in text
    assert "op." not in text


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the committed contract, for the command to look at and to write."""
    folder = tmp_path / "openapi"
    shutil.copytree(forms.DOCUMENT.parent, folder)
    monkeypatch.setattr(cli, "ROOT", tmp_path)
    monkeypatch.setattr(cli, "FORMS_FOLDER", folder / cli.FORMS_FOLDER.name)
    monkeypatch.setattr(forms, "DOCUMENT", folder / forms.DOCUMENT.name)
    return folder


def openapi(tmp_path: Path, *options: str) -> Result:
    """`flask openapi` in an application of its own, as it has in a process; it touches no database."""
    if not (keys_file := tmp_path / "jwt-keys.json").exists():
        keys.new(keys_file)
    settings = {"SECRET_KEY": "x" * 32, "JWT_KEYS_FILE": str(keys_file)}
    app = create_app(settings | {"DATABASE_URL": f"sqlite:///{tmp_path}/never.db"})
    cli.register_commands(app)
    return run(app, "openapi", *options)


def test_openapi_check_passes_on_what_is_committed(tmp_path: Path) -> None:
    done = openapi(tmp_path, "--check")
    assert (done.exit_code, done.output) == (0, "")


def test_openapi_check_names_what_is_stale_missing_or_too_much_and_openapi_mends_it(
    published: Path, tmp_path: Path
) -> None:
    assert openapi(tmp_path).exit_code == 0
    current = {path: path.read_bytes() for path in published.rglob("*.json")}
    stale, surplus = published / "lamppu.json", published / "forms" / "zz.fi.json"
    missing = min((published / "forms").glob("*.json"))
    stale.write_bytes(current[stale] + b"\n")
    surplus.write_text("{}", encoding="utf-8")
    missing.unlink()
    refused = openapi(tmp_path, "--check")
    assert refused.exit_code == 1
    assert "flask --app wsgi openapi" in refused.output
    for path in (stale, surplus, missing):
        assert str(path.relative_to(tmp_path)) in refused.output
    assert not missing.exists()  # a check only looks
    done = openapi(tmp_path)
    assert (done.exit_code, done.output) == (0, "")
    assert {path: path.read_bytes() for path in published.rglob("*.json")} == current


def test_sample_migrates_loads_and_says_what_to_try(new: Flask) -> None:
    done = run(new, "sample")
    assert done.exit_code == 0, done.output
    password = re.findall(r"with the password (\S+)", done.output)[0]
    for email in re.findall(r"[^\s=]+@\S+\.example", done.output):
        assert Browser(new).login(email, password).status_code == 200, email
    again = run(new, "sample")
    assert (again.exit_code, again.output) == (0, done.output)


def test_sample_prints_what_the_guides_ask_for_as_a_line_for_the_shell(new: Flask) -> None:
    done = run(new, "sample")
    [line] = re.findall(r"^ *(export .*)$", done.output, re.MULTILINE)
    named = 'printf "%s\\n" "$LAMPPU" "$EMAIL" "$PASSWORD"'
    shell = subprocess.run(
        ["sh", "-euc", f"{line}\n{named}"], capture_output=True, text=True, check=True
    )
    url, email, password = shell.stdout.splitlines()
    assert url == new.config["PUBLIC_URL"]
    signed_in = Browser(new).login(email, password)
    assert signed_in.status_code == 200
    me = {"Authorization": f"Bearer {signed_in.get_json()['access_token']}"}
    assert new.test_client().get("/api/v1/auth/me", headers=me).get_json()["role"] == "manager"


def test_sample_leaves_a_database_with_rows_alone(new: Flask) -> None:
    run(new, "migrate")
    provider = "INSERT INTO providers (id, version, name, kind, colleges, created_at, updated_at)"
    values = "'11111111-1111-4111-8111-111111111111', 1, 'Oma', 'other', '[]', {0}, {0}"
    with new.extensions["database"].engine.begin() as connection:
        moment = values.format("'2026-01-01 00:00:00+00'")
        connection.exec_driver_sql(f"{provider} VALUES ({moment})")
    done = run(new, "sample")
    assert (done.exit_code, done.output) == (0, "")
    with new.extensions["database"].engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT name FROM providers").all() == [("Oma",)]


def key_ids(app: Flask) -> list[str]:
    return [key["kid"] for key in app.test_client().get("/.well-known/jwks.json").json["keys"]]


def test_a_new_key_joins_the_old_ones_until_they_are_dropped(operated: Flask) -> None:
    (old,) = key_ids(operated)
    made = run(operated, "keys", "new")
    assert made.exit_code == 0
    (new,) = set(key_ids(operated)) - {old}
    assert made.output == f"New key {new}.\n"
    kept = run(operated, "keys", "drop", "--keep", "2")
    assert (kept.exit_code, kept.output) == (0, "Dropped none.\n")
    dropped = run(operated, "keys", "drop")
    assert (dropped.exit_code, dropped.output) == (0, f"Dropped {old}.\n")
    assert key_ids(operated) == [new]


def test_the_last_key_is_not_dropped(operated: Flask) -> None:
    refused = run(operated, "keys", "drop", "--keep", "0")
    assert refused.exit_code == 2
    assert len(key_ids(operated)) == 1


def test_the_first_key_is_made_before_anything_else_can_start(tmp_path: Path) -> None:
    kept = tmp_path / "keys" / "jwt-keys.json"
    kept.parent.mkdir()
    url = f"sqlite:///{tmp_path}/never.db"
    settings = {"SECRET_KEY": "x" * 32, "JWT_KEYS_FILE": str(kept), "DATABASE_URL": url}
    with pytest.raises(ConfigError, match="JWT_KEYS_FILE"):
        create_app(settings)
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "keys", "new"]
    subprocess.run(command, cwd=cli.ROOT, env=os.environ | settings, check=True)
    assert kept.stat().st_mode & 0o077 == 0
    create_app(settings)


def test_admin_makes_an_operator_who_can_sign_in(operated: Flask) -> None:
    done = run(operated, "admin", "valvoja@lamppu.example", "--name", "Valvoja")
    assert done.exit_code == 0, done.output
    (password,) = re.findall(r"Password of valvoja@lamppu\.example: (\S+)\n", done.output)
    browser = Browser(operated)
    assert browser.login("valvoja@lamppu.example", password).status_code == 200
    me = browser.open("/api/v1/auth/me").get_json()
    assert (me["role"], me["name"], me["provider_id"]) == ("admin", "Valvoja", None)
    wrong = Browser(operated).login("valvoja@lamppu.example", "no such password")
    assert code(wrong)[0] == 401


def test_an_address_gets_one_operators_account(operated: Flask) -> None:
    assert run(operated, "admin", "valvoja@lamppu.example").exit_code == 0
    again = run(operated, "admin", "VALVOJA@lamppu.example")
    assert again.exit_code == 1
    assert "Password" not in again.output
    assert "Another row has the same email" in again.output


def test_an_operators_address_has_the_form_of_one(operated: Flask) -> None:
    for address in ("valvoja", "valvoja@lamppu.example\n", "a" * 250 + "@lamppu.example"):
        refused = run(operated, "admin", address)
        assert (refused.exit_code, refused.exception.__class__) == (1, SystemExit), address
        assert "/email" in refused.output


def test_versions_that_have_changed_since_they_were_frozen_are_found(operated: Flask) -> None:
    ground = world(operated)
    versions = [frozen(operated, one)["report_versions"] for one in (ground.a, ground.b)]
    done = run(operated, "verify-reports")
    assert (done.exit_code, done.output) == (0, "2 versions, 0 changed.\n")
    stock = STOCKS[operated.config["DATABASE_URL"]]
    # Past what the database holds: as somebody would who can write its files.
    triggers = "SELECT name, sql FROM sqlite_schema WHERE name = 'keep_report_versions_update'"
    held = []
    if operated.extensions["database"].engine.dialect.name == "sqlite":
        held = stock.connection.execute(triggers).fetchall()
        stock.run("DROP TRIGGER keep_report_versions_update")
    text = "replace(snapshot, 'canary-b goal', 'canary-b Goal')"
    stock.run(f"UPDATE report_versions SET snapshot = {text} WHERE id = '{versions[1]}'")
    for _, trigger in held:
        stock.run(trigger.removesuffix(";"))
    found = run(operated, "verify-reports")
    assert found.exit_code == 1
    assert "2 versions, 1 changed." in found.output
    named = f"Changed: version 1 of report {ground.b.ids['reports']} of provider"
    assert f"{named} {ground.b.provider_id}\n" in found.output
    assert str(ground.a.ids["reports"]) not in found.output
