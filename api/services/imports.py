"""Importing one sub-project's records from one document: all of it or nothing, and every fault with its place.

Elements are known by their `external_id`: what is there already is updated where the element says something else, the
rest is made. So the same document can be sent again and again.
"""

import base64
import hashlib
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from graphlib import CycleError, TopologicalSorter
from typing import IO, Any

import marshmallow as ma
import sqlalchemy as sa

from api import wire
from api.access import Reach
from api.models.deliverables import Deliverable
from api.models.imports import Import
from api.models.participations import Participation
from api.models.projects import Project
from api.problems import MOST_FAULTS, Duplicate, Fault, Invalid, Problem
from api.scope import Session
from api.services import bulk, rows
from api.services.conflicts import first_refused, flush
from api.services.elements import ORDER, Element, check, identify, names_used
from api.services.rows import Data
from schemas.fields import Worded
from schemas.imports import PLANNED_MAX, ImportDocument, Outcome

# A deliverable's change locks that row first and its sub-project after it.
LOCKED = tuple(sorted(ORDER, key="sub_projects".__eq__))

# Nobody reads on past the first faults that are told; past these they are not even counted.
MOST_COUNTED = 10 * MOST_FAULTS


class PlanMoved(Problem):
    status, code, title = 409, "plan_moved", "The rows have changed since the plan was made"
    carries = ("plan",)


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

    def must_be(self, token: str | None) -> None:
        """:raises PlanMoved: it is another one than was shown"""
        if token not in (None, self.token()):
            raise PlanMoved(members={"plan": self.shown()})

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


def bring_in(
    session: Session,
    body: IO[bytes],
    parameters: Mapping[str, Any],
    progress: Callable[[int, int | None], None],
) -> Import:
    """The same as a job.

    :param body: the document as it was sent
    :param parameters: `plan`, as `schemas.imports.ImportQuery` let it in
    """
    try:
        document = ImportDocument().load(wire.parse(body.read()))
    except ma.ValidationError as error:
        raise Invalid(faults=wire.faults(error.messages)) from error
    made = plan(session, document, Reach.OWN)
    made.must_be(parameters["plan"])
    return carry_out(session, made, progress)


def rehearse(session: Session, made: Plan) -> None:
    """Carry a plan out and undo it, to hear what only the database notices. :raises Invalid: it refuses"""
    with session.begin_nested() as trial:
        carry_out(session, made)
        trial.rollback()


def carry_out(
    session: Session,
    made: Plan,
    progress: Callable[[int, int | None], None] = lambda done, total: None,
) -> Import:
    written, total = 0, len(made.elements)
    progress(written, total)
    for stem in ORDER:
        some = [element for element in made.elements if element.stem == stem]
        _write(session, some)
        written += len(some)
        progress(written, total)
    done = Import(sub_project_id=made.sub_project_id, counts=made.counts())
    session.add(done)
    flush(session)
    return done


def plan(session: Session, document: Mapping[str, Any], reach: Reach) -> Plan:
    """Find out what a document will do, all of it checked that can be checked without writing; rows are locked."""
    project_id = _project(session, document["project"])
    elements = list(_elements(document))
    faults = list(identify(session, elements, LOCKED, reach))
    sub_project_id = next(e.key for e in elements if e.stem == "sub_projects")
    home = {"sub_project_id": sub_project_id, "project_id": project_id}
    names = names_used(session, elements, project_id)
    for element in elements:
        faults += element.placed(_strays(element.home, home, lambda _: "/external_id"))
        faults += check(element, names, home)
        if len(faults) > MOST_COUNTED:
            break
    if faults:
        raise Invalid(faults=faults)
    ordered = _in_order(session, elements)
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


def _in_order(session: Session, elements: list[Element]) -> list[Element]:
    """Each element after those that it is based on, also by way of rows that are not among them."""
    theirs = {e.data["sub_project_id"] for e in elements if e.stem == "deliverables"}
    based_on: dict[uuid.UUID, uuid.UUID | None] = {}
    for part in rows.in_parts(theirs):
        asked = sa.select(Deliverable.id, Deliverable.based_on_id).where(
            Deliverable.sub_project_id.in_(part)
        )
        based_on |= {row.id: row.based_on_id for row in session.execute(asked)}
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
