"""What was measured as Markdown, beside the goals."""

import statistics
import typing as t
from dataclasses import dataclass

# Requests a second of each round, by case, number of results and candidate.
Key = tuple[str, int, str]
Rates = dict[Key, list[float]]


@dataclass(frozen=True)
class Goal:
    """`ours` at this case, as a multiple of another candidate at it, or of ourselves at another case."""

    case: str
    least: float
    candidate: str = "ours"
    other_case: str = ""
    engine: str = ""


GOALS = [
    Goal("list", 0.65, "floor", engine="sqlite"),
    Goal("list", 0.6, "floor", engine="postgresql"),
    *[Goal("list", least, peer) for peer, least in (("smorest", 3.5), ("fastapi", 3.0), ("drf", 3.5), ("litestar", 2.0))],
    *[
        Goal(case, least, candidate)
        for case in ("goal", "create")
        for candidate, least in (("floor", 0.55), *dict.fromkeys(("smorest", "fastapi", "drf", "litestar"), 2.0).items())
    ],
    Goal("row-unchanged", 2.0, other_case="row"),
    Goal("list-unchanged", 2.0, other_case="list"),
]
# Cost at the largest size by cost at the smallest, of ours.
MOST_GROWTH = 1.2


def speeds(engine: str, rates: Rates) -> str:
    """Requests a second: the medians."""
    columns = list(dict.fromkeys((size, candidate) for _, size, candidate in rates))
    several = len({size for size, _ in columns}) > 1
    names = [f"{candidate} {size:,}" if several else candidate for size, candidate in columns]
    lines = [
        [f"{statistics.median(rates[case, *column]):,.0f}" if (case, *column) in rates else "" for column in columns]
        for case in dict.fromkeys(case for case, *_ in rates)
    ]
    cases = dict.fromkeys(case for case, *_ in rates)
    return _table(
        [f"requests a second, {engine}", *names],
        [[case, *line] for case, line in zip(cases, lines, strict=True)],
    )


def goals(engine: str, rates: Rates) -> str:
    """Each goal that can be told from this, with the median of the rounds' ratios and their quartiles."""
    lines = []
    for size in dict.fromkeys(size for _, size, _ in rates):
        for goal in GOALS:
            mine = rates.get((goal.case, size, "ours"))
            theirs = rates.get((goal.other_case or goal.case, size, goal.candidate))
            if mine and theirs and goal.engine in ("", engine):
                name = f"{goal.case} by {goal.other_case or goal.candidate}"
                lines.append(_line(f"{name}, {size:,} results", mine, theirs, goal.least))
    sizes = sorted({size for _, size, _ in rates})
    for case in dict.fromkeys(case for case, *_ in rates):
        least, most = (rates.get((case, size, "ours")) for size in (sizes[0], sizes[-1]))
        if len(sizes) > 1 and least and most:
            name = f"{case} at {sizes[-1]:,} by {sizes[0]:,} results"
            lines.append(_line(name, most, least, 1 / MOST_GROWTH))
    return _table([f"ours, {engine}", "measured", "quartiles", "goal", ""], lines)


def _line(name: str, mine: list[float], theirs: list[float], least: float) -> list[str]:
    ratios = [one / other for one, other in zip(mine, theirs, strict=True)]
    low, middle, high = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else ratios * 3
    short = "" if middle >= least else f"**short by {1 - middle / least:.0%}**"
    return [name, f"{middle:.2f}", f"{low:.2f}–{high:.2f}", f"≥ {least:.2f}", short]


def _table(head: list[str], lines: list[list[str]]) -> str:
    ruled = [head, ["---", *["---:"] * (len(head) - 1)], *lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in ruled)
