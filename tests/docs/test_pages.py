"""The documentation pages: open to anyone, kept by caches rightly, and drawn under their own strict policy."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from api.documents import guides
from api.resources.docs import FILES
from tests import browser
from tests.browser import Watched
from tests.sample import Sample

PAGES = ["/docs", "/docs/reference", *(guides.path_of(name) for name in guides.NAMES)]


class Links(HTMLParser):
    """Ids, and every address that a page names."""

    def __init__(self, page: str):
        super().__init__()
        self.ids: set[str] = set()
        self.addresses: set[str] = set()
        self.scripts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.ids |= {given["id"]} if "id" in given else set()
        self.addresses |= {given[name] for name in ("href", "src") if name in given}
        inline = [name for name in given if name.startswith("on") or name == "style"]
        self.scripts += inline + (["script"] if tag == "script" and "src" not in given else [])


def read(client: FlaskClient, path: str) -> Links:
    response = client.get(path)
    assert (response.status_code, response.mimetype) == (200, "text/html"), path
    return Links(response.get_data(as_text=True))


@pytest.mark.parametrize("path", PAGES)
def test_a_page_and_what_it_needs_come_from_here_and_hold_nothing_inline(
    client: FlaskClient, path: str
) -> None:
    page = read(client, path)
    policy = client.get(path).headers["Content-Security-Policy"]
    assert page.scripts == []
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'; ")
    assert not re.search(r"https?:|\*", policy)
    files = {address for address in page.addresses if address.startswith("/docs/files/")}
    assert files
    assert {client.get(address).status_code for address in files} == {200}


@pytest.mark.parametrize("path", PAGES)
def test_every_link_of_a_page_leads_somewhere(client: FlaskClient, path: str) -> None:
    for address in read(client, path).addresses:
        target, _, fragment = address.partition("#")
        if target.startswith("https://"):
            continue
        response = client.get(target or path)
        assert response.status_code == 200, address
        if fragment:
            assert fragment in Links(response.get_data(as_text=True)).ids, address


@pytest.mark.parametrize("path", [*PAGES, *(f"/docs/files/{name}" for name in FILES)])
def test_what_a_cache_has_already_is_not_sent_again(client: FlaskClient, path: str) -> None:
    first = client.get(path)
    again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (first.status_code, again.status_code, again.data) == (200, 304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert first.headers["Cache-Control"] == "public, no-cache"


@pytest.mark.parametrize("path", ["/docs/guides/index", "/docs/guides/no", "/docs/files/docs.py"])
def test_what_is_no_page_is_not_found(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/", "/docs/"])
def test_whoever_knows_only_the_host_or_adds_a_slash_is_sent_to_the_first_page(
    client: FlaskClient, path: str
) -> None:
    sent = client.get(path)
    assert (sent.status_code, sent.headers["Location"], sent.data) == (308, "/docs", b"")
    assert client.get(path, follow_redirects=True).status_code == 200


def test_the_pages_are_no_part_of_the_contract(client: FlaskClient) -> None:
    paths = client.get("/api/v1/openapi.json").get_json()["paths"]
    assert [path for path in paths if path.startswith("/docs")] == []


@pytest.fixture(scope="module")
def watched(server: Sample) -> Iterator[Watched]:
    with browser.chromium() as chromium:
        yield Watched(chromium)


def quiet(watched: Watched, server: Sample) -> bool:
    """Whether nothing was complained about, and nothing asked of another host."""
    foreign = [url for url in watched.requests if not url.startswith((server.url, "data:"))]
    return (watched.complaints, foreign) == ([], [])


def test_the_pages_are_read_without_a_word_in_the_console(watched: Watched, server: Sample) -> None:
    for path in PAGES:
        watched.page.goto(server.url + path)
        expect(watched.page.get_by_role("navigation").first).to_be_visible()
        expect(watched.page.get_by_role("heading", level=1).first).to_be_visible()
    assert quiet(watched, server), watched.complaints


def test_the_keyboard_reaches_the_content_first(watched: Watched, server: Sample) -> None:
    watched.page.goto(f"{server.url}/docs/guides/first-call")
    watched.page.keyboard.press("Tab")
    watched.page.keyboard.press("Enter")
    expect(watched.page.get_by_role("main")).to_be_focused()


def opened(watched: Watched, server: Sample) -> dict[str, Any]:
    """Go to the reference, which draws the document of this server, and give that."""
    watched.page.goto(f"{server.url}/docs/reference")
    document = "fetch('/api/v1/openapi.json').then(answer => answer.json())"
    drawn: dict[str, Any] = watched.page.evaluate(document)
    return drawn


def unfold(page: Page, tag: str) -> None:
    page.locator(f'.opblock-tag[data-tag="{tag}"] .expand-operation').click()


def test_operations_are_drawn_under_their_tags(watched: Watched, server: Sample) -> None:
    document = opened(watched, server)
    tags = Counter(
        tag
        for item in document["paths"].values()
        for operation in item.values()
        for tag in operation["tags"]
    )
    expect(watched.page.locator(".opblock-tag")).to_have_count(len(tags))
    some = dict(tags.most_common()[-8:])  # of more it draws what is in view
    for tag in some:
        unfold(watched.page, tag)
    drawn = sum(some.values()) + len(document["webhooks"])  # which are not folded
    expect(watched.page.locator(".opblock")).to_have_count(drawn)
    assert quiet(watched, server), watched.complaints


def test_tags_stand_under_the_groups_of_the_document(watched: Watched, server: Sample) -> None:
    opened(watched, server)
    document = "fetch('/api/v1/openapi.json').then(answer => answer.json())"
    groups = watched.page.evaluate(document)["x-tagGroups"]
    drawn = watched.page.locator(".tag-group, .opblock-tag").evaluate_all(
        "found => found.map(one => one.dataset.tag ?? one.textContent)"
    )
    assert drawn == [text for group in groups for text in (group["name"], *group["tags"])]


def test_an_operation_is_found_by_its_id_and_shown_without_what_it_embeds(
    watched: Watched, server: Sample
) -> None:
    """What is embedded embeds in turn: drawn in full it would hold the page up for many seconds."""
    opened(watched, server)
    page = watched.page
    page.locator(".operation-filter-input").fill("listgoal")
    expect(page.locator(".opblock")).to_have_count(1)
    block = page.locator(".opblock[id$=-listGoals]")
    block.locator(".opblock-summary-control").click()
    whole = block.locator('.response[data-code="200"]')
    whole.get_by_role("tab", name="Schema").click()
    whole.get_by_role("button", name="Expand all").first.click()
    expect(whole).to_contain_text("With expand=results.")
    expect(whole).not_to_contain_text("period_id")
    expect(whole).to_contain_text("project_goal_id")
    refused = block.locator('.response[data-code="403"]')
    expect(refused.get_by_role("link", name="forbidden")).to_have_attribute(
        "href", "/docs/guides/errors#what-to-do"
    )
    assert quiet(watched, server), watched.complaints


def test_no_guide_is_wider_than_a_phone(watched: Watched, server: Sample) -> None:
    watched.page.set_viewport_size({"width": 360, "height": 740})
    for name in guides.NAMES:
        watched.page.goto(server.url + guides.path_of(name))
        wide = watched.page.locator("html, table").evaluate_all(
            "found => found.filter(one => one.scrollWidth > innerWidth).map(one => one.localName)"
        )
        assert wide == [], name
    watched.page.set_viewport_size({"width": 1280, "height": 720})


def test_who_signs_in_by_trying_it_out_is_signed_in_for_the_next(
    watched: Watched, server: Sample
) -> None:
    page, paths = watched.page, opened(watched, server)["paths"]
    unfold(page, paths["/api/v1/auth/me"]["get"]["tags"][0])
    credentials = {"email": server.email("manager"), "password": server.password}
    for name, body, said in (("logIn", credentials, "access_token"), ("getMe", {}, "Aino")):
        block = page.locator(f".opblock[id$=-{name}]")
        block.locator(".opblock-summary-control").click()
        block.get_by_role("button", name="Try it out").click()
        if body:
            block.locator("textarea").fill(json.dumps(body))
        block.get_by_role("button", name="Execute").click()
        expect(block.locator(".live-responses-table")).to_contain_text(said)
    assert quiet(watched, server), watched.complaints
