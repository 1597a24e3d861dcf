"""Several operations in one request: each as if it came alone, and all of them in one transaction."""

import logging
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from api.app import create_app
from tests.examples import Bench, places, url
from tests.factories import bearer
from tests.routes import MISSING, OPERATIONS, contents

BATCH = "/api/v1/batch"


@pytest.fixture
def bench(app: Flask) -> Bench:
    return Bench(app)


def send(bench: Bench, *operations: dict[str, Any], **given: Any) -> TestResponse:
    headers = given.pop("headers", None) or bench.manager
    body = {"operations": list(operations)} | given
    return bench.client.post(BATCH, json=body, headers=headers)


def answers(bench: Bench, *operations: dict[str, Any], **given: Any) -> list[dict[str, Any]]:
    response = send(bench, *operations, **given)
    assert response.status_code == 200, response.text
    told: list[dict[str, Any]] = response.get_json()["responses"]
    return told


def statuses(told: list[dict[str, Any]]) -> list[int]:
    return [answer["status"] for answer in told]


def contact(name: str, **more: Any) -> dict[str, Any]:
    return {"method": "POST", "path": "/contacts", "body": {"name": name}} | more


def names(bench: Bench) -> set[str]:
    items = bench.open("contacts").get_json()["items"]
    return {item["name"] for item in items}


# each as if it came alone


def test_an_operation_answers_what_it_would_answer_alone(bench: Bench) -> None:
    goal = bench.world.a.ids["goals"]
    read, listed, missing, nowhere = answers(
        bench,
        {"id": "one", "method": "GET", "path": f"/goals/{goal}"},
        {"method": "GET", "path": "/goals?limit=1"},
        {"method": "GET", "path": f"/goals/{MISSING}"},
        {"method": "GET", "path": "/nowhere"},
    )
    alone = bench.open("goals", goal)
    assert read["id"] == "one"
    assert (read["status"], read["body"]) == (200, alone.get_json())
    assert read["headers"] == {"ETag": alone.headers["ETag"], "Content-Type": "application/json"}
    assert listed["id"] is None
    assert listed["body"] == bench.open("goals", query_string={"limit": 1}).get_json()
    assert (missing["status"], missing["body"]["code"]) == (404, "not_found")
    assert missing["headers"]["Content-Type"] == "application/problem+json"
    assert (nowhere["status"], nowhere["body"]["code"]) == (404, "not_found")


def test_a_row_is_made_changed_and_deleted(bench: Bench) -> None:
    key, etag = bench.created("contacts")
    path = f"/contacts/{key}"
    made, patched, replaced, deleted = answers(
        bench,
        contact("Uusi"),
        {"method": "PATCH", "path": path, "headers": {"If-Match": etag}, "body": {"phone": "1"}},
        {"method": "PUT", "path": path, "headers": {"If-Match": '"2"'}, "body": {"name": "Toinen"}},
        {"method": "DELETE", "path": path, "headers": {"If-Match": '"3"'}},
    )
    assert statuses([made, patched, replaced, deleted]) == [201, 200, 200, 204]
    assert made["headers"]["Location"] == url("contacts", made["body"]["id"])
    assert (patched["body"]["phone"], patched["headers"]["ETag"]) == ("1", '"2"')
    assert (replaced["body"]["name"], replaced["body"]["phone"]) == ("Toinen", None)
    assert (deleted["body"], deleted["headers"].get("ETag")) == (None, None)
    assert "Uusi" in names(bench)
    assert "Toinen" not in names(bench)


def test_conditions_and_languages_are_those_of_the_operation(bench: Bench) -> None:
    goal = bench.world.a.ids["goals"]
    etag = bench.open("goals", goal).headers["ETag"]
    path, lacking = f"/goals/{goal}", {"method": "GET", "path": f"/goals/{MISSING}"}
    known, finnish, swedish = answers(
        bench,
        {"method": "GET", "path": path, "headers": {"If-None-Match": etag}},
        lacking,
        lacking | {"headers": {"Accept-Language": "sv"}},
        headers=bench.manager | {"Accept-Language": "fi"},
    )
    assert (known["status"], known["body"], known["headers"]["ETag"]) == (304, None, etag)
    assert finnish["body"]["code"] == swedish["body"]["code"]
    assert finnish["body"]["title"] != swedish["body"]["title"]


def test_a_page_comes_as_one_text(bench: Bench) -> None:
    report = bench.world.a.ids["reports"]
    (page,) = answers(bench, {"method": "GET", "path": f"/reports/{report}?format=html"})
    assert page["status"] == 200
    assert page["headers"]["Content-Type"].startswith("text/html")
    assert page["body"].startswith("<!DOCTYPE html>")


def test_rights_are_asked_for_each_operation(bench: Bench) -> None:
    viewer = bearer(bench.app, "viewer", bench.world.a.provider_id)
    theirs = bench.world.b.ids["goals"]
    told = answers(
        bench,
        {"method": "GET", "path": "/contacts"},
        contact("Uusi"),
        {"method": "GET", "path": "/users"},
        {"method": "GET", "path": f"/goals/{theirs}"},
        headers=viewer,
    )
    assert statuses(told) == [200, 403, 403, 404]
    assert "Uusi" not in names(bench)


def test_the_ministry_reads_all_and_writes_the_plan(bench: Bench) -> None:
    programme = bench.body("programmes")
    told = answers(
        bench,
        {"method": "POST", "path": "/programmes", "body": programme},
        {"method": "GET", "path": "/goals"},
        contact("Uusi"),
        headers=bench.ministry,
    )
    assert statuses(told) == [201, 200, 403]
    assert len(told[1]["body"]["items"]) >= 3


def test_who_is_not_signed_in_sends_no_batch(bench: Bench) -> None:
    response = bench.client.post(BATCH, json={"operations": [{"method": "GET", "path": "/goals"}]})
    assert (response.status_code, response.get_json()["code"]) == (401, "unauthenticated")


def test_a_header_cannot_make_a_request_part_of_a_batch(bench: Bench) -> None:
    for name in ("lamppu.part", "Lamppu-Part", "lamppu_part"):
        assert bench.client.get("/api/v1/goals", headers={name: "1"}).status_code == 401


def test_an_operation_without_a_body_where_one_is_needed_is_told_so(bench: Bench) -> None:
    (answer,) = answers(bench, {"method": "POST", "path": "/contacts"})
    assert (answer["status"], answer["body"]["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("number", [10**39, 1e308, -0.0])
def test_a_number_of_any_size_reaches_its_operation(bench: Bench, number: float) -> None:
    (answer,) = answers(bench, contact("Uusi", body={"name": number}))
    assert answer["status"] == 422
    assert answer["body"]["errors"][0]["pointer"] == "/name"


def test_each_operation_has_a_request_id_of_its_own_and_is_logged(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "lamppu.requests"):
        told = answers(
            bench,
            {"method": "GET", "path": "/goals?limit=1"},
            {"method": "GET", "path": f"/goals/{MISSING}"},
            headers=bench.manager | {"X-Request-ID": "x" * 64},
        )
    assert told[1]["body"]["request_id"] == "x" * 64 + ".2"
    assert told[1]["body"]["instance"] == f"/api/v1/goals/{MISSING}"
    lines = [record.getMessage() for record in caplog.records]
    assert [line.split()[:3] for line in lines] == [
        ["GET", "'/api/v1/goals'", "200"],
        ["GET", f"'/api/v1/goals/{MISSING}'", "404"],
        ["POST", "'/api/v1/batch'", "200"],
    ]
    assert lines[0].endswith("x" * 64 + ".1")


def test_each_operation_counts_for_the_rate_limit(bench: Bench, settings: dict[str, Any]) -> None:
    limited = create_app(settings | {"RATE_LIMIT": 5})
    limited.extensions["meter"].clock = lambda: 1_000_000_000.0
    body = {"operations": [{"method": "GET", "path": "/goals"}] * 6}
    response = limited.test_client().post(BATCH, json=body, headers=bench.manager)
    limited.extensions["database"].close()
    told = response.get_json()["responses"]
    assert statuses(told) == [200, 200, 200, 200, 429, 429]  # the batch is one itself
    assert told[-1]["headers"]["Retry-After"] == "20"


# one transaction


def test_what_is_refused_leaves_nothing_and_the_others_stand(bench: Bench) -> None:
    known = bench.body("contacts") | {"external_id": "sama"}
    told = answers(
        bench,
        contact("Eka"),
        contact("", body=known),
        contact("", body=known),
        contact("", body={"name": 1}),
        contact("Vika"),
    )
    assert statuses(told) == [201, 201, 409, 422, 201]
    assert {"Eka", known["name"], "Vika"} <= names(bench)


def test_a_later_operation_sees_what_an_earlier_one_wrote(bench: Bench) -> None:
    made, listed = answers(bench, contact("Uusi"), {"method": "GET", "path": "/contacts"})
    assert made["body"] in listed["body"]["items"]


def test_of_an_atomic_batch_a_refusal_undoes_everything(bench: Bench) -> None:
    manager, before = bench.manager, contents(bench.app)
    told = answers(
        bench,
        contact("Eka", id="a"),
        {"method": "GET", "path": "/nowhere", "id": "b"},
        contact("Vika", id="c"),
        {"method": "GET", "path": "/nowhere/either", "id": "d"},
        atomic=True,
        headers=manager,
    )
    assert contents(bench.app) == before
    assert statuses(told) == [424, 404, 424, 424]
    assert [answer["id"] for answer in told] == ["a", "b", "c", "d"]
    for number in (0, 2, 3):
        problem = told[number]["body"]
        assert (problem["status"], problem["code"]) == (424, "failed_dependency")
        assert problem["request_id"].endswith(f".{number + 1}")
        assert told[number]["headers"]["Content-Type"] == "application/problem+json"


def test_of_an_atomic_batch_all_is_done_when_nothing_is_refused(bench: Bench) -> None:
    told = answers(bench, contact("Eka"), contact("Toka"), atomic=True)
    assert statuses(told) == [201, 201]
    assert {"Eka", "Toka"} <= names(bench)


def test_a_row_that_changed_meanwhile_is_a_conflict_of_its_operation_alone(bench: Bench) -> None:
    key, etag = bench.created("contacts")
    change = {"method": "PATCH", "path": f"/contacts/{key}", "headers": {"If-Match": etag}}
    told = answers(bench, change | {"body": {"phone": "1"}}, change | {"body": {"phone": "2"}})
    assert statuses(told) == [200, 412]
    assert told[1]["body"]["current_version"] == 2
    assert bench.open("contacts", key).get_json()["phone"] == "1"


# one operation after another


def test_a_goal_and_its_results_are_made_in_one_request(bench: Bench) -> None:
    result = bench.body("results")
    told = answers(
        bench,
        {"id": "goal", "method": "POST", "path": "/goals", "body": bench.body("goals")},
        {
            "id": "result-1",
            "method": "POST",
            "path": "/results",
            "body": result
            | {"goal_id": "{{goal.id}}", "text": "{{goal.text}} (v{{goal.version}})"},
        },
        {"method": "GET", "path": "/results/{{result-1.id}}"},
        {"method": "GET", "path": "/results?goal_id={{goal.id}}"},
        atomic=True,
    )
    assert statuses(told) == [201, 201, 200, 200], told
    goal, made = told[0]["body"], told[1]["body"]
    assert made["goal_id"] == goal["id"]
    assert made["text"] == f"{goal['text']} (v1)"
    assert told[2]["body"] == made
    assert told[3]["body"]["items"] == [made]


def test_a_reference_alone_keeps_its_type_and_is_found_at_any_depth(bench: Bench) -> None:
    (made, copied) = answers(
        bench,
        {"id": "m", "method": "POST", "path": "/meetings", "body": bench.body("meetings")},
        {
            "method": "POST",
            "path": "/meetings",
            "body": {
                **bench.body("meetings"),
                "goal_ids": "{{m.goal_ids}}",
                "open_to_all": "{{m.open_to_all}}",
                "participants": [{"name": "{{m.title}}"}],
            },
        },
    )
    assert copied["status"] == 201, copied
    assert copied["body"]["goal_ids"] == made["body"]["goal_ids"]
    assert copied["body"]["open_to_all"] is True
    assert copied["body"]["participants"][0]["name"] == made["body"]["title"]


def test_what_refers_to_a_refused_operation_is_not_done(bench: Bench) -> None:
    told = answers(
        bench,
        contact("", id="a", body={"name": 1}),
        contact("{{a.name}}"),
        {"method": "GET", "path": "/contacts/{{a.id}}"},
    )
    assert statuses(told) == [422, 424, 424]
    assert told[1]["body"]["code"] == "failed_dependency"


@pytest.mark.parametrize("member", ["nothing", "phone", "items"])
def test_a_member_that_is_not_there_or_is_no_text_is_told(bench: Bench, member: str) -> None:
    """`phone` is there, but null: as the whole value it may stand, within a text it may not."""
    told = answers(
        bench,
        contact("Eka", id="a"),
        contact("x", body={"name": f"a {{{{a.{member}}}}}"}),
        {"method": "GET", "path": f"/contacts/{{{{a.{member}}}}}"},
    )
    assert statuses(told) == [201, 422, 422]
    assert places_in(told[1]) == [("/name", "unknown_member")]
    assert places_in(told[2]) == [("path", "unknown_member")]


def places_in(answer: dict[str, Any]) -> list[tuple[str, str]]:
    faults = answer["body"]["errors"]
    return [(fault.get("pointer") or fault.get("parameter"), fault["code"]) for fault in faults]


def test_what_stands_in_a_path_for_a_member_can_be_no_more_than_one_step_of_it(
    bench: Bench,
) -> None:
    told = answers(
        bench,
        contact(f"{bench.world.a.ids['contacts']}?fields=name", id="a"),
        {"method": "GET", "path": "/contacts/{{a.name}}"},
    )
    assert told[1]["status"] == 404


# the batch itself


@pytest.mark.parametrize(
    ("path", "code"),
    [
        *(
            (f"/{stem}", "not_in_batch")
            for stem in ("batch", "imports", "auth/me", "docs", "auth?x")
        ),
        ("/auth/login", "not_in_batch"),
        ("/contacts/{{nobody.id}}", "unknown_operation"),
        ("goals", "wrong_format"),
        ("//goals", "wrong_format"),
        ("/api/v1/../goals ", "wrong_format"),
        ("/%61uth/me", "wrong_format"),
        ("/{{a.b}}/login", "wrong_format"),
        ("/goals#x", "wrong_format"),
        ("/goals?q=ä", "wrong_format"),
        ("https://lamppu.example/goals", "wrong_format"),
        ("", "blank"),
    ],
)
def test_a_path_that_is_none_of_a_batch_refuses_the_batch(
    bench: Bench, path: str, code: str
) -> None:
    response = send(bench, contact("Uusi", id="a"), {"method": "GET", "path": path})
    assert response.status_code == 422
    assert places(response) == [("/operations/1/path", code)]
    assert "Uusi" not in names(bench)


def test_a_reference_to_no_earlier_operation_is_told_by_its_place(bench: Bench) -> None:
    body = {"name": "x", "colleges": ["y", {"z": "{{later.id}}"}]}
    response = send(bench, contact("x", body=body), contact("y", id="later"))
    assert response.status_code == 422
    assert places(response) == [("/operations/0/body/colleges/1/z", "unknown_operation")]


def test_two_operations_with_one_id_are_refused(bench: Bench) -> None:
    response = send(bench, contact("x", id="a"), contact("y"), contact("z", id="a"))
    assert places(response) == [("/operations/2/id", "repeated")]


def test_a_header_that_is_none_of_an_operation_is_refused(bench: Bench) -> None:
    for name in ("Authorization", "Content-Type", "Idempotency-Key", "if_match"):
        response = send(bench, contact("x", headers={name: "x"}))
        assert places(response) == [(f"/operations/0/headers/{name}", "unknown_field")]


def test_there_are_at_most_50_operations(bench: Bench) -> None:
    one = {"method": "GET", "path": "/goals?limit=1"}
    assert statuses(answers(bench, *[one] * 50)) == [200] * 50
    assert places(send(bench, *[one] * 51)) == [("/operations", "too_long")]
    assert answers(bench) == []


def test_under_an_idempotency_key_a_batch_is_done_once(bench: Bench) -> None:
    keyed = bench.manager | {"Idempotency-Key": "k"}
    first = send(bench, contact("Uusi"), headers=keyed)
    again = send(bench, contact("Uusi"), headers=keyed)
    assert again.get_json() == first.get_json()
    assert again.headers["Idempotency-Replayed"] == "true"
    listed = bench.open("contacts").get_json()["items"]
    assert [item["name"] for item in listed].count("Uusi") == 1


def test_a_batch_that_was_undone_may_be_sent_again_under_its_key(bench: Bench) -> None:
    keyed = bench.manager | {"Idempotency-Key": "k"}
    other = bench.body("contacts") | {"external_id": "sama"}
    bench.open("contacts", method="POST", json=other)
    batch = (contact("Uusi"), contact("", body=other | {"name": "Toinen"}))
    assert statuses(answers(bench, *batch, atomic=True, headers=keyed)) == [424, 409]
    (row,) = bench.open("contacts", query_string={"external_id": "sama"}).get_json()["items"]
    bench.change("contacts", row["id"], '"1"', "DELETE")
    assert statuses(answers(bench, *batch, atomic=True, headers=keyed)) == [201, 201]


def test_every_resource_but_the_excepted_ones_can_be_read_in_a_batch(bench: Bench) -> None:
    lists = [o.rule.removeprefix("/api/v1") for n, o in OPERATIONS.items() if n.endswith(".list")]
    lists.remove("/imports")
    told = answers(bench, *({"method": "GET", "path": path} for path in lists))
    assert set(statuses(told)) == {200}
