from tests.accounts import code
from tests.examples import Bench, places
from tests.factories import bearer


def test_an_extension_is_later_than_the_periods_own_due_date(bench: Bench) -> None:
    period = bench.make(
        "periods", project_id=bench.world.plan["projects"], code="2013-year", due_on="2013-03-31"
    )
    given = {"period_id": str(period)}
    for day in ("2013-03-30", "2013-03-31"):
        assert places(bench.create("extensions", due_on=day, **given)) == [("/due_on", "not_later")]
    key, etag = bench.created("extensions", due_on="2013-04-01", **given)
    moved = bench.change("extensions", key, etag, json={"due_on": "2013-03-01"})
    assert places(moved) == [("/due_on", "not_later")]


def test_it_is_for_somebody_who_takes_part(bench: Bench) -> None:
    c = str(bench.world.c.provider_id)
    assert places(bench.create("extensions", provider_id=c)) == [("/provider_id", "not_found")]


def test_a_provider_has_one_in_a_period(bench: Bench) -> None:
    body = bench.body("extensions")
    bench.created("extensions", **body)
    again = bench.create("extensions", **body)
    assert code(again) == (409, "duplicate")


def test_it_needs_a_reason(bench: Bench) -> None:
    for reason in ("", "  ", None):
        [(place, _)] = places(bench.create("extensions", reason=reason))
        assert place == "/reason"


def test_the_coordinator_grants_one_in_its_own_project_and_a_guest_does_not(bench: Bench) -> None:
    body = bench.body("extensions") | {"provider_id": str(bench.world.b.provider_id)}
    made = [
        bench.open("extensions", method="POST", json=body, by=by)
        for by in (bench.other_manager, bench.manager)
    ]
    assert [answer.status_code for answer in made] == [403, 201]
    elsewhere = body | {"period_id": str(bench.world.other_plan["periods"])}
    refused = bench.open("extensions", method="POST", json=elsewhere, by=bench.manager)
    assert places(refused) == [("/period_id", "not_found")]


def test_who_takes_part_reads_it_and_nobody_else(bench: Bench) -> None:
    key, _ = bench.created("extensions", provider_id=str(bench.world.b.provider_id))
    seen = [
        bench.open("extensions", key, by=bearer(bench.app, "viewer", one.provider_id)).status_code
        for one in (bench.world.a, bench.world.b, bench.world.c)
    ]
    assert seen == [200, 200, 404]


def test_who_was_given_more_time_does_not_leave_the_project_by_the_way(bench: Bench) -> None:
    newcomer = bench.make("providers")
    key, etag = bench.created("participations", provider_id=str(newcomer))
    bench.created("extensions", provider_id=str(newcomer))
    assert code(bench.change("participations", key, etag, "DELETE")) == (409, "in_use")
