"""The life of a report: who may take it which step from which state, what is frozen of it, and what is kept of it."""

import base64
import hashlib
import itertools
import json
import uuid
from typing import Any

import pytest
import rfc8785
import sqlalchemy as sa
from werkzeug.test import TestResponse

from api.scope import Scope
from api.services import life
from schemas.vocabulary import ReportAction, ReportState, Role
from tests.accounts import code
from tests.documents.pdfs import Pdf
from tests.examples import Bench
from tests.factories import bearer
from tests.routes import contents

ACTIONS = [action.value for action in ReportAction]
# The whole of it: what whose step makes of a report in which state; what does not stand here is refused.
LIFE = {
    ("manager", "submit", "draft"): "submitted",
    ("manager", "submit", "returned"): "submitted",
    ("manager", "withdraw", "submitted"): "draft",
    ("reviewer", "return", "submitted"): "returned",
    ("reviewer", "accept", "submitted"): "accepted",
    ("reviewer", "reopen", "accepted"): "returned",
}
# How a report comes into a state.
PATHS = {
    "draft": [],
    "submitted": ["submit"],
    "returned": ["submit", "return"],
    "accepted": ["submit", "accept"],
}
CLIENTS = ("a provider's client", "the ministry's client")
SCOPES = ("plan:read", "plan:write", "records:read", "records:write")


class Desk:
    """Reports of one sub-project, which has a contact and a goal, and everybody who may have to do with them."""

    def __init__(self, bench: Bench):
        self.bench, self.sub_project = bench, bench.world.a.ids["sub_projects"]
        self.report = bench.world.a.ids["reports"]
        mine = bench.world.a.provider_id
        self.callers = {
            "manager": bench.manager,
            "reviewer": bench.ministry,
            "admin": bench.operator,
            "viewer": bearer(bench.app, "viewer", mine),
            "editor": bearer(bench.app, "editor", mine),
            "another's manager": bench.other_manager,
            "a provider's client": bearer(bench.app, None, mine, SCOPES),
            "the ministry's client": bearer(bench.app, None, None, SCOPES),
        }

    def new(self, **given: Any) -> uuid.UUID:
        return self.bench.make("reports", sub_project_id=self.sub_project, **given)

    def etag(self, key: object = None) -> str:
        return self.read(key=key).headers["ETag"]

    def read(self, rest: str = "", by: str = "manager", key: object = None) -> TestResponse:
        path = f"/api/v1/reports/{key or self.report}{rest}"
        return self.bench.client.get(path, headers=self.callers[by])

    def send(self, action: str, key: object = None, **how: Any) -> TestResponse:
        """Take a step, as who usually does; whatever is `given` goes before that."""
        by = how.get("by") or ("manager" if action in ("submit", "withdraw") else "reviewer")
        etag = how["etag"] if "etag" in how else self.etag(key)
        headers = self.callers[by] | ({"If-Match": etag} if etag else {})
        path = f"/api/v1/reports/{key or self.report}/{action}"
        body = {"reason": how.get("reason", "Because.")}
        return self.bench.client.post(path, headers=headers | how.get("headers", {}), json=body)

    def take(self, *actions: str, key: object = None) -> dict[str, Any]:
        """Steps that are taken, and the report after the last one."""
        shown: dict[str, Any] = {}
        for action in actions:
            response = self.send(action, key)
            assert response.status_code == 200, response.text
            shown = response.get_json()
        return shown

    def items(self, name: str, by: str = "manager", key: object = None) -> list[dict[str, Any]]:
        response = self.read(f"/{name}", by, key)
        assert response.status_code == 200, response.text
        found: list[dict[str, Any]] = response.get_json()["items"]
        return found


@pytest.fixture
def desk(bench: Bench) -> Desk:
    return Desk(bench)


def test_each_step_is_taken_by_whom_and_from_where_the_table_says_and_else_refused(
    desk: Desk,
) -> None:
    wrong = []
    for state in ReportState:
        key = desk.new()
        desk.take(*PATHS[state], key=key)
        for who, action in itertools.product(desk.callers, ACTIONS):
            wanted = LIFE.get((who, action, state))
            may = any(one[:2] == (who, action) for one in LIFE)
            before = desk.read(key=key)
            response = desk.send(action, key, by=who, etag=before.headers["ETag"])
            told = response.get_json()
            if wanted:
                right = response.status_code == 200 and told["state"] == wanted
                right = right and len(desk.items("events", key=key)) == len(PATHS[state]) + 1
                key = desk.new()
                desk.take(*PATHS[state], key=key)
            elif may:
                right = (response.status_code, told["code"]) == (409, "wrong_state")
                right = right and told["state"] == state
            elif who == "another's manager":  # to whom it is not there
                denied = action in ("submit", "withdraw")
                right = response.status_code == (404 if denied else 403)
            else:
                right = (response.status_code, told["code"]) == (403, "forbidden")
            if not wanted:
                right = right and desk.read(key=key).get_data() == before.get_data()
            if not right:
                wrong.append((who, action, state.value, response.text))
    assert wrong == []


def test_what_may_be_done_now_is_what_is_done_when_it_is_tried(desk: Desk) -> None:
    for state, (who, role) in itertools.product(
        ReportState, {w: w for w in ("manager", "reviewer", "editor", "viewer")}.items()
    ):
        key = desk.new()
        desk.take(*PATHS[state], key=key)
        page = desk.read("/actions", who, key).get_json()
        assert page["state"] == state
        assert [item["action"] for item in page["items"]] == ACTIONS
        for item in page["items"]:
            wanted = LIFE.get((role, item["action"], state))
            assert item["allowed"] == bool(wanted) == (not item["refusals"]), (state, who, item)
            assert item["reason_required"] == (item["action"] in ("return", "reopen"))
            if wanted:
                assert item["to_state"] == wanted


def test_each_refusal_says_why_and_who_could_lift_it(desk: Desk) -> None:
    def refusals(action: str, by: str) -> dict[str, dict[str, Any]]:
        items = {item["action"]: item for item in desk.items("actions", by)}
        return {
            refusal["code"]: {name: value for name, value in refusal.items() if value}
            for refusal in items[action]["refusals"]
        }

    found = refusals("accept", "editor")
    assert found["no_right"]["roles"] == ["reviewer"]
    assert found["wrong_state"]["actions"] == ["submit"]
    assert found["wrong_state"]["roles"] == ["manager"]
    assert found["wrong_state"]["detail"] == "Its state is `draft`."
    assert refusals("submit", "manager") == {}
    desk.take("submit", "accept")
    assert refusals("submit", "manager")["wrong_state"]["actions"] == [
        *("withdraw", "return", "reopen")
    ]


def test_a_report_without_contact_or_goal_is_not_submitted_and_says_what_it_lacks(
    desk: Desk,
) -> None:
    key = desk.bench.make("reports", sub_project_id=desk.bench.sub_project)
    (item,) = (one for one in desk.items("actions", key=key) if one["action"] == "submit")
    (refusal,) = item["refusals"]
    assert (refusal["code"], refusal["roles"]) == ("incomplete", ["editor", "manager"])
    assert refusal["missing"] == ["/contact_id", "/form/goals"]
    response = desk.send("submit", key)
    assert code(response) == (409, "incomplete")
    faults = [(one["pointer"], one["code"]) for one in response.get_json()["errors"]]
    assert faults == [("/contact_id", "required"), ("/form/goals", "required")]
    desk.bench.make("goals", sub_project_id=desk.bench.sub_project)
    contact = str(desk.bench.make("contacts"))
    etag = desk.etag(key)
    assert desk.bench.change("reports", key, etag, json={"contact_id": contact}).status_code == 200
    assert desk.take("submit", key=key)["state"] == "submitted"


def test_a_return_and_a_reopening_need_a_reason(desk: Desk) -> None:
    for before, action in (("submit", "return"), ("accept", "reopen")):
        desk.take(before)
        for body in ({}, {"reason": None}, {"reason": " "}):
            headers = desk.callers["reviewer"] | {"If-Match": desk.etag()}
            path = f"/api/v1/reports/{desk.report}/{action}"
            response = desk.bench.client.post(path, headers=headers, json=body)
            assert response.status_code == 422
            assert response.get_json()["errors"][0]["pointer"] == "/reason"
        desk.take(action)
        if action == "return":
            desk.take("submit")


def test_a_step_needs_the_version_that_was_read(desk: Desk) -> None:
    assert code(desk.send("submit", etag=None)) == (428, "precondition_required")
    assert code(desk.send("submit", etag="*")) == (428, "precondition_required")
    stale = desk.send("submit", etag='"99"')
    assert code(stale) == (412, "stale")
    told = stale.get_json()
    assert (told["current_version"], told["state"], stale.headers["ETag"]) == (1, "draft", '"1"')
    taken = desk.send("submit", etag='"1.whatever-was-read"')
    assert (taken.status_code, taken.headers["ETag"]) == (200, '"2"')


def test_every_step_is_kept_with_who_when_and_why(desk: Desk) -> None:
    desk.take("submit", "return", "submit", "accept", "reopen", "submit", "withdraw")
    for who in ("viewer", "reviewer"):
        found = desk.items("events", who)
        assert [(one["action"], one["version_number"]) for one in found] == [
            *(("submit", 1), ("return", 1), ("submit", 2), ("accept", 2), ("reopen", 2)),
            *(("submit", 3), ("withdraw", 3)),
        ]
        states = [(one["from_state"], one["to_state"]) for one in found]
        assert [one[1] for one in states[:-1]] == [one[0] for one in states[1:]]
        assert {one["reason"] for one in found} == {"Because."}
        assert [one["at"] for one in found] == sorted(one["at"] for one in found)
        assert {(one["action"], one["by_role"]) for one in found} >= {
            ("submit", "manager"),
            ("accept", "reviewer"),
        }
    assert len({one["by_id"] for one in found}) == 2
    assert code(desk.read("/events", "another's manager")) == (404, "not_found")


def test_a_submission_freezes_what_the_report_shows_byte_for_byte(desk: Desk) -> None:
    desk.take("submit")
    shown = desk.read().get_json()
    assert (shown["state"], shown["version"]) == ("submitted", 2)
    (version,) = desk.items("versions", "reviewer")
    for who in ("manager", "viewer", "reviewer"):
        frozen = desk.read("/versions/1", who)
        assert frozen.get_json() == shown
        assert frozen.get_data() == rfc8785.dumps(shown)
        digest = hashlib.sha256(frozen.get_data())
        assert version["sha256"] == digest.hexdigest()
        assert frozen.headers["ETag"] == f'"{digest.hexdigest()}"'
        assert frozen.headers["Repr-Digest"] == (
            f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"
        )
    events = desk.items("events")
    assert version["submitted_by"] == events[0]["by_id"]
    assert version["submitted_at"] == events[0]["at"] == shown["updated_at"]


def test_a_version_stays_as_it_was_whatever_becomes_of_the_records(desk: Desk) -> None:
    desk.take("submit")
    first = desk.read("/versions/1").get_data()
    desk.take("return")
    key = desk.bench.world.a.ids["results"]
    etag = desk.bench.open("results", key).headers["ETag"]
    assert desk.bench.change("results", key, etag, json={"text": "Toinen"}).status_code == 200
    desk.take("submit")
    assert desk.read("/versions/1").get_data() == first
    assert "Toinen" in desk.read("/versions/2").get_data(as_text=True)
    assert "Toinen" not in first.decode()
    assert [one["number"] for one in desk.items("versions")] == [1, 2]


def test_a_version_is_sent_as_it_is_and_not_at_all_to_whom_has_it(desk: Desk) -> None:
    desk.take("submit")
    path = f"/api/v1/reports/{desk.report}/versions/1"
    headers = desk.callers["manager"] | {"Accept-Encoding": "gzip"}
    frozen = desk.bench.client.get(path, headers=headers)
    assert "Content-Encoding" not in frozen.headers
    headers |= {"If-None-Match": frozen.headers["ETag"]}
    assert desk.bench.client.get(path, headers=headers).status_code == 304


FILES = ("html", "pdf", "docx", "xlsx", "csv")


def test_documents_of_a_version_are_the_same_bytes_whatever_becomes_of_the_records(
    desk: Desk,
) -> None:
    desk.take("submit")
    paths = [f"/versions/1?format={kind}&language=sv" for kind in FILES]
    first = [desk.read(path, "reviewer") for path in paths]
    assert [one.status_code for one in first] == [200] * len(FILES)
    desk.take("accept", "reopen")
    key = desk.bench.world.a.ids["results"]
    etag = desk.bench.open("results", key).headers["ETag"]
    assert desk.bench.change("results", key, etag, json={"text": "Toinen"}).status_code == 200
    for path, before in zip(paths, first, strict=True):
        again = desk.read(path)
        assert again.get_data() == before.get_data()
        assert again.headers["ETag"] == before.headers["ETag"]
    assert "Toinen" in desk.read("?format=html").text
    tags = [one.headers["ETag"] for one in first]
    assert len({*tags, desk.read("/versions/1?format=pdf&language=fi").headers["ETag"]}) == 6
    assert not [tag for tag in tags if tag.startswith("W/")]


def test_a_document_of_a_version_says_which_it_is(desk: Desk) -> None:
    desk.take("submit")
    (version,) = desk.items("versions")
    page = desk.read("/versions/1?format=html&language=en").text
    assert "Version 1, submitted " in page
    assert version["sha256"][:16] in page
    assert version["sha256"][:16] in Pdf(desk.read("/versions/1?format=pdf").get_data()).text
    assert 'class="draft"' not in page


def test_a_version_is_a_document_only_for_whom_asks_for_one(desk: Desk) -> None:
    desk.take("submit")
    data = desk.read("/versions/1").get_data()
    path = f"/api/v1/reports/{desk.report}/versions/1"
    for accept, kind in (
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("application/pdf", "application/pdf"),
        ("text/html, */*;q=0.8", "text/html; charset=utf-8"),
    ):
        headers = desk.callers["manager"] | {"Accept": accept}
        response = desk.bench.client.get(path, headers=headers)
        assert response.headers["Content-Type"] == kind
        assert (response.get_data() == data) is (kind == "application/json")
        assert "Accept" in response.headers["Vary"]
        headers["If-None-Match"] = response.headers["ETag"]
        unchanged = desk.bench.client.get(path, headers=headers)
        assert (unchanged.status_code, unchanged.get_data()) == (304, b"")


@pytest.mark.parametrize("number", ["0", "2", "1000000001", "9223372036854775808", "x", "-1"])
def test_a_version_that_there_is_not_is_not_found(desk: Desk, number: str) -> None:
    desk.take("submit")
    assert code(desk.read(f"/versions/{number}")) == (404, "not_found")
    assert code(desk.read("/versions/1", "another's manager")) == (404, "not_found")


def test_the_log_of_changes_tells_of_each_step(desk: Desk) -> None:
    for action in ("submit", "return"):
        place = _follow(desk)["next"]
        version = desk.take(action)["version"]
        entries = _follow(desk, after=place)["items"]
        assert {(one["resource"], one["id"], one["version"]) for one in entries} >= {
            ("reports", str(desk.report), version)
        }


def _follow(desk: Desk, **query: str) -> dict[str, Any]:
    page: dict[str, Any] = {"next": None, "items": []}
    while True:
        response = desk.bench.client.get(
            "/api/v1/changes", headers=desk.bench.manager, query_string=query
        )
        assert response.status_code == 200, response.text
        found = response.get_json()
        page = {"next": found["next"], "items": page["items"] + found["items"]}
        if not found["items"] or found["next"] == query.get("after"):
            return page
        query = {"after": found["next"]}


def test_a_step_sent_twice_under_one_key_is_taken_once(desk: Desk) -> None:
    etag = desk.etag()
    answers = [
        desk.send("submit", etag=etag, headers={"Idempotency-Key": "submit-it"}) for _ in range(2)
    ]
    assert [one.status_code for one in answers] == [200, 200]
    assert answers[0].get_data() == answers[1].get_data()
    etag = desk.etag()
    for _ in range(2):
        answer = desk.send("accept", etag=etag, headers={"Idempotency-Key": "accept-it"})
        assert answer.status_code == 200
    assert len(desk.items("events")) == 2


def test_a_crash_between_the_freeze_and_the_end_of_the_step_leaves_neither(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(desk.bench.app)

    def crash(*_: object) -> None:
        raise RuntimeError("the lights went out")

    for part in ("note", "exclude"):
        with monkeypatch.context() as broken:
            broken.setattr(life.locks, part, crash)
            assert desk.send("submit").status_code == 500
        assert contents(desk.bench.app) == before
    with monkeypatch.context() as broken:
        broken.setattr(life, "freeze", crash)
        assert desk.send("submit").status_code == 500
    assert contents(desk.bench.app) == before
    desk.take("submit")


def test_what_was_kept_can_neither_be_changed_nor_deleted_in_the_database(desk: Desk) -> None:
    desk.take("submit")
    before = contents(desk.bench.app)
    for table, column in (("report_versions", "snapshot"), ("report_events", "reason")):
        for statement in (f"UPDATE {table} SET {column} = 'other'", f"DELETE FROM {table}"):
            with desk.bench.app.extensions["database"].session() as session:
                session.enter(Scope(provider_id=desk.bench.world.a.provider_id))
                with pytest.raises(sa.exc.DBAPIError, match=r"permission denied|are kept"):
                    session.connection().exec_driver_sql(statement)
    assert contents(desk.bench.app) == before


def test_a_report_that_was_ever_submitted_is_not_deleted(desk: Desk) -> None:
    desk.take("submit", "withdraw")
    response = desk.bench.change("reports", desk.report, desk.etag(), "DELETE")
    assert code(response) == (409, "in_use")
    assert response.get_json()["referring"] == ["report_events", "report_versions"]


def test_one_who_acts_for_a_provider_leaves_its_scope_again(desk: Desk) -> None:
    """A batch of the ministry's: steps on reports of several providers, in one transaction."""
    others = desk.bench.world.b
    headers = desk.bench.other_manager
    desk.take("submit")
    path = f"/api/v1/reports/{others.ids['reports']}"
    etag = desk.bench.client.get(path, headers=headers).headers["ETag"]
    sent = desk.bench.client.post(f"{path}/submit", headers=headers | {"If-Match": etag}, json={})
    assert sent.status_code == 200, sent.text
    operations = [
        {
            "id": name,
            "method": "POST",
            "path": f"/reports/{key}/{action}",
            "headers": {"If-Match": tag},
            "body": {"reason": "Because."},
        }
        for name, key, action, tag in (
            ("one", desk.report, "accept", '"2"'),
            ("no", desk.report, "accept", '"3"'),
            ("two", others.ids["reports"], "return", '"2"'),
        )
    ]
    for atomic in (True, False):
        answer = desk.bench.client.post(
            "/api/v1/batch",
            headers=desk.bench.ministry,
            json={"atomic": atomic, "operations": operations},
        )
        if atomic:
            continue
        assert [one["status"] for one in answer.get_json()["responses"]] == [200, 409, 200]
    assert json.loads(desk.bench.client.get(path, headers=headers).text)["state"] == "returned"
    assert set(Role) >= {one["by_role"] for one in desk.items("events")}


def test_what_was_withdrawn_stood_until_then_and_no_longer(desk: Desk) -> None:
    desk.take("submit", "withdraw")
    (first,) = desk.items("versions")
    withdrawn = desk.items("events")[-1]["at"]
    assert desk.read(f"?as_of={first['submitted_at']}").status_code == 200
    refused = desk.read(f"?as_of={withdrawn}")
    assert code(refused) == (404, "no_version")
    assert "withdrawn" in refused.get_json()["detail"]
    desk.take("submit")
    shown = desk.read("?as_of=2100-01-01T00:00:00Z")
    assert shown.headers["Content-Location"].endswith("/versions/2")
    desk.take("withdraw")
    assert desk.read("?as_of=2100-01-01T00:00:00Z").status_code == 404
