"""What was let in can be read again, exactly, wherever it is shown: by the row, the list, the report and its page.

A row that goes in and then stops every list it stands in would be worse than one that is refused.
"""

import html
import re
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from flask import Flask
from flask.testing import FlaskClient

from api import wire
from api.models.goals import Goal
from api.scope import Scope
from api.services import rows
from schemas import vocabulary as v
from schemas.fields import Entries, References
from tests import factories
from tests.bodies import at_the_limit, with_each_word
from tests.routes import OPERATIONS, ROW_STEMS, SYSTEM_STEMS, Ground

# The text by which a reader of the printed report knows a row; what stands in no report has none.
SHOWN = {
    **{"programmes": "name", "projects": "name", "providers": "name", "contacts": "name"},
    **{"sub_projects": "name", "goals": "text", "indicators": "name", "measurements": "note"},
    **{"results": "text", "meetings": "title", "surveys": "title", "disseminations": "audience"},
    **{"feedback": "point", "deliverables": "title", "reports": "title"},
}
IN_REPORT = {*SHOWN, "periods"}


@pytest.fixture
def ground(app: Flask, client: FlaskClient) -> Ground:
    return Ground(app, client)


def as_shown(stem: str, body: dict[str, Any]) -> dict[str, Any]:
    """The body as it ought to be shown: what was left out has its default, and links have no order."""
    schema = rows.model_of(stem).schema.writable()
    shown: dict[str, Any] = orjson.loads(wire.dump(schema.dump(schema.load(body))))
    return unordered(stem, shown)


def assert_agrees(shown: Any, expected: Any) -> None:
    """The report shows more than was sent, such as the meeting before which something was delivered."""
    if isinstance(expected, dict):
        for name, value in expected.items():
            assert_agrees(shown[name], value)
    elif isinstance(expected, list):
        for one, other in zip(shown, expected, strict=True):
            assert_agrees(one, other)
    else:
        assert shown == expected


def unordered(stem: str, row: dict[str, Any]) -> dict[str, Any]:
    fields = rows.model_of(stem).schema().fields
    return {
        name: set(value) if isinstance(fields.get(name), References) else value
        for name, value in row.items()
    }


def get(ground: Ground, path: str, headers: dict[str, str], **query: str) -> Any:
    response = ground.client.get(path, headers=headers, query_string=query)
    assert response.status_code == 200, response.get_data(as_text=True)[:1000]
    return response.get_json() if response.is_json else response.get_data(as_text=True)


def with_id(value: Any, key: str) -> Iterator[dict[str, Any]]:
    """Every place of a document at which this row stands."""
    if isinstance(value, dict):
        if value.get("id") == key:
            yield value
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from with_id(inner, key)


def squeezed(text: str) -> str:
    return "".join(text.split())


def visible(page: str) -> str:
    """The page's text without its markup and white space."""
    body = page.partition("<body")[2]
    return squeezed(html.unescape(re.sub(r"<[^>]*>", "", body.partition(">")[2])))


def readers(ground: Ground, stem: str) -> list[dict[str, str]]:
    if stem in SYSTEM_STEMS:
        return [ground.writer(stem), ground.manager]
    return [ground.manager, ground.reviewer]


def assert_read_back(
    ground: Ground, stem: str, key: str, body: dict[str, Any], by: list[dict[str, str]]
) -> None:
    expected = as_shown(stem, body)

    def assert_same(row: dict[str, Any]) -> None:
        shown = unordered(stem, row)
        assert {name: shown[name] for name in expected} == expected

    for headers in by:
        assert_same(get(ground, ground.path(OPERATIONS[f"{stem}.read"], key), headers))
        page = get(ground, OPERATIONS[f"{stem}.list"].rule, headers, limit="500")
        (row,) = (row for row in page["items"] if row["id"] == key)
        assert_same(row)
        assert page["next"] is None


def assert_in_report(ground: Ground, stem: str, key: str, body: dict[str, Any]) -> None:
    path = ground.path(OPERATIONS["reports.read"])
    expected = as_shown(stem, body)
    for headers in (ground.manager, ground.reviewer):
        found = list(with_id(get(ground, path, headers), key))
        assert found, "stands nowhere in the report"
        for row in found:
            assert_agrees(unordered(stem, row), expected)
    told = expected.get(SHOWN.get(stem, "")) or expected.get("reason")
    if isinstance(told, dict):
        told = next(text for text in told.values() if text)
    for language in v.Language:
        page = get(ground, path, ground.manager, format="html", language=language.value)
        assert squeezed(told or "") in visible(page)


@pytest.mark.parametrize("stem", ROW_STEMS)
def test_a_row_at_every_limit_is_read_back_wherever_it_is_shown(ground: Ground, stem: str) -> None:
    operation, schema = OPERATIONS[f"{stem}.replace"], rows.model_of(stem).schema.writable()
    right, key = ground.sendable(stem), str(ground.ids[stem])
    for body in (
        at_the_limit(schema, right, most=True),
        at_the_limit(schema, right, most=False),
        *with_each_word(schema, right),
    ):
        response = ground.send(operation, body)
        assert response.status_code == 200, response.get_data(as_text=True)
        assert_read_back(ground, stem, key, body, readers(ground, stem))
        if stem in IN_REPORT:
            assert_in_report(ground, stem, key, body)


# What tells rows apart, where being at the limit does not.
FREE = {
    "providers": {"business_id": "0116297-6", "oid": "1.2.246.562.10.2"},
    "users": {"email": "eino@koulu.example"},
    "periods": {"code": "2013-year"},
}


def free(ground: Ground, stem: str) -> dict[str, Any]:
    app, a = ground.app, ground.a
    if stem == "participations":
        return {"provider_id": str(factories.make(app, "providers"))}
    if stem == "extensions":
        given = {"project_id": ground.ids["projects"], "code": "2013-year"}
        return {"period_id": str(factories.make(app, "periods", **given))}
    if stem == "goals":
        goal = factories.make(app, "project_goals", project_id=ground.ids["projects"])
        return {"project_goal_id": str(goal)}
    if stem == "measurements":
        indicator = factories.make(app, "indicators", a.provider_id, goal_id=a.ids["goals"])
        return {"indicator_id": str(indicator)}
    return FREE.get(stem, {})


@pytest.mark.parametrize("stem", ROW_STEMS)
def test_a_new_row_at_every_limit_is_read_back(ground: Ground, stem: str) -> None:
    operation, schema = OPERATIONS[f"{stem}.create"], rows.model_of(stem).schema.writable()
    body = at_the_limit(schema, ground.sendable(stem), most=True) | free(ground, stem)
    response = ground.send(operation, body)
    assert response.status_code == 201, response.get_data(as_text=True)
    by = readers(ground, stem)
    if stem == "programmes":  # no provider takes part in a programme that has no project yet
        by = [ground.reviewer]
    assert_read_back(ground, stem, response.get_json()["id"], body, by)


@pytest.mark.parametrize("stem", ["meetings", "surveys", "feedback", "deliverables"])
def test_entries_as_many_as_there_may_be_are_read_back(ground: Ground, stem: str) -> None:
    body = ground.sendable(stem)
    for name, field in rows.model_of(stem).schema.writable().load_fields.items():
        if isinstance(field, Entries) and not isinstance(field, References):
            body[name] = body[name] * v.CHILDREN_MAX
    assert_replaced(ground, stem, body)


def test_links_as_many_as_there_may_be_are_read_back(ground: Ground) -> None:
    with ground.app.extensions["database"].session() as session:
        session.enter(Scope(provider_id=ground.a.provider_id))
        common = {"sub_project_id": ground.ids["sub_projects"], "position": 1}
        goals = [Goal(text=f"Tavoite {n}", **common) for n in range(v.CHILDREN_MAX)]
        session.add_all(goals)
        session.flush()
        keys = [str(goal.id) for goal in goals]
        session.commit()
    assert_replaced(ground, "meetings", ground.sendable("meetings") | {"goal_ids": keys})


def assert_replaced(ground: Ground, stem: str, body: dict[str, Any]) -> None:
    response = ground.send(OPERATIONS[f"{stem}.replace"], body)
    assert response.status_code == 200, response.get_data(as_text=True)[:1000]
    key = str(ground.ids[stem])
    assert_read_back(ground, stem, key, body, readers(ground, stem))
    assert_in_report(ground, stem, key, body)
