"""CSV and XLSX of a report: every text comes back as it was, and none of them is a formula."""

import csv
import io
import re
from typing import Any

import openpyxl
import pytest

from api.documents import sheets
from api.documents.form import form, lines
from api.documents.tables import unguarded
from api.documents.texts import LANGUAGES
from tests.documents import sample_report as sample

KEY = "0190a3c8-7b1e-7000-8000-0123456789ab"
NAMED = "results.AZCjyHsecACAAAEjRWeJqw.7"
in_each_language = pytest.mark.parametrize("language", LANGUAGES)
TEXTS = (
    "=1+1",
    "@x",
    "+1",
    "-2",
    "'=3",
    "\tx",
    "a;=b",
    'a;"=b"',
    "<r>x</r>",
    "_x0041_",
    "https://x.example",
    "a\nb",
    '=HYPERLINK("https://x.example")',
    "00123",
    "1-2",
    "åäö 😀",
)


def saying(text: str) -> sample.Row:
    cell = sample.cell(results=[sample.result(text)])
    return sample.report([sample.goal(text, cell)], ("2012-spring",), title=text)


def table(report: sample.Row, language: str = "fi") -> list[list[str]]:
    data = sheets.csv(form(report, language)).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(data, newline=""), strict=True))


def book(report: sample.Row, language: str = "fi") -> Any:
    return openpyxl.load_workbook(io.BytesIO(sheets.xlsx(form(report, language))))


@in_each_language
def test_the_table_has_a_line_for_each_thing_that_is_said(language: str) -> None:
    report = sample.seed_like()
    head, *rows = table(report, language)
    shown = form(report, language)
    assert head == list(shown.columns.values())
    assert [[unguarded(cell) for cell in row] for row in rows] == [
        [one.goal, one.period, one.kind, one.text] for one in lines(shown)
    ]
    assert len(rows) > 12


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_comes_back_from_the_table_and_begins_no_formula(text: str) -> None:
    (row,) = table(saying(text))[1:]
    assert [unguarded(row[0]), unguarded(row[3])] == [text, text]
    assert not row[3].startswith(("=", "+", "-", "@", "\t"))


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_comes_back_from_the_workbook_and_is_no_formula_or_link(text: str) -> None:
    made = book(saying(text))
    found = [cell for sheet in made for row in sheet.iter_rows() for cell in row if cell.value]
    said = [cell for cell in found if cell.value == text]
    assert len(said) == 5  # the title; goal and cell of the table; goal and text of the list
    assert {cell.data_type for cell in found} == {"s"}
    assert not [cell for cell in found if cell.hyperlink]


@in_each_language
def test_a_section_has_a_sheet(language: str) -> None:
    made = book(sample.seed_like(), language)
    shown = form(sample.seed_like(), language)
    kinds = list(dict.fromkeys(one.kind for one in lines(shown) if one.kind))
    assert made.sheetnames == [shown.words["report"], shown.words["goal"], *kinds]
    goals = made[shown.words["goal"]]
    assert [cell.value for cell in goals[1]][:-1] == [shown.words["goal"], *shown.tables[0].periods]
    assert goals.max_row == 1 + 6
    for kind in kinds:
        rows = ["".join(filter(None, row[2:4])).replace(" ", "") for row in values(made[kind])]
        said = "".join(one.text for one in lines(shown) if one.kind == kind)
        assert "".join(rows) == re.sub("[– \\n]", "", said)


def test_what_is_longer_than_a_cell_goes_on_in_the_next_line() -> None:
    texts = [f"{number}" * 9_000 for number in range(1, 6)]
    cell = sample.cell(results=[sample.result(text) for text in texts])
    made = book(sample.report([sample.goal("T", cell)], ("2012-spring",)))
    column = [row[1] for row in values(made["Tavoite"])]
    assert "".join(column) == "\n".join(texts)
    assert len(column) == 3


def test_each_text_of_a_record_stands_beside_the_name_of_its_field() -> None:
    text = "ä" * 20_000
    cell = sample.cell(results=[sample.result(text, id=KEY, version=7)])
    made = book(sample.report([sample.goal("T", cell)], ("2012-spring",), title="Nimi"))
    assert made["Raportti"].column_dimensions["C"].hidden
    assert ("Loppuraportti", "Nimi", "reports.raportti.1.title") in values(made["Raportti"])
    assert values(made["Tavoite"])[0][0::2] == ("T", "goals.tavoite.1.text")
    found = [(row[3], row[4]) for row in values(made["Tulos"])]
    assert found == [(text[:16_383], f"{NAMED}.text"), (text[16_383:], f"{NAMED}.text")]
    properties = {one.name: one.value for one in made.custom_doc_props}
    assert (
        properties.items()
        >= {
            "lamppu_report": "raportti",
            "lamppu_version": "1",
            "lamppu_language": "fi",
        }.items()
    )


def test_only_texts_of_records_can_be_changed_and_only_while_the_report_can() -> None:
    report = sample.report(
        [sample.goal("T", sample.cell(results=[sample.result("x")]), sample.cell("2012-autumn"))]
    )
    for state, changed in (("draft", {"T", "x", None}), ("submitted", set())):
        made = book(report | {"state": state})
        assert all(sheet.protection.sheet for sheet in made)
        cells = [cell for sheet in made for row in sheet.iter_rows() for cell in row]
        free = {cell.value for cell in cells if not cell.protection.locked}
        assert free & {"T", "x", None, "Tavoite", "Raportti"} == changed


def test_a_draft_has_a_line_for_a_new_result_of_each_cell() -> None:
    cells = [sample.cell(results=[sample.result("x")]), sample.cell("2012-autumn")]
    made = book(sample.report([sample.goal("T", *cells)]) | {"state": "draft"})
    named = [row[4] for row in values(made["Tulos"])]
    assert named == [
        "results.x.1.text",
        "results.new.tavoite.2012-spring",
        "results.new.tavoite.2012-autumn",
    ]


def values(sheet: Any) -> list[Any]:
    return list(sheet.iter_rows(min_row=2, values_only=True))


def test_records_without_a_goal_are_in_the_lists() -> None:
    drawer = {"meetings": [sample.meeting(date="2011-12-01")]}
    report = sample.report([], unplaced=drawer)
    assert table(report)[1:] == [["", "", "Kokous", lines_of(report)]]
    assert book(report)["Kokous"].max_row == 3  # what the passage says, and the point under it


def lines_of(report: sample.Row) -> str:
    (one,) = lines(form(report, "fi"))
    return one.text


def test_the_same_report_is_the_same_bytes() -> None:
    shown = form(sample.seed_like(), "fi")
    assert sheets.xlsx(shown) == sheets.xlsx(shown)
    assert sheets.csv(shown) == sheets.csv(shown)


@in_each_language
def test_a_report_without_anything_yet_can_be_read(language: str) -> None:
    report = sample.report([], (), report_date=None, form={"contact": None})
    assert len(table(report, language)) == 1
    assert len(book(report, language).sheetnames) == 1
