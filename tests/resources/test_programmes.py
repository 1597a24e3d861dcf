from tests.examples import Bench, places


def test_a_name_is_given_in_at_least_one_language(bench: Bench) -> None:
    for name in ({}, {"fi": None, "sv": None}):
        assert places(bench.create("programmes", name=name)) == [("/name", "no_language")]
    key, etag = bench.created("programmes", name={"sv": "Program"})
    last = bench.change("programmes", key, etag, json={"name": {"sv": None}})
    assert places(last) == [("/name", "no_language")]


def test_a_programme_does_not_end_before_it_starts(bench: Bench) -> None:
    wrong = bench.create("programmes", starts_on="2012-01-02", ends_on="2012-01-01")
    assert places(wrong) == [("/ends_on", "before_start")]
    key, etag = bench.created("programmes", starts_on="2012-01-02", ends_on="2012-01-02")
    patched = bench.change("programmes", key, etag, json={"starts_on": "2012-01-03"})
    assert places(patched) == [("/ends_on", "before_start")]


def test_a_provider_sees_the_programmes_of_its_projects(bench: Bench) -> None:
    bench.created("programmes")
    seen = bench.open("programmes", by=bench.other_manager).get_json()["items"]
    assert [row["id"] for row in seen] == [str(bench.world.plan["programmes"])]
