"""The DOCX: opens again with every text, a head that repeats, page numbers and the languages of its texts."""

import io
from collections.abc import Iterator
from typing import Any

import docx
import pytest
from docx.oxml.ns import qn

from api.documents.docx import render
from api.documents.form import Form, form, lines
from api.documents.texts import LANGUAGES
from tests.documents import sample_report as sample

in_each_language = pytest.mark.parametrize("language", LANGUAGES)
CODES = tuple(f"{year}-{part}" for year in range(2012, 2016) for part in ("spring", "autumn"))


def opened(shown: Form) -> Any:
    return docx.Document(io.BytesIO(render(shown)))


def made(report: sample.Row, language: str = "fi") -> Any:
    return opened(form(report, language))


def texts(document: Any) -> str:
    """Every paragraph in its order, also those of tables."""
    return "\n".join(_paragraphs(document))


def _paragraphs(document: Any) -> Iterator[str]:
    for paragraph in document.element.body.iter(qn("w:p")):
        yield docx.text.paragraph.Paragraph(paragraph, document).text


def saying(text: str) -> sample.Row:
    cell = sample.cell(results=[sample.result(text)])
    return sample.report([sample.goal(text, cell)], ("2012-spring",), title=text)


@in_each_language
def test_all_that_is_said_stands_in_it_in_the_order_of_the_form(language: str) -> None:
    shown = form(sample.seed_like(), language)
    said = texts(opened(shown))
    for one in lines(shown):
        for line in one.text.split("\n"):
            assert line.lstrip(" –") in said
    found = [said.find(heading) for heading in sample.READ[language][:10] if "\t" not in heading]
    assert -1 not in found
    assert found[2:] == sorted(found[2:])


def test_the_head_of_the_table_repeats_and_pages_are_numbered_by_fields() -> None:
    document = made(sample.seed_like())
    table = document.tables[1]
    heads = [row._tr.find(".//" + qn("w:tblHeader")) is not None for row in table.rows]
    assert heads == [True, True] + [False] * 6
    fields = document.sections[0].header._element.iter(qn("w:fldSimple"))
    assert [field.get(qn("w:instr")) for field in fields] == ["PAGE", "NUMPAGES"]


@pytest.mark.parametrize(("language", "said"), [("fi", "fi-FI"), ("sv", "sv-FI"), ("en", "en-GB")])
def test_it_says_its_language_title_and_that_of_the_author(language: str, said: str) -> None:
    document = made(sample.seed_like(), language)
    assert document.core_properties.language == language
    assert document.core_properties.title == form(sample.seed_like(), language).name
    default = document.styles.element.find(".//" + qn("w:rPrDefault")).find(".//" + qn("w:lang"))
    assert default.get(qn("w:val")) == said
    others = {each.get(qn("w:val")) for each in document.element.body.iter(qn("w:lang"))}
    assert ("fi-FI" in others) == (language != "fi")


def test_it_is_a4_and_lies_across_for_four_periods() -> None:
    cells = [sample.cell(code) for code in CODES]
    tall, wide = made(sample.seed_like()), made(sample.report([sample.goal("T", *cells)], CODES))
    sizes = [
        (round(one.page_width.mm), round(one.page_height.mm))
        for one in (tall.sections[0], wide.sections[0])
    ]
    assert sizes == [(210, 297), (297, 210)]
    assert [len(table.columns) for table in wide.tables] == [2, 5, 5]


@pytest.mark.parametrize(
    "text",
    [
        "<w:t>&amp;</w:t>",
        "=1+1",
        "rivi\nrivi\tsarkain",
        "  kaksi  välilyöntiä ",
        "😀 中文 åäö",
        "x" * 10_000,
    ],
)
def test_a_text_stands_as_it_is(text: str) -> None:
    assert texts(made(saying(text))).count(text) == 3


def test_what_no_xml_has_is_replaced() -> None:
    assert "a\ufffdb" in texts(made(saying("a\ufffeb")))


def test_only_a_draft_says_so_on_every_page() -> None:
    for state, said in (("draft", True), ("submitted", False)):
        document = made(sample.seed_like() | {"state": state}, "sv")
        assert ("UTKAST" in document.sections[0].header.paragraphs[0].text) is said


def test_the_same_report_is_the_same_bytes() -> None:
    shown = form(sample.seed_like(), "fi")
    assert render(shown) == render(shown)
    assert b"\x00\x00!\x00" in render(shown)  # 1980-01-01, before which no archive counts


@in_each_language
def test_a_report_without_anything_yet_can_be_read(language: str) -> None:
    nothing: sample.Row = {
        "contact": None,
        "provider": {"id": "x", "name": "Koulu", "short_name": None, "colleges": []},
    }
    assert "None" not in texts(
        made(sample.report([], (), report_date=None, form=nothing), language)
    )
