"""What differs between two snapshots of a report: by field of its head, by goal, and by cell, record by record.

Pure functions over what `GET /reports/{id}` shows, as JSON. A field that only one of two rows has is passed over: it
came into the contract, or left it, in between.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rapidfuzz.distance import Indel

from schemas.fields import Entries
from schemas.reports import Cell
from schemas.versions import DifferenceKind, RunKind

Node = Mapping[str, Any]
Found = dict[str, Any]
# Where something stands before, and where it stands after: JSON pointers (RFC 6901).
Places = tuple[str, str]

# The kinds of records that a cell holds.
STEMS = tuple(name for name, field in Cell._declared_fields.items() if isinstance(field, Entries))
HEADER = ("programme", "project", "provider", "sub_project", "contact")
# What tells of writing, not of what is written; a report's state is told by its versions.
_BOOKKEEPING = frozenset({"version", "created_at", "updated_at"})
_NOT_SAID = frozenset({"state", "form"})

_TOKEN = re.compile(r"\w+|\s+|[^\w\s]")
_WORD = re.compile(r"\w")
_BLANK = re.compile(r"\s")


def differences(before: Node, after: Node) -> Found:
    """Everything that differs between two snapshots.

    :return: `header` (fields), `periods` and `goals` (records), `cells` (each with its records), `unplaced` (records),
        and `summary`, how many there are of each
    """
    old, new = before["form"], after["form"]
    places = ("/form/periods", "/form/periods")
    periods = list(records("periods", old["periods"], new["periods"], places))
    goals = list(_goals(old["goals"], new["goals"]))
    cells = list(_cells(old["goals"], new["goals"]))
    unplaced = cell(old["unplaced"], new["unplaced"], ("/form/unplaced", "/form/unplaced"))
    header = list(_header(before, after))
    counts = {"header": len(header), "periods": len(periods), "goals": len(goals)}
    placed = [change for found in cells for change in found["records"]]
    return {
        "summary": counts | {"cells": len(cells)} | _counted([*placed, *unplaced]),
        "header": header,
        "periods": periods,
        "goals": goals,
        "cells": cells,
        "unplaced": unplaced,
    }


def _header(before: Node, after: Node) -> Iterator[Found]:
    said = [
        {name: side[name] for name in side if name not in _NOT_SAID} for side in (before, after)
    ]
    yield from _fields(said[0], said[1], "", ("", ""))
    old, new = before["form"], after["form"]
    for name in HEADER:
        yield from _values(old[name], new[name], f"/form/{name}", ("", ""))


def _goals(before: Sequence[Node], after: Sequence[Node]) -> Iterator[Found]:
    bare = [
        [{name: goal[name] for name in goal if name != "cells"} for goal in side]
        for side in (before, after)
    ]
    yield from records("goals", bare[0], bare[1], ("/form/goals", "/form/goals"))


def _cells(before: Sequence[Node], after: Sequence[Node]) -> Iterator[Found]:
    old, new = _by_place(before), _by_place(after)
    for key in {**old, **new}:
        (here, was), (there, now) = old.get(key, ("", {})), new.get(key, ("", {}))
        if changed := cell(was, now, (here, there)):
            yield {
                "goal_id": key[0],
                "period_id": key[1],
                "period_code": (now or was)["period_code"],
                "pointer_before": here or None,
                "pointer_after": there or None,
                "state_before": was.get("state"),
                "state_after": now.get("state"),
                **_counted(changed),
                "records": changed,
            }


def _by_place(goals: Sequence[Node]) -> dict[tuple[str, str], tuple[str, Node]]:
    return {
        (goal["id"], found["period_id"]): (f"/form/goals/{row}/cells/{column}", found)
        for row, goal in enumerate(goals)
        for column, found in enumerate(goal["cells"])
    }


def _counted(changes: Iterable[Found]) -> dict[str, int]:
    counts = Counter(change["change"] for change in changes)
    return {kind.value: counts[kind.value] for kind in DifferenceKind}


def cell(before: Node, after: Node, places: Places = ("", "")) -> list[Found]:
    """The records of a cell that differ; `{}` stands for no cell."""
    here, there = places
    return [
        change
        for stem in STEMS
        for change in records(
            stem, before.get(stem, ()), after.get(stem, ()), (f"{here}/{stem}", f"{there}/{stem}")
        )
    ]


def records(
    stem: str, before: Sequence[Node], after: Sequence[Node], places: Places
) -> Iterator[Found]:
    """Records that are new, gone or changed, matched by id."""
    old, new = (
        {row["id"]: (place, row) for place, row in enumerate(side)} for side in (before, after)
    )
    for key in {**old, **new}:
        (here, was), (there, now) = old.get(key, (None, None)), new.get(key, (None, None))
        at = (f"{places[0]}/{here}", f"{places[1]}/{there}")
        changes = list(_fields(was, now, "", at)) if was and now else []
        if was and now and not changes:
            continue
        kind = (
            DifferenceKind.CHANGED
            if changes
            else DifferenceKind.REMOVED
            if was
            else DifferenceKind.ADDED
        )
        yield {
            "resource": stem,
            "id": key,
            "change": kind.value,
            "pointer_before": at[0] if was else None,
            "pointer_after": at[1] if now else None,
            "before": was,
            "after": now,
            "changes": changes,
        }


def _fields(before: Node, after: Node, path: str, places: Places) -> Iterator[Found]:
    for name in before:
        if name in after and name not in _BOOKKEEPING:
            yield from _values(before[name], after[name], f"{path}/{name}", places)


def _values(before: Any, after: Any, path: str, places: Places) -> Iterator[Found]:
    """Down to what has no parts; a list whose length has changed is told whole."""
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from _fields(before, after, path, places)
    elif _are_alike(before, after):
        for place, (was, now) in enumerate(zip(before, after, strict=True)):
            yield from _values(was, now, f"{path}/{place}", places)
    else:
        yield {
            "field": path,
            "pointer_before": places[0] + path,
            "pointer_after": places[1] + path,
            "before": before,
            "after": after,
            "words": _words(before, after),
        }


def _are_alike(before: Any, after: Any) -> bool:
    lists = isinstance(before, list) and isinstance(after, list) and len(before) == len(after)
    return lists and all(isinstance(entry, Mapping) for entry in (*before, *after))


def _words(before: Any, after: Any) -> list[Found] | None:
    """Of one word it says nothing that the values don't."""
    if not (isinstance(before, str) and isinstance(after, str)):
        return None
    return words(before, after) if _BLANK.search(before) or _BLANK.search(after) else None


def words(before: str, after: str) -> list[Found]:
    """What became of a text, word by word: with `equal` and `removed` what it was, with `equal` and `added` what it is.

    The longest common sequence, by bits in parallel: of two texts of 10,000 characters at most 10⁸ / 64 steps, whatever
    they say.
    """
    old, new = _TOKEN.findall(before), _TOKEN.findall(after)
    numbers: dict[str, int] = {}
    a, b = ([numbers.setdefault(token, len(numbers)) for token in side] for side in (old, new))
    steps = (
        (
            step.tag == "equal",
            "".join(old[step.src_start : step.src_end]),
            "".join(new[step.dest_start : step.dest_end]),
        )
        for step in Indel.opcodes(a, b)
    )
    return [{"op": kind.value, "text": text} for kind, text in _runs(steps) if text]


def _runs(steps: Iterable[tuple[bool, str, str]]) -> Iterator[tuple[RunKind, str]]:
    """Neighbours as one; a blank or a comma alone, between words that have changed, changes with them."""
    removed = added = between = ""
    for same, was, now in steps:
        if not same:
            removed, added, between = removed + between + was, added + between + now, ""
        elif _WORD.search(was) or not (removed or added):
            yield from _change(removed, added, between + was)
            removed = added = between = ""
        else:
            between += was
    yield from _change(removed, added, between)


def _change(removed: str, added: str, then: str) -> Iterator[tuple[RunKind, str]]:
    yield RunKind.REMOVED, removed
    yield RunKind.ADDED, added
    yield RunKind.EQUAL, then
