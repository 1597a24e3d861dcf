"""The report as it is compiled from a sub-project's records, and the two forms in which it is sent."""

import base64
import hashlib
import re
import sys
import uuid
from types import FrameType
from typing import Any

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from api.models.measurements import Measurement
from api.resources.exports import XLSX
from api.resources.papers import DOCX
from api.scope import Scope
from api.services import reports
from tests.accounts import code
from tests.documents.pdfs import Pdf, squeezed
from tests.examples import Bench, places, statements, url

# What a browser shows, and what it puts aside.
FILES = {
    "html": "inline",
    "pdf": "inline",
    "docx": "attachment",
    "xlsx": "attachment",
    "csv": "attachment",
}
CITED = ("meetings", "surveys", "disseminations", "feedback", "deliverables")


class Ground:
    """An empty sub-project with a spring and an autumn, and a report of both."""

    def __init__(self, bench: Bench):
        self.bench, self.sub_project = bench, str(bench.sub_project)
        self.spring = str(bench.world.plan["periods"])  # January to July 2012
        self.autumn = self.period("2012-autumn", "2012-08-01", "2012-12-31")
        self.key = self.add("reports", report_date="2013-01-18")

    def period(self, name: str, first: str, last: str) -> str:
        project = self.bench.world.plan["projects"]
        days = {"first_day": first, "last_day": last}
        return str(self.bench.make("periods", project_id=project, code=name, **days))

    def add(self, stem: str, **given: Any) -> str:
        if stem not in ("results", "indicators", "measurements"):
            given["sub_project_id"] = self.sub_project
        return str(self.bench.make(stem, **given))

    def goal(self, text: str = "Tavoite", **given: Any) -> str:
        return self.add("goals", text=text, **given)

    def read(self, key: str = "", **kwargs: Any) -> TestResponse:
        return self.bench.open("reports", key or self.key, **kwargs)

    @property
    def form(self) -> dict[str, Any]:
        form: dict[str, Any] = self.read().get_json()["form"]
        return form

    def cells(self) -> list[list[dict[str, Any]]]:
        return [goal["cells"] for goal in self.form["goals"]]

    def where(self, stem: str, key: str) -> list[str]:
        """In which cells (`goal/period`) and drawers of the form a record stands."""
        form = self.form
        found = [
            f"{goal['text']}/{cell['period_code']}"
            for goal in form["goals"]
            for cell in goal["cells"]
            if key in [row["id"] for row in cell[stem]]
        ]
        return found + ["unplaced"] * (key in [row["id"] for row in form["unplaced"][stem]])


@pytest.fixture
def ground(bench: Bench) -> Ground:
    return Ground(bench)


def test_every_goal_has_a_cell_for_every_period_each_in_its_order(ground: Ground) -> None:
    """Goals by their number, and the periods by the calendar, whatever came first."""
    early = ground.period("2011-autumn", "2011-08-01", "2011-12-31")
    for text, position in (("C", 3), ("B", 1), ("A", 1)):
        ground.goal(text, position=position)
    form = ground.form
    assert [goal["text"] for goal in form["goals"]] == ["B", "A", "C"]
    calendar = [early, ground.spring, ground.autumn]
    assert [period["id"] for period in form["periods"]] == calendar
    for goal in form["goals"]:
        assert [cell["period_id"] for cell in goal["cells"]] == calendar


def test_a_cell_tells_whether_it_is_filled_empty_on_purpose_or_missing(ground: Ground) -> None:
    one, two, three = (ground.goal(position=n) for n in (1, 2, 3))
    ground.add("results", goal_id=one, period_id=ground.spring)
    why = {"text": None, "reason": "Tauko"}
    ground.add("results", goal_id=one, period_id=ground.autumn, kind="nothing_to_report", **why)
    ground.add("results", goal_id=two, period_id=ground.spring, kind="not_applicable", **why)
    # A statement counts only where nothing else stands.
    ground.add("results", goal_id=three, period_id=ground.spring, kind="not_applicable", **why)
    ground.add("meetings", goal_ids=[three], date="2012-03-01")
    assert [[cell["state"] for cell in goal] for goal in ground.cells()] == [
        ["filled", "nothing_to_report"],
        ["not_applicable", "missing"],
        ["filled", "missing"],
    ]
    assert ground.form["completeness"] == {
        "cells": 6,
        "filled": 2,
        "nothing_to_report": 1,
        "not_applicable": 1,
        "missing": 2,
    }


def test_any_kind_of_record_fills_a_cell(ground: Ground) -> None:
    bench, survey = ground.bench, ground.add("surveys", goal_ids=[])
    of = {"disseminations": {"survey_id": survey}}
    for stem in CITED:
        goal = ground.goal(stem)
        when = {"period_id": ground.autumn}
        when |= {} if stem == "surveys" else {"date_precision": "period"}
        when |= {"date": None} if stem == "meetings" else {}
        ground.add(stem, goal_ids=[goal], **when, **of.get(stem, {}))
    goal = ground.goal("measurements")
    indicator = str(bench.make("indicators", goal_id=goal))
    bench.make("measurements", indicator_id=indicator, period_id=ground.autumn)
    states = {
        goal["text"]: [cell["state"] for cell in goal["cells"]] for goal in ground.form["goals"]
    }
    assert states == {stem: ["missing", "filled"] for stem in (*CITED, "measurements")}


def test_results_stand_in_the_cell_they_name_in_their_order(ground: Ground) -> None:
    goal, other = ground.goal("A"), ground.goal("B")
    cell = {"goal_id": goal, "period_id": ground.spring}
    for text, position in (("kolmas", 2), ("eka", 1), ("toinen", 1)):
        ground.add("results", **cell, text=text, position=position)
    ground.add("results", goal_id=other, period_id=ground.spring, text="muualla")
    (spring, autumn), _ = ground.cells()
    assert [row["text"] for row in spring["results"]] == ["eka", "toinen", "kolmas"]
    assert autumn["results"] == []


def test_a_record_stands_in_the_period_in_which_its_day_falls(ground: Ground) -> None:
    goal = ground.goal("G")
    days = {
        "2012-01-01": ["G/2012-spring"],
        "2012-07-31": ["G/2012-spring"],
        "2012-08-01": ["G/2012-autumn"],
        "2012-12-31": ["G/2012-autumn"],
        "2011-12-31": ["unplaced"],
        "2013-01-01": ["unplaced"],
    }
    for day, expected in days.items():
        meeting = ground.add("meetings", goal_ids=[goal], date=day)
        assert ground.where("meetings", meeting) == expected, day


def test_a_record_that_names_its_period_stands_there_whatever_its_day(ground: Ground) -> None:
    goal = ground.goal("G")
    vague = {"date": None, "date_precision": "period", "period_id": ground.autumn}
    assert ground.where("meetings", ground.add("meetings", goal_ids=[goal], **vague)) == [
        "G/2012-autumn"
    ]
    # A kick-off in December that the spring's report tells of.
    early = ground.add("meetings", goal_ids=[goal], date="2011-12-15", period_id=ground.spring)
    assert ground.where("meetings", early) == ["G/2012-spring"]


def test_a_month_and_a_note_are_enough_to_place_a_record(ground: Ground) -> None:
    goal = ground.goal("G")
    month = {"date": "2012-10-01", "date_precision": "month", "date_note": "lokakuussa"}
    key = ground.add("deliverables", goal_ids=[goal], **month)
    assert ground.where("deliverables", key) == ["G/2012-autumn"]
    undated = ground.add("deliverables", goal_ids=[goal], date_note="joskus")
    assert ground.where("deliverables", undated) == ["unplaced"]


def test_a_survey_stands_where_it_closed_or_else_where_it_opened(ground: Ground) -> None:
    goal = ground.goal("G")
    surveys = [
        ({"opens_on": "2012-05-01", "closes_on": "2012-09-01"}, "G/2012-autumn"),
        ({"opens_on": "2012-05-01"}, "G/2012-spring"),
        ({"closes_on": "2012-09-01", "period_id": ground.spring}, "G/2012-spring"),
        ({}, "unplaced"),
    ]
    for days, expected in surveys:
        key = ground.add("surveys", goal_ids=[goal], **days)
        assert ground.where("surveys", key) == [expected], days


def test_feedback_without_a_day_stands_where_its_meeting_does(ground: Ground) -> None:
    goal = ground.goal("G")
    meeting = ground.add("meetings", goal_ids=[], date="2012-12-13")
    given = {"goal_ids": [goal], "meeting_id": meeting}
    undated = ground.add("feedback", **given)
    dated = ground.add("feedback", **given, date="2012-02-01")
    assert ground.where("feedback", undated) == ["G/2012-autumn"]
    assert ground.where("feedback", dated) == ["G/2012-spring"]


def test_a_record_that_serves_several_goals_stands_with_each(ground: Ground) -> None:
    goals = [ground.goal("A"), ground.goal("B")]
    ground.goal("C")
    meeting = ground.add("meetings", goal_ids=goals, date="2012-03-01")
    assert ground.where("meetings", meeting) == ["A/2012-spring", "B/2012-spring"]


def test_a_record_without_a_goal_is_not_lost(ground: Ground) -> None:
    ground.goal("G")
    survey = ground.add("surveys", goal_ids=[], period_id=ground.spring)
    for stem, given in (
        ("meetings", {}),
        ("disseminations", {"survey_id": survey, "date": "2012-02-01"}),
        ("feedback", {"date": "2012-02-01"}),
        ("deliverables", {"date": "2012-02-01"}),
    ):
        key = ground.add(stem, goal_ids=[], **given)
        assert ground.where(stem, key) == ["unplaced"]
    assert ground.where("surveys", survey) == ["unplaced"]
    assert {cell["state"] for goal in ground.cells() for cell in goal} == {"missing"}


def test_an_interim_report_keeps_to_its_periods(ground: Ground) -> None:
    """What belongs to the other period is not missing here, and not unplaced either."""
    goal = ground.goal("G")
    ground.add("results", goal_id=goal, period_id=ground.autumn)
    meeting = ground.add("meetings", goal_ids=[goal], date="2012-09-11")
    interim = ground.add("reports", kind="interim", period_ids=[ground.spring])
    form = ground.read(interim).get_json()["form"]
    assert [period["code"] for period in form["periods"]] == ["2012-spring"]
    assert [cell["state"] for cell in form["goals"][0]["cells"]] == ["missing"]
    assert form["completeness"]["cells"] == 1
    assert form["unplaced"] == {stem: [] for stem in CITED}
    assert ground.where("meetings", meeting) == ["G/2012-autumn"]


def test_a_report_is_of_one_sub_project_alone(ground: Ground) -> None:
    """The world's records of the same provider, in another sub-project, are not in it."""
    ground.goal("G")
    assert "canary" not in ground.read().text
    assert [goal["text"] for goal in ground.form["goals"]] == ["G"]
    filled = ground.read(str(ground.bench.world.a.ids["reports"])).get_json()["form"]
    assert len(filled["goals"]) == 1
    assert {"canary-b", "canary-c"} & {*re.findall("canary-.", str(filled))} == set()


def test_the_head_names_programme_project_provider_and_contact(ground: Ground) -> None:
    bench, plan = ground.bench, ground.bench.world.plan
    form = ground.form
    assert form["programme"]["id"] == str(plan["programmes"])
    assert form["project"]["id"] == str(plan["projects"])
    assert form["provider"]["id"] == str(bench.world.a.provider_id)
    assert form["sub_project"]["id"] == ground.sub_project
    assert form["contact"] is None
    for stem, key in (("sub_projects", ground.sub_project), ("reports", ground.key)):
        contact = str(bench.make("contacts"))
        etag = bench.open(stem, key).headers["ETag"]
        assert bench.change(stem, key, etag, json={"contact_id": contact}).status_code == 200
        assert ground.form["contact"]["id"] == contact, stem


def test_beside_each_reference_stands_what_the_form_says_of_it(ground: Ground) -> None:
    goal = ground.goal("G")
    indicator = str(ground.bench.make("indicators", goal_id=goal, name="Osuus"))
    ground.bench.make("measurements", indicator_id=indicator, period_id=ground.autumn, value=3.5)
    cited = {"goal_ids": [goal]}
    day = cited | {"date": "2012-12-13"}
    meeting = ground.add("meetings", **day, kind="advisory_board")
    survey = ground.add("surveys", **cited, title="Kysely", period_id=ground.autumn)
    model = ground.add("deliverables", **day, title="Malli")
    ground.add(
        "deliverables",
        **day,
        title="Suunnitelma",
        based_on_id=model,
        deliveries=[{"channel": "Optima", "meeting_id": meeting}, {"channel": "Posti"}],
    )
    ground.add("disseminations", **day, survey_id=survey)
    ground.add("disseminations", **day, deliverable_id=model)
    ground.add("feedback", **day, meeting_id=meeting, about_survey_id=survey)
    ground.add("feedback", **day, about_deliverable_id=model)
    ((_, cell),) = ground.cells()
    (measurement,) = cell["measurements"]
    assert (measurement["value"], measurement["indicator"]["name"]) == (3.5, "Osuus")
    assert [row["of"] for row in cell["disseminations"]] == ["Kysely", "Malli"]
    assert [row["about_title"] for row in cell["feedback"]] == ["Kysely", "Malli"]
    first, second = cell["feedback"]
    assert (first["meeting"]["kind"], second["meeting"]) == ("advisory_board", None)
    plain, based = cell["deliverables"]
    assert [plain["based_on"], based["based_on"]] == [None, "Malli"]
    told = [delivery["meeting"] and delivery["meeting"]["id"] for delivery in based["deliveries"]]
    assert told == [meeting, None]


def test_the_ministry_reads_the_same_report_and_another_provider_none(ground: Ground) -> None:
    bench = ground.bench
    ground.goal("G")
    own, ministry = ground.read(), ground.read(by=bench.ministry)
    assert ministry.get_json() == own.get_json()
    assert code(ground.read(by=bench.other_manager)) == (404, "not_found")


def test_a_report_is_compiled_anew_at_each_reading(ground: Ground) -> None:
    goal = ground.goal("G")
    before = ground.read()
    result = ground.add("results", goal_id=goal, period_id=ground.spring)
    after = ground.read(headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    assert after.headers["ETag"] != before.headers["ETag"]
    assert after.get_json()["version"] == before.get_json()["version"] == 1
    known = ground.read(headers={"If-None-Match": after.headers["ETag"]})
    assert (known.status_code, known.data) == (304, b"")
    bench = ground.bench
    assert bench.change("results", result, '"1"', json={"text": "Uusi"}).status_code == 200
    again = ground.read(headers={"If-None-Match": after.headers["ETag"]})
    assert again.status_code == 200
    assert "Uusi" in again.text


def test_the_etag_of_either_form_serves_to_change_the_report(ground: Ground) -> None:
    """A record changed since is no hindrance: it is the report's own row that is written."""
    for query in ({}, {"format": "html"}, {"format": "pdf"}):
        etag = ground.read(query_string=query).headers["ETag"]
        ground.goal("Uusi")
        change = {"title": f"Nimi {query}"}
        done = ground.bench.change("reports", ground.key, etag, json=change)
        assert (done.status_code, done.get_json()["title"]) == (200, change["title"])
        late = ground.bench.change("reports", ground.key, etag, json={"title": "Myöhässä"})
        assert code(late) == (412, "stale")


def test_each_form_and_language_has_an_etag_of_its_own(ground: Ground) -> None:
    forms = [(kind, language) for kind in FILES for language in ("fi", "sv", "en")]
    asked = [{}, *({"format": kind, "language": language} for kind, language in forms)]
    etags = {ground.read(query_string=query).headers["ETag"] for query in asked}
    assert len(etags) == 1 + len(forms)


def test_a_document_that_the_caller_has_is_not_sent_again(ground: Ground) -> None:
    for kind in FILES:
        query = {"format": kind}
        first = ground.read(query_string=query)
        again = ground.read(query_string=query, headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b""), kind
        assert ground.read(query_string=query).data == first.data


def test_a_document_says_what_its_file_is_called_in_letters_that_every_disk_takes(
    ground: Ground,
) -> None:
    for kind, how in FILES.items():
        sent = ground.read(query_string={"format": kind, "language": "sv"})
        called = re.fullmatch(
            rf'{how}; filename="rapport-[a-z0-9-]+-2013-01-18.{kind}"',
            sent.headers["Content-Disposition"],
        )
        assert called, sent.headers["Content-Disposition"]
        assert sent.headers["Content-Language"] == "sv"


def test_the_pdf_says_what_the_records_say_in_the_language_asked_for(ground: Ground) -> None:
    goal = ground.goal("Verkosto #rakentuu $a$ <b>")
    ground.add("results", goal_id=goal, period_id=ground.spring, text="Sovittu * ja _aloitettu_")
    for language, word in (("fi", "Raportti"), ("sv", "Rapport"), ("en", "Report")):
        sent = ground.read(query_string={"format": "pdf", "language": language})
        made = Pdf(sent.data)
        assert made.root["/Lang"] == language
        for text in (word, "Verkosto #rakentuu $a$ <b>", "Sovittu * ja _aloitettu_"):
            assert squeezed(text) in made.text


def test_the_reader_says_in_which_form_it_comes(ground: Ground) -> None:
    data, page = "application/json", "text/html; charset=utf-8"
    cases: list[tuple[str, dict[str, str], str]] = [
        ("", {}, data),
        ("*/*", {}, data),
        ("application/json", {}, data),
        ("text/html", {}, page),
        ("text/html,application/xhtml+xml,*/*;q=0.8", {}, page),
        ("text/html;q=0.5, application/json", {}, data),
        ("application/json", {"format": "html"}, page),
        ("text/html", {"format": "json"}, data),
        ("application/pdf", {}, "application/pdf"),
        ("application/json", {"format": "pdf"}, "application/pdf"),
        (DOCX, {}, DOCX),
        ("", {"format": "docx"}, DOCX),
        (XLSX, {}, XLSX),
        ("", {"format": "xlsx"}, XLSX),
        ("text/csv", {}, "text/csv; charset=utf-8"),
        ("", {"format": "csv"}, "text/csv; charset=utf-8"),
    ]
    for accept, query, kind in cases:
        headers = {"Accept": accept} if accept else {}
        response = ground.read(headers=headers, query_string=query)
        assert (response.status_code, response.content_type) == (200, kind), (accept, query)
        assert {"accept", "accept-language", "authorization"} <= response.vary.as_set()


def test_another_form_is_refused(ground: Ground) -> None:
    assert code(ground.read(headers={"Accept": "text/plain"})) == (406, "not_acceptable")
    for query in ({"format": "odt"}, {"language": "de"}, {"format": "HTML"}):
        response = ground.read(query_string=query)
        assert places(response) == [(*query, "unknown_word")]


def test_the_reader_says_in_which_language_the_page_is(ground: Ground) -> None:
    words = {"fi": "Raportti", "sv": "Rapport", "en": "Report"}
    swedish = ground.add("reports", language="sv")

    def language(key: str, accept: str = "", **query: str) -> str:
        headers = {"Accept-Language": accept} if accept else {}
        page = ground.read(key, headers=headers, query_string=query | {"format": "html"})
        said = str(page.headers["Content-Language"])
        assert f'<html lang="{said}"' in page.text
        assert f"<h1>{words[said]}</h1>" in page.text
        return said

    assert language(ground.key) == "fi"
    assert language(swedish) == "sv"  # its own, when nobody asks for another
    assert language(swedish, "de") == "sv"
    assert language(ground.key, "en-GB, en;q=0.9, fi;q=0.1") == "en"
    assert language(ground.key, "de, sv;q=0.5, en;q=0.1") == "sv"
    assert language(ground.key, "sv", language="en") == "en"


def test_data_is_the_same_in_every_language(ground: Ground) -> None:
    plain = ground.read()
    for headers in ({"Accept-Language": "sv"}, {"Accept-Language": "en"}):
        assert ground.read(headers=headers).get_json() == plain.get_json()
    assert ground.read(query_string={"language": "sv"}).get_json() == plain.get_json()


def test_the_page_runs_nothing_and_loads_nothing_but_its_own_style(ground: Ground) -> None:
    page = ground.read(query_string={"format": "html"})
    (style,) = re.findall("<style>(.*?)</style>", page.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert page.headers["Content-Security-Policy"] == (
        f"default-src 'none'; style-src 'sha256-{digest}'; frame-ancestors 'none'"
    )
    assert not re.search(r"<script|<link|<img|style=|src=|onload", page.text)


def test_the_page_says_what_the_records_say(ground: Ground) -> None:
    goal = ground.goal("Verkosto <rakentuu>")
    ground.add("results", goal_id=goal, period_id=ground.spring, text="Käynnistetty & sovittu")
    page = ground.read(query_string={"format": "html"}).text
    assert "Verkosto &lt;rakentuu&gt;" in page
    assert "Käynnistetty &amp; sovittu" in page
    assert "18.1.2013" in page


def test_the_cost_of_a_report_does_not_grow_with_its_records(ground: Ground) -> None:
    def fill() -> None:
        goal = ground.goal("G")
        ground.add("results", goal_id=goal, period_id=ground.spring)
        meeting = ground.add("meetings", goal_ids=[goal], participants=[{"name": "A"}])
        survey = ground.add("surveys", goal_ids=[goal], period_id=ground.spring)
        ground.add("disseminations", goal_ids=[goal], survey_id=survey, date="2012-02-01")
        ground.add("feedback", goal_ids=[goal], meeting_id=meeting)
        ground.add(
            "deliverables",
            goal_ids=[goal],
            date="2012-02-01",
            deliveries=[{"channel": "Optima", "meeting_id": meeting}],
        )
        indicator = ground.add("indicators", goal_id=goal)
        ground.add("measurements", indicator_id=indicator, period_id=ground.spring)

    fill()
    ground.read()
    with statements(ground.bench.app) as few:
        ground.read()
    for _ in range(3):
        fill()
    with statements(ground.bench.app) as many:
        ground.read(query_string={"format": "html"})
    assert len(ground.form["goals"]) == 4
    assert many == few
    assert len([one for one in few if "SELECT" in one]) <= 20


def test_the_work_of_a_report_grows_evenly_with_its_goals_and_records(ground: Ground) -> None:
    """Not with one times the other: each record is put where it belongs, not looked for in every cell."""

    def work() -> int:
        for number in range(8):
            goal = ground.goal(f"G{number}")
            ground.add("meetings", goal_ids=[goal], date="2012-03-01")
            ground.add("results", goal_id=goal, period_id=ground.spring)
        calls = 0

        def note(frame: FrameType, event: str, _: Any) -> None:
            nonlocal calls
            calls += event == "call" and frame.f_code.co_filename == reports.__file__

        sys.setprofile(note)
        ground.read()
        sys.setprofile(None)
        return calls

    first, second, third = work(), work(), work()
    assert 0 < second - first == third - second


def test_a_measurement_whose_indicator_is_not_of_the_report_is_left_out(ground: Ground) -> None:
    bench = ground.bench
    ground.goal()
    with bench.app.extensions["database"].session() as session:
        session.enter(Scope(provider_id=bench.world.a.provider_id))
        for measurement in session.scalars(sa.select(Measurement)):
            measurement.sub_project_id = uuid.UUID(ground.sub_project)
        session.commit()
    assert ground.read().status_code == 200
    assert [cell["measurements"] for (*cells,) in ground.cells() for cell in cells] == [[], []]


def test_a_report_of_nothing_is_an_empty_form(ground: Ground) -> None:
    form = ground.form
    assert form["goals"] == []
    assert form["completeness"]["cells"] == 0
    assert ground.read(query_string={"format": "html"}).status_code == 200


def test_a_report_that_does_not_exist_is_not_found_in_any_form(ground: Ground) -> None:
    for query in ({}, {"format": "html"}, {"format": "pdf"}):
        response = ground.bench.open("reports", uuid.uuid4(), query_string=query)
        assert code(response) == (404, "not_found")


def test_the_state_of_a_report_is_not_written_by_hand(ground: Ground) -> None:
    given = {"state": "accepted"}
    assert places(ground.bench.create("reports", **given)) == [("/state", "read_only")]
    changed = ground.bench.change("reports", ground.key, '"1"', json=given)
    assert places(changed) == [("/state", "read_only")]
    assert ground.bench.client.get(
        url("reports", ground.key), headers=ground.bench.manager
    ).get_json()["state"] == ("draft")
