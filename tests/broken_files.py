"""Files that people and programs send as tables and that are none, or hold what can't be taken: what is wrong with
each, and where.

Each is of contacts: `external_id`, `name`, … A fault is its code, and the row and column where it has them.
"""

import gzip
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import openpyxl
from openpyxl.styles import numbers

from api.bodies import zstd

CSV, NDJSON, JSON = "text/csv", "application/x-ndjson", "application/json"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
HEAD = "external_id,name,phone"
WHOLE = f"{HEAD}\r\nc1,Aino,1\r\n"

Place = tuple[str, int | None, str | None]


@dataclass(frozen=True)
class Broken:
    """:param told: the faults: code, row and column; of a status without faults none"""

    name: str
    media: str
    body: bytes
    told: list[Place] = field(default_factory=list)
    status: int = 422
    stem: str = "contacts"
    headers: dict[str, str] = field(default_factory=dict)


def csv(name: str, body: str | bytes, *told: Place, **more: Any) -> Broken:
    return Broken(name, CSV, body if isinstance(body, bytes) else body.encode(), [*told], **more)


def lines(name: str, body: str | bytes, *told: Place, **more: Any) -> Broken:
    return Broken(name, NDJSON, body if isinstance(body, bytes) else body.encode(), [*told], **more)


def xlsx(name: str, body: bytes, *told: Place, **more: Any) -> Broken:
    return Broken(name, XLSX, body, [*told], **more)


def none(row: int | None = 1) -> Place:
    return "not_a_table", row, None


def book(*rows: Iterable[Any], shaped: Callable[[Any], None] = lambda sheet: None) -> bytes:
    """A workbook with these rows, as a person's program writes one."""
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(list(row))
    shaped(made.active)
    file = io.BytesIO()
    made.save(file)
    return file.getvalue()


def changed(body: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    """The workbook with one of its parts changed; a part that is not there comes about."""
    file = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(body)) as old,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for one in {*old.namelist(), part}:
            before = old.read(one) if one in old.namelist() else b""
            new.writestr(one, change(before) if one == part else before)
    return file.getvalue()


def without(body: bytes, part: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(body)) as old, zipfile.ZipFile(file, "w") as new:
        for one in old.namelist():
            if one != part:
                new.writestr(one, old.read(one))
    return file.getvalue()


HEADS = HEAD.split(",")
GOOD = ["c1", "Aino", "1"]
MEETING = ["k1", "canary-a-sub_projects", "kick_off"]
SHEET, STYLES = "xl/worksheets/sheet1.xml", "xl/styles.xml"
BOOK = book(HEADS, GOOD)


def sheet_of(rows: bytes) -> Callable[[bytes], bytes]:
    """The sheet with these rows in XML in place of its own."""
    return lambda old: re.sub(
        rb"<sheetData>.*</sheetData>", b"<sheetData>" + rows + b"</sheetData>", old
    )


def inline(*cells: str) -> bytes:
    return b"".join(b'<c t="inlineStr"><is><t>%s</t></is></c>' % cell.encode() for cell in cells)


TOP = b'<row r="1">' + inline(*HEADS) + b"</row>"


def _formula(sheet: Any) -> None:
    sheet["B2"] = '="Ai"&"no"'


def _array(sheet: Any) -> None:
    sheet["C2"] = openpyxl.worksheet.formula.ArrayFormula("C2", "=SUM(1)")


def _merged(sheet: Any) -> None:
    sheet.append(["c2", "Bertta"])
    sheet.merge_cells("C2:C3")


def _heading(sheet: Any) -> None:
    sheet.insert_rows(1)
    sheet["A1"] = "Yhteyshenkilöt"
    sheet.merge_cells("A1:C1")


def _error(sheet: Any) -> None:
    sheet["B2"] = "#N/A"


def _as_day(sheet: Any) -> None:
    sheet["A2"] = date(2026, 2, 1)


def _far_day(sheet: Any) -> None:
    sheet["D2"] = 99_999_999
    sheet["D2"].number_format = numbers.FORMAT_DATE_YYYYMMDD2


def _many_sheets(sheet: Any) -> None:
    for _ in range(100):
        sheet.parent.create_sheet()


def _other_sheet(sheet: Any) -> None:
    sheet.title = "contacts"
    sheet.parent.create_sheet("contacts 2").append(HEADS)


# what tables are written in

TEXTS = [
    csv("nothing at all", "", none()),
    csv("blanks only", "  \r\n , , \r\n", none()),
    csv("a byte order mark alone", b"\xef\xbb\xbf", none()),
    csv("UTF-16 with its mark", WHOLE.encode("utf-16"), ("not_utf8", 1, None)),
    csv("UTF-16, big end first", b"\xfe\xff" + WHOLE.encode("utf-16-be"), ("not_utf8", 1, None)),
    csv(
        "UTF-16 without a mark",
        WHOLE.encode("utf-16-le"),
        ("not_utf8", 1, None),
    ),
    csv(
        "neither UTF-8 nor Windows-1252",
        f"{HEAD}\nc1,A\n".encode() + b"c2,\x81\xff\n",
        ("not_utf8", 3, None),
    ),
    csv("NUL in a text", f"{HEAD}\nc1,Ai\0no,\n", ("forbidden_character", 2, "name")),
    csv("a control character", f"{HEAD}\nc1,Ai\x07no,\n", ("forbidden_character", 2, "name")),
    csv(
        "a name not in normal form",
        f"{HEAD}\nc\u0061\u0308,Aino,\n",
        ("not_normalised", 2, "external_id"),
    ),
    csv("a text that is too long", f"{HEAD}\nc1,{'a' * 1000},\n", ("too_long", 2, "name")),
    csv(
        "a line without an end",
        HEAD.encode() + b"\nc1," + b"a" * 1_000_000,
        ("wrong_width", 2, None),
    ),
]

# how tables are built

SHAPES = [
    csv("a quote that is not closed", f'{HEAD}\nc1,"Aino,1\nc2,B,2\n', none(2)),
    csv("a quote that is closed halfway", f'{HEAD}\nc1,"Ai"no,1\nc2,B,2\n', none(2)),
    csv("a quote that is not closed in the head", 'external_id,"name\nc1,Aino\n', none()),
    csv("half a file", f"{HEAD}\nc1,Aino,1\nc2,Ber", ("wrong_width", 3, None)),
    csv("a row too narrow", f"{HEAD}\nc1,Aino\n", ("wrong_width", 2, None)),
    csv("a row too wide", f"{HEAD}\nc1,Aino,1,2\n", ("wrong_width", 2, None)),
    csv(
        "a comma in a name, without quotes", f"{HEAD}\nc1,Malli, Aino,1\n", ("wrong_width", 2, None)
    ),
    csv("another delimiter below the head", f"{HEAD}\nc1;Aino;1\n", ("wrong_width", 2, None)),
    csv(
        "a delimiter that is none",
        "external_id|name\nc1|Aino\n",
        ("unknown_field", 1, "external_id|name"),
    ),
    csv("no head", "c1,Aino,1\n", *[("unknown_field", 1, name) for name in GOOD]),
    csv(
        "a title above the head",
        f"Yhteyshenkilöt,,\n{HEAD}\n",
        ("unknown_field", 1, "Yhteyshenkilöt"),
    ),
    csv("a column of nothing", "external_id,name,väri\nc1,A,B\n", ("unknown_field", 1, "väri")),
    csv("a column without a head", "external_id,,name\nc1,A,B\n", ("unknown_field", 1, "B")),
    csv("a column twice", "external_id,name,NAME\nc1,A,B\n", ("repeated", 1, "NAME")),
    csv(
        "16,384 columns",
        ",".join(f"x{n}" for n in range(16_384)) + "\n",
        ("too_many_fields", 1, None),
    ),
    csv("a name that comes twice", f"{HEAD}\nc1,A,\nc1,B,\n", ("repeated", 3, "external_id")),
    csv("no name of a row", f"{HEAD}\n,Aino,1\n", ("required", 2, "external_id")),
    csv("no column with names of rows", "name\nAino\n", ("required", 2, "external_id")),
    csv("what has to be there is not", "external_id,phone\nc1,1\n", ("required", 2, "name")),
    csv("an id that is none", f"id,{HEAD}\n17,c1,Aino,\n", ("wrong_format", 2, "id")),
    csv("a workbook that says it is a table", BOOK, none()),
    csv("JSON that says it is a table", '{"items": []}', ("unknown_field", 1, '{"items": []}')),
    csv(
        "a web page",
        "<!doctype html>\n<p>Kirjaudu sisään\n",
        ("unknown_field", 1, "<!doctype html>"),
    ),
    csv("a picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 20, ("unknown_field", 1, "‰PNG")),
]

# what stands in tables of other resources

VALUES = [
    csv(
        "a day that is none",
        "external_id,sub_project,kind,date\nk1,canary-a-sub_projects,kick_off,30.2.2012\n",
        ("wrong_format", 2, "date"),
        stem="meetings",
    ),
    csv(
        "a day as Americans write it",
        "external_id,sub_project,kind,date\nk1,canary-a-sub_projects,kick_off,1/16/2012\n",
        ("wrong_format", 2, "date"),
        stem="meetings",
    ),
    csv(
        "a day as a number",
        "external_id,sub_project,kind,date\nk1,canary-a-sub_projects,kick_off,40924\n",
        ("wrong_format", 2, "date"),
        stem="meetings",
    ),
    csv(
        "a year before there were any",
        "external_id,sub_project,kind,date\nk1,canary-a-sub_projects,kick_off,1.1.1412\n",
        ("out_of_range", 2, "date"),
        stem="meetings",
    ),
    csv(
        "a truth value that is none",
        "external_id,sub_project,kind,date,open_to_all\nk1,canary-a-sub_projects,kick_off,1.1.2012,ehkä\n",
        ("wrong_type", 2, "open_to_all"),
        stem="meetings",
    ),
    csv(
        "numbers that are none, or too large",
        "external_id,goal,name,target,position\n"
        "i1,canary-a-goals,A,1.234.567,1\ni2,canary-a-goals,B,1e9,1\n"
        f"i3,canary-a-goals,C,{'9' * 15},1\ni4,canary-a-goals,D,1,1.5\n",
        ("wrong_type", 2, "target"),
        ("wrong_type", 3, "target"),
        ("out_of_range", 4, "target"),
        ("wrong_type", 5, "position"),
        stem="indicators",
    ),
    csv(
        "a list that is no JSON",
        "external_id,sub_project,kind,date,participants\nk1,canary-a-sub_projects,kick_off,1.1.2012,[Aino]\n",
        ("wrong_type", 2, "participants"),
        stem="meetings",
    ),
    csv(
        "a list with a name twice in an object",
        "external_id;sub_project;kind;date;participants\n"
        'k1;canary-a-sub_projects;kick_off;1.1.2012;"[{""name"":1,""name"":2}]"\n',
        ("wrong_type", 2, "participants"),
        stem="meetings",
    ),
]

# NDJSON and JSON

OBJECTS = [
    lines("a line that is no JSON", '{"external_id": "c1"\n', ("invalid_json", 1, None)),
    lines(
        "a line that is no object",
        '{"external_id":"c1","name":"A"}\n[1]\n',
        ("wrong_type", 2, None),
    ),
    lines(
        "half of lines",
        '{"external_id":"c1","name":"A"}\n{"external_id":"c2","na',
        ("invalid_json", 2, None),
    ),
    lines(
        "a name twice in a line",
        '{"external_id":"c1","name":"A","name":"B"}',
        ("repeated", 1, None),
    ),
    lines("a line too deep", "[" * 100_000, ("invalid_json", 1, None)),
    lines(
        "a number without an end", '{"external_id":' + "9" * 5_000 + "}", ("invalid_json", 1, None)
    ),
    lines(
        "half a surrogate pair", '{"external_id":"c1","name":"\\ud800"}', ("invalid_json", 1, None)
    ),
    lines("a line not in UTF-8", b'{"external_id":"c1","name":"\xe4"}', ("invalid_json", 1, None)),
    lines(
        "a line too wide",
        json.dumps({f"x{n}": 1 for n in range(1_000)}),
        ("too_many_fields", 1, None),
    ),
    lines(
        "a field of nothing",
        '{"external_id":"c1","name":"A","color":1}',
        ("unknown_field", 1, None),
    ),
    lines(
        "a page that says it is lines",
        '{"items":\n[]}',
        *[("invalid_json", n, None) for n in (1, 2)],
    ),
    Broken("lines that say they are a page", JSON, b'{"external_id":"c1"}\n{}', status=400),
    Broken("half a page", JSON, b'{"items":[{"external_id":"c1"', status=400),
    Broken("a page without rows", JSON, b'{"rows":[]}', [("required", None, None)]),
    Broken("a page of a list", JSON, b"[]", [("required", None, None)]),
    Broken(
        "a page with more rows than it may",
        JSON,
        b'{"items":[' + b"{}," * 10_000 + b"{}]}",
        [("too_many_rows", None, None)],
    ),
]

# workbooks

WORKBOOKS = [
    xlsx("an empty workbook", book(), none()),
    xlsx("a table that says it is a workbook", WHOLE.encode(), none(None)),
    xlsx("nothing that says it is a workbook", b"", none(None)),
    xlsx("an archive that is no workbook", without(BOOK, "xl/workbook.xml"), none(None)),
    xlsx("a workbook without its sheet", without(BOOK, SHEET), none(None)),
    xlsx("half a workbook", BOOK[: len(BOOK) // 2], none(None)),
    xlsx(
        "a workbook with a password, or an old one",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600,
        none(None),
    ),
    xlsx("a sheet that is no XML", changed(BOOK, SHEET, lambda old: old[:200]), none(None)),
    xlsx("a formula", book(HEADS, GOOD, shaped=_formula), ("formula", 2, "name")),
    xlsx("a formula of many cells", book(HEADS, GOOD, shaped=_array), ("formula", 2, "phone")),
    xlsx(
        "an error in place of a value", book(HEADS, GOOD, shaped=_error), ("error_value", 2, "name")
    ),
    xlsx("merged cells", book(HEADS, GOOD, shaped=_merged), ("merged_cells", 2, "C")),
    xlsx(
        "a heading over all columns",
        book(HEADS, GOOD, shaped=_heading),
        ("unknown_field", 1, "Yhteyshenkilöt"),
    ),
    xlsx(
        "a name that became a day",
        book(HEADS, GOOD, shaped=_as_day),
        ("required", 2, "external_id"),
    ),
    xlsx(
        "a day far ahead",
        book(["external_id", "sub_project", "kind", "date"], MEETING, shaped=_far_day),
        ("wrong_format", 2, "date"),
        stem="meetings",
    ),
    xlsx(
        "days as numbers",
        book(
            ["external_id", "sub_project", "kind", "date"],
            [*MEETING, 40924],
        ),
        ("wrong_format", 2, "date"),
        stem="meetings",
    ),
    xlsx(
        "a day with a time",
        book(
            ["external_id", "sub_project", "kind", "date"],
            [*MEETING, datetime(2012, 1, 16, 9, 30)],
        ),
        ("wrong_format", 2, "date"),
        stem="meetings",
    ),
    xlsx("a truth value for a text", book(HEADS, ["c1", True, "1"]), ("wrong_type", 2, "name")),
    xlsx("a row too wide for its head", book(HEADS, [*GOOD, "2"]), ("wrong_width", 2, None)),
    xlsx(
        "a name twice, after empty rows",
        book(HEADS, GOOD, [], [], GOOD),
        ("repeated", 5, "external_id"),
    ),
    xlsx(
        "16,384 columns of a sheet",
        book([f"x{n}" for n in range(16_384)]),
        ("too_many_fields", 1, None),
    ),
    xlsx("rows that go on in another sheet", book(HEADS, GOOD, shaped=_other_sheet), none(None)),
    xlsx(
        "a column that no sheet has",
        changed(BOOK, SHEET, sheet_of(TOP + b'<row r="2"><c r="XFE2"><v>1</v></c></row>')),
        none(None),
    ),
    xlsx(
        "a row that no sheet has",
        changed(BOOK, SHEET, sheet_of(TOP + b'<row r="2000000000">' + inline("c1") + b"</row>")),
        none(None),
    ),
    xlsx(
        "rows out of order",
        changed(BOOK, SHEET, sheet_of(b'<row r="9"/>' + TOP)),
        none(None),
    ),
    xlsx(
        "a text that is not there",
        changed(BOOK, SHEET, sheet_of(TOP + b'<row r="2"><c t="s"><v>99</v></c></row>')),
        none(None),
    ),
    xlsx(
        "a number that is none",
        changed(BOOK, SHEET, sheet_of(TOP + b'<row r="2"><c><v>abc</v></c></row>')),
        none(None),
    ),
]


def _cell(kind: str, value: str) -> bytes:
    """A workbook with this for a name."""
    cell = b'<c t="%b"><v>%b</v></c>' % (kind.encode(), value.encode())
    row = b'<row r="2">%b%b</row>' % (inline("c1"), cell)
    return changed(BOOK, SHEET, sheet_of(TOP + row))


def _code(code: bytes) -> Callable[[bytes], bytes]:
    """Styles with a number's format of this code."""
    return lambda old: (
        b'<styleSheet><numFmts><numFmt numFmtId="200" formatCode="%b"/></numFmts></styleSheet>'
        % code
    )


def _packed_as(way: int) -> bytes:
    """A workbook whose parts are packed in another way, in their midst something else."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", way) as new:
        new.writestr("_rels/.rels", "a" * 3_000)
    body = bytearray(file.getvalue())
    body[45:55] = b"\xff" * 10
    return bytes(body)


WORKBOOKS += [
    xlsx("parts packed by bzip2", _packed_as(zipfile.ZIP_BZIP2), none(None)),
    xlsx("parts packed by LZMA", _packed_as(zipfile.ZIP_LZMA), none(None)),
    xlsx(
        "a sheet that comes twice",
        changed(BOOK, "xl/workbook.xml", lambda old: re.sub(rb"<sheet .*?/>", rb"\g<0>\g<0>", old)),
        none(None),
    ),
    xlsx("a hundred sheets and one", book(HEADS, GOOD, shaped=_many_sheets), none(None)),
    xlsx(
        "a cell far to the right",
        changed(
            BOOK,
            SHEET,
            sheet_of(TOP + b'<row r="2">' + inline(*GOOD) + b'<c r="XFD2"><v>1</v></c></row>'),
        ),
        ("too_many_fields", 2, None),
    ),
    *(
        xlsx(f"{number} for a number", _cell("n", number), ("error_value", 2, "name"))
        for number in ("inf", "nan", "-inf", "1e999")
    ),
    xlsx(
        "a moment with an offset",
        _cell("d", "2012-01-01T00:00:00+02:00"),
        ("wrong_type", 2, "name"),
    ),
    xlsx(
        "half a character in a column's name",
        book([*HEADS, "_xD800_"]),
        ("unknown_field", 1, "\ufffd"),
    ),
    xlsx("a name as long as no cell of Excel", _cell("str", "a" * 32_768), ("too_long", 2, "name")),
    xlsx("a format without an end", changed(BOOK, STYLES, _code(b"[" * 256)), none(None)),
]

# bombs, and what is packed in some other way

LAUGHS = (
    b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY %c "%s">' % (97 + n, b"&%c;" % (96 + n) * 10) for n in range(1, 10))
    + b"]>"
)
LOCAL = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


def _declared(before: bytes) -> Callable[[bytes], bytes]:
    """What stands between the declaration of XML and the sheet."""
    return lambda old: re.sub(
        rb"(<worksheet)", before.replace(b"\\", b"\\\\") + rb"\1", old, count=1
    )


def _packed(size: int) -> bytes:
    return gzip.compress(WHOLE.encode() + b"\r\n" * (size // 2))


def _named(old: bytes) -> bytes:
    attributes = b" ".join(map(b'a:b%d=""'.__mod__, range(2_000)))
    return b'<styleSheet xmlns:a="%b"><x %b/></styleSheet>' % (b"u" * 50_000, attributes)


MEGABYTE = 1_000_000
BOMBS = [
    xlsx("a billion laughs", changed(BOOK, SHEET, _declared(LAUGHS)), none(None)),
    xlsx("an entity that reads a file", changed(BOOK, SHEET, _declared(LOCAL)), none(None)),
    xlsx(
        "a sheet of nothing but blanks",
        changed(BOOK, SHEET, sheet_of(b" " * 20 * MEGABYTE)),
        status=413,
    ),
    xlsx(
        "styles without an end",
        changed(BOOK, STYLES, lambda old: b"<a>" + b"<xf/>" * MEGABYTE),
        status=413,
    ),
    xlsx(
        "a part that nobody reads",
        changed(BOOK, "xl/media/a.bin", lambda old: b"\0" * 20 * MEGABYTE),
        status=413,
    ),
    xlsx(
        "a tag without an end",
        changed(
            BOOK,
            SHEET,
            lambda old: b"<worksheet " + b"".join(b'a%d="" ' % n for n in range(40_000)),
        ),
        none(None),
    ),
    xlsx(
        "a text in thousands of pieces",
        changed(BOOK, SHEET, sheet_of(TOP + b'<row r="2">' + inline("a<x/>" * 4_000) + b"</row>")),
        none(None),
    ),
    xlsx(
        "more names than any part has",
        changed(
            BOOK, STYLES, lambda old: b"<a>%b</a>" % b"".join(map(b"<b%d/>".__mod__, range(2_000)))
        ),
        none(None),
    ),
    xlsx(
        "a long namespace in each of many attributes",
        changed(BOOK, STYLES, _named),
        none(None),
    ),
    xlsx("elements in elements", changed(BOOK, SHEET, lambda old: b"<a>" * 1_000), none(None)),
    xlsx(
        "a text longer than a cell",
        changed(BOOK, SHEET, sheet_of(TOP + b'<row r="2">' + inline("a" * 200_000) + b"</row>")),
        none(None),
    ),
    csv("gzip that is none", WHOLE, status=400, headers={"Content-Encoding": "gzip"}),
    csv("zstd that is none", WHOLE, status=400, headers={"Content-Encoding": "zstd"}),
    csv(
        "half of gzip",
        gzip.compress(WHOLE.encode() * 9)[:-9],
        status=400,
        headers={"Content-Encoding": "gzip"},
    ),
    csv(
        "half of zstd",
        zstd.compress(WHOLE.encode() * 9)[:-4],
        status=400,
        headers={"Content-Encoding": "zstd"},
    ),
    csv("gzip that does not say so", gzip.compress(WHOLE.encode()), ("not_utf8", 1, None)),
    csv("a gzip bomb", _packed(30 * MEGABYTE), status=413, headers={"Content-Encoding": "gzip"}),
    csv(
        "a zstd bomb",
        zstd.compress(b"\n" * 30 * MEGABYTE),
        status=413,
        headers={"Content-Encoding": "zstd"},
    ),
    csv("packed in a way that nobody knows", WHOLE, status=415, headers={"Content-Encoding": "br"}),
]


EVERY = [*TEXTS, *SHAPES, *VALUES, *OBJECTS, *WORKBOOKS, *BOMBS]
