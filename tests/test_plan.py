"""The shared plan: who takes part reads it, who coordinates it writes it, and the ministry decides whose it is."""

import uuid
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from api.services import rows
from tests.factories import World, bearer, make, world
from tests.routes import OPERATIONS, contents

WRITTEN = ("periods", "project_goals", "project_indicators", "project_meetings", "participations")


class Hand:
    """Somebody who reads and writes the plan."""

    def __init__(self, client: FlaskClient, headers: dict[str, str]):
        self.client, self.headers = client, headers

    def send(self, method: str, stem: str, key: Any = None, body: Any = None) -> TestResponse:
        path = OPERATIONS[f"{stem}.list"].rule + (f"/{key}" if key else "")
        headers = self.headers | (
            {"If-Match": '"1"'} if method in ("PUT", "PATCH", "DELETE") else {}
        )
        sent: dict[str, Any] = {} if body is None else {"json": body}
        return self.client.open(path, method=method, headers=headers, **sent)

    def body(self, stem: str, key: uuid.UUID) -> dict[str, Any]:
        answer = self.send("GET", stem, key)
        assert answer.status_code == 200
        fields = rows.model_of(stem).schema.writable().fields
        return {name: value for name, value in answer.get_json().items() if name in fields}


def code(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["code"]


def fault(answer: TestResponse) -> tuple[int, str, str]:
    [found] = answer.get_json()["errors"]
    return answer.status_code, found["pointer"], found["code"]


@pytest.fixture
def ground(app: Flask) -> World:
    """`a` coordinates the project of `a` and `b`, and takes part in that of `c`."""
    made = world(app)
    make(
        app,
        "participations",
        project_id=made.other_plan["projects"],
        provider_id=made.a.provider_id,
    )
    return made


@pytest.fixture
def coordinator(app: Flask, client: FlaskClient, ground: World) -> Hand:
    return Hand(client, bearer(app, "manager", ground.a.provider_id))


@pytest.fixture
def participant(app: Flask, client: FlaskClient, ground: World) -> Hand:
    return Hand(client, bearer(app, "manager", ground.b.provider_id))


@pytest.fixture
def ministry(app: Flask, client: FlaskClient) -> Hand:
    return Hand(client, bearer(app, "reviewer"))


def test_who_coordinates_a_project_sees_it_without_taking_part(
    app: Flask, client: FlaskClient, ground: World
) -> None:
    outsider = make(app, "providers")
    project_id = make(
        app, "projects", programme_id=ground.plan["programmes"], coordinator_id=outsider
    )
    period_id = make(app, "periods", project_id=project_id)
    hand = Hand(client, bearer(app, "viewer", outsider))
    assert hand.send("GET", "projects", project_id).status_code == 200
    assert hand.send("GET", "periods", period_id).status_code == 200
    assert hand.send("GET", "programmes", ground.plan["programmes"]).status_code == 200
    assert hand.send("GET", "projects", ground.plan["projects"]).status_code == 404


def test_who_leaves_a_project_sees_its_plan_no_more(
    app: Flask, client: FlaskClient, ministry: Hand, ground: World
) -> None:
    newcomer = make(app, "providers")
    joined = {"project_id": ground.plan["projects"], "provider_id": newcomer}
    participation = make(app, "participations", **joined)
    hand = Hand(client, bearer(app, "viewer", newcomer))
    assert hand.send("GET", "periods", ground.plan["periods"]).status_code == 200
    assert ministry.send("DELETE", "participations", participation).status_code == 204
    assert hand.send("GET", "periods", ground.plan["periods"]).status_code == 404


def test_the_coordinator_writes_its_projects_plan(coordinator: Hand, ground: World) -> None:
    for stem in WRITTEN:
        body = coordinator.body(stem, ground.plan[stem])
        if stem == "participations":
            body |= {"joined_on": "2012-01-01"}
        else:
            body |= {"code": "2012-autumn"}
        answer = coordinator.send("PUT", stem, ground.plan[stem], body)
        assert answer.status_code == 200, stem
        assert answer.get_json()["version"] == 2
    body = coordinator.body("projects", ground.plan["projects"]) | {"acronym": "NEW"}
    answer = coordinator.send("PUT", "projects", ground.plan["projects"], body)
    assert (answer.status_code, answer.get_json()["acronym"]) == (200, "NEW")


def test_the_coordinator_makes_and_deletes_rows_of_its_projects_plan(
    app: Flask, coordinator: Hand, ground: World
) -> None:
    period = {"code": "2013-spring", "first_day": "2013-01-01", "last_day": "2013-07-31"}
    body = period | {"project_id": str(ground.plan["projects"])}
    made = coordinator.send("POST", "periods", None, body)
    assert made.status_code == 201
    assert coordinator.send("DELETE", "periods", made.get_json()["id"]).status_code == 204
    joining = {"project_id": ground.plan["projects"], "provider_id": ground.c.provider_id}
    joined = coordinator.send(
        "POST", "participations", None, {k: str(v) for k, v in joining.items()}
    )
    assert joined.status_code == 201


def test_whoever_else_takes_part_is_told_that_he_may_not_write_the_plan_he_reads(
    app: Flask, client: FlaskClient, participant: Hand, ground: World
) -> None:
    machine = bearer(app, None, ground.b.provider_id, ["plan:read", "plan:write"])
    before = contents(app)
    for hand in (participant, Hand(client, machine)):
        for stem in (*WRITTEN, "projects"):
            key, body = ground.plan[stem], hand.body(stem, ground.plan[stem])
            for method, row, sent in (
                ("POST", None, body),
                ("PUT", key, body),
                ("PATCH", key, {}),
                ("DELETE", key, None),
            ):
                answer = hand.send(method, stem, row, sent)
                assert code(answer) == (403, "forbidden"), f"{method} {stem}"
    assert contents(app) == before


def test_to_whoever_takes_no_part_there_is_no_plan_to_write(
    app: Flask, participant: Hand, ministry: Hand, ground: World
) -> None:
    before = contents(app)
    for stem in WRITTEN:
        key = ground.other_plan[stem]
        body = ministry.body(stem, key)
        for method, sent in (("PUT", body), ("PATCH", {}), ("DELETE", None)):
            answer = participant.send(method, stem, key, sent)
            assert code(answer) == (404, "not_found"), f"{method} {stem}"
        assert code(participant.send("POST", stem, None, body)) == (422, "invalid"), stem
    assert contents(app) == before


@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_only_managers_of_the_coordinator_write_its_plan(
    app: Flask, client: FlaskClient, ground: World, role: str
) -> None:
    hand = Hand(client, bearer(app, role, ground.a.provider_id))
    for stem in (*WRITTEN, "projects"):
        body = hand.body(stem, ground.plan[stem])
        assert code(hand.send("PUT", stem, ground.plan[stem], body)) == (403, "forbidden")


def test_a_client_of_the_coordinator_writes_the_plan_with_that_scope_only(
    app: Flask, client: FlaskClient, coordinator: Hand, ground: World
) -> None:
    body = coordinator.body("periods", ground.plan["periods"]) | {"due_on": "2012-09-01"}
    for scopes, status in ((["plan:read", "records:write"], 403), (["plan:write"], 200)):
        hand = Hand(client, bearer(app, None, ground.a.provider_id, scopes))
        assert hand.send("PUT", "periods", ground.plan["periods"], body).status_code == status


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_the_coordinator_hands_its_project_to_nobody_and_leaves_it_in_its_programme(
    app: Flask, coordinator: Hand, ground: World, method: str
) -> None:
    before = contents(app)
    key = ground.plan["projects"]
    body = coordinator.body("projects", key)
    for change in (
        {"coordinator_id": str(ground.b.provider_id)},
        {"coordinator_id": str(uuid.uuid4())},
        {"programme_id": str(ground.other_plan["programmes"])},
        {"programme_id": str(make(app, "programmes"))},
        {"programme_id": str(uuid.uuid4())},
    ):
        before = contents(app)
        answer = coordinator.send(method, "projects", key, body | change)
        assert code(answer) == (403, "forbidden"), change
        assert contents(app) == before


def test_the_ministry_hands_a_project_over_and_with_it_the_right_to_write(
    coordinator: Hand, participant: Hand, ministry: Hand, ground: World
) -> None:
    key, period = ground.plan["projects"], ground.plan["periods"]
    change = {"coordinator_id": str(ground.b.provider_id)}
    change |= {"programme_id": str(ground.other_plan["programmes"])}
    assert ministry.send("PATCH", "projects", key, change).status_code == 200
    assert code(coordinator.send("PATCH", "periods", period, {})) == (403, "forbidden")
    assert participant.send("PATCH", "periods", period, {}).status_code == 200


def test_the_coordinator_makes_no_project_and_deletes_none(
    coordinator: Hand, ground: World
) -> None:
    key = ground.plan["projects"]
    body = coordinator.body("projects", key) | {"acronym": "MINE"}
    assert code(coordinator.send("POST", "projects", None, body)) == (403, "forbidden")
    assert code(coordinator.send("DELETE", "projects", key)) == (403, "forbidden")


def test_a_coordinator_moves_nothing_into_a_project_that_it_does_not_coordinate(
    app: Flask, coordinator: Hand, ground: World
) -> None:
    """It takes part in that project, so it sees what it is refused."""
    before = contents(app)
    for stem in WRITTEN:
        key, body = ground.plan[stem], coordinator.body(stem, ground.plan[stem])
        name = "project_goal_id" if stem == "project_indicators" else "project_id"
        target = "project_goals" if stem == "project_indicators" else "projects"
        moved = body | {name: str(ground.other_plan[target])}
        if stem == "project_meetings":
            moved |= {"period_id": None}
        for method in ("PUT", "PATCH"):
            answer = coordinator.send(method, stem, key, moved)
            assert fault(answer) == (422, f"/{name}", "immutable"), f"{method} {stem}"
        assert code(coordinator.send("POST", stem, None, moved)) == (403, "forbidden"), stem
    assert contents(app) == before
