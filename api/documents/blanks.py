"""Tables to fill in: heads in the words of a language, one row as an example, and in a workbook what each is for."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import xlsxwriter

from api.documents.heads import known_heads
from api.documents.intake import BOM
from api.documents.tables import guarded
from api.documents.wholes import HELP
from api.translations import said
from schemas.base import Record
from schemas.exports import Kind
from schemas.fields import Worded
from schemas.forms import form
from schemas.imports import ImportDocument, short_of
from schemas.labels import LABELS

# As spreadsheets of that language read and show them.
DELIMITERS = {"fi": ";", "sv": ";", "en": ","}
_COMMAS = ("fi", "sv")
_DAYS = {"fi": "d.m.yyyy", "sv": "d.m.yyyy", "en": "yyyy-mm-dd"}
# What goes by its own external id; the plan goes by its codes.
_OWN = {*ImportDocument().fields, "sub_projects"}
# Or each second's template would have an ETag of its own.
_MADE = datetime(2000, 1, 1)
_WIDTH, _WIDE = 20, 60


@dataclass(frozen=True)
class Field:
    """A column to fill in.

    :param told: the field as the form has it
    :param may: what may stand in it, where not anything may
    """

    name: str
    head: str
    kind: Kind
    required: bool
    told: Mapping[str, Any]
    may: str
    example: Any


def added(name: str, example: str) -> Field:
    """A column that is no field of the resource."""
    return Field(name, name, Kind.TEXT, False, {}, "", example)


def fields(
    stem: str, schema: type[Record], language: str, example: Mapping[str, Any]
) -> list[Field]:
    """What may be written, in the order of the form, what names the row first."""
    shown = form(stem, schema, language)
    found = list(_fields(shown, known_heads(stem, schema), example, language))
    return sorted(found, key=lambda field: field.name != "external_id")


def _fields(
    shown: Mapping[str, Any], known: Mapping[str, Any], example: Mapping[str, Any], language: str
) -> Iterator[Field]:
    for name, told in shown["properties"].items():
        if told.get("readOnly"):
            continue
        short = short_of(name)
        head = known.get(short) or known[name]
        title = told["title"] if known.get(told["title"].casefold()) == head else short
        column = short if short in known else name
        required, value = name in shown["required"], example.get(column)
        if head.names and value:
            value = ", ".join(value)
        may = _may(told, shown.get("$defs", {}), head.column.kind, language)
        yield Field(column, title, head.column.kind, required, told, may, value)


def _may(told: Mapping[str, Any], parts: Mapping[str, Any], kind: Kind, language: str) -> str:
    """What may stand in a column: words of a vocabulary, or how rows, lists and truth values are given."""
    if known := told.get("oneOf"):
        return "; ".join(f"{one['const']} ({one['title']})" for one in known if one["const"])
    entry = told.get("items", {})
    if target := told.get("x-resource") or entry.get("x-resource"):
        title = LABELS[language]["resources"][target]["title"]
        return said(Worded(_called(target, several=bool(entry)), resource=title), language)
    if part := parts.get(entry.get("$ref", "").rpartition("/")[2]):
        names = ", ".join(map(short_of, part["properties"]))
        return said(Worded("A list in JSON; each entry has: {names}", names=names), language)
    return said(Worded("TRUE or FALSE"), language) if kind is Kind.FLAG else ""


def _called(target: str, *, several: bool) -> Worded:
    """How rows of another resource are named."""
    if target == "projects":
        return Worded("{resource}: its acronym")
    if target in _OWN:
        own = Worded("{resource}: its own identifier")
        return Worded("{resource}: own identifiers, parted by commas") if several else own
    code = Worded("{resource}: its code in the plan")
    return Worded("{resource}: codes of the plan, parted by commas") if several else code


def _text(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value


def csv_of(columns: list[Field], language: str) -> bytes:
    file = io.StringIO()
    writer = csv.writer(file, delimiter=DELIMITERS[language])
    writer.writerow([column.head for column in columns])
    writer.writerow([_cell(column, language) for column in columns])
    return BOM + file.getvalue().encode()


def _cell(column: Field, language: str) -> Any:
    """The example as a spreadsheet of that language reads it: `57,5`, `31.5.2012`."""
    value = _text(column.example)
    if value is not None and language in _COMMAS:
        if column.kind is Kind.NUMBER:
            return str(value).replace(".", ",")
        if column.kind is Kind.DAY:
            day = date.fromisoformat(value)
            return f"{day.day}.{day.month}.{day.year}"
    return guarded(value) if isinstance(value, str) else value


def xlsx_of(sheets: Mapping[str, list[Field]], language: str) -> bytes:
    """:param sheets: by their names"""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        book.set_properties({"created": _MADE})
        bold = book.add_format({"bold": True})
        shapes = {Kind.TEXT: book.add_format({"num_format": "@"})}  # or `1-2` becomes a day
        shapes[Kind.DAY] = book.add_format({"num_format": _DAYS[language]})
        for name, columns in sheets.items():
            sheet = book.add_worksheet(name)
            sheet.freeze_panes(1, 0)
            for place, column in enumerate(columns):
                shape = shapes.get(column.kind)
                sheet.set_column(place, place, _WIDTH, shape)
                sheet.write_string(0, place, column.head, bold)
                _write(sheet, place, column, shape)
        _explain(book.add_worksheet(said(HELP, language)), sheets, language, bold)
    return file.getvalue()


def _write(sheet: Any, place: int, column: Field, shape: Any) -> None:
    value = _text(column.example)
    if value is not None and column.kind is Kind.DAY:
        sheet.write_datetime(1, place, date.fromisoformat(value), shape)
    elif isinstance(value, bool):
        sheet.write_boolean(1, place, value)
    elif isinstance(value, int | float):
        sheet.write_number(1, place, value)
    elif value is not None:
        sheet.write_string(1, place, value, shape)


_HINTS = (
    Worded("The row under the heads is an example: write over it, or delete it."),
    Worded("An empty cell takes away what was there; a column that is left out leaves it."),
)


def _explain(sheet: Any, sheets: Mapping[str, list[Field]], language: str, bold: Any) -> None:
    """What each column is for, and where there are several sheets, of which it is."""
    for line, hint in enumerate(_HINTS):
        sheet.write_string(line, 0, said(hint, language))
    heads = [
        Worded("Column"),
        Worded("Name of the field"),
        Worded("Required"),
        Worded("What it is"),
        Worded("What may stand in it"),
    ]
    named = len(sheets) > 1
    if named:
        heads.append(Worded("Sheet"))
    sheet.set_column(0, len(heads), _WIDTH)
    sheet.set_column(3, 4, _WIDE)
    top = len(_HINTS) + 1
    for place, head in enumerate(heads):
        sheet.write_string(top, place, said(head, language), bold)
    every = [(name, column) for name, columns in sheets.items() for column in columns]
    for line, (name, column) in enumerate(every, top + 1):
        required = said(Worded("Yes"), language) if column.required else ""
        told = (column.head, column.name, required, column.told.get("description", ""), column.may)
        of = [name] if named else []
        for place, text in enumerate((*told, *of)):
            sheet.write_string(line, place, text)
