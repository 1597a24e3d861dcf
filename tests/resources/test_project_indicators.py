from tests.examples import Bench, places


def test_an_indicator_belongs_to_the_project_of_its_goal(bench: Bench) -> None:
    goal = str(bench.world.other_plan["project_goals"])
    made = bench.create("project_indicators", project_goal_id=goal)
    assert made.get_json()["project_id"] == str(bench.world.other_plan["projects"])


def test_the_project_of_an_indicator_is_not_given(bench: Bench) -> None:
    project = str(bench.world.plan["projects"])
    response = bench.create("project_indicators", project_id=project)
    assert places(response) == [("/project_id", "read_only")]
