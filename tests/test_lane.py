"""The read lane: held to the scope as a session is, and rows as the engine would bring them."""

import uuid
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from api.access import Reach
from api.db import Database
from api.lane import of
from api.models.goals import Goal
from api.models.projects import Project
from api.scope import SCOPE_PROVIDER, Scope, ScopeError, scoped
from api.services import rows
from api.view import view_of
from tests import factories
from tests.factories import World, world
from tests.routes import RECORD_STEMS

GOALS: Any = Goal.__table__
OWN = scoped(sa.select(GOALS.c.text).where(GOALS.c.provider_id == SCOPE_PROVIDER))


@pytest.fixture
def ground(app: Flask) -> World:
    return world(app)


@pytest.fixture
def database(app: Flask) -> Database:
    found: Database = app.extensions["database"]
    return found


def test_without_a_provider_no_record_is_read(database: Database, ground: World) -> None:
    with database.lane(Scope()) as lane:
        for statement in (OWN, sa.select(GOALS.c.text), sa.select(Goal.text)):
            with pytest.raises(ScopeError):
                lane.rows(statement, {})
        assert len(lane.rows(sa.select(Project.acronym), {})) == 2


def test_a_record_is_read_by_its_scope_or_not_at_all(database: Database, ground: World) -> None:
    a, b = ground.a.provider_id, ground.b.provider_id
    forged = sa.select(GOALS.c.text).where(GOALS.c.provider_id == a)
    with database.lane(Scope(provider_id=b)) as lane:
        assert lane.rows(OWN, {}) == [("canary-b goal",)]
        assert lane.rows(OWN, {SCOPE_PROVIDER.key: a}) == [("canary-b goal",)]
        for statement in (
            forged,
            sa.select(Goal.text),
            sa.select(sa.text("text FROM goals")),
            sa.text("SELECT text FROM goals"),
            sa.union_all(sa.select(GOALS.c.text), sa.select(Project.acronym)),
            scoped(sa.delete(GOALS).where(GOALS.c.provider_id == SCOPE_PROVIDER)),
        ):
            with pytest.raises(ScopeError):
                lane.rows(statement, {})


def test_each_view_shows_its_own_providers_rows_only(database: Database, ground: World) -> None:
    with database.lane(Scope(provider_id=ground.b.provider_id)) as lane:
        for stem in RECORD_STEMS:
            shown = view_of(rows.model_of(stem)).rows(lane, Reach.OWN, {})
            assert {row["provider_id"] for row in shown} == {ground.b.provider_id}
            assert "canary-a" not in str(shown)


def test_the_ministrys_lane_reads_every_provider_and_writes_nothing(
    database: Database, ground: World
) -> None:
    with database.all_providers_lane() as lane:
        assert len(lane.rows(sa.select(GOALS.c.text), {})) == 3
        with pytest.raises(ScopeError):
            lane.rows(sa.delete(GOALS).returning(GOALS.c.text), {})


def test_a_transaction_of_the_lane_leaves_nothing_behind(
    database: Database, ground: World, engine: str
) -> None:
    """The connection goes back without its scope, also when the reader fails."""
    with pytest.raises(ZeroDivisionError), database.lane(Scope(provider_id=ground.a.provider_id)):
        raise ZeroDivisionError
    with database.lane(Scope(provider_id=ground.a.provider_id)):
        pass
    assert database.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    if engine == "postgresql":
        told = sa.text(
            "SELECT current_setting('lamppu.provider', true), current_user = session_user"
        )
        with database.engine.connect() as connection:
            assert connection.execute(told).one() == ("", True)


def test_rows_are_those_that_the_engine_brings(database: Database, ground: World) -> None:
    """Of every table, with values of every type."""
    with database.session(write=False) as session:
        session.enter(Scope(provider_id=ground.a.provider_id))
        for stem in RECORD_STEMS:
            view = view_of(rows.model_of(stem))
            statement, values = view.asked(Reach.OWN, {}, limit=5)
            assert of(session).rows(statement, values) == session.execute(statement, values).all()


def test_a_list_of_any_length_finds_what_is_in_it(database: Database, ground: World) -> None:
    view, mine = view_of(Goal), ground.a.ids["goals"]
    with database.lane(Scope(provider_id=ground.a.provider_id)) as lane:
        for length in (0, 1, 2, 7, 2, 0):
            others = [uuid.uuid4() for _ in range(length)]
            assert view.rows(lane, Reach.OWN, {"id": others}) == []
            found = view.rows(lane, Reach.OWN, {"id": [*others, mine]})
            assert [row["id"] for row in found] == [mine]


def test_what_the_database_refuses_is_raised_as_the_engine_would(
    database: Database, ground: World
) -> None:
    broken = sa.select(sa.literal_column("nowhere"))
    with database.lane(Scope()) as lane, pytest.raises(sa.exc.DBAPIError) as raised:
        lane.rows(broken, {})
    assert "nowhere" in str(raised.value.orig)


def test_connections_that_the_server_has_closed_are_not_handed_out(
    app: Flask, client: FlaskClient, engine: str
) -> None:
    headers = factories.bearer(app, "reviewer")
    kill = sa.text(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = current_user "
        "AND pid <> pg_backend_pid() AND datname = current_database()"
    )
    for _ in range(2):
        assert client.get("/api/v1/goals", headers=headers).status_code == 200
        if engine == "postgresql":  # SQLite has no server that could
            with app.extensions["database"].counting.connect() as connection:
                assert connection.execute(kill).all()
        assert client.get("/api/v1/goals", headers=headers).status_code == 200
