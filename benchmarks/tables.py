"""What was measured as Markdown, beside the goals."""

import statistics
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.load import Load

ORDER = ("floor", "ours", "smorest", "fastapi", "drf", "litestar")

# What each round gave, by case, number of results and candidate.
Key = tuple[str, int, str]
Loads = dict[Key, list[Load]]


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
    *[
        Goal("list", least, peer)
        for peer, least in (("smorest", 3.5), ("fastapi", 3.0), ("drf", 3.5), ("litestar", 2.0))
    ],
    *[
        Goal(case, least, candidate)
        for case in ("goal", "create")
        for candidate, least in (
            ("floor", 0.55),
            *dict.fromkeys(("smorest", "fastapi", "drf", "litestar"), 2.0).items(),
        )
    ],
    Goal("row-unchanged", 2.0, other_case="row"),
    Goal("list-unchanged", 2.0, other_case="list"),
]
# Cost at the largest size by cost at the smallest, of ours.
MOST_GROWTH = 1.2


def of(engine: str, loads: Loads) -> Iterator[str]:
    """The medians of throughput and of cost, and each goal that can be told from them."""
    cases = list(dict.fromkeys(case for case, *_ in loads))
    columns = sorted({(size, candidate) for _, size, candidate in loads}, key=_column)
    several = len({size for size, _ in columns}) > 1
    names = [f"{candidate} {size:,}" if several else candidate for size, candidate in columns]
    for title, name, form in (
        ("requests a second", "rate", ",.0f"),
        ("ms of CPU a request, database included", "cpu", ".2f"),
    ):
        lines = [
            [case, *[_median(loads.get((case, *column), []), name, form) for column in columns]]
            for case in cases
        ]
        yield table([f"{engine}: {title}", *names], lines)
    head = [f"{engine}: ours, as a multiple", "measured", "quartiles", "by CPU", "goal", ""]
    yield table(head, [*_by_goal(engine, loads), *_by_size(cases, loads)])


def _column(column: tuple[int, str]) -> tuple[int, int]:
    return column[0], ORDER.index(column[1])


def _median(loads: list[Load], name: str, form: str) -> str:
    return format(statistics.median(getattr(load, name) for load in loads), form) if loads else ""


def _by_goal(engine: str, loads: Loads) -> Iterator[list[str]]:
    for size in dict.fromkeys(size for _, size, _ in loads):
        for goal in GOALS:
            mine = loads.get((goal.case, size, "ours"))
            theirs = loads.get((goal.other_case or goal.case, size, goal.candidate))
            if mine and theirs and goal.engine in ("", engine):
                name = f"{goal.case} by {goal.other_case or goal.candidate}, {size:,} results"
                yield _line(name, mine, theirs, goal.least)


def _by_size(cases: list[str], loads: Loads) -> Iterator[list[str]]:
    sizes = sorted({size for _, size, _ in loads})
    for case in cases if len(sizes) > 1 else []:
        few, many = (loads.get((case, size, "ours")) for size in (sizes[0], sizes[-1]))
        if few and many:
            name = f"{case} at {sizes[-1]:,} by {sizes[0]:,} results"
            yield _line(name, many, few, 1 / MOST_GROWTH)


def _line(name: str, mine: list[Load], theirs: list[Load], least: float) -> list[str]:
    """A ratio: the median of the rounds' own, since what disturbs one round disturbs both."""
    ratios = [one.rate / other.rate for one, other in zip(mine, theirs, strict=True)]
    low, middle, high = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else ratios * 3
    by_cpu = statistics.median(
        o.cpu / one.cpu for one, o in zip(mine, theirs, strict=True) if one.cpu
    )
    short = f"**short by {1 - middle / least:.0%}**" if middle < least else ""
    return [
        name,
        f"{middle:.2f}",
        f"{low:.2f}–{high:.2f}",
        f"{by_cpu:.2f}",
        f"≥ {least:.2f}",
        short,
    ]


def table(head: list[str], lines: list[list[str]]) -> str:
    ruled = [head, ["---", *["---:"] * (len(head) - 1)], *lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in ruled)
