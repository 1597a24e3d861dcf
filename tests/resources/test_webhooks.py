"""Webhooks as the API has them: whose they are, where they may lead, their secrets, and their deliveries.

How they are delivered to is in tests/services/test_deliveries.py.
"""

import base64
import uuid
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from api.access import POLICIES
from api.models.webhooks import Webhook, WebhookDelivery
from api.services.webhooks import MOST
from schemas.changes import RESOURCES
from schemas.webhooks import Followed
from tests.examples import Bench, places
from tests.factories import bearer

WEBHOOKS = "/api/v1/webhooks"
HOOK = {"url": "https://hooks.example/lamppu"}


@pytest.fixture
def bench(app: Flask) -> Bench:
    return Bench(app)


def made(bench: Bench, by: dict[str, str] | None = None, **given: Any) -> TestResponse:
    return bench.client.post(WEBHOOKS, json=HOOK | given, headers=by or bench.manager)


def asked(
    bench: Bench, key: str, what: str, body: dict[str, Any], by: dict[str, str] | None = None
) -> TestResponse:
    return bench.client.post(f"{WEBHOOKS}/{key}/{what}", json=body, headers=by or bench.manager)


def test_its_etag_tells_of_deliveries_too_and_a_write_goes_by_its_version(bench: Bench) -> None:
    shown = made(bench)
    path, tag = f"{WEBHOOKS}/{shown.get_json()['id']}", shown.headers["ETag"]
    same = bench.client.get(path, headers=bench.manager | {"If-None-Match": tag})
    assert same.status_code == 304
    with bench.app.extensions["database"].session() as session:
        failed = sa.update(Webhook).values(failures=2, last_status=500)
        session.execute(failed.where(Webhook.id == uuid.UUID(shown.get_json()["id"])))
        session.commit()
    now = bench.client.get(path, headers=bench.manager | {"If-None-Match": tag})
    assert (now.status_code, now.get_json()["failures"]) == (200, 2)
    change = bench.client.patch(
        path, json={"active": False}, headers=bench.manager | {"If-Match": tag}
    )
    assert change.status_code == 200


# whose


def test_a_managers_is_his_providers_and_a_reviewers_the_ministrys(bench: Bench) -> None:
    own = made(bench)
    assert (own.status_code, own.get_json()["provider_id"]) == (201, str(bench.world.a.provider_id))
    ministrys = made(bench, bench.ministry)
    assert (ministrys.status_code, ministrys.get_json()["provider_id"]) == (201, None)
    for by, mine in ((bench.manager, own), (bench.ministry, ministrys)):
        listed = bench.client.get(WEBHOOKS, headers=by).get_json()["items"]
        assert [row["id"] for row in listed] == [mine.get_json()["id"]]
    assert bench.client.get(WEBHOOKS, headers=bench.other_manager).get_json()["items"] == []


def test_the_ministry_neither_sees_nor_makes_those_of_providers(bench: Bench) -> None:
    key = made(bench).get_json()["id"]
    for path in (f"{WEBHOOKS}/{key}", f"{WEBHOOKS}/{key}/deliveries"):
        assert bench.client.get(path, headers=bench.ministry).status_code == 404
    for what, body in (("secret", {}), ("replay", {"after": None})):
        assert asked(bench, key, what, body, bench.ministry).status_code == 404
    theirs = {"provider_id": str(bench.world.a.provider_id)}
    assert made(bench, bench.ministry, **theirs).status_code == 403
    assert made(bench, bench.other_manager, **theirs).status_code == 403


def test_nobody_else_has_any(bench: Bench) -> None:
    a = bench.world.a.provider_id
    others = [bearer(bench.app, role, a) for role in ("viewer", "editor")]
    others += [bench.operator]
    scopes = ["plan:read", "plan:write", "records:read", "records:write"]
    others += [bearer(bench.app, None, owner, scopes) for owner in (a, None)]
    for by in others:
        assert made(bench, by).status_code == 403
        assert bench.client.get(WEBHOOKS, headers=by).status_code == 403


def test_each_provider_and_the_ministry_may_have_so_many_and_no_more(bench: Bench) -> None:
    for by in (bench.manager, bench.ministry):
        keys = [made(bench, by).get_json()["id"] for _ in range(MOST)]
        refused = made(bench, by)
        assert (refused.status_code, places(refused)) == (422, [(None, "too_many_rows")])
        etag = bench.client.get(f"{WEBHOOKS}/{keys[0]}", headers=by).headers["ETag"]
        asking = by | {"If-Match": etag}
        assert bench.client.delete(f"{WEBHOOKS}/{keys[0]}", headers=asking).status_code == 204
        assert made(bench, by).status_code == 201
    assert made(bench, bench.other_manager).status_code == 201


# where to


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example/",
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://0177.0.0.1/",
        "https://0x7f.1/",
        "https://10.1.2.3/",
        "https://169.254.169.254/latest",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://hooks.example:22/",
        "https://hooks.example:65536/",
        "https://[1::2::3]/",
    ],
)
def test_an_address_that_nothing_is_sent_to_is_refused(bench: Bench, url: str) -> None:
    answer = made(bench, url=url)
    assert (answer.status_code, places(answer)) == (422, [("/url", "not_public")])
    key, etag = bench.created("webhooks")
    changed = bench.change("webhooks", key, etag, json={"url": url})
    assert (changed.status_code, places(changed)) == (422, [("/url", "not_public")])


@pytest.mark.parametrize(
    "url",
    [
        "hooks.example",
        "//hooks.example",
        "ftp://hooks.example/",
        "https://",
        "https://aino:sana@hooks.example/",
        "https://hooks.example/#part",
        "https://hooks.example/a b",
        "https://hooks.example/%zz",
        "https://hooks.example/100%",
        "https://hooks.example\\@127.0.0.1/",
        "https://hooks..example/",
        "https://hooks.example./",
        "https://hööks.example/",
        "https://hooks.example/\n",
        "https://[fe80::1%25eth0]/",
        "HTTPS://hooks.example/",
        "https://hooks.example:/",
        "javascript:alert(1)",
    ],
)
def test_what_is_no_address_is_refused_as_such(bench: Bench, url: str) -> None:
    answer = made(bench, url=url)
    assert (answer.status_code, places(answer)) == (422, [("/url", "wrong_format")])


def test_private_addresses_are_taken_where_the_operator_says_so(bench: Bench) -> None:
    bench.app.config["WEBHOOKS_TO_PRIVATE"] = 1
    try:
        for url in ("http://127.0.0.1:8080/", "https://[fd00::1]/", "http://hooks.intra:81/"):
            assert made(bench, url=url).status_code == 201
        assert places(made(bench, url="http://0x7f.1/")) == [("/url", "not_public")]
    finally:
        bench.app.config["WEBHOOKS_TO_PRIVATE"] = 0


# what


def test_what_can_be_followed_is_what_viewers_and_reviewers_may_read(bench: Bench) -> None:
    followed = {word.value for word in Followed}
    assert followed < {*RESOURCES}
    readers = {
        stem for stem in RESOURCES if {"viewer", "reviewer"} <= POLICIES[stem]["read"].keys()
    }
    assert followed == readers
    assert made(bench, resources=["goals", "reports"]).status_code == 201
    for stem in ("users", "clients", "webhooks", "nothing"):
        answer = made(bench, resources=["goals", stem])
        assert places(answer) == [("/resources/1", "unknown_word")]


def test_only_the_system_says_how_far_it_has_come(bench: Bench) -> None:
    for name, value in {
        "position": "x",
        "failures": 0,
        "last_status": 200,
        "next_attempt_at": None,
        "disabled_reason": None,
    }.items():
        assert places(made(bench, **{name: value})) == [(f"/{name}", "read_only")]


# secrets


def test_a_secret_is_shown_once_and_is_another_each_time(bench: Bench) -> None:
    row = made(bench).get_json()
    assert not [name for name in row if "secret" in name]
    secrets = set()
    for _ in range(2):
        answer = asked(bench, row["id"], "secret", {})
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
        assert answer.get_json()["webhook_id"] == row["id"]
        secrets.add(answer.get_json()["secret"])
    assert len(secrets) == 2
    for secret in secrets:
        assert secret.startswith("whsec_")
        assert len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) == 32
    shown = bench.client.get(f"{WEBHOOKS}/{row['id']}", headers=bench.manager).text
    assert not [secret for secret in secrets if secret in shown]
    assert "gAAAA" not in shown  # as it is kept


@pytest.mark.parametrize("hours", [-1, 169, "x", None])
def test_a_rotation_out_of_bounds_is_refused(bench: Bench, hours: Any) -> None:
    key, _ = bench.created("webhooks")
    answer = asked(bench, key, "secret", {"keep_old_hours": hours})
    assert (answer.status_code, places(answer)[0][0]) == (422, "/keep_old_hours")


def test_a_secret_is_made_by_itself_and_not_in_a_batch(bench: Bench) -> None:
    key, _ = bench.created("webhooks")
    operations = [{"method": "POST", "path": f"/webhooks/{key}/secret", "body": {}}]
    body = {"atomic": False, "operations": operations}
    answer = bench.client.post("/api/v1/batch", json=body, headers=bench.manager)
    assert "whsec_" not in answer.text
    assert "not_in_batch" in answer.text


# replay


def test_a_position_that_is_nobodys_or_anothers_is_refused(bench: Bench) -> None:
    key, _ = bench.created("webhooks")
    theirs = made(bench, bench.other_manager).get_json()["position"]
    log = bench.client.get("/api/v1/changes", headers=bench.other_manager).get_json()
    for after in ("x", theirs, log["next"], log["next"][:-1]):
        answer = asked(bench, key, "replay", {"after": after})
        assert (answer.status_code, places(answer)) == (422, [("/after", "wrong_position")])
    for body, code in (({}, "required"), ({"after": 1}, "wrong_type")):
        assert places(asked(bench, key, "replay", body)) == [("/after", code)]


def test_whoever_got_a_webhook_can_go_on_from_there_by_himself(bench: Bench) -> None:
    position = made(bench).get_json()["position"]
    goal, _ = bench.created("goals")
    query = {"after": position}
    page = bench.client.get("/api/v1/changes", headers=bench.manager, query_string=query)
    assert goal in [item["id"] for item in page.get_json()["items"]]
    other = bench.client.get("/api/v1/changes", headers=bench.other_manager, query_string=query)
    assert places(other) == [("after", "wrong_position")]


# its deliveries


def test_deliveries_are_shown_newest_first_page_by_page_to_whom_they_belong(bench: Bench) -> None:
    key, _ = bench.created("webhooks")
    with bench.app.extensions["database"].session() as session:
        for number in range(5):
            values = {"message_id": f"msg_{number}", "position": "x", "items": 1, "status": 200}
            session.add(WebhookDelivery(webhook_id=uuid.UUID(key), milliseconds=number, **values))
            session.flush()
        session.commit()
    path, seen, query = f"{WEBHOOKS}/{key}/deliveries", [], {"limit": "2"}
    while True:
        page = bench.client.get(path, headers=bench.manager, query_string=query).get_json()
        seen += [one["milliseconds"] for one in page["items"]]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert seen == [4, 3, 2, 1, 0]
    another, _ = bench.created("webhooks")
    elsewhere = f"{WEBHOOKS}/{another}/deliveries"
    answer = bench.client.get(elsewhere, headers=bench.manager, query_string=query)
    assert places(answer) == [("cursor", "wrong_cursor")]
    assert bench.client.get(elsewhere, headers=bench.manager).get_json()["items"] == []
    assert bench.client.get(path, headers=bench.other_manager).status_code == 404


def test_a_webhook_goes_with_its_deliveries(bench: Bench) -> None:
    key, etag = bench.created("webhooks")
    with bench.app.extensions["database"].session() as session:
        values = {"message_id": "msg", "position": "x", "items": 1, "milliseconds": 1}
        session.add(WebhookDelivery(webhook_id=uuid.UUID(key), **values))
        session.commit()
    assert bench.change("webhooks", key, etag, "DELETE").status_code == 204
    with bench.app.extensions["database"].session(write=False) as session:
        assert session.query(WebhookDelivery).count() == 0
