import uuid

from werkzeug.test import TestResponse

from tests.accounts import code
from tests.examples import Bench, places
from tests.factories import bearer


def take_over(bench: Bench, **given: object) -> TestResponse:
    body = {"sub_project_id": str(bench.sub_project)} | given
    return bench.client.post("/api/v1/goals/take-over", json=body, headers=bench.manager)


def plan_goals(bench: Bench) -> list[str]:
    """Three goals in the plan, of which the first has no Swedish."""
    texts = [{"fi": "Yksi"}, {"fi": "Kaksi", "sv": "Två"}, {"sv": "Tre"}]
    made = [bench.create("project_goals", text=text, position=n) for n, text in enumerate(texts, 1)]
    # The world has a goal that would make the tests read worse.
    return [response.get_json()["id"] for response in made]


def taken(response: TestResponse) -> list[tuple[str, str, int]]:
    assert response.status_code == 201, response.text
    rows = response.get_json()["items"]
    return [(row["project_goal_id"], row["text"], row["position"]) for row in rows]


def test_the_whole_plan_is_taken_over_in_one_call(bench: Bench) -> None:
    one, two, three = plan_goals(bench)
    there = str(bench.world.plan["project_goals"])
    goals = taken(take_over(bench, language="sv"))
    assert goals[1:] == [(one, "Yksi", 1), (two, "Två", 2), (three, "Tre", 3)]
    assert goals[0][0] == there
    query = {"sub_project_id": bench.sub_project}
    listed = bench.open("goals", query_string=query).get_json()["items"]
    assert [(row["project_goal_id"], row["text"], row["position"]) for row in listed] == goals


def test_taking_over_again_adds_only_what_is_new(bench: Bench) -> None:
    taken(take_over(bench))
    assert taken(take_over(bench)) == []
    one, *_ = plan_goals(bench)
    mine = taken(take_over(bench, project_goal_ids=[one]))
    assert [goal[0] for goal in mine] == [one]
    assert len(taken(take_over(bench))) == 2


def test_a_goal_reworded_since_is_left_as_it_is(bench: Bench) -> None:
    row = take_over(bench).get_json()["items"][0]
    bench.change("goals", row["id"], '"1"', json={"text": "Omin sanoin"})
    assert taken(take_over(bench)) == []
    assert bench.open("goals", row["id"]).get_json()["text"] == "Omin sanoin"


def test_chosen_goals_are_taken_over_in_the_order_given(bench: Bench) -> None:
    one, _, three = plan_goals(bench)
    goals = taken(take_over(bench, project_goal_ids=[three, one]))
    assert [goal[0] for goal in goals] == [three, one]
    assert taken(take_over(bench, project_goal_ids=[])) == []


def test_a_goal_that_is_not_in_the_projects_plan_is_pointed_at(bench: Bench) -> None:
    one, *_ = plan_goals(bench)
    for stranger in (str(bench.world.other_plan["project_goals"]), str(uuid.UUID(int=0))):
        response = take_over(bench, project_goal_ids=[one, stranger])
        assert places(response) == [("/project_goal_ids/1", "not_found")]
    query = {"sub_project_id": bench.sub_project}
    assert bench.open("goals", query_string=query).get_json()["items"] == []


def test_only_into_a_sub_project_of_ones_own(bench: Bench) -> None:
    for stranger in (bench.world.b.ids["sub_projects"], uuid.uuid4()):
        response = take_over(bench, sub_project_id=str(stranger))
        assert places(response) == [("/sub_project_id", "not_found")]


def test_a_viewer_takes_nothing_over(bench: Bench) -> None:
    viewer = bearer(bench.app, "viewer", bench.world.a.provider_id)
    body = {"sub_project_id": str(bench.sub_project)}
    refused = bench.client.post("/api/v1/goals/take-over", json=body, headers=viewer)
    assert code(refused) == (403, "forbidden")


def test_a_plan_goal_is_taken_over_once_a_sub_project(bench: Bench) -> None:
    there = str(bench.world.plan["project_goals"])
    own = {"sub_project_id": str(bench.sub_project), "project_goal_id": there}
    bench.created("goals", **own)
    again = bench.create("goals", **own)
    assert (code(again), places(again)) == ((409, "duplicate"), [("/project_goal_id", "duplicate")])


def test_goals_of_the_providers_own_have_no_link_and_may_be_many(bench: Bench) -> None:
    for _ in range(2):
        bench.created("goals", project_goal_id=None)
