"""Tables to fill in: heads in the words of a language, one row as an example, and in a workbook what each is for."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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
from schemas.imports import short_of

# As spreadsheets of that language read them.
DELIMITERS = {"fi": ";", "sv": ";", "en": ","}
_WIDTH, _WIDE = 20, 60


@dataclass(frozen=True)
class Field:
    """A column to fill in.

    :param told: the field as the form has it
    """

    name: str
    head: str
    kind: Kind
    required: bool
    told: Mapping[str, Any]
    example: Any

    def words(self) -> str:
        """What may stand in it, of a vocabulary."""
        known = self.told.get("oneOf", ())
        return "; ".join(f"{one['const']} ({one['title']})" for one in known if one["const"])


def added(name: str, example: str) -> Field:
    """A column that is no field of the resource."""
    return Field(name, name, Kind.TEXT, False, {}, example)


def fields(
    stem: str, schema: type[Record], language: str, example: Mapping[str, Any]
) -> list[Field]:
    """What may be written, in the order of the form, what names the row first."""
    shown = form(stem, schema, language)
    found = list(_fields(shown, known_heads(stem, schema), example))
    return sorted(found, key=lambda field: field.name != "external_id")


def _fields(
    shown: Mapping[str, Any], known: Mapping[str, Any], example: Mapping[str, Any]
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
        yield Field(column, title, head.column.kind, required, told, value)


def _text(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value


def csv_of(columns: list[Field], language: str) -> bytes:
    file = io.StringIO()
    writer = csv.writer(file, delimiter=DELIMITERS[language])
    writer.writerow([column.head for column in columns])
    values = [_text(column.example) for column in columns]
    writer.writerow([guarded(v) if isinstance(v, str) else v for v in values])
    return BOM + file.getvalue().encode()


def xlsx_of(sheets: Mapping[str, list[Field]], language: str) -> bytes:
    """:param sheets: by their names"""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        bold = book.add_format({"bold": True})
        shapes = {Kind.TEXT: book.add_format({"num_format": "@"})}  # or `1-2` becomes a day
        shapes[Kind.DAY] = book.add_format({"num_format": "yyyy-mm-dd"})
        for name, columns in sheets.items():
            sheet = book.add_worksheet(name)
            sheet.freeze_panes(1, 0)
            for place, column in enumerate(columns):
                shape = shapes.get(column.kind)
                sheet.set_column(place, place, _WIDTH, shape)
                sheet.write_string(0, place, column.head, bold)
                _write(sheet, place, _text(column.example), shape)
        _explain(book.add_worksheet(said(HELP, language)), sheets, language, bold)
    return file.getvalue()


def _write(sheet: Any, place: int, value: Any, shape: Any) -> None:
    if isinstance(value, bool):
        sheet.write_boolean(1, place, value)
    elif isinstance(value, int | float):
        sheet.write_number(1, place, value)
    elif value is not None:
        sheet.write_string(1, place, value, shape)


def _explain(sheet: Any, sheets: Mapping[str, list[Field]], language: str, bold: Any) -> None:
    """What each column is for, and where there are several sheets, of which it is."""
    heads = [
        Worded("Column"),
        Worded("Name of the field"),
        Worded("Required"),
        Worded("What it is"),
        Worded("Words that may stand in it"),
    ]
    named = len(sheets) > 1
    if named:
        heads.append(Worded("Sheet"))
    sheet.set_column(0, len(heads), _WIDTH)
    sheet.set_column(3, 4, _WIDE)
    for place, head in enumerate(heads):
        sheet.write_string(0, place, said(head, language), bold)
    every = [(name, column) for name, columns in sheets.items() for column in columns]
    for line, (name, column) in enumerate(every, 1):
        required = said(Worded("Yes"), language) if column.required else ""
        told = (column.head, column.name, required, column.told.get("description", ""))
        of = [name] if named else []
        for place, text in enumerate((*told, column.words(), *of)):
            sheet.write_string(line, place, text)
