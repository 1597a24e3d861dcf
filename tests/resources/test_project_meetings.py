from tests.examples import Bench, places


def test_a_meeting_in_the_plan_may_know_no_more_than_its_period(bench: Bench) -> None:
    period = str(bench.world.plan["periods"])
    vague = {"date": None, "start_time": None, "end_time": None, "date_precision": "period"}
    made = bench.create("project_meetings", **vague, period_id=period)
    assert (made.status_code, made.get_json()["date"]) == (201, None)
    nowhere = bench.create("project_meetings", **vague, period_id=None)
    assert places(nowhere) == [("/period_id", "period_missing")]


def test_everyone_who_takes_part_sees_the_calendar(bench: Bench) -> None:
    key, _ = bench.created("project_meetings")
    assert bench.open("project_meetings", key, by=bench.other_manager).status_code == 200
