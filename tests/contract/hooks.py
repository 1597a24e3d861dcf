"""What schemathesis is told of this API, so that what the document allows is really let in.

Loaded by schemathesis in a process of its own, beside the server: makes a world in the server's database, narrows the
references of the document to the rows that are in it, and says who asks.
"""

import contextlib
import json
import os
import re
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import schemathesis
import sqlalchemy as sa
from marshmallow import ValidationError
from schemathesis import AuthContext, Case, CheckContext, HookContext, Response
from schemathesis.core.parameters import ParameterLocation
from werkzeug.datastructures import Headers

from api.app import create_app
from api.models.webhooks import Webhook
from api.problems import Duplicate
from api.resources.exports import CSV, NDJSON, XLSX
from api.services.rows import model_of
from schemas import vocabulary as v
from tests.accounts import PASSWORD, Browser, new_client, new_user
from tests.contract.conforming import Answer, Contract
from tests.examples import RECORDS, STEMS, Bench

Node = dict[str, Any]

# Refusals by rules that JSON Schema has no words for, or that hold between a request and the rows there are.
RULES = {
    *("before_start", "more_than_invited", "not_normalised", "wrong_check_digit", "weak_password"),
    *("not_found", "immutable", "duplicate", "repeated", "cycle", "ambiguous", "mismatch"),
    *("other_project", "other_sub_project", "own_account", "wrong_cursor", "wrong_position"),
    *("filter_required", "too_many_rows"),
    *("too_many_to_expand", "too_many_decimals", "key_reused", "not_in_batch", "unknown_operation"),
    *("not_for_form", "too_long_for_cell", "not_public"),
    *("not_for_method", "wrong_reference", "unknown_member", "not_for_pages", "role_mismatch"),
}
# Of a table: JSON Schema has no words for what stands in a text.
TABLES = {
    *("not_a_table", "not_utf8", "wrong_width", "invalid_json", "wrong_type", "formula"),
    "forbidden_character",
}
# Rules between fields, which hold of a row after a patch was merged into it.
BETWEEN = {
    *("not_for_kind", "missing_for_kind", "date_missing", "date_not_allowed", "period_missing"),
    *("time_mismatch", "one_subject", "no_language"),
}
# Of an import besides: what is required of a new row, and that a reference is spelled in one of two ways.
IMPORTED = {"required", "unknown_field", "unknown_name", "locked", *BETWEEN}
# By which steps a report comes to where each action begins.
STEPS: dict[str, tuple[str, ...]] = {
    "submit": (),
    **dict.fromkeys(("withdraw", "return", "accept"), ("submit",)),
    "reopen": ("submit", "accept"),
}
OF_MINISTRY = {"returnReport", "acceptReport", "reopenReport"}
UUID = re.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
CONDITIONS = {"If-Match", "If-None-Match"}
TAG = re.compile(v.ETAG_LIST)
KEY = re.compile("[!-~]{1,255}")
LAST = "ffffffff-ffff-7fff-bfff-ffffffffffff"
# What may be there only once, beside the names that providers give.
KEYS: dict[str, tuple[str, ...]] = {
    "providers": ("business_id", "oid"),
    "users": ("email",),
    "projects": ("acronym",),
    **dict.fromkeys(("project_goals", "project_indicators", "project_meetings"), ("code",)),
    "periods": ("code",),
    "participations": ("provider_id",),
    "goals": ("project_goal_id",),
    "measurements": ("indicator_id",),
}

told = json.loads(os.environ["CONTRACT_RUN"])  # by test_schemathesis.py: settings, document, report
app = create_app(told["settings"])
bench = Bench(app)
world = bench.world
numbers = count(1)


@cache
def rows() -> dict[str, list[str]]:
    """Rows that may be referred to, by resource: all of one provider, in one sub-project and its project."""
    found = {**world.plan, **world.a.ids, "providers": world.a.provider_id}
    known = {stem: [str(key)] for stem, key in found.items()}
    for stem in ("users", "clients", "webhooks"):
        known[stem] = [str(bench.make(stem, **bench.body(stem)))]
    return known


def stem_of(path: str) -> str:
    return path.removeprefix("/api/v1/").partition("/")[0].replace("-", "_")


# the document, narrowed to this world


@schemathesis.hook
def before_load_schema(context: HookContext, raw_schema: Node) -> None:
    """What bodies refer to is there; who signs in is known; a batch asks for what there is."""
    schemas = raw_schema["components"]["schemas"]
    taken: set[str] = set()
    for item in raw_schema["paths"].values():
        for operation in item.values():
            if isinstance(operation, dict):
                _reach(operation.get("requestBody", {}), schemas, taken)
    for name in taken:
        keys = {key for stem, keys in KEYS.items() if name in _components(stem) for key in keys}
        properties = schemas[name].get("properties", {})
        _narrow({member: one for member, one in properties.items() if member not in keys})
    client_id, secret = new_client(app, ["plan:read"])
    acronym = bench.open("projects", world.plan["projects"]).get_json()["acronym"]
    paths = [f"/{stem.replace('_', '-')}" for stem in STEMS]
    for name, values in {
        "Login": {"email": [_person()], "password": [PASSWORD]},
        "PasswordChange": {"current_password": [PASSWORD]},
        "TokenRequest": {
            "grant_type": ["client_credentials"],
            "scope": ["plan:read", ""],
            "client_id": [client_id],
            "client_secret": [secret],
        },
        "ImportDocument": {"project": [acronym]},
        "BatchOperation": {"path": [*paths, "/goals?limit=1"]},
    }.items():
        for member, words in values.items():
            schemas[name]["properties"][member] = {"enum": words}
    # Any JSON, of which a deep one takes the generator too far.
    del schemas["BatchOperation"]["properties"]["body"]
    schemas["TokenRequest"]["required"] = ["grant_type", "client_id", "client_secret"]


def _components(stem: str) -> tuple[str, str]:
    name = model_of(stem).schema.__name__
    return f"{name}Input", f"{name}Patch"


def _reach(node: Any, schemas: Node, names: set[str]) -> None:
    """The schemas that a body may be held to."""
    if isinstance(node, list):
        for inner in node:
            _reach(inner, schemas, names)
    elif isinstance(node, dict):
        name = str(node.get("$ref", "")).rpartition("/")[2]
        if name in schemas and name not in names:
            names.add(name)
            _reach(schemas[name], schemas, names)
        for inner in node.values():
            _reach(inner, schemas, names)


def _narrow(schema: Any) -> None:
    if isinstance(schema, list):
        for inner in schema:
            _narrow(inner)
    elif isinstance(schema, dict):
        if known := rows().get(schema.get("x-resource", "")):
            schema["enum"] = [*known, *([None] if "null" in schema["type"] else [])]
        for inner in list(schema.values()):
            _narrow(inner)


def _table(context: Any, value: Any) -> bytes:
    """What is none, for the most part."""
    return value if isinstance(value, bytes) else str(value).encode()


for media in NDJSON, XLSX:
    schemathesis.serializer(media)(_table)


@schemathesis.hook
def filter_case(context: HookContext, case: Case) -> bool:
    """In a text that is to be a table nothing is of a wrong type."""
    is_text = case.media_type in (CSV, NDJSON)
    return not (is_text and _is_negative(case, ParameterLocation.BODY))


# who asks


def _person() -> str:
    return new_user(app, f"kirjautuja{next(numbers)}@koulu.example").email


@schemathesis.auth(refresh_interval=None)
class Callers:
    """Somebody who may do it."""

    def get(self, case: Case, context: AuthContext) -> Any:
        stem = stem_of(case.operation.path)
        if _operation_id(case) in ("logIn", "getToken"):
            return {}  # they say it in the body
        if _operation_id(case) in OF_MINISTRY:
            return bench.ministry
        if stem != "auth":
            return bench.writer(stem) if stem in STEMS else bench.manager
        browser = Browser(app)  # a sign-in of its own each time: it may end with this call
        assert browser.login(_person()).status_code == 200
        return browser

    def set(self, case: Case, data: Any, context: AuthContext) -> None:
        if isinstance(data, dict):
            case.headers = {**(case.headers or {}), **data}
        elif case.operation.path.endswith("/refresh"):
            case.cookies = {
                name: data.cookie(name) for name in ("refresh_token", "csrf_refresh_token")
            }
            csrf = data.cookie("csrf_refresh_token", "/")
            case.headers = {**(case.headers or {}), "X-CSRF-TOKEN": csrf}
        else:
            token = {"Authorization": f"Bearer {data.token}"}
            case.headers = {**(case.headers or {}), **token}


@cache
def callers() -> set[str]:
    """The users that those who ask are; they must stay who they are."""
    assert all((bench.operator, bench.ministry, bench.manager))
    page = bench.open("users", query_string={"limit": 500}).get_json()
    return {user["id"] for user in page["items"]}


# a row for each request


@schemathesis.hook
def before_call(context: HookContext, case: Case, kwargs: Node) -> None:
    """A path's id is that of a row; for a change of one made for it, since others refer to those of the world."""
    stem, headers = stem_of(case.operation.path), _mended(case)
    key, known = str((case.path_parameters or {}).get("id")), rows().get(stem, [])
    step = case.operation.path.rpartition("/")[2]
    changes = case.method in ("PUT", "PATCH", "DELETE") or step in STEPS
    if known and UUID.fullmatch(key) and (key in {*known, *callers()} or not _is_ours(key)):
        key = known[int(key[-2:], 16) % len(known)]
        if step in STEPS:
            key = _report(*STEPS[step])
        elif changes:
            key = _made(stem)
        if _operation_id(case) == "getReportVersion" and _is_positive(case):
            key, case.path_parameters["number"] = _submitted(), 1
        case.path_parameters["id"] = key
    if changes and known and UUID.fullmatch(key) and _may_match(case):
        tag = bench.open(stem, key).headers.get("ETag")
        case.headers = {**headers, **({"If-Match": tag} if tag else {})}
    if isinstance(case.body, dict):
        case.body = case.body | dict(_unused(stem, case.body))
    if _operation_id(case) == "createWebhook":
        _make_room()
    if "{external_id}" in case.operation.path:
        _name_once(case)
    if "/exports/reports." in case.operation.path and _is_positive(case) and next(numbers) % 9:
        # Each of some 200 reports is compiled of some 400 goals, and schemathesis keeps answers.
        case.query = {**(case.query or {}), "after": LAST}
    if KEY.fullmatch(str(headers.get("Idempotency-Key", ""))):
        case.headers["Idempotency-Key"] = os.urandom(8).hex()


def _make_room() -> None:
    """For one more webhook, of which nobody may have more than a few: the newest stay."""
    newest = sa.select(Webhook.id).order_by(Webhook.id.desc()).limit(10)
    kept = sa.or_(Webhook.id.in_(newest), Webhook.id.in_(map(uuid.UUID, rows()["webhooks"])))
    with app.extensions["database"].session() as session:
        session.execute(sa.delete(Webhook).where(~kept))
        session.commit()


def _made(stem: str) -> str:
    """A row for one request, of which no other has the code: those that we give periods come round again."""
    while True:
        with contextlib.suppress(Duplicate):
            return str(bench.make(stem, **bench.body(stem)))


def _report(*steps: str) -> str:
    """A report that has taken these steps. All that it holds is its own, so that no other request finds it locked."""
    home = bench.make(
        "sub_projects", project_id=world.plan["projects"], contact_id=bench.make("contacts")
    )
    bench.make("goals", sub_project_id=home)
    key = bench.make("reports", sub_project_id=home)
    for step in steps:
        by = bench.manager if step == "submit" else bench.ministry
        tag = {"If-Match": bench.open("reports", key).headers["ETag"]}
        said = {"reason": "Because."}
        taken = bench.open("reports", f"{key}/{step}", "POST", by=by, headers=tag, json=said)
        assert taken.status_code == 200, taken.text
    return str(key)


@cache
def _submitted() -> str:
    return _report("submit")


def _mended(case: Case) -> Node:
    """The headers, without what schemathesis 4.32 forgets in them: a wrong value, in cases that it calls right."""
    headers = dict(case.headers or {})
    if _is_positive(case) or not _is_negative(case, ParameterLocation.HEADER):
        for name in CONDITIONS & headers.keys():
            if headers[name] != "*" and not TAG.fullmatch(headers[name]):
                case.headers[name] = headers[name] = '"0"'
    if _is_positive(case):
        (case.headers or {}).pop("Content-Encoding", None)  # it packs nothing
        headers.pop("Content-Encoding", None)
    of_a_row = case.method != "GET" and "{id}" in case.operation.path
    if _is_positive(case) and not of_a_row and next(numbers) % 2:
        # Every other time without what holds of no row, or of another list.
        headers = {name: value for name, value in headers.items() if name not in CONDITIONS}
        case.headers = dict(headers)
        (case.query or {}).pop("cursor", None)
    return headers


def _is_positive(case: Case) -> bool:
    return case.meta is not None and case.meta.generation.mode.is_positive


def _is_negative(case: Case, location: ParameterLocation) -> bool:
    return case.meta is not None and case.meta.is_negative_at(location)


def _name_once(case: Case) -> None:
    """The body says the name of the path or none."""
    if isinstance(case.body, dict) and "external_id" in case.body:
        case.body = case.body | {"external_id": unquote(str(case.path_parameters["external_id"]))}


def _may_match(case: Case) -> bool:
    """Whether If-Match is as it should be, or is no matter beside a body that is not."""
    header = (case.headers or {}).get("If-Match")
    in_body = _is_negative(case, ParameterLocation.BODY)
    return header is not None and (in_body or bool(TAG.fullmatch(str(header))))


def _unused(stem: str, body: Node) -> Iterator[tuple[str, Any]]:
    """Keys of a body that are as they should be, changed to some that no row has."""
    names = [*KEYS.get(stem, ()), *(["external_id"] if stem in RECORDS else [])]
    given = [name for name in names if body.get(name) is not None]
    if given and stem in STEMS:
        fields = model_of(stem).schema.writable().load_fields
        made = bench.body(stem)
        for name in given:
            with contextlib.suppress(ValidationError):
                fields[name].deserialize(body[name])
                yield name, made[name]


def _is_ours(key: str) -> bool:
    """Made today (RFC 9562 §5.7); schemathesis makes them at random."""
    return key[:4] == str(world.a.provider_id)[:4]


# what must hold besides


def _operation_id(case: Case) -> str:
    return str(case.operation.definition.raw["operationId"])


@schemathesis.check
def refused_only_by_rules(ctx: CheckContext, response: Response, case: Case) -> None:
    """What is valid by the document is refused as 422 only by a rule that it has no words for."""
    if _is_positive(case) and response.status_code == 422:
        codes = {fault["code"] for fault in response.json()["errors"]}
        more = BETWEEN if case.method == "PATCH" else set()
        imported = case.operation.path.startswith("/api/v1/imports")
        unknown = codes - RULES - (IMPORTED | TABLES if imported else more)
        assert not unknown, f"refused as {', '.join(sorted(unknown))}"


@cache
def contract() -> Contract:
    return Contract(json.loads(Path(told["document"]).read_text(encoding="utf-8")))


@schemathesis.check
def agrees_with_the_document(ctx: CheckContext, response: Response, case: Case) -> None:
    """As closely as in every other test."""
    headers = Headers(
        (name, value)
        for name, values in response.headers.items()
        for value in values
        if name.lower() != "content-encoding"  # unpacked already
    )
    request = response.request
    answer = Answer(request.method or "", response.status_code, headers, response.content)
    contract().judge(unquote(request.path_url.partition("?")[0]), answer)


answered: defaultdict[str, Counter[int]] = defaultdict(Counter)


@schemathesis.hook
def after_call(context: HookContext, case: Case, response: Response) -> None:
    """Keep count, to see that every operation has let something in."""
    answered[_operation_id(case)][response.status_code] += 1
    if sum(answered[_operation_id(case)].values()) % 10 == 1 or response.status_code < 300:
        Path(told["report"]).write_text(json.dumps(answered), encoding="utf-8")
