"""Undoing an import: what was there is there again, unless something was built on it since; then it says what."""

import copy
import json
import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from api.models.imports import Import, ImportRow
from api.scope import Scope
from api.services import rows, sweeps, tables, traces
from tests.accounts import code
from tests.examples import CHANGES, RECORDS, Bench, statements
from tests.factories import bearer
from tests.followers import Follower
from tests.resources import test_imports, test_table_imports
from tests.routes import contents

Row = dict[str, Any]
NDJSON = "application/x-ndjson"


@pytest.fixture
def desk(bench: Bench) -> test_imports.Desk:
    """From which documents are sent."""
    return test_imports.Desk(bench)


@pytest.fixture
def spreadsheets(bench: Bench) -> test_table_imports.Desk:
    """From which tables are sent."""
    return test_table_imports.Desk(bench)


def undo(bench: Bench, made: Row, by: dict[str, str] | None = None, **headers: str) -> TestResponse:
    path = f"/api/v1/imports/{made['id']}/undo"
    return bench.client.post(path, headers=(by or bench.manager) | headers)


def undone(bench: Bench, made: Row) -> Row:
    response = undo(bench, made)
    assert response.status_code == 200, response.text
    told: Row = response.get_json()
    assert told["id"] == made["id"]
    assert told["undone_at"] == told["updated_at"]
    return told


def refused(bench: Bench, made: Row, problem: str = "built_on") -> list[Row]:
    """What is told of an import that can't be undone, without the words; and that nothing was done."""
    before = contents(bench.app)
    response = undo(bench, made)
    assert code(response) == (409, problem), response.text
    assert contents(bench.app) == before
    faults = response.get_json().get("errors", [])
    return [{n: v for n, v in fault.items() if n != "detail"} for fault in faults]


def everything(bench: Bench) -> dict[str, list[Row]]:
    """All that the provider has, but for versions and moments."""
    return {
        stem: [
            {n: v for n, v in row.items() if n not in ("version", "updated_at")}
            for row in bench.open(stem, query_string={"limit": 500}).get_json()["items"]
        ]
        for stem in RECORDS
    }


def changed(document: Row) -> Row:
    """The document with other texts everywhere, other entries and links, and one more of some."""
    later = copy.deepcopy(document)
    later["sub_project"] |= {"description": "Toinen", "contact": None}
    for stem in set(RECORDS) - {"sub_projects"}:
        name, value = CHANGES[stem]
        for element in later[stem]:
            element[name] = value
    later["results"][1] |= {"kind": "outcome", "reason": None, "goal": "t3"}
    later["goals"].append({"external_id": "t3", "text": "Kolme"})
    later["contacts"].append({"external_id": "uusi", "name": "Uusi"})
    later["meetings"][0] |= {"goals": ["t3"], "participants": [{"contact": "uusi", "name": "U"}]}
    later["surveys"][0] |= {"goals": ["t2", "t3"]}
    later["deliverables"][0] |= {"based_on": None}
    later["deliverables"][1] |= {"based_on": "d1", "deliveries": []}
    later["feedback"][0] |= {"actions": [{"text": "Yksi"}, {"text": "Kaksi"}]}
    later["reports"][0] |= {"contact": "uusi", "periods": []}
    return later


# What was there


def test_what_a_document_made_is_gone_again(desk: test_imports.Desk) -> None:
    bench = desk.bench
    before = everything(bench)
    made = desk.done(desk.full())
    assert made["undone_at"] is None
    told = undone(bench, made)
    assert everything(bench) == before
    assert (told["sub_project_id"], told["version"]) == (None, 2)
    assert told["counts"] == made["counts"]
    assert bench.open("imports", made["id"], by=desk.by).get_json() == told


def test_what_a_document_changed_says_again_what_it_said(desk: test_imports.Desk) -> None:
    bench, document = desk.bench, desk.full()
    desk.done(document)
    before = everything(bench)
    made = desk.done(changed(document))
    assert {stem for stem in RECORDS if everything(bench)[stem] != before[stem]} == set(RECORDS)
    undone(bench, made)
    assert everything(bench) == before
    again = desk.done(document)
    assert {tally["unchanged"] for tally in again["counts"].values()} == {1, 2}
    assert not any(tally["updated"] for tally in again["counts"].values())


def test_the_import_before_can_be_undone_then_too(desk: test_imports.Desk) -> None:
    bench, document = desk.bench, desk.full()
    before = everything(bench)
    first = desk.done(document)
    same = desk.done(document)  # leaves nothing, so that it stands in nobody's way
    second = desk.done(changed(document))
    refused(bench, first)
    undone(bench, second)
    undone(bench, first)
    assert everything(bench) == before
    for made in (same, second):
        told = bench.open("imports", made["id"], by=desk.by).get_json()
        assert told["sub_project_id"] is None


def test_a_table_of_several_parts_is_undone(
    spreadsheets: test_table_imports.Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a goal of the project went from row to row, and can go back in one order only."""
    monkeypatch.setattr(tables, "AT_ONCE", 2)
    monkeypatch.setattr(rows, "MOST_AT_ONCE", 3)
    bench = spreadsheets.bench

    def send(*rows: Row) -> Row:
        home = {"sub_project_id": str(bench.sub_project)}
        body = "\n".join(json.dumps(home | row) for row in rows)
        made = spreadsheets.send("goals", body, NDJSON, project=spreadsheets.project)
        assert made.status_code == 201, made.text
        told: Row = made.get_json()
        return told

    of_project = {"project_goal": spreadsheets.goal_code}
    names = [{"external_id": f"t{n}", "text": "Yksi"} for n in range(8)]
    send(*names[:5], names[5] | of_project, names[6])
    before = everything(bench)
    others = [name | {"text": "Kaksi", "project_goal": None} for name in names]
    made = send(*others[:6], others[6] | of_project, others[7])
    assert made["counts"]["goals"] == {"created": 1, "updated": 7, "unchanged": 0}
    undone(bench, made)
    assert everything(bench) == before


def test_of_a_table_brought_in_partly_what_was_kept_is_undone(
    spreadsheets: test_table_imports.Desk,
) -> None:
    bench = spreadsheets.bench
    before = everything(bench)
    body = "external_id,name\r\nk1,Yksi\r\nk2,\r\nk3,Kolme\r\n"
    made = spreadsheets.send("contacts", body, partial="true").get_json()
    assert made["counts"]["contacts"]["refused"] == 1
    undone(bench, made)
    assert everything(bench) == before


def test_who_follows_the_log_hears_of_it(desk: test_imports.Desk) -> None:
    bench, document = desk.bench, desk.full()
    desk.done(document)
    made = desk.done(changed(document))
    goal, new = desk.named("goals", "t1"), desk.named("goals", "t3")
    follower = Follower(bench.client, desk.by)
    follower.read()
    undone(bench, made)
    news = follower.news()
    assert ("goals", goal["id"], goal["version"] + 1, False) in news
    assert ("goals", new["id"], None, True) in news
    assert follower.rows == follower.sight()


def test_a_request_repeated_with_its_key_is_answered_as_the_first_was(
    desk: test_imports.Desk,
) -> None:
    made = desk.done(desk.full())
    first, second = (undo(desk.bench, made, **{"Idempotency-Key": "undo-1"}) for _ in range(2))
    assert first.status_code == second.status_code == 200
    assert first.get_json() == second.get_json()


def test_it_costs_the_same_statements_however_many_rows(
    spreadsheets: test_table_imports.Desk,
) -> None:
    bench = spreadsheets.bench

    def cost(first: int, count: int) -> tuple[int, int]:
        names = range(first, first + count)
        costs = []
        for words in ("Yksi", "Kaksi"):
            lines = "".join(f"k{n},{words}\r\n" for n in names)
            response = spreadsheets.send("contacts", f"external_id,name\r\n{lines}")
            costs.append(response.get_json())
        sent = []
        for made in reversed(costs):
            with statements(bench.app) as some:
                undone(bench, made)
            sent.append(len(some))
        changing, making = sent
        return changing, making

    assert cost(0, 2) == cost(1_000, 300)


# What was built on it


def test_a_row_that_has_changed_or_gone_since_is_named(desk: test_imports.Desk) -> None:
    bench = desk.bench
    made = desk.done(desk.full())
    result, report = desk.named("results", "r1"), desk.named("reports", "rap")
    change = {"text": "Muuttunut"}
    bench.change("results", result["id"], '"1"', json=change)
    assert bench.change("reports", report["id"], '"1"', "DELETE").status_code == 204
    assert refused(bench, made) == [
        {"resource": "results", "id": result["id"], "code": "changed_since"},
        {"resource": "reports", "id": report["id"], "code": "gone"},
    ]


def test_a_row_that_another_refers_to_is_named_with_that_one(desk: test_imports.Desk) -> None:
    bench = desk.bench
    made = desk.done(desk.full())
    goal, meeting = desk.named("goals", "t2"), desk.named("meetings", "k1")
    place = {"sub_project_id": made["sub_project_id"]}
    period = {"period_id": bench.world.plan["periods"]}
    result = bench.make("results", goal_id=goal["id"], kind="outcome", text="Uusi", **period)
    survey = bench.make("surveys", goal_ids=[goal["id"]], **place)
    delivered = {"deliveries": [{"channel": "x", "meeting_id": meeting["id"]}]}
    deliverable = bench.make("deliverables", **place, **delivered)
    found = [
        (fault["code"], fault["id"], fault["by"]["resource"], fault["by"]["id"])
        for fault in refused(bench, made)
    ]
    osa, each = (
        made["sub_project_id"],
        {"results": result, "surveys": survey, "deliverables": deliverable},
    )
    assert sorted(found) == sorted(
        ("referred_to", target, stem, str(key))
        for target, stem, key in (
            *((goal["id"], "results", result), (goal["id"], "surveys", survey)),
            *((osa, stem, key) for stem, key in each.items()),
            (meeting["id"], "deliverables", deliverable),
        )
    )


def test_what_a_row_referred_to_has_to_be_there(desk: test_imports.Desk) -> None:
    bench, document = desk.bench, desk.full()
    desk.done(document)
    later = copy.deepcopy(document)
    later["meetings"][0]["participants"] = []
    later["sub_project"]["contact"] = later["reports"][0]["contact"] = None
    made = desk.done(later)
    onni = desk.named("contacts", "onni")["id"]
    assert bench.change("contacts", onni, '"1"', "DELETE").status_code == 204
    assert refused(bench, made) == [{"resource": "contacts", "id": onni, "code": "gone"}]


def test_what_was_there_has_to_find_its_name_free(spreadsheets: test_table_imports.Desk) -> None:
    bench = spreadsheets.bench
    key = bench.make("contacts", name="Onni", external_id="vanha")
    body = json.dumps({"id": str(key), "external_id": "uusi"})
    made = spreadsheets.send("contacts", body, NDJSON).get_json()
    bench.make("contacts", name="Toinen", external_id="vanha")
    assert refused(bench, made) == [{"resource": "contacts", "id": str(key), "code": "duplicate"}]


def test_a_hundred_are_named_and_the_others_counted(spreadsheets: test_table_imports.Desk) -> None:
    bench = spreadsheets.bench
    lines = "".join(f"k{n},Nimi\r\n" for n in range(150))
    made = spreadsheets.send("contacts", f"external_id,name\r\n{lines}").get_json()
    again = lines.replace("Nimi", "Muu")
    spreadsheets.counts("contacts", f"external_id,name\r\n{again}")
    told = undo(bench, made, **{"Accept-Language": "sv"}).get_json()
    assert (len(told["errors"]), told["more"]) == (100, 50)
    assert told["title"] == "Något har byggts på denna import sedan dess"
    assert {fault["detail"] for fault in told["errors"]} == {"Den har ändrats sedan dess."}


# What can't be undone


def test_an_import_is_undone_once(desk: test_imports.Desk) -> None:
    made = desk.done(desk.full())
    undone(desk.bench, made)
    assert refused(desk.bench, made, "already_undone") == []


def test_whose_import_it_is_not_finds_none(desk: test_imports.Desk) -> None:
    bench = desk.bench
    made = desk.done(desk.full())
    strangers = bench.other_manager, bench.ministry
    viewer = bearer(bench.app, "viewer", bench.world.a.provider_id)
    before = contents(bench.app)
    assert code(undo(bench, made, strangers[0])) == (404, "not_found")
    assert code(undo(bench, {"id": uuid.uuid4()})) == (404, "not_found")
    assert code(undo(bench, made, viewer)) == (403, "forbidden")
    assert code(undo(bench, made, strangers[1])) == (403, "forbidden")
    assert contents(bench.app) == before


def aged(bench: Bench, made: Row, by: timedelta) -> None:
    """As if the import had been so long ago."""
    key = uuid.UUID(made["id"])
    past = datetime.fromisoformat(made["created_at"]) - by
    older = uuid.UUID(int=(int(past.timestamp() * 1000) << 80) | (key.int & ((1 << 80) - 1)))
    with bench.app.extensions["database"].session() as session:
        session.enter(Scope(provider_id=bench.world.a.provider_id))
        session.execute(sa.update(Import).where(Import.id == key).values(created_at=past))
        session.execute(sa.update(Import).where(Import.id == key).values(id=older))
        session.execute(
            sa.update(ImportRow).where(ImportRow.import_id == key).values(import_id=older)
        )
        session.commit()
    made["id"] = str(older)


def kept(bench: Bench) -> int:
    return len(contents(bench.app)["import_rows"])


def test_after_thirty_days_it_is_too_late(desk: test_imports.Desk) -> None:
    made = desk.done(desk.full())
    aged(desk.bench, made, traces.KEPT + timedelta(minutes=1))
    assert refused(desk.bench, made, "too_old_to_undo") == []


def test_until_then_it_is_not(desk: test_imports.Desk) -> None:
    made = desk.done(desk.full())
    aged(desk.bench, made, traces.KEPT - timedelta(minutes=1))
    undone(desk.bench, made)


def test_an_import_of_which_not_all_is_known_is_not_undone(desk: test_imports.Desk) -> None:
    """Such as one from before it was kept."""
    made = desk.done(desk.full())
    with desk.bench.app.extensions["database"].session() as session:
        session.enter(Scope(provider_id=desk.bench.world.a.provider_id))
        session.execute(sa.delete(ImportRow).where(ImportRow.position == 0))
        session.commit()
    assert refused(desk.bench, made, "too_old_to_undo") == []


def test_what_is_too_old_is_forgotten_as_fast_as_new_rows_come(
    spreadsheets: test_table_imports.Desk,
) -> None:
    bench = spreadsheets.bench
    many = 3 * sweeps.AT_ONCE
    lines = "".join(f"k{n},Nimi\r\n" for n in range(many))
    made = spreadsheets.send("contacts", f"external_id,name\r\n{lines}").get_json()
    aged(bench, made, traces.KEPT + timedelta(minutes=1))
    two = "external_id,name\r\nu1,Uusi\r\nu2,Uusi\r\n"
    late = spreadsheets.send("contacts", two).get_json()
    assert kept(bench) == many - sweeps.AT_ONCE - 2 + 2
    undone(bench, late)
    assert kept(bench) == many - sweeps.AT_ONCE - 2


def test_what_is_undone_or_only_tried_is_not_kept(desk: test_imports.Desk) -> None:
    desk.send(desk.full(), dry_run="true")
    assert kept(desk.bench) == 0
    undone(desk.bench, desk.done(desk.full()))
    assert kept(desk.bench) == 0
