"""A route that is to go says so in its answers and in the document."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask, Response

from api.app import create_app
from api.blueprint import Blueprint
from api.headers import Deprecation
from api.problems import NotFound

SINCE, SUNSET = datetime(2027, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)


@pytest.fixture
def app_with_old_routes(settings: dict[str, Any]) -> Iterator[Flask]:
    app = create_app(settings)
    blp = Blueprint("old", access="forms", url_prefix="/old")
    whole = Deprecation(SINCE, SUNSET, "/new/{key}")

    @blp.route("/<key>", open_to_anyone="A test.", deprecated=whole)
    def read(key: str) -> Response:
        """Read"""
        if key == "missing":
            raise NotFound
        return Response("{}", headers={"Link": '</old?cursor=x>; rel="next"'})

    @blp.route("", open_to_anyone="A test.", deprecated=Deprecation(SINCE))
    def listed() -> Response:
        """List"""
        return Response("{}")

    app.register_blueprint(blp)
    yield app
    app.extensions["database"].close()


def test_a_deprecated_route_says_since_when_until_when_and_what_comes_after(
    app_with_old_routes: Flask,
) -> None:
    response = app_with_old_routes.test_client().get("/old/7")
    assert response.headers["Deprecation"] == "@1798761600"
    assert response.headers["Sunset"] == "Sat, 01 Jan 2028 00:00:00 GMT"
    assert response.headers.getlist("Link") == [
        '</old?cursor=x>; rel="next"',
        '</new/7>; rel="successor-version"',
    ]


def test_its_problems_say_so_too(app_with_old_routes: Flask) -> None:
    client = app_with_old_routes.test_client()
    for response in (
        client.get("/old/missing"),
        client.get("/old/7", headers={"Accept": "image/png"}),
    ):
        assert response.status_code in (404, 406)
        assert response.headers["Deprecation"] == "@1798761600"
        assert response.headers["Link"] == "</new/" + (
            response.request.path.rpartition("/")[2] + '>; rel="successor-version"'
        )


def test_what_is_not_known_is_not_said(app_with_old_routes: Flask) -> None:
    response = app_with_old_routes.test_client().get("/old")
    assert response.headers["Deprecation"] == "@1798761600"
    assert "Sunset" not in response.headers
    assert "Link" not in response.headers


def test_the_document_says_so(app_with_old_routes: Flask) -> None:
    view = app_with_old_routes.view_functions["old.read"]
    assert view._apidoc["manual_doc"]["deprecated"] is True  # type: ignore[attr-defined]


def test_no_other_route_is_deprecated(app: Flask) -> None:
    client = app.test_client()
    for path in ("/api/v1/schemas", "/api/v1/goals", "/api/v1/nowhere"):
        assert "Deprecation" not in client.get(path).headers
