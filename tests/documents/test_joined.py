"""A project's report in each format: the list of sub-projects, and behind it each report as it would stand alone."""

import io
import re

import openpyxl
import pytest
from docx import Document

from api.documents import docx, html, pdf, sheets
from api.documents.form import PERIODS_TALL
from api.documents.joined import Joined, join
from tests.documents import sample_report as sample
from tests.documents.pdfs import Pdf, squeezed

CODES = tuple(f"20{year}-spring" for year in range(10, 11 + PERIODS_TALL))


@pytest.fixture
def joined() -> Joined:
    """A tall report and a wide one."""
    wide = sample.report([sample.goal("Leveä", *map(sample.cell, CODES))], CODES)
    return join(sample.project([sample.seed_like(), wide]), "fi")


def test_its_list_tells_each_report_and_why_there_is_none(joined: Joined) -> None:
    assert [(row.cells[0], row.cells[3], row.part) for row in joined.rows] == [
        ("Pohjanranta 1", "Hyväksytty", 1),
        ("Pohjanranta 2", "Hyväksytty", 2),
        ("Saaristo, Laatu", "Luonnos", 0),
    ]
    assert joined.rows[0].cells[1:] == (
        "Loppuraportti, 18.1.2013",
        "2",
        "Hyväksytty",
        "1.2.2013",
        "9/12",
    )
    assert "3 osahankkeesta" in joined.summary


def test_as_a_pdf_its_headings_are_one_level_down_and_wide_tables_lie(joined: Joined) -> None:
    made = Pdf(pdf.render_joined(joined))
    heads = [tag for tag in made.tags if re.fullmatch(r"H[1-6]", tag)]
    assert heads == ["H1", "H2", "H2", "H2", "H3", "H3", "H2", "H3"]
    assert made.tags.count("Table") == 3
    assert "TOC" in made.tags
    boxes = [page.mediabox for page in made.reader.pages]
    assert [box.width > box.height for box in boxes].count(True) == 1
    alone = Pdf(pdf.render(joined.parts[0].form)).text
    body = alone[alone.index("Osahankkeentoiminta") :][:200]
    assert body in made.text
    assert pdf.render_joined(joined) == pdf.render_joined(joined)


def test_as_a_page_each_report_is_an_article_that_its_list_links_to(joined: Joined) -> None:
    page = html.render_joined(joined)
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', page)) == {"report-1", "report-2"} <= set(ids)
    assert re.findall(r"<h([1-6])>", page) == list("1223323")
    assert page.count('<article id="report-2" class="wide">') == 1
    assert "Lähetetty" not in page


def test_as_a_word_file_each_report_has_a_section_in_which_nothing_can_be_edited(
    joined: Joined,
) -> None:
    made = Document(io.BytesIO(docx.render_joined(joined)))
    assert [section.page_width > section.page_height for section in made.sections] == [  # type: ignore[operator]
        *(False, False, True)
    ]
    xml = made.element.xml
    ids = re.findall(r'<w:id w:val="(\d+)"', xml)
    assert len(ids) == len(set(ids))
    assert xml.count("<w:tag ") == xml.count('w:val="sdtContentLocked"')


def test_in_spreadsheets_each_line_says_whose_it_is(joined: Joined) -> None:
    lines = sheets.joined_csv(joined).decode("utf-8-sig").splitlines()
    assert lines[0] == "Osahanke,Tavoite,Kausi,Laji,Teksti"
    assert {line.partition(",")[0] for line in lines if line.startswith("Pohjanranta")} == {
        *("Pohjanranta 1", "Pohjanranta 2")
    }
    book = openpyxl.load_workbook(io.BytesIO(sheets.joined_xlsx(joined)))
    meetings = book.worksheets[2]
    names = {row[0] for row in meetings.iter_rows(min_row=2, values_only=True)}
    assert names == {"Pohjanranta 1"}
    assert book.worksheets[1].max_row == 1 + len(joined.rows)


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_a_project_without_accepted_reports_is_a_document_too(language: str) -> None:
    empty = join(sample.project([]), language)
    assert len(Pdf(pdf.render_joined(empty)).pages) == 1
    assert squeezed(empty.summary) in Pdf(pdf.render_joined(empty)).text
    assert empty.summary in html.render_joined(empty)
    for write in (docx.render_joined, sheets.joined_xlsx, sheets.joined_csv):
        assert write(empty)


def test_a_name_is_never_markup_nor_a_formula() -> None:
    row = sample.project([sample.seed_like()])
    evil = "=1+1<script>#read('x')"
    row["sub_projects"][0]["provider_name"] = evil
    hostile = join(row, "fi")
    assert "<script" not in html.render_joined(hostile)
    assert squeezed(evil) in Pdf(pdf.render_joined(hostile)).text
    text = sheets.joined_csv(hostile).decode("utf-8-sig")
    assert not any(line.startswith("=") for line in text.splitlines())
    book = openpyxl.load_workbook(io.BytesIO(sheets.joined_xlsx(hostile)))
    cell = book.worksheets[1]["A2"]
    assert (cell.value, cell.data_type) == (evil, "s")
