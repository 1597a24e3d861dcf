"""The operator's commands: `flask --app wsgi …`."""

import sys
from pathlib import Path

import click
from alembic import command
from alembic.config import Config
from flask import Flask, current_app
from sqlalchemy.engine import make_url

from api import openapi
from api.context import database
from api.db import Database

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "openapi" / "lamppu.json"


def migrate_database(db: Database, revision: str = "head") -> None:
    """Bring the database's tables to a revision, forward or back."""
    if db.engine.dialect.name == "sqlite" and (name := make_url(str(db.engine.url)).database):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
    with db.engine.connect() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(ROOT / "migrations"))
        if revision == "base":
            command.downgrade(config, revision)
        else:
            command.upgrade(config, revision)
        connection.commit()


@click.command("migrate")
@click.argument("revision", default="head")
def migrate(revision: str) -> None:
    """Bring the database to the newest revision, or to REVISION (`base` empties it)."""
    migrate_database(database(), revision)
    click.echo(f"The database is at {revision}.")


@click.command("revise")
@click.argument("message")
def revise(message: str) -> None:
    """Write a migration from what the models have and the database has not."""
    with database().engine.connect() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(ROOT / "migrations"))
        number = len(list((ROOT / "migrations" / "versions").glob("[0-9]*.py"))) + 1
        command.revision(config, message, autogenerate=True, rev_id=f"{number:04}")


@click.command("openapi")
@click.option("--check", is_flag=True, help="Only say whether the committed document is current.")
def write_openapi(check: bool) -> None:
    """Write openapi/lamppu.json from the code."""
    text = openapi.document(current_app)
    if not check:
        DOCUMENT.write_text(text, encoding="utf-8")
    elif not DOCUMENT.exists() or DOCUMENT.read_text(encoding="utf-8") != text:
        click.echo("openapi/lamppu.json is not current: run `flask --app wsgi openapi`.", err=True)
        sys.exit(1)


def register_commands(app: Flask) -> None:
    for one in (migrate, revise, write_openapi):
        app.cli.add_command(one)
