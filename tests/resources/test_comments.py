"""What reviewers and providers say about a report: who may say what when, and what it is about."""

import itertools
import uuid
from typing import Any

import pytest
from werkzeug.test import TestResponse

from schemas.vocabulary import ReportState
from tests.accounts import code
from tests.examples import Bench, places
from tests.followers import Follower
from tests.resources.test_life import PATHS, Desk
from tests.routes import contents

SPEAK = ("manager", "editor", "reviewer")
READ = (*SPEAK, "viewer", "a provider's client", "the ministry's client")
OURS = ("manager", "editor")
# When something can be said.
OPEN = ("submitted", "returned")


class Room(Desk):
    """A report that is under review, and what is said about it."""

    def say(
        self, text: str = "Miksi?", by: str = "reviewer", key: object = None, **given: Any
    ) -> TestResponse:
        path = f"/api/v1/reports/{key or self.report}/comments"
        headers = self.callers[by] | given.pop("headers", {})
        return self.bench.client.post(path, headers=headers, json={"text": text} | given)

    def said(self, *args: Any, **given: Any) -> dict[str, Any]:
        response = self.say(*args, **given)
        assert response.status_code == 201, response.text
        shown: dict[str, Any] = response.get_json()
        return shown

    def do(
        self, what: str, comment: dict[str, Any], by: str, etag: str | None = "", **sent: Any
    ) -> TestResponse:
        """Edit or remove it, resolve or reopen its thread; the version is the one that there is."""
        path = f"/api/v1/comments/{comment['id']}"
        if etag == "":
            etag = self.bench.client.get(path, headers=self.bench.ministry).headers.get("ETag")
        headers = self.callers[by] | ({"If-Match": etag} if etag else {})
        if what == "edit":
            return self.bench.client.put(path, headers=headers, json={"text": "Toisin"} | sent)
        if what == "remove":
            return self.bench.client.delete(path, headers=headers)
        return self.bench.client.post(f"{path}/{what}", headers=headers)

    def threads(self, by: str = "manager", key: object = None, **query: str) -> dict[str, Any]:
        path = f"/api/v1/reports/{key or self.report}/comments"
        response = self.bench.client.get(path, headers=self.callers[by], query_string=query)
        assert response.status_code == 200, response.text
        shown: dict[str, Any] = response.get_json()
        return shown


@pytest.fixture
def desk(bench: Bench) -> Room:
    return Room(bench)


@pytest.fixture
def room(desk: Room) -> Room:
    desk.take("submit")
    return desk


def status_of(who: str, state: str, what: str, author: str) -> tuple[int, str]:
    """The whole of it: what is answered to whom, of a comment by whom, in which state of the report."""
    if who == "another's manager":
        return 404, "not_found"
    if who not in SPEAK:
        return 403, "forbidden"
    if state not in OPEN:
        return 409, "wrong_state"
    if what in ("edit", "remove") and who != author:
        return 403, "forbidden"
    if what == "resolve" and (who in OURS) != (author in OURS):
        return 403, "forbidden"
    return {"say": 201, "remove": 204}.get(what, 200), ""


def test_who_may_say_change_and_resolve_what_in_which_state(desk: Room) -> None:
    wrong = []
    for state in ReportState:
        key = desk.new()
        authors: tuple[str, ...] = ("reviewer", "manager") if state != "draft" else ()
        made = {}
        if authors:
            desk.take("submit", key=key)
            made = {author: desk.said(by=author, key=key) for author in authors}
            desk.take(*PATHS[state][1:], key=key)
        for who in desk.callers:
            for what, author in itertools.product(("resolve", "reopen", "edit", "remove"), authors):
                wanted = status_of(who, state, what, author)
                found = desk.do(what, made[author], who)
                if found.status_code == 204:
                    made[author] = desk.said(by=author, key=key)
                elif what == "resolve" and found.status_code == 200:
                    assert desk.do("reopen", made[author], who).status_code == 200
                told = (found.status_code, code(found)[1] if found.status_code >= 400 else "")
                if told != wanted:
                    wrong.append((who, state.value, what, author, told, wanted))
            said = desk.say(by=who, key=key)
            told = (said.status_code, code(said)[1] if said.status_code >= 400 else "")
            if told != (wanted := status_of(who, state, "say", who)):
                wrong.append((who, state.value, "say", "", told, wanted))
    assert wrong == []


def test_who_reads_the_report_reads_what_was_said_at_once_and_nobody_else(room: Room) -> None:
    first = room.said("Mistä lähtötasosta?")
    room.said("Vuodesta 2011.", "editor", thread_id=first["id"])
    shown = room.threads("reviewer")
    (thread,) = shown["items"]
    assert (shown["open"], shown["resolved"]) == (1, 0)
    assert (thread["text"], thread["author_role"], thread["state"]) == (
        *("Mistä lähtötasosta?", "reviewer"),
        "open",
    )
    (reply,) = thread["replies"]
    assert (reply["text"], reply["author_role"]) == ("Vuodesta 2011.", "editor")
    assert "@" not in str(shown)
    for who in READ:
        assert room.threads(who) == shown
    for who, status in (("another's manager", 404), ("admin", 403)):
        assert room.read("/comments", who).status_code == status


def test_nothing_can_be_said_of_what_was_never_submitted(desk: Room) -> None:
    response = desk.say(by="manager")
    assert code(response) == (409, "wrong_state")
    assert response.get_json()["state"] == "draft"
    desk.take("submit", "withdraw")
    assert desk.say(by="manager").status_code == 201


def test_a_comment_on_a_field_keeps_what_stood_there_and_which_row_it_is_of(room: Room) -> None:
    ids = room.bench.world.a.ids
    place = "/form/goals/0/cells/0/results/0/text"
    made = room.said(pointer=place)
    assert (made["pointer"], made["field"], made["resource"]) == (place, "text", "results")
    assert (made["row_id"], made["goal_id"]) == (str(ids["results"]), str(ids["goals"]))
    assert made["period_id"] == str(room.bench.world.plan["periods"])
    assert made["quote"] == "canary-a result"
    about = room.said(pointer="/report_date")
    assert (about["resource"], about["row_id"]) == ("reports", str(room.report))
    assert (about["field"], about["quote"]) == ("report_date", None)
    of_list = room.said(pointer="/form/goals/0/cells/0/surveys/0/respondent_groups/0/answered")
    assert (of_list["resource"], of_list["quote"]) == ("surveys", "5")
    assert of_list["field"] == "respondent_groups/0/answered"


def test_a_comment_on_a_cell_names_its_goal_and_period(room: Room) -> None:
    ids = room.bench.world.a.ids
    goal, period = str(ids["goals"]), str(room.bench.world.plan["periods"])
    made = room.said(goal_id=goal, period_id=period)
    assert made["pointer"] == "/form/goals/0/cells/0"
    assert (made["goal_id"], made["period_id"], made["row_id"]) == (goal, period, None)
    assert made["quote"] == "canary-a result"
    assert room.said(pointer=made["pointer"])["goal_id"] == goal
    assert room.said()["pointer"] is None


def test_of_persons_nothing_is_quoted(room: Room) -> None:
    """Who asks to be forgotten would stay in it."""
    for place in (
        *("/form/contact/name", "/form/contact"),
        "/form/goals/0/cells/0/meetings/0/participants/0/name",
        "/form/goals/0/cells/0/meetings/0/participants",
    ):
        assert room.said(pointer=place)["quote"] is None


def test_a_long_text_is_quoted_by_its_beginning(desk: Room) -> None:
    key = desk.bench.world.a.ids["goals"]
    etag = desk.bench.open("goals", key).headers["ETag"]
    assert desk.bench.change("goals", key, etag, json={"text": "ä" * 5000}).status_code == 200
    desk.take("submit")
    assert desk.said(pointer="/form/goals/0/text")["quote"] == "ä" * 299 + "…"


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"pointer": "/form/goals/9"}, "/pointer"),
        ({"pointer": "/form/goals/00"}, "/pointer"),
        ({"pointer": "/form/goals/-1"}, "/pointer"),
        ({"pointer": "/form/nothing"}, "/pointer"),
        ({"pointer": "/title/0"}, "/pointer"),
        ({"pointer": "form"}, "/pointer"),
        ({"pointer": "/form/goals/²"}, "/pointer"),
        ({"goal_id": str(uuid.UUID(int=1)), "period_id": str(uuid.UUID(int=2))}, "/goal_id"),
        ({"thread_id": str(uuid.UUID(int=1))}, "/thread_id"),
        ({"goal_id": str(uuid.UUID(int=1))}, "/period_id"),
        ({"period_id": str(uuid.UUID(int=1))}, "/goal_id"),
        ({"pointer": "/form", "thread_id": str(uuid.UUID(int=1))}, "/pointer"),
        ({"text": " "}, "/text"),
        ({"quote": "Näin"}, "/quote"),
    ],
)
def test_what_is_not_there_can_not_be_commented_on(
    room: Room, given: dict[str, Any], pointer: str
) -> None:
    before = contents(room.bench.app)["comments"]
    response = room.say(**given)
    assert response.status_code == 422
    assert [place for place, _ in places(response)] == [pointer]
    assert contents(room.bench.app)["comments"] == before


def test_a_thread_of_another_report_can_not_be_replied_to(room: Room) -> None:
    other = room.new()
    room.take("submit", key=other)
    thread = room.said(key=other)
    reply = room.said(key=other, thread_id=thread["id"])
    for wrong in (thread, reply):
        assert places(room.say(thread_id=wrong["id"])) == [("/thread_id", "not_found")]
    assert places(room.say(key=other, thread_id=reply["id"])) == [("/thread_id", "not_found")]


def test_what_was_said_of_a_goal_stays_when_the_goal_is_gone(room: Room) -> None:
    goal = room.bench.make
    room.take("return")
    extra = goal("goals", sub_project_id=room.sub_project, position=9, text="Turha tavoite")
    room.take("submit")
    made = room.said(pointer="/form/goals/1/text")
    assert made["quote"] == "Turha tavoite"
    room.take("return")
    etag = room.bench.open("goals", extra).headers["ETag"]
    assert room.bench.change("goals", extra, etag, "DELETE").status_code == 204
    (thread,) = room.threads()["items"]
    assert (thread["goal_id"], thread["quote"]) == (str(extra), "Turha tavoite")


def test_a_thread_goes_on_to_the_next_version_and_says_what_was_said_when(room: Room) -> None:
    first = room.said()
    room.take("return")
    room.said("Korjattu.", "manager", thread_id=first["id"])
    room.take("submit")
    room.said("Kiitos.", thread_id=first["id"])
    (thread,) = room.threads()["items"]
    assert [one["version_number"] for one in (thread, *thread["replies"])] == [1, 1, 2]


def test_a_return_says_how_many_threads_are_open(room: Room) -> None:
    threads = [room.said() for _ in range(3)]
    room.said("Näin.", "manager", thread_id=threads[0]["id"])
    assert room.do("resolve", threads[1], "reviewer").status_code == 200
    room.take("return")
    assert [(one["action"], one["open_threads"]) for one in room.items("events")] == [
        ("submit", 0),
        ("return", 2),
    ]


def test_a_resolved_thread_says_who_and_when_and_is_reopened_by_either_side(room: Room) -> None:
    thread = room.said()
    done = room.do("resolve", thread, "reviewer")
    shown = done.get_json()
    assert (done.status_code, shown["resolved_by"]) == (200, thread["author_id"])
    assert shown["resolved_at"] == shown["updated_at"] > thread["created_at"]
    assert (shown["version"], done.headers["ETag"]) == (2, '"2"')
    assert [one["id"] for one in room.threads(state="resolved")["items"]] == [thread["id"]]
    assert room.threads(state="open") == {"open": 0, "resolved": 1, "items": []}
    assert code(room.say(by="manager", thread_id=thread["id"])) == (409, "thread_resolved")
    assert code(room.do("edit", thread, "reviewer")) == (409, "thread_resolved")
    assert room.do("reopen", thread, "manager").get_json()["resolved_at"] is None
    assert room.say(by="manager", thread_id=thread["id"]).status_code == 201
    assert room.threads()["open"] == 1


def test_resolving_twice_changes_nothing(room: Room) -> None:
    thread = room.said()
    first, second = (room.do("resolve", thread, "reviewer").get_json() for _ in range(2))
    assert first == second
    assert room.do("reopen", thread, "reviewer").get_json()["version"] == 3
    assert room.do("reopen", thread, "reviewer").get_json()["version"] == 3


def test_a_reply_is_no_thread_to_resolve(room: Room) -> None:
    thread = room.said()
    reply = room.said(thread_id=thread["id"])
    for what in ("resolve", "reopen"):
        assert code(room.do(what, reply, "reviewer")) == (404, "not_found")


def test_ones_own_comment_is_changed_and_taken_back_until_somebody_has_answered(
    room: Room,
) -> None:
    thread = room.said()
    edited = room.do("edit", thread, "reviewer")
    assert (edited.status_code, edited.get_json()["text"]) == (200, "Toisin")
    own = room.said("Lisäksi.", thread_id=thread["id"])
    assert room.do("edit", thread, "reviewer", text="Vielä").status_code == 200
    assert code(room.do("remove", thread, "reviewer")) == (409, "answered")
    reply = room.said("Siksi.", "editor", thread_id=thread["id"])
    for what, comment in itertools.product(("edit", "remove"), (thread, own)):
        assert code(room.do(what, comment, "reviewer")) == (409, "answered")
    assert code(room.do("edit", reply, "manager")) == (403, "forbidden")
    assert room.do("remove", reply, "editor").status_code == 204
    assert room.do("remove", own, "reviewer").status_code == 204
    assert room.do("remove", thread, "reviewer").status_code == 204
    assert room.threads() == {"open": 0, "resolved": 0, "items": []}


def test_a_change_needs_the_version_that_was_read(room: Room) -> None:
    thread = room.said()
    for what in ("edit", "remove", "resolve", "reopen"):
        assert code(room.do(what, thread, "reviewer", None)) == (428, "precondition_required")
        assert code(room.do(what, thread, "reviewer", '"9"')) == (412, "stale")


def test_a_comment_sent_twice_under_one_key_is_made_once(room: Room) -> None:
    key = {"Idempotency-Key": "say-it"}
    first, second = (room.said(headers=key) for _ in range(2))
    assert first == second
    assert len(room.threads()["items"]) == 1


def test_who_follows_the_changes_meets_each_comment_and_each_resolution(room: Room) -> None:
    for headers in (room.bench.manager, room.bench.ministry):
        follower = Follower(room.bench.client, headers)
        follower.read()
        thread = room.said()
        room.do("resolve", thread, "reviewer")
        told = [one for one in follower.read() if one["resource"] == "comments"]
        assert [(one["id"], one["version"]) for one in told] == [
            (thread["id"], 1),
            (thread["id"], 2),
        ]
        assert told[0]["row"]["text"] == "Miksi?"


def test_the_ministry_lists_and_exports_the_comments_of_all(room: Room) -> None:
    thread = room.said()
    for who, found in (("reviewer", True), ("manager", True), ("another's manager", False)):
        headers = room.callers[who]
        listed = room.bench.client.get(
            f"/api/v1/comments?report_id={room.report}", headers=headers
        ).get_json()["items"]
        assert [one["id"] for one in listed] == ([thread["id"]] if found else [])
        exported = room.bench.client.get("/api/v1/exports/comments.ndjson", headers=headers)
        assert (thread["id"] in exported.text) == found


def test_what_is_said_changes_neither_the_report_nor_its_versions(room: Room) -> None:
    before = [room.read().get_data(), room.read("/versions/1").get_data()]
    room.said(pointer="/form/goals/0")
    assert [room.read().get_data(), room.read("/versions/1").get_data()] == before
