"""A project's report: whose reports are in it, in which version, who may read it, and in which formats."""

import io
import uuid
from typing import Any

import openpyxl
import pytest
from docx import Document
from werkzeug.test import TestResponse

from tests.accounts import code
from tests.documents.pdfs import Pdf, squeezed
from tests.examples import Bench
from tests.factories import bearer
from tests.resources.test_life import Desk

SCOPES = ("plan:read", "records:read")


class Ministry(Desk):
    """Two providers of one project; the first one's report can be taken through its life."""

    def __init__(self, bench: Bench):
        super().__init__(bench)
        self.project = bench.world.plan["projects"]

    def project_report(self, by: Any = None, **query: Any) -> TestResponse:
        path = f"/api/v1/projects/{self.project}/report"
        return self.bench.client.get(path, headers=by or self.bench.ministry, query_string=query)

    def joined(self) -> dict[str, dict[str, Any]]:
        """By provider."""
        response = self.project_report()
        assert response.status_code == 200, response.text
        return {home["provider_id"]: home for home in response.get_json()["sub_projects"]}

    @property
    def mine(self) -> dict[str, Any]:
        return self.joined()[str(self.bench.world.a.provider_id)]


@pytest.fixture
def ministry(bench: Bench) -> Ministry:
    return Ministry(bench)


def test_a_report_is_in_it_once_it_is_accepted_as_it_was_frozen(ministry: Ministry) -> None:
    assert ministry.mine["reports"] == []
    assert ministry.mine["state"] == "draft"
    ministry.take("submit")
    assert (ministry.mine["reports"], ministry.mine["state"]) == ([], "submitted")
    ministry.take("accept")
    (one,) = ministry.mine["reports"]
    version = ministry.read("/versions/1").get_json()
    assert one["report"] == version
    (kept,) = ministry.items("versions")
    assert (one["number"], one["sha256"]) == (1, kept["sha256"])
    accepted = ministry.items("events")[-1]
    assert (accepted["action"], accepted["at"]) == ("accept", one["accepted_at"])
    ministry.take("reopen")
    assert (ministry.mine["reports"], ministry.mine["state"]) == ([], "returned")


def test_the_newest_version_is_the_one_that_is_in_it(ministry: Ministry) -> None:
    ministry.take("submit", "return", "submit", "accept")
    (one,) = ministry.mine["reports"]
    assert one["number"] == 2
    assert one["report"] == ministry.read("/versions/2").get_json()


def test_a_final_report_stands_for_the_interim_ones_and_without_one_they_all_stand(
    ministry: Ministry,
) -> None:
    spring = {"kind": "interim", "period_ids": [ministry.bench.world.plan["periods"]]}
    first, second = (ministry.new(title=f"Väli {n}", **spring) for n in (1, 2))
    for key in (second, first):
        ministry.take("submit", "accept", key=key)
    titles = [one["report"]["title"] for one in ministry.mine["reports"]]
    assert titles == ["Väli 2", "Väli 1"]
    final = ministry.new(kind="final")
    ministry.take("submit", "accept", key=final)
    (one,) = ministry.mine["reports"]
    assert one["report"]["id"] == str(final)


def test_every_sub_project_is_in_its_list_and_no_other_projects(ministry: Ministry) -> None:
    world = ministry.bench.world
    found = {home["sub_project_id"] for home in ministry.joined().values()}
    assert found == {str(owner.ids["sub_projects"]) for owner in (world.a, world.b)}


def test_nobody_reads_it_but_the_ministry(ministry: Ministry) -> None:
    """Not even who coordinates the project: it has everybody's words."""
    for by in ("manager", "viewer", "editor", "another's manager", "a provider's client", "admin"):
        response = ministry.project_report(ministry.callers[by])
        assert code(response) == (403, "forbidden"), by
    client = bearer(ministry.bench.app, None, None, SCOPES)
    assert ministry.project_report(client).status_code == 200
    short = bearer(ministry.bench.app, None, None, ("plan:read",))
    assert ministry.project_report(short).status_code == 403
    ministry.project = uuid.uuid4()
    assert code(ministry.project_report()) == (404, "not_found")


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_it_comes_in_every_format_with_each_accepted_report_in_it(
    ministry: Ministry, language: str
) -> None:
    ministry.take("submit", "accept")
    report = ministry.read().get_json()
    goal = report["form"]["goals"][0]["text"]
    name = report["form"]["provider"]["name"]
    asked = {"language": language}
    page = ministry.project_report(format="html", **asked)
    csv = ministry.project_report(format="csv", **asked)
    assert goal in page.text
    assert name in page.text
    assert name in csv.text
    book = ministry.project_report(format="xlsx", **asked)
    sheets = openpyxl.load_workbook(io.BytesIO(book.data))
    assert name in str([*sheets.worksheets[1].values])
    word = Document(io.BytesIO(ministry.project_report(format="docx", **asked).data))
    assert len(word.sections) == 2
    pdf = Pdf(ministry.project_report(format="pdf", **asked).data)
    assert squeezed(name) in pdf.text
    for response in (page, csv, book):
        assert response.headers["Content-Language"] == language


def test_it_is_known_by_what_it_is_made_of(ministry: Ministry) -> None:
    ministry.take("submit", "accept")
    for kind in ("json", "pdf"):
        first = ministry.project_report(format=kind)
        tag = {"If-None-Match": first.headers["ETag"]}
        again = ministry.project_report(ministry.bench.ministry | tag, format=kind)
        assert (again.status_code, again.data) == (304, b"")
        assert ministry.project_report(format=kind).data == first.data
        other = ministry.project_report(ministry.bench.ministry | tag, format=kind, language="sv")
        assert other.status_code == (304 if kind == "json" else 200)
    tag = {"If-None-Match": ministry.project_report().headers["ETag"]}
    ministry.take("reopen")
    assert ministry.project_report(ministry.bench.ministry | tag).status_code == 200


def test_without_any_accepted_report_it_says_so(ministry: Ministry) -> None:
    page = ministry.project_report(format="html", language="en")
    assert "No sub-project has an accepted report yet." in page.text
    assert len(Pdf(ministry.project_report(format="pdf").data).pages) == 1
