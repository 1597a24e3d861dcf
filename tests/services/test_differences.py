"""What differs between two snapshots: nothing between equals, and both sides follow from what is told."""

import copy
import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.services.differences import STEMS, differences, words

laws = settings(max_examples=60, deadline=None, database=None)

# Few letters, so that texts have much in common; and whatever else there is.
TEXTS = st.text("ab ,.\n", max_size=40) | st.text(max_size=40)
Runs = list[dict[str, str]]


def side(runs: Runs, *ops: str) -> str:
    return "".join(run["text"] for run in runs if run["op"] in ops)


@laws
@given(TEXTS, TEXTS)
def test_the_runs_of_a_text_give_both_sides_back(before: str, after: str) -> None:
    runs = words(before, after)
    assert side(runs, "equal", "removed") == before
    assert side(runs, "equal", "added") == after
    assert all(run["text"] for run in runs)
    assert not [1 for run, then in itertools.pairwise(runs) if run["op"] == then["op"]]


@laws
@given(TEXTS)
def test_a_text_does_not_differ_from_itself(text: str) -> None:
    assert {run["op"] for run in words(text, text)} <= {"equal"}


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("Kysely tehtiin.", "Kysely tehdään.", "=Kysely |-tehtiin|+tehdään|=."),
        ("Kysely tehtiin.", "Uusi kysely tehtiin.", "-Kysely|+Uusi kysely|= tehtiin."),
        ("a b c", "x y z", "-a b c|+x y z"),  # blanks between them are nothing in common
        ("", "Kysely", "+Kysely"),
        ("Kysely, haku", "Kysely haku", "=Kysely|-,|= haku"),
    ],
)
def test_words_change_whole_and_with_what_stands_between_them(
    before: str, after: str, told: str
) -> None:
    signs = {"equal": "=", "removed": "-", "added": "+"}
    assert "|".join(signs[run["op"]] + run["text"] for run in words(before, after)) == told


@pytest.mark.parametrize("unit", ["a ", "a b c d ", "ä,", "…!?.", "e\u0301 "])
def test_texts_made_to_be_hard_are_compared_like_any_other(unit: str) -> None:
    """Every word of one is in thousands of places of the other; a worse algorithm would not come to an end."""
    before = (unit * 10_000)[:10_000]
    after = (unit[::-1] * 10_000)[:10_000]
    runs = words(before, after)
    assert side(runs, "equal", "removed") == before
    assert side(runs, "equal", "added") == after


# whole reports

IDS = st.sampled_from([f"id-{n}" for n in range(6)])
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "id": IDS,
            "version": st.integers(1, 3),
            "updated_at": st.sampled_from(["yesterday", "today"]),
            "text": TEXTS | st.none(),
            "actions": st.lists(st.fixed_dictionaries({"text": TEXTS}), max_size=2),
            "indicator": st.none() | st.fixed_dictionaries({"target": st.integers(0, 2)}),
        }
    ),
    unique_by=lambda row: row["id"],
    max_size=4,
)
DRAWERS = st.fixed_dictionaries(dict.fromkeys(STEMS[:2], ROWS))
CELLS = DRAWERS.map(lambda rows: {"period_code": "2012-spring", "state": "filled"} | rows)


@st.composite
def reports(draw: st.DrawFn) -> dict[str, Any]:
    goals = []
    for key in draw(st.lists(IDS, unique=True, max_size=3)):
        cells = [{"period_id": p} | draw(CELLS) for p in draw(st.permutations(["p1", "p2"]))]
        goals.append({"id": key, "text": draw(TEXTS), "cells": cells})
    form: dict[str, Any] = {"periods": [{"id": "p1"}, {"id": "p2"}], "goals": goals}
    form |= {name: {"id": name, "name": draw(TEXTS)} for name in ("programme", "project")}
    form |= {"provider": {}, "sub_project": {}, "contact": draw(st.none() | st.just({"id": "c"}))}
    return {"title": draw(TEXTS), "state": "draft", "form": form | {"unplaced": draw(DRAWERS)}}


def told(found: dict[str, Any]) -> list[Any]:
    return [found[name] for name in ("header", "periods", "goals", "cells", "unplaced")]


@laws
@given(reports())
def test_a_report_does_not_differ_from_itself_whatever_its_versions_and_moments(
    report: dict[str, Any],
) -> None:
    other = copy.deepcopy(report) | {"state": "submitted"}
    for goal in other["form"]["goals"]:
        for row in (row for cell in goal["cells"] for stem in STEMS[:2] for row in cell[stem]):
            row |= {"version": 9, "updated_at": "tomorrow"}
    found = differences(report, other)
    assert told(found) == [[]] * 5
    assert set(found["summary"].values()) == {0}


@laws
@given(reports(), reports())
def test_each_difference_points_at_what_it_tells_of_on_both_sides(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    found = differences(before, after)
    changes = [one for cell in found["cells"] for one in cell["records"]] + found["unplaced"]
    for change in changes:
        for name, report in (("before", before), ("after", after)):
            pointer = change[f"pointer_{name}"]
            assert change[name] == (pointer and at(report, pointer))
    for field in (one for change in (*changes, *found["goals"]) for one in change["changes"]):
        assert at(before, field["pointer_before"]) == field["before"] != field["after"]
        assert at(after, field["pointer_after"]) == field["after"]
    for kind in ("added", "removed", "changed"):
        count = sum(change["change"] == kind for change in changes)
        assert found["summary"][kind] == count


@laws
@given(reports(), reports())
def test_what_was_and_what_is_told_of_a_cell_makes_the_one_out_of_the_other(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    old, new = (dict(_cells(one)) for one in (before, after))
    changed = {(c["goal_id"], c["period_id"]): c for c in differences(before, after)["cells"]}
    for key in {**old, **new}:
        for stem in STEMS[:2]:
            rows = {row["id"]: plain(row) for row in old.get(key, {}).get(stem, [])}
            for change in changed.get(key, {}).get("records", []):
                if change["resource"] == stem:
                    rows.pop(change["id"], None)
                    if change["after"]:
                        rows[change["id"]] = plain(change["after"])
            assert rows == {row["id"]: plain(row) for row in new.get(key, {}).get(stem, [])}


def _cells(report: dict[str, Any]) -> list[tuple[tuple[str, str], dict[str, Any]]]:
    goals = report["form"]["goals"]
    return [((goal["id"], cell["period_id"]), cell) for goal in goals for cell in goal["cells"]]


def plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in row if name not in ("version", "updated_at")}


def at(report: Any, pointer: str) -> Any:
    """What stands at a JSON pointer (RFC 6901); no name here needs its escapes."""
    for step in pointer.split("/")[1:]:
        report = report[int(step)] if isinstance(report, list) else report[step]
    return report


def test_a_field_that_came_into_the_contract_in_between_is_no_difference() -> None:
    row = {"id": "r", "text": "Kysely"}
    empty = {stem: [] for stem in STEMS}
    form = dict.fromkeys(("programme", "project", "provider", "sub_project", "contact"))
    report: dict[str, Any] = {"title": "Raportti", "form": form | {"periods": [], "goals": []}}
    before, after = copy.deepcopy(report), copy.deepcopy(report)
    before["form"]["unplaced"] = empty | {"results": [row]}
    after["form"]["unplaced"] = empty | {"results": [row | {"kind": "activity"}]}
    assert told(differences(before, after)) == [[]] * 5
