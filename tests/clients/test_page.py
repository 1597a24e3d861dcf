"""A real page on another origin, driven in Chromium; its session and its calls are the code of the guide."""

import http.server
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import browser as chromium
from tests import sample
from tests.browser import Watched
from tests.sample import Sample

# The shortest there is; to it comes the leeway of 5 s that every token has.
SECONDS = 1


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def origin(folder: Path) -> Iterator[str]:
    """Serve the page's files on a port of its own."""
    handler = partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@dataclass
class Stage:
    api: Sample
    named: str
    unnamed: str
    browser: Browser


@pytest.fixture(scope="module")
def stage(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A server that lets one origin in, and the same page on that origin and on another."""
    folder = tmp_path_factory.mktemp("page")
    with (
        chromium.chromium() as browser,
        origin(built) as named,
        origin(built) as unnamed,
        sample.serving(folder, CORS_ORIGINS=named, ACCESS_TOKEN_SECONDS=SECONDS) as api,
    ):
        yield Stage(api, named, unnamed, browser)


def come(page: Page, stage: Stage, where: str) -> None:
    page.goto(f"{where}/?api={stage.api.url}")
    expect(page.get_by_role("status")).to_have_text("Sign in")


def sign_in(page: Page, stage: Stage, password: str = "") -> None:
    page.get_by_label("Email").fill(stage.api.email("editor"))
    page.get_by_label("Password").fill(password or stage.api.password)
    page.get_by_role("button", name="Sign in").click()


def call(api: Sample, path: str, token: str = "", **given: Any) -> Any:
    """Another program at work: the body of the answer."""
    body = json.dumps(given["json"]).encode() if "json" in given else None
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    request = urllib.request.Request(
        api.url + path,
        data=body,
        headers=headers | given.get("headers", {}),
        method=given.get("method"),
    )
    with urllib.request.urlopen(request) as response:
        return json.load(response)


def another_token(api: Sample) -> str:
    credentials = {"email": api.email("manager"), "password": api.password}
    return str(call(api, "/api/v1/auth/login", json=credentials)["access_token"])


def until_expired(api: Sample, token: str) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            call(api, "/api/v1/auth/me", token)
        except urllib.error.HTTPError as refused:
            if refused.code == 401:
                return
            raise
        time.sleep(0.2)
    raise AssertionError("the token does not expire")


def test_a_person_works_through_a_page_on_another_origin(stage: Stage) -> None:
    watched = Watched(stage.browser)
    page, status = watched.page, watched.page.get_by_role("status")

    # sign in, and list with paging
    come(page, stage, stage.named)
    sign_in(page, stage)
    expect(status).to_have_text("Results: 1")
    page.get_by_role("button", name="More").click()
    expect(status).to_have_text("Results: 2")
    expect(page.get_by_role("button", name="More")).to_be_hidden()

    # edit
    page.get_by_role("button", name="Edit").first.click()
    page.get_by_label("Text").fill("Each team told its students.")
    page.get_by_role("button", name="Save").click()
    expect(status).to_have_text("Saved")
    expect(page.get_by_role("listitem").first).to_contain_text("Each team told its students.")

    # another writer in between: the conflict shows both, and the choice is saved
    page.get_by_role("button", name="Edit").first.click()
    page.get_by_label("Text").fill("Mine.")
    token = another_token(stage.api)
    [first, _] = call(stage.api, "/api/v1/results", token)["items"]
    path, etag = f"/api/v1/results/{first['id']}", {"If-Match": f'"{first["version"]}"'}
    call(stage.api, path, token, method="PATCH", headers=etag, json={"text": "Theirs."})
    page.get_by_role("button", name="Save").click()
    expect(status).to_have_text("Conflict")
    expect(page.get_by_role("dialog")).to_contain_text("Somebody else has changed it.")
    expect(page.get_by_role("button", name="Mine: Mine.")).to_be_visible()
    page.get_by_role("button", name="Theirs: Theirs.").click()
    expect(status).to_have_text("Saved")
    page.get_by_role("button", name="Edit").first.click()
    expect(page.get_by_label("Text")).to_have_value("Theirs.")

    # the access token runs out: the page gets another by its cookie, and nobody notices
    until_expired(stage.api, another_token(stage.api))
    before = len(watched.answers)
    page.get_by_label("Text").fill("Mine after all.")
    page.get_by_role("button", name="Save").click()
    expect(status).to_have_text("Saved")
    said = [(m, u.rpartition("/")[2], s) for m, u, s in watched.answers[before:] if m != "OPTIONS"]
    key = first["id"]
    assert said == [("PATCH", key, 401), ("POST", "refresh", 200), ("PATCH", key, 200)]

    # come back: still signed in. Sign out: not any more
    page.reload()
    expect(status).to_have_text("Results: 1")
    page.get_by_role("button", name="Sign out").click()
    expect(status).to_have_text("Sign in")
    page.reload()
    expect(status).to_have_text("Sign in")
    shown = {f"status of {code}" for code in (401, 412)}  # Chromium tells of every refusal
    odd = [text for text in watched.complaints if not any(known in text for known in shown)]
    assert odd == []


def test_rows_are_found_with_what_they_refer_to_and_changed_all_or_none(stage: Stage) -> None:
    page = Watched(stage.browser).page
    status, token = page.get_by_role("status"), another_token(stage.api)
    row = call(stage.api, "/api/v1/results?expand=goal&expand=period", token)["items"][-1]

    def change(version: int, **fields: Any) -> None:
        path, etag = f"/api/v1/results/{row['id']}", {"If-Match": f'"{version}"'}
        call(stage.api, path, token, method="PATCH", headers=etag, json=fields)

    change(row["version"], text="A lantern.", position=5)
    come(page, stage, stage.named)
    sign_in(page, stage)
    expect(status).to_have_text("Results: 1")
    page.get_by_label("Words").fill("lantern")
    page.get_by_role("button", name="Search").click()
    expect(status).to_have_text("Found: 1")
    said = f"{row['period']['code']}: {row['goal']['text']}"
    expect(page.locator("#found li")).to_have_text([said])
    expect(page.locator("#suggestions option")).to_have_text(["A lantern."])
    page.get_by_role("button", name="Renumber").click()
    expect(status).to_have_text("Places: 1")
    change(row["version"] + 2, position=7)
    page.get_by_role("button", name="Renumber").click()
    expect(status).to_have_text("Failed: Error: stale")


def test_a_wrong_password_is_sent_once_and_leaves_another_tab_signed_in(stage: Stage) -> None:
    watched = Watched(stage.browser)
    late, other = watched.page, watched.page.context.new_page()
    for page in (late, other):
        come(page, stage, stage.named)
    sign_in(other, stage)
    expect(other.get_by_role("status")).to_have_text("Results: 1")
    watched.answers.clear()
    sign_in(late, stage, "not this one")
    expect(late.get_by_role("status")).to_contain_text("Failed: ")
    said = [(m, u.rpartition("/")[2], s) for m, u, s in watched.answers if m != "OPTIONS"]
    assert said == [("POST", "login", 401)]
    other.reload()
    expect(other.get_by_role("status")).to_have_text("Results: 1")


def test_from_an_origin_that_is_not_named_the_same_page_gets_nowhere(stage: Stage) -> None:
    watched = Watched(stage.browser)
    come(watched.page, stage, stage.unnamed)
    sign_in(watched.page, stage)
    expect(watched.page.get_by_role("status")).to_contain_text("Failed: TypeError: Failed to fetch")
    assert any("blocked by CORS policy" in text for text in watched.complaints)
    assert watched.page.context.cookies() == []
