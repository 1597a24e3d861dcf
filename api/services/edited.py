"""A report's document that was edited by hand, brought in: what was changed in it, and nothing else, becomes changes of
the records that it shows.

Each text is held against what it said when the document was given out. One that says the same is let be, whatever the
record says now. One that was edited is written, unless the record says something else again than it did then: that is
a conflict, told with both texts.
"""

import re
import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import orjson
import sqlalchemy as sa

from api import wire
from api.access import Reach
from api.documents import manifest
from api.documents.edited_texts import Added, Edited, Place, Written, long_id
from api.documents.form import Authored, authored, form
from api.documents.heads import TOLD
from api.documents.passages import short_id
from api.models.reports import Report
from api.problems import Fault, Invalid
from api.scope import SCOPE_PROVIDER, Session, scoped
from api.services.elements import ORDER, Element
from api.services.reports import compile_form
from api.view import view_of
from schemas import vocabulary as v
from schemas.fields import Worded

_REPORTS = view_of(Report)
_LOCKED = scoped(
    sa.select(Report.id)
    .where(Report.provider_id == SCOPE_PROVIDER, Report.id == sa.bindparam("key"))
    .with_for_update(key_share=True)
)
# Texts without which a record is none.
_NEEDED = re.compile(r"results\..*|goals\..*\.text|feedback\..*\.point|feedback\..*\.actions\..*")
_NUMERIC_DAY = re.compile(r"\s*([0-9]{1,2})[./]([0-9]{1,2})[./]([0-9]{4})\s*", re.ASCII)
_STALE = Worded("This has been changed since the document was given out.")
_REMOVED = Worded(
    "This text is missing. A document deletes nothing: delete the record itself, or put the text back."
)


@dataclass
class Shown:
    """What a report says now: the texts of its records by the identities of their fields, and its cells' results."""

    texts: Mapping[str, Authored]
    results: Mapping[tuple[uuid.UUID, uuid.UUID], Sequence[Mapping[str, Any]]]


@dataclass
class Home:
    """Where a report belongs."""

    sub_project_id: uuid.UUID
    project_id: uuid.UUID


@dataclass
class Edits:
    """The elements of what was edited, by the records that they are of; `faults` are of what is none."""

    document: Edited
    home: Home
    now: Shown
    elements: dict[tuple[str, str], Element] = field(default_factory=dict)
    paths: dict[tuple[str, str], list[tuple[list[str], Written]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    new: list[Element] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def edits(session: Session, document: Edited, reach: Reach) -> Edits:
    """What of a document was edited. :raises Invalid: it is of no report that the caller has"""
    # Two documents of the same report go one after the other.
    session.execute(_LOCKED, {"key": document.report_id})
    report = _REPORTS.row(session, reach, document.report_id)
    if report is None:
        text = Worded("You have no such report: it is another provider's, or has been deleted.")
        raise Invalid(faults=[Fault("not_found", text)])
    report["form"] = compile_form(session, reach, report)
    home = Home(report["form"]["sub_project"]["id"], report["form"]["project"]["id"])
    made = Edits(document, home, _shown(report, document.language), faults=list(document.faults))
    _compare(made)
    _add(made)
    own = str(home.sub_project_id)
    made.elements.setdefault(("sub_projects", own), Element("sub_projects", "", {}, own_id=own))
    return made


def _shown(report: Mapping[str, Any], language: str) -> Shown:
    results = {
        (goal["id"], cell["period_id"]): cell["results"]
        for goal in report["form"]["goals"]
        for cell in goal["cells"]
    }
    return Shown(authored(form(orjson.loads(wire.dump(report)), language)), results)


# texts of records


def _compare(made: Edits) -> None:
    """Sort texts by whether they are as they were given out."""
    given_out, now = made.document.given_out, made.now.texts
    seen: dict[str, Written] = {}
    for one in made.document.texts:
        name = manifest.identity(one.name)
        before = given_out.get(manifest.digest(name), manifest.digest(""))
        first = seen.setdefault(name, one)
        if manifest.digest(one.text) == before or (one.text == first.text and first is not one):
            continue
        if first is not one and manifest.digest(first.text) != before:
            text = Worded("It stands in the document several times, with different texts.")
            made.faults.append(one.place.placed(Fault("ambiguous", text, value=one.text[:TOLD])))
            continue
        seen[name] = one
        current = now[name].text if name in now else ""
        if manifest.canonical(current) == manifest.canonical(one.text):
            continue
        if manifest.digest(current) != before:
            fault = _stale(one.text, current)
            made.faults.append(one.place.placed(fault))
        elif not one.text.strip() and _NEEDED.fullmatch(name):
            made.faults.append(_removed(now[name], one.place))
        else:
            _note(made, name, one)
    _miss(made, seen)


def _miss(made: Edits, seen: Mapping[str, Written]) -> None:
    """Texts that were given out and have not come back; those that lost only their fields' names are there."""
    loose = {manifest.digest(one.text): one for one in made.document.added}
    there = {*seen, *map(manifest.identity, made.document.unread)}
    for name, text in made.now.texts.items():
        if name in there or manifest.digest(name) not in made.document.given_out:
            continue
        if found := loose.get(manifest.digest(text.text)):
            made.document.added.remove(found)
            del loose[manifest.digest(text.text)]
        else:
            made.faults.append(_removed(text, Place(goal=text.goal, period=text.period)))


def _stale(sent: str, current: str) -> Fault:
    return Fault("stale", _STALE, value=sent[:TOLD], more={"sent": sent, "current": current})


def _removed(text: Authored, place: Place) -> Fault:
    return place.placed(Fault("removed", _REMOVED, more={"current": text.text}))


def _note(made: Edits, name: str, one: Written) -> None:
    resource, short, *path = name.split(".")
    key = str(long_id(short))
    if resource not in ORDER:
        text = Worded("No field is called so.")
        made.faults.append(one.place.placed(Fault("unknown_name", text, value=name)))
        return
    element = made.elements.get((resource, key))
    if element is None:
        element = made.elements[resource, key] = Element(resource, "", {}, own_id=key)
    made.paths[resource, key].append((path, one))


def fill_in(made: Edits) -> None:
    """Put what was edited into elements whose rows are known, and locked, by now."""
    for key, paths in made.paths.items():
        element = made.elements[key]
        element.place = paths[0][1].place.row
        element.where = partial(_placed, {_pointer(path): one for path, one in paths})
        if element.before is None:
            continue
        element.edits = [_edit(path, one, _seen(made, one)) for path, one in paths]
        kept = view_of(element.model).sendable(element.before)
        for path, one in paths:
            if path == ["report_date"]:
                element.given["report_date"] = _day(one.text)
            elif (current := _changed(made, _at(kept, path), one)) is not None:
                element.refuse(replace(_stale(one.text, current), pointer=_pointer(path)))
            else:
                _put(element.given, kept, path, one.text)


def _edit(path: Sequence[str], one: Written | Added, before: str) -> dict[str, Any]:
    after = one.text if one.text.strip() else None
    told = {"pointer": _pointer(path), "before": before or None, "after": after}
    return one.place.shown() | told


def _seen(made: Edits, one: Written) -> str:
    """What its field said when it was looked at."""
    name = manifest.identity(one.name)
    return made.now.texts[name].text if name in made.now.texts else ""


def _pointer(path: Sequence[str]) -> str:
    return "/" + "/".join(path)


def _changed(made: Edits, there: tuple[Any] | None, one: Written) -> str | None:
    """What a field says, where that is not what it said when it was looked at."""
    seen = _seen(made, one)
    current = str(there[0] or "") if there else ""
    same = there and manifest.canonical(current) == manifest.canonical(seen)
    return None if same else current


def _put(given: dict[str, Any], kept: dict[str, Any], path: list[str], text: str) -> None:
    place: Any = given
    place.setdefault(path[0], kept[path[0]])
    for step in path[:-1]:
        place = place[int(step) if isinstance(place, list) else step]
    place[path[-1]] = manifest.canonical(text) if text.strip() else None


def _at(kept: Any, path: Sequence[str]) -> tuple[Any] | None:
    """What stands at a path; None where there is no such place, or what stands there is no text."""
    for step in path:
        if isinstance(kept, list) and step.isdigit() and int(step) < len(kept):
            kept = kept[int(step)]
        elif isinstance(kept, dict) and step in kept:
            kept = kept[step]
        else:
            return None
    return (kept,) if kept is None or isinstance(kept, str) else None


def _day(text: str) -> str | None:
    """A day as it is written in Finland, as one of RFC 3339."""
    if found := _NUMERIC_DAY.fullmatch(text):
        return f"{found[3]}-{int(found[2]):02}-{int(found[1]):02}"
    return text.strip() or None


def _placed(places: Mapping[str, Written], fault: Fault) -> Fault:
    pointer = fault.pointer or ""
    best = [one for at, one in places.items() if pointer == at or at.startswith(f"{pointer}/")]
    one = best[0] if best else next(iter(places.values()))
    value = None if one.text == "" else one.text[:TOLD]
    return one.place.placed(replace(fault, value=fault.value or value))


# new results


def _add(made: Edits) -> None:
    """Texts in cells become new results of theirs, behind those that are there, in the order in which they stand."""
    cells: dict[tuple[uuid.UUID, uuid.UUID], list[Added]] = defaultdict(list)
    for one in made.document.added:
        cells[one.goal_id, one.period_id].append(one)
    for cell, texts in cells.items():
        there = made.now.results.get(cell, ())
        since = [row for row in there if not _given_out(made.document, row)]
        said = [_said(row) for row in since]
        fresh = [one for one in texts if not _taken(said, one.text)]
        if fresh and since:
            current = "\n".join(_said(row) for row in since)
            for one in fresh:
                fault = _stale(one.text, current)
                made.faults.append(one.place.placed(fault))
        else:
            last = max((row["position"] for row in there), default=0)
            made.new += _results(fresh, last)


def _given_out(document: Edited, row: Mapping[str, Any]) -> bool:
    return any(manifest.digest(name) in document.given_out for name in _names(row))


def _names(row: Mapping[str, Any]) -> Iterator[str]:
    key = short_id(str(row["id"]))
    for name in ("text", "reason"):
        yield f"results.{key}.{name}"


def _said(row: Mapping[str, Any]) -> str:
    return str(row["text"] or row["reason"] or "")


def _taken(said: list[str], text: str) -> bool:
    """Whether one of the texts is this, which then stands for no other."""
    if text in said:
        said.remove(text)
        return True
    return False


def _results(texts: Sequence[Added], last: int) -> Iterator[Element]:
    for number, one in enumerate(texts, 1):
        given = {
            "goal_id": str(one.goal_id),
            "period_id": str(one.period_id),
            "kind": v.ResultKind.ACTIVITY.value,
            "position": min(last + number, v.POSITION_MAX),
            "text": one.text,
        }
        element = Element("results", "", given)
        element.place = one.place.row
        element.edits = [_edit(["text"], one, "")]
        element.where = partial(_placed, {"/text": Written("", one.text, one.place)})
        yield element
