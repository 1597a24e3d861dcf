from concurrent.futures import ThreadPoolExecutor, wait

from api.access import Reach
from api.models.deliverables import Deliverable
from api.scope import Scope
from api.services import rows
from tests.examples import Bench, places, statements


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


def test_a_long_way_is_followed_in_one_question_and_only_when_it_changes(bench: Bench) -> None:
    chain = [bench.created("deliverables", based_on_id=None)[0]]
    for _ in range(6):
        chain.append(bench.created("deliverables", based_on_id=chain[-1])[0])
    ends = [bench.created("deliverables", based_on_id=None)[0] for _ in range(2)]
    costs = []
    for end, start in zip(ends, (chain[1], chain[-1]), strict=True):
        with statements(bench.app) as sent:
            done = bench.change("deliverables", end, '"1"', json={"based_on_id": start})
        assert done.status_code == 200
        assert len([one for one in sent if "RECURSIVE" in one]) == 1
        costs.append(len(sent))
    assert costs[0] == costs[1]
    with statements(bench.app) as sent:
        done = bench.change("deliverables", ends[1], '"2"', json={"title": "Uusi"})
    assert done.status_code == 200
    assert not [one for one in sent if "RECURSIVE" in one]


def test_two_changes_at_once_do_not_close_a_circle_between_them(bench: Bench) -> None:
    one, other = (bench.created("deliverables", based_on_id=None)[0] for _ in range(2))
    provider_id, schema = bench.world.a.provider_id, Deliverable.schema.writable()
    data = schema.load(bench.body("deliverables") | {"based_on_id": other})
    _ = bench.manager  # signed in before the database is held
    with bench.app.extensions["database"].session() as session, ThreadPoolExecutor(1) as pool:
        session.enter(Scope(provider_id=provider_id))
        rows.replace(session, session.get_one(Deliverable, (provider_id, one)), data, Reach.OWN)
        change = {"based_on_id": one}
        answer = pool.submit(bench.change, "deliverables", other, '"1"', json=change)
        wait([answer], timeout=0.5)
        session.commit()
        assert places(answer.result()) == [("/based_on_id", "cycle")]


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
