"""Rows for tests: each factory takes what matters and makes up the rest, by way of the same services as the API.

`World` is the ground that most tests stand on: two providers in one project, and one in another.
"""

import itertools
import uuid
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import timedelta
from io import BytesIO
from typing import Any

import sqlalchemy as sa
from flask import Flask
from marshmallow.fields import Field
from uuid_utils.compat import uuid7

from api import jwt
from api.access import Caller, Reach
from api.base import now
from api.models.base import RecordRow
from api.models.clients import Client
from api.models.comments import Comment
from api.models.imports import Import, ImportRow
from api.models.jobs import Job
from api.models.reports import Report, ReportEvent, ReportVersion
from api.models.users import LoginSession, User
from api.scope import Scope
from api.services import clients, jobs, life, rows
from schemas import vocabulary as v
from schemas.base import Schema
from schemas.fields import Choice, Day, Entries, Flag, Number, Reference, References, Text, Whole
from schemas.jobs import JobKind
from tests.stock import STOCKS

_number = itertools.count(1)


def make(app: Flask, stem: str, owner: uuid.UUID | None = None, /, **given: Any) -> uuid.UUID:
    """Make a row of a resource, of the provider `owner` when it is a record; what needs no other row is filled in."""
    model = rows.model_of(stem)
    n = next(_number)
    data = _DEFAULTS.get(stem, lambda n: {})(n) | given
    plain = {key: _plain(value) for key, value in data.items()}
    with app.extensions["database"].session() as session:
        if owner:
            session.enter(Scope(provider_id=owner))
        reach = Reach.OWN if issubclass(model, RecordRow) else Reach.EVERY
        row = rows.create(session, model, model.schema.writable().load(plain), reach)
        session.commit()
        return row.id


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return str(value) if isinstance(value, uuid.UUID) else value


_DEFAULTS: dict[str, Any] = {
    "providers": lambda n: {"name": f"Provider {n}"},
    "webhooks": lambda n: {"url": f"https://hooks{n}.example/lamppu"},
    "programmes": lambda n: {"name": {"fi": f"Ohjelma {n}"}},
    "projects": lambda n: {"name": {"fi": f"Hanke {n}"}, "acronym": f"P{n}"},
    "periods": lambda n: {
        "code": "2012-spring",
        "first_day": "2012-01-01",
        "last_day": "2012-07-31",
    },
    "project_goals": lambda n: {"code": f"T{n}", "text": {"fi": f"Tavoite {n}"}},
    "project_indicators": lambda n: {"code": f"M{n}", "name": {"fi": f"Mittari {n}"}},
    "project_meetings": lambda n: {"code": f"K{n}", "kind": "kick_off", "date": "2012-01-16"},
    "extensions": lambda n: {"due_on": "2013-02-28", "reason": f"Reason {n}"},
    "contacts": lambda n: {"name": f"Contact {n}"},
    "goals": lambda n: {"text": f"Goal {n}"},
    "indicators": lambda n: {"name": f"Indicator {n}"},
    "measurements": lambda n: {"value": n},
    "results": lambda n: {"kind": "activity", "text": f"Result {n}"},
    "meetings": lambda n: {"kind": "network_meeting", "date": "2012-02-01"},
    "surveys": lambda n: {"title": f"Survey {n}"},
    "disseminations": lambda n: {"audience": f"Audience {n}"},
    "feedback": lambda n: {"source": "advisory_board", "point": f"Point {n}"},
    "deliverables": lambda n: {"kind": "model", "title": f"Deliverable {n}"},
}


def bearer(
    app: Flask,
    role: str | None = None,
    provider_id: uuid.UUID | None = None,
    scopes: Iterable[str] = (),
) -> dict[str, str]:
    """The headers of a caller who has just signed in: a person with a role, or a client with scopes."""
    n = next(_number)
    session_id, caller_id = uuid7(), uuid7()
    with app.app_context(), app.extensions["database"].session() as session:
        if role:
            values: dict[str, Any] = {"email": f"{role}{n}@koulu.example", "name": f"{role} {n}"}
            session.add(
                User(id=caller_id, role=role, provider_id=provider_id, active=True, **values)
            )
            session.flush()
            soon = now() + timedelta(days=1)
            session.add(
                LoginSession(id=session_id, user_id=caller_id, refresh_jti=uuid7(), expires_at=soon)
            )
        else:
            client = Client(
                id=caller_id,
                provider_id=provider_id,
                name=f"Client {n}",
                scopes=list(scopes),
                active=True,
            )
            session.add(client)
            session.flush()
            clients.new_secret(session, client, keep_old_hours=0, valid_days=1)
            client.credentials_changed_at = None
        session.commit()
        caller = Caller(
            id=caller_id,
            kind="user" if role else "client",
            name="",
            role=role,
            scopes=frozenset(scopes),
            provider_id=provider_id,
            session_id=session_id if role else None,
        )
        return {"Authorization": f"Bearer {jwt.access_token(caller)}"}


@dataclass
class Tenant:
    """One provider with one row of every record resource; `ids` by stem."""

    provider_id: uuid.UUID
    mark: str
    ids: dict[str, uuid.UUID] = field(default_factory=dict)


@dataclass
class World:
    """`a` and `b` take part in `project_id`, which `a` coordinates; `c` in `other_project_id`."""

    a: Tenant
    b: Tenant
    c: Tenant
    plan: dict[str, uuid.UUID]
    other_plan: dict[str, uuid.UUID]


def plan(
    app: Flask, coordinator_id: uuid.UUID, participants: list[uuid.UUID]
) -> dict[str, uuid.UUID]:
    """One row of every plan resource; ids by stem."""
    ids = {"programmes": make(app, "programmes")}
    project_id = ids["projects"] = make(
        app, "projects", programme_id=ids["programmes"], coordinator_id=coordinator_id
    )
    ids["periods"] = make(app, "periods", project_id=project_id)
    ids["project_goals"] = make(app, "project_goals", project_id=project_id)
    ids["project_indicators"] = make(
        app, "project_indicators", project_goal_id=ids["project_goals"]
    )
    ids["project_meetings"] = make(app, "project_meetings", project_id=project_id)
    for provider_id in participants:
        ids["participations"] = make(
            app, "participations", project_id=project_id, provider_id=provider_id
        )
    ids["extensions"] = make(
        app, "extensions", period_id=ids["periods"], provider_id=participants[0]
    )
    return ids


def tenant(app: Flask, plan_ids: dict[str, uuid.UUID], provider_id: uuid.UUID, mark: str) -> Tenant:
    """One row of every record resource, each with `mark` in its texts."""
    one = Tenant(provider_id, mark)
    ids = one.ids

    def add(stem: str, **given: Any) -> uuid.UUID:
        ids[stem] = make(app, stem, provider_id, external_id=f"{mark}-{stem}", **given)
        return ids[stem]

    contact = add("contacts", name=mark)
    sub = add("sub_projects", project_id=plan_ids["projects"], contact_id=contact, name=mark)
    period = plan_ids["periods"]
    goal = add(
        "goals", sub_project_id=sub, project_goal_id=plan_ids["project_goals"], text=f"{mark} goal"
    )
    indicator = add("indicators", goal_id=goal, name=f"{mark} indicator")
    add("measurements", indicator_id=indicator, period_id=period, note=mark)
    add("results", goal_id=goal, period_id=period, text=f"{mark} result")
    cited = {"sub_project_id": sub, "goal_ids": [goal]}
    meeting = add(
        "meetings", **cited, notes=mark, participants=[{"name": mark, "contact_id": contact}]
    )
    survey = add(
        "surveys",
        **cited,
        title=f"{mark} survey",
        period_id=period,
        respondent_groups=[{"group": "students", "label": mark, "invited": 10, "answered": 5}],
        questions=[{"text": mark, "free_comment": True}],
    )
    deliverable = add(
        "deliverables",
        **cited,
        title=f"{mark} deliverable",
        stages=[{"stage": "handed_over", "body": mark}],
        deliveries=[{"channel": mark, "meeting_id": meeting}],
    )
    add("disseminations", **cited, survey_id=survey, audience=mark)
    add(
        "feedback",
        **cited,
        meeting_id=meeting,
        about_survey_id=survey,
        about_deliverable_id=deliverable,
        point=f"{mark} point",
        actions=[{"text": mark}],
    )
    add("reports", sub_project_id=sub, title=mark, kind="interim", period_ids=[period])
    for model in RecordRow.__subclasses__():
        if (stem := model.__tablename__) not in (*ids, "imports", "jobs", "comments"):
            add(stem, **_whatever(model.schema.writable(), plan_ids | ids, mark))
    return one


def _whatever(schema: Schema, ids: dict[str, uuid.UUID], mark: str) -> dict[str, Any]:
    """Of a resource that nothing special is said of: what must be there, and the mark in each longer text."""
    return {
        name: something(field, ids, mark)
        for name, field in schema.fields.items()
        if field.required or (isinstance(field, Text) and field.maximum >= v.LINE_LENGTH)
    }


def something(field: Field[Any], ids: dict[str, uuid.UUID], text: str) -> Any:  # noqa: PLR0911
    """A value that a field lets in; None where only the resource's own tests know one."""
    match field:
        case Choice():
            return next(iter(field.words)).value
        case Reference():
            return ids[field.target]
        case References():
            return [ids[field.target]]
        case Text():
            return text
        case Flag():
            return True
        case Whole():
            return 1
        case Number():
            return 1.5
        case Day():
            return "2012-05-31"
        case Entries():
            return []
        case _:
            return None


def imported(app: Flask, owner: Tenant) -> uuid.UUID:
    """The trace of an import that has changed a contact; there is no other way to one than to import something."""
    with app.extensions["database"].session() as session:
        session.enter(Scope(provider_id=owner.provider_id))
        place, tally = owner.ids["sub_projects"], {"created": 0, "updated": 1, "unchanged": 0}
        trace = Import(id=uuid7(), sub_project_id=place, counts={"contacts": tally})
        kept = {"resource": "contacts", "row_id": owner.ids["contacts"], "version": 1}
        before = {"name": owner.mark, "external_id": None}
        session.add_all([trace, ImportRow(import_id=trace.id, position=0, before=before, **kept)])
        session.commit()
        return trace.id


def queued(app: Flask, owner: Tenant) -> uuid.UUID:
    """A job that waits for ever, because no worker runs here."""
    asked = jobs.Asked("/api/v1/imports", "en", "a-request")
    with app.extensions["database"].session() as session:
        session.enter(Scope(provider_id=owner.provider_id))
        job: Job = jobs.accept(session, JobKind.DOCUMENT, BytesIO(b"{}"), {"plan": None}, asked)
        session.commit()
        return job.id


def frozen(app: Flask, owner: Tenant) -> dict[str, uuid.UUID]:
    """A version and an event of the report, as they are left when it was submitted and returned."""
    with app.extensions["database"].session() as session:
        session.enter(Scope(provider_id=owner.provider_id))
        report = session.scalars(sa.select(Report).where(Report.id == owner.ids["reports"])).one()
        manager = Caller(uuid7(), "user", "", "manager", frozenset(), owner.provider_id)
        life.freeze(session, report, life.must_be_complete(session, report), 1, manager)
        event = ReportEvent(
            report_id=report.id,
            at=now(),
            by_id=manager.id,
            by_role=manager.role,
            action="submit",
            from_state="draft",
            to_state="submitted",
            version_number=1,
            reason=owner.mark,
        )
        session.add(event)
        session.commit()
        version = session.scalars(sa.select(ReportVersion)).one()
        return {"report_versions": version.id, "report_events": event.id}


def commented(app: Flask, owner: Tenant) -> uuid.UUID:
    """A thread about the report, as one of the provider's own began it."""
    with app.extensions["database"].session() as session:
        session.enter(Scope(provider_id=owner.provider_id))
        comment = Comment(
            report_id=owner.ids["reports"],
            version_number=1,
            text=owner.mark,
            quote=owner.mark,
            author_id=uuid7(),
            author_role="manager",
        )
        session.add(comment)
        session.commit()
        return comment.id


def world(app: Flask) -> World:
    """Three tenants whose texts carry `canary-a`, `canary-b` and `canary-c`; made once, and then put in again."""
    stock = STOCKS.get(app.config.get("DATABASE_URL", ""))
    if not (stock and stock.is_empty()):
        return _new_world(app)
    if not stock.kept:
        stock.kept["world"], stock.kept["script"] = _new_world(app), stock.script()
    else:
        stock.run(stock.kept["script"])
    return deepcopy(stock.kept["world"])


def _new_world(app: Flask) -> World:
    a, b, c = (make(app, "providers") for _ in range(3))
    shared, other = plan(app, a, [a, b]), plan(app, c, [c])
    return World(
        tenant(app, shared, a, "canary-a"),
        tenant(app, shared, b, "canary-b"),
        tenant(app, other, c, "canary-c"),
        shared,
        other,
    )
