"""Importing one sub-project's records together: all of it or nothing, and every fault with its place.

Elements are known by their `external_id`: what is there already is updated where the element says something else, the
rest is made. So the same document can be sent again and again.
"""

import base64
import hashlib
import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import IO, Any, cast

import sqlalchemy as sa

from api import wire
from api.access import Reach
from api.documents.edited_texts import Edited
from api.models.imports import Import
from api.models.participations import Participation
from api.models.projects import Project
from api.problems import Fault, Invalid, Problem
from api.scope import Session
from api.services import edited
from api.services.chunks import Ground, checked, settled, write
from api.services.elements import ORDER, Element, Met, identify
from api.services.jobs import Progress, unheard
from api.services.traces import Trace
from api.services.wholes import JSON, MOST_COUNTED, Whole, of_document, read
from schemas.fields import Worded
from schemas.imports import PLANNED_MAX, Outcome

_ID = re.compile(rb'"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"')
# A deliverable's change locks that row first and its sub-project after it.
LOCKED = tuple(sorted(ORDER, key="sub_projects".__eq__))


class PlanMoved(Problem):
    status, code, title = 409, "plan_moved", "This would not do what the plan says"
    carries = ("plan",)

    @classmethod
    def of(cls, plan: Mapping[str, Any]) -> "PlanMoved":
        """:param plan: as `schemas.imports.ImportPlan`, what it would do now"""
        if any(tally["created"] + tally["updated"] for tally in plan["counts"].values()):
            why = Worded(
                "Rows have changed since the plan was made, or it is that of another file."
            )
        else:
            why = Worded("Nothing would change any more; perhaps it has been done already.")
        return cls(why, members={"plan": plan})


@dataclass
class Plan:
    """What an import will do: its elements in the order in which they are written."""

    sub_project_id: uuid.UUID | None  # of a document, which is of one
    elements: list[Element]
    whole: Whole

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
        if token and token != self.token():
            raise PlanMoved.of(self.shown())

    def token(self) -> str:
        """The same for the same document as long as it would do the same to the same versions of rows."""
        digest = Digest()
        digest.add(self.elements)
        return digest.token()


class Digest:
    """What becomes of elements, for comparing. New rows have ids of the moment, so that their names stand for them."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()

    def add(self, elements: Iterable[Element]) -> None:
        some = list(elements)
        new = {wire.dump(e.key): e for e in some if e.before is None}
        for one in some:
            version = one.before["version"] if one.before else None
            codes = [fault.code for fault in one.faults]
            told = wire.dump([one.stem, one.outcome, version, codes, one.data])
            self._digest.update(_ID.sub(lambda m: _name(new.get(m[0]), m[0]), told))

    def token(self) -> str:
        return base64.urlsafe_b64encode(self._digest.digest()).rstrip(b"=").decode()


def _name(element: Element | None, key: bytes) -> bytes:
    return wire.dump(element.data.get("external_id")) if element else key


def run(session: Session, document: Mapping[str, Any], reach: Reach) -> Import:
    """Bring a document in.

    :param document: what `schemas.imports.ImportDocument` let in
    :return: the import with its counts: resource -> created, updated, unchanged
    :raises Invalid: with every fault that was found; nothing is kept then
    """
    return carry_out(session, plan(session, of_document(document), reach))


def do_job(
    session: Session, body: IO[bytes], parameters: Mapping[str, Any], progress: Progress
) -> tuple[Import, None]:
    """Bring in what was sent, as a job.

    :param parameters: `media` and `most`, of `api.services.wholes.read`, unless it is a document; `plan`, as
        `schemas.imports.ImportQuery` let it in
    """
    whole = read(parameters.get("media", JSON), body, parameters.get("most", 0))
    made = plan(session, whole, Reach.OWN)
    made.must_be(parameters["plan"])
    return carry_out(session, made, progress), None


def rehearse(session: Session, made: Plan) -> None:
    """Carry a plan out and undo it, to hear what only the database notices. :raises Invalid: it refuses"""
    with session.begin_nested() as trial:
        carry_out(session, made)
        trial.rollback()


def carry_out(
    session: Session,
    made: Plan,
    progress: Progress = unheard,
) -> Import:
    trace, written, total = Trace(), 0, len(made.elements)
    progress(written, total)
    for stem in ORDER:
        some = [element for element in made.elements if element.stem == stem]
        write(session, some, trace)
        made.whole.must_be_right()
        written += len(some)
        progress(written, total)
    return trace.end(session, made.counts(), made.sub_project_id)


def plan(session: Session, whole: Whole, reach: Reach) -> Plan:
    """Find out what it will do, all of it checked that can be checked without writing; rows are locked."""
    home = _of_edited(session, whole, reach) if whole.document else _of_named(session, whole, reach)
    elements, sub_project_id = whole.elements, home["sub_project_id"]
    ground = Ground(reach, home["project_id"], home, enough=MOST_COUNTED)
    checked(session, elements, ground)
    whole.must_be_right()
    ordered = settled(session, elements, ground)
    whole.must_be_right()
    return Plan(sub_project_id, ordered, whole)


def _of_named(session: Session, whole: Whole, reach: Reach) -> dict[str, uuid.UUID]:
    """Find the rows of elements. :return: where they belong"""
    project_id = project(session, whole.project, whole.place)
    identify(session, whole.elements, LOCKED, reach, Met())
    sub_project_id = next(e.key for e in whole.elements if e.stem == "sub_projects")
    return {"sub_project_id": sub_project_id, "project_id": project_id}


def _of_edited(session: Session, whole: Whole, reach: Reach) -> dict[str, uuid.UUID]:
    """Make the elements of what was edited in a document. :return: where they belong"""
    made = edited.edits(session, cast(Edited, whole.document), reach)
    known = list(made.elements.values())
    identify(session, known, LOCKED, reach, Met())
    edited.fill_in(made)
    whole.elements = [*(one for one in known if one.before), *made.new]
    whole.faults = [
        *made.faults,
        *(fault for one in known if not one.before for fault in one.told()),
    ]
    return {"sub_project_id": made.home.sub_project_id, "project_id": made.home.project_id}


def project(session: Session, acronym: str, place: Mapping[str, Any]) -> uuid.UUID:
    """The project of this acronym in which the session's provider takes part.

    :param place: where the acronym stands
    """
    found = session.scalars(
        sa.select(Project.id)
        .join(Participation, Participation.project_id == Project.id)
        .where(Project.acronym == acronym, Participation.provider_id == session.scope.provider_id)
    ).all()
    if len(found) != 1:
        none = Fault("not_found", "Your provider takes part in no such project.", **place)
        many = Fault("ambiguous", "Several projects have this acronym.", **place)
        raise Invalid(faults=[many if found else none])
    return found[0]
