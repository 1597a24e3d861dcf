"""Rows with the rows that they refer to, or that belong to them: as far as the caller may read, and no further."""

from typing import Any

import pytest
from flask import Flask

from api.services import rows
from schemas.fields import Reference
from tests.examples import Bench, places, url
from tests.factories import bearer
from tests.routes import OPERATIONS, ROW_STEMS, Ground


def expanded(bench: Bench, stem: str, key: object, by: Any = None, **query: Any) -> dict[str, Any]:
    response = bench.open(stem, key, by=by, query_string=query)
    assert response.status_code == 200, response.text
    row: dict[str, Any] = response.get_json()
    return row


@pytest.fixture
def ground(app: Flask) -> Ground:
    return Ground(app, app.test_client())


def test_every_reference_of_every_resource_can_be_expanded(ground: Ground) -> None:
    tried = 0
    for stem in ROW_STEMS:
        operation = OPERATIONS[f"{stem}.list"]
        references = {
            name.removesuffix("_id"): (name, field.target)
            for name, field in rows.model_of(stem).schema().dump_fields.items()
            if isinstance(field, Reference)
        }
        if not references:
            continue
        headers = ground.writer(stem)
        query = {"expand": ",".join(references)}
        page = ground.client.get(operation.rule, headers=headers, query_string=query)
        assert page.status_code == 200, page.text
        for row in page.get_json()["items"]:
            for name, (column, target) in references.items():
                path = OPERATIONS[f"{target}.list"].rule
                alone = ground.client.get(f"{path}/{row[column]}", headers=headers)
                if row[column] and alone.status_code == 200:
                    tried += 1
                    told = {k: v for k, v in alone.get_json().items() if k != "form"}
                    assert row[name] == told, (stem, name)
                else:
                    assert row[name] is None
    assert tried > 40


def test_what_belongs_to_a_row_comes_in_its_own_order(bench: Bench) -> None:
    goal, _ = bench.created("goals", project_goal_id=None)
    empty, _ = bench.created("goals", project_goal_id=None)
    made = {n: bench.created("results", goal_id=goal, position=n)[0] for n in (3, 1, 2)}
    twin, _ = bench.created("results", goal_id=goal, position=2)
    row = expanded(bench, "goals", goal, expand="results,indicators")
    assert [result["id"] for result in row["results"]] == [made[1], made[2], twin, made[3]]
    assert row["results"][0] == bench.open("results", made[1]).get_json()
    assert row["indicators"] == []
    query = {"expand": "results", "sort": "-created_at", "limit": 2}
    page = bench.open("goals", query_string=query).get_json()["items"]
    assert [(one["id"], len(one["results"])) for one in page] == [(empty, 0), (goal, 4)]


def test_members_stand_beside_the_chosen_fields(bench: Bench) -> None:
    key = bench.world.a.ids["results"]
    row = expanded(bench, "results", key, expand="goal,period", fields="text")
    assert [*row] == ["id", "text", "goal", "period"]
    assert row["goal"]["id"] == str(bench.world.a.ids["goals"])
    assert row["period"]["code"] == "2012-spring"


def test_what_the_caller_may_not_read_is_null(app: Flask, bench: Bench) -> None:
    """A script with rights to the records alone hears nothing of the plan, whose ids it sees."""
    key = bench.world.a.ids["results"]
    records = bearer(app, None, bench.world.a.provider_id, ["records:read"])
    row = expanded(bench, "results", key, by=records, expand="goal,period,provider")
    assert row["period_id"] == str(bench.world.plan["periods"])
    assert (row["period"], row["goal"]["id"]) == (None, row["goal_id"])
    both = bearer(app, None, bench.world.a.provider_id, ["records:read", "plan:read"])
    assert expanded(bench, "results", key, by=both, expand="period")["period"]["id"]
    ministry = bearer(app, None, None, ["records:read"])
    row = expanded(bench, "results", key, by=ministry, expand="goal,period")
    assert (row["period"], row["goal"]["id"]) == (None, row["goal_id"])


def test_the_ministry_meets_each_row_with_its_own_provider(bench: Bench) -> None:
    world = bench.world
    query = {"expand": "sub_project,provider,results", "fields": "text"}
    page = bench.open("goals", by=bench.ministry, query_string=query).get_json()
    found = {row["id"]: row for row in page["items"]}
    for one in (world.a, world.b, world.c):
        row = found[str(one.ids["goals"])]
        assert row["sub_project"]["id"] == str(one.ids["sub_projects"])
        assert row["provider"]["id"] == str(one.provider_id)
        assert [result["id"] for result in row["results"]] == [str(one.ids["results"])]


def test_no_more_than_a_thousand_rows_are_shown_with_a_page(bench: Bench) -> None:
    project = bench.open("projects", bench.world.plan["projects"]).get_json()["acronym"]
    for goal, results in (("x", 600), ("y", 400), ("z", 1)):
        document = {
            "project": project,
            "sub_project": {"external_id": "big"},
            "goals": [{"external_id": goal, "text": goal}],
            "results": [
                {
                    "external_id": f"{goal}{n}",
                    "goal": goal,
                    "period": "2012-spring",
                    "kind": "activity",
                    "text": "T",
                }
                for n in range(results)
            ],
        }
        made = bench.client.post(url("imports"), json=document, headers=bench.manager)
        assert made.status_code == 201, made.text
    sub_project = made.get_json()["sub_project_id"]
    query = {"sub_project_id": sub_project, "expand": "results"}
    assert bench.open("goals", query_string=query | {"limit": 2}).status_code == 200
    response = bench.open("goals", query_string=query)
    assert response.status_code == 422
    assert places(response) == [("expand", "too_many_to_expand")]
    assert "limit" in response.get_json()["errors"][0]["detail"]
    # What is asked for beside it counts too.
    response = bench.open(
        "goals", query_string=query | {"limit": 2, "expand": "results,indicators"}
    )
    assert response.status_code == 200
    (goal,) = bench.open("goals", query_string="external_id=x").get_json()["items"]
    bench.created("indicators", goal_id=goal["id"])
    response = bench.open(
        "goals", query_string=query | {"limit": 2, "expand": "results,indicators"}
    )
    assert places(response) == [("expand", "too_many_to_expand")]


def test_a_report_comes_with_or_without_its_form_and_with_what_it_refers_to(bench: Bench) -> None:
    key = bench.world.a.ids["reports"]
    whole = expanded(bench, "reports", key, expand="sub_project,contact")
    assert whole["form"]["goals"]
    assert whole["sub_project"]["id"] == whole["sub_project_id"]
    assert whole["contact"] is None
    light = expanded(bench, "reports", key, fields="state,title")
    assert [*light] == ["id", "title", "state"]
    form = expanded(bench, "reports", key, fields="form")
    assert [*form] == ["id", "form"]
    assert form["form"] == whole["form"]
    for query in ({"fields": "form"}, {"expand": "contact"}):
        response = bench.open("reports", key, query_string=query | {"format": "html"})
        assert response.status_code == 422
        assert places(response) == [("format", "not_for_pages")]
