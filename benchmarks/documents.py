"""What a document costs: python3 benchmarks/run.py documents [--help]

The sample's report, twenty of them joined, and a stress report (40 goals × 8 periods, cells of 5,000 characters) in
each format, in milliseconds of CPU of all threads, after a document to warm up; each time of a report that says
something else, since a compiler remembers. Then what the process has grown by after so many documents.
"""

import argparse
import random
import statistics
import time
from collections.abc import Callable
from typing import Any

import psutil

from api.documents import docx, html, pdf, sheets
from api.documents.form import Form, form
from api.documents.joined import Joined, join
from tests.documents import sample_report as sample

JOINED: dict[str, Callable[[Joined], str | bytes]] = {
    "PDF": pdf.render_joined,
    "DOCX": docx.render_joined,
    "XLSX": sheets.joined_xlsx,
    "HTML": html.render_joined,
    "CSV": sheets.joined_csv,
}
WRITERS: dict[str, Callable[[Form], str | bytes]] = {
    "PDF": pdf.render,
    "DOCX": docx.render,
    "XLSX": sheets.xlsx,
    "HTML": html.render,
    "CSV": sheets.csv,
}
PERIODS = tuple(f"{year}-{part}" for year in range(2012, 2016) for part in ("spring", "autumn"))
TEXT = (
    "laadunvarmistuksen osahanke kehittäminen verkosto oppilaitoksessa työpaikkaohjaajien palautekysely "
    "toteutettiin ja käsiteltiin johtoryhmässä sekä ammatillisessa neuvottelukunnassa"
)
WORDS = TEXT.split()


def seed_like(number: int) -> Form:
    return form(sample.seed_like() | {"title": f"Raportti {number}"}, "fi")


def stress(number: int) -> Form:
    dice = random.Random(number)

    def text(length: int) -> str:
        return " ".join(dice.choices(WORDS, k=length // 4))[:length]

    def row() -> Any:
        cells = [sample.cell(code, results=[sample.result(text(5_000))]) for code in PERIODS]
        return sample.goal(text(200), *cells)

    return form(sample.report([row() for _ in range(40)], PERIODS), "fi")


def project(number: int) -> Joined:
    """Of twenty sub-projects, each with a report like the sample's."""
    row = sample.seed_like()
    return join(
        sample.project([row | {"title": f"Raportti {number} {n}"} for n in range(20)]), "fi"
    )


def cost(write: Callable[[Any], object], make: Callable[[int], Any], rounds: int) -> float:
    """Milliseconds of CPU, the median of the rounds."""
    write(make(0))
    taken = []
    for number in range(1, rounds + 1):
        shown = make(number)
        before = time.process_time()
        write(shown)
        taken.append((time.process_time() - before) * 1_000)
    return statistics.median(taken)


def growth(write: Callable[[Form], object], number: int) -> tuple[float, float]:
    """MB by which the process grew over the second tenth of so many documents, and over the last nine."""
    process, seen = psutil.Process(), [0.0, 0.0, 0.0]
    marks = {number // 10: 0, number // 5: 1, number: 2}
    for count in range(1, number + 1):
        write(seed_like(count))
        if count in marks:
            seen[marks[count]] = process.memory_info().rss / 1e6
    return seen[1] - seen[0], seen[2] - seen[1]


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--rounds", type=int, default=20)
    asked.add_argument("--stress-rounds", type=int, default=2)
    asked.add_argument("--documents", type=int, default=1_000, help="for what memory they take")
    options = asked.parse_args()
    print(
        "| document | sample, ms of CPU | 20 joined | stress | MB more, documents 100–200 | 200 on |"
    )
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for name, write in WRITERS.items():
        small = cost(write, seed_like, options.rounds)
        early, late = growth(write, options.documents)
        large = cost(write, stress, options.stress_rounds)
        joined = cost(JOINED[name], project, options.stress_rounds)
        print(
            f"| {name} | {small:,.1f} | {joined:,.0f} | {large:,.0f} | {early:+.1f} | {late:+.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
