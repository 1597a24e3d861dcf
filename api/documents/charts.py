"""Indicators (mittari) as charts: baseline, target and what was reached, period by period.

A chart is lines, dots and labels at their places, which the writers draw as they stand. What tells one line from
another is its dash and its label; colour only helps. The same stands in words beside it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from api.documents.passages import bracketed, joined
from api.documents.texts import Texts

# In points; the labels of the two levels stand right of the plot.
WIDTH, HEIGHT = 360, 120
_LEFT, _RIGHT, _TOP, _BOTTOM = 30, 260, 18, 100
_DASHES = {"baseline": "dotted", "target": "dashed"}
_NEAR = 10  # two labels that are no farther apart would stand on each other

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    x1: float
    y1: float
    x2: float
    y2: float
    dash: str = "solid"
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Dot:
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Label:
    """`y` is its base line's."""

    x: float
    y: float
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Chart:
    """:ivar summary: all that it shows, in words"""

    title: str
    summary: str
    lines: tuple[Line, ...]
    dots: tuple[Dot, ...]
    labels: tuple[Label, ...]


def charts(parts: Row, texts: Texts) -> Iterator[Chart]:
    """One for each indicator of which something has been measured, goal by goal."""
    codes = [period["code"] for period in parts["periods"]]
    for goal in parts["goals"]:
        found: dict[str, tuple[Row, dict[str, float]]] = {}
        for cell in goal["cells"]:
            for row in cell["measurements"]:
                _, values = found.setdefault(row["indicator_id"], (row["indicator"], {}))
                values[cell["period_code"]] = row["value"]
        yield from (_chart(one, values, codes, texts) for one, values in found.values())


def _chart(indicator: Row, values: Mapping[str, float], codes: list[str], texts: Texts) -> Chart:
    unit = indicator["unit"]
    levels = {name: indicator[name] for name in _DASHES if indicator[name] is not None}
    said = {
        name: texts(f"measurements.{name}", value=texts.quantity(value, unit))
        for name, value in levels.items()
    }
    by_height = _scale([*levels.values(), *values.values()])
    step = (_RIGHT - _LEFT) / len(codes)
    places = {code: _LEFT + step * (number + 0.5) for number, code in enumerate(codes)}
    dots = [Dot(places[code], by_height(values[code])) for code in codes if code in values]
    heights = _apart({name: by_height(value) for name, value in levels.items()})
    return Chart(
        title=bracketed(indicator["name"], unit),
        summary=joined(
            [
                *said.values(),
                *(
                    f"{texts.period('period', code)}: {texts.quantity(value, unit)}"
                    for code, value in values.items()
                ),
            ],
            "; ",
        ),
        lines=(
            Line(_LEFT, _BOTTOM, _RIGHT, _BOTTOM, quiet=True),
            *(
                Line(_LEFT, by_height(value), _RIGHT, by_height(value), _DASHES[name])
                for name, value in levels.items()
            ),
            *_joined(dots),
        ),
        dots=tuple(dots),
        labels=(
            *(Label(_RIGHT + 4, heights[name] + 3, text, "start") for name, text in said.items()),
            *(
                Label(dot.x, dot.y - 6, texts.number(values[code]), "middle")
                for code, dot in zip((c for c in codes if c in values), dots, strict=True)
            ),
            *(
                Label(places[code], _BOTTOM + 12, texts.period("period", code), "middle")
                for code in codes
            ),
        ),
    )


def _joined(dots: Sequence[Dot]) -> Iterator[Line]:
    return (Line(one.x, one.y, other.x, other.y) for one, other in pairwise(dots))


def _scale(values: Iterable[float]) -> Any:
    """From a value to its height on the page; all of one value stand in the middle."""
    found = [float(value) for value in values]
    least, most = min(found), max(found)

    def height(value: float) -> float:
        share = (float(value) - least) / (most - least) if most > least else 0.5
        return round(_BOTTOM - 8 - share * (_BOTTOM - 8 - _TOP), 2)

    return height


def _apart(heights: dict[str, float]) -> dict[str, float]:
    """Heights of labels, the lower one moved down where they would stand on each other."""
    upper = -float(_NEAR)
    moved = {}
    for name, height in sorted(heights.items(), key=lambda pair: pair[1]):
        moved[name] = upper = max(height, upper + _NEAR)
    return moved
