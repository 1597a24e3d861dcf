"""Importing one sub-project's records from one document: all of it or nothing, and every fault with its place.

Elements are known by their `external_id`: what is there already is updated where the element says something else, the
rest is made. So the same document can be sent again and again.
"""

import base64
import hashlib
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from graphlib import CycleError, TopologicalSorter
from typing import Any, cast

import sqlalchemy as sa
from marshmallow import Schema, ValidationError
from uuid_utils.compat import uuid7

from api import wire
from api.access import Reach
from api.models.base import RecordRow
from api.models.deliverables import Deliverable
from api.models.imports import Import
from api.models.participations import Participation
from api.models.projects import Project
from api.problems import MOST_FAULTS, Duplicate, Fault, Invalid
from api.scope import SCOPE_PROVIDER, Session, scoped
from api.services import bulk, rows
from api.services.conflicts import first_refused, flush
from api.services.rows import Data
from api.services.spelling import Spelling, resolved
from api.view import Shown, view_of
from schemas.fields import Worded
from schemas.imports import PLANNED_MAX, Outcome

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

# Nobody reads on past the first faults that are told; past these they are not even counted.
MOST_COUNTED = 10 * MOST_FAULTS

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


@dataclass
class Plan:
    """What an import will do: its elements in the order in which they are written."""

    sub_project_id: uuid.UUID
    elements: list[Element]

    def counts(self) -> dict[str, dict[str, int]]:
        """What becomes of the elements of each resource that there are any of."""
        counts: dict[str, dict[str, int]] = {}
        for element in self.elements:
            tally = counts.setdefault(element.stem, {each.value: 0 for each in Outcome})
            tally[element.outcome.value] += 1
        return counts

    def shown(self) -> dict[str, Any]:
        """As `schemas.imports.ImportPlan`."""
        written = [one.shown() for one in self.elements if one.outcome != Outcome.UNCHANGED]
        return {
            "counts": self.counts(),
            "elements": written[:PLANNED_MAX],
            "plan": self.token(),
        }

    def token(self) -> str:
        """The same for the same document as long as it would do the same to the same versions of rows."""
        digest = hashlib.sha256()
        for one in self.elements:
            version = one.before["version"] if one.before else None
            digest.update(wire.dump([one.stem, one.outcome, version, one.data]))
        return base64.urlsafe_b64encode(digest.digest()).rstrip(b"=").decode()


def run(session: Session, document: Mapping[str, Any], reach: Reach) -> Import:
    """Bring a document in.

    :param document: what `schemas.imports.ImportDocument` let in
    :return: the import with its counts: resource -> created, updated, unchanged
    :raises Invalid: with every fault that was found; nothing is kept then
    """
    return carry_out(session, plan(session, document, reach))


def rehearse(session: Session, made: Plan) -> None:
    """Carry a plan out and undo it, to hear what only the database notices. :raises Invalid: it refuses"""
    with session.begin_nested() as trial:
        carry_out(session, made)
        trial.rollback()


def carry_out(session: Session, made: Plan) -> Import:
    for stem in ORDER:
        _write(session, [element for element in made.elements if element.stem == stem])
    done = Import(sub_project_id=made.sub_project_id, counts=made.counts())
    session.add(done)
    flush(session)
    return done


def plan(session: Session, document: Mapping[str, Any], reach: Reach) -> Plan:
    """Find out what a document will do, all of it checked that can be checked without writing; rows are locked."""
    project_id = _project(session, document["project"])
    elements = list(_elements(document))
    faults = list(_identify(session, elements, reach))
    names = _names(session, elements, project_id)
    sub_project_id = next(e.key for e in elements if e.stem == "sub_projects")
    home = {"sub_project_id": sub_project_id, "project_id": project_id}
    for element in elements:
        faults += element.placed(_strays(element.home, home, lambda _: "/external_id"))
        faults += _check(element, names, home)
        if len(faults) > MOST_COUNTED:
            break
    if faults:
        raise Invalid(faults=faults)
    ordered = _in_order(session, elements, sub_project_id)
    _settle(session, ordered, home, reach)
    return Plan(sub_project_id, ordered)


def _project(session: Session, acronym: str) -> uuid.UUID:
    """The project of this acronym in which the session's provider takes part."""
    found = session.scalars(
        sa.select(Project.id)
        .join(Participation, Participation.project_id == Project.id)
        .where(Project.acronym == acronym, Participation.provider_id == session.scope.provider_id)
    ).all()
    if len(found) != 1:
        none = Fault("not_found", "Your provider takes part in no such project.", "/project")
        many = Fault("ambiguous", "Several projects have this acronym.", "/project")
        raise Invalid(faults=[many if found else none])
    return found[0]


def _elements(document: Mapping[str, Any]) -> Iterator[Element]:
    for stem in ORDER:
        if stem == "sub_projects":
            yield Element(stem, "/sub_project", document["sub_project"])
        else:
            for place, given in enumerate(document[stem]):
                yield Element(stem, f"/{stem}/{place}", given)


def _may_be_there(name: Any) -> bool:
    """Whether to look for a row of this name at all; PostgreSQL takes no NUL, not even in a question."""
    return isinstance(name, str) and "\0" not in name


def _identify(session: Session, elements: list[Element], reach: Reach) -> Iterator[Fault]:
    """Find the row behind each external id, or leave the element the id of a row to be."""
    # The sub-project last: a deliverable's change locks that row first and its sub-project after it.
    for stem in sorted(ORDER, key="sub_projects".__eq__):
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
        homes_by_key = {row["id"]: row for row in session.execute(locked, {}).mappings()}
        if homes_by_key:
            wanted = {"id": list(homes_by_key)}
            for shown in view_of(model).rows(session, reach, wanted, order=None):
                element = mine[shown["external_id"]]
                element.before, element.key = shown, shown["id"]
                element.home = {
                    column.name: homes_by_key[element.key][column.name] for column in homes
                }


def _names(session: Session, elements: list[Element], project_id: uuid.UUID) -> Names:
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


def _check(element: Element, names: Names, home: Mapping[str, uuid.UUID]) -> list[Fault]:
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


def _strays(
    row: Mapping[str, Any], home: Mapping[str, uuid.UUID], pointer: Callable[[str], str]
) -> list[Fault]:
    """What is wrong with a row that belongs to another sub-project or project than the document does."""
    return [
        Fault(
            f"other_{column.removesuffix('_id')}",
            "Belongs to another one than the document.",
            pointer(column),
        )
        for column, key in home.items()
        if row.get(column, key) != key
    ]


def _in_order(
    session: Session, elements: list[Element], sub_project_id: uuid.UUID
) -> list[Element]:
    """Each element after those that it is based on, also by way of rows that the document leaves out."""
    asked = sa.select(Deliverable.id, Deliverable.based_on_id).where(
        Deliverable.sub_project_id == sub_project_id
    )
    based_on = {row.id: row.based_on_id for row in session.execute(asked)}
    based_on |= {element.key: element.data.get("based_on_id") for element in elements}
    try:
        order = list(
            TopologicalSorter(
                {key: [other] if other else [] for key, other in based_on.items()}
            ).static_order()
        )
    except CycleError as error:
        first = next(element for element in elements if element.key in error.args[1])
        fault = Fault("cycle", "Based on itself, by way of others.", "/based_on_id")
        raise Invalid(faults=first.placed([fault])) from error
    place = {key: number for number, key in enumerate(order)}
    return sorted(elements, key=lambda e: (ORDER.index(e.stem), place[e.key]))


def _settle(
    session: Session, elements: list[Element], home: Mapping[str, uuid.UUID], reach: Reach
) -> None:
    """Check what elements refer to: rows that are there, or such that come before them."""
    faults: list[Fault] = []
    known = rows.find(session, {n for e in elements for n in rows.named(e.schema, e.data)})
    for element in elements:
        try:
            settled = rows.settle(session, element.model, element.data, known)
            rows.may_live(session, element.model, element.data, settled, reach)
        except Invalid as problem:
            faults += element.placed(problem.faults)
            if len(faults) > MOST_FAULTS:
                break
            continue
        known |= rows.joined(element.model, element.key, settled)
        columns = {name: element.data[name] for name in home if name in element.model.__table__.c}
        faults += element.placed(_strays(columns, home, partial(rows.settles, element.model)))
    if faults:
        raise Invalid(faults=faults)


def _write(session: Session, elements: list[Element]) -> None:
    """Write the elements of one resource that are new, or say something else than their rows."""
    for put, some in (
        (bulk.insert, [one for one in elements if one.outcome == Outcome.CREATED]),
        (bulk.update, [one for one in elements if one.outcome == Outcome.UPDATED]),
    ):
        if some:
            _put(session, partial(put, session, some[0].model), some)


def _put(session: Session, put: Callable[[list[Data]], None], elements: list[Element]) -> None:
    refused = first_refused(
        session, lambda some: put([one.data | {"id": one.key} for one in some]), elements
    )
    if refused is None:
        return
    element, problem = refused
    found = problem.faults or [Fault(problem.code, problem.detail or problem.title, "")]
    if element.before is None and found[0].pointer == "/external_id":
        text = Worded("Another request brought this in at the same time; send it again.")
        raise Duplicate(text, faults=element.placed(found)) from problem
    raise Invalid(faults=element.placed(found)) from problem
