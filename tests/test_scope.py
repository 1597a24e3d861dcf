"""Wall 1: what a session lets through. The data is dirty on purpose: one provider's rows point at another's."""

import ast
import contextlib
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import orm

from api import lane
from api.access import Reach
from api.base import Identifier, ProviderScoped, now
from api.db import Database
from api.models.contacts import Contact
from api.models.goals import Goal
from api.models.meetings import Meeting, Participant
from api.models.projects import Project
from api.models.results import Result
from api.scope import (
    SCOPE_PROVIDER,
    Scope,
    ScopeError,
    Session,
    insert_all,
    scoped,
    update_all,
)
from api.services import rows
from api.view import View
from tests.factories import World, make, world
from tests.routes import RECORD_STEMS

ROOT = Path(__file__).parents[1]
GOALS: Any = Goal.__table__
THEIRS = "canary-a goal"


class Loose(orm.DeclarativeBase):
    """A second mapping of the same tables, with relationships that forget the provider."""

    metadata = sa.MetaData()
    type_annotation_map = {uuid.UUID: Identifier}


class LooseGoal(ProviderScoped, Loose):
    __tablename__ = "goals"

    id: orm.Mapped[uuid.UUID] = orm.mapped_column(primary_key=True)
    text: orm.Mapped[str]
    results: orm.Mapped[list["LooseResult"]] = orm.relationship(
        primaryjoin="LooseGoal.id == foreign(LooseResult.goal_id)", viewonly=True
    )


class LooseResult(ProviderScoped, Loose):
    __tablename__ = "results"

    id: orm.Mapped[uuid.UUID] = orm.mapped_column(primary_key=True)
    goal_id: orm.Mapped[uuid.UUID]
    text: orm.Mapped[str]


@pytest.fixture
def ground(app: Flask, lay: Callable[[str], None]) -> World:
    """Rows of `a` refer to rows of `b` and the other way about, and `c` has a row with the id of one of `b`."""
    made = world(app)
    a, b, c = made.a, made.b, made.c
    for mine, theirs in ((a, b), (b, a)):
        owner = f"WHERE provider_id = '{mine.provider_id}'"
        lay(f"UPDATE results SET goal_id = '{theirs.ids['goals']}' {owner}")
        lay(f"UPDATE meeting_participants SET meeting_id = '{theirs.ids['meetings']}' {owner}")
    lay(f"UPDATE contacts SET id = '{b.ids['contacts']}' WHERE provider_id = '{c.provider_id}'")
    return made


@pytest.fixture
def lay(request: pytest.FixtureRequest, engine: str, engine_url: str) -> Callable[[str], None]:
    """Runs a statement past scopes, policies and foreign keys."""
    url = sa.make_url(engine_url)

    def on_sqlite(statement: str) -> None:
        connection = sqlite3.connect(str(url.database), timeout=10)
        with connection:
            connection.execute(statement)
        connection.close()

    def on_postgresql(statement: str) -> None:
        superuser = sa.make_url(request.getfixturevalue("postgres_server"))
        here = superuser.set(database=url.database).render_as_string(hide_password=False)
        with psycopg.connect(here, options="-c session_replication_role=replica") as connection:
            connection.execute(statement)  # type: ignore[call-overload]

    return on_sqlite if engine == "sqlite" else on_postgresql


@pytest.fixture
def database(app: Flask) -> Database:
    found: Database = app.extensions["database"]
    return found


@pytest.fixture
def session(database: Database, ground: World) -> Iterator[Session]:
    """Of provider `b`."""
    with database.session() as opened:
        opened.enter(Scope(provider_id=ground.b.provider_id))
        yield opened


@pytest.fixture
def unscoped(database: Database, ground: World) -> Iterator[Session]:
    """Of somebody without a provider."""
    with database.session() as opened:
        yield opened


def texts(session: Session, statement: Any) -> str:
    """All that a statement brings, as one text to search."""
    found = session.execute(statement).all()
    return str([[vars(v) if hasattr(v, "__mapper__") else v for v in row] for row in found])


def refused(session: Session, statement: Any) -> bool:
    try:
        session.execute(statement)
    except ScopeError:
        return True
    return False


def _by_class() -> dict[str, Any]:
    """Ways to read records through their classes: each would show a row of `a` to who sees everything."""
    other = orm.aliased(Goal)
    project = sa.select(Project.acronym, sa.literal(THEIRS))
    return {
        "rows": sa.select(Goal),
        "columns": sa.select(Goal.text),
        "an alias": sa.select(other.text),
        "a bundle": sa.select(orm.Bundle("found", Goal.text)),
        "a join": sa.select(Goal.text).join(Result, Goal.id == Result.goal_id),
        "a join of an alias": sa.select(other.text).join(Result, other.id == Result.goal_id),
        "an outer join": sa.select(Result.kind, other.text).outerjoin(
            other, other.id == Result.goal_id
        ),
        "a relationship": sa.select(Meeting.notes).join(Meeting.goal_links),
        "a loose relationship": sa.select(LooseResult.text).join(LooseGoal.results),
        "a sub-select": sa.select(sa.select(Goal).subquery().c.text),
        "a sub-select as the class": sa.select(orm.aliased(Goal, sa.select(Goal).subquery()).text),
        "a common table expression": sa.select(sa.select(Goal).cte().c.text),
        "a scalar sub-select": sa.select(
            Project.id, sa.select(sa.func.min(Goal.text)).scalar_subquery()
        ),
        "IN": project.where(sa.literal(THEIRS).in_(sa.select(Goal.text))),
        "EXISTS": project.where(sa.exists().where(Goal.text == THEIRS)),
        "a condition": project.where(Goal.text == THEIRS, Goal.id != Project.id),
        "a table with its class": sa.select(Goal.text).where(GOALS.c.text != ""),
        "EXISTS of a relationship": sa.select(sa.literal("canary-a"), Meeting.id).where(
            LooseGoal.results.any(LooseResult.text == "canary-a result")
        ),
        "a union": sa.select(Goal.text).union_all(sa.select(Result.text)),
        "another statement": sa.select(Goal).from_statement(sa.select(Goal)),
        "an order": sa.select(Goal.text).order_by(sa.select(Goal.text).limit(1).scalar_subquery()),
    }


def _past_the_classes() -> dict[str, Any]:
    """Ways to name records of which no class knows."""
    text, plan = GOALS.c.text, sa.select(Project.id)
    one = sa.select(sa.func.min(text)).scalar_subquery()
    plain = "SELECT text FROM goals"
    return {
        "a table": sa.select(GOALS),
        "an alias": sa.select(GOALS.alias().c.text),
        "an alias beside its class": sa.select(Goal.text, GOALS.alias().c.text),
        "a table with a class in its condition": sa.select(text).where(Project.acronym != ""),
        "a table beside a class": sa.select(Project.id, text),
        "a join": plan.join(GOALS, sa.true()),
        "a join of an alias": plan.join(GOALS.alias(), sa.true()),
        "a table without a column": sa.select(sa.func.count()).select_from(GOALS),
        "a sub-select": sa.select(Project.id, sa.select(GOALS).subquery().c.text),
        "a sub-select as a class": sa.select(orm.aliased(Goal, sa.select(GOALS).subquery()).text),
        "a lateral": sa.select(Project.id, sa.select(GOALS).lateral().c.text),
        "a common table expression": sa.select(Project.id, sa.select(GOALS).cte().c.text),
        "a recursive one": sa.select(sa.select(GOALS).cte(recursive=True).c.text, Project.id),
        "a scalar sub-select": sa.select(Project.id, one),
        "IN": plan.where(sa.literal(THEIRS).in_(sa.select(text))),
        "EXISTS": plan.where(sa.exists().where(text == THEIRS)),
        "EXISTS without a column": plan.where(sa.select(sa.literal(1)).select_from(GOALS).exists()),
        "a union": sa.select(Goal.text).union_all(sa.select(text)),
        "an order": plan.order_by(one),
        "a grouping": plan.group_by(Project.id).having(one == THEIRS),
        "another statement": sa.select(Goal).from_statement(sa.select(GOALS)),
        "an insert": sa.insert(GOALS).values(text="x"),
        "an insert by class": sa.insert(Goal).values(text="x"),
        "an insert from a select": sa.insert(Project).from_select(["acronym"], sa.select(text)),
        "an insert from a class": sa.insert(Project).from_select(["acronym"], sa.select(Goal.text)),
        "an update": sa.update(GOALS).values(text="x"),
        "an update of something else": sa.update(Project).values(acronym=one),
        "an update that reads a class": sa.update(Project)
        .where(Goal.text == THEIRS)
        .values(acronym=""),
        "a delete": sa.delete(GOALS),
        "a delete of something else": sa.delete(Project).where(sa.exists().where(text == THEIRS)),
        "plain SQL": sa.text(plain),
        "plain SQL as a class": sa.select(Goal).from_statement(sa.text(plain)),
        "plain SQL in a condition": plan.where(sa.text(f"EXISTS ({plain})")),
        "plain SQL as a column": sa.select(sa.literal_column(f"({plain})"), Project.id),
        "plain SQL alone": sa.select(sa.literal_column(f"({plain})")),
        "a table by its name": sa.select(sa.table("goals", sa.column("text")).c.text),
        "a table by its name beside a class": plan.join(sa.table("goals"), sa.true()),
    }


BY_CLASS, PAST_THE_CLASSES = _by_class(), _past_the_classes()
TO_WRITE = {
    "an update": sa.update(Goal).values(text="x"),
    "a delete": sa.delete(Participant),
}
# Ways to find out about another provider's record by what becomes of something else.
ON_KNOWING = {
    "an update on EXISTS": sa.update(Project)
    .where(sa.exists().where(Goal.text == THEIRS))
    .values(acronym="known"),
    "an update to a value": sa.update(Project).values(
        acronym=sa.select(sa.func.min(Goal.text)).scalar_subquery()
    ),
    "a delete on EXISTS": sa.delete(Project).where(sa.exists().where(Goal.text == THEIRS)),
}


# without a scope


def test_without_a_scope_no_class_of_records_is_read_or_written(unscoped: Session) -> None:
    everything = BY_CLASS | TO_WRITE
    assert [name for name, one in everything.items() if not refused(unscoped, one)] == []


def test_without_a_scope_no_record_is_got_or_made(unscoped: Session, ground: World) -> None:
    a = ground.a
    with pytest.raises(ScopeError):
        unscoped.get(Goal, (a.provider_id, a.ids["goals"]))
    with pytest.raises(ScopeError):
        unscoped.add(Goal(provider_id=a.provider_id, text="x"))
    unscoped.add(Goal(text="x"))
    with pytest.raises(ScopeError):
        unscoped.flush()


def test_a_scope_without_a_provider_sees_no_record_either(database: Database) -> None:
    with database.session() as session:
        session.enter(Scope())
        with pytest.raises(ScopeError):
            session.execute(sa.select(Goal))
        with pytest.raises(ScopeError):
            session.execute(scoped(sa.select(GOALS).where(GOALS.c.provider_id == SCOPE_PROVIDER)))


def test_without_a_scope_the_plan_is_there(unscoped: Session) -> None:
    assert len(unscoped.scalars(sa.select(Project)).all()) == 2


# within a provider's scope


def test_a_class_shows_its_own_providers_rows_only(database: Database, session: Session) -> None:
    with database.all_providers() as everyones:  # or this test could not fail
        assert [n for n, one in BY_CLASS.items() if "canary-a" not in texts(everyones, one)] == []
    found = {name: texts(session, one) for name, one in BY_CLASS.items()}
    assert [name for name, text in found.items() if "canary-a" in text or "canary-c" in text] == []


def test_what_names_a_record_past_its_class_is_refused(session: Session, unscoped: Session) -> None:
    for one in (session, unscoped):
        assert [n for n, asked in PAST_THE_CLASSES.items() if not refused(one, asked)] == []


def test_rows_are_counted_within_the_scope(session: Session, ground: World) -> None:
    b = ground.b.provider_id
    assert session.scalar(sa.select(sa.func.count()).select_from(Goal)) == 1
    assert session.scalar(sa.select(sa.func.count(Goal.id))) == 1
    assert session.query(Goal).count() == 1
    found = session.scalars(sa.select(Contact).where(Contact.id == ground.b.ids["contacts"])).all()
    assert [contact.provider_id for contact in found] == [b]


def test_a_row_of_another_provider_is_not_got_by_its_key(session: Session, ground: World) -> None:
    a, b = ground.a, ground.b
    assert session.get(Goal, (a.provider_id, a.ids["goals"])) is None
    assert session.get(Goal, (b.provider_id, b.ids["goals"])) is not None


def test_a_relationship_that_forgets_the_provider_leads_to_no_other_ones_rows(
    database: Database, ground: World
) -> None:
    def reached(by: Session, asked: Any) -> set[str]:
        return {result.text for goal in by.scalars(asked).unique() for result in goal.results}

    for how in (orm.lazyload, orm.joinedload, orm.selectinload, orm.subqueryload):
        asked = sa.select(LooseGoal).options(how(LooseGoal.results))
        with database.all_providers() as everyones:
            assert "canary-a result" in reached(everyones, asked)
        with database.session() as session:
            session.enter(Scope(provider_id=ground.b.provider_id))
            assert reached(session, asked) == set()  # the result of `b` points at the goal of `a`


def test_entries_are_loaded_within_the_scope(session: Session, ground: World) -> None:
    meeting = session.get_one(Meeting, (ground.b.provider_id, ground.b.ids["meetings"]))
    assert meeting.participants == []  # there is one in the table: of `a`


def test_a_view_shows_its_own_providers_rows_only(session: Session) -> None:
    for stem in RECORD_STEMS:
        shown = View(rows.model_of(stem)).rows(session, Reach.OWN, {})
        assert {row["provider_id"] for row in shown} == {session.scope.provider_id}
        assert "canary-a" not in str(shown)
        assert "canary-c" not in str(shown)


def test_a_core_statement_that_declares_its_scope_is_held_to_it(
    session: Session, ground: World
) -> None:
    asked = scoped(sa.select(GOALS.c.text).where(GOALS.c.provider_id == SCOPE_PROVIDER))
    forged = {SCOPE_PROVIDER.key: ground.a.provider_id}
    assert session.scalars(asked).all() == ["canary-b goal"]
    assert session.scalars(asked, forged).all() == ["canary-b goal"]


def test_a_core_statement_that_nothing_holds_cannot_declare_a_scope() -> None:
    with pytest.raises(ScopeError):
        scoped(sa.select(GOALS))


# writing within a provider's scope


def test_updates_and_deletes_reach_own_rows_only(
    app: Flask, database: Database, ground: World
) -> None:
    a, b, c = ground.a.provider_id, ground.b.provider_id, ground.c.provider_id
    make(app, "contacts", b, name="Only of b")
    with database.session() as session:
        session.enter(Scope(provider_id=b))
        assert session.query(Goal).update({"text": "changed"}) == 1
        session.execute(sa.update(Result).where(Result.text == "canary-a result").values(text="x"))
        session.execute(
            sa.update(Meeting).where(Meeting.id == ground.a.ids["meetings"]), {"notes": ""}
        )
        session.execute(sa.delete(Participant))
        session.execute(sa.delete(Contact).where(Contact.name == "Only of b"))
        session.commit()
    with database.all_providers() as session:
        goals = session.execute(sa.select(Goal.provider_id, Goal.text).order_by(Goal.text)).all()
        assert goals == [(a, "canary-a goal"), (c, "canary-c goal"), (b, "changed")]
        assert "canary-a result" in session.scalars(sa.select(Result.text)).all()
        assert set(session.scalars(sa.select(Meeting.notes))) == {
            "canary-a",
            "canary-b",
            "canary-c",
        }
        assert set(session.scalars(sa.select(Participant.name))) == {"canary-a", "canary-c"}
        names = session.scalars(sa.select(Contact.name)).all()
        assert sorted(names) == ["canary-a", "canary-b", "canary-c"]


def test_what_is_written_depends_on_no_other_providers_record(session: Session) -> None:
    before = len(session.scalars(sa.select(Project.acronym)).all())
    for statement in ON_KNOWING.values():
        session.execute(statement, execution_options={"synchronize_session": False})
        acronyms = session.scalars(sa.select(Project.acronym)).all()
        assert len(acronyms) == before
        assert not {"known", THEIRS} & set(acronyms)


def test_a_new_row_is_stamped_with_the_provider(session: Session, ground: World) -> None:
    contact = Contact(name="New")
    session.add(contact)
    session.flush()
    assert contact.provider_id == ground.b.provider_id


def test_a_row_of_another_provider_is_not_added(session: Session, ground: World) -> None:
    with pytest.raises(ScopeError):
        session.add(Contact(provider_id=ground.a.provider_id, name="New"))


def test_an_entry_of_another_provider_is_not_added(session: Session, ground: World) -> None:
    meeting = session.get_one(Meeting, (ground.b.provider_id, ground.b.ids["meetings"]))
    forged = Participant(provider_id=ground.a.provider_id, position=9, name="x", attendance="x")
    with pytest.raises(ScopeError):
        meeting.participants.append(forged)


def test_a_row_is_not_given_to_another_provider(session: Session, ground: World) -> None:
    contact = session.get_one(Contact, (ground.b.provider_id, ground.b.ids["contacts"]))
    contact.provider_id = ground.a.provider_id
    with pytest.raises(ScopeError):
        session.flush()


def test_rows_are_not_given_to_another_provider_by_an_update(
    session: Session, ground: World
) -> None:
    given = {"provider_id": ground.a.provider_id}
    statement = sa.update(Contact).where(Contact.name == "canary-b")
    with pytest.raises(ScopeError):
        session.execute(statement.values(given))
    with pytest.raises(ScopeError):
        session.execute(statement, given)


def test_an_update_by_a_list_of_keys_is_refused(session: Session, ground: World) -> None:
    """It names its rows by their whole keys, past every condition."""
    a = ground.a
    taken = {"provider_id": a.provider_id, "id": a.ids["goals"], "version": 1, "text": "taken"}
    with pytest.raises(ScopeError):
        session.execute(sa.update(Goal), [taken])


def test_a_row_that_another_session_read_is_not_taken_in(
    database: Database, session: Session, ground: World
) -> None:
    with database.all_providers() as everyones:
        theirs = everyones.get_one(Goal, (ground.a.provider_id, ground.a.ids["goals"]))
    with pytest.raises(ScopeError):
        session.add(theirs)
    with pytest.raises(ScopeError):
        session.delete(theirs)


def test_the_bulk_methods_that_know_no_scope_are_closed(session: Session, ground: World) -> None:
    row = {"provider_id": ground.a.provider_id, "name": "x", "version": 1}
    with pytest.raises(ScopeError):
        session.bulk_save_objects([Contact(**row)])
    with pytest.raises(ScopeError):
        session.bulk_insert_mappings(Contact, [row])
    with pytest.raises(ScopeError):
        session.bulk_update_mappings(Contact, [row | {"id": ground.a.ids["contacts"]}])


def contacts(**more: Any) -> list[dict[str, Any]]:
    values = {"version": 1, "created_at": now(), "updated_at": now()}
    return [{"id": uuid.uuid4(), "name": f"Moni {n}", **values, **more} for n in range(3)]


def test_many_rows_are_inserted_as_the_sessions_providers(session: Session, ground: World) -> None:
    insert_all(session, Contact.__table__, contacts())
    asked = sa.select(Contact.provider_id).where(Contact.name.startswith("Moni"))
    assert session.scalars(asked).all() == [ground.b.provider_id] * 3


def renamed(ground: World) -> list[dict[str, Any]]:
    """One's own contact and another provider's, given the same name."""
    return [{"id": one.ids["contacts"], "name": "Uusi"} for one in (ground.a, ground.b)]


def test_an_update_of_many_reaches_own_rows_only(
    database: Database, session: Session, ground: World
) -> None:
    update_all(session, Contact.__table__, renamed(ground))
    session.commit()
    with database.all_providers() as everyone:
        found = {row.provider_id: row for row in everyone.scalars(sa.select(Contact))}
    assert {key for key, row in found.items() if row.name == "Uusi"} == {ground.b.provider_id}
    assert found[ground.b.provider_id].version == found[ground.a.provider_id].version + 1


def test_many_rows_are_not_written_past_the_scope(
    database: Database, session: Session, unscoped: Session, ground: World
) -> None:
    with pytest.raises(ScopeError):
        insert_all(session, Contact.__table__, contacts(provider_id=ground.a.provider_id))
    taken = [row | {"provider_id": ground.b.provider_id} for row in renamed(ground)]
    with pytest.raises(ScopeError):
        update_all(session, Contact.__table__, taken)
    for write, some in ((insert_all, contacts()), (update_all, renamed(ground))):
        with pytest.raises(ScopeError):
            write(session, Project.__table__, some)
        with database.all_providers() as everyone:
            for other in (unscoped, everyone):
                with pytest.raises(ScopeError):
                    write(other, Contact.__table__, some)


def test_a_scope_is_taken_on_once(session: Session, ground: World) -> None:
    for scope in (Scope(provider_id=ground.a.provider_id), Scope(everyone=True), session.scope):
        with pytest.raises(ScopeError):
            session.enter(scope)
    assert session.scope == Scope(provider_id=ground.b.provider_id)


# lines as they are read


def streamed(session: Session, statement: Any) -> list[str]:
    with contextlib.closing(lane.of(session).lines(statement, {})) as chunks:
        return b"".join(chunks).decode().splitlines()


def test_lines_are_of_the_own_provider(session: Session, ground: World) -> None:
    own = sa.select(GOALS.c.text).where(GOALS.c.provider_id == SCOPE_PROVIDER)
    assert streamed(session, scoped(own)) == ["canary-b goal"]
    assert streamed(session, sa.select(Project.__table__.c.acronym)) != []  # no provider's own


def test_lines_of_everyone_are_for_the_ministry(database: Database, ground: World) -> None:
    with database.all_providers() as everyones:
        assert len(streamed(everyones, sa.select(GOALS.c.text))) == 3


def test_lines_that_no_scope_holds_are_refused(
    session: Session, unscoped: Session, database: Database
) -> None:
    forged = sa.select(GOALS.c.text).where(GOALS.c.provider_id == uuid.uuid4())
    for statement in (
        sa.select(GOALS.c.text),
        sa.select(Goal.text),
        forged,
        sa.select(sa.text("text FROM goals")),
        sa.text("SELECT text FROM goals"),
    ):
        with pytest.raises(ScopeError):
            streamed(session, statement)
    held = scoped(sa.select(GOALS.c.text).where(GOALS.c.provider_id == SCOPE_PROVIDER))
    with pytest.raises(ScopeError):
        streamed(unscoped, held)
    with database.all_providers() as everyones, pytest.raises(ScopeError):
        streamed(everyones, sa.delete(GOALS).returning(GOALS.c.text))


# the ministry's session


def test_the_ministrys_session_reads_everything(database: Database, ground: World) -> None:
    everyone = {ground.a.provider_id, ground.b.provider_id, ground.c.provider_id}
    with database.all_providers() as session:
        assert set(session.scalars(sa.select(Goal.provider_id))) == everyone
        assert set(session.scalars(sa.select(GOALS.c.provider_id))) == everyone


def test_the_ministrys_session_only_reads(database: Database, ground: World) -> None:
    with database.all_providers() as session:
        for statement in (
            *TO_WRITE.values(),
            sa.update(Project).values(acronym="x"),
            sa.delete(GOALS),
            sa.insert(Project).values(acronym="x"),
            sa.text("DELETE FROM goals"),
        ):
            with pytest.raises(ScopeError):
                session.execute(statement)
        with pytest.raises(ScopeError):
            session.add(Contact(provider_id=ground.a.provider_id, name="New"))
        session.scalars(sa.select(Goal)).first().text = "changed"
        with pytest.raises(ScopeError):
            session.flush()


# who goes around


def _callers(*names: str) -> set[str]:
    """The modules of the server that use an attribute of one of these names."""
    return {
        str(path.relative_to(ROOT))
        for path in (ROOT / "api").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in names
    }


def test_these_modules_and_no_others_read_all_providers() -> None:
    modules = {
        *("api/cli.py", "api/positions.py", "api/services/deliveries.py", "api/table.py"),
        *("api/resources/deadlines.py", "api/resources/joined.py"),
        *("api/resources/overviews.py", "api/worker.py"),
    }
    assert _callers("all_providers", "all_providers_lane") == modules


def test_this_module_and_no_other_acts_for_a_provider() -> None:
    assert _callers("acting_for") == {"api/resources/life.py"}


def test_who_has_no_provider_acts_for_one_and_then_for_none_again(
    database: Database, ground: World
) -> None:
    with database.session() as session:
        session.enter(Scope())
        with session.acting_for(ground.a.provider_id):
            mine = session.scalars(sa.select(Goal)).all()
            mine[0].text = "changed"
            assert {row.provider_id for row in mine} == {ground.a.provider_id}
        with pytest.raises(ScopeError):
            session.scalars(sa.select(Goal)).all()
        assert not [*session]
        with pytest.raises(ZeroDivisionError), session.acting_for(ground.b.provider_id):
            raise ZeroDivisionError
        with pytest.raises(ScopeError):
            session.scalars(sa.select(Goal)).all()
        session.commit()
    for scope in (Scope(provider_id=ground.a.provider_id), Scope(everyone=True)):
        with database.session(write=False) as session:
            session.enter(scope)
            with pytest.raises(ScopeError), session.acting_for(ground.b.provider_id):
                pass


def test_these_modules_and_no_others_know_connections_past_the_sessions() -> None:
    raw = ("connection", "engine", "exec_driver_sql", "raw_connection", "driver_connection")
    opened = {"api/db.py", "api/scope.py", "api/many.py", "api/lane.py", "api/cli.py"}
    assert _callers(*raw) == opened


def test_only_the_named_session_may_have_everyones_scope() -> None:
    makers = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "api").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.keyword) and node.arg == "everyone"
    }
    assert makers == {"api/db.py"}
