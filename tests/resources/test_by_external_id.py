"""Rows by the names that their provider gave them: made or replaced, by one and the same request."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from marshmallow import ValidationError
from werkzeug.test import TestResponse

from schemas.base import Record
from tests.accounts import code
from tests.examples import CHANGES, RECORDS, Bench, places, url
from tests.factories import bearer
from tests.routes import contents


def put(
    bench: Bench, stem: str, name: str, body: Any, by: Any = None, **headers: str
) -> TestResponse:
    given = {header.replace("_", "-"): value for header, value in headers.items()}
    path = f"{url(stem)}/by-external-id/{name}"
    return bench.client.put(path, json=body, headers=(by or bench.manager) | given)


def body(bench: Bench, stem: str) -> dict[str, Any]:
    return {n: value for n, value in bench.body(stem).items() if n != "external_id"}


def test_a_name_that_is_new_makes_a_row_and_then_replaces_it(bench: Bench) -> None:
    for stem in RECORDS:
        given = body(bench, stem)
        made = put(bench, stem, "oma-1", given)
        assert made.status_code == 201, made.text
        key = made.get_json()["id"]
        assert made.headers["Location"].endswith(f"{url(stem)}/{key}")
        assert made.headers["ETag"] == '"1"'
        assert made.get_json() | given == made.get_json()
        assert made.get_json()["external_id"] == "oma-1"

        again = put(bench, stem, "oma-1", given)
        assert (again.status_code, again.headers["ETag"]) == (200, '"1"'), "nothing has changed"
        field, value = CHANGES[stem]
        changed = put(bench, stem, "oma-1", given | {field: value})
        assert (changed.status_code, changed.headers["ETag"]) == (200, '"2"')
        assert changed.get_json()["id"] == key
        assert changed.get_json()[field] == value
        assert "Location" not in changed.headers
        assert len(bench.open(stem, query_string="external_id=oma-1").get_json()["items"]) == 1


@pytest.mark.parametrize(
    "name", ["a/b", "2012/17/ä", "a b", "%", "a%2Fb", "?x=1", "#", "..x", "ÅÄÖ+&;"]
)
def test_any_name_can_be_written_in_a_path(bench: Bench, name: str) -> None:
    quoted = "".join(f"%{byte:02X}" for byte in name.encode())
    for status in (201, 200):
        response = put(bench, "contacts", quoted, {"name": "Aino", "external_id": name})
        assert response.status_code == status, response.text
        assert response.get_json()["external_id"] == name


def test_the_body_says_the_name_of_the_path_or_none(app: Flask, bench: Bench) -> None:
    assert put(bench, "contacts", "oma", {"name": "A", "external_id": "oma"}).status_code == 201
    assert put(bench, "contacts", "oma", {"name": "A", "external_id": None}).status_code == 200
    before = contents(app)
    response = put(bench, "contacts", "oma", {"name": "B", "external_id": "toinen"})
    assert response.status_code == 422
    assert places(response) == [("/external_id", "mismatch")]
    assert contents(app) == before


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("x" * 201, "too_long"),
        ("%00", "forbidden_character"),
        ("a%7F", "forbidden_character"),
        ("%20", "blank"),
        ("a%CC%88", "not_normalised"),
        ("%FF", "not_utf8"),
        ("%ED%A0%80", "not_utf8"),
        ("a%09", "wrong_format"),
        ("%2E", "wrong_format"),
        ("%2E%2E", "wrong_format"),
    ],
)
def test_what_can_be_no_name_is_told_by_its_parameter(bench: Bench, name: str, fault: str) -> None:
    response = put(bench, "contacts", name, {"name": "Aino"})
    assert response.status_code == 422, response.text
    assert places(response) == [("external_id", fault)]


SIGNS = st.text(
    st.sampled_from("/.\\%?#&+;:@~ \t\naAäÄ\u0308\u00a0\u2028\u200d\ufeff€💡"), max_size=6
)


def test_every_name_that_a_row_may_have_can_be_put_and_found_by_path(bench: Bench) -> None:
    """Both what is refused in a body and what is refused in a path is what the schema refuses."""

    @settings(
        max_examples=150, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @example(name="/a")
    @example(name="a/")
    @example(name="a//b/../c/./d")
    @example(name=" /a")
    @example(name=". ")
    @example(name="...")
    @example(name="\u2028x")
    @example(name="\ufffd")
    @given(name=SIGNS | st.text(max_size=8))
    def holds(name: str) -> None:
        try:
            Record.writable().fields["external_id"].deserialize(name)
        except ValidationError:
            if name.isprintable() and name:
                answer = bench.create("contacts", external_id=name)
                assert answer.status_code == 422
            return
        path = quote(name, safe="")
        made = put(bench, "contacts", path, {"name": "Aino"})
        assert made.status_code in (200, 201), made.text  # hypothesis may come to a name again
        assert made.get_json()["external_id"] == name
        again = put(bench, "contacts", path, {"name": "Aino", "external_id": name})
        assert (again.status_code, again.get_json()["id"]) == (200, made.get_json()["id"])
        found = bench.open("contacts", query_string={"external_id": name}).get_json()["items"]
        assert [row["id"] for row in found] == [made.get_json()["id"]]

    holds()


@pytest.mark.parametrize("name", ["/a", ".", "..", "a\tb", "a\n", "\n"])
def test_a_name_that_a_path_could_not_carry_is_refused_in_a_body_too(
    bench: Bench, name: str
) -> None:
    answer = bench.create("contacts", external_id=name)
    assert answer.status_code == 422
    fault = "blank" if name.isspace() else "wrong_format"
    assert places(answer) == [("/external_id", fault)]


def test_versions_are_asked_for_only_where_they_are_named(bench: Bench) -> None:
    given = {"name": "Aino"}
    assert code(put(bench, "contacts", "n", given, If_Match='"1"')) == (412, "stale")
    assert code(put(bench, "contacts", "n", given, If_Match="*")) == (412, "stale")
    assert put(bench, "contacts", "n", given, If_None_Match="*").status_code == 201
    late = put(bench, "contacts", "n", {"name": "Eino"}, If_None_Match="*")
    assert code(late) == (412, "stale")
    assert (late.get_json()["current_version"], late.headers["ETag"]) == (1, '"1"')
    assert late.get_json()["detail"] == "There is such a row already."
    assert "differences" not in late.get_json()
    assert put(bench, "contacts", "n", {"name": "Eino"}, If_Match='"1"').status_code == 200
    assert put(bench, "contacts", "n", {"name": "Eino"}, If_Match="*").status_code == 200
    stale = put(bench, "contacts", "n", {"name": "Oiva"}, If_Match='"1"')
    assert code(stale) == (412, "stale")
    assert stale.get_json()["differences"] == [
        {"pointer": "/name", "sent": "Oiva", "current": "Eino"}
    ]
    assert (
        bench.open("contacts", query_string="external_id=n").get_json()["items"][0]["version"] == 2
    )


@pytest.mark.parametrize("given", ["", "1", '1"', "*, *", "W/1", '"1" "2"', '"1", 2'])
@pytest.mark.parametrize("name", ["If-Match", "If-None-Match"])
def test_a_precondition_that_is_none_is_refused(bench: Bench, name: str, given: str) -> None:
    """It must not pass for one that is not there."""
    path = url("contacts", "by-external-id/k1")
    for status in (422, 201, 422):
        headers = {} if status == 201 else {name: given}
        response = bench.client.put(path, json={"name": "Aino"}, headers=bench.manager | headers)
        assert response.status_code == status, response.text
        if status == 422:
            (fault,) = response.get_json()["errors"]
            assert (fault["header"], fault["code"]) == (name, "wrong_format")


def test_the_same_name_of_another_provider_is_another_row(bench: Bench) -> None:
    """Nothing of the other's row is found, changed or told."""
    theirs = bench.world.b.ids["contacts"]
    before = bench.open("contacts", theirs, by=bench.other_manager).get_json()
    response = put(bench, "contacts", "canary-b-contacts", {"name": "Aino"})
    assert response.status_code == 201
    assert response.get_json()["id"] != str(theirs)
    assert 'canary-b"' not in response.text
    assert bench.open("contacts", theirs, by=bench.other_manager).get_json() == before


def test_it_takes_the_right_to_make_and_to_change(app: Flask, bench: Bench) -> None:
    provider = bench.world.a.provider_id
    for who, status in (
        (bearer(app, "viewer", provider), 403),
        (bearer(app, "editor", provider), 201),
        (bench.ministry, 403),
        (bearer(app, None, provider, ["records:read"]), 403),
        (bearer(app, None, provider, ["records:write"]), 201),
    ):
        response = put(bench, "contacts", f"n-{uuid.uuid4()}", {"name": "Aino"}, by=who)
        assert response.status_code == status


def test_only_records_have_names_of_their_providers_own(bench: Bench) -> None:
    for stem in ("projects", "programmes", "users", "providers", "imports"):
        response = bench.client.put(
            f"{url(stem)}/by-external-id/x", headers=bench.ministry, json={}
        )
        assert response.status_code == 404


def test_a_row_stays_where_its_name_was_given(bench: Bench) -> None:
    put(bench, "goals", "t", {"sub_project_id": str(bench.sub_project), "text": "A"})
    elsewhere = {"sub_project_id": str(bench.world.a.ids["sub_projects"]), "text": "A"}
    response = put(bench, "goals", "t", elsewhere)
    assert places(response) == [("/sub_project_id", "immutable")]


def test_of_many_who_make_one_name_at_once_one_does(bench: Bench) -> None:
    headers = bench.manager

    def make(path: str) -> int:
        client = bench.app.test_client()
        return client.put(path, json={"name": "Aino"}, headers=headers).status_code

    for number in range(8):
        path = f"{url('contacts')}/by-external-id/kilpa-{number}"
        with ThreadPoolExecutor(4) as pool:
            statuses = list(pool.map(make, [path] * 4))
        assert statuses.count(201) == 1
        assert set(statuses) <= {200, 201, 409}
        query = {"external_id": f"kilpa-{number}"}
        assert len(bench.open("contacts", query_string=query).get_json()["items"]) == 1
