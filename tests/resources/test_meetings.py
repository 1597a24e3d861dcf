import uuid
from typing import Any

from werkzeug.test import TestResponse

from tests.examples import Bench, places

WHEN = (
    "date",
    "date_precision",
    "period_id",
    "start_time",
    "end_time",
    "date_note",
)


def take_over(bench: Bench, **given: object) -> TestResponse:
    body = {"sub_project_id": str(bench.sub_project)} | given
    return bench.client.post("/api/v1/meetings/take-over", json=body, headers=bench.manager)


def taken(response: TestResponse) -> list[str]:
    assert response.status_code == 201, response.text
    return [row["project_meeting_id"] for row in response.get_json()["items"]]


def test_the_networks_calendar_is_taken_over_in_one_call(bench: Bench) -> None:
    planned = bench.create("project_meetings").get_json()
    first, second = take_over(bench).get_json()["items"]
    assert first["project_meeting_id"] == str(bench.world.plan["project_meetings"])
    carried = (*WHEN, "kind", "title", "mode", "platform", "place", "host", "open_to_all", "status")
    assert {name: second[name] for name in carried} == {name: planned[name] for name in carried}
    assert second["project_meeting_id"] == planned["id"]
    own = ("attendance", "participants", "goal_ids", "external_id")
    assert [second[name] for name in own] == [None, [], [], None]
    assert taken(take_over(bench)) == []


def test_chosen_meetings_are_taken_over_and_the_rest_later(bench: Bench) -> None:
    first = str(bench.world.plan["project_meetings"])
    second, _ = bench.created("project_meetings")
    assert taken(take_over(bench, project_meeting_ids=[second])) == [second]
    assert taken(take_over(bench, project_meeting_ids=[second])) == []
    assert taken(take_over(bench)) == [first]


def test_a_meeting_that_is_not_in_the_calendar_is_pointed_at(bench: Bench) -> None:
    first = str(bench.world.plan["project_meetings"])
    for stranger in (str(bench.world.other_plan["project_meetings"]), str(uuid.UUID(int=0))):
        response = take_over(bench, project_meeting_ids=[first, stranger])
        assert places(response) == [("/project_meeting_ids/1", "not_found")]
    response = take_over(bench, sub_project_id=str(bench.world.b.ids["sub_projects"]))
    assert places(response) == [("/sub_project_id", "not_found")]
    query = {"sub_project_id": bench.sub_project}
    assert bench.open("meetings", query_string=query).get_json()["items"] == []


def meeting(bench: Bench, **when: Any) -> TestResponse:
    given = dict.fromkeys(WHEN) | when
    if given["period_id"]:
        given["period_id"] = str(bench.world.plan["periods"])
    return bench.create("meetings", **given)


def test_a_meeting_is_dated_as_exactly_as_is_known(bench: Bench) -> None:
    day = {"date": "2012-12-13"}
    cases: list[tuple[dict[str, Any], str | None]] = [
        ({}, None),
        ({"date_note": "loppusyksystä"}, None),
        ({"period_id": True}, None),
        ({"period_id": True, "date_precision": "period"}, "period"),
        ({"date": "2012-12-01", "date_precision": "month"}, "month"),
        (day, "day"),
        (day | {"period_id": True}, "day"),
        (day | {"start_time": "09:00"}, "minute"),
        (day | {"start_time": "09:00", "end_time": "09:00"}, "minute"),
        (day | {"start_time": "00:00", "date_precision": "minute"}, "minute"),
    ]
    for when, precision in cases:
        made = meeting(bench, **when)
        assert made.status_code == 201, made.text
        assert made.get_json()["date_precision"] == precision, when


def test_a_date_that_contradicts_itself_is_refused(bench: Bench) -> None:
    day, nine = {"date": "2012-12-13"}, {"start_time": "09:00"}
    cases: list[tuple[dict[str, Any], tuple[str, str]]] = [
        ({"date_precision": "period"}, ("/period_id", "period_missing")),
        (day | {"date_precision": "period", "period_id": True}, ("/date", "date_not_allowed")),
        ({"date_precision": "month", "period_id": True}, ("/date", "date_missing")),
        ({"date_precision": "day"}, ("/date", "date_missing")),
        (nine | {"date_precision": "minute"}, ("/date", "date_missing")),
        (nine, ("/date", "date_missing")),
        (day | {"date_precision": "minute"}, ("/date_precision", "time_mismatch")),
        (day | nine | {"date_precision": "day"}, ("/date_precision", "time_mismatch")),
        (day | {"end_time": "10:00"}, ("/end_time", "before_start")),
        (day | nine | {"end_time": "08:59"}, ("/end_time", "before_start")),
        (day | {"start_time": "24:00"}, ("/start_time", "wrong_format")),
        (day | {"start_time": "9:00"}, ("/start_time", "wrong_format")),
    ]
    for when, fault in cases:
        assert places(meeting(bench, **when)) == [fault], when


def test_a_patch_may_make_a_date_less_exact_than_it_was(bench: Bench) -> None:
    key, etag = bench.created("meetings")
    rough = dict.fromkeys(("date", "start_time", "end_time")) | {"date_precision": "period"}
    changed = bench.change("meetings", key, etag, json=rough)
    assert changed.get_json()["date_precision"] == "period"


def test_who_was_excused_says_why_and_what_was_done_instead(bench: Bench) -> None:
    contact = str(bench.world.a.ids["contacts"])
    people: list[dict[str, Any]] = [
        {
            "contact_id": contact,
            "name": "Onni Malli",
            "job_title": "yhteyshenkilö",
            "attendance": "excused",
            "reason": "Päällekkäinen tilaisuus",
            "done_instead": "Aineisto toimitettu ennakkoon",
        },
        {
            "contact_id": None,
            "name": "Aino Esimerkki",
            "job_title": None,
            "attendance": "attended",
            "reason": None,
            "done_instead": None,
        },
    ]
    made = bench.create("meetings", participants=people).get_json()
    assert bench.open("meetings", made["id"]).get_json()["participants"] == people


def test_a_participant_is_no_other_providers_contact(bench: Bench) -> None:
    theirs = str(bench.world.b.ids["contacts"])
    people = [{"name": "Oma"}, {"name": "Vieras", "contact_id": theirs}]
    response = bench.create("meetings", participants=people)
    assert places(response) == [("/participants/1/contact_id", "not_found")]
