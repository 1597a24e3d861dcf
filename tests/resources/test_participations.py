from tests.accounts import code
from tests.examples import Bench
from tests.factories import bearer


def test_taking_part_opens_the_projects_plan_and_leaving_closes_it(bench: Bench) -> None:
    newcomer = bench.make("providers")
    manager = bearer(bench.app, "manager", newcomer)
    project = bench.world.plan["projects"]
    assert code(bench.open("projects", project, by=manager)) == (404, "not_found")
    key, etag = bench.created("participations", provider_id=str(newcomer))
    assert bench.open("projects", project, by=manager).status_code == 200
    assert bench.change("participations", key, etag, "DELETE").status_code == 204
    assert code(bench.open("projects", project, by=manager)) == (404, "not_found")


def test_a_provider_with_a_sub_project_stays_in_the_project(bench: Bench) -> None:
    query = {"provider_id": bench.world.b.provider_id}
    (row,) = bench.open("participations", query_string=query).get_json()["items"]
    leaving = bench.change("participations", row["id"], '"1"', "DELETE")
    assert code(leaving) == (409, "in_use")


def test_the_coordinator_invites_and_a_guest_does_not(bench: Bench) -> None:
    answers = [
        bench.open("participations", method="POST", json=bench.body("participations"), by=by)
        for by in (bench.manager, bench.other_manager)
    ]
    assert [answer.status_code for answer in answers] == [201, 403]
