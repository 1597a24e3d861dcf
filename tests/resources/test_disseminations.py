from tests.examples import Bench, places


def test_a_dissemination_is_of_one_survey_or_one_deliverable(bench: Bench) -> None:
    survey = str(bench.world.a.ids["surveys"])
    deliverable = str(bench.world.a.ids["deliverables"])
    both = bench.create("disseminations", survey_id=survey, deliverable_id=deliverable)
    neither = bench.create("disseminations", survey_id=None, deliverable_id=None)
    for response in (both, neither):
        assert places(response) == [("/survey_id", "one_subject")]
    key, etag = bench.created("disseminations", survey_id=survey, deliverable_id=None)
    half = bench.change("disseminations", key, etag, json={"survey_id": None})
    assert places(half) == [("/survey_id", "one_subject")]
    change = {"survey_id": None, "deliverable_id": deliverable}
    assert bench.change("disseminations", key, etag, json=change).status_code == 200


def test_a_day_alone_is_exact_to_the_day(bench: Bench) -> None:
    made = bench.create("disseminations", date="2012-10-01", date_precision=None)
    assert made.get_json()["date_precision"] == "day"
