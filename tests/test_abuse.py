"""What somebody did who meant no good, and what it leads to now."""

import io
import json
import logging
import subprocess
import sys

import pytest
from flask import Flask
from flask.testing import FlaskClient

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
