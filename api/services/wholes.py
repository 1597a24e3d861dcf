"""What a whole sub-project says, as a JSON document or as tables in one file: the same elements, told apart by nothing
but where they stand.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import IO, Any

import marshmallow as ma

from api import wire
from api.documents import edited
from api.documents.edited_texts import Edited
from api.documents.intake import Line, Table
from api.documents.wholes import lines, placed
from api.problems import MOST_FAULTS, Fault, Invalid
from api.services import rows
from api.services.elements import ORDER, Element, element_of
from schemas.fields import Worded
from schemas.imports import ELEMENTS_MAX, ImportDocument

JSON = "application/json"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# Nobody reads on past the first faults that are told; past these they are not even counted.
MOST_COUNTED = 10 * MOST_FAULTS
# Characters of all lines, of which lists may take some thirty times as many bytes.
TEXT_MAX = 10_000_000


@dataclass
class Whole:
    """A sub-project with its records.

    :param project: its project's acronym, which stands at `place`
    :param faults: what is wrong with lines that are no elements
    :param document: a report's document, edited by hand, from which the elements are yet to be made
    """

    project: str
    elements: list[Element]
    place: Mapping[str, Any] = field(default_factory=lambda: {"pointer": "/project"})
    faults: list[Fault] = field(default_factory=list)
    document: Edited | None = None

    def must_be_right(self) -> None:
        """:raises Invalid: something of it is refused"""
        if found := [*self.faults, *(fault for one in self.elements for fault in one.told())]:
            raise Invalid(faults=found)


def read(media: str, file: IO[bytes], most: int) -> Whole:
    """:raises Invalid: it says of no sub-project; InvalidJson, TooLarge"""
    if media == JSON:
        try:
            return of_document(ImportDocument().load(wire.parse(file.read())))
        except ma.ValidationError as error:
            raise Invalid(faults=wire.faults(error.messages)) from error
    if media == edited.DOCX:
        return Whole("", [], document=edited.read_document(file, most))
    if media == XLSX and (document := edited.read(media, file, most)):
        return Whole("", [], document=document)
    schemas: Any = {stem: rows.model_of(stem).schema for stem in ORDER}
    return _of_tables(lines(media, file, schemas, most))


def of_document(document: Mapping[str, Any]) -> Whole:
    """:param document: what `schemas.imports.ImportDocument` let in"""
    return Whole(document["project"], list(_elements(document)))


def _elements(document: Mapping[str, Any]) -> Iterator[Element]:
    for stem in ORDER:
        if stem == "sub_projects":
            yield Element(stem, "/sub_project", document["sub_project"])
        else:
            for place, given in enumerate(document[stem]):
                yield Element(stem, f"/{stem}/{place}", given)


def _of_tables(given: Iterable[tuple[Table, Line]]) -> Whole:
    whole, counts, length = Whole("", []), Counter[str](), 0
    for table, line in given:
        counts[table.stem] += 1
        length += line.length
        if counts[table.stem] > ELEMENTS_MAX or length > TEXT_MAX:
            most = counts[table.stem] - 1
            text = Worded("More than {max}; send them in parts.", max=most)
            raise Invalid(faults=[placed(table, line, Fault("too_many_rows", text))])
        if line.faults:
            whole.faults += line.faults
            continue
        element = element_of(table, line)
        element.where = partial(placed, table, line)
        whole.elements.append(element)
    none = Fault("required", Worded("There is no sub-project in it."))
    if not counts["sub_projects"]:
        whole.faults.append(replace(none, more={"resource": "sub_projects"}))
    _name_project(whole, none)
    return whole


def _name_project(whole: Whole, none: Fault) -> None:
    """The one sub-project names its project, by its acronym. :raises Invalid: it does not"""
    mine = [element for element in whole.elements if element.stem == "sub_projects"]
    for other in mine[1:]:
        other.refuse(Fault("repeated", Worded("There is another sub-project in it."), ""))
    for element in mine[:1]:
        whole.place = _place(element.where(replace(none, pointer="/project")))
        try:
            given = element.given.get("project")
            acronym = ma.missing if given is None else given
            whole.project = ImportDocument().fields["project"].deserialize(acronym) or ""
        except ma.ValidationError as error:
            element.refuse(*(replace(f, pointer="/project") for f in wire.faults(error.messages)))
    if not whole.project or mine[1:]:
        whole.must_be_right()


def _place(fault: Fault) -> Mapping[str, Any]:
    return {name: at for name, at in vars(fault).items() if name not in ("code", "detail")}
