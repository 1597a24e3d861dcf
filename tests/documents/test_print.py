"""The page on paper, through a real browser: page numbers, the table's head on each page, umlauts, no lost text."""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from api.documents.form import form
from api.documents.html import STYLE_HASH, render
from tests.documents import sample_report as sample

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PDFTOTEXT = shutil.which("pdftotext")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-pdf-header-footer",
)

pytestmark = pytest.mark.skipif(
    not (CHROMIUM and PDFTOTEXT), reason="chromium and pdftotext are needed to look at the print"
)
Pages = list[str]


def allowed_by_hash(html: str) -> str:
    """The page under the policy that the API sends with it: a wrong hash would leave it without its style."""
    policy = f"default-src 'none'; style-src '{STYLE_HASH}'"
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    return html.replace('<meta charset="utf-8">', f'<meta charset="utf-8">{meta}')


@pytest.fixture
def printed(tmp_path: Path) -> Callable[..., Pages]:
    """Prints a report and gives the text of each page, laid out as on paper."""

    def pages(report: sample.Row, language: str = "fi", *options: str) -> Pages:
        source, pdf = tmp_path / "report.html", tmp_path / "report.pdf"
        source.write_text(allowed_by_hash(render(form(report, language))), encoding="utf-8")
        profile = f"--user-data-dir={tmp_path / 'profile'}"
        target = f"--print-to-pdf={pdf}"
        run(str(CHROMIUM), *FLAGS, profile, target, source.as_uri())
        text = run(str(PDFTOTEXT), "-enc", "UTF-8", *(options or ["-layout"]), str(pdf), "-")
        return text.removesuffix("\f").split("\f")

    return pages


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, timeout=120, check=True)
    return done.stdout.decode()


def squeezed(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def test_pages_are_numbered_as_on_the_form(printed: Callable[..., Pages]) -> None:
    pages = printed(sample.seed_like())
    assert len(pages) == 3  # the last one has the charts
    for number, text in enumerate(pages, 1):
        assert text.split("\n")[0].split() == ["Raportti", str(number), f"({len(pages)})"]


@pytest.mark.parametrize(
    ("language", "head", "umlauts"),
    [
        ("fi", "Kevään 2012 aikana", "Laatua ammatilliseen koulutukseen pohjoisessa"),
        ("sv", "Resultat som uppnåtts", "Stöd för genomförandet"),
        ("en", "Results achieved", "Väinö Mallikas"),
    ],
)
def test_the_head_of_the_table_stands_on_every_page_and_umlauts_hold(
    printed: Callable[..., Pages], language: str, head: str, umlauts: str
) -> None:
    pages = printed(sample.seed_like(), language)
    *tables, _charts = pages
    assert all(head in squeezed(text) for text in tables)
    assert umlauts in squeezed(pages[0])


def test_a_draft_says_so_on_every_page(printed: Callable[..., Pages]) -> None:
    pages = printed(sample.seed_like() | {"state": "draft"}, "sv")
    assert all("UTKAST" in text.split("\n")[0] for text in pages)


def test_long_cells_break_over_pages_without_losing_text(printed: Callable[..., Pages]) -> None:
    words = [f"sana{number:04d}ä" for number in range(1000)]
    cells = [
        sample.cell("2012-spring", results=[sample.result(" ".join(words))]),
        sample.cell("2012-autumn", results=[sample.result("x" * 10_000)]),
    ]
    pages = printed(sample.report([sample.goal("Tavoite", *cells)]), "fi", "-raw")
    text = "".join(pages)
    assert [word for word in words if word not in text] == []
    assert sum(len(run) for run in re.findall("x{4,}", text)) == 10_000
    assert len(pages) > 2
    assert "sana0000ä" in pages[0]


def test_eight_periods_are_printed_across_the_page(printed: Callable[..., Pages]) -> None:
    codes = tuple(f"{year}-{part}" for year in range(2012, 2016) for part in ("spring", "autumn"))
    cells = [sample.cell(code, results=[sample.result(f"Tulos {code}.")]) for code in codes]
    pages = printed(sample.report([sample.goal("Tavoite", *cells)], codes))
    assert len(pages) == 2
    assert all(f"Tulos {code}." in squeezed("".join(pages)) for code in codes)


def test_lines_that_the_author_broke_stay_broken(printed: Callable[..., Pages]) -> None:
    said = sample.cell("2012-spring", results=[sample.result("Saatiin aikaan:\n- yksi\n- kaksi")])
    report = sample.report([sample.goal("Tavoite", said)], ("2012-spring",))
    lines = printed(report, "fi", "-raw")[0].split("\n")
    assert {"- yksi", "- kaksi"} <= set(lines)
