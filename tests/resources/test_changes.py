"""The log of changes: every change in the order of commits, to whom it concerns and to nobody else."""

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from api import lane as lanes
from api.app import create_app
from api.base import now
from api.db import Database
from api.models.contacts import Contact
from api.resources import changes
from api.scope import Scope, Session, told
from api.services import changes as service
from api.services.changes import Position
from tests.examples import CHANGES as FIELDS
from tests.examples import PLAN, RECORDS, TOLD, Bench, places, statements
from tests.factories import bearer, make
from tests.followers import CHANGES, Follower
from tests.resources.test_imports import Desk


@pytest.fixture
def database(app: Flask) -> Database:
    found: Database = app.extensions["database"]
    return found


@pytest.fixture
def follow(client: FlaskClient) -> Callable[[dict[str, str]], Follower]:
    """A follower who has read all that there is."""

    def following(headers: dict[str, str]) -> Follower:
        one = Follower(client, headers)
        one.read()
        return one

    return following


Follow = Callable[[dict[str, str]], Follower]


# what it tells


def test_from_its_beginning_it_tells_of_every_row_there_is(bench: Bench, follow: Follow) -> None:
    for headers in (bench.ministry, bench.manager, bench.other_manager, bench.operator):
        follower = follow(headers)
        assert follower.rows == follower.sight()


def test_a_row_that_is_made_changed_and_deleted_leaves_an_entry_each(
    bench: Bench, follow: Follow
) -> None:
    for stem in TOLD:
        reader = bench.ministry if stem in PLAN else bench.writer(stem)
        follower = follow(reader)
        key, etag = bench.created(stem)
        mine = (stem, key)
        assert [one for one in follower.news() if one[:2] == mine] == [(*mine, 1, False)]
        name, value = FIELDS[stem]
        changed = bench.change(stem, key, etag, json={name: value})
        assert changed.status_code == 200, changed.text
        assert [one for one in follower.news() if one[:2] == mine] == [(*mine, 2, False)]
        gone = bench.change(stem, key, changed.headers["ETag"], "DELETE")
        assert gone.status_code == 204, gone.text
        assert [one for one in follower.news() if one[:2] == mine] == [(*mine, None, True)]


def test_an_entry_in_a_rows_list_is_told_of_as_the_row(bench: Bench, follow: Follow) -> None:
    follower = follow(bench.other_manager)
    mine = follow(bench.manager)
    key, etag = bench.created("meetings")
    mine.read()
    change = {"participants": [{"name": "Uusi"}]}
    assert bench.change("meetings", key, etag, json=change).status_code == 200
    assert mine.news() == [("meetings", key, 2, False)]
    assert [one["name"] for one in mine.rows["meetings", key]["participants"]] == ["Uusi"]
    assert follower.news() == []


def test_a_change_that_changes_nothing_leaves_no_entry(bench: Bench, follow: Follow) -> None:
    follower = follow(bench.manager)
    key, etag = bench.created("contacts", name="Onni")
    follower.read()
    assert bench.change("contacts", key, etag, json={"name": "Onni"}).status_code == 200
    assert follower.news() == []


def test_what_is_refused_leaves_no_entry(bench: Bench, follow: Follow) -> None:
    follower = follow(bench.manager)
    goal = {"external_id": "t1", "text": "Yksi"}
    desk = Desk(bench)
    document = desk.document(goals=[goal, goal | {"external_id": "t2", "position": -1}])
    refused = bench.client.post("/api/v1/imports", json=document, headers=bench.manager)
    assert refused.status_code == 422
    assert follower.news() == []


def test_an_import_leaves_an_entry_for_each_row_and_for_itself(
    bench: Bench, follow: Follow
) -> None:
    follower = follow(bench.manager)
    sent = bench.client.post("/api/v1/imports", json=Desk(bench).full(), headers=bench.manager)
    counts = sent.get_json()["counts"]
    news = follower.news()
    assert len(news) == len(set(news)) == sum(one["created"] for one in counts.values()) + 1
    assert follower.rows == follower.sight()
    again = bench.client.post("/api/v1/imports", json=Desk(bench).full(), headers=bench.manager)
    assert [stem for stem, *_ in follower.news()] == ["imports"]
    assert again.status_code == 201


def test_bulk_sql_leaves_entries_too(bench: Bench, follow: Follow, database: Database) -> None:
    follower, ministry = follow(bench.manager), follow(bench.ministry)
    keys = [str(bench.created("contacts")[0]) for _ in range(3)]
    follower.read(), ministry.read()
    with database.session() as session:
        session.enter(Scope(provider_id=bench.world.a.provider_id))
        connection = session.connection()
        places = ", ".join(f"'{key}'" for key in keys)
        connection.exec_driver_sql(f"UPDATE contacts SET version = 7 WHERE id IN ({places})")
        connection.exec_driver_sql(f"DELETE FROM contacts WHERE id = '{keys[0]}'")
        session.commit()
    wanted = [("contacts", key, 7, key == keys[0]) for key in keys]
    wanted.append(("contacts", keys[0], None, True))
    for one in (follower, ministry):
        assert sorted(one.news(), key=str) == sorted(wanted, key=str)


def test_rows_are_shown_when_asked_for_as_their_list_shows_them(bench: Bench) -> None:
    follower = Follower(bench.client, bench.manager)
    plain = follower.page()["items"]
    assert plain
    assert [one for one in plain if "row" in one] == []
    shown = {
        (one["resource"], one["id"]): one["row"] for one in follower.page(rows="true")["items"]
    }
    assert shown == follower.sight()


def test_a_row_is_shown_as_it_is_now_and_not_at_all_once_it_is_gone(bench: Bench) -> None:
    follower = Follower(bench.client, bench.manager)
    follower.read()
    key, etag = bench.created("contacts", name="Eka")
    changed = bench.change("contacts", key, etag, json={"name": "Toka"})
    told = [
        (i["version"], i["deleted"], i["row"]["name"]) for i in follower.page(rows="true")["items"]
    ]
    assert told == [(1, False, "Toka"), (2, False, "Toka")]
    bench.change("contacts", key, changed.headers["ETag"], "DELETE")
    told = [(i["version"], i["deleted"], "row" in i) for i in follower.page(rows="true")["items"]]
    assert told == [(1, True, False), (2, True, False), (None, True, False)]


# pages


def test_pages_of_one_entry_tell_the_same_as_one_page_of_all(bench: Bench) -> None:
    for headers in (bench.ministry, bench.manager):
        whole, bit_by_bit = (Follower(bench.client, headers, limit) for limit in (500, 1))
        assert whole.read() == bit_by_bit.read()


def test_an_entrys_own_position_is_a_place_to_go_on_from(bench: Bench) -> None:
    follower = Follower(bench.client, bench.manager)
    items = follower.page()["items"]
    follower.position = items[4]["position"]
    assert follower.page()["items"] == items[5:]


def test_of_other_resources_a_page_is_short_while_next_moves_on(bench: Bench) -> None:
    follower = Follower(bench.client, bench.manager, limit=5)
    found, more = [], True
    lengths = set()
    while more:
        page = follower.page(resource="goals,results")
        follower.position, more = page["next"], page["more"]
        lengths.add(len(page["items"]))
        found += page["items"]
    assert {one["resource"] for one in found} == {"goals", "results"}
    assert lengths >= {0}
    assert follower.page()["items"] == []


def test_a_resource_that_there_is_not_is_refused(bench: Bench) -> None:
    for name in ("risks", "changes", "auth", "goals,goals"):
        answer = bench.client.get(f"{CHANGES}?resource={name}", headers=bench.manager)
        assert answer.status_code == 422


def test_every_resource_with_rows_can_be_asked_for(bench: Bench) -> None:
    names = ",".join((*TOLD, "imports", "jobs", "comments"))
    answer = bench.client.get(f"{CHANGES}?resource={names}", headers=bench.manager)
    assert answer.status_code == 200


def test_a_position_is_of_no_use_to_another_caller(bench: Bench) -> None:
    position = Follower(bench.client, bench.manager).page()["next"]
    colleague = bearer(bench.app, "manager", bench.world.a.provider_id)
    for headers in (colleague, bench.other_manager, bench.ministry):
        answer = bench.client.get(f"{CHANGES}?after={position}", headers=headers)
        assert (answer.status_code, places(answer)) == (422, [("after", "wrong_position")])
    for wrong in ("x", position[:-1], "WzAsMF0." + position.partition(".")[2], "%00", ""):
        answer = bench.client.get(f"{CHANGES}?after={wrong}", headers=bench.manager)
        assert answer.status_code == 422, wrong


# nothing new


def test_nothing_new_is_an_empty_page_or_304(bench: Bench) -> None:
    follower = Follower(bench.client, bench.manager)
    follower.read()
    path = f"{CHANGES}?after={follower.position}"
    etag = f'"{follower.position}"'
    empty = bench.client.get(path, headers=bench.manager)
    assert empty.get_json() == {"items": [], "next": follower.position, "more": False}
    assert empty.headers["ETag"] == etag
    known = bench.manager | {"If-None-Match": etag}
    again = bench.client.get(path, headers=known)
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", etag)
    key, _ = bench.created("contacts")
    told = bench.client.get(path, headers=known)
    assert [one["id"] for one in told.get_json()["items"]] == [key]


@pytest.mark.parametrize("who", ["manager", "ministry"])
def test_an_idle_follower_costs_one_statement_beside_the_one_that_asks_who_he_is(
    bench: Bench, who: str
) -> None:
    headers = getattr(bench, who)
    follower = Follower(bench.client, headers)
    follower.read()
    path = f"{CHANGES}?rows=true&after={follower.position}"
    known = headers | {"If-None-Match": f'"{follower.position}"'}
    with statements(bench.app) as sent:
        assert bench.client.get(path, headers=known).status_code == 304
    asked = [one for one in sent if one.startswith("SELECT") and "pg_catalog" not in one]
    assert len(asked) == 2, asked
    assert "FROM changes" in asked[1]


# who sees what


@pytest.fixture
def everybody(bench: Bench, follow: Follow) -> dict[str, Follower]:
    """A manager of each of four providers, of whom the last takes part in nothing; the ministry and the operator."""
    world = bench.world
    newcomer = make(bench.app, "providers")
    assert bench.manager  # else his account would come about later, and be told of
    owners = {
        "a": world.a.provider_id,
        "b": world.b.provider_id,
        "c": world.c.provider_id,
        "newcomer": newcomer,
    }
    managers = {name: bearer(bench.app, "manager", owner) for name, owner in owners.items()}
    headers = managers | {"ministry": bench.ministry, "operator": bench.operator}
    everybody = {name: follow(one) for name, one in headers.items()}
    for name, owner in owners.items():
        everybody[name].provider_id = owner
    return everybody


def news(everybody: dict[str, Follower]) -> dict[str, set[str]]:
    """The resources that each was told of; of these everybody has, by then, what the lists show him."""
    told = {}
    for name, follower in everybody.items():
        items = follower.news()
        assert len(items) == len(set(items)), (name, items)
        told[name] = {stem for stem, *_ in items}
    stems = set().union(*told.values())
    for name, follower in everybody.items():
        assert follower.of(stems) == follower.sight(stems), name
    return {name: stems for name, stems in told.items() if stems}


def each(stems: set[str], *names: str) -> dict[str, set[str]]:
    return dict.fromkeys(names, stems)


PROJECT = {
    *("programmes", "projects", "periods", "project_goals", "project_indicators"),
    *("project_meetings", "participations", "extensions"),
}


def test_a_record_is_told_of_to_its_provider_and_the_ministry(
    bench: Bench, everybody: dict[str, Follower]
) -> None:
    for stem in RECORDS:
        bench.created(stem)
        assert news(everybody).keys() == {"a", "ministry"} | (
            {"b", "ministry", "a"} if stem == "goals" else set()
        ), stem


def test_a_row_of_the_plan_is_told_of_to_those_who_take_part(
    bench: Bench, everybody: dict[str, Follower]
) -> None:
    for stem in ("periods", "project_goals", "project_indicators", "project_meetings"):
        key, etag = bench.created(stem)
        assert news(everybody).keys() == {"a", "b", "ministry"}, stem
        bench.change(stem, key, etag, "DELETE")
        assert news(everybody).keys() == {"a", "b", "ministry"}, stem


def test_a_provider_is_told_of_to_everybody(bench: Bench, everybody: dict[str, Follower]) -> None:
    key, etag = bench.created("providers")
    newest = bearer(bench.app, "manager", uuid.UUID(key))
    everybody["newest"] = Follower(bench.client, newest)
    told = news(everybody)
    assert told.keys() == everybody.keys()
    assert told["newest"] == {"providers", "users"}
    changed = bench.change("providers", key, etag, json={"name": "Toinen"})
    assert changed.status_code == 200
    assert news(everybody) == each({"providers"}, *everybody)


def test_who_joins_a_project_is_told_of_its_plan_and_who_leaves_it_that_it_is_gone(
    bench: Bench, everybody: dict[str, Follower]
) -> None:
    joined = {
        "project_id": str(bench.world.plan["projects"]),
        "provider_id": str(everybody["newcomer"].provider_id),
    }
    made = bench.open("participations", method="POST", json=joined)
    key, etag = made.get_json()["id"], made.headers["ETag"]
    told = news(everybody)
    assert told.pop("newcomer") == PROJECT
    assert told == each({"participations"}, "a", "b", "ministry")
    # Handed on to another provider by one write.
    other = {"provider_id": str(bench.world.c.provider_id)}
    passed = bench.change("participations", key, etag, json=other)
    assert passed.status_code == 200, passed.text
    told = news(everybody)
    assert told.pop("newcomer") == told.pop("c") == PROJECT
    assert told == each({"participations"}, "a", "b", "ministry")
    left = bench.change("participations", key, passed.headers["ETag"], "DELETE")
    assert left.status_code == 204
    told = news(everybody)
    assert told.pop("c") == PROJECT
    assert told == each({"participations"}, "a", "b", "ministry")


def test_who_comes_to_coordinate_a_project_is_told_of_its_plan(
    bench: Bench, everybody: dict[str, Follower]
) -> None:
    """`b` takes part anyway; `c` does not, and sees nothing of it once another coordinates."""
    project = bench.world.plan["projects"]
    etag = bench.open("projects", project).headers["ETag"]
    for coordinator, strangers in (("c", {"c": PROJECT}), ("b", {"c": PROJECT}), ("a", {})):
        change = {"coordinator_id": str(getattr(bench.world, coordinator).provider_id)}
        answer = bench.change("projects", project, etag, json=change)
        assert answer.status_code == 200, answer.text
        etag = answer.headers["ETag"]
        told = news(everybody)
        assert told == each({"projects"}, "a", "b", "ministry") | strangers


def test_a_project_that_comes_changes_its_programme_and_goes_is_told_of_with_its_programme(
    bench: Bench, everybody: dict[str, Follower]
) -> None:
    others = [make(bench.app, "programmes") for _ in range(2)]
    assert news(everybody) == {"ministry": {"programmes"}}
    given = {"coordinator_id": str(bench.world.c.provider_id), "programme_id": str(others[0])}
    key, etag = bench.created("projects", **given)
    wanted = {"c": {"projects", "programmes"}, "ministry": {"projects"}}
    assert news(everybody) == wanted
    change: dict[str, Any] = {"programme_id": str(others[1])}
    moved = bench.change("projects", key, etag, json=change)
    assert news(everybody) == wanted
    change = {
        "programme_id": str(others[0]),
        "coordinator_id": str(bench.world.b.provider_id),
    }
    handed = bench.change("projects", key, moved.headers["ETag"], json=change)
    assert news(everybody) == wanted | {"b": {"projects", "programmes"}}
    assert bench.change("projects", key, handed.headers["ETag"], "DELETE").status_code == 204
    assert news(everybody) == {"b": {"projects", "programmes"}, "ministry": {"projects"}}


def test_an_account_that_is_moved_is_gone_from_where_it_was(
    bench: Bench, everybody: dict[str, Follower]
) -> None:
    for stem in ("users", "clients"):
        key, etag = bench.created(stem)
        assert news(everybody) == {"a": {stem}, "operator": {stem}}
        moved = bench.change(stem, key, etag, json={"provider_id": str(bench.world.b.provider_id)})
        assert moved.status_code == 200, moved.text
        assert news(everybody) == {"a": {stem}, "b": {stem}, "operator": {stem}}


def test_nobody_is_told_of_a_row_that_he_may_not_read(bench: Bench) -> None:
    a = bench.world.a.provider_id
    seen = {
        "viewer": {*PLAN, *RECORDS, "providers"},
        "manager": {*TOLD},
        "records:read": {*RECORDS, "providers"},
        "plan:read": {*PLAN, "providers"},
    }
    account = {"provider_id": a, "name": "Aino"}
    make(bench.app, "clients", scopes=[], **account)
    for who, stems in seen.items():
        scoped = ":" in who
        headers = bearer(bench.app, None if scoped else who, a, [who] if scoped else ())
        follower = Follower(bench.client, headers)
        assert {item["resource"] for item in follower.read()} == stems, who
        assert follower.rows == follower.sight()
    for headers in (bearer(bench.app, None, a, ["records:write"]), bearer(bench.app, None, a)):
        assert bench.client.get(CHANGES, headers=headers).status_code == 403


def test_a_provider_never_hears_of_another(bench: Bench, everybody: dict[str, Follower]) -> None:
    """By its ids, and by the canaries in every text."""
    for name in ("a", "b", "c"):
        others = [getattr(bench.world, one) for one in "abc" if one != name]
        text = str(everybody[name].items)
        assert getattr(bench.world, name).mark in text
        for other in others:
            assert other.mark not in text
            assert not [key for key in other.ids.values() if str(key) in text]


# waiting


def waiting(bench: Bench, path: str, seconds: object, **headers: str) -> Any:
    prefer = {"Prefer": f"respond-async, wait={seconds}"}
    return bench.app.test_client().get(path, headers=bench.manager | prefer | headers)


@pytest.fixture
def idle(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where the manager would go on."""
    monkeypatch.setattr(changes, "SECONDS_BETWEEN", 0.02)
    follower = Follower(bench.client, bench.manager)
    follower.read()
    return f"{CHANGES}?after={follower.position}"


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> threading.Semaphore:
    """One for each time that somebody has looked at the log."""
    looked, page = threading.Semaphore(0), service.page

    def counted(*args: Any) -> Any:
        found = page(*args)
        looked.release()
        return found

    monkeypatch.setattr(service, "page", counted)
    return looked


def test_a_follower_can_wait_for_something_new(
    bench: Bench, idle: str, looks: threading.Semaphore
) -> None:
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(waiting, bench, idle, 30)
        for _ in range(3):
            assert looks.acquire(timeout=20)
        key, _ = bench.created("contacts")
        told = answer.result(20)
    assert [one["id"] for one in told.get_json()["items"]] == [key]
    assert told.headers["Preference-Applied"] == "wait=30"
    assert "Prefer" in told.vary


def test_who_waits_for_goals_is_not_woken_by_contacts(
    bench: Bench, idle: str, looks: threading.Semaphore
) -> None:
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(waiting, bench, f"{idle}&resource=goals", 30)
        bench.created("contacts")
        for _ in range(3):
            assert looks.acquire(timeout=20)
        key, _ = bench.created("goals")
        told = answer.result(20)
    assert [one["id"] for one in told.get_json()["items"]] == [key]


def test_who_has_waited_in_vain_is_told_that_nothing_is_new(bench: Bench, idle: str) -> None:
    answer = waiting(bench, idle, 1)
    assert (answer.get_json()["items"], answer.headers["Preference-Applied"]) == ([], "wait=1")
    known = waiting(bench, idle, 1, **{"If-None-Match": answer.headers["ETag"]})
    assert (known.status_code, known.headers["Preference-Applied"]) == (304, "wait=1")


def test_what_is_there_is_told_at_once_and_no_number_of_seconds_is_none(
    bench: Bench, idle: str
) -> None:
    for path, seconds in ((CHANGES, 30), (idle, 0), (idle, "-1"), (idle, "x"), (idle, "¹")):
        answer = waiting(bench, path, seconds)
        assert (answer.status_code, "Preference-Applied" in answer.headers) == (200, False)


def test_who_waits_holds_no_connection(
    bench: Bench, idle: str, looks: threading.Semaphore, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = bench.app.extensions["database"].engine.pool
    held: list[int] = []
    sleep = time.sleep

    def asleep(seconds: float) -> None:
        held.append(pool.checkedout())
        sleep(seconds)

    monkeypatch.setattr(time, "sleep", asleep)
    assert waiting(bench, idle, 1).status_code == 200
    assert set(held) == {0}


def test_only_so_many_wait_in_a_process_and_others_are_answered_at_once(
    bench: Bench, settings: dict[str, object], idle: str, looks: threading.Semaphore
) -> None:
    app = create_app(settings | {"MAX_WAITERS": 1})
    one = Bench.__new__(Bench)
    one.app, one.world = app, bench.world
    one.__dict__["manager"] = bench.manager
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(waiting, one, idle, 30)
        for _ in range(2):
            assert looks.acquire(timeout=20)
        turned_away = waiting(one, idle, 30)
        assert "Preference-Applied" not in turned_away.headers
        bench.created("contacts")
        assert first.result(20).headers["Preference-Applied"] == "wait=30"
    app.extensions["database"].close()


# the order of commits


@pytest.fixture
def writer(database: Database, bench: Bench) -> Iterator[Session]:
    """A transaction of the first provider's that takes its time."""
    with database.session() as session:
        session.enter(Scope(provider_id=bench.world.a.provider_id))
        yield session


def insert(session: Session, owner: uuid.UUID, at: Any = None) -> str:
    """A contact, not yet committed."""
    key, moment = str(uuid.uuid4()), at or now()
    session.connection().execute(
        sa.text(
            "INSERT INTO contacts (provider_id, id, name, version, created_at, updated_at) "
            "VALUES (:owner, :key, 'Onni', 1, :moment, :moment)"
        ),
        {"owner": str(owner), "key": key, "moment": moment},
    )
    return key


def test_a_long_transaction_delays_and_never_skips(
    bench: Bench, follow: Follow, writer: Session, engine: str
) -> None:
    """Whoever came after it waits with it: else he would be read, and it, which comes before him, be passed by."""
    followers = [follow(bench.manager), follow(bench.ministry)]
    first = insert(writer, bench.world.a.provider_id)
    keys = [first]
    if engine == "postgresql":  # on SQLite nobody can come in between
        keys.append(bench.created("contacts")[0])
    for follower in followers:
        assert follower.news() == []
    writer.commit()
    for follower in followers:
        assert follower.news() == [("contacts", key, 1, False) for key in keys]


def test_what_is_rolled_back_is_never_told(bench: Bench, follow: Follow, writer: Session) -> None:
    follower = follow(bench.manager)
    insert(writer, bench.world.a.provider_id)
    writer.rollback()
    key, _ = bench.created("contacts")
    assert follower.news() == [("contacts", key, 1, False)]


def test_following_updated_at_would_have_missed_some(
    bench: Bench, follow: Follow, writer: Session, engine: str
) -> None:
    """A row whose transaction took its time is older, once it is there, than what was read before; and what was
    deleted is in no list.
    """
    follower = follow(bench.manager)
    doomed, etag = bench.created("contacts")

    def since(moment: str) -> list[dict[str, Any]]:
        asked = {"updated_since": moment, "sort": "updated_at", "limit": 500}
        answer = bench.client.get("/api/v1/contacts", headers=bench.manager, query_string=asked)
        items: list[dict[str, Any]] = answer.get_json()["items"]
        return items

    have = {row["id"]: row for row in since("2012-01-01T00:00:00Z")}
    begun = now()
    if engine == "postgresql":
        late = insert(writer, bench.world.a.provider_id, begun)
        quick, _ = bench.created("contacts")
    else:  # its one writer may bring along a moment of long ago: an import of what was kept elsewhere
        quick, _ = bench.created("contacts")
        late = insert(writer, bench.world.a.provider_id, begun)
    have |= {row["id"]: row for row in since(max(row["updated_at"] for row in have.values()))}
    assert quick in have
    writer.commit()
    bench.change("contacts", doomed, etag, "DELETE")
    have |= {row["id"]: row for row in since(max(row["updated_at"] for row in have.values()))}
    follower.read()
    there = {key for (stem, key) in follower.sight() if stem == "contacts"}
    assert {key for (stem, key) in follower.rows if stem == "contacts"} == there
    assert there - have.keys() == {late}
    assert have.keys() - there == {doomed}


@contextmanager
def reading(database: Database, provider_id: uuid.UUID | None) -> Iterator[Session]:
    """A provider's session, or the ministry's."""
    if provider_id is None:
        with database.all_providers() as session:
            yield session
    else:
        with database.session(write=False) as session:
            session.enter(Scope(provider_id=provider_id))
            yield session


@pytest.mark.parametrize("everyone", [False, True])
def test_who_reads_rows_and_then_follows_from_the_head_misses_nothing(
    bench: Bench, database: Database, writer: Session, engine: str, everyone: bool
) -> None:
    """As an export does: its snapshot and the place in the log belong together, also while others are writing."""
    owner = bench.world.a.provider_id
    reader = None if everyone else owner
    bench.created("contacts")
    late = insert(writer, owner)
    quick = [bench.created("contacts")[0]] if engine == "postgresql" else []
    with reading(database, reader) as session:
        place = service.head(session)
        seen = {str(key) for key in session.scalars(sa.select(Contact.id))}
        assert service.page(session, place, 500).entries == []
    assert late not in seen
    writer.commit()
    after, _ = bench.created("contacts")
    with reading(database, reader) as session:
        told = [str(entry.row_id) for entry in service.page(session, place, 500).entries]
    assert told == [late, *quick, after]  # of which it had seen the quick one


# what it costs


@pytest.mark.parametrize("everyone", [False, True])
def test_a_page_is_found_by_an_index_at_any_depth(
    bench: Bench, database: Database, engine: str, everyone: bool
) -> None:
    with reading(database, None if everyone else bench.world.a.provider_id) as session:
        asked: list[tuple[str, Any]] = []
        connection = session.connection()
        sa.event.listen(
            connection, "before_cursor_execute", lambda *event: asked.append((event[2], event[3]))
        )
        service.page(session, Position(0, 3), 50)
        ((statement, parameters),) = asked
        if engine == "sqlite":
            plan = [
                row.detail
                for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            ]
            index = "ix_changes_xid_id" if everyone else "ix_changes_provider_id_xid_id"
            (line,) = plan
            assert f"SEARCH changes USING INDEX {index}" in line
            assert "xid=? AND id>?)" in line
            return
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
        connection.exec_driver_sql("SET LOCAL enable_bitmapscan = off")
        told = "\n".join(
            row[0]
            for row in connection.exec_driver_sql(f"EXPLAIN (COSTS OFF) {statement}", parameters)
        )
    index = "ix_changes_xid_id" if everyone else "ix_changes_provider_id_xid_id"
    assert f"Index Scan using {index}" in told, told
    assert "Sort" not in told
    condition = next(line for line in told.splitlines() if "Index Cond" in line)
    assert "ROW(xid, id) > ROW(" in condition
    assert "pg_snapshot_xmin" in condition


@pytest.mark.parametrize("everyone", [False, True])
def test_the_state_of_the_log_is_told_by_an_index(
    bench: Bench, database: Database, engine: str, everyone: bool
) -> None:
    with reading(database, None if everyone else bench.world.a.provider_id) as session:
        connection = session.connection()
        statement = service.state_of(engine, everyone)
        text, parameters = lanes.prepared(statement, connection.dialect).call(
            told(session.scope, statement)
        )
        explain = "EXPLAIN QUERY PLAN" if engine == "sqlite" else "EXPLAIN (COSTS OFF)"
        if engine == "postgresql":
            connection.exec_driver_sql(
                "SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off"
            )
            connection.exec_driver_sql("SET LOCAL enable_bitmapscan = off")
        plan = "\n".join(
            str(row) for row in connection.exec_driver_sql(f"{explain} {text}", parameters)
        )
    index = "ix_changes_xid_id" if everyone else "ix_changes_provider_id_xid_id"
    assert plan.count(index) == (1 if engine == "sqlite" else 2), plan
    assert "Sort" not in plan
    assert "TEMP B-TREE" not in plan


def test_a_page_costs_a_statement_for_each_resource_on_it(bench: Bench) -> None:
    follower = Follower(bench.client, bench.manager)
    resources = {item["resource"] for item in follower.page()["items"]}
    with statements(bench.app) as sent:
        follower.page(rows="true")
    asked = [one for one in sent if one.startswith("SELECT") and "pg_catalog" not in one]
    assert len(asked) == 2 + len(resources)
