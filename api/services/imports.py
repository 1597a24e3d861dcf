"""Importing one sub-project's records from one document: all of it or nothing, and every fault with its place.

Elements are known by their `external_id`: what is there already is updated where the element says something else, the
rest is made. So the same document can be sent again and again.
"""

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from graphlib import CycleError, TopologicalSorter
from typing import Any

import sqlalchemy as sa
from marshmallow import Schema, ValidationError
from uuid_utils.compat import uuid7

from api import wire
from api.access import Reach
from api.models.base import RecordRow, Row
from api.models.deliverables import Deliverable
from api.models.imports import Import
from api.models.participations import Participation
from api.models.projects import Project
from api.problems import MOST_FAULTS, Duplicate, Fault, Invalid, Problem
from api.scope import Session
from api.services import rows
from api.services.conflicts import flush
from api.view import Shown, view_of
from schemas.fields import Entries, Part, Reference, References, Worded

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
    row: RecordRow | None = None
    before: Shown | None = None  # the row as it is shown, when it is there already
    key: uuid.UUID = field(default_factory=uuid7)
    data: dict[str, Any] = field(default_factory=dict)
    pointers: Mapping[str, str] = field(default_factory=dict)  # see Spelling

    @property
    def schema(self) -> Schema:
        return rows.model_of(self.stem).schema.writable()

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


def run(session: Session, document: Mapping[str, Any], reach: Reach) -> Import:
    """Bring a document in.

    :param document: what `schemas.imports.ImportDocument` let in
    :return: the import with its counts: resource -> created, updated, unchanged
    :raises Invalid: with every fault that was found; nothing is kept then
    """
    project_id = _project(session, document["project"])
    elements = list(_elements(document))
    faults = list(_identify(session, elements))
    names = _names(session, elements, project_id)
    sub_project_id = next(e.key for e in elements if e.stem == "sub_projects")
    home = {"sub_project_id": sub_project_id, "project_id": project_id}
    for element in elements:
        if element.row:
            faults += element.placed(_strays(element.row, home, "/external_id"))
            element.before = view_of(type(element.row)).row(session, reach, element.key)
        faults += _check(element, names, home)
        if len(faults) > MOST_COUNTED:
            break
    if faults:
        raise Invalid(faults=faults)
    counts = _write(session, _in_order(session, elements, sub_project_id), home, reach)
    done = Import(sub_project_id=sub_project_id, counts=counts)
    session.add(done)
    flush(session)
    return done


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


def _identify(session: Session, elements: list[Element]) -> Iterator[Fault]:
    """Find the row behind each external id, or give the element the id of a row to be."""
    # The sub-project last: a deliverable's change locks that row first and its sub-project after it.
    for stem in sorted(ORDER, key="sub_projects".__eq__):
        mine = [element for element in elements if element.stem == stem]
        wanted = [name for e in mine if _may_be_there(name := e.given.get("external_id"))]
        model: Any = rows.model_of(stem)
        asked = sa.select(model).where(model.external_id.in_(wanted)).order_by(model.id)
        # Two imports of the same rows go one after the other; the order keeps them from waiting crosswise.
        asked = asked.with_for_update(key_share=True)
        there = {row.external_id: row for row in session.scalars(asked)}
        seen: set[str] = set()
        for element in mine:
            name = element.given.get("external_id")
            if not isinstance(name, str):
                text = Worded("Each element needs an external_id, a string.")
                yield Fault("required", text, f"{element.pointer}/external_id")
            elif name in seen:
                text = Worded("Another element of this list has it too.")
                yield Fault("repeated", text, f"{element.pointer}/external_id")
            elif name in there:
                element.row = there[name]
                element.key = there[name].id
            if isinstance(name, str):
                seen.add(name)


def _names(session: Session, elements: list[Element], project_id: uuid.UUID) -> Names:
    """The ids behind the names that elements use: of each other, of what is there, of the plan."""
    used: dict[str, set[str]] = {stem: set() for stem in (*CODED, *ORDER)}

    def note(target: str, name: str) -> None:
        if target in used and _may_be_there(name):  # else nothing of that kind goes by a name
            used[target].add(name)

    for element in elements:
        _resolved(element.schema, element.given, Spelling(find=note), "")
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
    schema = element.schema
    spelling = Spelling(find=lambda target, name: names.get((target, name)))
    given = _resolved(schema, element.given, spelling, "")
    if element.row and element.before:
        # What an element leaves out stays: a spreadsheet without a column must not empty it.
        given = view_of(type(element.row)).sendable(element.before) | given
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
        faults += [fault for fault in found if fault.pointer not in told]
    return faults


def _strays(row: Row, home: Mapping[str, uuid.UUID], pointer: str = "") -> list[Fault]:
    """What is wrong with a row that belongs to another sub-project or project than the document does."""
    return [
        Fault(
            f"other_{column.removesuffix('_id')}",
            "Belongs to another one than the document.",
            pointer or rows.settles(type(row), column),
        )
        for column, key in home.items()
        if getattr(row, column, key) != key
    ]


@dataclass
class Spelling:
    """How an element spelled its references, so that a fault points at what the document says."""

    find: Callable[[str, str], uuid.UUID | None]
    faults: list[Fault] = field(default_factory=list)
    pointers: dict[str, str] = field(default_factory=dict)

    def key(self, target: str, value: Any, pointer: str) -> Any:
        """The id behind a name; what can be no name is left for the schema to refuse."""
        if value is None or isinstance(value, list):
            return value
        key = self.find(target, value) if isinstance(value, str) else None
        if key is None:
            text = Worded("Nothing of {target} has this name.", target=target)
            self.faults.append(Fault("not_found", text, pointer))
        return str(key) if key else None

    def keys(self, declared: References, value: Any, pointer: str) -> Any:
        """The ids behind a list of names."""
        if not isinstance(value, list) or len(value) > declared.maximum:
            return value
        return [self.key(declared.target, one, f"{pointer}/{n}") for n, one in enumerate(value)]


def _resolved(
    schema: Schema, given: Mapping[str, Any], spelling: Spelling, base: str
) -> dict[str, Any]:
    """The element with ids in place of names: `goal` becomes `goal_id`, `goals` `goal_ids`."""
    result = dict(given)
    for name, declared in schema.load_fields.items():
        if isinstance(declared, Entries) and isinstance(declared.inner, Part):
            inner, entries = declared.inner.schema, result.get(name)
            if isinstance(entries, list) and len(entries) <= declared.maximum:
                result[name] = [
                    _resolved(inner, entry, spelling, f"{base}/{name}/{place}")
                    if isinstance(entry, dict)
                    else entry
                    for place, entry in enumerate(entries)
                ]
        elif isinstance(declared, Reference | References):
            many = isinstance(declared, References)
            short = name.removesuffix("_ids") + "s" if many else name.removesuffix("_id")
            if short in result and name not in result:
                spelling.pointers[f"{base}/{name}"] = f"{base}/{short}"
                value, pointer = result.pop(short), f"{base}/{short}"
                result[name] = (
                    spelling.keys(declared, value, pointer)
                    if isinstance(declared, References)
                    else spelling.key(declared.target, value, pointer)
                )
    return result


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


def _write(
    session: Session, elements: list[Element], home: Mapping[str, uuid.UUID], reach: Reach
) -> dict[str, dict[str, int]]:
    counts = {stem: {"created": 0, "updated": 0, "unchanged": 0} for stem in ORDER}
    faults: list[Fault] = []
    # What the elements refer to, looked up once; a row that is still to be made joins it then.
    known = rows.find(session, {n for e in elements for n in rows.named(e.schema, e.data)})
    for element in elements:
        try:
            counts[element.stem][_write_one(session, element, home, reach, known)] += 1
        except Invalid as problem:
            faults += element.placed(problem.faults)
            if len(faults) > MOST_FAULTS:
                break
        except Problem as problem:
            # The database refused: nothing after it can be tried in this transaction.
            found = problem.faults or [Fault(problem.code, problem.detail or problem.title, "")]
            if element.row is None and found[0].pointer == "/external_id":
                text = Worded("Another request brought this in at the same time; send it again.")
                raise Duplicate(text, faults=element.placed(found)) from problem
            raise Invalid(faults=faults + element.placed(found)) from problem
    if faults:
        raise Invalid(faults=faults)
    return {stem: tally for stem, tally in counts.items() if any(tally.values())}


def _write_one(
    session: Session,
    element: Element,
    home: Mapping[str, uuid.UUID],
    reach: Reach,
    known: rows.Found,
) -> str:
    if element.row is None:
        model = rows.model_of(element.stem)
        row = rows.create(session, model, element.data | {"id": element.key}, reach, known)
        if faults := _strays(row, home):
            raise Invalid(faults=faults)
        return "created"
    view = view_of(type(element.row))
    if element.before and not view.would_change(element.before, element.data):
        return "unchanged"
    rows.replace(session, element.row, element.data, reach, known)
    return "updated"
