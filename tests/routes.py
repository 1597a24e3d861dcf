"""Every operation of the application with what it takes, and a row, a caller and a body that it would let in.

Tests that must hold for each route go through `OPERATIONS`; a new route is among them by itself.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from marshmallow import Schema
from werkzeug.test import TestResponse

from api.access import POLICIES
from api.base import Base
from api.models.base import PlanRow, RecordRow
from api.resources import BLUEPRINTS, exports, tables
from api.scope import MINISTRY_ROLE
from api.services import rows
from schemas.vocabulary import ReportAction
from tests import factories

MISSING = uuid.UUID("01900000-0000-7000-8000-000000000000")
# What takes a row's own fields.
ROW_BODIES = ("create", "replace", "patch", "put_by_external_id")
# What only a reviewer does to a provider's record, or reads of all of them.
REVIEWED = ("reports.return", "reports.accept", "reports.reopen", "overviews.programmes")
PASSWORD = "a lamp beside the harbour"
# By their tables, not by their policies: a resource with a policy of its own is among them too. Imports are written as
# documents, not as rows, as are jobs; comments are said of a report. They have tests of their own; the log of changes
# shows no rows of its own.
_ROWS = [
    stem
    for stem in POLICIES
    if stem in Base.metadata.tables and stem not in ("imports", "jobs", "comments", "changes")
]
PLAN_STEMS = [stem for stem in _ROWS if issubclass(rows.model_of(stem), PlanRow)]
RECORD_STEMS = [stem for stem in _ROWS if issubclass(rows.model_of(stem), RecordRow)]
SYSTEM_STEMS = [stem for stem in _ROWS if stem not in (*PLAN_STEMS, *RECORD_STEMS)]
OPERATORS_STEMS = [stem for stem in SYSTEM_STEMS if stem != "webhooks"]
ROW_STEMS = [*PLAN_STEMS, *RECORD_STEMS, *SYSTEM_STEMS]


@dataclass(frozen=True)
class Operation:
    """One method of one route; the schemas are those of its decorators. An export is shown in one of its forms."""

    endpoint: str
    method: str
    rule: str
    body: Schema | None
    query: Schema | None
    form: Schema | None

    @property
    def stem(self) -> str:
        return self.endpoint.partition(".")[0]

    @property
    def name(self) -> str:
        return self.endpoint.partition(".")[2]


def _operations() -> Iterator[Operation]:
    """All of them. They need no database, so tests can be made of them."""
    app = Flask("contract", static_folder=None)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    for rule in app.url_map.iter_rules():
        (method,) = (rule.methods or set()) - {"HEAD", "OPTIONS"}
        taken = getattr(app.view_functions[rule.endpoint], "_apidoc", {}).get("arguments", {})
        schemas = {where["in"]: where["schema"] for where in taken.get("parameters", ())}
        if method == "PATCH":  # a merge patch is held to the schema after it was merged
            stem = rule.endpoint.partition(".")[0]
            schemas["json"] = rows.model_of(stem).schema.writable()
        body, query, form = (schemas.get(where) for where in ("json", "query", "form"))
        path = rule.rule.replace(exports.EXTENSION, "ndjson").replace(tables.EXTENSION, "csv")
        path = path.replace("<int:number>", "1")  # of a version
        yield Operation(rule.endpoint, method, path, body, query, form)


OPERATIONS = {operation.endpoint: operation for operation in _operations()}


class Ground:
    """A world with accounts in it, who may do what in it, and requests that would be let in."""

    def __init__(self, app: Flask, client: FlaskClient):
        self.app, self.client = app, client
        self.world = factories.world(app)
        self.a = self.world.a
        self.manager = factories.bearer(app, "manager", self.a.provider_id)
        self.reviewer = factories.bearer(app, "reviewer")
        self.admin = factories.bearer(app, "admin")
        account = {"provider_id": self.a.provider_id, "name": "Aino"}
        self.ids = {
            "providers": self.a.provider_id,
            "users": factories.make(
                app, "users", email="aino@koulu.example", role="viewer", **account
            ),
            "clients": factories.make(app, "clients", scopes=["plan:read"], **account),
            "webhooks": factories.make(app, "webhooks", provider_id=self.a.provider_id),
            **self.world.plan,
            **self.a.ids,
            "comments": factories.commented(app, self.a),
        }

    def writer(self, stem: str) -> dict[str, str]:
        """The headers of somebody who may write this resource."""
        if stem in PLAN_STEMS:
            return self.reviewer
        return self.admin if stem in OPERATORS_STEMS else self.manager

    def path(self, operation: Operation, key: Any = None) -> str:
        named = operation.rule.replace("<stem>", "goals")
        named = named.replace("<path:external_id>", f"canary-a-{operation.stem}")
        return named.replace("<uuid:key>", str(key or self.ids.get(operation.stem, MISSING)))

    def row(self, stem: str) -> dict[str, Any]:
        """The row as the API shows it."""
        path = f"/api/v1/{stem.replace('_', '-')}/{self.ids[stem]}"
        response = self.client.get(path, headers=self.writer(stem))
        assert response.status_code == 200, response.get_data(as_text=True)
        shown: dict[str, Any] = response.get_json()
        return shown

    def sendable(self, stem: str) -> dict[str, Any]:
        """What would leave the row as it is."""
        shown = self.row(stem)
        return {n: shown[n] for n in rows.model_of(stem).schema.writable().fields if n in shown}

    def headers(self, operation: Operation) -> dict[str, str]:
        """Of somebody who may, with the version where one is asked for."""
        by_reviewer = operation.endpoint in REVIEWED
        headers = dict(self.reviewer if by_reviewer else self.writer(operation.stem))
        if operation.method in ("PUT", "PATCH", "DELETE"):
            headers["If-Match"] = f'"{self.row(operation.stem)["version"]}"'
        return headers

    def body(self, operation: Operation) -> dict[str, Any]:
        """A body that the operation lets in, with every field that has a value."""
        if operation.stem == "tables":
            return {"items": [self.sendable(operation.name.removeprefix("refused_"))]}
        if operation.name in ROW_BODIES and operation.stem != "imports":
            return self.sendable(operation.stem)
        return dict(self._bodies[operation.endpoint])

    @cached_property
    def _bodies(self) -> dict[str, dict[str, Any]]:
        sub_project_id = str(self.a.ids["sub_projects"])
        return {
            "auth.login": {"email": "aino@koulu.example", "password": PASSWORD},
            "auth.password": {"current_password": PASSWORD, "new_password": PASSWORD + "!"},
            "clients.secret": {"keep_old_hours": 1, "valid_days": 1},
            "webhooks.secret": {"keep_old_hours": 1},
            "webhooks.replay": {"after": None},
            "goals.take_over": {
                "sub_project_id": sub_project_id,
                "project_goal_ids": [],
                "language": "fi",
            },
            "meetings.take_over": {"sub_project_id": sub_project_id, "project_meeting_ids": []},
            "imports.create": self._import(),
            "reports.comment": {"text": "Miksi?"},
            "comments.edit": {"text": "Miksi?"},
            **{f"reports.{action}": {"reason": "Because."} for action in ReportAction},
            "batch.send": {
                "atomic": False,
                "operations": [{"id": "goals", "method": "GET", "path": "/goals"}],
            },
        }

    def _import(self) -> dict[str, Any]:
        """A document that brings in the provider's own records once more: nothing would change."""
        elements = {stem: [self.sendable(stem)] for stem in RECORD_STEMS}
        (sub_project,) = elements.pop("sub_projects")
        acronym = self.row("projects")["acronym"]
        return {"project": acronym, "sub_project": sub_project, **elements}

    def send(self, operation: Operation, body: Any = None, **given: Any) -> TestResponse:
        """Send a body (JSON), or `data`, `query_string`, … as they are."""
        headers = given.pop("headers", None) or self.headers(operation)
        if body is not None:
            given["json"] = body
        path = given.pop("path", None) or self.path(operation)
        return self.client.open(path, method=operation.method, headers=headers, **given)


def contents(app: Flask) -> dict[str, list[str]]:
    """Every row of every table, past all scopes."""
    with app.extensions["database"].engine.connect() as connection:
        found = {}
        for name, table in sorted(
            Base.metadata.tables.items(), key=lambda item: "scoped" in item[1].info
        ):
            if table.info.get("scoped") and connection.dialect.name == "postgresql":
                connection.exec_driver_sql(f"SET LOCAL ROLE {MINISTRY_ROLE}")
            found[name] = sorted(map(str, connection.execute(sa.select(table))))
        return found
