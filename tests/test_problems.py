"""Every refusal is a problem (RFC 9457) with a code, a request id and safe headers, and tells nothing of the inside."""

import http.client
import json
import re
import urllib.parse
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from api.app import create_app
from api.problems import MOST_FAULTS, Fault, Invalid
from api.scope import Session
from api.services import rows
from api.services.conflicts import flush
from schemas import vocabulary as v
from tests import factories
from tests.contract.conforming import conforms
from tests.postgres import free_port
from tests.routes import Ground

MEMBERS = {"type", "title", "status", "code", "instance", "request_id"}
MORE = {"detail", "errors", "more", "current_version", "current", "referring"}
# What a person who looks for a way in would like to read.
TELLTALE = re.compile(
    r"Traceback|File \"|sqlalchemy|psycopg|sqlite|SELECT |INSERT |secret word|0x", re.I
)


@pytest.fixture
def ground(app: Flask, client: FlaskClient) -> Ground:
    return Ground(app, client)


def problem(response: TestResponse, status: int, code: str) -> dict[str, Any]:
    """The problem, which has what every problem must have."""
    text = response.get_data(as_text=True)
    assert (response.status_code, response.content_type) == (status, "application/problem+json")
    body: dict[str, Any] = json.loads(text)
    assert (body["status"], body["code"]) == (status, code)
    assert MEMBERS <= set(body) <= MEMBERS | MORE
    assert body["type"] == f"tag:lamppu.example,2026:problem:{code}"
    assert body["title"]
    assert body["request_id"] == response.headers["X-Request-ID"]
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert not TELLTALE.search(text)
    return body


# one refusal each


def test_an_unknown_path_is_404(client: FlaskClient, ground: Ground) -> None:
    for path in (
        "/api",
        "/api/v1",
        "/api/v1/",
        "/api/v1/goal",
        "/api/v2/goals",
        "/favicon.ico",
    ):
        body = problem(client.get(path, headers=ground.manager), 404, "not_found")
        assert body["instance"] == path


def test_an_unknown_row_is_404(client: FlaskClient, ground: Ground) -> None:
    problem(client.get(f"/api/v1/goals/{uuid.uuid4()}", headers=ground.manager), 404, "not_found")


def test_a_slash_too_many_is_404_and_no_redirect(client: FlaskClient, ground: Ground) -> None:
    problem(client.get("/api/v1/goals/", headers=ground.manager), 404, "not_found")
    problem(client.get("/api/v1//goals", headers=ground.manager), 404, "not_found")


@pytest.mark.parametrize(
    ("path", "method", "allowed"),
    [
        ("/api/v1/goals", "DELETE", {"GET", "HEAD", "OPTIONS", "POST"}),
        ("/api/v1/goals/{id}", "POST", {"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"}),
        ("/api/v1/imports/{id}", "PUT", {"GET", "HEAD", "OPTIONS"}),
        ("/api/v1/auth/login", "GET", {"POST", "OPTIONS"}),
        ("/api/v1/goals", "TRACE", {"GET", "HEAD", "OPTIONS", "POST"}),
        ("/api/v1/goals", "BREW", {"GET", "HEAD", "OPTIONS", "POST"}),
    ],
)
def test_a_wrong_method_is_405_and_names_the_right_ones(
    client: FlaskClient, path: str, method: str, allowed: set[str]
) -> None:
    response = client.open(path.format(id=uuid.uuid4()), method=method)
    problem(response, 405, "method_not_allowed")
    assert set(response.headers["Allow"].split(", ")) == allowed


@pytest.mark.parametrize("accept", ["text/csv", "application/xml", "image/*;q=0.5", "text/html"])
def test_a_representation_that_does_not_exist_is_406(
    client: FlaskClient, ground: Ground, accept: str
) -> None:
    headers = ground.manager | {"Accept": accept}
    problem(client.get("/api/v1/goals", headers=headers), 406, "not_acceptable")


@pytest.mark.parametrize(
    "accept",
    [
        *(None, "", "*/*", "application/*", "text/csv, application/json;q=0.1"),
        "application/json; charset=utf-8",
        "application/vnd.lamppu.sparse+json, application/json",
        "application/problem+json, application/json",
    ],
)
def test_a_representation_that_fits_is_found(
    client: FlaskClient, ground: Ground, accept: str | None
) -> None:
    headers = ground.manager | ({} if accept is None else {"Accept": accept})
    response = client.get("/api/v1/goals", headers=headers)
    assert (response.status_code, response.content_type) == (200, "application/json")


@pytest.mark.parametrize(
    "accept",
    [
        "application/problem+json",
        "application/vnd.lamppu.sparse+json",
        "application/json;q=0, text/html",
        "application/problem+json; charset=utf-8, text/csv",
    ],
)
@pytest.mark.parametrize("one", [True, False])
def test_where_no_whole_row_in_json_is_taken_none_is_given(
    client: FlaskClient, ground: Ground, accept: str, one: bool
) -> None:
    """What a problem may be in is no representation, and rows with all fields are not sparse ones."""
    path = f"/api/v1/goals/{ground.ids['goals']}" if one else "/api/v1/goals"
    problem(client.get(path, headers=ground.manager | {"Accept": accept}), 406, "not_acceptable")


def test_sparse_rows_are_for_who_asks_for_fields(client: FlaskClient, ground: Ground) -> None:
    headers = ground.manager | {"Accept": "application/vnd.lamppu.sparse+json"}
    response = client.get("/api/v1/goals?fields=text", headers=headers)
    assert (response.status_code, response.mimetype) == (200, headers["Accept"])


@pytest.mark.parametrize("given", ["", "1", "W/", '"1', '"1" "2"', "*, *", '"ä"', '"1"; "2"'])
@pytest.mark.parametrize("name", ["If-None-Match", "If-Match"])
def test_a_condition_that_is_none_is_422(
    client: FlaskClient, ground: Ground, name: str, given: str
) -> None:
    path, headers = f"/api/v1/goals/{ground.ids['goals']}", ground.manager | {name: given}
    asked = [client.get(path, headers=headers), client.get("/api/v1/goals", headers=headers)]
    if name == "If-Match":
        body = ground.sendable("goals")
        asked += [client.put(path, json=body, headers=headers)]
        asked += [client.patch(path, json={}, headers=headers)]
        asked += [client.delete(path, headers=headers)]
    for response in asked:
        (fault,) = problem(response, 422, "invalid")["errors"]
        assert (fault["header"], fault["code"]) == (name, "wrong_format")


@pytest.mark.parametrize("name", ["Accept-Language", "If-Match", "If-None-Match"])
def test_a_header_longer_than_the_document_allows_is_refused(
    client: FlaskClient, name: str
) -> None:
    most = '"' + "0" * (v.HEADER_LENGTH - 2) + '"'
    assert client.get("/api/v1/schemas", headers={name: most}).status_code in (200, 412)
    refused = client.get("/api/v1/schemas", headers={name: most + "0"})
    (fault,) = refused.json["errors"]
    assert (refused.status_code, fault["header"], fault["code"]) == (422, name, "too_long")


@pytest.mark.parametrize("given", ['"1"', 'W/"1"', '"7" , "1"', ', "1",,', '\t"1"\t,W/"1"', "*"])
def test_a_list_of_etags_is_taken_however_it_is_parted(
    client: FlaskClient, ground: Ground, given: str
) -> None:
    path = f"/api/v1/goals/{ground.ids['goals']}"
    response = client.get(path, headers=ground.manager | {"If-None-Match": given})
    assert response.status_code == 304


def test_a_weak_tag_is_told_that_it_names_no_version(client: FlaskClient, ground: Ground) -> None:
    path, headers = f"/api/v1/goals/{ground.ids['goals']}", ground.manager | {"If-Match": 'W/"1"'}
    told = problem(client.delete(path, headers=headers), 412, "stale")
    assert told["detail"] == "Weak tags name no version."
    assert told["current_version"] == 1


def test_no_token_and_a_wrong_one_are_401_with_a_challenge(client: FlaskClient) -> None:
    response = client.get("/api/v1/goals")
    problem(response, 401, "unauthenticated")
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="lamppu"'
    response = client.get("/api/v1/goals", headers={"Authorization": "Bearer x.y.z"})
    problem(response, 401, "unauthenticated")
    assert 'error="invalid_token"' in response.headers["WWW-Authenticate"]


def test_a_right_that_is_missing_is_403(client: FlaskClient, ground: Ground) -> None:
    problem(client.get("/api/v1/goals", headers=ground.admin), 403, "forbidden")


def test_a_media_type_that_is_not_taken_is_415_and_says_which_are(
    client: FlaskClient, ground: Ground
) -> None:
    path = f"/api/v1/goals/{ground.ids['goals']}"
    headers = ground.manager | {"If-Match": '"1"'}
    for method, types in (
        ("PUT", "application/json"),
        ("PATCH", "application/merge-patch+json, application/json"),
    ):
        response = client.open(path, method=method, data="{}", headers=headers)
        problem(response, 415, "unsupported_media_type")
        assert response.headers["Accept"] == types
    response = client.post("/api/v1/auth/token", json={})
    assert response.headers["Accept"] == "application/x-www-form-urlencoded"


def test_a_body_that_declares_itself_too_large_is_413_and_not_read(
    client: FlaskClient, ground: Ground
) -> None:
    headers = ground.manager | {"Content-Type": "application/json"}
    most = ground.app.config["MAX_BODY_BYTES"]
    response = client.post("/api/v1/goals", data=b" " * (most + 1), headers=headers)
    problem(response, 413, "too_large")
    unread = client.post(
        "/api/v1/goals", headers=headers, environ_overrides={"CONTENT_LENGTH": str(2**63)}
    )
    problem(unread, 413, "too_large")
    just = client.post("/api/v1/goals", data=b" " * most, headers=headers)
    problem(just, 400, "invalid_json")


def test_a_write_without_a_version_is_428(client: FlaskClient, ground: Ground) -> None:
    path = f"/api/v1/goals/{ground.ids['goals']}"
    for headers in (ground.manager, ground.manager | {"If-Match": "*"}):
        for method in ("PUT", "PATCH", "DELETE"):
            body = ground.sendable("goals") if method == "PUT" else {}
            response = client.open(path, method=method, json=body, headers=headers)
            problem(response, 428, "precondition_required")


def test_a_write_on_an_old_version_is_412(client: FlaskClient, ground: Ground) -> None:
    path = f"/api/v1/goals/{ground.ids['goals']}"
    for tag in ('"0"', '"2"', '"x"', 'W/"1"'):
        response = client.delete(path, headers=ground.manager | {"If-Match": tag})
        problem(response, 412, "stale")


def test_a_name_that_is_taken_is_409(client: FlaskClient, ground: Ground) -> None:
    body = ground.sendable("contacts")
    response = client.post("/api/v1/contacts", json=body, headers=ground.manager)
    told = problem(response, 409, "duplicate")
    assert told["errors"][0]["pointer"] == "/external_id"


def test_a_row_that_is_referred_to_is_409(client: FlaskClient, ground: Ground) -> None:
    headers = ground.manager | {"If-Match": '"1"'}
    response = client.delete(f"/api/v1/goals/{ground.ids['goals']}", headers=headers)
    assert "results" in problem(response, 409, "in_use")["referring"]


def test_input_that_is_not_valid_is_422(client: FlaskClient, ground: Ground) -> None:
    told = problem(client.post("/api/v1/goals", json={}, headers=ground.manager), 422, "invalid")
    assert [set(fault) for fault in told["errors"]] == [{"pointer", "code", "detail"}] * 2


def test_a_head_request_is_refused_without_a_body(client: FlaskClient) -> None:
    response = client.head("/api/v1/goals")
    assert (response.status_code, response.content_type) == (401, "application/problem+json")
    assert response.get_data() == b""


# the request's name


@pytest.mark.parametrize("given", ["a", "A-1._z", "0" * 64, "7d9f0c2e-4b61-4b5e-9a43-0f1f7a1f4c55"])
def test_the_callers_request_id_is_given_back(client: FlaskClient, given: str) -> None:
    response = client.get("/nowhere", headers={"X-Request-ID": given})
    assert problem(response, 404, "not_found")["request_id"] == given


@pytest.mark.parametrize("given", [None, "", "0" * 65, "a b", "<script>", "ä", "a\tb", "a;b"])
def test_a_request_id_that_could_do_harm_is_replaced(
    client: FlaskClient, given: str | None
) -> None:
    headers = {} if given is None else {"X-Request-ID": given.encode().decode("latin-1")}
    ids = {client.get("/nowhere", headers=headers).get_json()["request_id"] for _ in range(2)}
    assert len(ids) == 2
    assert all(str(uuid.UUID(made)) == made for made in ids)


# when something breaks


@pytest.fixture
def faulty(settings: dict[str, object]) -> Iterator[Callable[..., Flask]]:
    """Another application on the same database, or a broken one."""
    made: list[Flask] = []

    def make(**changed: object) -> Flask:
        made.append(create_app(settings | changed))
        return made[-1]

    yield make
    for app in made:
        app.extensions["database"].close()


def test_a_fault_of_ours_is_500_and_tells_nothing(
    faulty: Callable[..., Flask], caplog: pytest.LogCaptureFixture
) -> None:
    app = faulty()

    @app.get("/breaks")
    def breaks() -> None:
        raise RuntimeError("the secret word")

    @app.get("/asks")
    def asks() -> None:
        with app.extensions["database"].engine.connect() as connection:
            connection.execute(sa.text("SELECT nothing FROM nowhere"))

    told = problem(app.test_client().get("/breaks"), 500, "internal")
    assert "detail" not in told
    assert "the secret word" in caplog.text, "the log keeps what the answer hides"
    response = app.test_client().get("/asks")
    assert response.status_code in (500, 503)  # SQLite calls it "operational"
    problem(response, response.status_code, response.get_json()["code"])


@pytest.mark.parametrize("flushes", [flush, Session.flush])
def test_a_row_that_our_schemas_should_have_refused_is_500_and_no_conflict(
    faulty: Callable[..., Flask], caplog: pytest.LogCaptureFixture, flushes: Callable[..., None]
) -> None:
    app = faulty()
    model: Any = rows.model_of("providers")
    wrong = {"ck_providers_providerkind": {"kind": "circus"}, "colleges": {"colleges": None}}

    @app.get("/breaks/<told>")
    def breaks(told: str) -> None:
        with app.extensions["database"].session() as session:
            session.add(
                model(**{"name": "the secret word", "kind": "other", "colleges": []} | wrong[told])
            )
            flushes(session)

    for told in wrong:
        caplog.clear()
        problem(app.test_client().get(f"/breaks/{told}"), 500, "internal")
        [logged] = [one for one in caplog.records if one.levelname == "ERROR"]
        assert told in logged.getMessage()
        assert "the secret word" not in caplog.text, "of people's data the log keeps nothing"


@pytest.mark.parametrize("flushes", [flush, Session.flush])
def test_a_key_that_is_there_already_is_409(
    faulty: Callable[..., Flask], flushes: Callable[..., None]
) -> None:
    app = faulty()
    model: Any = rows.model_of("providers")
    taken = factories.make(app, "providers")

    @app.get("/repeats")
    def repeats() -> None:
        with app.extensions["database"].session() as session:
            session.add(model(id=taken, name="Toinen", kind="other", colleges=[]))
            flushes(session)

    told = problem(app.test_client().get("/repeats"), 409, "duplicate")
    assert "errors" not in told


def test_a_database_that_is_away_is_503_with_the_time_to_come_again(
    faulty: Callable[..., Flask], app: Flask, engine: str
) -> None:
    headers = factories.bearer(app, "reviewer")
    urls = {
        "sqlite": "sqlite:////nowhere/lamppu.db",
        "postgresql": f"postgresql://lamppu@127.0.0.1:{free_port()}/lamppu",
    }
    client = faulty(DATABASE_URL=urls[engine]).test_client()
    for response in (
        client.get("/api/v1/goals", headers=headers),
        client.post("/api/v1/goals", json={}, headers=headers),
        client.post("/api/v1/auth/login", json={"email": "a@b.example", "password": "x"}),
    ):
        problem(response, 503, "unavailable")
        assert int(response.headers["Retry-After"]) > 0


def test_a_database_that_comes_back_is_used_again(
    client: FlaskClient, app: Flask, engine: str
) -> None:
    """pool_pre_ping: connections that died in the pool are not handed out."""
    headers = factories.bearer(app, "reviewer")
    assert client.get("/api/v1/goals", headers=headers).status_code == 200
    pooled = app.extensions["database"].engine.connect()
    raw = pooled.connection.dbapi_connection
    pooled.close()
    raw.close()
    assert client.get("/api/v1/goals", headers=headers).status_code == 200


def test_a_long_query_is_read_to_its_end(app: Flask, gunicorn: str) -> None:
    """RFC 9112 §3: a request line of at least 8,000 bytes."""
    headers = factories.bearer(app, "reviewer")
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(gunicorn).netloc, timeout=30)
    connection.request("GET", f"/api/v1/programmes?cursor={'x' * 7_900}", headers=headers)
    response = connection.getresponse()
    assert (response.status, json.loads(response.read())["errors"][0]["code"]) == (422, "too_long")
    connection.close()


def test_a_body_that_grows_too_large_on_the_way_is_413(app: Flask, gunicorn: str) -> None:
    """Sent in chunks, it declares no length."""
    headers = factories.bearer(app, "reviewer") | {"Content-Type": "application/json"}
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(gunicorn).netloc, timeout=30)
    chunks = (b" " * 65_536 for _ in range(20))
    connection.request("POST", "/api/v1/programmes", chunks, headers, encode_chunked=True)
    response = connection.getresponse()
    answer = response.read()
    conforms("POST", "/api/v1/programmes", response.status, response.headers, answer)
    body = json.loads(answer)
    assert (response.status, body["code"]) == (413, "too_large")
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["X-Request-ID"] == body["request_id"]
    connection.request("GET", "/api/v1/programmes", headers=headers)
    assert connection.getresponse().status == 200
    connection.close()


def test_a_connection_is_good_for_the_next_request_after_a_body_that_was_too_large(
    app: Flask, gunicorn: str
) -> None:
    """On one socket: a connection that was closed in between would fail."""
    headers = factories.bearer(app, "reviewer") | {"Content-Type": "application/json"}
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(gunicorn).netloc, timeout=30)
    connection.connect()
    connection.auto_open = 0
    for _ in range(2):
        connection.request("POST", "/api/v1/programmes", b" " * 1_900_000, headers)
        refused = connection.getresponse()
        assert (refused.status, json.loads(refused.read())["code"]) == (413, "too_large")
        connection.request("GET", "/api/v1/programmes", headers=headers)
        answered = connection.getresponse()
        assert answered.status == 200
        answered.read()
    connection.close()


# the document itself


def test_no_more_than_a_hundred_faults_are_listed_and_the_rest_counted() -> None:
    faults = [Fault("wrong", "Wrong.", f"/{n}") for n in range(MOST_FAULTS + 50)]
    body = Invalid(faults=faults).document()
    assert len(body["errors"]) == MOST_FAULTS
    assert body["more"] == 50
    assert "more" not in Invalid(faults=faults[:MOST_FAULTS]).document()


def test_a_fault_names_its_one_place() -> None:
    assert Fault("wrong", "Wrong.", "/a", more={"element": 3}).document() == {
        "pointer": "/a",
        "code": "wrong",
        "detail": "Wrong.",
        "element": 3,
    }
    assert Fault("wrong", "Wrong.", parameter="limit").document()["parameter"] == "limit"
    assert Fault("wrong", "Wrong.", header="If-Match").document()["header"] == "If-Match"
    assert Fault("wrong", "Wrong.", "").document()["pointer"] == "", "the whole body is a place too"
