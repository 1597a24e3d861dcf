from tests.examples import Bench, places


def test_an_indicator_belongs_to_the_sub_project_of_its_goal(bench: Bench) -> None:
    second = bench.make("sub_projects", project_id=bench.world.plan["projects"])
    goal = str(bench.make("goals", sub_project_id=second))
    made = bench.create("indicators", goal_id=goal)
    assert made.get_json()["sub_project_id"] == str(second)


def test_numbers_are_kept_to_the_last_of_four_decimals(bench: Bench) -> None:
    numbers = [0, -0.0001, 0.1, 12.3456, 99_999_999_999, -99_999_999_999, 99_999_999_998.9999]
    for number in numbers:
        made = bench.create("indicators", baseline=number, target=number).get_json()
        read = bench.open("indicators", made["id"]).get_json()
        assert [read["baseline"], read["target"]] == [number, number]


def test_a_number_that_could_not_be_kept_is_refused(bench: Bench) -> None:
    refused = {0.00001: "too_many_decimals", 1e300: "out_of_range", 100_000_000_000: "out_of_range"}
    for number, fault in refused.items():
        assert places(bench.create("indicators", target=number)) == [("/target", fault)]
