"""The floor: one WSGI callable, hand-written SQL, nothing that is not asked of it.

It verifies an EdDSA token each time, asks whether its sign-in still stands, and keeps to the provider by a WHERE. It
checks no body, has no ETags, no errors worth the name, and no row level security.
"""

import base64
import os
import re
import sqlite3
import threading
import time
import typing as t
from datetime import UTC, datetime
from urllib.parse import parse_qs

import orjson
import psycopg
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from psycopg.rows import dict_row
from uuid_utils import uuid7

KEY: t.Any = load_pem_public_key(os.environ["JWT_PUBLIC_KEY"].encode())
URL, ISSUER = os.environ["DATABASE_URL"], os.environ["JWT_ISSUER"]
SQLITE = URL.startswith("sqlite")
# SQLite keeps moments as text, without the T and the Z that JSON wants.
MOMENTS = ", ".join(
    f"replace({name}, ' ', 'T') || 'Z' AS {name}" if SQLITE else name
    for name in ("created_at", "updated_at")
)
RESULT = (
    "id, sub_project_id, goal_id, period_id, kind, progress, position, text, reason, external_id,"
    f" provider_id, version, {MOMENTS}"
)
GOAL = (
    "id, sub_project_id, project_goal_id, position, text, external_id, provider_id, version,"
    f" {MOMENTS}"
)
SIGNED_IN = (
    "SELECT role, provider_id FROM users JOIN login_sessions s ON s.user_id = users.id"
    " WHERE s.id = :sid AND users.id = :sub AND active AND revoked_at IS NULL AND expires_at > :now"
)
PAGE = (
    f"SELECT {RESULT} FROM results WHERE provider_id = :me AND id > :after ORDER BY id LIMIT :limit"
)
EVERY = f"SELECT {RESULT} FROM results WHERE id > :after ORDER BY id LIMIT :limit"
ONE_RESULT = f"SELECT {RESULT} FROM results WHERE provider_id = :me AND id = :id"
ONE_GOAL = f"SELECT {GOAL} FROM goals WHERE provider_id = :me AND id = :id"
OF_GOAL = (
    f"SELECT {RESULT} FROM results WHERE provider_id = :me AND goal_id = :id ORDER BY position, id"
)
CREATE = (
    "INSERT INTO results (provider_id, id, sub_project_id, goal_id, period_id, kind, progress, position, text, reason,"
    " external_id, version, created_at, updated_at) SELECT provider_id, :id, sub_project_id, id, :period_id, :kind,"
    " :progress, :position, :text, :reason, :external_id, 1, :now, :now FROM goals"
    f" WHERE provider_id = :me AND id = :goal_id RETURNING {RESULT}"
)
DEFAULTS = {"progress": "done", "position": 1, "text": None, "reason": None, "external_id": None}
FIRST = "00000000-0000-0000-0000-000000000000"
STATUS = {200: "200 OK", 201: "201 Created", 401: "401 Unauthorized", 404: "404 Not Found"}
_of_thread = threading.local()


def _opened() -> t.Any:
    if not SQLITE:
        options = {"options": "-c timezone=UTC", "row_factory": dict_row}
        return psycopg.connect(URL, autocommit=True, prepare_threshold=1, **options)
    file = sqlite3.connect(URL.removeprefix("sqlite:///"), timeout=10, isolation_level=None)
    for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"):
        file.execute(f"PRAGMA {pragma}")
    file.row_factory = lambda cursor, row: dict(
        zip([column[0] for column in cursor.description], row, strict=True)
    )
    return file


def ask(statement: str, **values: t.Any) -> list[dict[str, t.Any]]:
    if not hasattr(_of_thread, "connection"):
        _of_thread.connection = _opened()
    rows: list[dict[str, t.Any]] = _of_thread.connection.execute(
        SPELT[statement], values
    ).fetchall()
    return rows


def _spelt(statement: str) -> str:
    return statement if SQLITE else re.sub(r":(\w+)", r"%(\1)s", statement)


SPELT = {
    each: _spelt(each) for each in (SIGNED_IN, PAGE, EVERY, ONE_RESULT, ONE_GOAL, OF_GOAL, CREATE)
}


def moment() -> t.Any:
    now = datetime.now(UTC)
    return now.strftime("%Y-%m-%d %H:%M:%S.%f") if SQLITE else now


def caller(environ: dict[str, t.Any]) -> dict[str, t.Any] | None:
    signed, _, signature = environ.get("HTTP_AUTHORIZATION", "")[7:].rpartition(".")
    try:
        KEY.verify(base64.urlsafe_b64decode(signature + "=="), signed.encode())
    except (InvalidSignature, ValueError):
        return None
    claims = orjson.loads(base64.urlsafe_b64decode(signed.partition(".")[2] + "=="))
    good = claims["exp"] > time.time() and (claims["iss"], claims["aud"]) == (ISSUER, "lamppu")
    found = good and ask(SIGNED_IN, sid=claims["sid"], sub=claims["sub"], now=moment())
    return found[0] if found else None


def page(me: t.Any, query: dict[str, list[str]]) -> t.Any:
    limit, after = int(query["limit"][0]), query.get("cursor", [FIRST])[0]
    rows = ask(PAGE if me else EVERY, me=me, after=after, limit=limit + 1)
    following = rows[limit - 1]["id"] if len(rows) > limit else None
    return 200, {"items": rows[:limit], "next": following}


def goal(me: t.Any, key: str) -> t.Any:
    found = ask(ONE_GOAL, me=me, id=key)
    if not found:
        return 404, None
    return 200, found[0] | {"results": ask(OF_GOAL, me=me, id=key)}


def result(me: t.Any, key: str) -> t.Any:
    found = ask(ONE_RESULT, me=me, id=key)
    return (200, found[0]) if found else (404, None)


def create(me: t.Any, body: bytes) -> t.Any:
    values = DEFAULTS | orjson.loads(body)
    made = ask(CREATE, me=me, id=str(uuid7()), now=moment(), **values)
    return (201, made[0]) if made else (404, None)


def answer(environ: dict[str, t.Any]) -> tuple[int, t.Any]:
    who = caller(environ)
    if who is None:
        return 401, None
    me, path = who["provider_id"], environ["PATH_INFO"]
    if environ["REQUEST_METHOD"] == "POST":
        return create(me, environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
    if path == "/api/v1/results":
        return page(me, parse_qs(environ["QUERY_STRING"]))
    resource, key = path.split("/")[3:]
    return goal(me, key) if resource == "goals" else result(me, key)


def app(environ: dict[str, t.Any], start_response: t.Any) -> list[bytes]:
    status, value = answer(environ)
    body = orjson.dumps(value, option=orjson.OPT_UTC_Z)
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    start_response(STATUS[status], headers)
    return [body]
