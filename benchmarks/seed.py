"""The rows that are asked for: a few made as the API makes them, goals and results in bulk by SQL."""

import base64
import json
import sqlite3
import typing as t
import uuid
from contextlib import closing
from dataclasses import dataclass

import psycopg

from api.app import create_app
from api.cli import migrate_database
from tests import factories

PROVIDERS = 20
RESULTS_A_GOAL = 20
# What the engines write differently: the numbers from 0, an id that grows with them as a UUIDv7 does, and a moment.
WORDS = {
    "sqlite": {
        "numbers": "WITH RECURSIVE number(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM number"
        " WHERE n + 1 < {count})",
        "id": "printf('{kind}-0000-7000-8000-%012x', n)",
        "moment": "strftime('%Y-%m-%d %H:%M:%f000', '2020-01-01', n || ' seconds')",
    },
    "postgresql": {
        "numbers": "WITH number AS (SELECT generate_series(0, {count} - 1) AS n)",
        "id": "('{kind}-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid",
        "moment": "timestamptz '2020-01-01 00:00Z' + n * interval '1 second'",
    },
}
# Numbers go round the providers, and round the goals, so that each provider's rows lie among the others'.
HOMES = """, home AS (
    SELECT id, provider_id, row_number() OVER (ORDER BY id) - 1 AS place FROM sub_projects)"""
GOALS = """
    INSERT INTO goals (provider_id, id, sub_project_id, position, text, version, created_at, updated_at)
    {numbers}{homes} SELECT provider_id, {id}, home.id, n / {providers} % 10000 + 1, 'Tavoite ' || n,
        1, {moment}, {moment}
    FROM number JOIN home ON place = n % {providers} ORDER BY n"""
RESULTS = """
    INSERT INTO results (provider_id, id, sub_project_id, goal_id, period_id, kind, progress, position, text,
        version, created_at, updated_at)
    {numbers}{homes} SELECT provider_id, {id}, home.id, {goal}, periods.id, 'activity', 'done', n / {goals} + 1,
        'Työpaikkaohjaajien palaute koottiin ja käsiteltiin johtoryhmässä: tulos ' || n, 1, {moment}, {moment}
    FROM number JOIN home ON place = n % {providers} CROSS JOIN periods ORDER BY n"""


@dataclass(frozen=True)
class World:
    """Who asks, and for what; `others_goal` is another provider's, `grown_goal` gets the results that are made."""

    provider: str
    ministry: str
    revoked: str
    goal: uuid.UUID
    grown_goal: uuid.UUID
    others_goal: uuid.UUID
    row: uuid.UUID
    period: uuid.UUID
    results: int


def world(settings: dict[str, t.Any], results: int, bulk_url: str) -> World:
    """Fill a new database.

    :param settings: of the application
    :param results: about how many, over all providers
    :param bulk_url: of who may write past row level security
    """
    app = create_app(settings)
    migrate_database(app.extensions["database"])
    providers = [factories.make(app, "providers") for _ in range(PROVIDERS)]
    plan = factories.plan(app, providers[0], providers)
    for provider in providers:
        factories.make(app, "sub_projects", provider, project_id=plan["projects"])
    goals = max(results // RESULTS_A_GOAL // PROVIDERS, 3) * PROVIDERS
    _fill(bulk_url, goals)
    # The last provider's rows: those of the first stand at the front of every index.
    first = PROVIDERS - 1
    people = {
        name: factories.bearer(app, role, provider)["Authorization"]
        for name, role, provider in (
            ("provider", "editor", providers[first]),
            ("ministry", "reviewer", None),
            ("revoked", "editor", providers[first]),
        )
    }
    claims = base64.urlsafe_b64decode(people["revoked"].split(".")[1] + "==")
    over = f"UPDATE login_sessions SET revoked_at = created_at WHERE id = '{json.loads(claims)['sid']}'"
    _run(bulk_url, over)
    app.extensions["database"].close()
    numbers = (first, first + PROVIDERS, 0)
    mine, grown, others = (uuid.UUID(f"01800000-0000-7000-8000-{n:012x}") for n in numbers)
    row = uuid.UUID(f"01900000-0000-7000-8000-{first:012x}")
    ids = {"goal": mine, "grown_goal": grown, "others_goal": others, "row": row}
    return World(**people, **ids, period=plan["periods"], results=goals * RESULTS_A_GOAL)


def _fill(url: str, goals: int) -> None:
    words = WORDS[url.partition(":")[0]]
    sizes = {"providers": PROVIDERS, "goals": goals, "homes": HOMES, "moment": words["moment"]}
    for statement, kind, count in (
        (GOALS, "01800000", goals),
        (RESULTS, "01900000", goals * RESULTS_A_GOAL),
    ):
        numbers = words["numbers"].format(count=count)
        goal = words["id"].format(kind="01800000").replace("n)", f"n % {goals})")
        ids = {"id": words["id"].format(kind=kind), "goal": goal}
        _run(url, statement.format(numbers=numbers, **ids, **sizes))
    if url.startswith("postgresql"):
        _run(url, "VACUUM ANALYZE")  # as autovacuum would


def _run(url: str, statement: str) -> None:
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as file, file:
            # KiB: with less, tens of millions of rows go through the log page by page.
            file.execute("PRAGMA cache_size = -6000000")
            file.execute(statement)
    else:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(t.cast(t.Any, statement))
