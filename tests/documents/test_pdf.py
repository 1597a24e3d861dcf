"""The PDF: laid out as the form, tagged, the same on every machine, and nothing in it but what the report says."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from api.documents.form import form
from api.documents.pdf import render
from api.documents.texts import LANGUAGES
from tests.documents import sample_report as sample
from tests.documents.pdfs import Pdf, squeezed

in_each_language = pytest.mark.parametrize("language", LANGUAGES)
CODES = tuple(f"{year}-{part}" for year in range(2012, 2016) for part in ("spring", "autumn"))
MARKS = '# = * _ ` $x$ \\ < > @viite [a] {b} // /* */ ~ -- --- ... "q" \'a\' #let x = 1 #import "x"'


def data(report: sample.Row, language: str = "fi") -> bytes:
    return render(form(report, language))


def pdf(report: sample.Row, language: str = "fi") -> Pdf:
    return Pdf(data(report, language))


def saying(*texts: str, **given: sample.Row) -> sample.Row:
    """One goal, of which these are the results."""
    cell = sample.cell(results=[sample.result(text) for text in texts])
    return sample.report([sample.goal("Tavoite", cell)], ("2012-spring",), **given)


@in_each_language
def test_a_reader_finds_what_the_form_has_in_its_order(language: str) -> None:
    text = pdf(sample.seed_like(), language).text
    found = [text.find(squeezed(heading)) for heading in sample.READ[language]]
    assert -1 not in found, sample.READ[language][found.index(-1)]
    assert found == sorted(found[:10]) + found[10:]


@in_each_language
def test_it_claims_pdf_ua_and_says_its_language_and_title(language: str) -> None:
    made = pdf(sample.seed_like(), language)
    assert made.root["/MarkInfo"]["/Marked"]
    assert made.root["/Lang"] == language
    assert made.root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert b"<pdfuaid:part>1</pdfuaid:part>" in made.root["/Metadata"].get_data()
    assert made.reader.metadata is not None
    title = str(made.reader.metadata.title)
    assert title.startswith(sample.READ[language][0])
    assert "LAMPPU – Pohjaranta" in title


def test_its_tags_tell_headings_a_table_with_its_head_and_lists() -> None:
    tags = pdf(sample.seed_like()).tags
    assert [tag for tag in tags if tag.startswith("H")] == ["H1", "H2", "H2"]
    assert tags.count("Table") == 1
    assert tags.count("TH") == 4
    assert tags.count("TD") == 6 * 3
    assert "L" in tags
    assert "LI" in tags


def test_the_authors_language_is_told_where_it_is_another() -> None:
    assert b"/Lang(fi)" in data(sample.seed_like(), "en").replace(b" ", b"")


def test_pages_are_a4_and_numbered_as_on_the_form_with_the_head_of_the_table() -> None:
    made = pdf(sample.seed_like())
    assert len(made.pages) == 2
    for number, (page, text) in enumerate(zip(made.reader.pages, made.pages, strict=True), 1):
        assert [round(float(side)) for side in page.mediabox[2:]] == [595, 842]
        assert f"{number} (2)" in text
        assert squeezed("Kevään 2012 aikana saavutetut tulokset") in squeezed(text)


def test_a_loose_page_tells_whose_it_is() -> None:
    report = sample.seed_like()
    first, second = pdf(report).pages
    name = squeezed(form(report, "fi").name)
    assert name == squeezed("Raportti – LAMPPU – Pohjaranta – 18.1.2013")
    assert name in squeezed(second)
    assert name not in squeezed(first)


def test_a_long_name_leaves_its_place_to_the_number_of_the_page() -> None:
    report = sample.seed_like()
    report["form"]["provider"]["short_name"] = "Ammattiopistokuntayhtymä" * 9
    made = pdf(report)
    assert "2 (2)" in made.pages[1]
    assert "Ammattiopistokuntayhtymä…" not in made.pages[0]


def test_four_periods_in_a_table_lie_across_the_page_and_more_make_another() -> None:
    cells = [sample.cell(code, results=[sample.result(f"Tulos {code}.")]) for code in CODES]
    made = pdf(sample.report([sample.goal("Tavoite", *cells)], CODES))
    assert [round(float(page.mediabox.width)) for page in made.reader.pages] == [842, 842]
    assert all(squeezed(f"Tulos {code}.") in made.text for code in CODES)


def test_only_a_draft_says_so_on_every_page() -> None:
    for state, said in (("draft", True), ("submitted", False)):
        pages = pdf(sample.seed_like() | {"state": state}, "sv").pages
        assert ["UTKAST" in squeezed(text) for text in pages] == [said] * len(pages)


@in_each_language
def test_characters_of_markup_stand_as_they_are(language: str) -> None:
    marked = pdf(saying(MARKS, title=MARKS), language)
    plain = marked.text
    assert plain.count(squeezed(MARKS)) == 2
    assert marked.reader.metadata is not None
    lines = "\n".join(["Lista", "- yksi", "+ kaksi", "/ kolme: x", "= neljä", "1. viisi"])
    text = "\n".join(pdf(saying(lines), language).pages).replace("\xad", "-")
    assert lines in text


def test_nothing_of_a_text_is_read_as_a_command_or_a_file() -> None:
    evil = '#read("report.css") #sys.inputs \\u{41} #{ panic() } #include "report.typ"'
    assert squeezed(evil) in pdf(saying(evil)).text


def test_the_same_report_is_the_same_bytes_whatever_came_between() -> None:
    first = data(sample.seed_like())
    assert data(sample.seed_like(), "sv") != first
    assert data(saying("muuta")) != first
    assert data(sample.seed_like()) == first
    assert b"/CreationDate" not in first


def test_several_are_made_at_once() -> None:
    reports = [saying(f"Tulos {number}. " * 50) for number in range(8)]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(data, reports)) == [data(report) for report in reports]


@pytest.mark.parametrize("run", ["x", "äö", "aGVsbG8gd29ybGQ1", "=", ".", "_", "a/b-c_d?"])
def test_what_no_language_parts_breaks_within_its_column_and_is_whole(run: str) -> None:
    long = (run * 2000)[:2000]
    made = pdf(saying(long))
    assert squeezed(long) in made.text
    assert (
        max(len(squeezed(line)) for page in made.pages for line in page.split("\n")) < 200
    )  # of the narrowest letter


def test_a_long_word_of_the_language_is_hyphenated() -> None:
    word = "laadunhallintajärjestelmästäkinkään"
    made = "\n".join(pdf(saying(" ".join([word] * 40))).pages)
    ends = {*re.findall(r"(laa\w*)\xad\n", made)}
    assert ends
    assert ends <= {word[:place] for place in (3, 6, 9, 12, 14, 17, 20, 23, 26, 28, 31)}


def test_letters_of_our_languages_and_their_neighbours_stand_as_they_are() -> None:
    letters = "åäöÅÄÖšžŠŽéüõđŋŧčáâøæ–—”’€½²→≤°§ Привет Ελλάδα"
    made = pdf(saying(letters))
    assert squeezed(letters) in made.text
    assert made.fonts <= {"LibertinusSerif", "NewCM10", "DejaVuSansMono", "NewCMMath"}


def test_a_character_that_no_font_has_stands_as_its_number() -> None:
    made = pdf(saying("Hyvä 😀 ja 中文, \ufffe"))
    assert squeezed("Hyvä [U+1F600] ja [U+4E2D][U+6587], [U+FFFE]") in made.text


def test_blanks_lines_and_characters_without_width_do_no_harm() -> None:
    text = pdf(saying("a\tb\r\nc\n\n\nd\u200be\u00adf\u2028g\ufeffh\u202ei")).text
    assert re.search("a.*b.*c.*d.*e.*f.*g.*h.*i", text)


def test_a_large_report_is_whole_with_its_head_on_every_page() -> None:
    """Its paragraphs end on other pages than they begin on."""
    words = [f"sana{number:04d}ä" for number in range(6 * 8 * 70)]
    each = iter(" ".join(words[first : first + 70]) for first in range(0, len(words), 70))
    goals = [
        sample.goal(
            f"Tavoite {goal}",
            *[sample.cell(code, results=[sample.result(next(each))]) for code in CODES],
        )
        for goal in range(6)
    ]
    made = pdf(sample.report(goals, CODES))
    assert len(made.pages) > 6
    heads = squeezed("Tavoite Hankekuvauksen tavoitteet ja osahankkeen omat tavoitteet")
    assert all(heads in squeezed(page) for page in made.pages)
    assert [word for word in words if word not in made.text] == []


@in_each_language
def test_a_report_without_anything_yet_can_be_read(language: str) -> None:
    nothing: sample.Row = {
        "contact": None,
        "provider": {"id": "x", "name": "Koulu", "short_name": None, "colleges": []},
    }
    made = pdf(sample.report([], (), report_date=None, form=nothing), language)
    assert "None" not in made.text
    assert "Table" not in made.tags
