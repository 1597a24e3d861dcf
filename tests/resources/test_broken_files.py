"""Files that can't be taken: each has a clear answer, in bounded memory, and nothing of it is kept."""

from collections.abc import Iterator

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from api.app import create_app
from tests import broken_files
from tests.broken_files import Broken
from tests.examples import Bench
from tests.routes import contents

# What a file may unpack to here.
MOST = 10_000_000


@pytest.fixture(scope="session")
def narrow(settings: dict[str, object]) -> Iterator[Flask]:
    app = create_app(settings | {"MAX_TABLE_BYTES": MOST})
    yield app
    app.extensions["database"].close()


def answer(path: str, bench: Bench, narrow: Flask, broken: Broken) -> TestResponse:
    """What a file is answered, of which nothing stays."""
    headers = bench.manager | broken.headers
    before = contents(bench.app)
    response = narrow.test_client().post(
        path, data=broken.body, content_type=broken.media, headers=headers
    )
    assert contents(bench.app) == before
    return response


@pytest.mark.parametrize("broken", broken_files.EVERY, ids=lambda one: one.name)
def test_a_broken_file_is_refused_where_it_is_broken(
    bench: Bench, narrow: Flask, broken: Broken
) -> None:
    response = answer(f"/api/v1/imports/{broken.stem}", bench, narrow, broken)
    assert response.status_code == broken.status, response.text
    told = [
        (fault["code"], fault.get("row"), fault.get("column"))
        for fault in response.get_json().get("errors", [])
    ]
    assert told == broken.told


@pytest.mark.parametrize(
    "broken",
    [one for one in broken_files.EVERY if one.media in (broken_files.NDJSON, broken_files.XLSX)],
    ids=lambda one: one.name,
)
def test_a_broken_file_is_no_whole_sub_project_either(
    bench: Bench, narrow: Flask, broken: Broken
) -> None:
    response = answer("/api/v1/imports", bench, narrow, broken)
    assert response.status_code in (400, 413, 422), response.text


def test_there_are_many_of_them_and_each_has_a_name_of_its_own() -> None:
    names = [broken.name for broken in broken_files.EVERY]
    assert len(names) == len(set(names)) >= 60
