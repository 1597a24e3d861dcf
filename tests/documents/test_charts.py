"""Charts of indicators: only of what was measured, in words too, and the same in print and on the page."""

import pytest

from api.documents import html, pdf
from api.documents.charts import HEIGHT, WIDTH
from api.documents.form import Form, form
from api.documents.texts import LANGUAGES
from tests.documents import sample_report as sample
from tests.documents.pdfs import Pdf, squeezed

PERCENT = {"name": "Vastausprosentti", "unit": "%", "baseline": 40, "target": 75.5}
SAID = {
    "fi": "lähtötaso 40 %; tavoite 75,5 %; kevät 2012: 52 %; syksy 2012: 61 %",
    "sv": "utgångsläge 40 %; mål 75,5 %; våren 2012: 52 %; hösten 2012: 61 %",
    "en": "baseline 40 %; target 75.5 %; spring 2012: 52 %; autumn 2012: 61 %",
}


def measured(language: str = "fi", about: sample.Row | None = None, *values: float) -> Form:
    codes = ("2012-spring", "2012-autumn")
    cells = [
        sample.cell(code, measurements=[sample.measurement(value, about or PERCENT)])
        for code, value in zip(codes, values or (52, 61), strict=False)
    ]
    rest = [sample.cell(code) for code in codes[len(cells) :]]
    return form(sample.report([sample.goal("T", *cells, *rest)], codes), language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_chart_tells_all_that_it_shows_in_words_too(language: str) -> None:
    shown = measured(language)
    (chart,) = shown.charts
    assert chart.summary.replace("\N{NO-BREAK SPACE}", " ") == SAID[language]
    page = html.render(shown)
    assert f">{chart.title}</title>" in page
    assert f">{chart.summary}</desc>" in page
    made = Pdf(pdf.render(shown))
    assert "Figure" in made.tags
    assert squeezed(chart.summary) in made.text


def test_an_indicator_without_a_measurement_has_no_chart() -> None:
    assert form(sample.report([sample.goal("T", sample.cell())]), "fi").charts == ()
    assert "<svg" not in html.render(form(sample.report([]), "fi"))


def test_lines_differ_by_more_than_colour() -> None:
    (chart,) = measured().charts
    assert {line.dash for line in chart.lines} == {"solid", "dotted", "dashed"}
    assert len(chart.dots) == 2


@pytest.mark.parametrize(
    ("about", "values"),
    [
        ({"baseline": None, "target": None}, [5]),
        ({"baseline": 0, "target": 0}, [0]),
        ({"baseline": -1e12, "target": 1e12}, [1, 1e9]),
        ({"baseline": 3, "target": 3.01}, [3, 3]),
    ],
)
def test_whatever_was_measured_stands_within_the_chart(
    about: sample.Row, values: list[float]
) -> None:
    shown = measured("fi", PERCENT | about, *values)
    (chart,) = shown.charts
    places = [(one.x, one.y) for one in (*chart.dots, *chart.labels)]
    places += [(line.x2, line.y2) for line in chart.lines]
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in places)
    assert pdf.render(shown)


def test_names_are_never_markup() -> None:
    page = html.render(measured("fi", PERCENT | {"name": "<script>"}))
    assert "<script>" not in page
