"""The sample: the facts of the report for 2012 that LAMPPU was made after, with invented people."""

import json
import secrets
import uuid
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from api.access import Reach
from api.db import Database
from api.models.clients import Client
from api.models.providers import Provider
from api.models.reports import Report
from api.scope import Scope, Session
from api.services import clients, imports, passwords, rows
from schemas.imports import ImportDocument

FOLDER = Path(__file__).parent.parent / "samples"
SECRET_DAYS = 365


def is_empty(session: Session) -> bool:
    return session.scalar(sa.select(sa.func.count()).select_from(Provider)) == 0


def load(database: Database) -> dict[str, Any]:
    """Fill an empty database.

    :return: what a newcomer needs: `password` of all accounts, `users` (role, email, provider), `clients` (name, id,
        secret), `report_id` of the sample report. The secrets are random and kept nowhere else.
    """
    plan = json.loads((FOLDER / "plan.json").read_text(encoding="utf-8"))
    with database.session() as session:
        providers = {
            name: _make(session, "providers", **row) for name, row in plan["providers"].items()
        }
        programme = _make(session, "programmes", **plan["programme"])
        for acronym, project in plan["projects"].items():
            _project(session, acronym, project, programme, providers)
        password = secrets.token_urlsafe(12)
        accounts = _accounts(session, plan, providers, password)
        session.commit()
    reports = {name: _records(database, providers[name], name) for name in plan["imports"]}
    return accounts | {"password": password, "report_id": str(reports["lappia"])}


def _make(session: Session, stem: str, **given: Any) -> uuid.UUID:
    model = rows.model_of(stem)
    plain = {k: str(v) if isinstance(v, uuid.UUID) else v for k, v in given.items()}
    row = rows.create(session, model, model.schema.writable().load(plain), Reach.EVERY)
    return row.id


def _project(
    session: Session,
    acronym: str,
    project: dict[str, Any],
    programme_id: uuid.UUID,
    providers: dict[str, uuid.UUID],
) -> None:
    project_id = _make(
        session,
        "projects",
        acronym=acronym,
        programme_id=programme_id,
        coordinator_id=providers[project["coordinator"]],
        **project["row"],
    )
    periods = {
        row["code"]: _make(session, "periods", project_id=project_id, **row)
        for row in project["periods"]
    }
    goals = {
        row["code"]: _make(session, "project_goals", project_id=project_id, **row)
        for row in project["project_goals"]
    }
    for row in project["project_indicators"]:
        goal_id = goals[row.pop("goal")]
        _make(session, "project_indicators", project_goal_id=goal_id, **row)
    for row in project["project_meetings"]:
        if "period" in row:
            row["period_id"] = periods[row.pop("period")]
        _make(session, "project_meetings", project_id=project_id, **row)
    for name in project["participants"]:
        _make(session, "participations", project_id=project_id, provider_id=providers[name])


def _accounts(
    session: Session, plan: dict[str, Any], providers: dict[str, uuid.UUID], password: str
) -> dict[str, Any]:
    hashed = passwords.hashed(password)
    for account in plan["users"]:
        provider_id = providers.get(account["provider"])
        data = {"email": account["email"], "name": account["name"], "role": account["role"]}
        data |= {"provider_id": provider_id, "active": True, "password_hash": hashed}
        rows.create(session, rows.model_of("users"), data, Reach.EVERY)
    known = []
    for one in plan["clients"]:
        provider_id = providers.get(one["provider"])
        key = _make(
            session, "clients", provider_id=provider_id, name=one["name"], scopes=one["scopes"]
        )
        client = session.get_one(Client, key)
        secret = clients.new_secret(session, client, keep_old_hours=0, valid_days=SECRET_DAYS)
        known.append({"name": one["name"], "id": str(key), "secret": secret})
    return {"users": plan["users"], "clients": known}


def _records(database: Database, provider_id: uuid.UUID, name: str) -> uuid.UUID:
    """Import one provider's document as its own script would; gives the id of its report."""
    document = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    with database.session() as session:
        session.enter(Scope(provider_id=provider_id))
        imports.run(session, ImportDocument().load(document), Reach.OWN)
        report_id = session.scalars(sa.select(Report.id)).one()
        session.commit()
    return report_id
