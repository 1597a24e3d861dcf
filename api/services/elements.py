"""Elements of an import: which row each is about, what it refers to, whether it is as its resource wants it."""

import uuid
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, cast

import sqlalchemy as sa
from marshmallow import Schema, ValidationError
from uuid_utils.compat import uuid7

from api import wire
from api.access import Reach
from api.columns import Among
from api.documents.intake import Line, Table
from api.models.base import RecordRow
from api.models.projects import Project
from api.problems import Fault
from api.scope import SCOPE_PROVIDER, Session, scoped
from api.services import rows
from api.services.spelling import Spelling, resolved, spelled
from api.view import Shown, view_of
from schemas import quick
from schemas.fields import Worded
from schemas.imports import LISTS, Outcome
from schemas.reports import CompiledReport

# A row comes after those it refers to.
ORDER = ("contacts", "sub_projects", *(name for name in LISTS if name != "contacts"))
# Plan rows are named by their codes, record rows by their external ids.
CODED = frozenset({"periods", "project_goals", "project_indicators", "project_meetings"})

# What exports show beside the fields of the resource.
_SHOWN: Mapping[str, type[Schema]] = {"reports": CompiledReport}

Names = dict[tuple[str, str], uuid.UUID]


@cache
def _model_of(stem: str) -> type[RecordRow]:
    return cast(type[RecordRow], rows.model_of(stem))


@cache
def _schema_of(stem: str) -> Schema:
    return _model_of(stem).schema.writable()


def _as_it_is(fault: Fault) -> Fault:
    return fault


@dataclass
class Element:
    """One element of the document on its way into a row."""

    stem: str
    pointer: str
    given: dict[str, Any]
    own_id: Any = None  # of the row that it is about, where it says so
    version: Any = None  # at which it saw that row
    place: int | None = None  # of a table, the row or line
    key: uuid.UUID = field(default_factory=uuid7)
    before: Shown | None = None  # the row as it is shown, when it is there already
    kept: Shown = field(default_factory=dict)  # the same as a client would send it back
    home: Mapping[str, uuid.UUID] = field(default_factory=dict)  # where that row belongs
    data: dict[str, Any] = field(default_factory=dict)
    changes: Sequence[str] = ()  # fields of the row that is there already
    pointers: Mapping[str, str] = field(default_factory=dict)  # see Spelling
    faults: Sequence[Fault] = ()  # why it is refused
    where: Callable[[Fault], Fault] = _as_it_is  # where a fault stands in what was sent
    edits: Sequence[Mapping[str, Any]] = ()  # of an edited report, as `schemas.imports.Edit`

    @property
    def model(self) -> type[RecordRow]:
        return _model_of(self.stem)

    @property
    def schema(self) -> Schema:
        return _schema_of(self.stem)

    @property
    def outcome(self) -> Outcome:
        if self.before is None:
            return Outcome.CREATED
        return Outcome.UPDATED if self.changes else Outcome.UNCHANGED

    def shown(self) -> dict[str, Any]:
        """As `schemas.imports.PlannedElement`."""
        told: dict[str, Any] = {"id": self.key if self.before else None}
        row = {} if self.place is None else {"row": self.place}
        edits = {"edits": self.edits} if self.edits else {}
        return (
            told
            | row
            | {
                "pointer": self.pointer,
                "resource": self.stem,
                "external_id": self.data["external_id"],
                "outcome": self.outcome,
                "changes": list(self.changes),
                **edits,
            }
        )

    def placed(self, fault: Fault) -> Fault:
        """A fault of the row as one of the document, at what the document says."""
        return replace(fault, pointer=self.pointer + spelled(self.pointers, fault.pointer or ""))

    def told(self) -> list[Fault]:
        """Its faults, as whoever sent it finds them."""
        return [self.where(fault) for fault in self.faults]

    def refuse(self, *faults: Fault) -> None:
        if faults:
            self.faults = [*self.faults, *map(self.placed, faults)]


def element_of(table: Table, line: Line) -> Element:
    """A line of a table. What nobody writes is passed over: an export has it."""
    row, others = line.row, passed_over(table.stem)
    if not others.isdisjoint(row):
        row = {name: value for name, value in row.items() if name not in others}
    own_id, version = line.row.get("id"), line.row.get("version")
    place = None if table.pointer(line) else line.place
    return Element(table.stem, "", row, own_id=own_id, version=version, place=place)


@cache
def passed_over(stem: str) -> frozenset[str]:
    """What an export has and nobody writes."""
    schema = rows.model_of(stem).schema
    shown = {**schema().dump_fields, **_SHOWN.get(stem, schema)().dump_fields}
    return frozenset(shown.keys() - schema.writable().load_fields.keys())


@dataclass
class Met:
    """Rows and names that an import has met so far: each may be there once.

    :param known: their hashes only, for there may be many, each with the row of a table that has it, or 0
    """

    known: dict[int, int] = field(default_factory=dict)

    def again(self, element: Element, name: Any) -> Worded | None:
        """Who has this name, or this row, of the element's resource already; from now on the element has."""
        key, place = hash((element.stem, name)), element.place or 0
        if key not in self.known:
            self.known[key] = place
            return None
        if first := self.known[key]:
            return Worded("Row {row} has it already.", row=first)
        return Worded("Another element has it too.")


def identify(
    session: Session, elements: Sequence[Element], stems: Iterable[str], reach: Reach, met: Met
) -> None:
    """Find the rows that elements are about, by their ids or external ids; the others are of rows to be.

    :param stems: in which order rows are locked
    """
    for stem in stems:
        by_id: dict[Any, Element] = {}
        by_name: dict[Any, Element] = {}
        for element in elements:
            if element.stem == stem:
                _note(element, by_id, by_name, met)
        model = rows.model_of(stem)
        _find(session, model, "id", by_id, reach)
        _find(session, model, "external_id", by_name, reach)
        for element in by_id.values():
            if element.before is None:
                element.refuse(Fault("not_found", Worded("You have no such row."), "/id"))
            elif element.before["external_id"] != element.given.get("external_id"):
                met.again(element, element.before["external_id"])  # the name that it may give away
        for element in by_name.values():
            if element.before and (text := met.again(element, element.key)):
                element.refuse(Fault("repeated", text, "/external_id"))


def _note(
    element: Element, by_id: dict[Any, Element], by_name: dict[Any, Element], met: Met
) -> None:
    """By what to look for the row of an element."""
    name, key = element.given.get("external_id"), _id(element.own_id)
    if element.own_id is not None and key is None:
        element.refuse(Fault("wrong_format", Worded("Not an id."), "/id"))
    elif key and (text := met.again(element, key)):
        element.refuse(Fault("repeated", text, "/id"))
    elif key is None and not isinstance(name, str):
        text = Worded("Each element needs an external_id, a string.")
        element.refuse(Fault("required", text, "/external_id"))
    elif isinstance(name, str) and (text := met.again(element, name)):
        element.refuse(Fault("repeated", text, "/external_id"))
    elif key:
        by_id[key] = element
    else:
        by_name[name] = element


def _id(value: Any) -> uuid.UUID | None:
    try:
        return uuid.UUID(value)
    except (ValueError, TypeError, AttributeError):
        return None


def _may_be_there(name: Any) -> bool:
    """Whether to look for a row of this name at all; PostgreSQL takes no NUL, not even in a question."""
    return not isinstance(name, str) or "\0" not in name


def _find(
    session: Session, model: Any, column: str, mine: Mapping[Any, Element], reach: Reach
) -> None:
    """Tell the elements that have a row of it; the rows are locked."""
    c = model.__table__.c
    homes = [c[name] for name in ("sub_project_id", "project_id") if name in c]
    named = Among(c[column], sa.bindparam("names"))
    asked = sa.select(c.id, *homes).where(c.provider_id == SCOPE_PROVIDER, named)
    # Two imports of the same rows go one after the other; the order keeps them from waiting crosswise. By the bare id
    # SQLite would go through all rows of the provider, whose index is in that order.
    in_order = asked.order_by(sa.cast(c.id, sa.String()))
    locked = scoped(in_order.with_for_update(key_share=True))
    for names in rows.in_parts([name for name in mine if _may_be_there(name)]):
        found = {row["id"]: row for row in session.execute(locked, {"names": names}).mappings()}
        if not found:
            continue
        for shown in view_of(model).rows(session, reach, {"id": list(found)}, order=None):
            element = mine[shown[column]]
            element.before, element.key = shown, shown["id"]
            element.home = {home.name: found[element.key][home.name] for home in homes}


def names_used(
    session: Session, elements: Sequence[Element], project_id: uuid.UUID | None
) -> Names:
    """The ids behind the names that elements use: of each other, of what is there, of the plan.

    :param project_id: whose codes they use; without it none of the plan goes by its code
    """
    used: dict[str, set[str]] = {stem: set() for stem in (*CODED, *ORDER, "projects")}

    def note(target: str, name: str) -> None:
        if target in used and _may_be_there(name):  # else nothing of that kind goes by a name
            used[target].add(name)

    for element in elements:
        resolved(element.schema, element.given, Spelling(find=note), "")
    names = _projects(session, used.pop("projects"))
    for stem in filter(used.get, used):
        if stem in CODED and project_id is None:
            continue
        model: Any = rows.model_of(stem)
        name = model.code if stem in CODED else model.external_id
        asked = sa.select(name, model.id).where(Among(name, sa.bindparam("names")))
        if stem in CODED:
            asked = asked.where(model.project_id == project_id)
        for part in rows.in_parts(used[stem]):
            found = session.execute(asked, {"names": part})
            names |= {(stem, known): key for known, key in found}
    return names | {
        (e.stem, e.given["external_id"]): e.key
        for e in elements
        if isinstance(e.given.get("external_id"), str)
    }


def _projects(session: Session, acronyms: set[str]) -> Names:
    """Those in which the provider takes part; of two with the same acronym neither goes by it."""
    found: Names = {}
    mine: Any = Project.within(Reach.TAKES_PART)
    asked = sa.select(Project.acronym, Project.id).where(mine)
    for part in rows.in_parts(acronyms):
        known = session.execute(scoped(asked.where(Project.acronym.in_(part)))).all()
        alone = Counter(acronym for acronym, _ in known)
        found |= {("projects", acronym): key for acronym, key in known if alone[acronym] == 1}
    return found


def check(
    element: Element,
    names: Names,
    home: Mapping[str, uuid.UUID],
    unknown: Collection[str] = (),
) -> None:
    """Resolve the element's names and hold it against its resource's schema.

    :param unknown: resources whose rows go by no name, since nobody said of which project
    """
    schema, view = element.schema, view_of(element.model)
    spelling = Spelling(lambda target, name: names.get((target, name)), unknown)
    given = resolved(schema, element.given, spelling, "")
    if element.before:
        element.kept = view.sendable(element.before)
    # What an element leaves out stays: a spreadsheet without a column must not empty it.
    given = {**element.kept, **given}
    for name, value in home.items():
        if name in schema.load_fields:
            given.setdefault(name, str(value))
    element.pointers = spelling.pointers
    element.refuse(*spelling.faults)
    try:
        element.data = quick.load(schema, given)
    except ValidationError as error:
        told = {fault.pointer for fault in element.faults}
        found = map(element.placed, wire.faults(error.messages))
        more = [fault for fault in found if fault.pointer not in told]
        element.faults = [*element.faults, *more]
        return
    if element.before and given != element.kept:
        element.changes = view.changes(element.kept, element.data)
        element.refuse(*_stale(element))


def _stale(element: Element) -> Iterator[Fault]:
    """What an element would change in a row that has changed since it was read, field by field."""
    now: Any = element.before and element.before["version"]
    if element.version in (None, now):
        return
    text = Worded("The row has changed since: it is at version {version}.", version=now)
    for name in element.changes:
        yield Fault("stale", text, f"/{name}", more={"current": element.kept[name]})
