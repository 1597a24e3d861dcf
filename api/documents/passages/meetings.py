"""Meetings (kokous) in words: who attended, then where and when; who was excused, why, and what was done instead."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from api.documents.passages import (
    Passage,
    authored,
    bracketed,
    closed,
    field_name,
    joined,
    labelled,
    unless_said,
)
from api.documents.texts import Texts

Row = Mapping[str, Any]
Part = Literal["attended", "unrecorded", "excused", "upcoming", "cancelled"]


def meetings(rows: Iterable[Row], texts: Texts) -> Iterator[Passage]:
    """The attended meetings by who was there, then the others by what became of them."""
    by_part: dict[Part, list[Row]] = {}
    for row in rows:
        by_part.setdefault(_part(row), []).append(row)
    yield from _attended(by_part.get("attended", []), texts)
    for part in ("unrecorded", "excused", "upcoming", "cancelled"):
        if found := by_part.get(part):
            items = tuple(_point(row, texts) for row in found)
            yield Passage(f"{texts(f'meetings.{part}')}:", items=items)


def _meeting_line(row: Row, texts: Texts) -> str:
    """What, where and when on one line: `Käynnistyskokous, Rovaniemi, 16.1.2012`."""
    name = meeting_name(row, texts)
    place = joined(
        [
            name,
            row["place"],
            row["host"] and texts("meetings.host", host=row["host"]),
            texts("meetings.open_to_all") if row["open_to_all"] else None,
        ]
    )
    return joined([place, texts.when(row)], " " if place == name else ", ")


def meeting_reference(row: Row, texts: Texts) -> str:
    """Which meeting is meant, where something else is told: `Etäkokous (iLinc) 1.2.2012`."""
    return joined([meeting_name(row, texts), texts.when(row)], " ")


def meeting_name(row: Row, texts: Texts) -> str:
    kind, mode = _kind_and_mode(row, texts)
    name = row["title"] or row["body"] or kind
    body = row["body"] and unless_said(row["body"], name)
    field = row["field"] and unless_said(row["field"], name)
    said_kind = None if row["kind"] == "other" else unless_said(kind, name)
    return bracketed(name, said_kind, body, field, mode, row["platform"])


def _kind_and_mode(row: Row, texts: Texts) -> tuple[str, str | None]:
    """The network's remote meetings have a word of their own; others say the mode beside the kind."""
    if row["kind"] == "network_meeting" and row["mode"] == "remote":
        return texts("meetings.remote"), None
    # Where a place is given, that the meeting was held on site goes without saying.
    if row["mode"] is None or (row["mode"] == "on_site" and row["place"]):
        return texts.word("meeting_kind", row["kind"]), None
    return texts.word("meeting_kind", row["kind"]), texts.word("meeting_mode", row["mode"])


def _part(row: Row) -> Part:
    """What the provider's part in the meeting was; the people's parts tell it when the provider's is not given."""
    parts = {person["attendance"] for person in row["participants"]}
    if row["status"] == "cancelled":
        return "cancelled"
    if row["attendance"] == "excused" or (row["attendance"] is None and parts == {"excused"}):
        return "excused"
    if row["status"] == "planned":
        return "upcoming"
    if row["attendance"] == "attended" or "attended" in parts:
        return "attended"
    return "unrecorded"


def _attended(rows: Iterable[Row], texts: Texts) -> Iterator[Passage]:
    """One list for each company of people, who are named, and titled once, above it."""
    companies: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        names = tuple(person["name"] for person in _people(row, "attended"))
        companies.setdefault(names, []).append(row)
    titled: set[str] = set()
    for names, found in companies.items():
        people = [_person(p, texts, titled) for p in _people(found[0], "attended")]
        number = "one" if len(found) == 1 else "many"
        lead = (
            texts(f"meetings.attended_{number}_by", people=texts.series(people))
            if names
            else texts(f"meetings.attended_{number}")
        )
        yield Passage(f"{lead}:", items=tuple(_point(row, texts) for row in found))


def _people(row: Row, attendance: str) -> list[Row]:
    return [person for person in row["participants"] if person["attendance"] == attendance]


def _person(person: Row, texts: Texts, titled: set[str]) -> str:
    """The name, with the job title when the person is named for the first time."""
    name: str = person["name"]
    if name in titled or not person["job_title"]:
        return name
    titled.add(name)
    return texts("person.titled", name=name, job_title=person["job_title"])


def _point(row: Row, texts: Texts) -> Passage:
    return Passage(
        closed(_meeting_line(row, texts)),
        items=(
            *_expected(row, texts),
            *_absences(row, texts),
            *authored(row["notes"], field_name("meetings", row, "notes")),
        ),
    )


def _expected(row: Row, texts: Texts) -> Iterator[Passage]:
    people = [_person(person, texts, set()) for person in _people(row, "expected")]
    if people:
        yield Passage(labelled(texts("label.expected"), texts.series(people)))


def _absences(row: Row, texts: Texts) -> Iterator[Passage]:
    """The people excused, together where reason and replacement are the same; the meeting's own stand in for theirs."""
    own = (row["reason"], row["done_instead"])
    groups: dict[tuple[str | None, str | None], list[str]] = {}
    for person in _people(row, "excused"):
        why = (person["reason"] or own[0], person["done_instead"] or own[1])
        groups.setdefault(why, []).append(_person(person, texts, set()))
    if not groups and own != (None, None):
        groups[own] = []
    for (reason, instead), people in groups.items():
        sentences = [
            people and labelled(texts("label.absent"), texts.series(people)),
            reason and labelled(texts("label.reason"), reason),
            instead and labelled(texts("label.done_instead"), instead),
        ]
        yield Passage(" ".join(s for s in sentences if s))
