"""HEAD and OPTIONS of every route: the first tells what GET would, the second what there is."""

from collections import defaultdict

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.routes import OPERATIONS, Ground

READS = [operation for operation in OPERATIONS.values() if operation.method == "GET"]


@pytest.fixture
def ground(app: Flask, client: FlaskClient) -> Ground:
    return Ground(app, client)


def test_head_has_the_headers_of_get_and_no_body(ground: Ground) -> None:
    passing = {"Date", "X-Request-ID", "RateLimit"}
    assert len(READS) > 45
    for operation in READS:
        path, headers = ground.path(operation), ground.headers(operation)
        get = ground.client.get(path, headers=headers)
        head = ground.client.head(path, headers=headers)
        assert (head.status_code, head.data) == (get.status_code, b""), operation.endpoint
        told, would = (
            {name: value for name, value in answer.headers if name not in passing}
            for answer in (head, get)
        )
        assert told == would, operation.endpoint


def test_whoever_has_it_is_told_so_by_head_as_by_get(ground: Ground) -> None:
    tried = 0
    for operation in READS:
        path, headers = ground.path(operation), ground.headers(operation)
        tag = ground.client.get(path, headers=headers).headers.get("ETag")
        if not tag:
            continue
        tried += 1
        for method in ("GET", "HEAD"):
            again = ground.client.open(
                path, method=method, headers=headers | {"If-None-Match": tag}
            )
            assert (again.status_code, again.data) == (304, b""), operation.endpoint
            assert again.headers["ETag"] == tag
            assert "Content-Type" not in again.headers
    assert tried > 45


def test_options_names_the_methods_and_says_nothing_else(ground: Ground) -> None:
    """To anybody: what there is, is no secret; the document says it too."""
    methods = defaultdict(set)
    for operation in OPERATIONS.values():
        more = {"HEAD"} if operation.method == "GET" else set()
        methods[ground.path(operation)] |= {operation.method, "OPTIONS", *more}
    for path, there in methods.items():
        response = ground.client.options(path)
        assert (response.status_code, response.data) == (204, b""), path
        assert response.headers["Allow"] == ", ".join(sorted(there)), path
        taken = "application/merge-patch+json, application/json" if "PATCH" in there else None
        assert response.headers.get("Accept-Patch") == taken, path
        assert "Content-Type" not in response.headers, path


def test_who_asks_to_read_a_version_that_is_no_more_is_told_so_as_a_problem(ground: Ground) -> None:
    answered = []
    for operation in READS:
        headers = ground.headers(operation) | {"If-Match": '"never"'}
        response = ground.client.get(ground.path(operation), headers=headers)
        if response.status_code != 404:  # no import was made
            assert (response.status_code, response.get_json()["code"]) == (412, "stale")
            answered.append(operation.endpoint)
    assert len(answered) > 45


def test_whoever_asks_for_any_version_at_all_gets_the_one_there_is(ground: Ground) -> None:
    headers = ground.manager | {"If-Match": "*"}
    response = ground.client.get(f"/api/v1/goals/{ground.ids['goals']}", headers=headers)
    assert response.status_code == 200


def test_what_has_no_content_says_nothing_of_its_type(ground: Ground) -> None:
    made = ground.client.post("/api/v1/contacts", json={"name": "Aino"}, headers=ground.manager)
    headers = ground.manager | {"If-Match": made.headers["ETag"]}
    gone = ground.client.delete(made.headers["Location"], headers=headers)
    assert (gone.status_code, gone.data) == (204, b"")
    assert "Content-Type" not in gone.headers
