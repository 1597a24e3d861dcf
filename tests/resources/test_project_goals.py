from tests.accounts import code
from tests.examples import Bench, places


def test_the_coordinator_writes_its_projects_goals_and_no_others(bench: Bench) -> None:
    own = bench.open(
        "project_goals", method="POST", json=bench.body("project_goals"), by=bench.manager
    )
    assert own.status_code == 201
    guest = bench.open(
        "project_goals", method="POST", json=bench.body("project_goals"), by=bench.other_manager
    )
    assert code(guest) == (403, "forbidden")


def test_a_code_is_unique_within_its_project(bench: Bench) -> None:
    other = str(bench.world.other_plan["projects"])
    bench.created("project_goals", code="LAATU")
    bench.created("project_goals", code="LAATU", project_id=other)


def test_a_goal_has_its_text_in_some_language(bench: Bench) -> None:
    assert places(bench.create("project_goals", text={"en": None})) == [("/text", "no_language")]
