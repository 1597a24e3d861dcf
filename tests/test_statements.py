"""What requests cost: how many statements they send, and that each page of a list is found by an index."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from api import lane
from api.access import Reach
from api.base import ProviderScoped, now
from api.scope import Scope, Session, told
from api.services import rows
from api.view import STATEMENTS_KEPT, View
from schemas.fields import Choice, Reference
from schemas.lists import ListQuery
from tests import factories
from tests.examples import RECORDS, statements
from tests.routes import (
    MISSING,
    OPERATIONS,
    PLAN_STEMS,
    RECORD_STEMS,
    ROW_STEMS,
    Ground,
    Operation,
)

# Not a query: it begins and scopes the transaction.
FRAME = re.compile(r"BEGIN|SET LOCAL|PRAGMA|SELECT pg_catalog\.version|ROLLBACK")

LISTS = [OPERATIONS[f"{stem}.list"] for stem in (*ROW_STEMS, "imports", "jobs", "comments")]
# The ministry finds rows by these in the order of the list, past those that don't fit: words stand close enough
# together, and a name that a provider gave means something with its provider only.
ALONG_THE_LIST = ("kind", "source", "state", "status", "attendance", "progress", "external_id")
NO_FILTERS = {*ListQuery().fields, "q", "sort", "fields", "expand"}


@pytest.fixture
def ground(app: Flask, client: FlaskClient) -> Ground:
    return Ground(app, client)


@contextmanager
def queries(app: Flask) -> Iterator[list[str]]:
    """What was asked meanwhile, without what begins a transaction."""
    asked: list[str] = []
    with statements(app) as sent:
        yield asked
    asked += [one for one in sent if not FRAME.match(one)]


# how many


def fill(ground: Ground, count: int) -> None:
    """Goals, surveys and meetings, each of the latter two with entries and links."""
    a = ground.a
    for _ in range(count):
        goal = factories.make(
            ground.app, "goals", a.provider_id, sub_project_id=a.ids["sub_projects"]
        )
        cited = {"sub_project_id": a.ids["sub_projects"], "goal_ids": [goal, a.ids["goals"]]}
        people = [{"name": "Aino", "contact_id": a.ids["contacts"]}, {"name": "Eino"}]
        factories.make(ground.app, "meetings", a.provider_id, participants=people, **cited)
        factories.make(
            ground.app, "surveys", a.provider_id, questions=[{"text": "Miten?"}] * 2, **cited
        )


@pytest.mark.parametrize("role", ["manager", "reviewer"])
def test_a_page_costs_a_few_statements_whatever_is_on_it(ground: Ground, role: str) -> None:
    headers = getattr(ground, role)
    few = page_costs(ground, headers)
    fill(ground, 8)
    assert len(ground.client.get("/api/v1/meetings", headers=headers).get_json()["items"]) > 8
    assert page_costs(ground, headers) == few
    assert few == {stem: page_cost(stem) for stem in few}


def page_cost(stem: str) -> int:
    """Who asks (a person: the account and its sign-in in one), of records whether anything has changed, and the rows
    with all their entries."""
    return 3 if stem in RECORDS else 2


def test_a_page_and_a_row_are_begun_and_scoped_by_one_message(ground: Ground, engine: str) -> None:
    for path, cost in (
        ("/api/v1/results", page_cost("results")),
        (ground.path(OPERATIONS["results.read"]), 2),
    ):
        with statements(ground.app) as sent:
            assert ground.client.get(path, headers=ground.manager).status_code == 200
        begin, *asked = sent
        assert len(asked) == cost, sent
        if engine == "postgresql":
            assert re.fullmatch(
                r"BEGIN .*; SET LOCAL ROLE \w+; SET LOCAL lamppu.provider = '.+'", begin
            )


def page_costs(ground: Ground, headers: dict[str, str]) -> dict[str, int]:
    costs = {}
    for operation in LISTS:
        if operation.stem in ("users", "clients") and headers is ground.reviewer:
            continue
        with queries(ground.app) as asked:
            response = ground.client.get(operation.rule, headers=headers)
        assert response.status_code == 200
        costs[operation.stem] = len(asked)
    return costs


@pytest.mark.parametrize("role", ["manager", "reviewer"])
def test_reading_a_row_costs_two_statements(ground: Ground, role: str) -> None:
    fill(ground, 3)
    for stem in (*PLAN_STEMS, *RECORD_STEMS):
        if stem == "reports":  # compiled from all the records: see tests/resources/test_reports.py
            continue
        with queries(ground.app) as asked:
            response = ground.client.get(
                ground.path(OPERATIONS[f"{stem}.read"]), headers=getattr(ground, role)
            )
        assert response.status_code == 200
        assert len(asked) == 2, (stem, asked)


# Who asks; the rows that it refers to, all in one statement; whether a report holds what the row's sub-project has; the
# insert, and one more for each kind of entry; the row as it is shown.
CREATED = {
    "programmes": 3,
    "contacts": 3,
    "project_goals": 4,
    "goals": 5,
    "results": 5,
    "meetings": 7,
    "surveys": 8,
}
# The row is read to lock it and shown to see whether anything changes, and whether a report holds it; of entries, those
# that were there are deleted.
REPLACED = {"contacts": 6, "goals": 7, "meetings": 11, "surveys": 14}


@pytest.mark.parametrize("stem", CREATED)
def test_making_a_row_costs_a_statement_for_each_kind_of_row_in_it(
    ground: Ground, stem: str
) -> None:
    costs = []
    for entries in (1, 40):
        body = filled(ground, stem, entries) | {"external_id": None}
        if stem in PLAN_STEMS:
            body.pop("external_id")
        if "code" in body:
            body["code"] = f"T-{entries}"
        if stem == "goals":
            another = factories.make(ground.app, "project_goals", project_id=ground.ids["projects"])
            body["project_goal_id"] = str(another)
        with queries(ground.app) as asked:
            response = ground.send(OPERATIONS[f"{stem}.create"], body)
        assert response.status_code == 201, response.text
        costs.append(len(asked))
    assert costs == [CREATED[stem]] * 2, asked


@pytest.mark.parametrize("method", ["patch", "replace"])
@pytest.mark.parametrize("stem", REPLACED)
def test_changing_a_row_costs_the_same_however_many_entries_it_has(
    ground: Ground, stem: str, method: str
) -> None:
    operation, costs = OPERATIONS[f"{stem}.{method}"], []
    for entries in (2, 40, 39):
        body, headers = filled(ground, stem, entries), ground.headers(operation)
        body["external_id"] = f"changed {entries}"
        with queries(ground.app) as asked:
            response = ground.send(operation, body, headers=headers)
        assert response.status_code == 200, response.text
        costs.append(len(asked))
    merging = 1 if method == "patch" else 0  # it is merged with the row as it is shown
    assert costs == [REPLACED[stem] + merging] * 3, asked


def filled(ground: Ground, stem: str, entries: int) -> dict[str, Any]:
    body = ground.sendable(stem)
    for name in ("participants", "respondent_groups", "questions"):
        if name in body:
            body[name] = body[name][:1] * entries
    return body


# how they are found


def plans(
    session: Session,
    view: View,
    reach: Reach,
    filters: dict[str, Any],
    **place: Any,
) -> list[str]:
    """How the database would find a page far down the list."""
    connection = session.connection()
    statement, values = view.asked(reach, filters, **({"after": (MISSING,)} | place), limit=51)
    asked = lane.prepared(statement, connection.dialect)
    statement, parameters = asked.call(values | told(session.scope, statement))
    if connection.dialect.name == "sqlite":
        explained = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        return [row.detail for row in explained]
    # So few rows are read and sorted fastest; what is asked here is whether there is an index at all.
    connection.exec_driver_sql("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
    connection.exec_driver_sql("SET LOCAL enable_bitmapscan = off")
    explained = connection.exec_driver_sql(f"EXPLAIN (COSTS OFF) {statement}", parameters)
    return [line for (line,) in explained]


def value(operation: Operation, name: str, ground: Ground) -> Any:
    field = operation.query.fields[name]
    if isinstance(field, Choice):
        return next(iter(field.words)).value
    if name == "provider_id":  # another's would be refused before any row is looked for
        return ground.a.provider_id
    return MISSING if isinstance(field, Reference) else "x"


@pytest.mark.parametrize("reader", ["provider", "ministry"])
def test_each_page_of_each_list_is_found_by_an_index(
    ground: Ground, engine: str, reader: str
) -> None:
    database = ground.app.extensions["database"]
    for operation in LISTS:
        model = rows.model_of(operation.stem)
        view, reach = View(model), Reach.EVERY
        record = issubclass(model, ProviderScoped)
        if reader == "provider":
            reach = Reach.TAKES_PART if operation.stem in PLAN_STEMS else Reach.OWN
            if operation.stem == "providers":
                continue
        for name in (None, *(set(operation.query.fields) - NO_FILTERS)):
            filters = {name: value(operation, name, ground)} if name else {}
            with database.session(write=False) as session:
                session.enter(
                    Scope(everyone=True)
                    if reader == "ministry" and record
                    else Scope(provider_id=ground.a.provider_id)
                )
                found = plans(session, view, reach, filters)
            where = f"{operation.stem} by {name} for the {reader}:\n" + "\n".join(found)
            if engine == "postgresql":
                assert not re.search(r"Seq Scan|Sort", "\n".join(found)), where
                continue
            assert not [one for one in found if re.match(r"SCAN (?!anon_)(?!.* INDEX )", one)], (
                where
            )
            if name and name not in {*model.__table__.c.keys(), "email"}:
                # By way of the links, or of the project's sub-projects: so few that they may be sorted.
                assert re.search(rf"SEARCH {operation.stem} USING .*id=\?", "\n".join(found)), where
                continue
            if record:
                (searched,) = (one for one in found if one.startswith(f"SEARCH {operation.stem} "))
                along = reader == "ministry" and name in (None, *ALONG_THE_LIST)
                wanted = "id>?" if along else rf"\b({name}|provider_id)=\?"
                assert re.search(wanted, searched), where
            kind = model.__table__.c[name].info if name else {}
            if record and reader == "provider" and kind.keys() & {"record", "plan"}:
                assert re.search(rf"\b{name}=\?", searched), where
                assert re.search(r"\bprovider_id=\?", searched), where
            # Of the plan a provider sorts the little that it sees, the ministry what belongs to one row.
            sorts = not record if reader == "provider" else "record" in kind
            assert sorts or "USE TEMP B-TREE FOR ORDER BY" not in found, where


@pytest.mark.parametrize("order", ["updated_at", "-updated_at", "-created_at"])
@pytest.mark.parametrize("reader", ["provider", "ministry"])
def test_a_page_in_each_order_begins_where_an_index_says(
    ground: Ground, engine: str, reader: str, order: str
) -> None:
    database = ground.app.extensions["database"]
    after = (now(), MISSING) if "updated" in order else (MISSING,)
    for stem in RECORD_STEMS:
        view = View(rows.model_of(stem))
        # Upwards by change the cursor says it: SQLite would begin at the moment again, page after page.
        later = [] if order == "updated_at" else [{"updated_since": now() - timedelta(days=1)}]
        for since in ({}, *later):
            with database.session(write=False) as session:
                whose = {"everyone": True} if reader == "ministry" else {"provider_id": MISSING}
                session.enter(Scope(**whose))
                reach = Reach.EVERY if reader == "ministry" else Reach.OWN
                found = "\n".join(plans(session, view, reach, since, order=order, after=after))
            where = f"{stem} {order} {since} for the {reader}:\n{found}"
            if engine == "postgresql":
                assert not re.search(r"Seq Scan|Sort", found), where
                assert re.search(r"Index Cond: .*\bid\b.* [<>]", found), where
                continue
            assert "TEMP B-TREE FOR ORDER BY" not in found, where
            place = {"ministry": "", "provider": r"provider_id=\? AND "}[reader]
            bound = r"updated_at>\? AND " if since and "updated" in order else ""
            key = r"\(updated_at,id\)" if "updated" in order else "id"
            assert re.search(f"{place}{bound}{key}{'<' if '-' in order else '>'}", found), where


def test_expanding_costs_a_statement_a_member_whatever_is_on_the_page(ground: Ground) -> None:
    asked_for = {
        "goals": ["provider", "sub_project", "project_goal", "results", "indicators"],
        "projects": ["coordinator", "programme", "periods", "participations"],
        "deliverables": ["based_on", "sub_project", "disseminations"],
    }
    for stem, members in asked_for.items():
        for headers in (ground.manager, ground.reviewer):
            for path, cost in (
                (OPERATIONS[f"{stem}.list"].rule, page_cost(stem)),
                (ground.path(OPERATIONS[f"{stem}.read"]), 2),
            ):
                for end in range(len(members) + 1):
                    query = {"expand": ",".join(members[:end])} if end else {}
                    with queries(ground.app) as asked:
                        answer = ground.client.get(path, headers=headers, query_string=query)
                    assert answer.status_code == 200, answer.text
                    # Of a reference that no row has, nothing is asked.
                    spared = 1 if stem == "deliverables" and end else 0
                    assert len(asked) == cost + end - spared, (path, query, asked)
        fill(ground, 3)


def test_what_is_expanded_is_found_by_the_index_of_what_it_belongs_to(
    ground: Ground, engine: str
) -> None:
    goal = f"{ground.path(OPERATIONS['goals.read'])}?expand=results"
    with queries(ground.app) as asked:
        assert ground.client.get(goal, headers=ground.manager).status_code == 200
    (found,) = [text for text in asked if "FROM results" in text]
    assert "goal_id IN (" in found if engine == "sqlite" else "goal_id = ANY (" in found
    assert ") = 1" not in found


def test_counting_costs_one_more_statement(ground: Ground) -> None:
    for operation in LISTS:
        if operation.stem in ("users", "clients"):
            continue
        with queries(ground.app) as asked:
            answer = ground.client.get(f"{operation.rule}?count=true", headers=ground.manager)
        assert answer.get_json()["total"] == len(answer.get_json()["items"])
        assert len(asked) == page_cost(operation.stem) + 1


def test_statements_are_built_once_and_not_kept_without_end(ground: Ground) -> None:
    view = View(rows.model_of("goals"))
    with ground.app.extensions["database"].session(write=False) as session:
        session.enter(Scope(provider_id=ground.a.provider_id))
        for _ in range(3):
            view.rows(session, Reach.OWN, {"id": MISSING}, limit=1)
        assert view.statement.cache_info()[:2] == (2, 1)
        names = [*view.columns][1:]
        for chosen in range(STATEMENTS_KEPT + 20):
            some = frozenset(name for n, name in enumerate(names) if chosen >> n & 1)
            view.rows(session, Reach.OWN, {"id": MISSING}, names=some | {"id"})
        assert view.statement.cache_info().misses > STATEMENTS_KEPT
        assert view.statement.cache_info().currsize <= STATEMENTS_KEPT


def test_an_external_id_is_found_by_its_index_when_its_provider_is_named(
    ground: Ground, engine: str
) -> None:
    """The ministry's lists are not searched by it alone; with the provider it names one row."""
    filters = {"provider_id": ground.a.provider_id, "external_id": "x"}
    for stem in RECORD_STEMS:
        with ground.app.extensions["database"].all_providers() as session:
            found = plans(session, View(rows.model_of(stem)), Reach.EVERY, filters)
        wanted = {"sqlite": "provider_id=? AND external_id=?", "postgresql": "external_id"}[engine]
        (how,) = (
            one for one in found if f"{stem} " in f"{one} " and re.search("SEARCH|Index", one)
        )
        assert wanted in "\n".join(found), (how, found)
