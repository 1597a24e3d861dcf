"""The operator's commands: `flask --app wsgi …`."""

import contextlib
import json
import runpy
import signal
import sys
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from flask import Flask, current_app
from sqlalchemy.engine import make_url

from api import importing, openapi
from api.base import now
from api.context import database
from api.db import Database
from api.problems import Problem
from api.resources import BLUEPRINTS, forms
from api.services import deadlines, life, mailing, reminders, samples, users
from api.services import keys as signing_keys
from api.services.deliveries import LEASE, Courier
from api.services.posting import Poster
from schemas.vocabulary import Language

ROOT = Path(__file__).resolve().parent.parent
FORMS_FOLDER = forms.DOCUMENT.with_name("forms")


def migrate_database(db: Database, revision: str = "head") -> str:
    """Bring the database's tables to a revision, forward or back, and return the one that it is at then."""
    if db.engine.dialect.name == "sqlite" and (name := make_url(str(db.engine.url)).database):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
    with db.engine.connect() as connection, _unchecked(connection):
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(ROOT / "migrations"))
        current = MigrationContext.configure(connection).get_current_revision()
        if _lies_behind(ScriptDirectory.from_config(config), current, revision):
            command.downgrade(config, revision)
        else:
            command.upgrade(config, revision)
        connection.commit()
        reached = MigrationContext.configure(connection).get_current_revision()
        connection.rollback()
    return reached or "base"


def _lies_behind(script: ScriptDirectory, current: str | None, revision: str) -> bool:
    if revision == "base":
        return True
    wanted = script.get_revision(revision)
    past = script.iterate_revisions(current, "base") if current else ()
    return wanted.revision in {passed.revision for passed in past} - {current}


@contextlib.contextmanager
def _unchecked(connection: sa.Connection) -> Iterator[None]:
    """SQLite changes a table by making it anew; dropping the old one would delete the rows that refer to it, and giving
    its name to the new one fail while a trigger or view names it.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    driver: Any = connection.connection.driver_connection
    # Before the transaction, in which it would do nothing.
    driver.executescript("PRAGMA foreign_keys = OFF; PRAGMA legacy_alter_table = ON")
    try:
        yield
    finally:
        connection.rollback()
        driver.executescript("PRAGMA foreign_keys = ON; PRAGMA legacy_alter_table = OFF")


@click.command("migrate")
@click.argument("revision", default="head")
def migrate(revision: str) -> None:
    """Bring the database to the newest revision, or to REVISION (`base` empties it)."""
    try:
        reached = migrate_database(database(), revision)
    except CommandError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"The database is at {reached}.")


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
@click.option("--check", is_flag=True, help="Only say whether the committed files are current.")
def write_openapi(check: bool) -> None:
    """Write openapi/lamppu.json, and the forms beside it, from the code."""
    texts = contract_files(current_app)
    kept = {forms.DOCUMENT, *FORMS_FOLDER.glob("*.json")}
    if check:
        stale = sorted(p for p in kept | set(texts) if not p.exists() or _text(p) != texts.get(p))
        if stale:
            first = ", ".join(str(path.relative_to(ROOT)) for path in stale[:3])
            text = f"{len(stale)} not current, such as {first}: run `flask --app wsgi openapi`."
            click.echo(text, err=True)
            sys.exit(1)
        return
    FORMS_FOLDER.mkdir(exist_ok=True)
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
    for path in kept - set(texts):
        path.unlink()


def contract_files(app: Flask) -> dict[Path, str]:
    """Each generated file of `openapi/` with what stands in it."""
    named = {
        FORMS_FOLDER / f"{stem}.{language.value}.json": forms.document(stem, language.value)
        for stem in forms.FORMS
        for language in Language
    }
    return {forms.DOCUMENT: openapi.document(app, BLUEPRINTS)} | named


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@click.command("sample")
def sample() -> None:
    """Make a first key, migrate, load the sample into an empty database, and say what to try."""
    if not (keys_file := Path(current_app.config["JWT_KEYS_FILE"])).exists():
        signing_keys.new(keys_file)
    migrate_database(database())
    known = keys_file.with_name("sample.json")
    with database().session(write=False) as session:
        empty = samples.is_empty(session)
    if empty:
        # The accounts' random password: for this user's eyes only, next to the other secrets.
        known.touch(mode=0o600)
        known.write_text(json.dumps(samples.load(database())), encoding="utf-8")
    if known.exists():
        url = current_app.config["PUBLIC_URL"]
        click.echo(_what_to_try(url, json.loads(known.read_text(encoding="utf-8"))))


def _what_to_try(url: str, known: dict[str, Any]) -> str:
    ministry = known["clients"][0]
    manager = next(user["email"] for user in known["users"] if user["role"] == "manager")
    accounts = [f"  {u['role']:9} {u['email']:28} {u['provider'] or ''}" for u in known["users"]]
    return "\n".join(
        [
            "",
            f"LAMPPU answers at {url}",
            f"  documentation      {url}/docs",
            f"  OpenAPI document   {url}/api/v1/openapi.json",
            f"  signing keys       {url}/.well-known/jwks.json",
            f"  who am I           {url}/api/v1/auth/me",
            "",
            f"Demo accounts, all with the password {known['password']}",
            *accounts,
            "",
            "The guides' commands run in a shell after:",
            f"  export LAMPPU={url} EMAIL={manager} PASSWORD={known['password']}",
            "",
            "Pull the sample report as the ministry's system would:",
            f"  curl -s {url}/api/v1/reports/{known['report_id']} \\",
            '    -H "Authorization: Bearer $(curl -s -d grant_type=client_credentials \\',
            f"      -u {ministry['id']}:{ministry['secret']} \\",
            f'      {url}/api/v1/auth/token | sed \'s/.*"access_token":"\\([^"]*\\).*/\\1/\')"',
            "  The same with ?format=html, and &language=sv or en, is the page that prints like the form.",
            "",
        ]
    )


@click.group("keys")
def keys() -> None:
    """The keys that sign tokens."""


@keys.command("new")
def new_key() -> None:
    """Make a key that signs from now on; the ones before it go on verifying."""
    click.echo(f"New key {signing_keys.new(Path(current_app.config['JWT_KEYS_FILE']))}.")


@keys.command("drop")
@click.option(
    "--keep", type=click.IntRange(1), default=1, show_default=True, help="How many newest stay."
)
def drop_keys(keep: int) -> None:
    """Drop the oldest keys; tokens that they signed are refused from now on."""
    dropped = signing_keys.drop(Path(current_app.config["JWT_KEYS_FILE"]), keep)
    click.echo(f"Dropped {', '.join(dropped) or 'none'}.")


@click.command("admin")
@click.argument("email")
@click.option("--name", default="Operator", show_default=True)
def admin(email: str, name: str) -> None:
    """Make an operator's account, and show its random password once."""
    with database().session() as session:
        try:
            password = users.create_admin(session, email, name)
        except Problem as problem:
            faults = [f"{fault.pointer}: {fault.detail}" for fault in problem.faults]
            raise click.ClickException(" ".join([str(problem), *faults])) from problem
        session.commit()
    click.echo(f"Password of {email}: {password}")


@click.command("work")
@click.option(
    "--beside", type=int, metavar="PID", help="End with this process, which has started it."
)
def work(beside: int | None) -> None:
    """Do the jobs that requests have left, until it is stopped; any number of these may run."""
    # Not imported: every process that serves has these commands, and would load the queue for nothing.
    runpy.run_module("api.worker")["main"](beside)


@click.command("deliver")
@click.option("--once", is_flag=True, help="Only what is there by now, and from whom it is due.")
@click.option(
    "--lease",
    type=click.IntRange(1),
    default=int(LEASE.total_seconds()),
    show_default=True,
    help="Seconds after which another worker goes on with what one had that is gone.",
)
def deliver(once: bool, lease: int) -> None:
    """Send webhooks what has changed, until stopped; as many of these as you like may run."""
    config = current_app.config
    poster = Poster(to_private=bool(config["WEBHOOKS_TO_PRIVATE"]))
    courier = Courier(database(), config["SECRET_KEY"], poster, lease=timedelta(seconds=lease))
    if once:
        courier.once()
        return
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    courier.run(over)


@click.command("remind")
@click.option(
    "--today",
    type=click.DateTime(["%Y-%m-%d"]),
    help="As on this day; in Finland it is another one after 21:00 or 22:00 UTC already.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would be written.")
def remind(today: datetime | None, dry_run: bool) -> None:
    """Write reminders of due dates into the outbox: each once, however often this runs. For cron, once a day."""
    day = today.date() if today else deadlines.today()
    with database().all_providers() as everyones:
        found = reminders.due(everyones, day, current_app.config["REMIND_DAYS"])
    if dry_run:
        for line in reminders.listed(found):
            click.echo(line)
        return
    with database().session(write=False) as session:
        mails = reminders.mails(session, found, current_app.config["PUBLIC_URL"])
    with database().session() as session:
        mailing.sweep(session, now())
        session.commit()
    new = reminders.write(database(), mails)
    there, nobody = len(mails) - new, len(found) - len(mails)
    click.echo(f"{new} written, {there} there already, {nobody} with no address.")


@click.command("send-mail")
@click.option(
    "--lease",
    type=click.IntRange(1),
    default=int(mailing.LEASE.total_seconds()),
    show_default=True,
    help="Seconds after which what a sender had that is gone is sent again.",
)
def send_mail(lease: int) -> None:
    """Hand the mails of the outbox to MAIL_URL; what is not taken now waits. For cron, every few minutes."""
    config = current_app.config
    if not (server := config["MAIL_URL"]):
        with database().session() as session:
            mailing.sweep(session, now())
            left = mailing.waiting(session)
            session.commit()
        click.echo(f"MAIL_URL is not set: {left} wait in the outbox.")
        return
    postman = mailing.Postman(
        database(),
        server,
        config["MAIL_FROM"],
        config["PUBLIC_URL"],
        lease=timedelta(seconds=lease),
    )
    try:
        postman.empty()
    except mailing.Unreachable as error:
        raise click.ClickException(f"The mail server takes nothing: {error}.") from error
    finally:
        done = postman.done
        told = ", ".join(f"{done[name]} {name.replace('_', ' ')}" for name in mailing.ENDS)
        click.echo(f"{told}.")


@click.command("verify-reports")
def verify_reports() -> None:
    """Hash what was frozen of reports anew, and name each version that has changed since; ends with 1 then."""
    count, broken = 0, 0
    with database().all_providers() as session:
        for found in life.verify(session):
            count += 1
            if found:
                broken += 1
                told = f"version {found.number} of report {found.report_id}"
                click.echo(f"Changed: {told} of provider {found.provider_id}", err=True)
    click.echo(f"{count} versions, {broken} changed.")
    if broken:
        sys.exit(1)


def register_commands(app: Flask) -> None:
    commands = (
        migrate,
        revise,
        write_openapi,
        sample,
        keys,
        admin,
        importing.bring_in,
        deliver,
        work,
        verify_reports,
        remind,
        send_mail,
    )
    for one in commands:
        app.cli.add_command(one)
