"""Forms over HTTP: open to anyone, in three languages, and the same as the committed files."""

from pathlib import Path
from typing import Any

import jsonschema
import pytest
from flask import Flask
from flask.testing import FlaskClient

from api.access import POLICIES
from api.resources.forms import FORMS
from tests.examples import STEMS, Bench

URL = "/api/v1/schemas"
COMMITTED = Path(__file__).parents[2] / "openapi" / "forms"


def get(client: FlaskClient, path: str = "", **kwargs: Any) -> Any:
    return client.get(URL + path, **kwargs)


def test_every_form_is_served_as_it_is_committed_and_no_other_is_committed(
    client: FlaskClient,
) -> None:
    committed = {path.name: path.read_text(encoding="utf-8") for path in COMMITTED.iterdir()}
    served = {
        f"{stem}.{language}.json": get(client, f"/{stem}?language={language}").text
        for stem in FORMS
        for language in ("fi", "sv", "en")
    }
    assert served == committed


def test_every_resource_that_can_be_changed_has_a_form(client: FlaskClient) -> None:
    forms = {one["stem"] for one in get(client).json["items"]}
    assert forms == {*STEMS, "comments"}  # which are made at their report


def test_the_list_links_to_every_form_in_the_language_that_was_asked_for(
    client: FlaskClient,
) -> None:
    response = get(client, "?language=sv")
    assert response.headers["Content-Language"] == "sv"
    for item in response.json["items"]:
        linked = client.get(item["href"])
        assert linked.headers["Content-Language"] == "sv"
        assert linked.json["title"] == item["title"]
    assert {"Projekt", "Delprojekt", "Respons"} <= {one["title"] for one in response.json["items"]}


@pytest.mark.parametrize(
    ("query", "accepted", "language"),
    [
        ("", None, "fi"),
        ("", "sv", "sv"),
        ("", "de, en-GB;q=0.8, sv;q=0.5", "en"),
        ("", "de", "fi"),
        ("?language=en", "sv", "en"),
    ],
)
def test_the_language_is_the_parameters_or_else_the_headers_or_else_finnish(
    client: FlaskClient, query: str, accepted: str | None, language: str
) -> None:
    headers = {"Accept-Language": accepted} if accepted else {}
    response = get(client, f"/goals{query}", headers=headers)
    assert response.headers["Content-Language"] == language
    assert response.json["title"] == {"fi": "Tavoite", "sv": "Mål", "en": "Goal"}[language]
    assert {"Accept-Language", "Accept"} <= set(response.vary)


def test_a_form_that_the_caller_has_already_is_not_sent_again(client: FlaskClient) -> None:
    for path in ("/goals", ""):
        first = get(client, path)
        again = get(client, path, headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
        assert again.headers["ETag"] == first.headers["ETag"]
        other = {"If-None-Match": first.headers["ETag"], "Accept-Language": "en"}
        assert get(client, path, headers=other).status_code == 200


def test_a_form_comes_as_json_schema_or_as_json_but_not_as_a_page(client: FlaskClient) -> None:
    def kind(accepted: str) -> Any:
        return get(client, "/goals", headers={"Accept": accepted}).content_type

    assert kind("*/*") == kind("application/schema+json") == "application/schema+json"
    assert kind("application/json, text/plain, */*") == "application/json"
    assert get(client, "/goals", headers={"Accept": "text/html"}).status_code == 406


@pytest.mark.parametrize("stem", ["imports", "auth", "forms", "nonsense", "Goals", "sub-projects"])
def test_what_has_no_form_is_not_found(client: FlaskClient, stem: str) -> None:
    response = get(client, f"/{stem}")
    assert (response.status_code, response.json["code"]) == (404, "not_found")


@pytest.mark.parametrize("path", ["", "/goals"])
@pytest.mark.parametrize("query", ["?language=de", "?language=fi&language=sv", "?nonsense=1"])
def test_parameters_that_are_unknown_are_refused(
    client: FlaskClient, path: str, query: str
) -> None:
    response = get(client, path + query)
    assert response.status_code == 422
    assert response.json["errors"][0]["parameter"] in {"language", "nonsense"}


def test_a_form_says_who_may_write_it(client: FlaskClient) -> None:
    for stem in FORMS:
        writers = get(client, f"/{stem}").json["x-writable-by"]
        assert writers == {
            action: sorted(POLICIES[stem][action]) for action in ("create", "update")
        }
    project = get(client, "/projects").json["x-writable-by"]
    assert "manager" in project["update"]
    assert "manager" not in project["create"]


def test_a_row_fits_its_form_as_it_is_sent_and_as_it_is_read(
    app: Flask, client: FlaskClient
) -> None:
    bench = Bench(app)
    for stem in STEMS:
        form = get(client, f"/{stem}").json
        check = jsonschema.Draft202012Validator(
            form, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
        )
        body = bench.body(stem)
        check.validate(body)
        created = bench.open(stem, method="POST", json=body)
        assert created.status_code == 201, created.text
        check.validate(created.json)
