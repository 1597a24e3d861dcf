"""Elements of an import: which row each is about, what it refers to, whether it is as its resource wants it."""

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import sqlalchemy as sa
from marshmallow import Schema, ValidationError
from uuid_utils.compat import uuid7

from api import wire
from api.access import Reach
from api.models.base import RecordRow
from api.problems import Fault
from api.scope import SCOPE_PROVIDER, Session, scoped
from api.services import rows
from api.services.spelling import Spelling, resolved
from api.view import Shown, view_of
from schemas.fields import Worded
from schemas.imports import Outcome

# A row comes after those it refers to.
ORDER = (
    "contacts",
    "sub_projects",
    "goals",
    "indicators",
    "measurements",
    "results",
    "meetings",
    "surveys",
    "deliverables",
    "feedback",
    "disseminations",
    "reports",
)
# Plan rows are named by their codes, record rows by their external ids.
CODED = frozenset({"periods", "project_goals", "project_indicators", "project_meetings"})

Names = dict[tuple[str, str], uuid.UUID]


@dataclass
class Element:
    """One element of the document on its way into a row."""

    stem: str
    pointer: str
    given: dict[str, Any]
    key: uuid.UUID = field(default_factory=uuid7)
    before: Shown | None = None  # the row as it is shown, when it is there already
    home: Mapping[str, uuid.UUID] = field(default_factory=dict)  # where that row belongs
    data: dict[str, Any] = field(default_factory=dict)
    changes: list[str] = field(default_factory=list)  # fields of the row that is there already
    pointers: Mapping[str, str] = field(default_factory=dict)  # see Spelling

    @property
    def model(self) -> type[RecordRow]:
        return cast(type[RecordRow], rows.model_of(self.stem))

    @property
    def schema(self) -> Schema:
        return self.model.schema.writable()

    @property
    def outcome(self) -> Outcome:
        if self.before is None:
            return Outcome.CREATED
        return Outcome.UPDATED if self.changes else Outcome.UNCHANGED

    def shown(self) -> dict[str, Any]:
        """As `schemas.imports.PlannedElement`."""
        return {
            "pointer": self.pointer,
            "resource": self.stem,
            "external_id": self.data["external_id"],
            "outcome": self.outcome,
            "changes": self.changes,
        }

    def placed(self, faults: Iterable[Fault]) -> list[Fault]:
        """Faults of the row as faults of the document, at what the document says."""
        return [
            replace(fault, pointer=self.pointer + self._spelled(fault.pointer or ""))
            for fault in faults
        ]

    def _spelled(self, pointer: str) -> str:
        """`/goal`, where the schema says `/goal_id`."""
        resolved, rest = pointer, ""
        while resolved:
            if resolved in self.pointers:
                return self.pointers[resolved] + rest
            resolved, slash, last = resolved.rpartition("/")
            rest = slash + last + rest
        return pointer


def identify(
    session: Session, elements: Sequence[Element], stems: Iterable[str], reach: Reach
) -> Iterator[Fault]:
    """Find the rows that elements are about, by their external ids; the others are of rows to be.

    :param stems: in which order rows are locked
    """
    for stem in stems:
        mine: dict[str, Element] = {}
        for element in elements:
            if element.stem != stem:
                continue
            name = element.given.get("external_id")
            if not isinstance(name, str):
                text = Worded("Each element needs an external_id, a string.")
                yield Fault("required", text, f"{element.pointer}/external_id")
            elif name in mine:
                text = Worded("Another element of this list has it too.")
                yield Fault("repeated", text, f"{element.pointer}/external_id")
            else:
                mine[name] = element
        _find(session, rows.model_of(stem), mine, reach)


def _may_be_there(name: Any) -> bool:
    """Whether to look for a row of this name at all; PostgreSQL takes no NUL, not even in a question."""
    return isinstance(name, str) and "\0" not in name


def _find(session: Session, model: Any, mine: Mapping[str, Element], reach: Reach) -> None:
    """Tell the elements that have a row of it; the rows are locked."""
    c = model.__table__.c
    homes = [c[name] for name in ("sub_project_id", "project_id") if name in c]
    for names in rows.in_parts([name for name in mine if _may_be_there(name)]):
        # Two imports of the same rows go one after the other; the order keeps them from waiting crosswise.
        asked = sa.select(c.id, *homes).where(
            c.provider_id == SCOPE_PROVIDER, c.external_id.in_(names)
        )
        locked = scoped(asked.order_by(c.id).with_for_update(key_share=True))
        found = {row["id"]: row for row in session.execute(locked, {}).mappings()}
        if not found:
            continue
        for shown in view_of(model).rows(session, reach, {"id": list(found)}, order=None):
            element = mine[shown["external_id"]]
            element.before, element.key = shown, shown["id"]
            element.home = {home.name: found[element.key][home.name] for home in homes}


def names_used(session: Session, elements: Sequence[Element], project_id: uuid.UUID) -> Names:
    """The ids behind the names that elements use: of each other, of what is there, of the plan."""
    used: dict[str, set[str]] = {stem: set() for stem in (*CODED, *ORDER)}

    def note(target: str, name: str) -> None:
        if target in used and _may_be_there(name):  # else nothing of that kind goes by a name
            used[target].add(name)

    for element in elements:
        resolved(element.schema, element.given, Spelling(find=note), "")
    names: Names = {}
    for stem in filter(used.get, used):
        model: Any = rows.model_of(stem)
        name = model.code if stem in CODED else model.external_id
        for part in rows.in_parts(used[stem]):
            asked = sa.select(name, model.id).where(name.in_(part))
            if stem in CODED:
                asked = asked.where(model.project_id == project_id)
            names |= {(stem, known): key for known, key in session.execute(asked)}
    return names | {
        (e.stem, e.given["external_id"]): e.key
        for e in elements
        if isinstance(e.given.get("external_id"), str)
    }


def check(element: Element, names: Names, home: Mapping[str, uuid.UUID]) -> list[Fault]:
    """Resolve the element's names and hold it against its resource's schema."""
    schema, view = element.schema, view_of(element.model)
    spelling = Spelling(find=lambda target, name: names.get((target, name)))
    given = resolved(schema, element.given, spelling, "")
    # What an element leaves out stays: a spreadsheet without a column must not empty it.
    kept = view.sendable(element.before) if element.before else {}
    given = kept | given
    for name, value in home.items():
        if name in schema.load_fields:
            given.setdefault(name, str(value))
    element.pointers = spelling.pointers
    faults = element.placed(spelling.faults)
    try:
        element.data = schema.load(given)
    except ValidationError as error:
        told = {fault.pointer for fault in faults}
        found = element.placed(wire.faults(error.messages))
        return faults + [fault for fault in found if fault.pointer not in told]
    if element.before and given != kept:
        element.changes = view.changes(element.before, element.data)
    return faults
