"""Compression: where the caller takes it, and with ETags that go on working."""

import gzip
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask, Response
from werkzeug.test import TestResponse

from api.app import create_app
from api.blueprint import Blueprint
from tests.accounts import new_user, signed_in
from tests.examples import Bench

PLAIN, SQUEEZED = None, "gzip"
LONG = "Pitkä kuvaus. " * 100


@pytest.fixture
def bench(app: Flask) -> Bench:
    return Bench(app)


def get(bench: Bench, path: str, accept: str | None = "gzip", **headers: str) -> TestResponse:
    given = bench.manager | {name.replace("_", "-"): value for name, value in headers.items()}
    if accept is not None:
        given["Accept-Encoding"] = accept
    return bench.client.get(path, headers=given)


@pytest.fixture
def goal(bench: Bench) -> tuple[str, dict[str, Any]]:
    """A row that is long enough: its path, and as it is shown."""
    made = bench.create("goals", text=LONG)
    assert made.status_code == 201, made.text
    return made.headers["Location"], made.get_json()


def test_a_compressed_answer_is_the_same_answer(
    bench: Bench, goal: tuple[str, dict[str, Any]]
) -> None:
    path, shown = goal
    plain, squeezed = get(bench, path, None), get(bench, path)
    assert "Content-Encoding" not in plain.headers
    assert plain.headers["ETag"] == '"1"'
    assert squeezed.headers["Content-Encoding"] == "gzip"
    assert squeezed.headers["ETag"] == '"1.gz"'
    assert squeezed.content_length == len(squeezed.data) < len(plain.data)
    assert gzip.decompress(squeezed.data) == plain.data
    assert plain.get_json() == shown
    for response in (plain, squeezed):
        assert {"Accept-Encoding", "Authorization"} <= set(response.vary)


@pytest.mark.parametrize(
    ("accept", "encoding"),
    [
        ("gzip", SQUEEZED),
        ("GZIP", SQUEEZED),
        ("br, gzip;q=0.1", SQUEEZED),
        ("*", SQUEEZED),
        ("*;q=0.5, gzip;q=0", PLAIN),
        ("gzip;q=0", PLAIN),
        ("gzip;q=0.000", PLAIN),
        ("identity", PLAIN),
        ("br", PLAIN),
        ("", PLAIN),
        ("identity;q=1, gzip;q=0.5", PLAIN),
        ("identity;q=0.5, gzip;q=0.5", SQUEEZED),
        ("identity;q=0, gzip;q=0.1", SQUEEZED),
        ("identity;q=0, gzip;q=0", PLAIN),
        ("gzip;q=nonsense", PLAIN),
        ("gzipped", PLAIN),
    ],
)
def test_the_encoding_is_the_one_that_was_asked_for(
    bench: Bench, goal: tuple[str, dict[str, Any]], accept: str, encoding: str | None
) -> None:
    assert get(bench, goal[0], accept).headers.get("Content-Encoding") == encoding


def test_what_is_small_is_left_as_it_is_unless_that_is_excluded(bench: Bench) -> None:
    path = f"/api/v1/periods/{bench.world.plan['periods']}"
    small = get(bench, path)
    assert len(small.data) < 500
    assert "Content-Encoding" not in small.headers
    assert small.headers["ETag"] == '"1"'
    for excluded in ("gzip, identity;q=0", "gzip, *;q=0"):
        assert get(bench, path, excluded).headers["Content-Encoding"] == "gzip"


def test_head_tells_what_get_would(bench: Bench, goal: tuple[str, dict[str, Any]]) -> None:
    headers = bench.manager | {"Accept-Encoding": "gzip"}
    got = bench.client.get(goal[0], headers=headers)
    head = bench.client.head(goal[0], headers=headers)
    assert head.data == b""
    for name in ("ETag", "Content-Encoding", "Content-Length", "Content-Type", "Vary"):
        assert head.headers[name] == got.headers[name]


# conditional requests


@pytest.mark.parametrize("accept", ["gzip", None])
@pytest.mark.parametrize("known", ['"1"', '"1.gz"', 'W/"1.gz"', '"7", "1.gz"', '"1", "1.gz"'])
def test_what_the_caller_has_is_known_by_either_etag(
    bench: Bench, goal: tuple[str, dict[str, Any]], known: str, accept: str | None
) -> None:
    response = get(bench, goal[0], accept, If_None_Match=known)
    assert (response.status_code, response.data) == (304, b"")
    assert response.headers["ETag"] == ('"1.gz"' if ".gz" in known else '"1"')
    assert "Accept-Encoding" in response.vary
    assert "Content-Encoding" not in response.headers


@pytest.mark.parametrize("known", ['"2"', '"2.gz"', '"gz"', '"1gz"', '".gz"', '"1.GZ"'])
def test_another_etag_gets_the_whole_answer(
    bench: Bench, goal: tuple[str, dict[str, Any]], known: str
) -> None:
    response = get(bench, goal[0], If_None_Match=known)
    assert (response.status_code, response.headers["ETag"]) == (200, '"1.gz"')


def test_the_etag_of_a_compressed_answer_is_good_for_a_write(
    bench: Bench, goal: tuple[str, dict[str, Any]]
) -> None:
    path, shown = goal
    etag = get(bench, path).headers["ETag"]
    changed = bench.change("goals", shown["id"], etag, json={"position": 7})
    assert changed.status_code == 200
    assert bench.change("goals", shown["id"], etag, json={"position": 8}).status_code == 412
    assert bench.change("goals", shown["id"], '"2.gz"', "DELETE").status_code == 204


def test_a_get_for_a_version_takes_the_etag_of_the_compressed_answer(
    bench: Bench, goal: tuple[str, dict[str, Any]]
) -> None:
    assert get(bench, goal[0], If_Match='"1.gz"').status_code == 200
    assert get(bench, goal[0], If_Match='"2.gz"').status_code == 412


def test_a_digest_in_an_etag_stays_before_the_suffix(bench: Bench) -> None:
    path = f"/api/v1/reports/{bench.world.a.ids['reports']}"
    plain, squeezed = get(bench, path, None).headers["ETag"], get(bench, path).headers["ETag"]
    assert squeezed == plain[:-1] + '.gz"'
    for known in (plain, squeezed):
        response = get(bench, path, If_None_Match=known)
        assert (response.status_code, response.headers["ETag"]) == (304, known)


def test_a_list_has_an_etag_of_its_own_too(bench: Bench) -> None:
    bench.create("goals", text=LONG)
    plain, squeezed = (get(bench, "/api/v1/goals", accept) for accept in (None, "gzip"))
    assert squeezed.headers["ETag"] == plain.headers["ETag"][:-1] + '.gz"'
    again = get(bench, "/api/v1/goals", If_None_Match=squeezed.headers["ETag"])
    assert (again.status_code, again.headers["ETag"]) == (304, squeezed.headers["ETag"])


def test_a_created_row_is_compressed_and_its_etag_is_good(bench: Bench) -> None:
    headers = {"Accept-Encoding": "gzip"}
    body = bench.body("goals") | {"text": LONG}
    made = bench.open("goals", method="POST", json=body, headers=headers)
    assert (made.status_code, made.headers["ETag"]) == (201, '"1.gz"')
    assert get(bench, made.headers["Location"], If_None_Match='"1.gz"').status_code == 304


# what is compressed


def test_pages_and_the_contract_are_compressed(bench: Bench) -> None:
    report = f"/api/v1/reports/{bench.world.a.ids['reports']}?format=html"
    for path in (report, "/api/v1/openapi.json", "/api/v1/schemas/goals"):
        response = get(bench, path)
        assert response.status_code == 200
        assert response.headers["Content-Encoding"] == "gzip", path


def test_secrets_are_never_compressed(app: Flask) -> None:
    browser = signed_in(app)
    new_user(app, "eero@example.org")
    body = {"email": "eero@example.org", "password": "a lamp beside the harbour"}
    headers = {"Accept-Encoding": "gzip, identity;q=0"}
    response = browser.open("/api/v1/auth/login", "POST", headers=headers, json=body)
    assert response.status_code == 200
    assert len(response.data) > 500
    assert "Content-Encoding" not in response.headers
    assert "Accept-Encoding" not in response.vary


def test_problems_are_left_as_they_are(bench: Bench) -> None:
    response = get(bench, "/api/v1/nowhere" + "/x" * 300)
    assert response.status_code == 404
    assert len(response.data) > 500
    assert "Content-Encoding" not in response.headers


@pytest.fixture
def strange(settings: dict[str, Any]) -> Iterator[Flask]:
    """An application that answers with what this one does not."""
    app = create_app(settings)
    blp = Blueprint("strange", access="forms", url_prefix="/strange")

    @blp.route("/stream", open_to_anyone="A test.")
    def stream() -> Response:
        return Response(iter([b"x" * 1000, b"y", b""]), mimetype="text/plain")

    @blp.route("/picture", open_to_anyone="A test.")
    def picture() -> Response:
        return Response(b"x" * 1000, mimetype="image/png")

    @blp.route("/coded", open_to_anyone="A test.")
    def coded() -> Response:
        return Response(b"x" * 1000, mimetype="text/plain", headers={"Content-Encoding": "br"})

    @blp.route("/weak", open_to_anyone="A test.")
    def weak() -> Response:
        response = Response(b"x" * 1000, mimetype="text/plain")
        response.set_etag("7", weak=True)
        return response

    app.register_blueprint(blp)
    yield app
    app.extensions["database"].close()


@pytest.mark.parametrize("what", ["picture", "coded"])
def test_what_is_no_text_or_coded_already_is_left_as_it_is(strange: Flask, what: str) -> None:
    response = strange.test_client().get(f"/strange/{what}", headers={"Accept-Encoding": "gzip"})
    assert response.headers.get("Content-Encoding") == ("br" if what == "coded" else None)
    assert response.data == b"x" * 1000


def test_what_streams_is_compressed_as_it_comes(strange: Flask) -> None:
    client = strange.test_client()
    response = client.get("/strange/stream", headers={"Accept-Encoding": "gzip"}, buffered=False)
    assert response.headers["Content-Encoding"] == "gzip"
    assert response.content_length is None
    chunks = list(response.response)
    assert b"" not in chunks  # over HTTP it would be the end
    assert gzip.decompress(b"".join(chunks)) == b"x" * 1000 + b"y"
    assert zlib.decompressobj(wbits=31).decompress(chunks[0]) == b"x" * 1000
    assert client.get("/strange/stream").data == b"x" * 1000 + b"y"


def test_a_weak_etag_stays_weak(strange: Flask) -> None:
    response = strange.test_client().get("/strange/weak", headers={"Accept-Encoding": "gzip"})
    assert response.headers["ETag"] == 'W/"7.gz"'
