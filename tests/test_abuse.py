"""What somebody did who meant no good, and what it leads to now."""

import gzip
import http.client
import io
import itertools
import json
import logging
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from api.app import create_app
from api.bodies import CHUNK_BYTES, READ_ON_BYTES, zstd
from tests import server
from tests.accounts import Browser, signed_in
from tests.factories import bearer, make, world

CONTACTS = "/api/v1/contacts"


@pytest.fixture
def editor(app: Flask) -> dict[str, str]:
    return bearer(app, "editor", world(app).a.provider_id)


def test_a_text_too_long_is_refused_before_any_pattern_looks_at_it(
    client: FlaskClient, editor: dict[str, str]
) -> None:
    body = {"name": "x", "email": "a@" + "." * 500_000 + "@"}
    answer = client.post(CONTACTS, headers=editor, json=body)
    assert answer.status_code == 422
    assert answer.json["errors"] == [
        {"pointer": "/email", "code": "too_long", "detail": "Longer than 254."}
    ]


def test_a_body_in_chunks_is_held_to_the_limit_too(
    client: FlaskClient, editor: dict[str, str]
) -> None:
    body = b'{"name":"chunky"}' + b" " * 1_000_000 + b"}}}}"
    answer = client.open(
        CONTACTS,
        method="POST",
        headers=editor | {"Content-Type": "application/json", "Transfer-Encoding": "chunked"},
        input_stream=io.BytesIO(body),
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert (answer.status_code, answer.json["code"]) == (413, "too_large")


class Sender:
    """Sends these pieces as they are asked for, and keeps how much was taken, and how much of it at once."""

    def __init__(self, pieces: Iterable[bytes]):
        self.pieces, self.held = iter(pieces), b""
        self.taken = self.most_at_once = 0

    def read(self, size: int = -1) -> bytes:
        assert size >= 0, "all of it, however much that is"
        while len(self.held) < size and (piece := next(self.pieces, b"")):
            self.held += piece
        chunk, self.held = self.held[:size], self.held[size:]
        self.taken += len(chunk)
        self.most_at_once = max(self.most_at_once, size)
        return chunk

    def seekable(self) -> bool:
        return False


def sent_table(
    client: FlaskClient, sender: Sender, headers: dict[str, str], length: int | None = None
) -> TestResponse:
    """:param length: what is declared; otherwise it comes in chunks"""
    return client.open(
        "/api/v1/imports/contacts",
        method="POST",
        headers=headers | {"Content-Type": "text/csv"},
        environ_overrides={
            "wsgi.input": sender,
            "wsgi.input_terminated": True,
            **({"CONTENT_LENGTH": str(length)} if length else {}),
        },
    )


@pytest.mark.parametrize("token", [None, "Bearer guess"])
@pytest.mark.parametrize("coding", ["gzip", "identity", "no such coding"])
def test_of_a_stranger_no_body_is_taken_in_but_for_a_little_that_is_read_on(
    settings: dict[str, Any], token: str | None, coding: str
) -> None:
    """401, and not what would be wrong with the body: nobody has looked at that."""
    app = create_app(settings | {"MAX_TABLE_BYTES": 1_000})
    headers = {"Content-Encoding": coding} | ({"Authorization": token} if token else {})
    pieces = [gzip.compress(bytes(10_000_000)), *[bytes(CHUNK_BYTES)] * 100]
    for length in (None, sum(map(len, pieces))):
        sender = Sender(pieces)
        answer = sent_table(app.test_client(), sender, headers, length)
        assert (answer.status_code, answer.json["code"]) == (401, "unauthenticated")
        assert (sender.taken, sender.most_at_once) == (READ_ON_BYTES, CHUNK_BYTES)
    app.extensions["database"].close()


def test_of_who_has_no_right_no_body_is_taken_in_either(settings: dict[str, Any]) -> None:
    """403, counted as any request of his; and what would be wrong with the body is not looked at."""
    app = create_app(settings | {"MAX_TABLE_BYTES": 1_000, "RATE_LIMIT": 2})
    provider = make(app, "providers")
    viewer = bearer(app, "viewer", provider)
    for status in (403, 403, 429):
        sender = Sender(itertools.repeat(bytes(CHUNK_BYTES), 100))
        answer = sent_table(app.test_client(), sender, viewer)
        assert answer.status_code == status
        assert (sender.taken, sender.most_at_once) == (READ_ON_BYTES, CHUNK_BYTES)
    app.extensions["database"].close()


def test_strangers_with_bodies_are_counted_by_their_address(settings: dict[str, Any]) -> None:
    app = create_app(settings | {"RATE_LIMIT": 2})
    answers = [sent_table(app.test_client(), Sender([b"x"]), {}).status_code for _ in range(3)]
    assert answers == [401, 401, 429]
    app.extensions["database"].close()


@pytest.mark.parametrize(("coding", "pack"), [("gzip", gzip.compress), ("zstd", zstd.compress)])
def test_what_is_packed_and_comes_to_nothing_is_bounded_too(
    settings: dict[str, Any], editor: dict[str, str], coding: str, pack: Any
) -> None:
    app = create_app(settings | {"MAX_TABLE_BYTES": 50_000})
    sender = Sender(itertools.repeat(pack(b"") * 1_000, 1_000))
    answer = sent_table(app.test_client(), sender, editor | {"Content-Encoding": coding})
    assert (answer.status_code, answer.json["code"]) == (413, "too_large")
    assert sender.taken < 50_000 + READ_ON_BYTES + 1_000_000  # the library reads ahead
    app.extensions["database"].close()


@pytest.mark.parametrize("over", [1, READ_ON_BYTES - 1])
def test_what_is_too_large_by_its_own_word_is_not_taken_into_memory(
    settings: dict[str, Any], editor: dict[str, str], over: int
) -> None:
    app = create_app(settings | {"MAX_TABLE_BYTES": 5_000_000})
    sender = Sender(itertools.repeat(bytes(CHUNK_BYTES)))
    answer = sent_table(app.test_client(), sender, editor, 5_000_000 + over)
    assert (answer.status_code, answer.json["code"]) == (413, "too_large")
    assert (sender.taken, sender.most_at_once) == (READ_ON_BYTES, CHUNK_BYTES)
    app.extensions["database"].close()


def test_whoever_is_refused_goes_on_by_the_same_connection(
    settings: dict[str, Any], editor: dict[str, str], tmp_path: Path
) -> None:
    with server.running(settings, tmp_path / "log", workers=1) as url:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
        connection.connect()
        socket = connection.sock
        for headers, status in (({}, 401), (editor, 413)):
            told = headers | {"Content-Type": "application/json"}
            connection.request("POST", CONTACTS, b" " * (READ_ON_BYTES + 1), told)
            refused = connection.getresponse()
            refused.read()
            assert refused.status == status
        connection.request("GET", CONTACTS, headers=editor)
        assert connection.getresponse().status == 200
        assert connection.sock is socket
        connection.close()


def test_an_empty_tag_names_no_version(app: Flask, client: FlaskClient) -> None:
    provider_id = world(app).b.provider_id
    key = make(app, "contacts", provider_id)
    headers = bearer(app, "editor", provider_id) | {"If-Match": '""'}
    assert client.patch(f"{CONTACTS}/{key}", headers=headers, json={}).status_code == 412


def test_json_in_another_charset_is_not_read_as_utf_8(
    client: FlaskClient, editor: dict[str, str]
) -> None:
    headers = editor | {"Content-Type": "application/json; charset=utf-16"}
    assert client.post(CONTACTS, headers=headers, data=b"{}").status_code == 415


def test_a_csrf_token_beyond_ascii_is_a_wrong_one(app: Flask) -> None:
    browser: Browser = signed_in(app)
    assert browser.refresh({"X-CSRF-TOKEN": "\xe9"}).status_code == 403


def test_the_host_that_a_request_claims_is_in_no_link(app: Flask, client: FlaskClient) -> None:
    world(app)
    headers = bearer(app, "reviewer") | {"Host": "evil.example"}
    answer = client.get("/api/v1/results?limit=1", headers=headers)
    assert answer.headers["Link"].startswith("</api/v1/results?limit=1&cursor=")


def test_what_the_database_says_of_a_row_stays_out_of_the_log(
    app: Flask, client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    provider_id = world(app).a.provider_id
    headers = bearer(app, "editor", provider_id)
    make(app, "contacts", provider_id, external_id="secret-name")
    with caplog.at_level(logging.DEBUG, "lamppu"):
        body = {"name": "x", "external_id": "secret-name"}
        assert client.post(CONTACTS, headers=headers, json=body).status_code == 409
    assert "secret-name" not in caplog.text


def test_each_request_is_told_on_standard_error_by_its_id(settings: dict[str, object]) -> None:
    program = (
        "import json, sys; from api.app import create_app\n"
        "app = create_app(json.loads(sys.argv[1]))\n"
        "app.test_client().get('/nowhere%0Aforged', headers={'X-Request-ID': 'abc'})"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, json.dumps(settings)],
        capture_output=True,
        text=True,
        check=True,
    )
    (line,) = done.stderr.splitlines()
    assert r"GET '/nowhere\nforged' 404" in line
    assert "abc" in line


def test_a_get_for_a_version_that_is_no_more_is_told_so_as_a_problem(
    app: Flask, client: FlaskClient
) -> None:
    provider_id = world(app).a.provider_id
    key = make(app, "contacts", provider_id)
    headers = bearer(app, "viewer", provider_id)
    answer = client.get(f"{CONTACTS}/{key}", headers=headers | {"If-Match": '"7"'})
    assert (answer.status_code, answer.json["code"]) == (412, "stale")
    assert answer.content_type == "application/problem+json"
    assert client.get(f"{CONTACTS}/{key}", headers=headers | {"If-Match": '"1"'}).status_code == 200
