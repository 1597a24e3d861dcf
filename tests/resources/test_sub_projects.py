from tests.examples import Bench, places


def test_a_provider_may_have_several_sub_projects_in_a_project(bench: Bench) -> None:
    for _ in range(2):
        bench.created("sub_projects")


def test_the_contact_is_one_of_the_providers_own(bench: Bench) -> None:
    theirs = str(bench.world.b.ids["contacts"])
    key, etag = bench.created("sub_projects")
    refused = bench.change("sub_projects", key, etag, json={"contact_id": theirs})
    assert places(refused) == [("/contact_id", "not_found")]


def test_without_taking_part_there_is_no_sub_project(bench: Bench) -> None:
    unknown = str(bench.world.other_plan["projects"])
    assert places(bench.create("sub_projects", project_id=unknown)) == [
        ("/project_id", "not_found")
    ]
