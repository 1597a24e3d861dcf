"""Importing rows of one resource from a table of any length: planned and written in parts, in one transaction."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from typing import IO, Any

from api.access import Reach
from api.documents.intake import Line, Table, opened
from api.models.imports import Import
from api.problems import MOST_FAULTS, Fault, Invalid
from api.scope import Session
from api.services import rows
from api.services.chunks import Ground, checked, settled, write
from api.services.elements import Element, Met, element_of, identify
from api.services.imports import Digest, PlanMoved, project
from api.services.jobs import Progress, unheard
from api.services.traces import Trace
from schemas.fields import Reference, Worded
from schemas.imports import PLANNED_MAX, Outcome

AT_ONCE = 2_000
# Characters, of which a list may take some thirty times as many bytes when it is read.
TEXT_AT_ONCE = 4_000_000
# Rows that may refer to each other are planned together, so that it makes no difference in which order they come.
TOGETHER_MAX = 10_000
# Nobody mends more at once, and while they are told others wait to write.
MOST_REFUSED = 10_000

Refused = Callable[[Line, Sequence[Fault]], None]


@dataclass
class Brought:
    """What has become of a table."""

    stem: str
    tally: Counter[Outcome] = field(default_factory=Counter)
    refused: int = 0
    faults: list[Fault] = field(default_factory=list)  # the first of them
    found: int = 0  # how many faults there are
    elements: list[dict[str, Any]] = field(default_factory=list)  # the first that are written
    digest: Digest = field(default_factory=Digest)
    trace: Trace = field(default_factory=Trace)

    def note(self, element: Element, pointer: str) -> None:
        outcome = element.outcome
        self.tally[outcome] += 1
        if outcome != Outcome.UNCHANGED and len(self.elements) < PLANNED_MAX:
            self.elements.append(element.shown() | {"pointer": pointer})

    def refuse(self, faults: Sequence[Fault]) -> None:
        self.refused += 1
        self.found += len(faults)
        self.faults += faults[: MOST_FAULTS - len(self.faults)]

    def counts(self) -> dict[str, dict[str, int]]:
        tally = {each.value: self.tally[each] for each in Outcome}
        return {self.stem: tally | ({"refused": self.refused} if self.refused else {})}

    def more(self) -> dict[str, int]:
        """How many faults there are beside those that are told."""
        return {"more": self.found - len(self.faults)} if self.found > len(self.faults) else {}

    def refusal(self) -> Invalid:
        return Invalid(faults=self.faults, members=self.more())

    def shown(self, language: str) -> dict[str, Any]:
        """As `schemas.imports.ImportPlan`."""
        plan = {
            "counts": self.counts(),
            "elements": self.elements,
            "plan": self.digest.token(),
        }
        return plan | self.told(language)

    def must_be(self, plan: str | None, language: str) -> None:
        """:raises PlanMoved: it is another one than was shown"""
        if plan and plan != self.digest.token():
            raise PlanMoved.of(self.shown(language))

    def told(self, language: str) -> dict[str, Any]:
        """What was refused, when something was."""
        if not self.faults:
            return {}
        return {"errors": [fault.document(language) for fault in self.faults], **self.more()}


def ground(session: Session, stem: str, reach: Reach, acronym: str | None) -> Ground:
    """:param acronym: of the project whose codes rows use; of sub-projects, that to which they belong"""
    if not acronym:
        return Ground(reach)
    project_id = project(session, acronym, {"parameter": "project"})
    return Ground(reach, project_id, {"project_id": project_id} if stem == "sub_projects" else {})


def bring_in(
    session: Session,
    table: Table,
    ground: Ground,
    *,
    partial: bool,
    planned: bool = False,
    refused: Refused | None = None,
    progress: Progress = unheard,
) -> Brought:
    """Plan and write what a table says, part by part; whether it is kept is for whoever calls to say.

    :param partial: whether good rows are written when others are refused
    :param planned: whether anybody asks which plan it is
    :param refused: is told of each line that is, in their order
    :raises Invalid: it is no table, or too much of it is refused; Duplicate: somebody else brings the same in
    """
    brought, met, done = Brought(table.stem), Met(), 0
    for lines in _parts(table):
        every = [element_of(table, line) for line in lines]
        elements = [one for line, one in zip(lines, every, strict=True) if not line.faults]
        identify(session, elements, [table.stem], ground.reach, met)
        checked(session, elements, ground)
        good = settled(session, elements, ground)
        if partial or not brought.found:
            write(session, good, brought.trace)
        if planned:
            brought.digest.add(every)
        for line, element in zip(lines, every, strict=True):
            found = line.faults or [table.placed(line, fault) for fault in element.faults]
            if not found:
                brought.note(element, table.pointer(line))
                continue
            brought.refuse(found)
            if refused:
                refused(line, found)
        if brought.refused > MOST_REFUSED:
            text = Worded("More than {max} rows are refused; mend these first.", max=MOST_REFUSED)
            faults = [Fault("too_many_rows", text), *brought.faults[:-1]]
            raise Invalid(faults=faults, members={"more": brought.found - len(faults)})
        done += len(lines)
        progress(done, None)
    return brought


def do_job(
    session: Session, body: IO[bytes], parameters: Mapping[str, Any], progress: Progress
) -> tuple[Import, Invalid | None]:
    """Bring a table in as a job.

    :param parameters: `stem`, `media`, and `most` of `api.documents.intake.opened`; `project`, `in_part` and `plan` as
        `schemas.tables.TableQuery` let them in; `language`
    :return: the import, and why rows were refused while others are kept
    """
    stem, partial = parameters["stem"], parameters["in_part"]
    schema: Any = rows.model_of(stem).schema
    table = opened(parameters["media"], body, schema, stem, **parameters["most"])
    where = ground(session, stem, Reach.OWN, parameters["project"])
    planned = parameters["plan"] is not None
    brought = bring_in(session, table, where, partial=partial, planned=planned, progress=progress)
    if brought.faults and not partial:
        raise brought.refusal()
    brought.must_be(parameters["plan"], parameters["language"])
    return record(session, brought), brought.refusal() if brought.faults else None


def record(session: Session, brought: Brought) -> Import:
    return brought.trace.end(session, brought.counts())


def _parts(table: Table) -> Iterator[list[Line]]:
    lines = table.lines()
    if not _refers_to_its_own(table.stem):
        yield from iter(lambda: list(_some(lines, AT_ONCE, TEXT_AT_ONCE)), [])
        return
    every = list(_some(lines, TOGETHER_MAX, 2 * TEXT_AT_ONCE))
    if more := next(lines, None):
        text = Worded(
            "More than {max} rows that may refer to each other; send them in parts.",
            max=len(every),
        )
        raise Invalid(faults=[table.placed(more, Fault("too_many_rows", text))])
    yield every


def _some(lines: Iterator[Line], most: int, text: int) -> Iterator[Line]:
    """The next lines, as many as may be kept together: so many, or those of so many characters."""
    for line in islice(lines, most):
        yield line
        text -= line.length
        if text < 0:
            return


@cache
def _refers_to_its_own(stem: str) -> bool:
    fields: Iterable[Any] = rows.model_of(stem).schema.writable().fields.values()
    return any(isinstance(one, Reference) and one.target == stem for one in fields)
