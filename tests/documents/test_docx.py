"""The DOCX: opens again with every text, a head that repeats, page numbers and the languages of its texts."""

import io
from collections.abc import Iterator
from typing import Any
from zipfile import ZipFile

import docx
import pytest
from docx.oxml.ns import qn

from api.documents.docx import render
from api.documents.form import Form, form, lines
from api.documents.texts import LANGUAGES
from api.documents.word import SAID
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
        yield "".join(docx.text.run.Run(run, document).text for run in paragraph.iter(qn("w:r")))


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


def controls(document: Any) -> dict[str, str]:
    """The texts by the tags of the controls that hold them, apart from what we say ourselves."""
    found: dict[str, str] = {}
    for control in document.element.body.iter(qn("w:sdt")):
        tag = control.find(".//" + qn("w:tag")).get(qn("w:val"))
        run = docx.text.run.Run(control.find(".//" + qn("w:r")), document)
        assert tag == SAID or found.setdefault(tag, run.text) == run.text
    return found


def locks(document: Any, tag: str) -> set[str | None]:
    found = document.element.body.iter(qn("w:sdtPr"))
    mine = [one for one in found if one.find(qn("w:tag")).get(qn("w:val")) == tag]
    return {
        None if (lock := one.find(qn("w:lock"))) is None else lock.get(qn("w:val")) for one in mine
    }


def test_each_text_of_a_record_is_a_control_with_the_name_of_its_field() -> None:
    key = "0190a3c8-7b1e-7000-8000-0123456789ab"
    stage = sample.stage("handed_over", note="Huomautus")
    said = sample.cell(
        results=[sample.result("Tulos", id=key, version=7)],
        deliverables=[sample.deliverable("model", "Malli", id=key, version=99_999, stages=[stage])],
        feedback=[sample.feedback("Kohta", actions=[sample.action("Teko")])],
    )
    report = sample.report([sample.goal("T", said)], ("2012-spring",), title="Nimi")
    found = controls(made(report | {"state": "draft"}))
    assert {
        "reports.raportti.1.title": "Nimi",
        "reports.raportti.1.report_date": "18.1.2013",
        "contacts.vaino.1.email": "vaino.mallikas@pohjaranta.example",
        "goals.tavoite.1.text": "T",
        "periods.2012-spring": "Kevään 2012 aikana saavutetut tulokset",
        "results.AZCjyHsecACAAAEjRWeJqw.7.text": "Tulos",
        "deliverables.AZCjyHsecACAAAEjRWeJqw.99999.stages.0.note": "Huomautus",
        "feedback.x.1.point": "Kohta",
        "feedback.x.1.actions.0.text": "Teko",
    }.items() <= found.items()
    assert max(map(len, found)) <= 64


def test_only_texts_of_records_can_be_changed_and_only_while_the_report_can() -> None:
    report = sample.report([sample.goal("T", sample.cell(results=[sample.result("x")]))], CODES[:1])
    draft, sent = (made(report | {"state": state}) for state in ("returned", "submitted"))
    field, goal = "results.x.1.text", "goals.tavoite.1.text"
    assert [locks(draft, tag) for tag in (SAID, field, goal)] == [
        {"sdtContentLocked"},
        {None},
        {"sdtLocked"},
    ]
    assert [locks(sent, tag) for tag in (SAID, field, goal)] == [{"sdtContentLocked"}] * 3


def test_a_draft_has_places_to_write_in_where_nothing_is_said() -> None:
    report = sample.report([sample.goal("T", sample.cell())], ("2012-spring",))
    new = "results.new.tavoite.2012-spring"
    assert controls(made(report | {"state": "draft"}))[new] == "Kirjoita tähän"
    assert new not in controls(made(report | {"state": "submitted"}))


def test_its_properties_say_which_report_it_is_in_which_version() -> None:
    with ZipFile(io.BytesIO(render(form(sample.seed_like(), "sv")))) as file:
        told = file.read("docProps/custom.xml").decode()
        types = file.read("[Content_Types].xml").decode()
    for name, value in (("report", "raportti"), ("version", "1"), ("language", "sv")):
        assert f'name="lamppu_{name}"><vt:lpwstr>{value}<' in told
    assert "/docProps/custom.xml" in types


@in_each_language
def test_a_report_without_anything_yet_can_be_read(language: str) -> None:
    nothing: sample.Row = {
        "contact": None,
        "provider": {"id": "x", "name": "Koulu", "short_name": None, "colleges": []},
    }
    assert "None" not in texts(
        made(sample.report([], (), report_date=None, form=nothing), language)
    )
