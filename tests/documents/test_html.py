"""The page: what stands where, in each language, and that nobody's text can break out of it."""

from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser

import pytest

from api.documents.form import form
from api.documents.html import STYLE, STYLE_HASH
from api.documents.html import render as rendered
from api.documents.texts import LANGUAGES, Texts
from tests.documents import sample_report as sample

in_each_language = pytest.mark.parametrize("language", LANGUAGES)
CODES = tuple(f"{year}-{part}" for year in range(2012, 2016) for part in ("spring", "autumn"))


def render(report: sample.Row, language: str) -> str:
    return rendered(form(report, language))


class Page(HTMLParser):
    """A page taken apart: tags with their attributes in order, and the text without the style."""

    def __init__(self, html: str):
        super().__init__()
        self.html = html
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.style = ""
        self._text: list[str] = []
        self._inside = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "style":
            self.style += data
        else:
            self._text.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self._text).split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def page(report: sample.Row, language: str = "fi") -> Page:
    return Page(render(report, language))


def one_cell(cell: sample.Row, **given: sample.Row) -> sample.Row:
    return sample.report([sample.goal("Tavoite", cell)], ("2012-spring",), **given)


@in_each_language
def test_the_page_has_what_the_paper_form_has_in_its_places(language: str) -> None:
    text = page(sample.seed_like(), language).text
    found = [text.find(heading) for heading in sample.READ[language]]
    assert -1 not in found, sample.READ[language][found.index(-1)]


@in_each_language
def test_the_page_says_its_language_and_that_of_the_author(language: str) -> None:
    shown = page(sample.seed_like(), language)
    assert shown.all("html")[0]["lang"] == language
    goals = [tag for tag in shown.all("div") if "lang" in tag]
    assert goals
    assert {tag["lang"] for tag in goals} == {"fi"}


def test_the_contact_stands_as_written_with_phone_and_lines_of_the_address() -> None:
    html = render(sample.seed_like(), "fi")
    assert "puh. 050 000 0000" in html
    assert "Mallikatu 6\n95400 Esimerkkilä" in html
    assert "vaino.mallikas@pohjaranta.example" in html


def test_the_table_names_itself_and_its_heads_say_what_they_head() -> None:
    shown = page(sample.seed_like())
    assert len(shown.all("caption")) == len(shown.all("table")) == 1
    scopes = [th["scope"] for th in shown.all("th")]
    assert scopes == ["col", "colgroup", "col", "col"] + ["row"] * 6
    assert len(shown.all("td")) == 12


def test_headings_stand_in_order() -> None:
    shown = page(sample.seed_like() | {"form": sample.seed_like()["form"] | {"unplaced": DRAWER}})
    assert [tag for tag, _ in shown.tags if tag[0] == "h" and tag[1:].isdigit()] == [
        "h1",
        "h2",
        "h2",
        "h2",
    ]


DRAWER: sample.Row = {stem: [] for stem in sample.UNPLACED} | {
    "meetings": [sample.meeting(date="2011-12-01")]
}


def test_records_without_a_goal_or_period_stand_beneath_the_table() -> None:
    without = page(sample.report([]))
    assert "Taulukon ulkopuoliset kirjaukset" not in without.text
    shown = page(sample.report([], unplaced=DRAWER))
    assert "Taulukon ulkopuoliset kirjaukset" in shown.text
    assert "Verkostokokous 1.12.2011." in shown.text


@in_each_language
def test_nobodys_text_becomes_markup(language: str) -> None:
    evil = '<script>alert("x")</script>&amp;'
    cell = sample.cell(
        results=[sample.result(evil)],
        meetings=[
            sample.meeting(
                title=evil,
                place=evil,
                notes=evil,
                participants=[sample.participant({"name": evil, "job_title": evil})],
            )
        ],
        surveys=[sample.survey(evil, respondent_groups=[sample.respondents("other", label=evil)])],
        disseminations=[sample.dissemination(evil, evil, text=evil)],
        feedback=[sample.feedback(evil, actions=[sample.action(evil)], about=evil)],
        measurements=[sample.measurement(1, {"name": evil, "unit": evil})],
        deliverables=[sample.deliverable("plan", evil, deliveries=[sample.delivery(evil)])],
    )
    names = {"name": sample.words(evil), "acronym": evil, "id": "x", "description": None}
    report = sample.report(
        [sample.goal(evil, cell)],
        ("2012-spring",),
        title=evil,
        form={
            "project": names,
            "sub_project": {"id": "x", "version": 1, "name": evil, "description": evil},
        },
    )
    shown = page(report, language)
    assert not shown.all("script")
    assert "<script" not in shown.html
    assert shown.text.count(evil) >= 18


def test_braces_in_a_text_stay_braces() -> None:
    text = "{{ 7 * 7 }} {0.__class__} %s {name}"
    cell = sample.cell(meetings=[sample.meeting(host=text)], results=[sample.result(text)])
    assert page(one_cell(cell)).text.count(text) == 2


def test_lines_of_a_text_are_kept() -> None:
    html = render(one_cell(sample.cell(results=[sample.result("eka\n\n- toka\n- kolmas")])), "fi")
    assert "eka\n\n- toka\n- kolmas" in html


@in_each_language
def test_the_style_is_the_text_that_its_hash_allows_and_nothing_else_is_loaded(
    language: str,
) -> None:
    shown = page(sample.seed_like() | {"state": "draft"}, language)
    digest = b64encode(sha256(shown.style.encode()).digest()).decode()
    assert f"sha256-{digest}" == STYLE_HASH
    assert len(shown.all("style")) == 1
    assert not [attributes for _, attributes in shown.tags if "style" in attributes]
    assert not {tag for tag, _ in shown.tags} & {"script", "link", "img", "iframe", "object"}
    assert "url(" not in shown.style
    assert "//" not in shown.html


@in_each_language
def test_the_running_head_in_the_style_says_the_words_of_the_catalogue(language: str) -> None:
    texts = Texts(language)
    report, draft = texts("heading.report"), texts.word("report_state", "draft").upper()
    rule = f':root:lang({language}) {{ --draft: "{draft}"; --report: "{report}"; }}'
    assert rule in STYLE


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("draft", "Luonnos"),
        ("submitted", "Lähetetty"),
        ("returned", "Palautettu täydennettäväksi"),
        ("accepted", "Hyväksytty"),
    ],
)
def test_the_state_shows_and_only_a_draft_is_marked_on_every_page(
    state: str, expected: str
) -> None:
    shown = page(sample.report([], state=state))
    assert expected in shown.text
    assert ("draft" in (shown.all("html")[0]["class"] or "")) == (state == "draft")


def test_the_kind_and_the_authors_title_show() -> None:
    shown = page(sample.report([], kind="interim", title="Puolivälin raportti"))
    assert "Väliraportti: Puolivälin raportti" in shown.text


def test_a_cell_nobody_has_filled_in_is_not_like_one_with_a_statement() -> None:
    statement = sample.result(None, kind="not_applicable", reason="Alkaa syksyllä.")
    cells = sample.cell(), sample.cell("2012-autumn", "not_applicable", results=[statement])
    shown = page(sample.report([sample.goal("Tavoite", *cells)]))
    missing, stated = shown.all("td")
    assert missing["class"] == "missing"
    assert "class" not in stated
    assert "Ei koske osahanketta: Alkaa syksyllä." in shown.text


def test_a_statement_without_its_result_is_still_told() -> None:
    assert "Ei raportoitavaa" in page(one_cell(sample.cell(state="nothing_to_report"))).text


def test_the_providers_own_goal_is_told_from_one_of_the_project() -> None:
    assert "Osahankkeen oma tavoite" in page(sample.seed_like()).text
    assert "Osahankkeen oma tavoite" not in page(one_cell(sample.cell())).text


def test_the_cells_are_counted_by_state() -> None:
    counted = (
        "Taulukon ruutuja 12: täytetty 7, ei raportoitavaa 1, ei koske osahanketta 1, puuttuu 3."
    )
    assert counted in page(sample.seed_like()).text


@pytest.mark.parametrize(
    ("periods", "tables", "width"),
    [
        (1, [1], "tall"),
        (2, [2], "tall"),
        (3, [3], "tall"),
        (4, [4], "wide"),
        (5, [3, 2], "tall"),
        (6, [3, 3], "tall"),
        (7, [4, 3], "wide"),
        (8, [4, 4], "wide"),
    ],
)
def test_any_number_of_periods_stands_in_tables_that_can_be_read(
    periods: int, tables: list[int], width: str
) -> None:
    codes = CODES[:periods]
    cells = [sample.cell(code, results=[sample.result(f"Tulos {code}.")]) for code in codes]
    shown = page(sample.report([sample.goal("Tavoite", *cells)], codes))
    assert [table["class"] for table in shown.all("table")] == [f"periods-{n}" for n in tables]
    assert shown.all("body")[0]["class"] == width
    positions = [shown.text.index(f"Tulos {code}.") for code in codes]
    assert positions == sorted(positions)


@in_each_language
def test_a_report_without_anything_yet_can_be_read(language: str) -> None:
    nothing: sample.Row = {
        "contact": None,
        "provider": {"id": "x", "name": "Koulu", "short_name": None, "colleges": []},
    }
    shown = page(sample.report([], (), report_date=None, form=nothing), language)
    assert not shown.all("table")
    assert "None" not in shown.text


def test_what_is_not_there_is_said() -> None:
    shown = page(sample.report([], form={"contact": None}, report_date=None))
    assert "Ei nimetty" in shown.text
    assert "Ei päivätty" in shown.text
    assert "Osahankkeelle ei ole vielä kirjattu tavoitteita." in shown.text
    assert "ei ole valittu raportointikausia" in page(sample.report([], ())).text


def test_a_contact_of_whom_only_the_name_is_known_has_one_line() -> None:
    contact = dict.fromkeys(("job_title", "email", "phone", "postal_address"), None)
    shown = page(sample.report([], form={"contact": contact | {"name": "Aino Esimerkki"}}))
    assert "yhteystiedot Aino Esimerkki Osahankkeen toiminta" in shown.text


@in_each_language
def test_rows_of_which_nothing_but_the_least_is_known_can_be_read(language: str) -> None:
    cell = sample.cell(
        results=[sample.result("x")],
        meetings=[sample.meeting(attendance=None)],
        surveys=[sample.survey("x")],
        disseminations=[sample.dissemination("x", "y")],
        feedback=[sample.feedback("x")],
        measurements=[sample.measurement(0)],
        deliverables=[
            sample.deliverable(
                "model", "x", stages=[sample.stage("considered")], deliveries=[sample.delivery("x")]
            )
        ],
    )
    assert "None" not in page(one_cell(cell), language).text


def test_a_text_of_ten_thousand_characters_stands_whole() -> None:
    long = "äö" * 5000
    assert long in page(one_cell(sample.cell(results=[sample.result(long)]))).text
