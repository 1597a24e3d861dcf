from typing import Any

from tests.examples import Bench, places


def test_what_became_of_feedback_is_told_action_by_action(bench: Bench) -> None:
    actions: list[dict[str, Any]] = [
        {"text": "Lisätään kenttä", "state": "done", "decided_on": None, "done_on": "2013-01-07"},
        {"text": "Ei tehdä", "state": "declined", "decided_on": "2012-12-13", "done_on": None},
    ]
    key, etag = bench.created("feedback", actions=actions)
    assert bench.open("feedback", key).get_json()["actions"] == actions
    more = [*actions, {"text": "Harkitaan"}]
    changed = bench.change("feedback", key, etag, json={"actions": more}).get_json()["actions"]
    assert changed[2]["state"] == "open"


def test_a_fault_in_an_action_is_pointed_at(bench: Bench) -> None:
    actions = [{"text": "Hyvä"}, {"text": "Huono", "state": "perhaps", "who": "?"}]
    assert sorted(places(bench.create("feedback", actions=actions))) == [
        ("/actions/1/state", "unknown_word"),
        ("/actions/1/who", "unknown_field"),
    ]


def test_feedback_may_come_from_outside_meetings_and_surveys(bench: Bench) -> None:
    alone = dict.fromkeys(
        ("meeting_id", "survey_id", "about_survey_id", "about_deliverable_id", "source_name")
    )
    assert bench.create("feedback", **alone).status_code == 201
