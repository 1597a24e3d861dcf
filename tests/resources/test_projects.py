from tests.accounts import code
from tests.examples import Bench, places


def test_the_coordinator_words_its_project_but_others_do_not(bench: Bench) -> None:
    key = bench.world.plan["projects"]
    change = {"name": {"sv": "Kvalitet"}}
    refused = bench.change("projects", key, '"1"', json=change, by=bench.other_manager)
    assert code(refused) == (403, "forbidden")
    taken = bench.change("projects", key, '"1"', json=change, by=bench.manager)
    assert taken.get_json()["name"]["sv"] == "Kvalitet"


def test_the_coordinator_can_neither_make_nor_delete_a_project(bench: Bench) -> None:
    made = bench.open("projects", method="POST", json=bench.body("projects"), by=bench.manager)
    assert code(made) == (403, "forbidden")
    key = bench.world.plan["projects"]
    assert code(bench.change("projects", key, '"1"', "DELETE", by=bench.manager)) == (
        403,
        "forbidden",
    )


def test_the_same_acronym_serves_in_two_programmes(bench: Bench) -> None:
    first = bench.create("projects", acronym="LAMPPU")
    other = str(bench.make("programmes"))
    second = bench.create("projects", acronym="LAMPPU", programme_id=other)
    assert [first.status_code, second.status_code] == [201, 201]


def test_a_project_does_not_end_before_it_starts(bench: Bench) -> None:
    wrong = bench.create("projects", starts_on="2012-12-31", ends_on="2012-01-01")
    assert places(wrong) == [("/ends_on", "before_start")]


def test_a_coordinator_does_not_give_its_project_away(bench: Bench) -> None:
    change = {"coordinator_id": str(bench.world.b.provider_id)}
    key = bench.world.plan["projects"]
    refused = bench.change("projects", key, '"1"', json=change, by=bench.manager)
    assert code(refused) == (403, "forbidden")
    assert bench.change("projects", key, '"1"', json=change).status_code == 200
