"""The check of a report as a caller asks for it; what its rules find is told in tests/services/test_checks.py."""

from typing import Any

import pytest

from schemas.vocabulary import ReportAction
from tests.accounts import code
from tests.examples import Bench
from tests.resources.test_life import Desk


@pytest.fixture
def desk(bench: Bench) -> Desk:
    return Desk(bench)


def checked(desk: Desk, by: str = "manager", key: object = None) -> dict[str, Any]:
    response = desk.read("/check", by, key)
    assert response.status_code == 200, response.text
    shown: dict[str, Any] = response.get_json()
    return shown


def refused(desk: Desk, key: object) -> list[str]:
    """What the actions say that a submission lacks."""
    (submit,) = (one for one in desk.items("actions", key=key) if one["action"] == "submit")
    return [place for refusal in submit["refusals"] for place in refusal["missing"]]


def test_the_check_the_actions_and_the_submission_say_the_same(desk: Desk) -> None:
    empty = desk.bench.make("reports", sub_project_id=desk.bench.sub_project)
    unnamed = desk.bench.make("reports", sub_project_id=desk.bench.sub_project, kind="interim")
    other = desk.bench.make(
        "periods", project_id=desk.bench.world.plan["projects"], code="2012-autumn"
    )
    partial = desk.new(period_ids=[other])
    for key, wanted in (
        (empty, ["/contact_id", "/form/goals"]),
        (unnamed, ["/contact_id", "/period_ids", "/form/goals"]),
        (partial, ["/period_ids"]),
        (desk.report, []),
    ):
        shown = checked(desk, key=key)
        blockers = [one["pointer"] for one in shown["items"] if one["severity"] == "blocker"]
        assert blockers == wanted == refused(desk, key)
        assert (shown["complete"], shown["blockers"]) == (not wanted, len(wanted))
        response = desk.send(ReportAction.SUBMIT, key)
        if wanted:
            assert code(response) == (409, "incomplete")
            assert [one["pointer"] for one in response.get_json()["errors"]] == wanted
        else:
            assert response.status_code == 200


def test_a_finding_leads_to_the_row_and_the_field_to_mend(desk: Desk) -> None:
    ids = desk.bench.world.a.ids
    indicator = desk.bench.make("indicators", goal_id=ids["goals"], unit="%")
    period = desk.bench.world.plan["periods"]
    key = desk.bench.make("measurements", indicator_id=indicator, period_id=period, value=100.5)
    found = {one["code"]: one for one in checked(desk)["items"]}["value_out_of_range"]
    assert (found["resource"], found["id"], found["field"]) == ("measurements", str(key), "value")
    assert (found["goal_id"], found["period_id"]) == (str(ids["goals"]), str(period))
    place = desk.read().get_json()
    for part in found["pointer"].split("/")[1:]:
        place = place[int(part)] if isinstance(place, list) else place[part]
    assert place == 100.5


def test_a_cell_that_nobody_filled_in_is_told_with_its_goal_and_period_until_it_is(
    desk: Desk,
) -> None:
    goal = desk.bench.make("goals", sub_project_id=desk.sub_project)
    period = desk.bench.world.plan["periods"]

    def missing() -> list[tuple[str, str]]:
        found = [one for one in checked(desk)["items"] if one["code"] == "cell_missing"]
        return [(one["goal_id"], one["period_id"]) for one in found]

    assert missing() == [(str(goal), str(period))]
    cells = {one["goal_id"]: one for one in checked(desk)["cells"]}
    assert (cells[str(goal)]["state"], cells[str(goal)]["warnings"]) == ("missing", 1)
    reason = {"kind": "nothing_to_report", "text": None, "reason": "Ei vielä."}
    desk.bench.make("results", goal_id=goal, period_id=period, **reason)
    assert missing() == []


def test_findings_are_in_the_language_that_is_asked_for(desk: Desk) -> None:
    key = desk.bench.make("reports", sub_project_id=desk.bench.sub_project)
    for language, text in (
        ("fi", "Osahankkeella ei ole tavoitetta."),
        ("sv-FI", "Delprojektet har inget mål."),
        ("de", "The sub-project has no goal."),
    ):
        desk.callers["manager"] = desk.bench.manager | {"Accept-Language": language}
        response = desk.read("/check", key=key)
        assert text in [one["detail"] for one in response.get_json()["items"]]
        assert response.headers["Content-Language"] == language.replace("-FI", "").replace(
            "de", "en"
        )
        assert "Accept-Language" in response.headers["Vary"]


def test_whoever_reads_a_report_reads_its_check_and_nobody_else(desk: Desk) -> None:
    shown = checked(desk)
    for who in ("viewer", "editor", "reviewer", "a provider's client", "the ministry's client"):
        assert checked(desk, who) == shown
    assert code(desk.read("/check", "another's manager")) == (404, "not_found")
    assert code(desk.read("/check", "admin")) == (403, "forbidden")


def test_a_report_that_was_submitted_can_still_be_checked(desk: Desk) -> None:
    desk.take("submit")
    assert checked(desk, "reviewer")["complete"] is True


@pytest.mark.parametrize(("language", "told"), [("fi", "kevät 2012"), ("sv", "våren 2012")])
def test_periods_and_states_are_said_in_words(desk: Desk, language: str, told: str) -> None:
    desk.bench.make("goals", sub_project_id=desk.sub_project)
    by = desk.bench.manager | {"Accept-Language": language}
    found = desk.bench.open("reports", f"{desk.report}/check", by=by).get_json()["items"]
    (missing,) = (one["detail"] for one in found if one["code"] == "cell_missing")
    assert missing.endswith(f"{told}.")
    actions = desk.bench.open("reports", f"{desk.report}/actions", by=by).get_json()["items"]
    texts = [one["detail"] for action in actions for one in action["refusals"]]
    words = {"fi": "Sen tila on: Luonnos.", "sv": "Dess status är: Utkast."}
    assert words[language] in texts
