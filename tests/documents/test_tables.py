"""Tables hold what rows hold: nothing is cut off, changed, or taken for a formula."""

import csv
import itertools
import re
from datetime import date, timedelta
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from api.documents.tables import (
    BOM,
    CELL_UNITS,
    TooLongForCell,
    guarded,
    read_csv,
    unguarded,
    write_csv,
    write_xlsx,
)
from schemas import vocabulary as v
from schemas.exports import Column, Kind
from tests import workbooks
from tests.bodies import LETTERS

COLUMNS = [
    Column("id", None, Kind.TEXT),
    Column("text", None, Kind.TEXT),
    Column("name", "fi", Kind.TEXT),
    Column("name", "sv", Kind.TEXT),
    Column("count", None, Kind.WHOLE),
    Column("value", None, Kind.NUMBER),
    Column("open", None, Kind.FLAG),
    Column("date", None, Kind.DAY),
    Column("parts", None, Kind.JSON),
]
# Formulas, their look-alikes, our own mark, markup, escapes, line breaks, what are no characters.
NASTY = [
    *(
        "=1+1",
        "+358",
        "-",
        "@SUM(A1)",
        " =1",
        "\t=1",
        "\n",
        "\r",
        "\r\n=1",
        "＝1",
        "'",
        "''",
        "'=1",
    ),
    *("<r>", "<r></r>", "<r><t>x</t></r>", "_x0041_", "_x005F_", "_xFFFE_", "\ufffe", "\uffff"),
    *('"', '"",', ",", ";=1", "a\rb", "  x  ", "\ufeffx", "null", "true", "1", "1e5", "2012-01-01"),
    *(
        "x;=1+1;y",
        "x; +1",
        "x\t=1",
        "x\n-1",
        'x;"=1;y',
        "x;'=1",
        "x;''=1",
        "x;\n=1",
        "x;'y",
        "x\r\n' =1",
    ),
    *(";;=1", "\t'=1", 'x;" "＝1', "x;\u2028@1", "x;'\t=1", "';=1", "=1;=1", '"=1;=1'),
    *("{=1}", "https://lamppu.example", "e\u0301 👩\u200d🔬 שָׁלוֹם", "#REF!", "mailto:x@y.example"),
]
SIGNS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
TEXTS = st.text(LETTERS, min_size=1) | st.sampled_from(NASTY)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.uuids().map(str),
            "text": st.none() | TEXTS,
            "name": st.none() | st.fixed_dictionaries({"fi": TEXTS, "sv": st.none() | TEXTS}),
            "count": st.none() | st.integers(-(10**9), 10**9),
            "value": st.none() | st.integers(-(10**15), 10**15).map(lambda n: round(n / 10**4, 4)),
            "open": st.none() | st.booleans(),
            "date": st.none() | st.dates(v.FIRST_DAY, v.LAST_DAY).map(str),
            "parts": st.lists(st.fixed_dictionaries({"text": TEXTS, "open": st.booleans()})),
        }
    ),
    max_size=4,
)
quickly = settings(
    max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
EMPTY: dict[str, Any] = dict.fromkeys(column.field for column in COLUMNS)


def csv_of(rows: list[dict[str, Any]], *, bom: bool = False) -> bytes:
    return b"".join(write_csv(COLUMNS, rows, bom=bom))


def xlsx_of(folder: Path, rows: list[dict[str, Any]], **given: Any) -> bytes:
    return write_xlsx(folder, "rows", COLUMNS, rows, **given).read_bytes()


# CSV


@given(text=st.text() | st.sampled_from(NASTY))
def test_a_guarded_text_begins_no_formula_and_comes_back_as_it_was(text: str) -> None:
    cell = guarded(text)
    assert not cell.lstrip().startswith(SIGNS)
    assert not cell.startswith(("\t", "\r", "\n"))
    assert unguarded(cell) == text


@given(text=st.text() | st.sampled_from(NASTY) | st.text("x;\t\n\r'\" =-＠"))
def test_no_part_of_a_guarded_text_begins_a_formula_where_others_part_cells(text: str) -> None:
    cell = guarded(text)
    for part in re.split("[;\t\r\n]", cell)[1:]:
        assert not part.lstrip('" \u2028').startswith(SIGNS)
    assert unguarded(cell) == text


@quickly
@given(rows=ROWS)
@example(rows=[EMPTY | {"id": text, "text": text, "parts": [{"text": text}]} for text in NASTY])
def test_to_a_spreadsheet_that_parts_cells_by_semicolons_no_cell_begins_a_formula(
    rows: list[dict[str, Any]],
) -> None:
    """As Excel does in Finnish: the line is parted first, and a quote within a cell is a character."""
    lines = re.split("[\r\n]+", csv_of(rows).decode())
    for cell in itertools.chain.from_iterable(csv.reader([line], delimiter=";") for line in lines):
        assert not [part for part in cell if part.lstrip().startswith(SIGNS)]


def test_only_what_needs_it_is_guarded() -> None:
    for text in (
        "Tulos",
        "1 + 1 = 2",
        "a@b.example",
        "Kysely -",
        "“it's”",
        "",
        " x",
        "a; 'b'",
        "a\n'b'",
        "a;b",
        "a\n1-2",
    ):
        assert guarded(text) == text
    assert guarded("=1") == "'=1"


@quickly
@given(rows=ROWS)
@example(rows=[EMPTY | {"id": text, "text": text} for text in NASTY])
def test_csv_reads_back_to_the_rows(rows: list[dict[str, Any]]) -> None:
    text = csv_of(rows).decode()
    assert list(read_csv(COLUMNS, StringIO(text, newline=""))) == rows


@quickly
@given(rows=ROWS)
def test_to_any_reader_of_csv_no_cell_begins_a_formula(rows: list[dict[str, Any]]) -> None:
    _, *lines = csv.reader(StringIO(csv_of(rows).decode(), newline=""), strict=True)
    assert len(lines) == len(rows)
    for line in lines:
        for column, cell in zip(COLUMNS, line, strict=True):
            if column.kind not in (Kind.WHOLE, Kind.NUMBER):  # -1 is no formula
                assert not cell.lstrip().startswith(("=", "+", "-", "@"))


def test_csv_is_as_rfc_4180_has_it() -> None:
    row = EMPTY | {"id": "1", "text": 'a,"b"\nc', "name": {"fi": "ä", "sv": None}, "open": True}
    assert (
        csv_of([row | {"value": 10.0, "date": "2013-01-18", "parts": [1]}])
        == (
            "id,text,name.fi,name.sv,count,value,open,date,parts\r\n"
            '1,"a,""b""\nc",ä,,,10.0,true,2013-01-18,[1]\r\n'
        ).encode()
    )


def test_a_byte_order_mark_is_there_on_demand() -> None:
    assert csv_of([], bom=True) == BOM + csv_of([])
    assert not csv_of([]).startswith(BOM)


def test_columns_may_have_been_moved_and_left_out() -> None:
    lines = StringIO("parts,text\r\n[],'=x\r\n", newline="")
    assert list(read_csv(COLUMNS, lines)) == [{"parts": [], "text": "=x"}]
    with pytest.raises(KeyError):
        list(read_csv(COLUMNS, ["another\r\n"]))


def test_a_long_list_is_read_back_too() -> None:
    row = EMPTY | {"id": "1", "parts": ["x" * 10_000] * 100}
    assert list(read_csv(COLUMNS, StringIO(csv_of([row]).decode(), newline=""))) == [row]


# XLSX


@quickly
@given(rows=ROWS)
@example(rows=[EMPTY | {"id": text, "text": text} for text in NASTY])
def test_a_workbook_reads_back_to_the_rows(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]]
) -> None:
    content = xlsx_of(tmp_path_factory.mktemp("xlsx"), rows)
    assert list(workbooks.rows(COLUMNS, content)) == rows


def test_every_day_that_excel_counts_otherwise_is_that_day(tmp_path: Path) -> None:
    """It takes 1900 for a leap year."""
    days = [v.FIRST_DAY + timedelta(days=n) for n in range(70)]
    rows = [EMPTY | {"id": "1", "date": str(day)} for day in (*days, v.LAST_DAY, date(2012, 2, 29))]
    assert list(workbooks.rows(COLUMNS, xlsx_of(tmp_path, rows))) == rows


def test_a_workbook_holds_no_formula_whatever_the_texts(tmp_path: Path) -> None:
    rows = [EMPTY | {"id": str(n), "text": text} for n, text in enumerate(NASTY)]
    content = xlsx_of(tmp_path, rows)
    (sheet,) = workbooks.opened(content).worksheets
    assert {cell.data_type for line in sheet.iter_rows() for cell in line} <= {
        "s",
        "n",
        "inlineStr",
    }
    with ZipFile(BytesIO(content)) as parts:
        assert b"<f>" not in parts.read("xl/worksheets/sheet1.xml")
        assert not [name for name in parts.namelist() if "_rels/sheet" in name]  # nor a hyperlink


def test_the_head_of_a_sheet_is_bold_and_stays_in_sight(tmp_path: Path) -> None:
    (sheet,) = workbooks.opened(xlsx_of(tmp_path, [EMPTY | {"id": "1"}])).worksheets
    assert (sheet.title, sheet.freeze_panes) == ("rows", "A2")
    assert [cell.value for cell in sheet[1]] == [column.name for column in COLUMNS]
    assert {cell.font.bold for cell in sheet[1]} == {True}
    assert {cell.font.bold for cell in sheet[2]} == {False}


def test_cells_have_the_types_of_their_values(tmp_path: Path) -> None:
    row = EMPTY | {"id": "1", "count": 3, "value": 2.5, "open": False, "date": "2013-01-18"}
    (sheet,) = workbooks.opened(xlsx_of(tmp_path, [row])).worksheets
    assert [cell.data_type for cell in sheet[2]][4:8] == ["n", "n", "b", "d"]
    assert sheet["H2"].number_format == "yyyy-mm-dd"


def test_what_does_not_fit_a_sheet_goes_on_in_another(tmp_path: Path) -> None:
    for count, sizes in ((0, [1]), (3, [4]), (4, [4, 2]), (6, [4, 4]), (7, [4, 4, 2])):
        rows = [EMPTY | {"id": str(n)} for n in range(count)]
        content = xlsx_of(tmp_path, rows, sheet_rows=4)
        sheets = workbooks.opened(content).worksheets
        assert [sheet.max_row for sheet in sheets] == sizes
        assert [sheet.title for sheet in sheets] == ["rows", "rows 2", "rows 3"][: len(sizes)]
        assert {sheet["A1"].value for sheet in sheets} == {"id"}
        assert list(workbooks.rows(COLUMNS, content)) == rows


@pytest.mark.parametrize("letter", ["x", "👩", "="])
def test_a_value_longer_than_a_cell_is_refused_and_not_cut_off(tmp_path: Path, letter: str) -> None:
    fitting = letter * (CELL_UNITS // (len(letter.encode("utf-16-le")) // 2))
    row = EMPTY | {"id": "1", "text": fitting}
    assert list(workbooks.rows(COLUMNS, xlsx_of(tmp_path, [row]))) == [row]
    for field, value in (("text", fitting + letter), ("parts", [fitting])):
        with pytest.raises(TooLongForCell) as refused:
            xlsx_of(tmp_path, [row | {field: value}])
        assert (refused.value.column.name, refused.value.row["id"]) == (field, "1")


def test_nothing_but_the_workbook_is_left_in_the_folder(tmp_path: Path) -> None:
    xlsx_of(tmp_path, [EMPTY | {"id": "1"}])
    assert [path.name for path in tmp_path.iterdir()] == ["export.xlsx"]
