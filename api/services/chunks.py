"""Elements that are planned and written together: of a document all of them, of a table so many at a time.

What is wrong with an element is noted at it, and the others go on; whether any of them may then be kept is for whoever
asked to say.
"""

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from graphlib import CycleError, TopologicalSorter
from itertools import chain
from typing import Any

import sqlalchemy as sa

from api.access import Reach
from api.models.deliverables import Deliverable
from api.models.sub_projects import SubProject
from api.problems import Duplicate, Fault, Invalid
from api.scope import Session
from api.services import bulk, locks, rows
from api.services.conflicts import all_refused
from api.services.elements import CODED, ORDER, Element, check, names_used
from api.services.rows import Data
from api.services.traces import Trace
from schemas.fields import Worded
from schemas.imports import Outcome


@dataclass(frozen=True)
class Ground:
    """What elements have in common: the project whose codes they use, and where all their rows belong.

    :param enough: so many faults, past which nobody asks for more
    """

    reach: Reach
    project_id: uuid.UUID | None = None
    home: Mapping[str, uuid.UUID] = field(default_factory=dict)
    enough: int | None = None

    def until_enough(self, elements: Sequence[Element]) -> Iterator[Element]:
        found = 0
        for element in elements:
            yield element
            found += len(element.faults)
            if self.enough is not None and found > self.enough:
                break


def checked(session: Session, elements: Sequence[Element], ground: Ground) -> None:
    """Hold elements, whose rows are known, against their schemas; names become ids."""
    names = names_used(session, elements, ground.project_id)
    unknown = () if ground.project_id else CODED
    for element in ground.until_enough(elements):
        element.refuse(*strays(element.home, ground.home, lambda _: "/external_id"))
        check(element, names, ground.home, unknown)


def settled(session: Session, elements: Sequence[Element], ground: Ground) -> list[Element]:
    """Those of the elements that may be written, in their order: what they refer to is there, or comes before them."""
    ordered = _in_order(session, [element for element in elements if not element.faults])
    # What changes nothing refers to what it has referred to.
    changing = [element for element in ordered if element.outcome != Outcome.UNCHANGED]
    # Many rows refer to the same ones: these are kept once, and looked at once.
    distinct: dict[tuple[rows.Named, ...], tuple[rows.Named, ...]] = {}
    named = (tuple(rows.named(element.schema, element.data)) for element in changing)
    referring = [distinct.setdefault(one, one) for one in named]
    every = set(chain.from_iterable(distinct))
    known, referred_to = rows.find(session, every), {name.target for name in every}
    homes: dict[Any, rows.Home] = {}
    for element, references in zip(ground.until_enough(changing), referring, strict=False):
        model, data = element.model, element.data
        try:
            home = homes.get((model, references)) or rows.home_of(model, references, known)
            rows.fill_in(model, data, home)
            rows.may_live(session, model, data, home, ground.reach)
        except Invalid as problem:
            element.refuse(*problem.faults)
            continue
        homes[model, references] = home
        if element.stem in referred_to:
            known |= rows.joined(model, element.key, home)
        element.refuse(*_moved(element, ground.home))
    _refuse_held(session, [element for element in changing if not element.faults])
    return [element for element in ordered if not element.faults]


def _refuse_held(session: Session, elements: Sequence[Element]) -> None:
    """Those that would change what a report holds."""
    changes = [locks.Change(one.stem, one.before, one.data) for one in elements]
    for place, lock in locks.held(session, changes):
        elements[place].refuse(locks.fault(changes[place], lock))


def strays(
    row: Mapping[str, Any], home: Mapping[str, uuid.UUID], pointer: Callable[[str], str]
) -> list[Fault]:
    """What is wrong with a row that belongs to another sub-project or project than it should."""
    return [
        Fault(
            f"other_{column.removesuffix('_id')}",
            "Belongs to another one than the document.",
            pointer(column),
        )
        for column, key in home.items()
        if row.get(column, key) != key
    ]


def _moved(element: Element, home: Mapping[str, uuid.UUID]) -> list[Fault]:
    """What is wrong with where a row would be: elsewhere than it was, or than the document says."""
    data, table = element.data, element.model.__table__.c
    there = {name: data[name] for name in (*home, *element.home) if name in table}
    if not home and there == element.home:
        return []
    pointer = partial(rows.settles, element.model)
    text = Worded("A row stays where it was made.")
    return strays(there, home, pointer) or [
        Fault("immutable", text, pointer(name))
        for name, key in element.home.items()
        if there[name] != key
    ]


def _in_order(session: Session, elements: Sequence[Element]) -> list[Element]:
    """Each element after those that it is based on, also by way of rows that are not among them."""
    based_on = _based_on(session, elements)
    while True:
        sorter = TopologicalSorter({key: [one] if one else [] for key, one in based_on.items()})
        try:
            place = {key: number for number, key in enumerate(sorter.static_order())}
        except CycleError as error:
            first = next(e for e in elements if e.key in error.args[1] and not e.faults)
            text = Worded("Based on itself, by way of others.")
            first.refuse(Fault("cycle", text, "/based_on_id"))
            based_on[first.key] = None
        else:
            whole = (element for element in elements if not element.faults)
            return sorted(whole, key=lambda e: (ORDER.index(e.stem), place.get(e.key, 0)))


def _based_on(session: Session, elements: Iterable[Element]) -> dict[uuid.UUID, uuid.UUID | None]:
    """What each deliverable is based on: of the sub-projects that are concerned, as it will be."""
    mine = [element for element in elements if element.stem == "deliverables"]
    theirs = {element.data["sub_project_id"] for element in mine}
    based_on: dict[uuid.UUID, uuid.UUID | None] = {}
    for part in rows.in_parts(sorted(theirs)):
        # Two at once, each leading to the other, would both find no way back; the second waits for the first.
        locked = sa.select(SubProject.id).where(SubProject.id.in_(part)).order_by(SubProject.id)
        session.execute(locked.with_for_update(key_share=True))
        asked = sa.select(Deliverable.id, Deliverable.based_on_id).where(
            Deliverable.sub_project_id.in_(part)
        )
        based_on |= {row.id: row.based_on_id for row in session.execute(asked)}
    return based_on | {element.key: element.data["based_on_id"] for element in mine}


def write(session: Session, elements: Sequence[Element], trace: Trace) -> None:
    """Write the elements of one resource that are new, or say something else than their rows.

    :raises Duplicate: one is no longer new
    """
    made = [element for element in elements if element.outcome == Outcome.CREATED]
    changed = [element for element in elements if element.outcome == Outcome.UPDATED]
    names = {name for element in changed for name in element.changes}
    for put, some in ((bulk.insert, made), (partial(bulk.update, names=names), changed)):
        if some:
            _put(session, partial(put, session, some[0].model), some)
            trace.note(session, [one for one in some if not one.faults])


def _put(session: Session, put: Callable[[list[Data]], None], elements: list[Element]) -> None:
    def data_of(some: Sequence[Element]) -> list[Data]:
        return [one.data | {"id": one.key} for one in some]

    for element, problem in all_refused(session, lambda some: put(data_of(some)), elements):
        found = problem.faults or [Fault(problem.code, problem.detail or problem.title, "")]
        if element.before is None and found[0].pointer == "/external_id":
            element.refuse(*found)
            text = Worded("Another request brought this in at the same time; send it again.")
            raise Duplicate(text, faults=element.told()) from problem
        element.refuse(*found)
