"""Exports: what the lists show, all of it, as it was at one moment, however much it is and whatever goes wrong."""

import contextlib
import gzip
import http.client
import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from api.crud import LISTED
from api.documents.tables import BOM, CELL_UNITS, read_csv
from schemas.exports import Extension, columns
from tests import factories, parquets, workbooks
from tests.examples import STEMS, Bench
from tests.followers import Follower
from tests.stock import Stock

MEGABYTE = 1_000_000
# Ids after all that the factories make, in order.
LATE = "ffffffff-0000-7000-8000-"
Row = dict[str, Any]


def path(stem: str, extension: str = "ndjson") -> str:
    return f"/api/v1/exports/{stem.replace('_', '-')}.{extension}"


def get(bench: Bench, stem: str, extension: str = "ndjson", **query: Any) -> TestResponse:
    """As whoever writes the resource."""
    by = query.pop("by", None) or bench.writer(stem)
    return bench.client.get(path(stem, extension), headers=by, query_string=query)


def ok(response: TestResponse) -> bytes:
    assert response.status_code == 200, response.text
    return response.get_data()


def lines(content: bytes) -> list[Row]:
    assert not content or content.endswith(b"\n")
    return [json.loads(line) for line in content.splitlines()]


def listed(bench: Bench, stem: str, by: dict[str, str], **query: Any) -> list[Row]:
    """What the pages of the list show."""
    found: list[Row] = []
    cursor: dict[str, str] = {}
    while True:
        asked = {"limit": 2, **query, **cursor}
        page = bench.open(stem, by=by, query_string=asked).get_json()
        found += page["items"]
        if page["next"] is None:
            return found
        cursor = {"cursor": page["next"]}


@pytest.fixture
def crowd(stock: Stock, bench: Bench) -> Callable[..., None]:
    """Makes many results of the first provider's at once; their ids come after all others and are in order."""

    def crowd(count: int, text: str = "Verkosto kokoontui. ", first: int = 1) -> None:
        known = (
            "provider_id, sub_project_id, goal_id, period_id, kind, progress, position, version, "
            "created_at, updated_at"
        )
        number = "substr(CAST(1000000000000 + n AS text), 2)"
        stock.run(
            f"""
            INSERT INTO results (id, text, {known})
            WITH RECURSIVE numbers(n) AS (
                SELECT {first} UNION ALL SELECT n + 1 FROM numbers WHERE n < {first + count - 1}
            )
            SELECT CAST('{LATE}' || {number} AS {"char" if stock.quoted == "quote({})" else "uuid"}),
                '{text}' || n, {known}
            FROM numbers CROSS JOIN results WHERE id = '{bench.world.a.ids["results"]}'
            """
        )

    return crowd


# what they hold


@pytest.mark.parametrize("stem", [*STEMS, "imports"])
def test_an_export_holds_what_the_pages_of_the_list_hold(bench: Bench, stem: str) -> None:
    if stem == "imports":
        for _ in range(3):
            factories.imported(bench.app, bench.world.a)
    else:
        for _ in range(4):
            bench.created(stem)
    assert len(listed(bench, stem, bench.writer(stem))) >= 3
    for by in (bench.manager, bench.ministry, bench.writer(stem)):
        if get(bench, stem, by=by).status_code == 403:
            continue
        rows = listed(bench, stem, by)
        if stem == "webhooks" and not rows:
            continue  # the ministry has none of its own here, and sees no provider's
        assert rows
        names = {"fields": ",".join(rows[0])}  # of a report, without its form
        assert lines(ok(get(bench, stem, by=by, **names))) == rows
        assert json.loads(ok(get(bench, stem, "json", by=by, **names))) == {
            "items": rows,
            "next": None,
        }
        table = columns(LISTED[stem].model.schema)
        text = ok(get(bench, stem, "csv", by=by)).decode("utf-8-sig")
        assert list(read_csv(table, StringIO(text, newline=""))) == rows
        assert list(workbooks.rows(table, ok(get(bench, stem, "xlsx", by=by)))) == rows
        assert list(parquets.rows(table, ok(get(bench, stem, "parquet", by=by)))) == rows


def test_every_resource_that_has_a_list_has_an_export(bench: Bench) -> None:
    assert {*STEMS, "imports", "jobs", "comments"} == LISTED.keys()


def test_an_export_takes_the_filters_of_the_list(bench: Bench) -> None:
    goal, _ = bench.created("goals")
    bench.created("results", goal_id=goal, kind="activity", text="Äänestys")
    bench.created("results", goal_id=goal, progress="planned")
    bench.created("results")
    since = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    last, _ = bench.created("results", text="Viimeinen")
    seen = set()
    for query in (
        {"goal_id": goal},
        {"kind": "activity", "goal_id": goal},
        {"progress": "planned"},
        {"q": "ÄÄNEST"},
        {"updated_since": since},
        {"period": "2012-spring", "project_id": str(bench.world.plan["projects"])},
        {"period": "2012-autumn"},
        {"provider_id": str(bench.world.b.provider_id)},
    ):
        for by in (bench.manager, bench.ministry):
            rows = listed(bench, "results", by, sort="created_at", **query)
            assert lines(ok(get(bench, "results", by=by, **query))) == rows
            seen.add(len(rows))
    assert {0, 1, 2} <= seen
    assert [r["id"] for r in lines(ok(get(bench, "results", updated_since=since)))] == [last]


def test_an_export_shows_the_fields_that_are_asked_for(bench: Bench) -> None:
    key = str(bench.world.a.ids["goals"])
    thin = [{"id": key, "text": "canary-a goal"}]
    asked = {"fields": "text"}
    assert lines(ok(get(bench, "goals", **asked))) == thin
    answer = get(bench, "goals", "json", **asked)
    assert answer.mimetype == "application/vnd.lamppu.sparse+json"
    assert answer.get_json()["items"] == thin
    assert (
        ok(get(bench, "goals", "csv", **asked))
        == BOM + f"id,text\r\n{key},canary-a goal\r\n".encode()
    )
    (sheet,) = workbooks.opened(ok(get(bench, "goals", "xlsx", **asked))).worksheets
    assert [[cell.value for cell in line] for line in sheet] == [
        ["id", "text"],
        [key, "canary-a goal"],
    ]


def test_an_export_goes_on_after_the_row_that_came_last(bench: Bench) -> None:
    for _ in range(3):
        bench.created("contacts")
    rows = lines(ok(get(bench, "contacts")))
    for place, row in enumerate(rows):
        for extension in ("ndjson", "json"):
            content = ok(get(bench, "contacts", extension, after=row["id"]))
            found = lines(content) if extension == "ndjson" else json.loads(content)["items"]
            assert found == rows[place + 1 :]
    last = rows[-1]["id"]
    assert ok(get(bench, "contacts", "csv", after=last, fields="id")) == BOM + b"id\r\n"
    assert ok(get(bench, "contacts", "ndjson", after=last)) == b""
    assert json.loads(ok(get(bench, "contacts", "json", after=last))) == {"items": [], "next": None}


def test_who_goes_on_with_the_log_after_an_export_has_missed_nothing(bench: Bench) -> None:
    for by in (bench.manager, bench.ministry):
        exported = bench.client.get(path("goals"), headers=by)
        position = exported.headers["Changes-After"]
        rows = {row["id"]: row for row in lines(ok(exported))}
        key, etag = bench.created("goals")
        changed = bench.world.a.ids["goals"]
        now = bench.open("goals", changed).headers["ETag"]
        text = {"text": f"Toisin {key}"}
        assert bench.change("goals", changed, now, json=text).status_code == 200
        assert bench.change("goals", key, etag, "DELETE").status_code == 204
        follower = Follower(bench.client, by)
        follower.position = position
        follower.rows = {("goals", name): row for name, row in rows.items()}
        assert follower.sight(["goals"]) != follower.rows
        follower.read()
        assert follower.of(["goals"]) == follower.sight(["goals"])


def test_csv_has_no_byte_order_mark_for_who_wants_none(bench: Bench) -> None:
    marked, bare = (ok(get(bench, "goals", "csv", bom=bom)) for bom in ("true", "false"))
    assert marked == BOM + bare
    assert bare.startswith(b"id,")


def test_a_formula_among_the_texts_is_none_in_a_table(bench: Bench) -> None:
    text = '=HYPERLINK("https://evil.example")'
    key, _ = bench.created("contacts", name=text)
    content = ok(get(bench, "contacts", "csv", fields="name"))
    assert f'{key},"\'=HYPERLINK(""https://evil.example"")"\r\n'.encode() in content
    (sheet,) = workbooks.opened(ok(get(bench, "contacts", "xlsx", fields="name"))).worksheets
    (cell,) = (cell for cell in sheet["B"] if cell.value == text)
    assert cell.data_type != "f"


# reports


def test_reports_are_whole_as_each_is_by_itself(bench: Bench) -> None:
    for _ in range(2):
        bench.created("reports")
    for by in (bench.manager, bench.ministry):
        keys = [row["id"] for row in listed(bench, "reports", by)]
        whole = [bench.open("reports", key, by=by).get_json() for key in keys]
        assert all(report["form"]["goals"] for report in whole)
        assert lines(ok(get(bench, "reports", by=by))) == whole
        assert json.loads(ok(get(bench, "reports", "json", by=by)))["items"] == whole
        assert lines(ok(get(bench, "reports", by=by, after=keys[0]))) == whole[1:]
        thin = [{"id": report["id"], "form": report["form"]} for report in whole]
        assert lines(ok(get(bench, "reports", by=by, fields="form"))) == thin


def test_more_reports_than_are_read_at_a_time_all_come(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.services.exports.REPORTS_AT_ONCE", 2)
    for _ in range(4):
        bench.created("reports")
    keys = [row["id"] for row in listed(bench, "reports", bench.ministry)]
    assert len(keys) > 6
    assert [report["id"] for report in lines(ok(get(bench, "reports", by=bench.ministry)))] == keys


def test_a_table_of_reports_has_no_form(bench: Bench) -> None:
    assert b"form" not in ok(get(bench, "reports", "csv")).splitlines()[0].split(b",")
    problem = get(bench, "reports", "csv", fields="id,form").get_json()
    assert [(e["parameter"], e["code"]) for e in problem["errors"]] == [("fields", "not_for_form")]


# what is refused, before anything is sent


@pytest.mark.parametrize(
    ("query", "parameter", "code"),
    [
        *(({name: "1"}, name, "unknown_field") for name in ("limit", "cursor", "sort", "expand")),
        ({"count": "true"}, "count", "unknown_field"),
        ({"after": "1"}, "after", "wrong_format"),
        ({"fields": "id,nothing"}, "fields", "unknown_name"),
        ({"bom": "true"}, "bom", "not_for_form"),
    ],
)
def test_what_is_wrong_is_told_as_a_problem(
    bench: Bench, query: dict[str, str], parameter: str, code: str
) -> None:
    answer = get(bench, "goals", "ndjson", **query)
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
    assert [(e["parameter"], e["code"]) for e in answer.get_json()["errors"]] == [(parameter, code)]


def test_what_there_is_none_of_is_not_found(bench: Bench) -> None:
    for stem, extension in (("goals", "xml"), ("nothing", "csv"), ("auth", "ndjson")):
        assert get(bench, stem, extension, by=bench.manager).status_code == 404


def test_a_value_longer_than_a_cell_is_told_by_its_row_and_field(bench: Bench) -> None:
    text = "x" * 9_000
    assert len(text) * 4 > CELL_UNITS
    stages = [{"stage": "handed_over", "note": "x" * 490}] * 80
    key, _ = bench.created("deliverables", stages=stages, description=text)
    problem = get(bench, "deliverables", "xlsx").get_json()
    (fault,) = problem["errors"]
    assert (problem["status"], fault["code"]) == (422, "too_long_for_cell")
    assert f"stages of {key}" in fault["detail"]
    ok(get(bench, "deliverables", "csv"))
    ok(get(bench, "deliverables", "xlsx", fields="title"))


def test_a_database_that_fails_at_once_is_a_problem(
    bench: Bench, stock: Stock, engine: str
) -> None:
    breaks, mends = {
        "sqlite": ("UPDATE contacts SET name = x'00'", "UPDATE contacts SET name = 'x'"),
        "postgresql": (
            "REVOKE SELECT ON contacts FROM lamppu_ministry",
            "GRANT SELECT ON contacts TO lamppu_ministry",
        ),
    }[engine]
    stock.run(breaks)
    try:
        for extension in Extension:
            answer = get(bench, "contacts", extension, by=bench.ministry)
            assert answer.mimetype == "application/problem+json"
            assert answer.status_code == (503 if engine == "sqlite" else 500)
    finally:
        stock.run(mends)
    assert held(bench.app) == 0


def test_an_export_is_no_operation_of_a_batch(bench: Bench) -> None:
    operations = [{"id": "x", "method": "GET", "path": "/exports/goals.ndjson"}]
    answer = bench.client.post(
        "/api/v1/batch", json={"operations": operations}, headers=bench.manager
    )
    assert [e["code"] for e in answer.get_json()["errors"]] == ["not_in_batch"]


# headers


@pytest.mark.parametrize(
    ("extension", "media"),
    [
        ("ndjson", "application/x-ndjson"),
        ("json", "application/json"),
        ("csv", "text/csv; charset=utf-8"),
        ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("parquet", "application/vnd.apache.parquet"),
    ],
)
def test_an_export_is_a_file_of_its_type_and_name(bench: Bench, extension: str, media: str) -> None:
    answer = get(bench, "project_goals", extension)
    assert answer.headers["Content-Type"] == media
    name = f'attachment; filename="project-goals.{extension}"'
    assert answer.headers["Content-Disposition"] == name
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert "Authorization" in answer.vary
    assert "ETag" not in answer.headers
    head = bench.client.head(path("project_goals", extension), headers=bench.ministry)
    assert (head.data, head.headers["Content-Type"]) == (b"", media)
    again = bench.client.get(
        path("project_goals", extension), headers=bench.ministry | {"If-None-Match": "*"}
    )
    assert again.status_code == 200


def test_an_export_is_compressed_as_it_goes(bench: Bench, crowd: Callable[..., None]) -> None:
    crowd(500)
    plain = ok(get(bench, "results"))
    asked = bench.writer("results") | {"Accept-Encoding": "gzip"}
    for extension in ("ndjson", "json", "csv"):
        squeezed = get(bench, "results", extension, by=asked)
        assert squeezed.headers["Content-Encoding"] == "gzip"
        assert squeezed.content_length is None
        assert gzip.decompress(ok(squeezed)) == ok(get(bench, "results", extension))
        assert len(squeezed.data) < len(plain) / 3
    assert "Content-Encoding" not in get(bench, "results", "xlsx", by=asked).headers


def test_over_http_1_0_nothing_is_sent_before_its_length(bench: Bench) -> None:
    """There a transfer that broke off would look like a whole one."""
    for extension in Extension:
        answer = bench.client.get(
            path("goals", extension),
            headers=bench.manager,
            environ_overrides={"SERVER_PROTOCOL": "HTTP/1.0"},
        )
        assert answer.content_length == len(ok(answer)) > 0
        if extension is not Extension.XLSX:  # which tells when it was made
            assert answer.data == ok(get(bench, "goals", extension))


# streams


class Stream:
    """An answer that is read chunk by chunk, as a server would."""

    def __init__(self, app: Flask, stem: str, extension: str, by: dict[str, str], **query: Any):
        client = FlaskClient(app, TestResponse)
        answer = client.get(path(stem, extension), headers=by, query_string=query, buffered=False)
        assert answer.status_code == 200
        self.answer = answer
        self.chunks: Iterator[bytes] = iter(answer.response)

    def __enter__(self) -> "Stream":
        return self

    def __exit__(self, *_: object) -> None:
        self.answer.close()


def held(app: Flask) -> int:
    """How many connections are not in the pool."""
    pool: Any = app.extensions["database"].engine.pool
    return int(pool.checkedout())


@pytest.mark.parametrize("extension", ["ndjson", "json", "csv"])
@pytest.mark.parametrize("role", ["manager", "ministry"])
def test_an_export_shows_one_moment_whatever_is_written_meanwhile(
    bench: Bench, crowd: Callable[..., None], stock: Stock, role: str, extension: str
) -> None:
    crowd(2_000)
    by = getattr(bench, role)
    before = ok(get(bench, "results", extension, by=by))
    with Stream(bench.app, "results", extension, by) as stream:
        begun = next(stream.chunks)
        assert len(begun) < 5_000  # the first row goes out at once
        bench.created("results")
        stock.run("UPDATE results SET text = 'other', version = version + 1")
        assert begun + b"".join(stream.chunks) == before
    assert ok(get(bench, "results", extension, by=by)) != before


def test_reports_are_compiled_from_one_moment_too(bench: Bench, stock: Stock) -> None:
    for _ in range(3):
        bench.created("reports")
    for by in (bench.manager, bench.ministry):
        before = ok(get(bench, "reports", by=by))
        with Stream(bench.app, "reports", "ndjson", by) as stream:
            begun = next(stream.chunks)
            stock.run("UPDATE results SET text = text || '!'; UPDATE reports SET title = 'other'")
            assert begun + b"".join(stream.chunks) == before


@pytest.mark.parametrize("extension", list(Extension))
@pytest.mark.parametrize("role", ["manager", "ministry"])
def test_the_connection_is_given_back_when_the_client_goes_away(
    bench: Bench, crowd: Callable[..., None], role: str, extension: str
) -> None:
    crowd(300 if extension == "xlsx" else 2_000)
    for stem in ("results", "reports"):
        for taken in (0, 1, 2):
            with Stream(bench.app, stem, extension, getattr(bench, role)) as stream:
                for _ in range(taken):
                    next(stream.chunks, b"")
            assert held(bench.app) == 0
        ok(get(bench, stem, extension))
        assert held(bench.app) == 0


def test_the_database_stops_reading_when_the_client_goes_away(
    bench: Bench, crowd: Callable[..., None], stock: Stock, engine: str
) -> None:
    crowd(3_000, "x" * 9_000)
    with Stream(bench.app, "results", "ndjson", bench.ministry) as stream:
        next(stream.chunks)
        assert reading(stock, engine)
    assert not reading(stock, engine)


def reading(stock: Stock, engine: str) -> bool:
    """Whether somebody still reads the database."""
    if engine == "sqlite":
        stock.run("UPDATE results SET position = 2")
        # What was written since can't go from the log to the database while anybody reads what was before it.
        asked = "PRAGMA wal_checkpoint(PASSIVE)"
        ((_, written, put_back),) = stock.connection.execute(asked).fetchall()
        return written != put_back
    asked = "SELECT 1 FROM pg_stat_activity WHERE state <> 'idle' AND query LIKE 'COPY%'"
    return stock.connection.execute(asked).fetchone() is not None


def resident() -> int:
    """Bytes of this process."""
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * 4096


@pytest.mark.parametrize("extension", list(Extension))
def test_the_memory_that_an_export_takes_does_not_grow_with_its_rows(
    bench: Bench, crowd: Callable[..., None], extension: str
) -> None:
    """40 MB of texts pass through; a tenth of them before, so that what is needed once is there."""

    def most() -> int:
        with Stream(bench.app, "results", extension, bench.ministry, fields="id,text") as stream:
            return max(resident() for _ in stream.chunks)

    crowd(1_000, "x" * 4_000)
    few = most()
    crowd(9_000, "x" * 4_000, 1_001)
    assert most() - few < 15 * MEGABYTE


# what breaks off


@contextlib.contextmanager
def opened(url: str, by: dict[str, str]) -> Iterator[http.client.HTTPResponse]:
    """An export of results from a real server, of which only the head was read."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    connection.request("GET", path("results"), headers=by)
    with contextlib.closing(connection), connection.getresponse() as answer:
        assert (answer.status, answer.getheader("Transfer-Encoding")) == (200, "chunked")
        yield answer


def test_an_export_that_fails_on_the_way_does_not_look_whole(
    bench: Bench, crowd: Callable[..., None], stock: Stock, engine: str, gunicorn: str
) -> None:
    crowd(4_000, "x" * 9_000)
    if engine == "sqlite":
        stock.run(f"UPDATE results SET text = x'00' WHERE id = '{LATE}000000003000'")
    with opened(gunicorn, bench.ministry) as answer:
        begun = answer.read(100_000)
        if engine == "postgresql":
            stock.run(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'COPY%'"
            )
        with pytest.raises(http.client.IncompleteRead) as broken:
            answer.read()
    came = (begun + broken.value.partial).splitlines(keepends=True)
    whole = [line for line in came if line.endswith(b"\n")]
    assert 0 < len(whole) < 4_000
    if engine == "sqlite":
        stock.run(f"UPDATE results SET text = 'mended' WHERE id = '{LATE}000000003000'")
    rest = ok(get(bench, "results", by=bench.ministry, after=json.loads(whole[-1])["id"]))
    assert len(whole) + len(lines(rest)) == 4_003


def test_a_server_stops_reading_for_a_client_that_has_gone_away(
    bench: Bench, crowd: Callable[..., None], stock: Stock, engine: str, gunicorn: str
) -> None:
    crowd(4_000, "x" * 9_000)
    with opened(gunicorn, bench.ministry) as answer:
        answer.readline()
        assert reading(stock, engine)
    deadline = time.monotonic() + 20
    while reading(stock, engine):
        assert time.monotonic() < deadline
        time.sleep(0.05)
