"""For each resource: who may write it, as many valid bodies as a test wants, and a field to change."""

import contextlib
import itertools
import logging
import uuid
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from flask import Flask
from stdnum.fi import ytunnus
from werkzeug.test import TestResponse

from api import lane
from api.services import rows
from schemas.changes import RESOURCES
from schemas.fields import Text
from tests.factories import World, bearer, make, something, world
from tests.routes import OPERATORS_STEMS, PLAN_STEMS, RECORD_STEMS, SYSTEM_STEMS

_number = itertools.count(1)

SYSTEM, PLAN, RECORDS = tuple(SYSTEM_STEMS), tuple(PLAN_STEMS), tuple(RECORD_STEMS)
STEMS = (*SYSTEM, *PLAN, *RECORDS)
# Of which the log of changes tells.
TOLD = tuple(stem for stem in STEMS if stem in RESOURCES)

# A field of each resource, and a value that no other row has in it.
CHANGES: dict[str, tuple[str, Any]] = {
    "providers": ("name", "Toinen"),
    "users": ("name", "Toinen"),
    "clients": ("name", "Toinen"),
    "webhooks": ("description", "Toinen"),
    "programmes": ("name", {"fi": "Toinen", "sv": "Andra", "en": None}),
    "projects": ("name", {"fi": "Toinen", "sv": "Andra", "en": None}),
    "periods": ("due_on", "2013-02-28"),
    "project_goals": ("text", {"fi": "Toinen", "sv": None, "en": "Other"}),
    "project_indicators": ("target", 12.5),
    "project_meetings": ("place", "Tornio"),
    "participations": ("joined_on", "2012-01-01"),
    "extensions": ("due_on", "2013-03-31"),
    "sub_projects": ("description", "Toinen"),
    "contacts": ("name", "Toinen"),
    "goals": ("text", "Toinen"),
    "indicators": ("baseline", -0.0001),
    "measurements": ("value", 99_999_999_999.0),
    "results": ("text", "Toinen"),
    "meetings": ("notes", "Toinen"),
    "surveys": ("purpose", "Toinen"),
    "disseminations": ("audience", "Toinen"),
    "feedback": ("point", "Toinen"),
    "deliverables": ("description", "Toinen"),
    "reports": ("report_date", "2013-01-18"),
}
for stem in set(STEMS) - set(CHANGES):
    fields = rows.model_of(stem).schema.writable().fields
    CHANGES[stem] = next(n for n in fields if type(fields[n]) is Text), "Toinen"


def url(stem: str, key: object = None) -> str:
    return f"/api/v1/{stem.replace('_', '-')}" + (f"/{key}" if key else "")


def places(response: TestResponse) -> list[tuple[str, str]]:
    """What is wrong, and where, of a problem."""
    faults = response.get_json()["errors"]
    return [(f.get("pointer") or f.get("parameter"), f["code"]) for f in faults]


@contextlib.contextmanager
def statements(app: Flask) -> Iterator[list[str]]:
    """The SQL that the application sends meanwhile, by the engine or by the lane."""
    sent: list[str] = []

    def note(*event: Any) -> None:
        sent.append(event[2])

    class Notes(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            sent.append(record.getMessage())

    engine, notes = app.extensions["database"].engine, Notes()
    lane.log.setLevel(logging.DEBUG)
    lane.log.addHandler(notes)
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
        lane.log.removeHandler(notes)
        lane.log.setLevel(logging.NOTSET)


class Bench:
    """A world, and the people who write in it: an operator, a reviewer, and a manager of its first provider."""

    def __init__(self, app: Flask):
        self.app, self.client = app, app.test_client()
        self.world: World = world(app)

    @cached_property
    def operator(self) -> dict[str, str]:
        return bearer(self.app, "admin")

    @cached_property
    def ministry(self) -> dict[str, str]:
        return bearer(self.app, "reviewer")

    @cached_property
    def manager(self) -> dict[str, str]:
        return bearer(self.app, "manager", self.world.a.provider_id)

    @cached_property
    def other_manager(self) -> dict[str, str]:
        return bearer(self.app, "manager", self.world.b.provider_id)

    def writer(self, stem: str) -> dict[str, str]:
        if stem in OPERATORS_STEMS:
            return self.operator
        return self.ministry if stem in PLAN else self.manager

    def make(self, stem: str, **given: Any) -> uuid.UUID:
        """A row of the first provider's, or of the plan."""
        owner = self.world.a.provider_id if stem in RECORDS else None
        return make(self.app, stem, owner, **given)

    def open(
        self, stem: str, key: object = None, method: str = "GET", **kwargs: Any
    ) -> TestResponse:
        """A request by the one who writes this resource, unless `by` is somebody else."""
        headers = kwargs.pop("by", None) or self.writer(stem)
        return self.client.open(
            url(stem, key), method=method, headers=headers | kwargs.pop("headers", {}), **kwargs
        )

    @cached_property
    def sub_project(self) -> uuid.UUID:
        """An empty one of the first provider's, beside the one that the world has filled."""
        return self.make("sub_projects", project_id=self.world.plan["projects"])

    def create(self, stem: str, **given: Any) -> TestResponse:
        return self.open(stem, method="POST", json=self.body(stem) | given)

    def created(self, stem: str, **given: Any) -> tuple[str, str]:
        """The id and ETag of a new row."""
        response = self.create(stem, **given)
        assert response.status_code == 201, response.text
        return response.get_json()["id"], response.headers["ETag"]

    def change(
        self, stem: str, key: object, etag: str | None, method: str = "PATCH", **kwargs: Any
    ) -> TestResponse:
        match = {} if etag is None else {"If-Match": etag}
        return self.open(stem, key, method, headers=match, **kwargs)

    def body(self, stem: str) -> dict[str, Any]:
        """A body that is valid, full, and like no other before it."""
        n = next(_number)
        body: dict[str, Any] = _BODIES.get(stem, _body_of(stem))(self, n)
        if stem in RECORDS:
            body["external_id"] = f"nimi {n}"
        return _plain(body)


def _business_id(n: int) -> str:
    return next(
        written
        for end, check in itertools.product(range(10), repeat=2)
        if ytunnus.is_valid(written := f"{n:06}{end}-{check}")
    )


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return str(value) if isinstance(value, uuid.UUID) else value


def _meeting(n: int) -> dict[str, Any]:
    return {
        "kind": "network_meeting",
        "title": f"Kokous {n}",
        "mode": "hybrid",
        "platform": "iLinc",
        "place": "Kemi",
        "host": "Opisto",
        "open_to_all": True,
        "status": "planned",
        "date": "2012-03-22",
        "date_precision": "minute",
        "date_note": "torstaina",
        "start_time": "09:00",
        "end_time": "12:30",
    }


def _cited(b: Bench) -> dict[str, Any]:
    ids = b.world.a.ids
    return {"sub_project_id": ids["sub_projects"], "goal_ids": [ids["goals"]]}


def _in_plan(b: Bench) -> dict[str, Any]:
    return {"project_id": b.world.plan["projects"]}


_BODIES: dict[str, Any] = {
    "providers": lambda b, n: {
        "name": f"Opisto {n}",
        "short_name": f"O{n}",
        "kind": "foundation",
        "business_id": _business_id(n),
        "oid": f"1.2.246.562.10.{n}",
        "colleges": ["Toinen", "Eka"],
    },
    "users": lambda b, n: {
        "provider_id": b.world.a.provider_id,
        "email": f"ihminen{n}@koulu.example",
        "name": f"Ihminen {n}",
        "role": "viewer",
        "active": True,
    },
    "clients": lambda b, n: {
        "provider_id": b.world.a.provider_id,
        "name": f"Ajo {n}",
        "scopes": ["records:read"],
        "active": True,
    },
    "webhooks": lambda b, n: {
        "provider_id": b.world.a.provider_id,
        "url": f"https://hooks{n}.example:8443/lamppu?n={n}",
        "description": f"Kuvaus {n}",
        "resources": ["goals", "results"],
        "active": True,
    },
    "programmes": lambda b, n: {
        "name": {"fi": f"Ohjelma {n}", "sv": f"Program {n}", "en": None},
        "starts_on": "2011-01-01",
        "ends_on": "2013-12-31",
    },
    "projects": lambda b, n: {
        "programme_id": b.world.plan["programmes"],
        "coordinator_id": b.world.a.provider_id,
        "acronym": f"H{n}",
        "name": {"fi": f"Hanke {n}", "sv": None, "en": None},
        "description": {"fi": None, "sv": None, "en": f"Project {n}"},
        "starts_on": "2011-01-01",
        "ends_on": "2013-12-31",
    },
    "periods": lambda b, n: (
        _in_plan(b)
        | {
            "code": f"{1000 + n % 9000}-autumn",
            "first_day": "2012-08-01",
            "last_day": "2012-12-31",
            "due_on": "2013-01-31",
        }
    ),
    "project_goals": lambda b, n: (
        _in_plan(b)
        | {"code": f"G{n}", "position": 3, "text": {"fi": f"Tavoite {n}", "sv": None, "en": None}}
    ),
    "project_indicators": lambda b, n: {
        "project_goal_id": b.world.plan["project_goals"],
        "code": f"I{n}",
        "position": 2,
        "name": {"fi": f"Mittari {n}", "sv": None, "en": None},
        "unit": "%",
        "baseline": 0.0,
        "target": 60.25,
        "direction": "maintain",
    },
    "project_meetings": lambda b, n: (
        _in_plan(b) | _meeting(n) | {"code": f"N{n}", "period_id": b.world.plan["periods"]}
    ),
    "participations": lambda b, n: (
        _in_plan(b) | {"provider_id": b.make("providers"), "joined_on": "2011-12-01"}
    ),
    "extensions": lambda b, n: {
        "period_id": b.make(
            "periods", project_id=b.world.plan["projects"], code=f"{3000 + n % 6000}-year"
        ),
        "provider_id": b.world.a.provider_id,
        "due_on": "2013-02-28",
        "reason": "Yksikkö muutti.",
    },
    "sub_projects": lambda b, n: (
        _in_plan(b)
        | {
            "contact_id": b.world.a.ids["contacts"],
            "name": f"Osahanke {n}",
            "description": "Kuvaus",
        }
    ),
    "contacts": lambda b, n: {
        "name": f"Yhteys {n}",
        "job_title": "päällikkö",
        "email": f"yhteys{n}@koulu.example",
        "phone": "050 000 0000",
        "postal_address": "Mallikatu 1",
    },
    "goals": lambda b, n: {
        "sub_project_id": b.world.a.ids["sub_projects"],
        "project_goal_id": b.make("project_goals", project_id=b.world.plan["projects"]),
        "position": 2,
        "text": f"Tavoite {n}",
    },
    "indicators": lambda b, n: {
        "goal_id": b.world.a.ids["goals"],
        "project_indicator_id": b.world.plan["project_indicators"],
        "position": 2,
        "name": f"Mittari {n}",
        "unit": "kpl",
        "baseline": 0.5,
        "target": 10.0,
        "direction": "decrease",
    },
    "measurements": lambda b, n: {
        "indicator_id": b.make("indicators", goal_id=b.world.a.ids["goals"]),
        "period_id": b.world.plan["periods"],
        "value": n + 0.25,
        "measured_on": "2012-06-15",
        "note": f"Huomio {n}",
    },
    "results": lambda b, n: {
        "goal_id": b.world.a.ids["goals"],
        "period_id": b.world.plan["periods"],
        "kind": "outcome",
        "progress": "ongoing",
        "position": 4,
        "text": f"Tulos {n}",
        "reason": None,
    },
    "meetings": lambda b, n: (
        _cited(b)
        | _meeting(n)
        | {
            "project_meeting_id": b.world.plan["project_meetings"],
            "period_id": b.world.plan["periods"],
            "body": "neuvottelukunta",
            "field": "media",
            "attendance": "excused",
            "reason": "Este",
            "done_instead": "Aineisto",
            "notes": f"Muistio {n}",
            "participants": [
                _participant("Bertta", contact_id=b.world.a.ids["contacts"]),
                _participant(
                    "Akseli", attendance="excused", reason="Este", done_instead="Aineisto"
                ),
            ],
        }
    ),
    "surveys": lambda b, n: (
        _cited(b)
        | {
            "period_id": b.world.plan["periods"],
            "title": f"Kysely {n}",
            "purpose": "Kartoitus",
            "progress": "ongoing",
            "opens_on": "2012-05-02",
            "closes_on": "2012-05-31",
            "recurrence": "yearly",
            "respondent_groups": [
                {"group": "teachers", "label": None, "invited": 20, "answered": 20},
                {"group": "students", "label": "2. vuosi", "invited": None, "answered": 0},
            ],
            "questions": [
                {"text": "Miten?", "free_comment": True},
                {"text": "Kuinka usein?", "free_comment": False},
            ],
        }
    ),
    "disseminations": lambda b, n: (
        _cited(b)
        | _in_month(b)
        | {
            "survey_id": b.world.a.ids["surveys"],
            "deliverable_id": None,
            "audience": f"Yleisö {n}",
            "by_whom": "opettajat",
            "channel": "sähköposti",
            "progress": "planned",
            "text": "Tulokset",
        }
    ),
    "feedback": lambda b, n: (
        _cited(b)
        | _in_month(b)
        | {
            "source": "advisory_board",
            "source_name": "neuvottelukunta",
            "field": "media",
            "meeting_id": b.world.a.ids["meetings"],
            "survey_id": b.world.a.ids["surveys"],
            "about": "malli",
            "about_survey_id": b.world.a.ids["surveys"],
            "about_deliverable_id": b.world.a.ids["deliverables"],
            "position": 2,
            "point": f"Huomio {n}",
            "actions": [
                {"text": "Toinen", "state": "done", "decided_on": None, "done_on": "2013-01-02"},
                {"text": "Eka", "state": "open", "decided_on": "2012-12-13", "done_on": None},
            ],
        }
    ),
    "deliverables": lambda b, n: (
        _cited(b)
        | _in_month(b)
        | {
            "kind": "plan",
            "title": f"Suunnitelma {n}",
            "description": "Kuvaus",
            "progress": "planned",
            "based_on_id": b.world.a.ids["deliverables"],
            "stages": [
                _stage("rolled_out", note="Yksiköihin"),
                _stage("handed_over", body="johtoryhmä", date="2013-01-07"),
            ],
            "deliveries": [
                {
                    "channel": "Optima",
                    "recipient": "verkosto",
                    "progress": "done",
                    "date": None,
                    "date_note": "hyvissä ajoin",
                    "meeting_id": b.world.a.ids["meetings"],
                }
            ],
        }
    ),
    "reports": lambda b, n: {
        "sub_project_id": b.world.a.ids["sub_projects"],
        "kind": "interim",
        "title": f"Raportti {n}",
        "language": "sv",
        "report_date": "2012-08-15",
        "contact_id": b.world.a.ids["contacts"],
        "period_ids": [b.world.plan["periods"]],
    },
}


def _body_of(stem: str) -> Callable[[Bench, int], dict[str, Any]]:
    """For a resource that nothing special is said of: something in each of its fields."""
    fields = rows.model_of(stem).schema.writable().fields
    return lambda b, n: {
        name: something(field, {**b.world.plan, **b.world.a.ids}, f"Jotakin {n}")
        for name, field in fields.items()
    }


def _in_month(b: Bench) -> dict[str, Any]:
    return {
        "date": "2012-05-01",
        "date_precision": "month",
        "date_note": "toukokuussa",
        "period_id": b.world.plan["periods"],
    }


def _participant(name: str, **given: Any) -> dict[str, Any]:
    empty = {"contact_id": None, "job_title": None, "reason": None, "done_instead": None}
    return {"name": name, "attendance": "attended"} | empty | given


def _stage(stage: str, **given: Any) -> dict[str, Any]:
    empty = {"body": None, "date": None, "note": None}
    return {"stage": stage, "progress": "planned"} | empty | given
