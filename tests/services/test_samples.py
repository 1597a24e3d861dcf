"""The sample holds every fact of the report after which LAMPPU was made, and the ministry's system gets them all."""

import base64
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from api.app import create_app
from api.cli import register_commands
from tests.routes import contents
from tests.stock import Stock

SPRING, AUTUMN = "2012-spring", "2012-autumn"
BOTH = {"Onni Malli", "Aino Esimerkki"}

Row = dict[str, Any]


@dataclass
class Sample:
    """What the commands printed and stored, and what the ministry's system then pulled."""

    said: list[str]
    stored: list[dict[str, list[str]]]
    report: Row
    page: str
    listed: dict[str, list[Row]]

    def cell(self, goal: int, period: str) -> Row:
        """A cell of the table by the number of its goal."""
        row = self.report["form"]["goals"][goal - 1]
        return next(cell for cell in row["cells"] if cell["period_code"] == period)


@pytest.fixture(scope="module")
def sample(
    settings: dict[str, object], stock: Stock, tmp_path_factory: pytest.TempPathFactory
) -> Sample:
    stock.clear()
    keys = tmp_path_factory.mktemp("sample") / "jwt-keys.json"
    shutil.copy(str(settings["JWT_KEYS_FILE"]), keys)
    app = create_app(settings | {"JWT_KEYS_FILE": str(keys)})
    register_commands(app)
    said, stored = [], []
    for _ in range(2):
        with app.app_context():
            done = app.test_cli_runner().invoke(args=["sample"], catch_exceptions=False)
        said.append(done.output)
        stored.append(contents(app))
    assert keys.with_name("sample.json").stat().st_mode & 0o077 == 0
    sample = pulled(app.test_client(), said)
    sample.stored = stored
    app.extensions["database"].close()
    return sample


def pulled(client: FlaskClient, said: list[str]) -> Sample:
    """Do as the printed `curl` does."""
    (path,) = re.findall(r"(/api/v1/reports/\S+)", said[0])
    (credentials,) = re.findall(r"-u (\S+:\S+)", said[0])
    basic = base64.b64encode(credentials.encode()).decode()
    token = client.post(
        "/api/v1/auth/token",
        data={"grant_type": "client_credentials"},
        headers={"Authorization": f"Basic {basic}"},
    )
    headers = {"Authorization": f"Bearer {token.get_json()['access_token']}"}
    report = client.get(path, headers=headers)
    page = client.get(f"{path}?format=html", headers=headers)
    assert [report.status_code, page.status_code] == [200, 200]
    listed = {
        stem: client.get(f"/api/v1/{stem}", headers=headers).get_json()["items"]
        for stem in ("reports", "goals", "results", "measurements", "projects")
    }
    return Sample(said, [], report.get_json(), page.text, listed)


def when(row: Row) -> str:
    return str(row["date"] or row["date_precision"])


def test_the_head_says_which_programme_project_and_provider(sample: Sample) -> None:
    form = sample.report["form"]
    assert form["programme"]["name"]["fi"] == "Laatustrategian toimeenpanon tuki"
    project = "Laatua ammatilliseen koulutukseen pohjoisessa (LAMPPU-hanke)"
    assert form["project"]["name"]["fi"] == project
    assert form["project"]["acronym"] == "LAMPPU"
    provider = form["provider"]
    assert provider["name"] == "Kemi-Tornionlaakson koulutuskuntayhtymä Lappia"
    assert (provider["short_name"], provider["kind"]) == ("Lappia", "joint_municipal_authority")
    assert provider["colleges"] == ["Ammattiopisto Lappia"]


def test_the_report_is_the_final_one_and_dated_by_its_author(sample: Sample) -> None:
    assert (sample.report["kind"], sample.report["report_date"]) == ("final", "2013-01-18")
    assert sample.report["language"] == "fi"


def test_the_contact_person_can_be_reached_in_every_way_of_the_form(sample: Sample) -> None:
    contact = sample.report["form"]["contact"]
    assert contact["name"] == "Onni Malli"
    assert contact["email"].endswith("@lappia.example")
    assert contact["phone"]
    assert contact["postal_address"]


def test_six_goals_stand_in_two_periods(sample: Sample) -> None:
    goals = sample.report["form"]["goals"]
    assert [goal["position"] for goal in goals] == [1, 2, 3, 4, 5, 6]
    assert all(goal["text"] for goal in goals)
    codes = [[cell["period_code"] for cell in goal["cells"]] for goal in goals]
    assert codes == [[SPRING, AUTUMN]] * 6


def test_the_goals_come_from_the_plan_and_the_fifth_in_the_providers_own_words(
    sample: Sample,
) -> None:
    goals = sample.report["form"]["goals"]
    assert all(goal["project_goal_id"] for goal in goals)
    assert "Lappia" in goals[4]["text"]


def test_the_cells_that_are_empty_on_the_form_are_missing_here(sample: Sample) -> None:
    states = [[cell["state"] for cell in goal["cells"]] for goal in sample.report["form"]["goals"]]
    full, spring, autumn = ["filled"] * 2, ["filled", "missing"], ["missing", "filled"]
    assert states == [full, spring, autumn, autumn, autumn, autumn]
    assert sample.report["form"]["completeness"]["filled"] == 7


def test_everything_has_its_place_in_the_table(sample: Sample) -> None:
    assert not any(sample.report["form"]["unplaced"].values())


def test_both_attended_seven_meetings_of_the_network(sample: Sample) -> None:
    meetings = {
        period: [
            (when(m), m["kind"], m["mode"], m["platform"], m["place"], m["host"])
            for m in sample.cell(1, period)["meetings"]
        ]
        for period in (SPRING, AUTUMN)
    }

    def remote(day: str) -> tuple[str | None, ...]:
        return (day, "network_meeting", "remote", "iLinc", None, None)

    benchmarking = "benchmarking_visit"
    assert meetings == {
        SPRING: [
            ("2012-01-16", "kick_off", "on_site", None, "Rovaniemi", None),
            remote("2012-02-01"),
            ("2012-03-22", benchmarking, "on_site", None, None, "Kainuun ammattiopisto"),
            remote("2012-05-02"),
        ],
        AUTUMN: [remote("2012-09-11"), remote("2012-10-23"), remote("2012-12-17")],
    }
    for period in meetings:
        for meeting in sample.cell(1, period)["meetings"]:
            assert (meeting["attendance"], meeting["status"]) == ("attended", "held")
            assert meeting["date_precision"] == "day"
            assert {person["name"] for person in meeting["participants"]} == BOTH
            assert {person["attendance"] for person in meeting["participants"]} == {"attended"}
            assert all(person["contact_id"] for person in meeting["participants"])
            assert meeting["project_meeting_id"]


def test_the_two_who_attended_are_named_with_their_tasks(sample: Sample) -> None:
    people = sample.cell(1, SPRING)["meetings"][0]["participants"]
    assert [person["job_title"] for person in people] == [
        "kehityspäällikkö",
        "hankkeen yhteyshenkilö",
    ]


def test_the_survey_went_to_three_groups_and_closed_on_the_last_of_may(sample: Sample) -> None:
    (survey,) = sample.cell(2, SPRING)["surveys"]
    assert survey["closes_on"] == "2012-05-31"
    assert survey["progress"] == "done"
    assert [group["group"] for group in survey["respondent_groups"]] == [
        "students",
        "teachers",
        "workplace_representatives",
    ]
    assert "nykytila" in survey["title"].lower()


def test_its_results_were_spread_to_the_workplaces_in_autumn(sample: Sample) -> None:
    (survey,) = sample.cell(2, SPRING)["surveys"]
    (told,) = sample.cell(3, AUTUMN)["disseminations"]
    assert (told["survey_id"], told["of"]) == (survey["id"], survey["title"])
    assert told["audience"] == "työssäoppimispaikat"
    assert told["by_whom"] == "työssäoppimisesta vastaavat opettajat"
    assert (told["progress"], told["date"], told["date_precision"]) == ("done", None, "period")


def test_the_advisory_board_for_media_dealt_with_them_in_december(sample: Sample) -> None:
    (board,) = sample.cell(4, AUTUMN)["meetings"]
    assert (board["kind"], board["date"]) == ("advisory_board", "2012-12-13")
    assert (board["body"], board["field"]) == ("ammatillinen neuvottelukunta", "viestintäala")
    done, promised = sample.cell(4, AUTUMN)["results"]
    assert [done["progress"], promised["progress"]] == ["done", "planned"]
    assert "viestintäalan" in done["text"]
    assert {"kehittämiseen", "juurruttamiseen"} <= set(promised["text"].split())


def test_both_points_of_its_feedback_are_kept_with_what_becomes_of_them(sample: Sample) -> None:
    (survey,) = sample.cell(2, SPRING)["surveys"]
    (board,) = sample.cell(4, AUTUMN)["meetings"]
    comments, pace = sample.cell(5, AUTUMN)["feedback"]
    for point in (comments, pace):
        assert (point["source"], point["field"]) == ("advisory_board", "viestintäala")
        assert point["meeting_id"] == point["meeting"]["id"] == board["id"]
        assert point["about_survey_id"] == survey["id"]
        assert point["about_deliverable_id"]
        (action,) = point["actions"]
        assert action["state"] == "planned"
    assert "jokaisen kysymyksen" in comments["point"]
    assert "kerran vuodessa" in pace["point"]
    assert "kehitetään" in comments["actions"][0]["text"]
    assert "juurrutetaan" in pace["actions"][0]["text"]


def test_the_model_is_made_and_will_go_through_the_management_team_into_use(
    sample: Sample,
) -> None:
    model, plan = sample.cell(5, AUTUMN)["deliverables"]
    assert (model["kind"], model["progress"]) == ("model", "done")
    stages = {stage["stage"]: stage for stage in model["stages"]}
    assert {*stages} == {"handed_over", "considered", "rolled_out", "embedded"}
    assert {stage["progress"] for stage in stages.values()} == {"planned"}
    for stage in ("handed_over", "considered"):
        assert stages[stage]["body"] == "Ammattiopisto Lappian johtoryhmä"
    assert (plan["kind"], plan["progress"]) == ("plan", "planned")
    assert plan["based_on_id"] == model["id"]


def test_neither_could_come_to_the_closing_seminar_but_their_material_did(sample: Sample) -> None:
    (seminar,) = sample.cell(6, AUTUMN)["meetings"]
    assert (seminar["kind"], seminar["open_to_all"]) == ("closing_seminar", True)
    assert (seminar["date"], seminar["date_precision"]) == (None, "period")
    assert seminar["attendance"] == "excused"
    assert {person["name"] for person in seminar["participants"]} == BOTH
    assert {person["attendance"] for person in seminar["participants"]} == {"excused"}
    assert "Optimaan" in seminar["done_instead"]
    (material,) = sample.cell(6, AUTUMN)["deliverables"]
    (delivery,) = material["deliveries"]
    assert (delivery["channel"], delivery["progress"]) == ("Optima", "done")
    assert delivery["date_note"] == "hyvissä ajoin ennen seminaaria"
    assert delivery["meeting"]["id"] == seminar["id"]


def test_the_page_shows_the_same_facts(sample: Sample) -> None:
    for fact in (
        "18.1.2013",
        "16.1.2012",
        "1.2.2012",
        "22.3.2012",
        "2.5.2012",
        "11.9.2012",
        "23.10.2012",
        "17.12.2012",
        "13.12.2012",
        "31.5.2012",
        "Rovaniemi",
        "iLinc",
        "Kainuun ammattiopisto",
        "Optima",
        "onni.malli@lappia.example",
    ):
        assert fact in sample.page, fact


def test_the_ministry_sees_the_other_providers_reports_too(sample: Sample) -> None:
    assert len({report["provider_id"] for report in sample.listed["reports"]}) == 3
    assert {project["acronym"] for project in sample.listed["projects"]} == {"LAMPPU", "MERI"}
    kinds = {result["kind"] for result in sample.listed["results"]}
    assert kinds == {"activity", "outcome", "nothing_to_report"}
    assert [row["value"] for row in sample.listed["measurements"]] == [52.5]


def test_loading_it_again_changes_nothing_and_says_the_same(sample: Sample) -> None:
    first, second = sample.said
    assert first == second
    assert sample.stored[0] == sample.stored[1]


def test_everyone_in_it_is_invented() -> None:
    folder = Path(__file__).parents[2] / "api" / "samples"
    text = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.json"))
    addresses = re.findall(r"[\w.]+@[\w.]+", text)
    assert len(addresses) >= 8
    assert all(address.endswith(".example") for address in addresses)
    assert set(re.findall(r'"phone": "(.*?)"', text)) == {"050 000 0000"}
