"""The migrations make exactly the tables that the models describe, on both engines, forward and back."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy.schema import conv

from api import cli
from api.app import create_app
from api.base import Base, Identifier
from api.cli import migrate_database
from api.db import Database
from api.models import security, triggers
from api.models.changes import CHANGES
from api.services import samples
from migrations import vocabularies
from tests.routes import contents

VERSIONS = Path(__file__).parents[1] / "migrations" / "versions"

# What SQLAlchemy's inspector does not tell of PostgreSQL: the rights of wall 3.
RIGHTS = {
    "policies": "SELECT tablename, policyname, permissive, roles, cmd, qual, with_check"
    " FROM pg_policies WHERE schemaname = 'public'",
    "row security": "SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class"
    " WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'",
    "grants": "SELECT c.relname, coalesce(r.rolname, 'public'), a.privilege_type, a.is_grantable"
    " FROM pg_class c, aclexplode(coalesce(c.relacl, acldefault("
    "CASE c.relkind WHEN 'S' THEN 's'::\"char\" ELSE 'r' END, c.relowner))) a"
    " LEFT JOIN pg_roles r ON r.oid = a.grantee WHERE c.relkind IN ('r', 'v', 'S')"
    " AND c.relnamespace = 'public'::regnamespace",
    "schema": "SELECT coalesce(r.rolname, 'public'), a.privilege_type"
    " FROM pg_namespace n, aclexplode(n.nspacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee"
    " WHERE n.nspname = 'public'",
    "constraints": "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)"
    " FROM pg_constraint WHERE connamespace = 'public'::regnamespace",
    "indexes": "SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "functions": "SELECT pg_get_functiondef(oid) FROM pg_proc"
    " WHERE pronamespace = 'public'::regnamespace",
    "triggers": "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
    "views": "SELECT viewname, definition FROM pg_views WHERE schemaname = 'public'",
    "sequences": "SELECT relname FROM pg_class"
    " WHERE relnamespace = 'public'::regnamespace AND relkind = 'S'",
}
# And of SQLite.
TRIGGERS = {
    "triggers and views": "SELECT name, sql FROM sqlite_schema WHERE type IN ('trigger', 'view')"
}


@pytest.fixture
def database(new_database_url: str) -> Iterator[Database]:
    """An empty one."""
    database = Database(new_database_url)
    yield database
    database.close()


@contextmanager
def opened(url: str) -> Iterator[Database]:
    database = Database(url)
    yield database
    database.close()


def shape(database: Database) -> dict[str, Any]:
    """Everything that a database says of its tables: part by part, table by table."""
    inspector = sa.inspect(database.engine)
    found: dict[str, Any] = {
        "columns": inspector.get_multi_columns(),
        "primary keys": inspector.get_multi_pk_constraint(),
        "foreign keys": inspector.get_multi_foreign_keys(),
        "unique": inspector.get_multi_unique_constraints(),
        "checks": inspector.get_multi_check_constraints(),
        "indexes": inspector.get_multi_indexes(),
    }
    parts = {name: sorted(map(_line, tables.items())) for name, tables in found.items()}
    unseen = RIGHTS if database.engine.dialect.name == "postgresql" else TRIGGERS
    with database.engine.connect() as connection:
        for name, asked in unseen.items():
            parts[name] = sorted(str(tuple(row)) for row in connection.exec_driver_sql(asked))
    return {
        name: [line for line in lines if "alembic_version" not in line]
        for name, lines in parts.items()
    }


def _line(table: tuple[Any, Any]) -> str:
    """A table's part as text, sorted: a column that is added later comes last, wherever the model has it."""
    (_, name), found = table
    parts = found if isinstance(found, list) else [found]
    return f"{name}: {sorted(json.dumps(one, default=str, sort_keys=True) for one in parts)}"


def create(database: Database) -> None:
    """The tables as the models have them, without any migration."""
    with database.engine.begin() as connection:
        Base.metadata.create_all(connection)
        if connection.dialect.name == "postgresql":
            for statement in security.everything():
                connection.exec_driver_sql(statement)
        for statement in triggers.everything(connection.dialect.name):
            connection.exec_driver_sql(statement)


def test_migrated_equals_created(engine_url: str, database: Database) -> None:
    create(database)
    created = shape(database)
    with opened(engine_url) as migrated:
        found = shape(migrated)
    assert len(created["columns"]) == len(Base.metadata.tables)
    assert found.keys() == created.keys()
    for name, expected in created.items():
        assert found[name] == expected, name


def test_the_comparison_sees_what_is_compared(database: Database) -> None:
    """A test of the test above: each kind of difference makes another shape."""
    create(database)
    before = shape(database)
    changes = ["CREATE INDEX extra ON goals (text)", "ALTER TABLE goals ADD COLUMN extra INTEGER"]
    if database.engine.dialect.name == "postgresql":
        changes += [
            "ALTER TABLE goals ALTER COLUMN text DROP NOT NULL",
            "ALTER TABLE goals ALTER COLUMN position SET DEFAULT 1",
            "ALTER TABLE goals DROP CONSTRAINT uq_goals_provider_id_external_id",
            "ALTER TABLE goals NO FORCE ROW LEVEL SECURITY",
            "DROP POLICY own ON goals",
            "REVOKE DELETE ON goals FROM lamppu_provider",
            "GRANT SELECT ON users TO lamppu_ministry",
        ]
    for change in changes:
        with database.engine.begin() as connection:
            connection.exec_driver_sql(change)
        after = shape(database)
        assert after != before, change
        before = after


def test_alembic_finds_nothing_left_to_migrate(engine_url: str) -> None:
    with opened(engine_url) as migrated, migrated.engine.connect() as connection:
        plugins = ["alembic.autogenerate.*", vocabularies.NAME]
        options = {"compare_server_default": True, "autogenerate_plugins": plugins}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Base.metadata) == []


def test_the_migrations_run_back_to_nothing_and_forward_again(database: Database) -> None:
    migrate_database(database)
    first = shape(database)
    migrate_database(database, "base")
    names = sa.inspect(database.engine).get_table_names()
    assert set(names) <= {"alembic_version"}
    migrate_database(database)
    assert shape(database) == first


def test_rows_survive_another_run_of_the_migrations(
    settings: dict[str, object], new_database_url: str
) -> None:
    app = create_app(settings | {"DATABASE_URL": new_database_url})
    database = app.extensions["database"]
    migrate_database(database)
    samples.load(database)
    before = contents(app)
    assert len(before["goals"]) >= 8
    migrate_database(database)
    assert contents(app) == before
    database.close()


class Workshop:
    """Where revisions are written that do not stay."""

    def __init__(self, database: Database, monkeypatch: pytest.MonkeyPatch):
        self.database, self.monkeypatch = database, monkeypatch
        self.app = Flask("database only")
        self.app.extensions["database"] = database

    def revise(self, message: str, models: sa.MetaData) -> str:
        """Write what makes these models of what there is, and do it; the revision that is reached."""
        with self.monkeypatch.context() as changed, self.app.app_context():
            changed.setattr(Base, "metadata", models)
            done = self.app.test_cli_runner().invoke(cli.revise, [message])
        assert done.exit_code == 0, done.output
        return migrate_database(self.database)


@pytest.fixture
def workshop(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    shutil.copytree(cli.ROOT / "migrations", tmp_path / "migrations")
    monkeypatch.setattr(cli, "ROOT", tmp_path)
    return Workshop(database, monkeypatch)


def copied_models() -> sa.MetaData:
    metadata = sa.MetaData(naming_convention=Base.metadata.naming_convention)
    for table in Base.metadata.sorted_tables:
        table.to_metadata(metadata)
    return metadata


def changed_models() -> sa.MetaData:
    """Another word in two vocabularies, other limits, a new check, and a column with a vocabulary of its own."""
    metadata = copied_models()
    for name, text in {
        "ck_meetings_meetingmode": "mode IN ('on_site', 'remote', 'hybrid', 'by_letter')",
        "ck_users_role": "role IN ('viewer', 'editor', 'manager', 'reviewer', 'admin', 'guest')",
        "ck_measurements_value": "value BETWEEN -5 AND 88888888888",
        "ck_projects_starts_on": "starts_on BETWEEN '1950-01-01' AND '2100-12-31'",
        "ck_projects_acronym": "acronym <> ''",
    }.items():
        table = metadata.tables[name.split("_")[1]]
        table.constraints -= {one for one in table.constraints if one.name == name}
        table.append_constraint(sa.CheckConstraint(text, name=conv(name)))
    tone = sa.Enum("calm", native_enum=False, create_constraint=True, length=40, name="tone")
    metadata.tables["users"].append_column(sa.Column("tone", tone))
    return metadata


def test_changed_vocabularies_and_ranges_make_a_revision_that_loses_no_row(
    database: Database, workshop: Workshop
) -> None:
    app = workshop.app
    shapes = {migrate_database(database): shape(database)}
    samples.load(database)
    before = contents(app)

    def revise(message: str, models: sa.MetaData) -> None:
        reached = workshop.revise(message, models)
        shapes[reached] = shape(database)
        assert contents(app) == before

    def takes(change: str) -> bool:
        with database.engine.connect() as connection:
            try:
                return bool(connection.exec_driver_sql(f"UPDATE {change}").rowcount)
            except sa.exc.IntegrityError:
                return False

    revise("more words", changed_models())
    assert takes("users SET role = 'guest', tone = 'calm'")
    for refused in (
        "users SET role = 'king'",
        "users SET tone = 'shrill'",
        "projects SET starts_on = '1949-12-31'",
        "projects SET acronym = ''",
    ):
        assert not takes(refused), refused
    revise("fewer words", Base.metadata)
    assert not takes("users SET role = 'guest'")
    first, second, third = shapes
    for name in ("checks", "columns"):
        assert shapes[second][name] != shapes[first][name]
    assert shapes[third] == shapes[first]
    for earlier in (second, first):
        assert migrate_database(database, earlier) == earlier
        assert shape(database) == shapes[earlier]
    assert contents(app) == before


def test_a_new_table_of_the_plan_is_told_of_and_goes_without_a_trace(
    database: Database, workshop: Workshop
) -> None:
    before = migrate_database(database), shape(database)
    samples.load(database)
    models = copied_models()
    sa.Table(
        "risks",
        models,
        sa.Column("id", Identifier, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("project_id", Identifier, sa.ForeignKey("projects.id"), nullable=False),
    )
    workshop.revise("risks", models)
    assert told_of_a_risk(database) == {"the ministry": 1, "who takes part": 1, "who joins": 1}
    assert (migrate_database(database, before[0]), shape(database)) == before


def told_of_a_risk(database: Database) -> dict[str, int]:
    """Who is told how often of a row of the plan in a table that has come since; it is taken back."""
    with database.engine.connect() as connection:

        def say(statement: str) -> Any:
            return connection.exec_driver_sql(statement)

        risk, part, newcomer = (f"01900000-0000-7000-8000-00000000000{n}" for n in range(3))
        project, member = say("SELECT project_id, provider_id FROM participations LIMIT 1").one()
        rest = "version, created_at, updated_at) SELECT"
        say(
            f"INSERT INTO providers (id, name, kind, colleges, {rest} '{newcomer}', 'Uusi', kind, "
            f"colleges, 1, created_at, updated_at FROM providers WHERE id = '{member}'"
        )
        say(f"INSERT INTO risks (id, version, project_id) VALUES ('{risk}', 1, '{project}')")
        say(
            f"INSERT INTO participations (id, project_id, provider_id, {rest} '{part}', '{project}', "
            f"'{newcomer}', 1, created_at, updated_at FROM participations LIMIT 1"
        )
        counted = "SELECT count(*) FROM changes WHERE resource = 'risks' AND provider_id"
        whom = {
            "the ministry": "IS NULL",
            "who takes part": f"= '{member}'",
            "who joins": f"= '{newcomer}'",
        }
        return {who: say(f"{counted} {column}").scalar() for who, column in whom.items()}


def test_the_log_begins_with_the_rows_that_are_there(
    settings: dict[str, object], new_database_url: str
) -> None:
    """Addressed as the triggers would have it, had they been there when the rows were made."""
    app = create_app(settings | {"DATABASE_URL": new_database_url})
    database = app.extensions["database"]
    migrate_database(database)
    samples.load(database)
    by_triggers, rows = entries(database), contents(app)
    assert len(by_triggers) > 100
    migrate_database(database, "0003")
    migrate_database(database)
    assert entries(database) == by_triggers
    made_since = {"changes": [], "import_rows": []}  # later than what it went back to
    assert contents(app) | made_since == rows | made_since
    with database.engine.connect() as connection:
        assert connection.execute(sa.select(sa.func.max(CHANGES.c.xid))).scalar() == 0
        many = sa.select(sa.func.count()).select_from(CHANGES)
        assert connection.execute(many).scalar() == len(by_triggers)
    database.close()


def entries(database: Database) -> set[Any]:
    """To whom which row is told of."""
    c = CHANGES.c
    with database.engine.connect() as connection:
        whom = (c.resource, c.row_id, c.provider_id, c.copy)
        newest = sa.select(*whom, sa.func.max(c.version)).group_by(*whom)
        return {tuple(row) for row in connection.execute(newest)}


def test_revisions_are_numbered_in_sequence() -> None:
    config = Config()
    config.set_main_option("script_location", str(VERSIONS.parent))
    script = ScriptDirectory.from_config(config)
    chain = [revision.revision for revision in script.walk_revisions()][::-1]
    assert chain == [f"{number:04}" for number in range(1, len(chain) + 1)]
    files = sorted(path.name[:4] for path in VERSIONS.glob("[0-9]*.py"))
    assert files == chain
