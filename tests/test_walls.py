"""Walls 2 and 3: what the tables hold by themselves, and what PostgreSQL's roles see of them."""

import uuid
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from flask import Flask
from psycopg import errors, sql

from api.base import Base, Identifier, ProviderScoped
from api.db import Database
from api.models.base import Row
from api.scope import MINISTRY_ROLE, PROVIDER_ROLE, Scope
from schemas.base import Schema
from schemas.fields import Entries, Part, Reference, References
from tests import postgres
from tests.conftest import migrated
from tests.factories import Tenant, World, commented, frozen, imported, queued, world

# Everyone's tables. Whatever is not named here belongs to one provider, row by row.
PLAN = {
    "programmes",
    "projects",
    "periods",
    "project_goals",
    "project_indicators",
    "project_meetings",
    "participations",
    "extensions",
}
SECRET = {
    *("users", "clients", "login_sessions", "login_failures"),
    *("idempotency_keys", "rate_windows", "webhooks", "webhook_deliveries", "mails"),
}
LOG = "changes"  # one provider's row by row too, but written by triggers alone
KEPT = {"report_versions", "report_events"}  # one provider's, which nobody changes or deletes
GLOBAL = PLAN | SECRET | {"providers", LOG}
TABLES = Base.metadata.tables
SCOPED = sorted(TABLES.keys() - GLOBAL)
# From a record to a record, by the column that names it.
REFERENCES = [
    (name, element.parent.name, constraint.referred_table.name)
    for name in SCOPED
    for constraint in TABLES[name].foreign_key_constraints
    for element in constraint.elements
    if constraint.referred_table.name in SCOPED and element.column.name == "id"
]


def full_world(app: Flask) -> World:
    """A world in which every record table has a row of each provider."""
    made = world(app)
    for one in (made.a, made.b, made.c):
        one.ids |= {"imports": imported(app, one), "jobs": queued(app, one)}
        one.ids["comments"] = commented(app, one)
        one.ids |= frozen(app, one)
    return made


# the tables


def test_every_table_is_one_providers_row_by_row_or_on_the_list_of_global_ones() -> None:
    marked = {
        mapper.local_table.name  # type: ignore[attr-defined]
        for mapper in Base.registry.mappers
        if issubclass(mapper.class_, ProviderScoped)
    }
    assert set(SCOPED) == marked
    assert TABLES.keys() >= GLOBAL


def test_the_key_of_every_record_starts_with_its_provider() -> None:
    keys = {name: TABLES[name].primary_key.columns.keys() for name in SCOPED}
    assert {name: key for name, key in keys.items() if key[0] != "provider_id"} == {}
    assert {name: key for name, key in keys.items() if len(key) < 2} == {}


def test_every_foreign_key_between_records_carries_the_provider() -> None:
    found = {
        constraint.name: {(e.parent.name, e.column.name) for e in constraint.elements}
        for name in SCOPED
        for constraint in TABLES[name].foreign_key_constraints
        if constraint.referred_table.name in SCOPED
    }
    assert len(found) == len(REFERENCES) > len(SCOPED)
    assert [n for n, pairs in found.items() if ("provider_id", "provider_id") not in pairs] == []


def test_no_global_table_points_at_a_record() -> None:
    pointing = [
        constraint.name
        for name in sorted(GLOBAL)
        for constraint in TABLES[name].foreign_key_constraints
        if constraint.referred_table.name in SCOPED
    ]
    assert pointing == []


def named_in(
    model: type[Base], schema: Schema, place: str
) -> Iterator[tuple[str, "sa.Column[Any]", str]]:
    """Each reference of a contract: where it stands, the column that holds it, and the resource that it names."""
    mapper = sa.inspect(model)
    columns = mapper.local_table.c
    for name, field in schema.fields.items():
        here = f"{place}.{name}"
        if isinstance(field, References):
            proxy = getattr(model, name)
            link = mapper.relationships[proxy.target_collection].mapper.local_table
            yield here, link.c[proxy.value_attr], field.target
        elif isinstance(field, Reference) and not (
            name == "provider_id" and issubclass(model, ProviderScoped)
        ):  # that one is the first half of every key
            yield here, columns[name], field.target
        elif isinstance(field, Entries) and isinstance(field.inner, Part):
            child = mapper.relationships[name].mapper.class_
            yield from named_in(child, field.inner.schema, here)
        elif isinstance(field, Part):  # lies in a column of its own, where no key holds a reference
            assert not list(named_in(model, field.schema, here)), here


def test_every_reference_of_the_contract_is_one_of_the_tables() -> None:
    found = [one for model in Row.all() for one in named_in(model, model.schema(), model.__name__)]
    wrong = {}
    for place, column, target in found:
        held = {
            kind: column.info[kind] for kind in ("record", "plan", "parent") if kind in column.info
        }
        if held != {"record" if target in SCOPED else "plan": target}:
            wrong[place] = (target, held)
    assert wrong == {}
    places = {place for place, _, _ in found}
    assert places >= {
        "Deliverable.deliveries.meeting_id",
        "Goal.sub_project_id",
        "Report.period_ids",
    }


def test_the_database_refuses_each_reference_to_another_providers_row(app: Flask) -> None:
    ground = full_world(app)
    with app.extensions["database"].session() as session:
        session.enter(Scope(provider_id=ground.b.provider_id))
        connection = session.connection()  # Core, past the first wall
        for name, column, target in REFERENCES:
            table, theirs = TABLES[name], ground.a.ids[target]
            mine = table.c.provider_id == ground.b.provider_id
            pointed = sa.update(table).values({column: theirs}).where(mine)
            if name in KEPT:
                new = {"id": sa.literal(uuid.uuid4(), Identifier())}
                new[column] = sa.literal(theirs, Identifier())
                again = [new.get(known.name, known) for known in table.c]
                pointed = sa.insert(table).from_select([*table.c], sa.select(*again).where(mine))
            with (
                pytest.raises(sa.exc.IntegrityError, match=r"(?i)foreign key"),
                connection.begin_nested(),
            ):
                connection.execute(pointed)


# PostgreSQL's roles, on a database of their own


class Server:
    """A superuser's connection, which takes on a role for a while; what it does is rolled back."""

    def __init__(self, connection: "psycopg.Connection[Any]", ground: World):
        self.connection, self.ground = connection, ground

    def become(self, role: str, provider: Tenant | None = None) -> None:
        self.connection.execute(f"SET LOCAL ROLE {role}")  # type: ignore[call-overload]
        if provider:
            self.connection.execute(
                f"SET LOCAL lamppu.provider = '{provider.provider_id}'"  # type: ignore[call-overload]
            )

    def rows(self, query: str, *values: Any) -> list[Any]:
        return self.connection.execute(query, values).fetchall()  # type: ignore[call-overload]

    def owners(self, table: str) -> set[uuid.UUID]:
        return {row[0] for row in self.rows(f'SELECT provider_id FROM "{table}"')}

    def row_of(self, table: str, owner: Tenant) -> str:
        """One row as JSON text, read past the policies."""
        query = f'SELECT row_to_json(t)::text FROM "{table}" t WHERE provider_id = %s LIMIT 1'
        [(row,)] = self.rows(query, owner.provider_id)
        return str(row)

    def outcome(self, query: str, *values: Any) -> str:
        """How many rows a statement touched, or why it was refused."""
        try:
            with self.connection.transaction():
                return str(self.connection.execute(query, values).rowcount)  # type: ignore[call-overload]
        except errors.InsufficientPrivilege:
            return "refused"


def none_of(table: str) -> str:
    """What comes of a change of rows that are not the role's, or that nobody may change."""
    return "refused" if table in KEPT else "0"


@pytest.fixture(scope="module")
def protected(postgres_server: str) -> Iterator[tuple[str, World]]:
    with postgres.database(postgres_server) as url:
        migrated(url)
        app = Flask("database only")
        app.extensions["database"] = Database(url)
        yield url, full_world(app)
        app.extensions["database"].close()


@pytest.fixture
def server(postgres_server: str, protected: tuple[str, World]) -> Iterator[Server]:
    url, ground = protected
    superuser = sa.make_url(postgres_server).set(database=sa.make_url(url).database)
    with psycopg.connect(superuser.render_as_string(hide_password=False)) as connection:
        yield Server(connection, ground)
        connection.rollback()


def test_the_database_has_the_tables_of_the_models_and_nothing_beside_them(server: Server) -> None:
    found = server.rows(
        "SELECT relkind, relname FROM pg_class WHERE relnamespace = 'public'::regnamespace "
        "AND relkind <> 'i'"
    )
    tables = {("r", name) for name in (*TABLES, "alembic_version")}
    assert set(found) == tables | {("S", "changes_id_seq"), ("v", "members"), ("v", "onlookers")}


def test_each_record_table_forces_its_two_policies_on_everybody(server: Server) -> None:
    found = server.rows(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relrowsecurity AND relforcerowsecurity"
    )
    assert sorted(name for (name,) in found) == SCOPED
    policies = server.rows(
        "SELECT tablename, policyname, permissive, roles::text, cmd, qual, with_check FROM pg_policies"
    )
    mine = (
        "(provider_id = (NULLIF(current_setting('lamppu.provider'::text, true), ''::text))::uuid)"
    )
    own = ("own", "PERMISSIVE", f"{{{PROVIDER_ROLE}}}", "ALL", mine, mine)
    every = ("every", "PERMISSIVE", f"{{{MINISTRY_ROLE}}}", "SELECT", "true", None)
    log = ("own", "PERMISSIVE", f"{{{PROVIDER_ROLE}}}", "SELECT", mine, None)
    wanted = [(name, *one) for name in SCOPED for one in (every, own)]
    assert sorted(policies) == sorted([*wanted, (LOG, *every), (LOG, *log)])


def test_neither_role_owns_a_table_or_can_become_somebody_who_gets_past(server: Server) -> None:
    for role in (PROVIDER_ROLE, MINISTRY_ROLE):
        assert server.rows("SELECT 1 FROM pg_class WHERE relowner = %s::regrole", role) == []
        also = server.rows(
            "SELECT rolname FROM pg_roles WHERE pg_has_role(%s, oid, 'MEMBER')", role
        )
        assert also == [(role,)]
        [powers] = server.rows(
            "SELECT rolsuper, rolbypassrls, rolcanlogin, rolcreaterole, rolcreatedb FROM pg_roles "
            "WHERE rolname = %s",
            role,
        )
        assert not any(powers)


def test_the_roles_have_these_rights_to_tables_and_no_others(server: Server) -> None:
    found = server.rows(
        "SELECT grantee, table_name, privilege_type FROM information_schema.table_privileges "
        "WHERE table_schema = 'public' AND grantee IN (%s, %s, 'PUBLIC')",
        PROVIDER_ROLE,
        MINISTRY_ROLE,
    )
    reads = {(MINISTRY_ROLE, name, "SELECT") for name in TABLES.keys() - SECRET}
    writes = ("SELECT", "INSERT", "UPDATE", "DELETE")
    written = {(PROVIDER_ROLE, name, word) for name in TABLES.keys() - {LOG} for word in writes}
    written -= {(PROVIDER_ROLE, name, word) for name in KEPT for word in ("UPDATE", "DELETE")}
    assert set(found) == reads | written | {(PROVIDER_ROLE, LOG, "SELECT")}


def test_a_provider_reads_what_the_log_addresses_to_it_and_nobody_writes_there(
    server: Server,
) -> None:
    a, b = server.ground.a, server.ground.b
    row = server.row_of(LOG, b)
    for role, owner in ((PROVIDER_ROLE, b), (PROVIDER_ROLE, None), (MINISTRY_ROLE, b)):
        server.become(role, owner)
        for query in (f"UPDATE {LOG} SET version = 9", f"DELETE FROM {LOG}", f"TRUNCATE {LOG}"):
            assert server.outcome(query) == "refused"
        assert server.outcome(*_insert(LOG, row)) == "refused"
        assert server.outcome("SELECT nextval('changes_id_seq')") == "refused"
        assert server.outcome("INSERT INTO onlookers SELECT NULL, NULL") == "refused"
        server.connection.execute("RESET ROLE; SET LOCAL lamppu.provider = ''")
    server.become(PROVIDER_ROLE, b)
    assert server.owners(LOG) == {b.provider_id}
    server.connection.execute("RESET ROLE; SET LOCAL lamppu.provider = ''")
    server.become(PROVIDER_ROLE)
    assert server.owners(LOG) == set()
    server.connection.execute("RESET ROLE")
    server.become(MINISTRY_ROLE)
    assert server.owners(LOG) >= {None, a.provider_id, b.provider_id}


def test_a_provider_sees_its_own_rows_of_each_table(server: Server) -> None:
    server.become(PROVIDER_ROLE, server.ground.b)
    for name in SCOPED:
        assert server.owners(name) == {server.ground.b.provider_id}


def test_without_a_provider_no_record_is_seen_or_written(server: Server) -> None:
    rows = {name: server.row_of(name, server.ground.a) for name in SCOPED}
    server.become(PROVIDER_ROLE)
    for name in SCOPED:
        assert server.owners(name) == set()
        assert server.outcome(f'UPDATE "{name}" SET provider_id = provider_id') == none_of(name)
        assert server.outcome(f'DELETE FROM "{name}"') == none_of(name)
        assert server.outcome(*_insert(name, rows[name])) == "refused"


def test_a_scope_ends_with_its_transaction(server: Server) -> None:
    server.become(PROVIDER_ROLE, server.ground.b)
    assert server.owners("goals")
    server.connection.commit()
    server.become(PROVIDER_ROLE)
    assert server.owners("goals") == set()


def test_a_provider_writes_no_row_of_another(server: Server) -> None:
    a, b = server.ground.a, server.ground.b
    rows = {name: server.row_of(name, a) for name in SCOPED}
    server.become(PROVIDER_ROLE, b)
    for name in SCOPED:
        theirs, same = f'"{name}" WHERE provider_id = %s', f'UPDATE "{name}" SET provider_id = '
        touched = server.outcome(f"{same} provider_id WHERE provider_id = %s", a.provider_id)
        assert touched == none_of(name)
        assert server.outcome(f"DELETE FROM {theirs}", a.provider_id) == none_of(name)
        assert server.outcome(*_insert(name, rows[name])) == "refused"
        key = ", ".join(TABLES[name].primary_key.columns.keys())
        insert, row = _insert(name, rows[name])
        over = f"{insert} ON CONFLICT ({key}) DO UPDATE SET provider_id = excluded.provider_id"
        assert server.outcome(over, row) == "refused"
        assert server.outcome(f"{same} %s", a.provider_id) == "refused"  # its own, given away
    server.connection.execute("RESET ROLE")
    assert {name: server.row_of(name, a) for name in SCOPED} == rows


def test_the_ministry_reads_every_record_and_writes_none(server: Server) -> None:
    everyone = {one.provider_id for one in (server.ground.a, server.ground.b, server.ground.c)}
    rows = {name: server.row_of(name, server.ground.a) for name in SCOPED}
    server.become(MINISTRY_ROLE, server.ground.a)
    for name in SCOPED:
        assert server.owners(name) == everyone
        assert server.outcome(f'UPDATE "{name}" SET provider_id = provider_id') == "refused"
        assert server.outcome(f'DELETE FROM "{name}"') == "refused"
        assert server.outcome(*_insert(name, rows[name])) == "refused"


def test_the_ministrys_reading_role_sees_no_accounts_and_writes_no_plan(server: Server) -> None:
    server.become(MINISTRY_ROLE)
    for name in sorted(SECRET):
        assert server.outcome(f'SELECT 1 FROM "{name}"') == "refused"
    for name in sorted(GLOBAL):
        assert server.outcome(f'DELETE FROM "{name}"') == "refused"
        key = next(iter(TABLES[name].primary_key)).name
        assert server.outcome(f'UPDATE "{name}" SET {key} = {key}') == "refused"


def test_a_session_runs_as_the_role_of_its_scope_also_after_a_commit(
    protected: tuple[str, World],
) -> None:
    url, ground = protected
    database = Database(url)
    who = sa.select(sa.func.current_user(), sa.func.current_setting("lamppu.provider"))
    with database.session() as session:
        assert session.execute(who).one() == (PROVIDER_ROLE, "")
        session.enter(Scope(provider_id=ground.b.provider_id))
        assert session.execute(who).one() == (PROVIDER_ROLE, str(ground.b.provider_id))
        session.commit()
        assert session.execute(who).one() == (PROVIDER_ROLE, str(ground.b.provider_id))
        session.rollback()
        assert session.execute(who).one() == (PROVIDER_ROLE, str(ground.b.provider_id))
    with database.all_providers() as session:
        assert session.execute(who).one() == (MINISTRY_ROLE, "")
    database.close()


def _insert(table: str, row: str) -> tuple[str, str]:
    """A row put back as it was read; the policies refuse it before the key does."""
    name = sql.Identifier(table).as_string()
    return f"INSERT INTO {name} SELECT (jsonb_populate_record(NULL::{name}, %s::jsonb)).*", row
