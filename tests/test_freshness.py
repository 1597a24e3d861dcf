"""Lists that are as they were: 304 by the log of changes, and never where something that is shown has changed."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from api import freshness
from api.crud import LISTED
from api.scope import Scope, Session
from api.services.rows import model_of
from tests.examples import RECORDS, Bench, statements, url
from tests.factories import bearer


@pytest.fixture
def bench(app: Flask) -> Bench:
    return Bench(app)


def get(bench: Bench, path: str, tag: str | None = None, by: dict[str, str] | None = None) -> Any:
    condition = {"If-None-Match": tag} if tag else {}
    return bench.client.get(path, headers=(by or bench.manager) | condition)


def touch(session: Session, stem: str, key: object) -> None:
    model = model_of(stem)
    changed = sa.update(model).where(model.id == key).values(version=model.version + 1)
    session.execute(changed, execution_options={"synchronize_session": False})


@contextmanager
def writing(bench: Bench) -> Iterator[Session]:
    """A transaction past the API, as a command or a job has one."""
    with bench.app.extensions["database"].session() as session:
        session.enter(Scope(provider_id=bench.world.a.provider_id))
        yield session
        session.commit()


def test_a_list_that_is_as_it_was_is_not_read_again(app: Flask, bench: Bench) -> None:
    bench.created("goals")
    tag = get(bench, "/api/v1/goals").headers["ETag"]
    with statements(app) as whole:
        assert get(bench, "/api/v1/goals").status_code == 200
    with statements(app) as sent:
        response = get(bench, "/api/v1/goals", tag)
    assert (response.status_code, response.data, response.headers["ETag"]) == (304, b"", tag)
    assert not any("goals" in text for text in sent)
    assert len(sent) == len(whole) - 1


def test_a_change_elsewhere_leaves_the_tag_as_the_caller_has_it(bench: Bench) -> None:
    tag = get(bench, "/api/v1/goals").headers["ETag"]
    bench.created("contacts")
    assert get(bench, "/api/v1/goals").headers["ETag"] != tag
    for reads_it in (True, False):
        with statements(bench.app) as sent:
            response = get(bench, "/api/v1/goals", tag)
        assert (response.status_code, response.headers["ETag"]) == (304, tag)
        assert any("goals" in text for text in sent) is reads_it
    bench.created("goals")
    assert get(bench, "/api/v1/goals", tag).status_code == 200


def test_a_tag_that_a_caller_made_up_is_no_tag_of_a_list(bench: Bench) -> None:
    content, _, state = get(bench, "/api/v1/goals").headers["ETag"].strip('"').partition(".")
    assert get(bench, "/api/v1/goals", f'"{content}.mine"').status_code == 304
    bench.created("goals")
    assert get(bench, "/api/v1/goals", f'"{content}.mine"').status_code == 200
    assert get(bench, "/api/v1/goals", f'"{state}.{content}"').status_code == 200


def test_only_so_many_tags_are_remembered(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(freshness, "SEEN_KEPT", 2)
    content = get(bench, "/api/v1/goals").headers["ETag"].strip('"').partition(".")[0]
    for number in range(5):
        assert get(bench, "/api/v1/goals", f'"{content}.{number}"').status_code == 304
        assert len(bench.app.extensions["seen"]) <= 2


@pytest.mark.parametrize("by", ["manager", "ministry"])
@pytest.mark.parametrize("stem", sorted(RECORDS))
def test_whatever_of_what_is_shown_has_changed_is_shown(bench: Bench, stem: str, by: str) -> None:
    asks: dict[str, str] = getattr(bench, by)
    rows = {**bench.world.plan, **bench.world.a.ids, "providers": bench.world.a.provider_id}
    for member in ("", *LISTED[stem].members):
        path = f"{url(stem)}?expand={member}" if member else url(stem)
        tables = {stem, LISTED[stem].members[member].stem} if member else {stem}
        for table in tables & rows.keys():
            before = get(bench, path, by=asks)
            assert before.status_code == 200, before.text
            with writing(bench) as session:
                touch(session, table, rows[table])
            after = get(bench, path, before.headers["ETag"], asks)
            assert after.status_code == (
                304 if get(bench, path, by=asks).data == before.data else 200
            )
            assert after.status_code == 200 or table != stem


def test_a_tag_is_good_for_one_list_and_one_caller_alone(bench: Bench) -> None:
    bench.created("goals")
    colleague = bearer(bench.app, "viewer", bench.world.a.provider_id)
    assert bench.other_manager
    tag = get(bench, "/api/v1/goals").headers["ETag"]
    for path, by in (
        ("/api/v1/goals?limit=1", None),
        ("/api/v1/goals?fields=text", None),
        ("/api/v1/contacts", None),
        ("/api/v1/goals", bench.other_manager),
    ):
        assert get(bench, path, tag, by).status_code == 200
    assert get(bench, "/api/v1/goals", by=colleague).headers["ETag"] != tag


def test_after_an_update_of_the_code_a_list_is_read_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    tag = get(bench, "/api/v1/goals").headers["ETag"]
    monkeypatch.setattr(freshness, "_code", lambda: "another")
    assert get(bench, "/api/v1/goals").headers["ETag"] != tag


def test_what_commits_late_is_not_overlooked(bench: Bench, engine: str) -> None:
    mine, manager = bench.world.a.ids, bench.manager
    with writing(bench) as slow:
        touch(slow, "goals", mine["goals"])
        if engine == "postgresql":  # SQLite has one writer at a time
            with writing(bench) as fast:  # begun later, committed first
                touch(fast, "contacts", mine["contacts"])
        tag = get(bench, "/api/v1/goals", by=manager).headers["ETag"]
    assert get(bench, "/api/v1/goals", tag).status_code == 200
