"""The gate: every route has its row in the policy table or is open by name, and the table says what api.md says."""

import itertools
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient

from api import access
from api.access import POLICIES, Caller, Reach, permissions, reach
from api.app import create_app
from api.blueprint import Blueprint
from api.models.base import Row
from schemas import auth
from schemas.vocabulary import Role, Scope
from tests.factories import bearer, commented, frozen, imported, make, queued
from tests.routes import (
    OPERATIONS,
    PLAN_STEMS,
    RECORD_STEMS,
    ROW_BODIES,
    SYSTEM_STEMS,
    Ground,
    Operation,
)

# Routes that ask nobody who they are.
OPEN = {
    "auth.login",
    "auth.refresh",
    "auth.token",
    "well_known.keys",
    "openapi.openapi",
    "tables.template",
    *(f"tables.template_{stem}" for stem in RECORD_STEMS),
    "forms.list",
    "forms.read",
    "front.door",
    "docs.slash",
    "docs.index",
    "docs.guide",
    "docs.reference",
    "docs.file",
}

# Each resource on its plane; a resource that is on none makes the tests below fail.
PLANES = {
    "the ministry's plan": {"programmes"},
    "plan": {*PLAN_STEMS} - {"programmes"},
    "records": {*RECORD_STEMS, "imports", "overviews", "tables", "jobs"},
    "discussion": {"comments"},
    "providers": {"providers"},
    "accounts": {"users", "clients"},
    "webhooks": {"webhooks"},
}
# Routes that are not what their resource's plane says.
EXCEPTIONS = {
    "projects.create": "the ministry's plan",
    "projects.delete": "the ministry's plan",
    "projects.deadlines": "oversight",
    "overviews.programmes": "everybody's reports",
    "projects.report": "everybody's reports",
    "reports.comments": "discussion",
    "reports.comment": "discussion",
    "reports.submit": "reports to submit",
    "reports.withdraw": "reports to submit",
    "reports.return": "reports to review",
    "reports.accept": "reports to review",
    "reports.reopen": "reports to review",
    "auth.me": "who I am",
    "batch.send": "a batch of what one may do",
    "changes.follow": "the log",
    "auth.logout": "people only",
    "auth.password": "people only",
}

READ, WRITE = {"read"}, {"read", "write"}
_FOLLOWS = {"the log": READ}
_READS_PLAN = _FOLLOWS | {"plan": READ, "the ministry's plan": READ}
_OVERSEES = {"oversight": READ}
_SIGNED_IN = {"providers": READ, "who I am": READ, "a batch of what one may do": {"write"}}
_PERSON = _SIGNED_IN | {"people only": {"write"}}
_MANAGES = {
    **{"records": WRITE, "accounts": WRITE, "webhooks": WRITE},
    "reports to submit": WRITE,
    "discussion": WRITE,
}
# The table of api.md, with its words; what does not stand here is refused.
TABLE: dict[str, dict[str, set[str]]] = {
    "viewer": _PERSON | _READS_PLAN | {"records": READ, "discussion": READ},
    "editor": _PERSON | _READS_PLAN | {"records": WRITE, "discussion": WRITE},
    "editor of the coordinator": _PERSON
    | _READS_PLAN
    | {"records": WRITE, "discussion": WRITE}
    | _OVERSEES,
    "manager": _PERSON | _READS_PLAN | _MANAGES,
    "manager of the coordinator": _PERSON | _READS_PLAN | _MANAGES | {"plan": WRITE} | _OVERSEES,
    "reviewer": _PERSON
    | _FOLLOWS
    | {"plan": WRITE, "the ministry's plan": WRITE, "records": READ, "webhooks": WRITE}
    | {"reports to review": WRITE, "discussion": WRITE, "everybody's reports": READ}
    | _OVERSEES,
    "admin": _PERSON | _FOLLOWS | {"providers": WRITE, "accounts": WRITE},
    "client without scopes": _SIGNED_IN,
    "client with plan:read": _SIGNED_IN | _READS_PLAN,
    "client with plan:write": _SIGNED_IN,  # its provider coordinates nothing
    "client of the coordinator with plan:write": _SIGNED_IN | {"plan": {"write"}},
    "client with records:read": _SIGNED_IN | _FOLLOWS | {"records": READ, "discussion": READ},
    "client with records:write": _SIGNED_IN | {"records": {"write"}},
    "ministry's client without scopes": _SIGNED_IN,
    "ministry's client with plan:read": _SIGNED_IN | _READS_PLAN,
    "ministry's client with plan:write": _SIGNED_IN
    | {"plan": {"write"}, "the ministry's plan": {"write"}},
    "ministry's client with records:read": _SIGNED_IN
    | _FOLLOWS
    | {"records": READ, "discussion": READ, "everybody's reports": READ}
    | _OVERSEES,
    "ministry's client with records:write": _SIGNED_IN,  # there are none of its own
}


class House(Ground):
    """A ground with somebody of every kind: provider `a` coordinates the project, `b` takes part in it."""

    def __init__(self, app: Flask, client: FlaskClient):
        super().__init__(app, client)
        b = self.world.b
        for one in (self.a, b):
            frozen(app, one)
        self.ids |= {"imports": imported(app, self.a), "jobs": queued(app, self.a)}
        self.ids["comments"] = commented(app, self.a)
        account = {"provider_id": b.provider_id, "name": "Bertta"}
        self.ids_of_b = self.ids | {
            **b.ids,
            "imports": imported(app, b),
            "jobs": queued(app, b),
            "comments": commented(app, b),
            "providers": b.provider_id,
            "users": make(app, "users", email="bertta@koulu.example", role="viewer", **account),
            "clients": make(app, "clients", scopes=[], **account),
            "webhooks": make(app, "webhooks", provider_id=b.provider_id),
        }
        self.ids_of_ministry = self.ids | {"webhooks": make(app, "webhooks")}

    def caller(self, who: str) -> tuple[dict[str, str], dict[str, Any]]:
        """The headers of a caller, and the ids of rows that are his, or that he could reach."""
        owner: uuid.UUID | None = self.world.b.provider_id
        if who.startswith("ministry's") or who in ("reviewer", "admin"):
            owner = None
        elif "of the coordinator" in who:
            owner = self.a.provider_id
        ids = {self.a.provider_id: self.ids, None: self.ids_of_ministry}.get(owner, self.ids_of_b)
        role = who.partition(" ")[0]
        if role in {known.value for known in Role}:
            return bearer(self.app, role, owner), ids
        return bearer(self.app, None, owner, {s.value for s in Scope if s.value in who}), ids


def test_what_may_be_allowed_is_what_the_document_names() -> None:
    """So that a client's generated types know every permission."""
    assert {resource.value for resource in auth.Resource} == set(POLICIES)
    actions = {action for policy in POLICIES.values() for action in policy}
    assert {action.value for action in auth.PermissionAction} == actions


def ungated(app: Flask) -> list[str]:
    """Routes that the policy table knows nothing of, and that are not open by name."""
    found = []
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        resource, action = getattr(view, "rights", ("", ""))
        if getattr(view, "open_to_anyone", None) and rule.endpoint in OPEN:
            continue
        if not POLICIES.get(resource, {}).get(action):
            found.append(rule.endpoint)
    return found


def answer() -> Response:
    """Answer"""
    return Response("let in")


@pytest.fixture
def another_app(settings: dict[str, object]) -> Iterator[Flask]:
    """An application to add forgotten routes to."""
    app = create_app(settings)
    yield app
    app.extensions["database"].close()


def kind(operation: Operation) -> str:
    """What the table of api.md would call it."""
    stem = operation.name if operation.stem == "exports" else operation.stem
    [found] = (
        [EXCEPTIONS[operation.endpoint]]
        if operation.endpoint in EXCEPTIONS
        else [plane for plane, stems in PLANES.items() if stem in stems]
    )
    return found


# every route


def test_every_route_has_a_row_in_the_policy_table_or_is_open_by_name(app: Flask) -> None:
    assert ungated(app) == []
    opened = {n for n, view in app.view_functions.items() if getattr(view, "open_to_anyone", None)}
    assert opened == OPEN


def test_a_route_without_a_policy_row_is_found_and_lets_nobody_in(another_app: Flask) -> None:
    blp = Blueprint("forgotten", access="goals", url_prefix="/forgotten")
    blp.route("", action="approve")(answer)
    another_app.register_blueprint(blp)
    provider_id = make(another_app, "providers")
    everybody = [
        *(bearer(another_app, role, provider_id) for role in ("viewer", "editor", "manager")),
        *(bearer(another_app, role) for role in ("reviewer", "admin")),
        *(bearer(another_app, None, owner, [*Scope]) for owner in (provider_id, None)),
    ]
    client = another_app.test_client()
    assert ungated(another_app) == ["forgotten.answer"]
    statuses = [client.get("/forgotten", headers=headers).status_code for headers in everybody]
    assert statuses == [403] * len(everybody)
    assert client.get("/forgotten").status_code == 401


def test_a_route_that_calls_itself_open_but_is_not_on_the_list_is_found(another_app: Flask) -> None:
    blp = Blueprint("handy", access="goals", url_prefix="/handy")
    blp.route("", open_to_anyone="It was handy.", action="approve")(answer)
    another_app.register_blueprint(blp)
    assert ungated(another_app) == ["handy.answer"]


def test_a_route_that_passes_by_our_blueprint_is_found(another_app: Flask) -> None:
    another_app.add_url_rule("/aside", view_func=answer)
    assert ungated(another_app) == ["answer"]


def test_a_blueprint_without_access_does_not_come_about() -> None:
    with pytest.raises(TypeError, match="access"):
        Blueprint("careless")  # type: ignore[call-arg]


def test_a_resource_without_policies_can_have_no_route() -> None:
    with pytest.raises(KeyError, match="nowhere"):
        Blueprint("lost", access="nowhere").route("/lost")(answer)


# the policy table


@pytest.mark.parametrize(
    ("kind", "role", "scopes"),
    [
        ("user", "superuser", ()),
        ("user", "", ()),
        ("user", None, ()),
        ("user", "Admin", ()),
        ("user", None, [*Scope]),  # a person has no scopes
        ("robot", "unheard of", ()),
    ],
)
def test_an_unknown_role_reaches_nothing(kind: str, role: str | None, scopes: Any) -> None:
    for provider_id in (None, uuid.uuid4()):
        caller = Caller(uuid.uuid4(), kind, "", role, frozenset(scopes), provider_id)
        found = permissions(caller)
        assert {k: v for k, v in found.items() if kind == "user"} == {}


def test_an_unknown_scope_adds_nothing() -> None:
    for provider_id in (None, uuid.uuid4()):
        none = Caller(uuid.uuid4(), "client", "", None, frozenset(), provider_id)
        made_up = frozenset({"records", "records:*", "plan:read ", "PLAN:READ", "admin", ""})
        some = Caller(uuid.uuid4(), "client", "", None, made_up, provider_id)
        assert (
            permissions(some)
            == permissions(none)
            == {"providers": ["read"], "batch": ["create"], "auth": ["read"]}
        )


def test_a_right_has_one_reach_for_any_caller() -> None:
    """Two that differ would leave the reader of the table to guess."""
    for policy in POLICIES.values():
        for right in policy.values():
            for owner in ("a provider's client", "the ministry's client"):
                assert len({how for who, how in right.items() if who.startswith(owner)}) <= 1


def test_of_several_reaches_the_widest_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    for provider_id, owner in (
        (None, "the ministry's client"),
        (uuid.uuid4(), "a provider's client"),
    ):
        caller = Caller(uuid.uuid4(), "client", "", None, frozenset({"a", "b"}), provider_id)
        for wide, narrow in itertools.combinations(Reach, 2):
            for one, other in ((wide, narrow), (narrow, wide)):
                right = {f"{owner} with a": one, f"{owner} with b": other}
                monkeypatch.setattr(access, "POLICIES", {"goals": {"read": right}})
                assert reach(caller, "goals", "read") is wide


def test_an_action_that_no_row_names_is_denied() -> None:
    admin = Caller(uuid.uuid4(), "user", "", "admin", frozenset(), None)
    assert reach(admin, "providers", "read")
    assert reach(admin, "providers", "approve") is None
    assert reach(admin, "nowhere", "read") is None


# every route as everybody


def test_every_route_answers_everybody_as_the_table_of_the_api_says(
    app: Flask, client: FlaskClient
) -> None:
    house = House(app, client)
    gated = [operation for name, operation in OPERATIONS.items() if name not in OPEN]
    gated.sort(
        key=lambda operation: operation.endpoint == "auth.logout"
    )  # ends the caller's sign-in
    bodies = {o.endpoint: house.body(o) for o in gated if o.body}
    wrong = []
    for who, may in TABLE.items():
        headers, ids = house.caller(who)
        for operation in gated:
            # Who may read no plan: a row of it that he may not write, or oversee, is to him not there.
            overseer = who == "client with records:read" and kind(operation) == "oversight"
            denied = (403, 404) if who == "client with plan:write" or overseer else (403,)
            # Without If-Match: who may write is asked for it, and nothing is changed.
            path = operation.rule.replace("<uuid:key>", str(ids.get(operation.stem, uuid.uuid4())))
            path = path.replace("<path:external_id>", "another name")  # which is not the body's
            body = bodies.get(operation.endpoint)
            if body and operation.stem in PLANES["accounts"] and "provider_id" in body:
                body = body | {"provider_id": str(ids["providers"])}  # a manager's own
            if operation.stem == "webhooks" and operation.name in ROW_BODIES:
                body = body | {"provider_id": None}  # the caller's own, or the ministry's
            sent: dict[str, Any] = {"json": body} if operation.body else {}
            if operation.name == "version_differences":  # of the first one, before which is none
                sent["query_string"] = {"from": 1}
            status = client.open(path, method=operation.method, headers=headers, **sent).status_code
            needed = "read" if operation.method == "GET" else "write"
            allowed = needed in may.get(kind(operation), set())
            if status in (401, 403, 404, 500) if allowed else status not in denied:
                wrong.append(f"{who}: {operation.method} {operation.rule} answers {status}")
    assert wrong == []


def test_every_route_that_is_not_open_asks_who_it_is(client: FlaskClient) -> None:
    let_in = []
    for name, operation in OPERATIONS.items():
        path = operation.rule.replace("<uuid:key>", str(uuid.uuid4()))
        response = client.open(path, method=operation.method)
        if name not in OPEN and (response.status_code, response.get_json()["code"]) != (
            401,
            "unauthenticated",
        ):
            let_in.append(name)
    assert let_in == []


def test_every_table_that_the_api_shows_is_on_one_of_the_lists_that_tests_go_by() -> None:
    lists = [*PLAN_STEMS, *RECORD_STEMS, *SYSTEM_STEMS, "imports", "jobs", "comments"]
    assert sorted(lists) == sorted(model.__tablename__ for model in Row.all())


def test_every_resource_is_on_one_plane() -> None:
    stems = {operation.stem for name, operation in OPERATIONS.items() if name not in OPEN}
    placed = [stem for plane in PLANES.values() for stem in plane]
    assert len(placed) == len(set(placed))
    assert stems - {"auth", "batch", "changes", "exports"} == set(placed)
