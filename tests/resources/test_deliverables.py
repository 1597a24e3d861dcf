from tests.examples import Bench, places


def test_a_deliverable_knows_what_it_is_based_on(bench: Bench) -> None:
    model, _ = bench.created("deliverables", kind="model", based_on_id=None)
    plan = bench.create("deliverables", kind="plan", based_on_id=model).get_json()
    assert plan["based_on_id"] == model
    used = bench.change("deliverables", model, '"1"', "DELETE")
    assert used.get_json()["referring"] == ["deliverables"]


def test_nothing_is_based_on_itself_not_even_by_way_of_others(bench: Bench) -> None:
    first, _ = bench.created("deliverables", based_on_id=None)
    second, _ = bench.created("deliverables", based_on_id=first)
    third, _ = bench.created("deliverables", based_on_id=second)
    for last in (first, second, third):
        circle = bench.change("deliverables", first, '"1"', json={"based_on_id": last})
        assert places(circle) == [("/based_on_id", "cycle")]


def test_stages_done_and_promised_stand_side_by_side(bench: Bench) -> None:
    stages = [
        {"stage": "considered", "body": "johtoryhmä", "date": "2012-12-20"},
        {"stage": "rolled_out", "progress": "planned"},
    ]
    made = bench.create("deliverables", stages=stages).get_json()["stages"]
    assert [(stage["stage"], stage["progress"]) for stage in made] == [
        ("considered", "done"),
        ("rolled_out", "planned"),
    ]
