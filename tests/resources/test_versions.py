"""Versions of a report beside each other: what differs, which one stood when, and what earlier reports said."""

import re
import uuid
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from tests.accounts import code
from tests.examples import Bench, places, statements
from tests.resources.test_life import Desk


class Years(Desk):
    """A sub-project with a spring and an autumn, a goal, and a result in each."""

    def __init__(self, bench: Bench):
        super().__init__(bench)
        contact = bench.world.a.ids["contacts"]
        self.sub_project = bench.sub_project
        self.spring = bench.world.plan["periods"]
        days = {"first_day": "2012-08-01", "last_day": "2012-12-31"}
        project = bench.world.plan["projects"]
        self.autumn = bench.make("periods", project_id=project, code="2012-autumn", **days)
        self.contact = {"contact_id": contact}
        self.goal = bench.make("goals", sub_project_id=self.sub_project, text="Tavoite")
        self.results = {p: self.result(p, "Kysely tehtiin.") for p in (self.spring, self.autumn)}

    def result(self, period: uuid.UUID, text: str) -> uuid.UUID:
        return self.bench.make("results", goal_id=self.goal, period_id=period, text=text)

    def draft(self, *periods: uuid.UUID) -> uuid.UUID:
        kind = "interim" if periods else "final"
        return self.new(period_ids=list(periods), kind=kind, **self.contact)

    def write(self, stem: str, key: object, **change: Any) -> None:
        etag = self.bench.open(stem, key).headers["ETag"]
        response = self.bench.change(stem, key, etag, json=change)
        assert response.status_code == 200, response.text

    def cells(self, key: object, by: str = "manager") -> dict[str, Any]:
        """What is previously reported, by period, of the only goal."""
        (goal,) = self.read(key=key, by=by).get_json()["form"]["goals"]
        return {cell["period_code"]: cell["previously_reported"] for cell in goal["cells"]}


@pytest.fixture
def years(bench: Bench) -> Years:
    return Years(bench)


# what differs


def test_a_report_tells_what_has_changed_since_it_was_submitted(years: Years) -> None:
    key = years.draft()
    years.take("submit", "return", key=key)
    years.write("results", years.results[years.spring], text="Kysely tehdään.")
    new = years.result(years.autumn, "Haku avattiin.")
    years.write("goals", years.goal, text="Toinen tavoite")
    years.write("reports", key, title="Otsikko")
    found = years.read("/differences", key=key).get_json()
    assert (found["from_version"], found["to_version"]) == (1, None)
    assert found["summary"] == {
        **{"header": 1, "periods": 0, "goals": 1, "cells": 2},
        **{"added": 1, "removed": 0, "changed": 1},
    }
    (title,) = found["header"]
    assert (title["field"], title["before"], title["after"]) == ("/title", None, "Otsikko")
    spring, autumn = found["cells"]
    (changed,), (added,) = spring["records"], autumn["records"]
    assert (added["id"], added["change"], added["before"]) == (str(new), "added", None)
    (field,) = changed["changes"]
    assert field["pointer_after"] == "/form/goals/0/cells/0/results/0/text"
    assert [(run["op"], run["text"]) for run in field["words"]] == [
        ("equal", "Kysely "),
        ("removed", "tehtiin"),
        ("added", "tehdään"),
        ("equal", "."),
    ]
    assert years.read("/differences", "reviewer", key).get_json() == found
    assert code(years.read("/differences", "another's manager", key)) == (404, "not_found")


def test_two_versions_are_compared_the_earlier_one_first_unless_asked_otherwise(
    years: Years,
) -> None:
    key, result = years.draft(), years.results[years.spring]
    for text in ("Kysely tehtiin.", "Kysely tehdään.", "Kysely jäi."):
        years.write("results", result, text=text)
        years.take("submit", "return", key=key)
    asked = {
        "/versions/2/differences": (1, 2, "tehtiin", "tehdään"),
        "/versions/3/differences": (2, 3, "tehdään", "jäi"),
        "/versions/3/differences?from=1": (1, 3, "tehtiin", "jäi"),
        "/versions/1/differences?from=2": (2, 1, "tehdään", "tehtiin"),
    }
    for path, (first, second, before, after) in asked.items():
        found = years.read(path, key=key).get_json()
        assert (found["from_version"], found["to_version"]) == (first, second)
        (change,) = [c for cell in found["cells"] for r in cell["records"] for c in r["changes"]]
        assert (change["before"], change["after"]) == (f"Kysely {before}.", f"Kysely {after}.")
    none = years.read("/versions/2/differences?from=2", key=key).get_json()
    assert set(none["summary"].values()) == {0}
    since = years.read("/differences?from=2", key=key).get_json()
    assert (since["from_version"], since["summary"]["changed"]) == (2, 1)


def test_there_is_no_difference_from_a_version_that_there_is_not(years: Years) -> None:
    key = years.draft()
    assert code(years.read("/differences", key=key)) == (404, "no_version")
    years.take("submit", key=key)
    for path in ("/versions/1/differences", "/versions/2/differences", "/differences?from=2"):
        assert code(years.read(path, key=key)) == (404, "no_version"), path
    assert places(years.read("/differences?from=x", key=key)) == [("from", "wrong_type")]
    same = years.read("/differences", key=key).get_json()["summary"]
    assert set(same.values()) == {0}


# which one stood when


def test_a_report_as_of_a_moment_is_the_version_that_stood_then(years: Years) -> None:
    key = years.draft()
    years.take("submit", "return", "submit", key=key)
    first, second = years.items("versions", key=key)
    for moment, version in (
        (first["submitted_at"], first),
        (second["submitted_at"], second),
        ("2200-01-01T00:00:00%2B02:00", second),
    ):
        for who in ("manager", "reviewer"):
            shown = years.read(f"?as_of={moment}", who, key)
            frozen = years.read(f"/versions/{version['number']}", who, key)
            assert shown.get_data() == frozen.get_data()
            for name in ("ETag", "Repr-Digest", "Memento-Datetime", "Link"):
                assert shown.headers[name] == frozen.headers[name]
            address = f"/api/v1/reports/{key}"
            assert shown.headers["Content-Location"] == f"{address}/versions/{version['number']}"
            assert shown.headers["Link"] == f'<{address}>; rel="original"'
            told = parsedate_to_datetime(shown.headers["Memento-Datetime"]).isoformat()
            assert told[:19] == version["submitted_at"][:19]


def test_before_it_was_submitted_no_version_of_a_report_stood(years: Years) -> None:
    key, early = years.draft(), "?as_of=2012-03-01T00:00:00Z"
    assert code(years.read(early, key=key)) == (404, "no_version")
    years.take("submit", key=key)
    (version,) = years.items("versions", key=key)
    refused = years.read(early, key=key)
    assert code(refused) == (404, "no_version")
    assert version["submitted_at"] in refused.get_json()["detail"]
    assert code(years.read(early, "another's manager", key)) == (404, "not_found")


@pytest.mark.parametrize("more", ["fields=title", "expand=contact", "format=json&fields=title"])
def test_a_version_comes_whole_and_as_it_was_frozen_or_not_at_all(years: Years, more: str) -> None:
    key = years.draft()
    years.take("submit", key=key)
    refused = years.read(f"?as_of=2100-01-01T00:00:00Z&{more}", key=key)
    assert places(refused) == [("as_of", "not_for_versions")]


@pytest.mark.parametrize("kind", ["pdf", "html", "csv"])
def test_the_document_of_a_moment_is_that_of_its_version(years: Years, kind: str) -> None:
    key = years.draft()
    years.take("submit", key=key)
    asked = years.read(f"?as_of=2100-01-01T00:00:00Z&format={kind}", key=key)
    there = years.read(f"/versions/1?format={kind}", key=key)
    assert asked.status_code == 200
    assert (asked.data, asked.headers["ETag"]) == (there.data, there.headers["ETag"])
    assert asked.headers["Memento-Datetime"] == there.headers["Memento-Datetime"]


# what earlier reports said


def test_the_document_of_an_accepted_report_is_made_of_what_was_frozen(years: Years) -> None:
    key = years.draft()
    assert "SHA-256" not in years.read("?format=html", key=key).text
    years.take("submit", key=key)
    (version,) = years.items("versions", key=key)
    seal = f"SHA-256 {version['sha256'][:16]}"
    submitted = years.read("?format=html", key=key).text
    years.take("accept", key=key)
    accepted = years.read("?format=html", key=key).text
    assert seal in submitted
    assert seal in accepted
    assert "Lähetetty" in submitted
    assert "Hyväksytty" in accepted
    years.take("reopen", key=key)
    assert "SHA-256" not in years.read("?format=html", key=key).text


def test_what_an_earlier_report_said_otherwise_stands_beside_what_is_said_now(
    years: Years,
) -> None:
    interim, final = years.draft(years.spring), years.draft()
    years.take("submit", "accept", key=interim)
    assert years.cells(final) == {"2012-spring": None, "2012-autumn": None}
    years.take("reopen", key=interim)
    changed, new = years.results[years.spring], years.result(years.spring, "Uusi.")
    years.write("results", changed, text="Kysely jäi.")
    years.write("results", years.results[years.autumn], text="Ei raportoitu aiemmin.")
    (version,) = years.items("versions", key=interim)
    for who in ("manager", "reviewer"):
        found = years.cells(final, who)
        assert found["2012-autumn"] is None
        said = found["2012-spring"]
        assert said | {"records": None} == {
            "report_id": str(interim),
            "version_number": 1,
            "submitted_at": version["submitted_at"],
            "state": "filled",
            "records": None,
        }
        before = {one["id"]: one["before"] for one in said["records"]}
        assert before[str(new)] is None
        assert before[str(changed)]["text"] == "Kysely tehtiin."
        kinds = {one["id"]: one["change"] for one in said["records"]}
        assert kinds == {str(new): "added", str(changed): "changed"}
    assert years.cells(interim) == {"2012-spring": None}  # it is its own version that differs


@pytest.mark.parametrize(
    ("language", "label"),
    [
        ("fi", "Aiemmin raportoitu "),
        ("sv", "Tidigare rapporterat "),
        ("en", "Previously reported "),
    ],
)
def test_documents_say_what_was_previously_reported(
    years: Years, language: str, label: str
) -> None:
    interim, final = years.draft(years.spring), years.draft()
    years.take("submit", "return", key=interim)
    years.write("results", years.results[years.spring], text="Kysely jäi.")
    page = years.read(f"?format=html&language={language}", key=final).text
    said = page.partition(label)[2].partition("</td>")[0]
    assert "Kysely tehtiin." in said
    assert label not in years.read(f"?format=html&language={language}", key=interim).text
    (cell,) = re.findall(r"<td.*?</td>", page, re.DOTALL)[:1]
    assert "Kysely jäi." in cell
    assert "Kysely tehtiin." in cell


def test_documents_say_what_a_cell_was_that_had_nothing(years: Years) -> None:
    interim, final = years.draft(years.spring), years.draft()
    key = years.results[years.spring]
    years.write("results", key, kind="nothing_to_report", text=None, reason="Tauko.")
    years.take("submit", "return", key=interim)
    years.result(years.spring, "Kysely tehtiin.")
    page = years.read("?format=html&language=en", key=final).text
    said = page.partition("Previously reported ")[2].partition("</td>")[0].casefold()
    assert "nothing to report" in said


def test_it_is_frozen_with_the_report_and_stays(years: Years) -> None:
    interim, final = years.draft(years.spring), years.draft()
    years.take("submit", "accept", "reopen", key=interim)
    years.write("results", years.results[years.spring], text="Kysely jäi.")
    years.take("submit", key=final)
    marked = years.cells(final)
    assert marked["2012-spring"]["version_number"] == 1
    frozen = years.read("/versions/1", key=final).get_json()
    assert frozen == years.read(key=final).get_json()
    years.take("submit", key=interim)  # which says the same by now, but later
    assert years.cells(final) == marked
    years.take("accept", key=final)
    assert years.cells(final) == marked
    years.take("reopen", key=final)
    assert years.cells(final) == {"2012-spring": None, "2012-autumn": None}


def test_of_earlier_reports_the_newest_that_covers_a_period_and_was_not_withdrawn_counts(
    years: Years,
) -> None:
    result = years.results[years.spring]
    reports = [years.draft(years.spring) for _ in range(3)]
    for key, text in zip(reports, ("Yksi.", "Kaksi.", "Kolme."), strict=True):
        years.write("results", result, text=text)
        years.take("submit", "return" if text != "Kolme." else "withdraw", key=key)
    years.write("results", result, text="Neljä.")
    final = years.draft()
    said = years.cells(final)["2012-spring"]
    assert said["report_id"] == str(reports[1])
    assert [one["before"]["text"] for one in said["records"]] == ["Kaksi."]
    years.write("results", result, text="Kaksi.")
    assert years.cells(final)["2012-spring"] is None


def test_a_record_that_was_reported_and_is_gone_is_told_of(years: Years) -> None:
    interim, final = years.draft(years.spring), years.draft()
    years.take("submit", "return", key=interim)
    key = years.results[years.spring]
    etag = years.bench.open("results", key).headers["ETag"]
    assert years.bench.change("results", key, etag, "DELETE").status_code == 204
    said = years.cells(final)["2012-spring"]
    assert [(one["id"], one["change"]) for one in said["records"]] == [(str(key), "removed")]
    assert said["records"][0]["before"]["text"] == "Kysely tehtiin."


def test_another_sub_projects_reports_are_no_earlier_ones(years: Years) -> None:
    other = years.bench.world.a.ids["sub_projects"]
    years.take("submit", "return", key=years.bench.make("reports", sub_project_id=other))
    years.write("results", years.results[years.spring], text="Kysely jäi.")
    assert years.cells(years.draft()) == {"2012-spring": None, "2012-autumn": None}


def test_reports_that_there_are_not_cost_one_statement_and_each_that_there_is_one_more(
    years: Years,
) -> None:
    final = years.draft()

    def cost() -> int:
        with statements(years.bench.app) as sent:
            years.read(key=final)
        return len([one for one in sent if "report_versions" in one])

    assert cost() == 1
    for period in (years.spring, years.autumn):
        years.take("submit", "return", key=years.draft(period))
    assert cost() == 3
    years.take("submit", "return", key=years.draft())  # which covers both: no other is read
    assert cost() == 2
