"""What stands behind a submitted or accepted report stays as it is, in whichever way one would write it."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.test import TestResponse

from api.services import locks, rows
from tests.accounts import code
from tests.examples import CHANGES, Bench, statements, url
from tests.factories import make
from tests.resources.test_life import Desk
from tests.routes import PLAN_STEMS, RECORD_STEMS, contents

# What a report of the spring holds in the world of the tests: each is dated in it, or says so.
OF_THE_SPRING = ("measurements", "results", "meetings", "surveys")
OF_NO_PERIOD = ("disseminations", "deliverables")
FRAME = ("goals", "indicators")
WHOLE = ("sub_projects", "contacts", "reports")
STEMS = (*FRAME, *OF_THE_SPRING, "feedback", *OF_NO_PERIOD, *WHOLE)
LETS_GO = {"submitted": ["withdraw", "return"], "accepted": ["reopen"]}


@pytest.fixture
def desk(bench: Bench) -> Desk:
    return Desk(bench)


def held_by(response: TestResponse) -> dict[str, Any]:
    assert code(response) == (409, "locked"), response.text
    report: dict[str, Any] = response.get_json()["report"]
    return report


def final(desk: Desk) -> uuid.UUID:
    """A report of all periods, which is submitted."""
    key = desk.new(period_ids=[])
    desk.take("submit", key=key)
    return key


def spring(desk: Desk) -> uuid.UUID:
    """A report of the spring alone, which is submitted: the world's."""
    desk.take("submit")
    return desk.report


def another_period(desk: Desk) -> str:
    project = desk.bench.world.plan["projects"]
    days = {"first_day": "2012-08-01", "last_day": "2012-12-31"}
    return str(desk.bench.make("periods", project_id=project, code="2012-autumn", **days))


def body(desk: Desk, stem: str) -> dict[str, Any]:
    """What would make another row beside the world's."""
    made = desk.bench.body(stem)
    ids = desk.bench.world.a.ids
    if stem == "measurements":
        made["indicator_id"] = str(
            make(desk.bench.app, "indicators", desk.bench.world.a.provider_id, goal_id=ids["goals"])
        )
    if stem == "goals":
        made |= {"sub_project_id": str(ids["sub_projects"]), "project_goal_id": None}
    return made


def writes(desk: Desk, stem: str) -> Iterator[tuple[str, TestResponse]]:
    """Every way to change or delete the world's row of a resource by itself."""
    bench, key = desk.bench, desk.bench.world.a.ids[stem]
    name, value = CHANGES[stem]
    shown = bench.open(stem, key)
    etag, row = shown.headers["ETag"], shown.get_json()
    sendable = {n: row[n] for n in rows.model_of(stem).schema.writable().fields if n in row}
    external = f"by-external-id/{row['external_id']}"
    yield "patch", bench.change(stem, key, etag, json={name: value})
    yield "replace", bench.change(stem, key, etag, "PUT", json=sendable | {name: value})
    yield "delete", bench.change(stem, key, etag, "DELETE")
    yield "upsert", bench.open(stem, external, "PUT", json=sendable | {name: value})
    operation = {
        **{"id": "x", "method": "PATCH", "path": url(stem, key).removeprefix("/api/v1")},
        **{"headers": {"If-Match": etag.partition(".")[0].strip('"').join('""')}},
        "body": {name: value},
    }
    sent = bench.client.post(
        "/api/v1/batch", headers=bench.manager, json={"operations": [operation]}
    )
    (answer,) = sent.get_json()["responses"]
    assert (answer["status"], answer["body"]["code"]) == (409, "locked"), answer
    yield "table", table(bench, stem, {"id": str(key), name: value})


def table(bench: Bench, stem: str, *lines: dict[str, Any], **query: str) -> TestResponse:
    headers = bench.manager | {"Content-Type": "application/x-ndjson"}
    text = "".join(json.dumps(line) + "\n" for line in lines)
    return bench.client.post(
        f"/api/v1/imports/{stem.replace('_', '-')}", headers=headers, data=text, query_string=query
    )


@pytest.mark.parametrize("stem", STEMS)
def test_no_way_of_writing_changes_what_a_report_of_all_periods_holds(
    desk: Desk, stem: str
) -> None:
    key = desk.report if stem == "reports" else final(desk)
    if stem == "reports":
        spring(desk)
    desk.take("accept", key=key)
    before = contents(desk.bench.app)
    for way, response in writes(desk, stem):
        if way == "table":
            (fault,) = response.get_json()["errors"]
            assert (response.status_code, fault["code"], fault["row"]) == (422, "locked", 1)
            assert fault["report"]["id"] == str(key)
            continue
        report = held_by(response)
        assert report == {"id": str(key), "state": "accepted", "unlocked_by": ["reopen"]}, way
    assert contents(desk.bench.app) == before
    desk.take("reopen", key=key)
    name, value = CHANGES[stem]
    row = desk.bench.world.a.ids[stem]
    etag = desk.bench.open(stem, row).headers["ETag"]
    changed = desk.bench.change(stem, row, etag, json={name: value})
    assert changed.status_code == 200, changed.text


@pytest.mark.parametrize("stem", [*FRAME, *OF_THE_SPRING, "feedback", *OF_NO_PERIOD])
def test_nothing_is_added_to_a_sub_project_with_a_report_of_all_periods(
    desk: Desk, stem: str
) -> None:
    new = body(desk, stem)
    key = final(desk)
    before = contents(desk.bench.app)
    response = desk.bench.open(stem, method="POST", json=new)
    assert held_by(response)["id"] == str(key)
    assert response.get_json()["report"]["unlocked_by"] == ["withdraw", "return"]
    assert contents(desk.bench.app) == before
    desk.take("withdraw", key=key)
    made = desk.bench.open(stem, method="POST", json=new)
    assert made.status_code == 201, made.text


def test_a_report_of_a_period_holds_what_is_of_that_period_and_no_more(desk: Desk) -> None:
    autumn, spring_id = another_period(desk), str(desk.bench.world.plan["periods"])
    goal = str(desk.bench.world.a.ids["goals"])
    later = desk.bench.make("results", goal_id=goal, period_id=autumn)
    spring(desk)
    new = {"goal_id": goal, "kind": "activity", "text": "Uusi"}
    held_by(desk.bench.open("results", method="POST", json=new | {"period_id": spring_id}))
    made = desk.bench.open("results", method="POST", json=new | {"period_id": autumn})
    assert made.status_code == 201
    etag = desk.bench.open("results", later).headers["ETag"]
    held_by(desk.bench.change("results", later, etag, json={"period_id": spring_id}))
    changed = desk.bench.change("results", later, etag, json={"text": "Toinen"})
    assert changed.status_code == 200
    first = desk.bench.world.a.ids["results"]
    etag = desk.bench.open("results", first).headers["ETag"]
    held_by(desk.bench.change("results", first, etag, json={"period_id": autumn}))


def test_a_record_without_a_period_is_of_that_in_which_its_day_falls(desk: Desk) -> None:
    another_period(desk)
    home = {"sub_project_id": str(desk.sub_project)}
    spring(desk)

    def status(stem: str, **given: Any) -> int:
        return desk.bench.open(stem, method="POST", json=home | given).status_code

    meeting = {"kind": "other"}
    assert status("meetings", **meeting, date="2012-07-31") == 409
    assert status("meetings", **meeting, date="2012-08-01") == 201
    assert status("meetings", **meeting) == 201  # of no period: only a report of all holds it
    assert status("surveys", title="Kysely", opens_on="2012-07-01", closes_on="2012-08-15") == 201
    assert status("surveys", title="Kysely", opens_on="2012-07-01", closes_on="2012-07-15") == 409
    assert status("surveys", title="Kysely", opens_on="2012-07-01") == 409
    point = {"source": "students", "point": "Hyvä"}
    there = str(desk.bench.world.a.ids["meetings"])
    assert status("feedback", **point, meeting_id=there) == 409  # of the period of its meeting
    assert status("feedback", **point, meeting_id=there, date="2012-08-15") == 201
    assert status("deliverables", kind="model", title="Malli", date="2012-05-01") == 409


def test_goals_and_indicators_that_come_later_do_not_stand_behind_a_report_of_a_period(
    desk: Desk,
) -> None:
    spring(desk)
    for stem in FRAME:
        made = desk.bench.open(stem, method="POST", json=body(desk, stem))
        assert made.status_code == 201, made.text
        name, value = CHANGES[stem]
        etag, key = made.headers["ETag"], made.get_json()["id"]
        assert desk.bench.change(stem, key, etag, json={name: value}).status_code == 200
        there = desk.bench.world.a.ids[stem]
        etag = desk.bench.open(stem, there).headers["ETag"]
        held_by(desk.bench.change(stem, there, etag, json={name: value}))


def test_a_final_report_holds_all_of_it_though_it_names_every_period(desk: Desk) -> None:
    key = desk.new(kind="final", period_ids=[desk.bench.world.plan["periods"]])
    desk.take("submit", key=key)
    for stem in FRAME:
        made = desk.bench.open(stem, method="POST", json=body(desk, stem))
        assert (made.status_code, made.get_json()["code"]) == (409, "locked")


def test_other_sub_projects_and_contacts_are_written_as_ever(desk: Desk) -> None:
    final(desk)
    elsewhere = str(desk.bench.sub_project)
    given = {"sub_project_id": elsewhere, "text": "Tavoite"}
    assert desk.bench.open("goals", method="POST", json=given).status_code == 201
    key, etag = desk.bench.created("contacts")
    assert desk.bench.change("contacts", key, etag, json={"name": "Toinen"}).status_code == 200
    report = {"sub_project_id": str(desk.sub_project)}
    assert desk.bench.open("reports", method="POST", json=report).status_code == 201


def test_the_contact_of_the_report_goes_before_that_of_the_sub_project(desk: Desk) -> None:
    own = desk.bench.make("contacts")
    key = desk.new(contact_id=own)
    desk.take("submit", key=key)
    for contact, status in ((own, 409), (desk.bench.world.a.ids["contacts"], 200)):
        etag = desk.bench.open("contacts", contact).headers["ETag"]
        changed = desk.bench.change("contacts", contact, etag, json={"phone": "040"})
        assert changed.status_code == status


def test_of_two_reports_that_hold_it_both_must_let_go(desk: Desk) -> None:
    spring(desk)
    key = final(desk)
    result = desk.bench.world.a.ids["results"]
    etag = desk.bench.open("results", result).headers["ETag"]
    desk.take("return", key=key)
    assert held_by(desk.bench.change("results", result, etag, json={"text": "x"}))["id"] == str(
        desk.report
    )
    desk.take("return")
    assert desk.bench.change("results", result, etag, json={"text": "x"}).status_code == 200


def test_what_is_taken_over_from_the_plan_is_held_too(desk: Desk) -> None:
    project = desk.bench.world.plan["projects"]
    desk.bench.make("project_goals", project_id=project)
    final(desk)
    given = {"sub_project_id": str(desk.sub_project)}
    for stem in ("goals", "meetings"):
        if stem == "meetings":
            desk.bench.make("project_meetings", project_id=project)
        path = f"/api/v1/{stem}/take-over"
        held_by(desk.bench.client.post(path, headers=desk.bench.manager, json=given))


def test_a_table_tells_of_each_row_that_is_held_and_keeps_the_others_if_asked(desk: Desk) -> None:
    autumn, spring_id = another_period(desk), str(desk.bench.world.plan["periods"])
    goal = str(desk.bench.world.a.ids["goals"])
    spring(desk)
    lines = [
        {
            "external_id": f"r{n}",
            **{"goal_id": goal, "kind": "activity", "text": "Uusi"},
            "period_id": period,
        }
        for n, period in enumerate((spring_id, autumn, spring_id), 1)
    ]
    for dry in ("true", "false"):
        told = table(desk.bench, "results", *lines, dry_run=dry, partial="true").get_json()
        assert [(one["row"], one["code"]) for one in told["errors"]] == [
            *((1, "locked"), (3, "locked"))
        ]
        assert {one["report"]["id"] for one in told["errors"]} == {str(desk.report)}
        assert told["counts"]["results"] == {
            **{"created": 1, "updated": 0, "unchanged": 0},
            "refused": 2,
        }
    names = {row["external_id"] for row in desk.bench.open("results").get_json()["items"]}
    assert "r2" in names
    assert not names & {"r1", "r3"}


def test_a_whole_sub_project_that_says_the_same_is_let_in_and_one_that_says_else_is_not(
    desk: Desk,
) -> None:
    final(desk)
    bench, ids = desk.bench, desk.bench.world.a.ids
    acronym = bench.open("projects", bench.world.plan["projects"]).get_json()["acronym"]
    document: dict[str, Any] = {
        "project": acronym,
        "sub_project": {"external_id": "canary-a-sub_projects"},
        "results": [{"external_id": "canary-a-results"}],
    }
    path = "/api/v1/imports"
    same = bench.client.post(path, headers=bench.manager, json=document)
    assert same.status_code == 201, same.text
    document["results"][0]["text"] = "Toinen"
    document["goals"] = [{"external_id": "uusi", "text": "Uusi"}]
    for query in ({"dry_run": "true"}, {}):
        told = bench.client.post(path, headers=bench.manager, json=document, query_string=query)
        faults = [(one["pointer"], one["code"]) for one in told.get_json()["errors"]]
        assert (told.status_code, sorted(faults)) == (
            422,
            [("/goals/0", "locked"), ("/results/0", "locked")],
        )
    assert bench.open("results", ids["results"]).get_json()["text"] == "canary-a result"


def test_an_import_of_what_a_report_holds_is_not_undone(desk: Desk) -> None:
    made = table(
        desk.bench, "results", {"id": str(desk.bench.world.a.ids["results"]), "text": "Toinen"}
    ).get_json()
    goal = {"external_id": "g", "sub_project_id": str(desk.sub_project), "text": "Uusi"}
    new = table(desk.bench, "goals", goal).get_json()
    spring(desk)
    before = contents(desk.bench.app)
    for one in (made, new):
        path = f"/api/v1/imports/{one['id']}/undo"
        held_by(desk.bench.client.post(path, headers=desk.bench.manager))
    assert contents(desk.bench.app) == before
    desk.take("return")
    for one in (made, new):
        path = f"/api/v1/imports/{one['id']}/undo"
        assert desk.bench.client.post(path, headers=desk.bench.manager).status_code == 200


def test_many_rows_of_a_file_cost_one_look_at_the_locks(desk: Desk) -> None:
    def asked(count: int, mark: str) -> int:
        goal, period = desk.bench.world.a.ids["goals"], desk.bench.world.plan["periods"]
        fixed = {"goal_id": str(goal), "period_id": str(period), "kind": "activity", "text": "x"}
        lines = [{"external_id": f"{mark}{n}", **fixed} for n in range(count)]
        with statements(desk.bench.app) as sent:
            assert table(desk.bench, "results", *lines).status_code == 201
        return len([text for text in sent if "sub_projects.locks" in text])

    assert [asked(2, "few"), asked(200, "many")] == [1, 1]


def test_every_resource_of_a_sub_project_is_held_a_new_one_too() -> None:
    for stem in RECORD_STEMS:
        of_sub_project = "sub_project_id" in rows.model_of(stem).__table__.c
        assert locks.may_refuse(stem, "create") == (of_sub_project and stem not in locks.ALONE)
        assert locks.may_refuse(stem, "update")
        assert not locks.may_refuse(stem, "read")
        placing = {"period_id", *locks.DAYS} & {*rows.model_of(stem).__table__.c.keys()}
        known = stem in {*locks.ALONE, *locks.FRAME, *OF_NO_PERIOD}
        assert placing or known, f"{stem}: by which day does it stand in a period? See locks.DAYS"
    assert not [stem for stem in PLAN_STEMS if locks.may_refuse(stem, "update")]


def test_what_a_sub_project_says_of_its_reports_is_what_they_are(desk: Desk) -> None:
    """The copy in its row never leaves the states of the reports behind."""
    for actions in (("submit", "accept"), ("reopen", "submit"), ("withdraw",)):
        for action in actions:
            state = desk.take(action)["state"]
            with desk.bench.app.extensions["database"].all_providers() as session:
                kept = session.scalar(
                    locks.sa.select(locks.SubProject.locks).where(
                        locks.SubProject.id == desk.sub_project
                    )
                )
            held = [(one["report_id"], one["state"]) for one in kept or ()]
            assert held == ([(str(desk.report), state)] if state in LETS_GO else [])
