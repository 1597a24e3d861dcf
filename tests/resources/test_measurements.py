from tests.accounts import code
from tests.examples import Bench, places


def test_an_indicator_has_one_value_a_period(bench: Bench) -> None:
    """Also when a second one is moved there."""
    first = bench.create("measurements").get_json()
    again = bench.create("measurements", indicator_id=first["indicator_id"])
    assert (code(again), places(again)) == ((409, "duplicate"), [("/period_id", "duplicate")])
    assert "indicator_id, period_id" in again.get_json()["detail"]
    key, etag = bench.created("measurements")
    move = {"indicator_id": first["indicator_id"]}
    moved = bench.change("measurements", key, etag, json=move)
    assert (code(moved), places(moved)) == ((409, "duplicate"), [("/period_id", "duplicate")])
    next_period = str(
        bench.make("periods", project_id=bench.world.plan["projects"], code="2012-autumn")
    )
    later = bench.create("measurements", **move, period_id=next_period)
    assert later.status_code == 201


def test_a_measurement_belongs_to_the_sub_project_of_its_indicator(bench: Bench) -> None:
    made = bench.create("measurements").get_json()
    assert made["sub_project_id"] == str(bench.world.a.ids["sub_projects"])
