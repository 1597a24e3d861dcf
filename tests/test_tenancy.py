"""Tenancy as a caller meets it: to provider `b`, what is provider `a`'s or `c`'s does not exist, in any route.

The texts of each provider carry a canary; `Caller` listens for the others' in every answer.
"""

import json
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from api.services import rows
from schemas.fields import Entries, Part, Reference, References
from schemas.vocabulary import ReportAction
from tests.factories import Tenant, World, bearer, commented, frozen, imported, make, queued, world
from tests.routes import OPERATIONS, Operation, contents

PLAN = (
    "programmes",
    "projects",
    "periods",
    "project_goals",
    "project_indicators",
    "project_meetings",
    "participations",
    "extensions",
)
ACCOUNTS = ("users", "clients", "webhooks")
# No provider's role may do this to any row, so the gate answers.
MINISTRYS = (
    *("programmes.replace", "programmes.patch", "programmes.delete", "projects.delete"),
    *("reports.return", "reports.accept", "reports.reopen", "projects.report"),
)
PUBLIC = ("providers",)  # who takes part in what is no secret
OURS = {"auth", "forms", "openapi", "well_known"}  # routes without rows
ITEMS = [o for o in OPERATIONS.values() if "<uuid:key>" in o.rule and o.stem not in PUBLIC]
LISTS = [o for o in OPERATIONS.values() if o.name == "list" and o.stem not in OURS]
RECORD_LISTS = [o for o in LISTS if o.stem not in (*PLAN, *ACCOUNTS, *PUBLIC)]


class Caller:
    """Somebody who calls, and must never hear of certain tenants."""

    def __init__(self, client: FlaskClient, headers: dict[str, str], *strangers: Tenant):
        self.client, self.headers, self.strangers = client, headers, strangers

    def send(self, method: str, path: str, body: Any = None, **query: Any) -> TestResponse:
        headers = dict(self.headers)
        if method in ("PUT", "PATCH", "DELETE"):
            headers["If-Match"] = '"1"'
        sent: dict[str, Any] = {} if body is None else {"json": body}
        answer = self.client.open(path, method=method, headers=headers, query_string=query, **sent)
        heard = f"{answer.get_data(as_text=True)} {answer.headers}"
        assert not [one.mark for one in self.strangers if one.mark in heard], f"{method} {path}"
        assert answer.status_code < 500, f"{method} {path}"
        return answer

    def get(self, path: str, **query: Any) -> Any:
        answer = self.send("GET", path, **query)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return answer.get_json()

    def all(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """The rows of a list, page by page, one row a page."""
        found, cursor = [], {}
        while True:
            page = self.get(path, limit=1, **query, **cursor)
            found += page["items"]
            if page["next"] is None:
                return found
            cursor = {"cursor": page["next"]}

    def sendable(self, stem: str, key: uuid.UUID) -> dict[str, Any]:
        """A row of the caller's as he would send it back."""
        shown = self.get(f"{path_of(stem)}/{key}")
        return {n: shown[n] for n in rows.model_of(stem).schema.writable().fields if n in shown}


def path_of(stem: str) -> str:
    return OPERATIONS[f"{stem}.list"].rule


def told(answer: TestResponse) -> tuple[Any, ...]:
    """What an answer tells, apart from what was asked and which request it was."""
    body = answer.get_data(as_text=True)
    if body and answer.mimetype.endswith("json"):
        body = {k: v for k, v in answer.get_json().items() if k not in ("instance", "request_id")}
    passing = ("Date", "X-Request-ID", "Content-Length")
    headers = {name: value for name, value in answer.headers if name not in passing}
    if answer.status_code == 200 and "ETag" in headers:
        # Of a list what stands behind the dot names the request too (see api/freshness.py).
        headers["ETag"] = headers["ETag"].partition(".")[0]
    return answer.status_code, headers, body


@pytest.fixture
def ground(app: Flask) -> World:
    """Three tenants, each with a row of every record resource, an import, a job, a user, a client and a webhook, and a
    report that was submitted once.
    """
    made = world(app)
    for one in (made.a, made.b, made.c):
        one.ids |= {"imports": imported(app, one), "jobs": queued(app, one)}
        one.ids["comments"] = commented(app, one)
        frozen(app, one)
        account = {"provider_id": one.provider_id, "name": one.mark}
        email = f"{one.mark}@koulu.example"
        one.ids["users"] = make(app, "users", email=email, role="viewer", **account)
        one.ids["clients"] = make(app, "clients", scopes=["records:read"], **account)
        address = f"https://{one.mark}.example/hook"
        one.ids["webhooks"] = make(app, "webhooks", provider_id=one.provider_id, url=address)
    return made


@pytest.fixture
def b(app: Flask, client: FlaskClient, ground: World) -> Caller:
    """A manager of `b`, which takes part in the project of `a` and in none of `c`."""
    return Caller(client, bearer(app, "manager", ground.b.provider_id), ground.a, ground.c)


# one row


def _bodies(b: Caller, ground: World, operation: Operation) -> Iterator[Any]:
    """Valid bodies for an item's route: what `b` would send of its own row."""
    if operation.endpoint in ("clients.secret", "webhooks.secret"):
        yield {}
    elif operation.endpoint == "webhooks.replay":
        yield {"after": None}
    elif operation.name in ("comment", "edit"):
        yield {"text": "Because."}
    elif operation.endpoint in ("comments.resolve", "comments.reopen"):
        yield None
    elif operation.name in [*ReportAction]:
        yield {"reason": "Because."}
    elif operation.name in ("replace", "patch"):
        own = ground.plan if operation.stem in PLAN else ground.b.ids
        yield b.sendable(operation.stem, own[operation.stem])
    else:
        known = ("read", "delete", "deliveries", "cancel", "undo", "actions", "events", "deadlines")
        report = (
            "versions",
            "version",
            "differences",
            "version_differences",
            "check",
            "comments",
            "report",
        )
        assert operation.name in (*known, *report, "remove"), (
            f"{operation.endpoint}: say what to send"
        )
        yield None


def test_another_providers_row_answers_as_no_row_to_every_method(
    app: Flask, b: Caller, ground: World
) -> None:
    before = contents(app)
    assert len(ITEMS) > 80
    for operation in ITEMS:
        # The plan of the project that both take part in is shared; that of `c` is not.
        theirs = ground.other_plan if operation.stem in PLAN else ground.a.ids
        for method in (
            {operation.method, "HEAD"} if operation.method == "GET" else {operation.method}
        ):
            for body in _bodies(b, ground, operation):
                answers = [
                    told(b.send(method, operation.rule.replace("<uuid:key>", str(key)), body))
                    for key in (theirs[operation.stem], uuid.uuid4())
                ]
                assert answers[0] == answers[1], operation.endpoint
                expected = 403 if operation.endpoint in MINISTRYS else 404
                assert answers[0][0] == expected, operation.endpoint
    assert contents(app) == before


def test_the_same_routes_find_the_callers_own_rows(b: Caller, ground: World) -> None:
    """Or the test above would be content with routes that find nothing."""
    for operation in ITEMS:
        own = ground.plan if operation.stem in PLAN else ground.b.ids
        path = operation.rule.replace("<uuid:key>", str(own[operation.stem]))
        # Of the first version, which has none before it.
        query = {"from": 1} if operation.name == "version_differences" else {}
        if operation.method == "GET":
            others = ("projects.deadlines", "projects.report")  # the coordinator's, the ministry's
            expected = 403 if operation.endpoint in others else 200
            assert b.send("GET", path, **query).status_code == expected, operation.endpoint


def test_another_providers_report_is_no_page_either(b: Caller, ground: World) -> None:
    for query in ({"format": "html"}, {"format": "html", "language": "sv"}, {"format": "json"}):
        answers = [
            told(b.send("GET", f"/api/v1/reports/{key}", **query))
            for key in (ground.a.ids["reports"], uuid.uuid4())
        ]
        assert answers[0] == answers[1]
        assert answers[0][0] == 404


# references in bodies


def _pointed(schema: Any, body: dict[str, Any], base: str = "") -> Iterator[tuple[str, str]]:
    """Each reference that a body could make: its pointer and its target."""
    for name, field in schema.load_fields.items():
        if isinstance(field, Reference):
            yield f"{base}/{name}", field.target
        elif isinstance(field, References):
            yield f"{base}/{name}/0", field.target
        elif isinstance(field, Entries) and isinstance(field.inner, Part):
            for place, entry in enumerate(body[name]):
                yield from _pointed(field.inner.schema, entry, f"{base}/{name}/{place}")


def _with(body: Any, pointer: str, key: uuid.UUID) -> Any:
    """The body with an id at this place."""
    step, _, rest = pointer.removeprefix("/").partition("/")
    if isinstance(body, list):
        return [_with(body[0], rest, key)] if rest else [str(key)]
    inner = _with(body.get(step), "/" + rest, key) if rest else str(key)
    if rest == "0":
        inner = [str(key)]
    return {**body, step: inner}


@dataclass(frozen=True)
class Given:
    """A body of the caller's for a row of his, and one place in it that refers to another resource."""

    stem: str
    key: uuid.UUID
    body: dict[str, Any]
    pointer: str
    target: str


def _references(caller: Caller, own: dict[str, uuid.UUID], stems: Iterable[str]) -> Iterator[Given]:
    for stem in stems:
        schema, key = rows.model_of(stem).schema.writable(), own[stem]
        body = caller.sendable(stem, key)
        for pointer, target in _pointed(schema, body):
            if (stem, pointer) == ("disseminations", "/deliverable_id"):
                yield Given(stem, key, body | {"survey_id": None}, pointer, target)
            else:
                yield Given(stem, key, body, pointer, target)


def _refused_alike(caller: Caller, given: Given, theirs: uuid.UUID) -> None:
    """As a reference to no row, where it stands, in every way to write."""
    path = path_of(given.stem)
    item = f"{path}/{given.key}"
    for method, where in (("POST", path), ("PUT", item), ("PATCH", item)):
        answers = [
            told(caller.send(method, where, _with(given.body, given.pointer, key)))
            for key in (theirs, uuid.uuid4())
        ]
        assert answers[0] == answers[1], f"{method} {given.stem} {given.pointer}"
        status, _, problem = answers[0]
        faults = [(fault["pointer"], fault["code"]) for fault in problem["errors"]]
        assert (status, faults) == (422, [(given.pointer, "not_found")]), f"{method} {given.stem}"


def test_a_reference_to_another_providers_row_is_one_to_no_row(
    app: Flask, b: Caller, ground: World
) -> None:
    before = contents(app)
    theirs = ground.a.ids | ground.other_plan  # the plan of `a` is also the plan of `b`
    stems = [
        o.stem for o in RECORD_LISTS if f"{o.stem}.create" in OPERATIONS and o.stem != "imports"
    ]
    tried = set()
    for given in _references(b, ground.b.ids, stems):
        tried.add((given.stem, given.target))
        _refused_alike(b, given, theirs[given.target])
    assert ("meetings", "contacts") in tried  # in an entry
    assert ("reports", "periods") in tried  # in a list
    assert ("disseminations", "deliverables") in tried  # one or the other
    assert ("sub_projects", "projects") in tried
    assert contents(app) == before


def test_a_coordinators_reference_to_another_projects_plan_is_one_to_no_row(
    app: Flask, client: FlaskClient, ground: World
) -> None:
    a = Caller(client, bearer(app, "manager", ground.a.provider_id), ground.b, ground.c)
    before = contents(app)
    stems = [stem for stem in PLAN if stem not in ("programmes", "projects")]
    for given in _references(a, ground.plan, stems):
        if given.target not in PUBLIC:
            _refused_alike(a, given, ground.other_plan[given.target])
    assert contents(app) == before


# lists


def test_lists_hold_the_callers_own_rows_on_all_pages(app: Flask, b: Caller, ground: World) -> None:
    second = make(app, "contacts", ground.b.provider_id, name="Second")
    make(app, "contacts", ground.a.provider_id, name="canary-a again")
    for operation in RECORD_LISTS:
        shown = [row["id"] for row in b.all(operation.rule)]
        more = [str(second)] if operation.stem == "contacts" else []
        assert shown == [str(ground.b.ids[operation.stem]), *more], operation.stem
    assert {row["provider_id"] for stem in ACCOUNTS for row in b.all(path_of(stem))} == {
        str(ground.b.provider_id)
    }


def test_exports_hold_what_the_callers_lists_hold(app: Flask, b: Caller, ground: World) -> None:
    make(app, "contacts", ground.b.provider_id, name="Second")
    make(app, "contacts", ground.a.provider_id, name="canary-a again")
    assert len(LISTS) > 20
    for operation in LISTS:
        shown = [row["id"] for row in b.all(operation.rule)]
        export = OPERATIONS[f"exports.{operation.stem}"].rule
        rows = b.send("GET", export).get_data().splitlines()
        assert [json.loads(row)["id"] for row in rows] == shown, export
        whole = export.replace("ndjson", "json")
        assert [row["id"] for row in b.get(whole)["items"]] == shown, whole
        table = b.send("GET", export.replace("ndjson", "csv"), fields="id", bom="false")
        assert table.get_data(as_text=True).splitlines() == ["id", *shown], export
        for name in operation.query.fields.keys() & {"provider_id", "sub_project_id"}:
            strangers = ground.a.ids | {"providers": ground.a.provider_id}
            key = strangers[operation.query.fields[name].target]
            # Who takes part in the own project is no secret, nor who was given more time.
            if operation.stem not in ("participations", "extensions"):
                assert b.send("GET", export, **{name: str(key)}).get_data() == b"", export


def test_lists_of_the_plan_hold_the_projects_that_the_caller_takes_part_in(
    b: Caller, ground: World
) -> None:
    for stem in PLAN:
        shown = {row["id"] for row in b.all(path_of(stem))}
        assert str(ground.plan[stem]) in shown
        assert str(ground.other_plan[stem]) not in shown


def test_a_filter_by_another_providers_row_finds_what_one_by_no_row_finds(
    b: Caller, ground: World
) -> None:
    tried = set()
    for operation in LISTS:
        assert operation.query
        for name, field in operation.query.fields.items():
            if not isinstance(field, Reference):
                continue
            tried.add(name)
            strangers = ground.c.ids | ground.other_plan | {"providers": ground.c.provider_id}
            keys = [strangers[field.target]]
            if operation.stem not in PLAN:
                keys += [(ground.a.ids | {"providers": ground.a.provider_id}).get(field.target)]
            for key in filter(None, keys):
                found = told(b.send("GET", operation.rule, **{name: str(key)}))
                assert found == told(b.send("GET", operation.rule, **{name: str(uuid.uuid4())}))
                assert found[2] == {"items": [], "next": None}, f"{operation.rule}?{name}="
    assert tried >= {"sub_project_id", "goal_id", "survey_id", "provider_id", "project_id"}


def test_a_filter_by_another_providers_word_finds_nothing(b: Caller, ground: World) -> None:
    words = {
        "external_id": lambda stem: f"canary-a-{stem}",
        "email": lambda _: "canary-a@koulu.example",
    }
    tried = 0
    for operation in LISTS:
        assert operation.query
        for name in operation.query.fields.keys() & words.keys():
            tried += 1
            found = b.get(operation.rule, **{name: words[name](operation.stem)})
            assert found == {"items": [], "next": None}, operation.rule
            own = words[name](operation.stem).replace("canary-a", "canary-b")
            assert len(b.get(operation.rule, **{name: own})["items"]) == 1, operation.rule
    assert tried > 12


def test_a_search_and_a_count_know_nothing_of_others(b: Caller, ground: World) -> None:
    for operation in LISTS:
        assert operation.query
        if "q" in operation.query.fields:
            for mark in ("canary-a", "CANARY-C"):
                page = b.get(operation.rule, q=mark, count="true")
                assert page == {"items": [], "next": None, "total": 0}, operation.rule
        total = b.get(operation.rule, count="true", limit=1)["total"]
        assert total == len(b.all(operation.rule)), operation.rule
        assert total == len(b.all(operation.rule, sort="-updated_at")), operation.rule


def test_nothing_that_is_expanded_is_another_providers(b: Caller, ground: World) -> None:
    """`Caller` listens for canaries; ids are looked at here."""
    foreign = {
        str(key) for one in (ground.a.ids, ground.c.ids, ground.other_plan) for key in one.values()
    }
    tried = 0
    for operation in LISTS:
        assert operation.query
        if "expand" not in operation.query.fields:
            continue
        for name in operation.query.fields["expand"].choices:
            for row in b.all(operation.rule, expand=name):
                members = row[name] if isinstance(row[name], list) else [row[name]]
                shown = {member["id"] for member in members if member}
                assert not shown & foreign, (operation.rule, name)
                tried += len(shown)
    assert tried > 50


def test_a_cursor_of_another_provider_is_refused(
    app: Flask, client: FlaskClient, b: Caller, ground: World
) -> None:
    a = Caller(client, bearer(app, "manager", ground.a.provider_id), ground.b, ground.c)
    for stem in ("contacts", "goals"):
        sub_project = {"sub_project_id": ground.a.ids["sub_projects"]} if stem == "goals" else {}
        make(app, stem, ground.a.provider_id, **sub_project)
        cursor = a.get(path_of(stem), limit=1)["next"]
        answer = b.send("GET", path_of(stem), limit=1, cursor=cursor)
        assert (answer.status_code, answer.get_json()["errors"][0]["code"]) == (422, "wrong_cursor")


# imports, and what is taken over from the plan


def _document(project: str, mark: str, **elements: Any) -> dict[str, Any]:
    return {"project": project, "sub_project": {"external_id": f"{mark}-sub_projects"}, **elements}


def test_an_import_finds_no_name_and_no_id_of_another_providers_rows(
    app: Flask, client: FlaskClient, b: Caller, ground: World
) -> None:
    [project] = b.all("/api/v1/projects")
    before = contents(app)
    goal = {"external_id": "g", "text": "Goal"}
    result = {"external_id": "r", "kind": "activity", "text": "Done"}
    placed, dated = result | {"period": "2012-spring"}, result | {"goal": "g"}
    theirs, plan, missing = ground.a.ids, ground.other_plan, str(uuid.uuid4())
    tries = [
        ("results", placed, "goal", "canary-a-goals", "no-such-goal"),
        ("results", placed, "goal_id", str(theirs["goals"]), missing),
        ("results", dated, "period_id", str(plan["periods"]), missing),
        ("goals", goal, "sub_project_id", str(theirs["sub_projects"]), missing),
        ("goals", goal, "project_goal_id", str(plan["project_goals"]), missing),
    ]
    for place, element, name, foreign, absent in tries:
        answers = []
        for value in (foreign, absent):
            elements = {"goals": [goal], place: [element | {name: value}]}
            document = _document(project["acronym"], "canary-b", **elements)
            answers.append(told(b.send("POST", "/api/v1/imports", document)))
        assert answers[0] == answers[1], name
        status, _, problem = answers[0]
        faults = [(fault["pointer"], fault["code"]) for fault in problem["errors"]]
        assert (status, faults) == (422, [(f"/{place}/0/{name}", "not_found")]), name
    assert contents(app) == before


def test_another_providers_name_in_a_path_is_one_that_nobody_has(
    app: Flask, b: Caller, ground: World
) -> None:
    """Their row is neither changed nor told of: under its name a row of ones own is made."""
    named = [o for o in OPERATIONS.values() if o.name == "put_by_external_id"]
    assert {o.stem for o in named} == {o.stem for o in RECORD_LISTS} - {
        "imports",
        "jobs",
        "comments",
    }
    listening, b.strangers = b.strangers, (ground.c,)  # the own row comes to bear the name
    for operation in named:
        theirs = f"canary-a-{operation.stem}"
        before = [row for row in contents(app)[operation.stem] if theirs in row]
        body = b.sendable(operation.stem, ground.b.ids[operation.stem]) | {"external_id": theirs}
        path = operation.rule.replace("<path:external_id>", theirs)
        headers = b.headers
        stale = b.client.put(path, json=body, headers=headers | {"If-Match": '"1"'})
        assert (stale.status_code, "current_version" in stale.get_json()) == (412, False)
        if operation.stem in ("goals", "measurements"):  # one for a goal of the plan, or a period
            assert b.client.put(path, json=body, headers=headers).status_code == 409
            body |= {"project_goal_id": None} if operation.stem == "goals" else {}
        if operation.stem != "measurements":
            made = b.client.put(path, json=body, headers=headers)
            assert made.status_code == 201, made.text
            assert made.get_json()["provider_id"] == str(ground.b.provider_id)
        after = contents(app)[operation.stem]
        assert [row for row in before if row in after] == before, operation.stem
    b.strangers = listening


def test_an_import_by_another_providers_names_makes_rows_of_ones_own(
    app: Flask, b: Caller, ground: World
) -> None:
    """External ids are each provider's own: the same name is another row, and nothing of the first one shows."""
    [project] = b.all("/api/v1/projects")
    theirs = {"external_id": "canary-a-goals", "text": "Taken?"}
    listening, b.strangers = b.strangers, (ground.c,)  # its own row now bears the name
    answer = b.send(
        "POST", "/api/v1/imports", _document(project["acronym"], "canary-b", goals=[theirs])
    )
    assert answer.get_json()["counts"]["goals"] == {"created": 1, "updated": 0, "unchanged": 0}
    [own] = b.all("/api/v1/goals", external_id="canary-a-goals")
    assert (own["text"], own["provider_id"]) == ("Taken?", str(ground.b.provider_id))
    b.strangers = listening
    assert "canary-a goal" in str(contents(app)["goals"])


def test_an_import_into_a_project_of_others_is_one_into_no_project(
    app: Flask, client: FlaskClient, b: Caller, ground: World
) -> None:
    c = Caller(client, bearer(app, "manager", ground.c.provider_id), ground.a, ground.b)
    [theirs] = c.all("/api/v1/projects")
    answers = [
        told(b.send("POST", "/api/v1/imports", _document(acronym, "canary-b")))
        for acronym in (theirs["acronym"], "NONE")
    ]
    assert answers[0] == answers[1]
    assert answers[0][0] == 422


def test_nothing_is_taken_over_for_another_provider_or_from_another_plan(
    app: Flask, b: Caller, ground: World
) -> None:
    before = contents(app)
    for stem, plan in (("goals", "project_goals"), ("meetings", "project_meetings")):
        chosen = f"{plan.removesuffix('s')}_ids"
        own = str(ground.b.ids["sub_projects"])
        for theirs, missing in (
            (
                {"sub_project_id": str(ground.a.ids["sub_projects"])},
                {"sub_project_id": str(uuid.uuid4())},
            ),
            ({chosen: [str(ground.other_plan[plan])]}, {chosen: [str(uuid.uuid4())]}),
        ):
            answers = [
                told(b.send("POST", f"{path_of(stem)}/take-over", {"sub_project_id": own} | given))
                for given in (theirs, missing)
            ]
            assert answers[0] == answers[1]
            assert answers[0][0] == 422
    assert contents(app) == before


# who sees whom


def test_reports_hold_their_own_providers_records_only(
    app: Flask, client: FlaskClient, ground: World
) -> None:
    tenants = (ground.a, ground.b, ground.c)
    reviewer = bearer(app, "reviewer")
    for one in tenants:
        others = [tenant for tenant in tenants if tenant is not one]
        for headers in (bearer(app, "viewer", one.provider_id), reviewer):
            caller = Caller(client, headers, *others)
            for form in ("json", "html"):
                answer = caller.send("GET", f"/api/v1/reports/{one.ids['reports']}", format=form)
                assert answer.status_code == 200
                assert f"{one.mark} result" in answer.get_data(as_text=True)


@pytest.mark.parametrize("who", ["reviewer", "the ministry's client"])
def test_the_ministry_sees_everyones_records(
    app: Flask, client: FlaskClient, ground: World, who: str
) -> None:
    scopes = ("records:read", "plan:read")
    headers = bearer(app, "reviewer") if who == "reviewer" else bearer(app, None, None, scopes)
    ministry = Caller(client, headers)
    for operation in RECORD_LISTS:
        wanted = {str(one.ids[operation.stem]) for one in (ground.a, ground.b, ground.c)}
        assert {row["id"] for row in ministry.all(operation.rule)} == wanted
        for key in wanted:
            assert ministry.get(f"{operation.rule}/{key}")["id"] == key
        only = ministry.all(operation.rule, provider_id=str(ground.b.provider_id))
        assert [row["id"] for row in only] == [str(ground.b.ids[operation.stem])]
    for stem in PLAN:
        assert {row["id"] for row in ministry.all(path_of(stem))} >= {
            str(ground.plan[stem]),
            str(ground.other_plan[stem]),
        }


def test_a_providers_client_sees_its_own_providers_records_only(
    app: Flask, client: FlaskClient, ground: World
) -> None:
    headers = bearer(app, None, ground.b.provider_id, ["records:read"])
    machine = Caller(client, headers, ground.a, ground.c)
    for operation in RECORD_LISTS:
        assert [row["id"] for row in machine.all(operation.rule)] == [
            str(ground.b.ids[operation.stem])
        ]
        theirs = machine.send("GET", f"{operation.rule}/{ground.a.ids[operation.stem]}")
        assert theirs.status_code == 404


# rights to grant


@pytest.mark.parametrize("stem", ACCOUNTS)
def test_a_manager_makes_and_moves_no_account_out_of_his_provider(
    app: Flask, b: Caller, ground: World, stem: str
) -> None:
    body = b.sendable(stem, ground.b.ids[stem])
    before = contents(app)
    elsewhere = [{"provider_id": str(ground.a.provider_id)}]  # none at all is understood as his own
    if stem == "users":
        body["email"] = "new@koulu.example"
        higher = [{"role": "reviewer"}, {"role": "admin"}]
        elsewhere += higher + [{"provider_id": None} | one for one in higher]
    for change in elsewhere:
        for method, path in (
            ("POST", path_of(stem)),
            ("PUT", f"{path_of(stem)}/{ground.b.ids[stem]}"),
            ("PATCH", f"{path_of(stem)}/{ground.b.ids[stem]}"),
        ):
            answer = b.send(method, path, body | change)
            assert answer.status_code in (403, 422), f"{method} {change}"
            if answer.status_code == 422:  # a role that no provider has
                assert answer.get_json()["errors"][0]["code"] == "role_mismatch"
    assert contents(app) == before
