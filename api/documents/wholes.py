"""Files with tables of several resources, which are a whole sub-project together: a workbook, or NDJSON."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import chain
from typing import IO

from api.documents import workbooks
from api.documents.intake import Grid, Line, Ndjson, Table
from api.problems import Fault, Invalid
from api.translations import said
from schemas.base import Record
from schemas.fields import Worded
from schemas.forms import title_of
from schemas.vocabulary import Language

Schemas = Mapping[str, type[Record]]
HELP = Worded("Help")
NDJSON = "application/x-ndjson"


def lines(media: str, file: IO[bytes], schemas: Schemas, most: int) -> Iterator[tuple[Table, Line]]:
    """Each line with the table that it is of.

    :param schemas: by the stems of their resources
    :param most: what a workbook may come to, unpacked
    :raises Invalid: it is no such file, or has what is of no resource
    """
    return _of_objects(file, schemas) if media == NDJSON else _of_sheets(file, schemas, most)


def placed(table: Table, line: Line, fault: Fault) -> Fault:
    """A fault of a row, as one of the file."""
    return _in(table.stem, table.placed(line, fault))


def _in(stem: str, fault: Fault) -> Fault:
    return replace(fault, more={"resource": stem, **fault.more}) if stem else fault


def _of_objects(file: IO[bytes], schemas: Schemas) -> Iterator[tuple[Table, Line]]:
    """A JSON object a line, each with `resource`."""
    every = Ndjson(file, Record, "")
    tables = {stem: Ndjson(file, schema, stem) for stem, schema in schemas.items()}
    for line in every.lines():
        stem = line.row.get("resource")
        if line.faults:
            yield every, line
        elif isinstance(stem, str) and stem in tables:
            del line.row["resource"]
            yield tables[stem], line
        else:
            text = Worded(
                "Each line says of which resource it is: {stems}.", stems=_listed(schemas)
            )
            fault = every.placed(line, Fault("unknown_name", text, "/resource"))
            yield every, line._replace(faults=[fault])


def _of_sheets(file: IO[bytes], schemas: Schemas, most: int) -> Iterator[tuple[Table, Line]]:
    """A sheet for each resource; what is in the help of a template is none of it."""
    known = {title.casefold(): stem for stem in schemas for title in titles(stem, schemas[stem])}
    helps = {said(HELP, language.value).casefold() for language in Language}
    seen: set[str] = set()
    for name, rows in workbooks.sheets(file, most):
        called = name.strip().casefold()
        if called in helps or (first := next(rows, None)) is None:
            continue
        stem = known.get(called)
        if stem is None:
            text = Worded(
                "The sheet {sheet} is called like none of: {stems}.",
                sheet=name[:100],
                stems=_listed(schemas),
            )
            raise Invalid(faults=[Fault("unknown_name", text)])
        if stem in seen:
            text = Worded("Another sheet is of the same resource.")
            raise Invalid(faults=[_in(stem, Fault("repeated", text))])
        seen.add(stem)
        yield from _of_sheet(chain([first], rows), schemas[stem], stem)


def _of_sheet(
    rows: workbooks.Rows, schema: type[Record], stem: str
) -> Iterator[tuple[Table, Line]]:
    try:
        table = Grid(schema, stem, rows, guards=False, ragged=True)
        for line in table.lines():
            yield table, line._replace(faults=[_in(stem, fault) for fault in line.faults])
    except Invalid as problem:
        raise Invalid(faults=[_in(stem, fault) for fault in problem.faults]) from problem


def titles(stem: str, schema: type[Record]) -> set[str]:
    """What a sheet of a resource may be called."""
    return {stem, *(title_of(stem, schema, language.value) for language in Language)}


def _listed(schemas: Schemas) -> str:
    return ", ".join(schemas)
