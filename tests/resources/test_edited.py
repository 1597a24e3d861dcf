"""A report's DOCX or workbook comes back from whoever edited it by hand: nothing is lost, and nothing overwritten."""

from typing import Any

import docx
import pytest
from docx.oxml.ns import qn
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from api.documents.edited import DOCX
from api.documents.edited_texts import long_id
from api.documents.passages import short_id
from api.resources.exports import XLSX
from schemas.fields import FORBIDDEN
from tests.accounts import code
from tests.examples import Bench
from tests.papers import Paper, Sheets, run
from tests.resources.test_reports import Ground

MEDIA = {"docx": DOCX, "xlsx": XLSX}
OPENED: dict[str, Any] = {"docx": Paper, "xlsx": Sheets}
in_both = pytest.mark.parametrize("kind", MEDIA)


class Desk(Ground):
    """A report with a goal and two periods: in the spring something was done, in the autumn nothing yet."""

    def __init__(self, bench: Bench):
        super().__init__(bench)
        self.goal_id = self.goal("Laatuverkosto")
        cell = {"goal_id": self.goal_id, "period_id": self.spring}
        self.result = self.add("results", **cell, kind="activity", text="Aloitettu")
        self.meeting = self.add(
            "meetings", goal_ids=[self.goal_id], date="2012-02-01", notes="Muistio"
        )

    def paper(self, kind: str, **query: str) -> Any:
        response = self.read(query_string={"format": kind, **query})
        assert response.status_code == 200, response.text
        return OPENED[kind](response.data)

    def send(self, kind: str, data: bytes, query: str = "", **kwargs: Any) -> TestResponse:
        by = kwargs.pop("by", self.bench.manager)
        headers = by | {"Content-Type": MEDIA[kind]}
        return self.bench.client.post(f"/api/v1/imports{query}", data=data, headers=headers)

    def new(self, period: str = "") -> str:
        """The name of the place for a new result."""
        return f"results.new.{short_id(self.goal_id)}.{short_id(period or self.autumn)}"

    def of(self, stem: str, key: str) -> dict[str, Any]:
        row: dict[str, Any] = self.bench.open(stem, key).get_json()
        return row

    def change(self, stem: str, key: str, **data: Any) -> None:
        etag = self.bench.open(stem, key).headers["ETag"]
        assert self.bench.change(stem, key, etag, json=data).status_code == 200

    def texts(self, number: int = 1) -> list[str]:
        cell = self.form["goals"][0]["cells"][number]
        return [row["text"] for row in cell["results"]]


@pytest.fixture
def desk(bench: Bench) -> Desk:
    return Desk(bench)


def faults(response: TestResponse) -> list[dict[str, Any]]:
    assert code(response) == (422, "invalid"), response.text
    told: list[dict[str, Any]] = response.get_json()["errors"]
    return told


def written(response: TestResponse) -> dict[str, dict[str, int]]:
    """What was made or changed, of each resource."""
    assert response.status_code in (200, 201), response.text
    found = {}
    for stem, tally in response.get_json()["counts"].items():
        if some := {name: number for name, number in tally.items() if number}:
            some.pop("unchanged", None)
            found |= {stem: some} if some else {}
    return found


@in_both
@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_a_document_as_it_was_given_out_changes_nothing(
    desk: Desk, kind: str, language: str
) -> None:
    before = desk.read().get_json()
    paper = desk.paper(kind, language=language)
    assert written(desk.send(kind, paper.bytes())) == {}
    assert desk.read().get_json() == before


@in_both
def test_what_was_edited_is_changed_and_nothing_else(desk: Desk, kind: str) -> None:
    paper = desk.paper(kind)
    paper.write(short_id(desk.result), "Aloitettu, ja jatkuu\ntoisella rivillä")
    paper.write(f"{short_id(desk.meeting)}.1.notes", "Toinen muistio")
    sent = paper.bytes()
    planned = desk.send(kind, sent, "?dry_run=true")
    assert written(planned) == {"results": {"updated": 1}, "meetings": {"updated": 1}}
    assert desk.texts(0) == ["Aloitettu"]
    plan = planned.get_json()["plan"]
    done = desk.send(kind, sent, f"?plan={plan}")
    assert done.status_code == 201, done.text
    assert desk.texts(0) == ["Aloitettu, ja jatkuu\ntoisella rivillä"]
    assert desk.of("meetings", desk.meeting)["notes"] == "Toinen muistio"
    assert written(desk.send(kind, sent)) == {}


@in_both
def test_the_plan_says_what_was_edited_where(desk: Desk, kind: str) -> None:
    paper = desk.paper(kind)
    paper.write(short_id(desk.result), "Aloitettu, ja jatkuu")
    paper.write(desk.new(), "Syksyllä tehtiin paljon")
    paper.write(f"{short_id(desk.meeting)}.1.notes", "")
    plan = desk.send(kind, paper.bytes(), "?dry_run=true").get_json()
    told = {
        (element["resource"], element["outcome"]): (element["id"], element["edits"])
        for element in plan["elements"]
    }
    changed, (edit,) = told["results", "updated"]
    table, row, column = edit.pop("table"), edit.pop("row"), edit.pop("column")
    assert changed == desk.result
    assert (table, row, column) == {"docx": ("2", 3, "2"), "xlsx": ("Tulos", 2, "D")}[kind]
    assert edit == {
        "pointer": "/text",
        "goal": "Laatuverkosto",
        "period": {"docx": "Kevään 2012 aikana saavutetut tulokset", "xlsx": "kevät 2012"}[kind],
        "before": "Aloitettu",
        "after": "Aloitettu, ja jatkuu",
    }
    made, (edit,) = told["results", "created"]
    assert (made, edit["before"], edit["after"]) == (None, None, "Syksyllä tehtiin paljon")
    changed, (edit,) = told["meetings", "updated"]
    assert (changed, edit["before"], edit["after"]) == (desk.meeting, "Muistio", None)


@in_both
def test_what_is_written_into_an_empty_cell_is_a_new_result_there_once(
    desk: Desk, kind: str
) -> None:
    paper = desk.paper(kind)
    paper.write(desk.new(), "Syksyllä tehtiin paljon")
    assert written(desk.send(kind, paper.bytes())) == {"results": {"created": 1}}
    assert desk.texts() == ["Syksyllä tehtiin paljon"]
    assert written(desk.send(kind, paper.bytes())) == {}
    assert desk.texts() == ["Syksyllä tehtiin paljon"]


def test_paragraphs_typed_into_a_cell_become_results_in_their_order(desk: Desk) -> None:
    paper = desk.paper("docx")
    for text in ("Ensin", "Sitten", "Lopuksi"):
        paper.type_under(short_id(desk.result), text)
    assert written(desk.send("docx", paper.bytes())) == {"results": {"created": 3}}
    assert desk.texts(0) == ["Aloitettu", "Ensin", "Sitten", "Lopuksi"]


@in_both
def test_an_import_of_a_document_can_be_undone(desk: Desk, kind: str) -> None:
    paper = desk.paper(kind)
    paper.write(short_id(desk.result), "Muuta")
    paper.write(desk.new(), "Uutta")
    done = desk.send(kind, paper.bytes())
    assert written(done) == {"results": {"created": 1, "updated": 1}}
    key = done.get_json()["id"]
    undone = desk.bench.client.post(f"/api/v1/imports/{key}/undo", headers=desk.bench.manager)
    assert undone.status_code == 200, undone.text
    assert (desk.texts(0), desk.texts(1)) == (["Aloitettu"], [])


@in_both
def test_title_and_date_of_the_report_come_back_too(desk: Desk, kind: str) -> None:
    paper = desk.paper(kind)
    paper.write(f"{short_id(desk.key)}.1.title", "Vuosi 2012")
    paper.write(f"{short_id(desk.key)}.1.report_date", "20.1.2013")
    assert written(desk.send(kind, paper.bytes())) == {"reports": {"updated": 1}}
    report = desk.read().get_json()
    assert (report["title"], report["report_date"]) == ("Vuosi 2012", "2013-01-20")


@in_both
def test_the_parts_of_a_record_come_back_each_to_its_own(desk: Desk, kind: str) -> None:
    actions = [
        {"text": text, "state": "planned", "decided_on": None, "done_on": None}
        for text in ("Yksi", "Kaksi")
    ]
    point = desk.add(
        "feedback", goal_ids=[desk.goal_id], date="2012-03-01", point="Hyvä", actions=actions
    )
    paper = desk.paper(kind)
    paper.write(f"{short_id(point)}.1.actions.1.text", "Toinen")
    assert written(desk.send(kind, paper.bytes())) == {"feedback": {"updated": 1}}
    row = desk.of("feedback", point)
    assert [action["text"] for action in row["actions"]] == ["Yksi", "Toinen"]
    assert row["point"] == "Hyvä"


@in_both
def test_an_emptied_text_that_may_be_missing_is_null_and_another_is_refused(
    desk: Desk, kind: str
) -> None:
    paper = desk.paper(kind)
    paper.write(f"{short_id(desk.meeting)}.1.notes", "")
    planned = desk.send(kind, paper.bytes(), "?dry_run=true").get_json()
    assert [one["changes"] for one in planned["elements"]] == [["notes"]]
    assert written(desk.send(kind, paper.bytes())) == {"meetings": {"updated": 1}}
    assert desk.of("meetings", desk.meeting)["notes"] is None
    paper = desk.paper(kind)
    paper.write(short_id(desk.result), "")
    (fault,) = faults(desk.send(kind, paper.bytes()))
    assert (fault["code"], fault["current"]) == ("removed", "Aloitettu")
    assert fault["goal"] == "Laatuverkosto"


@in_both
def test_a_text_that_was_taken_out_is_asked_for_and_never_deleted(desk: Desk, kind: str) -> None:
    paper = desk.paper(kind)
    paper.remove(short_id(desk.result))
    (fault,) = faults(desk.send(kind, paper.bytes()))
    assert (fault["code"], fault["goal"], fault["current"]) == (
        "removed",
        "Laatuverkosto",
        "Aloitettu",
    )
    assert desk.texts(0) == ["Aloitettu"]


@in_both
def test_what_has_changed_since_is_a_conflict_with_both_texts_cell_by_cell(
    desk: Desk, kind: str
) -> None:
    paper = desk.paper(kind)
    desk.change("results", desk.result, text="Verkossa")
    paper.write(short_id(desk.result), "Paperilla")
    paper.write(f"{short_id(desk.meeting)}.1.notes", "Paperilla")
    (fault,) = faults(desk.send(kind, paper.bytes()))
    assert (fault["code"], fault["sent"], fault["current"]) == ("stale", "Paperilla", "Verkossa")
    assert (fault["goal"], fault["row"] > 1, fault["column"] != "") == ("Laatuverkosto", True, True)
    assert desk.texts(0) == ["Verkossa"]
    assert desk.of("meetings", desk.meeting)["notes"] == "Muistio"


@in_both
def test_what_was_changed_elsewhere_stays_where_the_document_left_it_alone(
    desk: Desk, kind: str
) -> None:
    paper = desk.paper(kind)
    desk.change("results", desk.result, text="Verkossa")
    desk.change("meetings", desk.meeting, place="Rovaniemi")
    paper.write(f"{short_id(desk.meeting)}.1.notes", "Paperilla")
    assert written(desk.send(kind, paper.bytes())) == {"meetings": {"updated": 1}}
    assert desk.texts(0) == ["Verkossa"]
    meeting = desk.of("meetings", desk.meeting)
    assert (meeting["notes"], meeting["place"]) == ("Paperilla", "Rovaniemi")


@in_both
def test_a_cell_that_was_empty_and_is_so_no_more_is_a_conflict(desk: Desk, kind: str) -> None:
    first, second = desk.paper(kind), desk.paper(kind)
    first.write(desk.new(), "Yhden")
    second.write(desk.new(), "Toisen")
    assert written(desk.send(kind, first.bytes())) == {"results": {"created": 1}}
    (fault,) = faults(desk.send(kind, second.bytes()))
    assert (fault["code"], fault["sent"], fault["current"]) == ("stale", "Toisen", "Yhden")
    assert desk.texts() == ["Yhden"]


@in_both
def test_a_row_made_since_is_not_missed(desk: Desk, kind: str) -> None:
    paper = desk.paper(kind)
    cell = {"goal_id": desk.goal_id, "period_id": desk.autumn}
    desk.add("results", **cell, kind="activity", text="Verkossa")
    assert written(desk.send(kind, paper.bytes())) == {}
    assert desk.texts() == ["Verkossa"]


@in_both
def test_a_submitted_report_holds_its_cells(desk: Desk, kind: str) -> None:
    desk.change("reports", desk.key, contact_id=str(desk.bench.make("contacts")))
    paper = desk.paper(kind)
    etag = desk.read().headers["ETag"].partition(".")[0].strip('"')
    sent = desk.bench.client.post(
        f"/api/v1/reports/{desk.key}/submit",
        json={},
        headers=desk.bench.manager | {"If-Match": f'"{etag}"'},
    )
    assert sent.status_code == 200, sent.text
    assert written(desk.send(kind, paper.bytes())) == {}
    paper.write(short_id(desk.result), "Myöhässä")
    paper.write(desk.new(), "Myöhässä")
    told = faults(desk.send(kind, paper.bytes()))
    assert {fault["code"] for fault in told} == {"locked"}
    assert [fault["report"]["id"] for fault in told] == [desk.key] * 2
    assert [fault["goal"] for fault in told] == ["Laatuverkosto"] * 2


@in_both
def test_another_providers_form_is_of_no_report(desk: Desk, kind: str) -> None:
    paper = desk.paper(kind)
    paper.write(short_id(desk.result), "Vieras")
    sent = desk.send(kind, paper.bytes(), by=desk.bench.other_manager)
    assert [fault["code"] for fault in faults(sent)] == ["not_found"]
    assert desk.texts(0) == ["Aloitettu"]


@in_both
def test_names_of_fields_are_not_believed(desk: Desk, kind: str) -> None:
    """Of another provider's row, of one elsewhere, of what is no text and of what is no field."""
    theirs = str(desk.bench.world.b.ids["results"])
    elsewhere = str(desk.bench.world.a.ids["results"])
    own = short_id(desk.result)
    for name, wanted in (
        (f"results.{short_id(theirs)}.1.text", {"not_found"}),
        (f"results.{short_id(elsewhere)}.1.text", {"other_sub_project", "stale"}),
        (f"users.{own}.1.email", {"unknown_name"}),
        (f"results.{own}.1.goal_id", {"stale"}),
        (f"results.{own}.1.nothing.0.at_all", {"stale"}),
        ("rubbish", {"unknown_name", "no_field"}),
    ):
        paper = desk.paper(kind)
        paper.write(desk.new(), "Uutta")
        _rename(paper, desk.new(), name)
        told = {fault["code"] for fault in faults(desk.send(kind, paper.bytes()))}
        assert told, name
        assert told <= wanted, (name, told)


def _rename(paper: Any, old: str, name: str) -> None:
    if isinstance(paper, Paper):
        for control in paper.controls(old):
            tag = next(one for one in control.iter() if one.tag.endswith("}tag"))
            tag.set(next(iter(tag.attrib)), name)
        return
    for sheet in paper.book:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.value == old:
                    cell.value = name if name != "rubbish" else "users.x"


def test_a_lost_tag_is_made_up_for_where_the_text_is_the_same(desk: Desk) -> None:
    paper = desk.paper("docx")
    paper.lose(short_id(desk.result))
    assert written(desk.send("docx", paper.bytes())) == {}
    paper = desk.paper("docx")
    paper.write(short_id(desk.result), "Toinen")
    paper.lose(short_id(desk.result))
    assert [fault["code"] for fault in faults(desk.send("docx", paper.bytes()))] == ["removed"]


def test_a_copied_row_is_refused_with_its_place(desk: Desk) -> None:
    paper = desk.paper("docx")
    paper.copy_row(short_id(desk.goal_id))
    told = faults(desk.send("docx", paper.bytes()))
    assert [(fault["code"], fault["row"], fault["column"]) for fault in told] == [
        ("repeated", 4, "1")
    ]


def test_what_stands_behind_a_field_in_its_paragraph_is_part_of_it(desk: Desk) -> None:
    paper = desk.paper("docx")
    control = next(paper.controls(short_id(desk.result)))
    control.addnext(run(", ja vähän lisää"))
    assert written(desk.send("docx", paper.bytes())) == {"results": {"updated": 1}}
    assert desk.texts(0) == ["Aloitettu, ja vähän lisää"]


def test_what_is_written_beside_the_table_is_not_lost_without_a_word(desk: Desk) -> None:
    paper = desk.paper("docx")
    paper.document.add_paragraph("Huomasin vielä tämän.")
    (fault,) = faults(desk.send("docx", paper.bytes()))
    assert (fault["code"], fault["value"]) == ("no_field", "Huomasin vielä tämän.")


def test_words_of_the_forms_own_that_were_changed_are_not_passed_over(desk: Desk) -> None:
    paper = desk.paper("docx")
    name = next(one for one in paper.body.iter(qn("w:t")) if "1.2.2012" in str(one.text))
    name.text = "Kokous 3.2.2012."
    (fault,) = faults(desk.send("docx", paper.bytes()))
    assert (fault["code"], fault["value"], fault["goal"]) == (
        "no_field",
        "Kokous 3.2.2012.",
        "Laatuverkosto",
    )


def test_a_record_under_several_goals_is_edited_in_any_of_them_but_not_differently(
    desk: Desk,
) -> None:
    other = desk.goal("Toinen")
    meeting = desk.add(
        "meetings", goal_ids=[desk.goal_id, other], date="2012-03-01", notes="Yhteinen"
    )
    name = f"{short_id(meeting)}.1.notes"
    paper = desk.paper("docx")
    paper.write(name, "Toisaalla", place=1)
    assert written(desk.send("docx", paper.bytes(), "?dry_run=true")) == {
        "meetings": {"updated": 1}
    }
    paper.write(name, "Täällä", place=0)
    assert [fault["code"] for fault in faults(desk.send("docx", paper.bytes()))] == ["ambiguous"]


def test_a_document_that_is_none_of_ours_is_refused(desk: Desk) -> None:
    paper = desk.paper("docx")
    paper.document = docx.Document()
    for data in (paper.bytes(), b"", b"PK\x03\x04 rubbish", desk.paper("docx").bytes()[:-30]):
        assert [fault["code"] for fault in faults(desk.send("docx", data))] == ["not_a_form"]


def test_a_line_that_somebody_added_to_a_sheet_is_not_lost_without_a_word(desk: Desk) -> None:
    paper = desk.paper("xlsx")
    sheet = next(paper.lines(desk.new()))[0]
    sheet.append(["Laatuverkosto", "syksy 2012", None, "Vielä tämä"])
    (fault,) = faults(desk.send("xlsx", paper.bytes()))
    assert (fault["code"], fault["table"], fault["value"]) == (
        "no_field",
        sheet.title,
        "Vielä tämä",
    )


@pytest.mark.parametrize("place", [("A", 1), ("B", 2), ("C", 3), ("F", 2)])
def test_words_of_the_forms_own_are_not_written_over_in_a_sheet(
    desk: Desk, place: tuple[str, int]
) -> None:
    column, row = place
    paper = desk.paper("xlsx")
    sheet = next(paper.lines(short_id(desk.result)))[0]
    sheet[f"{column}{row}"] = "Muutettu"
    (fault,) = faults(desk.send("xlsx", paper.bytes()))
    told = [fault[name] for name in ("code", "table", "row", "column", "value")]
    assert told == ["no_field", sheet.title, row, column, "Muutettu"]


def test_a_result_edited_in_the_table_of_goals_alone_is_told_of(desk: Desk) -> None:
    paper = desk.paper("xlsx")
    paper.book["Tavoite"]["B2"] = "Aloitettu, ja jatkuu"
    (fault,) = faults(desk.send("xlsx", paper.bytes()))
    assert (fault["code"], fault["value"]) == ("no_field", "Aloitettu, ja jatkuu")


def test_a_sheet_without_its_hidden_column_is_refused_once(desk: Desk) -> None:
    paper = desk.paper("xlsx")
    sheet = next(paper.lines(short_id(desk.result)))[0]
    sheet.delete_cols(5)
    told = [
        (fault["code"], fault.get("table")) for fault in faults(desk.send("xlsx", paper.bytes()))
    ]
    assert told == [("not_a_form", sheet.title), ("removed", None)]


def test_a_formula_in_a_workbook_is_refused_with_its_place(desk: Desk) -> None:
    paper = desk.paper("xlsx")
    paper.write(short_id(desk.result), "=1+1")
    (fault,) = faults(desk.send("xlsx", paper.bytes()))
    assert (fault["code"], fault["column"], fault["goal"]) == ("formula", "D", "Laatuverkosto")


def test_a_document_may_be_brought_in_as_a_job(desk: Desk) -> None:
    paper = desk.paper("docx")
    headers = desk.bench.manager | {"Content-Type": DOCX, "Prefer": "respond-async"}
    response = desk.bench.client.post("/api/v1/imports", data=paper.bytes(), headers=headers)
    assert (response.status_code, response.get_json()["kind"]) == (202, "document")


SAYABLE = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cs"]).filter(lambda c: not FORBIDDEN.search(c)),
        st.sampled_from("\n\t\r \xa0\xad\u2011\u2028”’–😀<>&_x0041_"),
    ),
    min_size=1,
    max_size=60,
).filter(lambda text: not text.isspace() and "\0" not in text)


@in_both
@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(texts=st.lists(SAYABLE, min_size=3, max_size=3))
@example(texts=["Laatuverkosto", "Yksi\r\nKaksi", "Lopuksi\r\n"])
def test_any_report_comes_back_as_it_went(desk: Desk, kind: str, texts: list[str]) -> None:
    goal, result, notes = texts
    desk.change("goals", desk.goal_id, text=goal)
    desk.change("results", desk.result, text=result)
    desk.change("meetings", desk.meeting, notes=notes)
    before = desk.read().get_json()
    paper = desk.paper(kind)
    sent = desk.send(kind, paper.bytes())
    assert written(sent) == {}, sent.text
    assert desk.read().get_json() == before


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=SAYABLE)
def test_any_text_that_is_typed_in_word_comes_in_as_it_is(desk: Desk, text: str) -> None:
    wanted = _as_typed(text)
    if wanted == _as_typed(desk.texts(0)[0]):
        return
    paper = desk.paper("docx")
    paper.write(short_id(desk.result), wanted)
    sent = desk.send("docx", paper.bytes())
    assert written(sent) == {"results": {"updated": 1}}, sent.text
    assert desk.texts(0) == [wanted]


def _as_typed(text: str) -> str:
    """No keyboard makes other line breaks, and no XML has all letters."""
    for other in ("\r\n", "\r", "\u2028", "\u2029"):
        text = text.replace(other, "\n")
    return text.replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd")


def test_an_id_stands_in_22_letters() -> None:
    key = "0190a3c8-7b1e-7000-8000-0123456789ab"
    assert str(long_id(short_id(key))) == key
