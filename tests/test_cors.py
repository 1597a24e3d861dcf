"""Pages of other origins: those that the operator names may call, and see what they need; all others may not."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from api.app import create_app
from api.config import ConfigError
from api.headers import _SHOWN
from tests.accounts import REFRESH, Browser, code, new_user
from tests.examples import Bench
from tests.routes import OPERATIONS

APP, OTHER, FOREIGN = "https://app.example", "http://127.0.0.1:5173", "https://elsewhere.example"
GOALS = "/api/v1/goals"


@pytest.fixture
def app_for_pages(settings: dict[str, Any]) -> Iterator[Flask]:
    app = create_app(settings | {"CORS_ORIGINS": f"{APP}, {OTHER}"})
    yield app
    app.extensions["database"].close()


@pytest.fixture
def page(app_for_pages: Flask) -> FlaskClient:
    return app_for_pages.test_client()


def preflight(
    client: FlaskClient, path: str, method: str, headers: str = "", origin: str = APP
) -> TestResponse:
    asked = {"Origin": origin, "Access-Control-Request-Method": method}
    if headers:
        asked["Access-Control-Request-Headers"] = headers
    return client.options(path, headers=asked)


def words(response: TestResponse, name: str) -> set[str]:
    return {word.strip() for word in response.headers.get(name, "").split(",")} - {""}


def allowed(response: TestResponse) -> list[str]:
    """Every CORS header there is."""
    return [name for name, _ in response.headers if name.startswith("Access-Control-")]


@pytest.mark.parametrize("origin", [APP, OTHER])
def test_a_page_of_a_named_origin_may_read_an_answer_and_its_headers(
    app: Flask, page: FlaskClient, origin: str
) -> None:
    manager = Bench(app).manager
    response = page.get(GOALS, headers=manager | {"Origin": origin})
    assert response.status_code == 200
    assert response.headers["Access-Control-Allow-Origin"] == origin
    assert response.headers["Access-Control-Allow-Credentials"] == "true"
    assert words(response, "Access-Control-Expose-Headers") == {
        *("ETag", "Location", "Link", "Retry-After", "RateLimit", "RateLimit-Policy"),
        *("X-Request-ID", "Content-Language", "Idempotency-Replayed", "Deprecation", "Sunset"),
        *("Changes-After", "Preference-Applied", "WWW-Authenticate"),
    }
    assert "Origin" in response.vary


def test_a_page_may_read_a_problem_too(page: FlaskClient) -> None:
    for path, status in ((GOALS, 401), ("/api/v1/nowhere", 404)):
        response = page.get(path, headers={"Origin": APP})
        assert response.status_code == status
        assert response.headers["Access-Control-Allow-Origin"] == APP


@pytest.mark.parametrize(
    "origin",
    [
        *(FOREIGN, "null", "https://app.example.elsewhere.example", "https://xapp.example"),
        *("http://app.example", "https://app.example:8443", "https://sub.app.example"),
        *("https://app.example/", "https://appxexample", "", "*"),
    ],
)
def test_a_page_of_any_other_origin_may_read_nothing(page: FlaskClient, origin: str) -> None:
    answers = [
        page.get("/api/v1/schemas", headers={"Origin": origin}),
        preflight(page, GOALS, "POST", "authorization", origin),
    ]
    assert [response.status_code for response in answers] == [200, 204]
    for response in answers:
        assert allowed(response) == []
        assert "Origin" in response.vary


def test_a_cache_learns_that_answers_differ_by_origin_before_one_is_sent(
    page: FlaskClient,
) -> None:
    response = page.get("/api/v1/schemas")
    assert "Origin" in response.vary
    assert allowed(response) == []


def test_where_no_origin_is_named_none_may(app: Flask) -> None:
    client = app.test_client()
    for response in (
        client.get("/api/v1/schemas", headers={"Origin": APP}),
        preflight(client, GOALS, "GET"),
    ):
        assert allowed(response) == []
        assert "Origin" not in response.vary


def test_a_preflight_needs_no_token_and_is_answered_for_every_route(page: FlaskClient) -> None:
    asked = "authorization, content-type, if-match, if-none-match, idempotency-key, x-csrf-token"
    for operation in OPERATIONS.values():
        path = operation.rule.replace("<uuid:key>", "01900000-0000-7000-8000-000000000000")
        if path.startswith("/docs"):
            continue
        response = preflight(page, path.replace("<stem>", "goals"), operation.method, asked)
        assert response.status_code == 204, path
        assert response.headers["Access-Control-Allow-Origin"] == APP, path
        assert response.headers["Access-Control-Allow-Credentials"] == "true"
        assert operation.method in words(response, "Access-Control-Allow-Methods")
        assert words(response, "Access-Control-Allow-Headers") == words_of(asked)
        assert response.headers["Access-Control-Max-Age"] == "600"


def words_of(text: str) -> set[str]:
    return set(text.split(", "))


def test_a_header_that_no_page_needs_is_not_allowed(page: FlaskClient) -> None:
    response = preflight(page, GOALS, "GET", "authorization, x-forwarded-for, cookie")
    assert words(response, "Access-Control-Allow-Headers") == {"authorization"}


def test_what_is_shown_to_pages_stands_in_order() -> None:
    assert list(_SHOWN) == sorted(_SHOWN)


@pytest.mark.parametrize(
    "origins",
    [
        *("*", "null", "https://*.app.example", "app.example", "https://app.example/"),
        *("https://app.example/path", "https://", "ftp://app.example", "https://a.example *"),
        *("https://u:p@app.example", "https://app.example:port", "https://app.example?x"),
        *("HTTPS://APP.EXAMPLE", "https://äpp.example", "https://a.example;https://b.example"),
    ],
)
def test_a_setting_that_names_no_origin_is_refused(settings: dict[str, Any], origins: str) -> None:
    with pytest.raises(ConfigError, match="CORS_ORIGINS"):
        create_app(settings | {"CORS_ORIGINS": origins})


@pytest.mark.parametrize("between", [" ", ",", ", ", "\n", " ,\n "])
def test_origins_are_parted_by_commas_or_blanks(settings: dict[str, Any], between: str) -> None:
    app = create_app(settings | {"CORS_ORIGINS": f" {APP}{between}{OTHER}{between}"})
    assert app.config["CORS_ORIGINS"] == (APP, OTHER)


# signing in from another origin


def test_a_page_that_cannot_read_our_cookies_refreshes_by_what_the_sign_in_said(
    app: Flask,
) -> None:
    new_user(app)
    browser = Browser(app)
    said = browser.login().get_json()["csrf_token"]
    assert said == browser.cookie("csrf_refresh_token", "/")
    again = browser.refresh({"X-CSRF-TOKEN": said, "Origin": APP})
    assert again.status_code == 200
    assert again.get_json()["csrf_token"] != said
    assert browser.refresh({"X-CSRF-TOKEN": again.get_json()["csrf_token"]}).status_code == 200


def test_a_page_of_a_foreign_origin_gets_no_token_by_the_cookies_alone(app: Flask) -> None:
    new_user(app)
    browser = Browser(app)
    browser.login()
    for headers in ({"Origin": FOREIGN}, {"Origin": FOREIGN, "X-CSRF-TOKEN": "guess"}):
        response = browser.open(REFRESH, "POST", headers=headers)
        assert code(response) == (403, "forbidden")
        assert allowed(response) == []
    assert browser.refresh().status_code == 200  # the refusals have not spent the refresh token


def test_the_refresh_cookie_goes_to_no_other_site(app_for_pages: Flask) -> None:
    new_user(app_for_pages)
    cookies = Browser(app_for_pages).login().headers.getlist("Set-Cookie")
    (refresh,) = (cookie for cookie in cookies if cookie.startswith("refresh_token="))
    assert "SameSite=Strict" in refresh
