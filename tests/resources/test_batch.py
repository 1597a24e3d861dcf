"""Several operations in one request: each as if it came alone, and all of them in one transaction."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from api.app import create_app
from api.resources import batch
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


@pytest.fixture
def limited(settings: dict[str, Any]) -> Iterator[Flask]:
    app = create_app(settings | {"RATE_LIMIT": 5})
    app.extensions["meter"].clock = lambda: 1_000_000_000.0
    yield app
    app.extensions["database"].close()


def test_a_batch_counts_with_its_operations_and_is_refused_whole(
    bench: Bench, limited: Flask
) -> None:
    client = limited.test_client()

    def batch(*operations: dict[str, Any]) -> TestResponse:
        body = {"operations": list(operations)}
        return client.post(BATCH, json=body, headers=bench.manager)

    refused = batch(*[contact("Uusi")] * 5)
    assert (refused.status_code, refused.get_json()["code"]) == (429, "too_many_requests")
    assert refused.headers["Retry-After"] == "20"
    assert refused.headers["RateLimit"] == '"caller";r=5;t=20'
    assert "Uusi" not in names(bench)
    done = batch(contact("Toinen"), {"method": "GET", "path": "/goals"}, contact("Kolmas"))
    assert statuses(done.get_json()["responses"]) == [201, 200, 201]
    assert done.headers["RateLimit"] == '"caller";r=1;t=20'
    assert batch({"method": "GET", "path": "/goals"}).status_code == 429
    assert client.get("/api/v1/goals", headers=bench.manager).status_code == 200
    assert client.get("/api/v1/goals", headers=bench.manager).status_code == 429


@pytest.mark.parametrize("body", ["[", "[]", '{"operations": 1}', '{"operations": [1, 2]}'])
def test_a_batch_that_is_none_is_told_so(bench: Bench, body: str) -> None:
    response = bench.client.post(
        BATCH, data=body, content_type="application/json", headers=bench.manager
    )
    assert response.status_code == (400 if body == "[" else 422)


def test_a_batch_that_only_reads_takes_no_lock_to_write(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[bool] = []
    database = bench.app.extensions["database"]
    session = database.session

    def noted(*, write: bool = True) -> Any:
        opened.append(write)
        return session(write=write)

    monkeypatch.setattr(database, "session", noted)
    reads = [{"method": "GET", "path": "/goals"}] * 2
    headers = bench.manager
    opened.clear()
    answers(bench, *reads, headers=headers)
    assert not any(opened)
    answers(bench, *reads, contact("Uusi"), headers=headers)
    assert opened[-1]
    opened.clear()
    answers(bench, *reads, headers=headers | {"Idempotency-Key": "k"})
    assert opened[-1], "the answer is to be kept"


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
            "body": result | {"goal_id": "{{goal.id}}", "text": "{{goal.text}}"},
        },
        {"method": "GET", "path": "/results/{{result-1.id}}"},
        {"method": "GET", "path": "/results?goal_id={{goal.id}}"},
        atomic=True,
    )
    assert statuses(told) == [201, 201, 200, 200], told
    goal, made = told[0]["body"], told[1]["body"]
    assert made["goal_id"] == goal["id"]
    assert made["text"] == goal["text"]
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


@pytest.mark.parametrize("member", ["nothing", "phone", "name"])
def test_a_member_that_is_not_there_or_does_not_fit_is_told(bench: Bench, member: str) -> None:
    """`phone` is there, but null: in a body it may stand, in a path or header it may not."""
    reference = f"{{{{a.{member}}}}}"
    told = answers(
        bench,
        contact("Eka ä", id="a"),
        contact("x", body={"name": "Toka", "phone": reference}),
        {"method": "GET", "path": f"/contacts/{reference}"},
        {"method": "GET", "path": "/contacts", "headers": {"If-Match": f'"{reference}"'}},
    )
    assert statuses(told) == [201, 422 if member == "nothing" else 201, told[2]["status"], 422]
    if member == "nothing":
        assert places_in(told[1]) == [("/phone", "unknown_member")]
    if member == "name":
        assert told[2]["status"] == 404
    else:
        assert places_in(told[2]) == [("path", "unknown_member")]
    assert places_in(told[3]) == [("If-Match", "unknown_member")]


def places_in(answer: dict[str, Any]) -> list[tuple[str, str]]:
    faults = answer["body"]["errors"]
    return [
        (fault.get("pointer") or fault.get("parameter") or fault.get("header"), fault["code"])
        for fault in faults
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Käytä {{nimi}} ja {{a.name}} tai {{x.y}}.",
        "{{nimi}}",
        "{{a.name}} ",
        "{{{a.name}}}",
        "{{l.items.0.id}}",
    ],
)
def test_text_that_is_not_one_reference_is_taken_as_it_is(bench: Bench, text: str) -> None:
    _, made = answers(bench, contact("Eka", id="a"), contact("", body={"name": text}))
    assert made["body"]["name"] == text


def test_a_row_just_made_is_changed_by_the_version_that_its_answer_told(bench: Bench) -> None:
    change = {"method": "PATCH", "path": "/contacts/{{a.id}}", "body": {"phone": "1"}}
    told = answers(
        bench,
        contact("Eka", id="a"),
        change | {"headers": {"If-Match": '"{{a.version}}"'}, "id": "b"},
        {
            "method": "DELETE",
            "path": "/contacts/{{a.id}}",
            "headers": {"If-Match": '"{{a.version}}", "{{b.version}}"'},
        },
    )
    assert statuses(told) == [201, 200, 204]
    assert "Content-Type" not in told[2]["headers"]


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
            for stem in ("batch", "imports", "auth/me/x", "changes", "docs", "auth?x", "auth//me")
        ),
        ("/auth/login", "not_in_batch"),
        ("/contacts/{{nobody.id}}", "unknown_operation"),
        ("/contacts?external_id={{nobody.id}}", "unknown_operation"),
        ("/contacts/{{x}}", "wrong_reference"),
        ("/contacts/{{a.items.0.id}}", "wrong_reference"),
        ("/contacts/x{{a.id}}", "wrong_reference"),
        ("/contacts/{{a.id}}{{a.id}}", "wrong_reference"),
        ("/contacts?q=x/{{a.id}}", "wrong_reference"),
        ("/contacts?{{a.id}}=x", "wrong_reference"),
        ("/contacts?limit=1&{{a.id}}", "wrong_reference"),
        ("/contacts/{{{a.id}}}", "wrong_reference"),
        ("/contacts/}}", "wrong_reference"),
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


def test_a_reference_in_a_header_is_held_to_the_same(bench: Bench) -> None:
    for text, code in (("{{later.id}}", "unknown_operation"), ("{{x}}", "wrong_reference")):
        response = send(bench, contact("x", headers={"If-Match": f'"{text}"'}))
        assert places(response) == [("/operations/0/headers/If-Match", code)]


def test_who_i_am_may_be_asked_in_a_batch_and_nothing_else_of_the_sign_in(bench: Bench) -> None:
    (me,) = answers(bench, {"method": "GET", "path": "/auth/me"})
    assert me["body"] == bench.client.get("/api/v1/auth/me", headers=bench.manager).get_json()
    response = send(bench, {"method": "POST", "path": "/auth/me"})
    assert places(response) == [("/operations/0/path", "not_in_batch")]


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_body_where_none_is_read_is_refused(bench: Bench, method: str) -> None:
    path = f"/contacts/{MISSING}"
    response = send(bench, {"method": method, "path": path, "body": {}})
    assert places(response) == [("/operations/0/body", "not_for_method")]
    (answer,) = answers(bench, {"method": "GET", "path": path, "body": None})
    assert answer["status"] == 404


def test_two_operations_with_one_id_are_refused(bench: Bench) -> None:
    response = send(bench, contact("x", id="a"), contact("y"), contact("z", id="a"))
    assert places(response) == [("/operations/2/id", "repeated")]


def test_a_header_that_is_none_of_an_operation_is_refused(bench: Bench) -> None:
    for name in ("Authorization", "Content-Type", "Idempotency-Key", "if_match", "Prefer"):
        response = send(bench, contact("x", headers={name: "x"}))
        assert places(response) == [(f"/operations/0/headers/{name}", "unknown_field")]


def test_there_are_at_most_50_operations(bench: Bench) -> None:
    one = {"method": "GET", "path": "/goals?limit=1"}
    assert statuses(answers(bench, *[one] * 50)) == [200] * 50
    assert places(send(bench, *[one] * 51)) == [("/operations", "too_long")]
    assert places(send(bench)) == [("/operations", "too_short")]
    without = bench.client.post(BATCH, json={"atomic": True}, headers=bench.manager)
    assert places(without) == [("/operations", "required")]


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
    lists = [path for path in lists if path not in ("/imports", "/schemas")]
    told = answers(bench, *({"method": "GET", "path": path} for path in lists))
    assert set(statuses(told)) == {200}


def test_what_shows_a_secret_or_is_public_is_no_operation(bench: Bench) -> None:
    key, _ = bench.created("clients", provider_id=str(bench.world.a.provider_id))
    told = answers(
        bench,
        {"method": "POST", "path": f"/clients/{key}/secret", "body": {}},
        {"method": "GET", "path": f"/goals/{bench.world.a.ids['goals']}"},
    )
    assert [one["status"] for one in told] == [422, 200]
    assert told[0]["body"]["errors"][0]["code"] == "not_in_batch"
    for path in ("/openapi.json", "/schemas/goals", "/api/v1/goals", "/imports"):
        response = send(bench, {"method": "GET", "path": path})
        assert places(response) == [("/operations/0/path", "not_in_batch")], path


def test_a_body_is_not_filled_beyond_what_may_be_sent(bench: Bench) -> None:
    long = {
        "method": "POST",
        "path": "/goals",
        "body": bench.body("goals") | {"text": "x" * 10_000},
    }
    told = answers(
        bench,
        {"id": "a", **long},
        {"method": "POST", "path": "/contacts", "body": {"name": ["{{a.text}}"] * 200}},
    )
    assert [one["status"] for one in told] == [201, 413]


def test_past_a_size_of_answers_nothing_more_is_done(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "MOST_ANSWERED", 100)
    goal = {"method": "GET", "path": f"/goals/{bench.world.a.ids['goals']}"}
    assert [one["status"] for one in answers(bench, goal, goal)] == [200, 424]


def test_the_conflict_of_an_undone_batch_tells_nothing_that_was_undone(bench: Bench) -> None:
    key, _ = bench.created("goals")
    change = {"method": "PATCH", "path": f"/goals/{key}", "body": {"text": "never kept"}}
    told = answers(
        bench,
        change | {"headers": {"If-Match": '"1"'}},
        change | {"headers": {"If-Match": '"0"'}},
        atomic=True,
    )
    assert [one["status"] for one in told] == [424, 412]
    assert "never kept" not in str(told[1]["body"].get("differences", ""))
    assert "current_version" not in told[1]["body"]
    assert "ETag" not in told[1]["headers"]
