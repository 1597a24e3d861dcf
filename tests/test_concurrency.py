"""Writers at the same time, on the production server with its several processes: one wins, and nobody gets a 500."""

import http.client
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask

from tests.contract.conforming import conforms
from tests.examples import Bench, url


class Writer:
    """Somebody with a connection of his own to the server."""

    def __init__(self, address: str, headers: dict[str, str]):
        self.connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
        self.headers = headers

    def send(
        self, method: str, path: str, body: Any = None, etag: str | None = None
    ) -> tuple[int, str | None, Any]:
        """Status, ETag and document of the answer."""
        headers = self.headers | ({"If-Match": etag} if etag else {})
        if body is not None:
            headers = headers | {"Content-Type": "application/json"}
        self.connection.request(method, path, body and json.dumps(body), headers)
        answer = self.connection.getresponse()
        text = answer.read()
        conforms(method, path, answer.status, answer.headers, text)
        return answer.status, answer.headers["ETag"], json.loads(text) if text else None


@pytest.fixture
def bench(app: Flask) -> Bench:
    return Bench(app)


@pytest.fixture
def writers(gunicorn: str, bench: Bench) -> Iterator[Callable[[int], list[Writer]]]:
    """As many as are wanted, all of the first provider."""
    made: list[Writer] = []

    def make(count: int) -> list[Writer]:
        made.extend(Writer(gunicorn, bench.manager) for _ in range(count))
        return made[-count:]

    yield make
    for writer in made:
        writer.connection.close()


def at_once(acts: Sequence[Callable[[], Any]]) -> list[Any]:
    """What comes of acts that all begin at the same moment."""
    start = threading.Barrier(len(acts))

    def act(number: int) -> Any:
        start.wait(30)
        return acts[number]()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(act, range(len(acts))))


def test_of_two_writers_with_the_same_etag_one_wins_fifty_times_over(
    bench: Bench, writers: Callable[[int], list[Writer]]
) -> None:
    one, two = writers(2)
    key, etag = bench.created("contacts")
    path = url("contacts", key)
    for number in range(50):
        names = [f"Eka {number}", f"Toka {number}"]
        answers = at_once(
            [
                lambda w=writer, n=name, e=etag: w.send("PATCH", path, {"name": n}, e)
                for writer, name in zip((one, two), names, strict=True)
            ]
        )
        assert sorted(status for status, _, _ in answers) == [200, 412]
        winner = next(n for n, answer in enumerate(answers) if answer[0] == 200)
        etag = answers[winner][1]
        shown = bench.open("contacts", key).get_json()
        assert (shown["name"], shown["version"]) == (names[winner], number + 2)
    assert bench.open("contacts", key).get_json()["version"] == 51


def test_the_loser_leaves_none_of_his_entries_behind(
    bench: Bench, writers: Callable[[int], list[Writer]]
) -> None:
    """Participants are rows of their own, which both writers replace."""
    one, two = writers(2)
    key, etag = bench.created("meetings")
    path = url("meetings", key)
    for number in range(15):
        lists = [[{"name": f"{side}{n}"} for n in range(number % 4 + 1)] for side in "AB"]
        answers = at_once(
            [
                lambda w=writer, p=people, e=etag: w.send("PUT", path, body(bench, p), e)
                for writer, people in zip((one, two), lists, strict=True)
            ]
        )
        assert sorted(status for status, _, _ in answers) == [200, 412]
        winner = next(n for n, answer in enumerate(answers) if answer[0] == 200)
        etag = answers[winner][1]
        shown = bench.open("meetings", key).get_json()["participants"]
        assert [person["name"] for person in shown] == [p["name"] for p in lists[winner]]


def body(bench: Bench, people: list[dict[str, str]]) -> dict[str, Any]:
    sub_project = str(bench.world.a.ids["sub_projects"])
    return {"sub_project_id": sub_project, "kind": "other", "participants": people}


def test_a_change_and_a_deletion_at_once_end_in_one_of_the_two(
    bench: Bench, writers: Callable[[int], list[Writer]]
) -> None:
    one, two = writers(2)
    for _ in range(20):
        key, etag = bench.created("meetings")
        path = url("meetings", key)
        (changed, _, _), (deleted, _, _) = at_once(
            [
                lambda p=path, e=etag: one.send("PATCH", p, {"participants": []}, e),
                lambda p=path, e=etag: two.send("DELETE", p, etag=e),
            ]
        )
        assert (changed, deleted) in {(200, 412), (412, 204), (404, 204)}
        there = bench.open("meetings", key).status_code
        assert there == (404 if deleted == 204 else 200)


def test_eight_writers_make_rows_side_by_side(
    bench: Bench, writers: Callable[[int], list[Writer]]
) -> None:
    many = writers(8)
    sub_project = str(bench.sub_project)

    def fill(writer: Writer, number: int) -> list[tuple[int, str]]:
        bodies = [
            {"sub_project_id": sub_project, "text": f"{number}/{n}", "external_id": f"{number}/{n}"}
            for n in range(10)
        ]
        answers = [writer.send("POST", url("goals"), one) for one in bodies]
        return [(status, row.get("id")) for status, _, row in answers]

    answers = at_once([lambda w=w, n=n: fill(w, n) for n, w in enumerate(many)])
    made = [answer for answered in answers for answer in answered]
    assert {status for status, _ in made} == {201}
    query = {"sub_project_id": sub_project, "limit": 100}
    listed = bench.open("goals", query_string=query).get_json()["items"]
    assert {row["id"] for row in listed} == {key for _, key in made}
    assert len(listed) == 80


def test_of_two_rows_with_the_same_external_id_one_is_made(
    bench: Bench, writers: Callable[[int], list[Writer]]
) -> None:
    pair = writers(2)
    for number in range(20):
        given = {"name": "Aino", "external_id": f"nimi {number}"}
        answers = at_once([lambda w=w, g=given: w.send("POST", url("contacts"), g) for w in pair])
        assert sorted(status for status, _, _ in answers) == [201, 409]
        problem = next(document for status, _, document in answers if status == 409)
        assert [fault["pointer"] for fault in problem["errors"]] == ["/external_id"]
        query = {"external_id": given["external_id"]}
        assert len(bench.open("contacts", query_string=query).get_json()["items"]) == 1


@pytest.mark.parametrize("stem", ["goals", "meetings"])
def test_the_plan_is_taken_over_once_by_however_many_at_once(
    bench: Bench, writers: Callable[[int], list[Writer]], stem: str
) -> None:
    for _ in range(5):
        bench.created(f"project_{stem}")
    taking = {"sub_project_id": str(bench.sub_project)}
    path = f"{url(stem)}/take-over"
    answers = at_once([lambda w=w: w.send("POST", path, taking) for w in writers(6)])
    assert [status for status, _, _ in answers] == [201] * 6
    taken = [len(document["items"]) for _, _, document in answers]
    assert sorted(taken) == [0, 0, 0, 0, 0, 6]
    listed = bench.open(stem, query_string=taking).get_json()["items"]
    assert len({row[f"project_{stem[:-1]}_id"] for row in listed}) == len(listed) == 6


def test_imports_that_change_the_same_rows_are_taken_one_after_the_other(
    bench: Bench, writers: Callable[[int], list[Writer]]
) -> None:
    pair = writers(2)
    project = bench.open("projects", bench.world.plan["projects"]).get_json()["acronym"]

    def document(text: str) -> dict[str, Any]:
        goals = [{"external_id": f"t{n}", "text": text} for n in range(10)]
        part = {"external_id": "osa", "name": text}
        return {"project": project, "sub_project": part, "goals": goals[:: -1 if text > "B" else 1]}

    assert pair[0].send("POST", url("imports"), document("Alku"))[0] == 201
    for number in range(5):
        texts = [f"A{number}", f"B{number}"]
        answers = at_once(
            [
                lambda w=writer, t=text: w.send("POST", url("imports"), document(t))
                for writer, text in zip(pair, texts, strict=True)
            ]
        )
        assert [status for status, _, _ in answers] == [201, 201]
        rows = bench.open("goals", query_string="limit=500").get_json()["items"]
        (last,) = {row["text"] for row in rows if (row["external_id"] or "").startswith("t")}
        assert last in texts


def test_a_goal_is_not_deleted_under_a_result_that_is_just_being_made(
    bench: Bench, writers: Callable[[int], list[Writer]]
) -> None:
    one, two = writers(2)
    period = str(bench.world.plan["periods"])
    for _ in range(20):
        goal, etag = bench.created("goals")
        result = {"goal_id": goal, "period_id": period, "kind": "outcome", "text": "Valmis"}
        (made, _, _), (deleted, _, _) = at_once(
            [
                lambda r=result: one.send("POST", url("results"), r),
                lambda g=goal, e=etag: two.send("DELETE", url("goals", g), etag=e),
            ]
        )
        assert (made, deleted) in {(201, 409), (422, 204), (409, 204)}
        results = bench.open("results", query_string={"goal_id": goal}).get_json()["items"]
        assert len(results) == (1 if made == 201 else 0)


# the life of a report


def submitted(bench: Bench, one: Writer) -> tuple[str, str | None]:
    """A report that is submitted, and its ETag."""
    key = str(bench.make("reports", sub_project_id=bench.world.a.ids["sub_projects"]))
    etag = bench.open("reports", key).headers["ETag"]
    status, tag, _ = one.send("POST", f"{url('reports', key)}/submit", {"reason": None}, etag)
    assert status == 200
    return key, tag


def test_of_two_reviewers_at_once_one_wins_and_the_other_hears_the_state_there_is(
    bench: Bench, gunicorn: str, writers: Callable[[int], list[Writer]]
) -> None:
    (manager,) = writers(1)
    reviewers = [Writer(gunicorn, bench.ministry) for _ in range(2)]
    for number in range(10):
        key, etag = submitted(bench, manager)
        path = url("reports", key)
        acts = ("accept", ("return", "accept")[number % 2])
        answers = at_once(
            [
                lambda w=one, p=f"{path}/{act}", e=etag: w.send("POST", p, {"reason": "x"}, e)
                for one, act in zip(reviewers, acts, strict=True)
            ]
        )
        assert sorted(status for status, _, _ in answers) == [200, 412]
        winner = next(body for status, _, body in answers if status == 200)
        loser = next(body for status, _, body in answers if status == 412)
        assert loser["state"] == winner["state"] == bench.open("reports", key).get_json()["state"]
        events = bench.open("reports", f"{key}/events").get_json()["items"]
        assert [one["action"] for one in events] == ["submit", winner["state"].removesuffix("ed")]
        if winner["state"] == "accepted":  # so that the next one may be
            tag = bench.open("reports", key).headers["ETag"]
            assert reviewers[0].send("POST", f"{path}/reopen", {"reason": "x"}, tag)[0] == 200
    for one in reviewers:
        one.connection.close()


def test_what_is_written_while_a_report_is_submitted_is_in_its_version_or_refused(
    bench: Bench, writers: Callable[[int], list[Writer]]
) -> None:
    one, two, three, four = writers(4)
    goal, period = bench.world.a.ids["goals"], bench.world.plan["periods"]
    new = {"goal_id": str(goal), "period_id": str(period), "kind": "activity"}
    result = str(bench.world.a.ids["results"])
    for number in range(12):
        key = str(bench.make("reports", sub_project_id=bench.world.a.ids["sub_projects"]))
        path, texts = url("reports", key), [f"{kind} {number}" for kind in ("new", "other")]
        etag = bench.open("reports", key).headers["ETag"]
        tag = bench.open("results", result).headers["ETag"]
        gone = bench.open("results", method="POST", json=new | {"text": f"gone {number}"})
        left = url("results", gone.get_json()["id"])
        (made, _, _), (changed, _, _), (deleted, _, _), (sent, end, _) = at_once(
            [
                lambda t=texts[0]: one.send("POST", url("results"), new | {"text": t}),
                lambda t=texts[1], e=tag: two.send("PATCH", url("results", result), {"text": t}, e),
                lambda p=left: three.send("DELETE", p, etag='"1"'),
                lambda p=path, e=etag: four.send("POST", f"{p}/submit", {"reason": None}, e),
            ]
        )
        assert sent == 200
        frozen = bench.open("reports", f"{key}/versions/1").get_json()
        shown = bench.open("reports", key).get_json()
        assert frozen["form"] == shown["form"]
        told = json.dumps(frozen["form"])
        assert [made, changed] == [
            {True: ok, False: 409}[text in told] for text, ok in zip(texts, (201, 200), strict=True)
        ]
        assert deleted == {True: 409, False: 204}[f"gone {number}" in told]
        assert four.send("POST", f"{path}/withdraw", {"reason": None}, end)[0] == 200
