"""Jobs: kept before they are promised, done once, told of while they last, and cancelled while that is possible."""

import json
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from api import jobs as doing
from api.base import Base
from api.models.jobs import Job, JobFile
from api.problems import Duplicate, Unavailable
from api.scope import Scope, Session
from api.services import imports
from api.services import jobs as service
from api.services.jobs import NoLonger
from schemas.jobs import JobState
from tests.examples import Bench
from tests.resources.test_imports import Desk, Document
from tests.routes import contents

ASYNC = {"Prefer": "respond-async"}
JOBS = "/api/v1/jobs"


class Office(Desk):
    """A desk whose documents may wait, and the worker who takes them up."""

    def __init__(self, bench: Bench):
        super().__init__(bench)
        self.database = bench.app.extensions["database"]
        self.owner = bench.world.a.provider_id

    def leave(self, document: Any, query: Any = None, **headers: str) -> TestResponse:
        return self.bench.client.post(
            "/api/v1/imports",
            json=document,
            query_string=query,
            headers=self.by | ASYNC | {name.replace("_", "-"): v for name, v in headers.items()},
        )

    def left(self, document: Document, **headers: str) -> str:
        response = self.leave(document, **headers)
        assert response.status_code == 202, response.text
        return str(response.get_json()["id"])

    def work(self, key: str) -> dict[str, Any]:
        """What a worker does; the job as it is then."""
        with self.bench.app.app_context():
            doing.carry_out(self.database, uuid.UUID(key), self.owner)
        return self.job(key)

    def job(self, key: str) -> dict[str, Any]:
        shown: dict[str, Any] = self.read(key).get_json()
        return shown

    def read(self, key: str, **headers: str) -> TestResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.bench.client.get(f"{JOBS}/{key}", headers=self.by | named)

    def cancel(self, key: str) -> TestResponse:
        return self.bench.client.post(f"{JOBS}/{key}/cancel", headers=self.by)

    def within(self, act: Callable[[Session], Any]) -> Any:
        with self.database.session() as session:
            session.enter(Scope(provider_id=self.owner))
            found = act(session)
            session.commit()
        return found

    def brought(self) -> list[dict[str, Any]]:
        """The traces of imports."""
        items: list[dict[str, Any]] = self.bench.client.get(
            "/api/v1/imports", headers=self.by
        ).get_json()["items"]
        return items

    def pieces(self) -> int:
        return int(self.within(lambda s: s.scalar(sa.select(sa.func.count(JobFile.position)))))


@pytest.fixture
def office(bench: Bench) -> Office:
    return Office(bench)


def test_who_prefers_not_to_wait_is_told_of_a_job_and_nothing_is_brought_in_yet(
    office: Office,
) -> None:
    response = office.leave(office.full())
    job = response.get_json()
    assert response.status_code == 202
    assert response.headers["Location"] == f"{JOBS}/{job['id']}"
    assert response.headers["Preference-Applied"] == "respond-async"
    assert response.headers["Retry-After"] == "2"
    assert (job["kind"], job["state"], job["rows_done"]) == ("document", "queued", 0)
    assert job == office.job(job["id"])
    assert office.pieces() == 1
    assert office.brought() == []


def test_a_job_that_is_done_says_what_it_brought_in_and_keeps_no_file(office: Office) -> None:
    done = office.work(office.left(office.full()))
    assert (done["state"], done["problem"], done["ends_at"]) == ("done", None, None)
    assert done["rows_done"] == done["rows_total"] == 15
    assert done["rows_per_second"] > 0
    assert done["created_at"] <= done["started_at"] <= done["ended_at"]
    brought = office.bench.open("imports", done["import_id"]).get_json()
    assert brought["counts"]["goals"] == {"created": 2, "updated": 0, "unchanged": 0}
    assert office.done(office.full())["counts"]["goals"]["unchanged"] == 2
    assert office.pieces() == 0


def test_a_dry_run_is_answered_at_once(office: Office) -> None:
    response = office.leave(office.full(), {"dry_run": "true"})
    assert response.status_code == 200
    assert "Preference-Applied" not in response.headers


def test_what_can_be_seen_at_once_to_be_wrong_is_refused_at_once(office: Office) -> None:
    before = contents(office.bench.app)
    assert office.leave({"project": office.acronym}).status_code == 422
    assert contents(office.bench.app) == before


def test_a_refused_job_has_the_problem_that_the_answer_would_have_been(office: Office) -> None:
    wrong = office.document(goals=[{"external_id": "t1", "text": "Yksi", "project_goal": "none"}])
    spoken = {"Accept-Language": "fi", "X-Request-ID": "by-my-script"}
    path, by = "/api/v1/imports", office.by
    answer = office.bench.client.post(path, json=wrong, headers=by | spoken)
    assert answer.status_code == 422
    before = contents(office.bench.app)
    key = office.left(wrong, Accept_Language="fi", X_Request_ID="by-my-script")
    job = office.work(key)
    assert (job["state"], job["import_id"]) == ("refused", None)
    assert job["problem"] == answer.get_json()
    assert office.pieces() == 0
    after = contents(office.bench.app)
    assert {name for name in after if after[name] != before[name]} == {"jobs", "changes"}


def test_a_plan_that_has_moved_refuses_the_job(office: Office) -> None:
    office.done(office.full())
    changed = office.document(goals=[{"external_id": "t1", "text": "Toisin"}])
    plan = office.send(changed, dry_run="true").get_json()["plan"]
    first = office.leave(changed, {"plan": plan}).get_json()["id"]
    second = office.leave(changed, {"plan": plan}).get_json()["id"]
    assert office.work(first)["state"] == "done"
    refused = office.work(second)
    assert (refused["state"], refused["problem"]["code"]) == ("refused", "plan_moved")
    assert refused["problem"]["plan"]["counts"]["goals"]["unchanged"] == 1


def test_a_fault_of_ours_is_a_failed_job_that_says_no_more(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*_: Any) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(doing, "KINDS", {"document": break_down})
    job = office.work(office.left(office.full()))
    assert (job["state"], job["problem"]["code"]) == ("failed", "internal")
    assert "secret" not in json.dumps(job)


def test_until_its_end_a_job_says_when_to_ask_again(office: Office) -> None:
    key = office.left(office.full())
    waiting = office.read(key)
    assert waiting.headers["Retry-After"] == "2"
    unchanged = office.read(key, If_None_Match=waiting.headers["ETag"])
    assert (unchanged.status_code, unchanged.headers["Retry-After"]) == (304, "2")
    office.work(key)
    ended = office.read(key, If_None_Match=waiting.headers["ETag"])
    assert ended.status_code == 200
    assert "Retry-After" not in ended.headers


def test_a_file_of_many_pieces_comes_back_as_it_was(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "PIECE_BYTES", 100)
    key = office.left(office.full())
    assert office.pieces() > 10
    assert office.work(key)["state"] == "done"


def test_done_once_more_a_job_does_nothing(office: Office) -> None:
    key = office.left(office.full())
    office.work(key)
    before = contents(office.bench.app)
    office.work(key)
    assert contents(office.bench.app) == before


def test_a_worker_that_has_lost_its_job_to_another_keeps_nothing(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both begin it; on SQLite, whose one writer holds all others up, the second before the first writes."""
    key, copy = office.left(office.full()), service.copy

    def be_slow(*args: Any) -> None:
        copy(*args)
        monkeypatch.setattr(service, "copy", copy)
        assert office.work(key)["state"] == "done"

    monkeypatch.setattr(service, "copy", be_slow)
    done = office.work(key)
    assert (done["state"], done["rows_done"]) == ("done", 15)
    assert len(office.brought()) == 1


def test_a_job_that_broke_off_starts_over(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        """As if the process was gone: nothing may be done about it."""

    def die(*_: Any, **__: Any) -> None:
        raise Killed

    key = office.left(office.full())
    end = service.end
    monkeypatch.setattr(service, "end", die)
    with pytest.raises(Killed):
        office.work(key)
    monkeypatch.setattr(service, "end", end)
    assert office.job(key)["state"] == "running"
    assert office.pieces() == 1
    assert office.brought() == []
    assert office.work(key)["state"] == "done"


@pytest.mark.parametrize("passing", [Duplicate, Unavailable])
def test_what_may_pass_is_tried_again(
    office: Office, monkeypatch: pytest.MonkeyPatch, passing: type[Exception]
) -> None:
    tries: list[int] = []

    def collide(*args: Any) -> Any:
        tries.append(1)
        if len(tries) < 3:
            raise passing
        return imports.do_job(*args)

    monkeypatch.setattr(doing, "FIRST_WAIT", 0)
    monkeypatch.setattr(doing, "KINDS", {"document": collide})
    assert office.work(office.left(office.full()))["state"] == "done"
    assert len(tries) == 3


def test_what_does_not_pass_comes_to_an_end(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def collide(*_: Any) -> None:
        raise Unavailable

    monkeypatch.setattr(doing, "FIRST_WAIT", 0)
    monkeypatch.setattr(doing, "KINDS", {"document": collide})
    job = office.work(office.left(office.full()))
    assert (job["state"], job["problem"]["code"]) == ("failed", "unavailable")


def test_a_job_that_kills_whoever_does_it_is_given_up(office: Office) -> None:
    key = office.left(office.full())
    table: Any = Job.__table__
    worn = sa.update(Job).where(table.c.id == uuid.UUID(key)).values(attempts=doing.MOST_ATTEMPTS)
    office.within(lambda session: session.execute(worn))
    job = office.work(key)
    assert (job["state"], job["problem"]["code"]) == ("failed", "unavailable")


# at once


def test_a_document_that_is_sent_three_times_at_once_is_there_once(office: Office) -> None:
    keys = [office.left(office.full()) for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        assert {job["state"] for job in pool.map(office.work, keys)} == {"done"}
    brought = office.brought()
    goals = [each["counts"]["goals"] for each in brought]
    assert sorted(goal["created"] for goal in goals) == [0, 0, 2]
    assert sorted(goal["unchanged"] for goal in goals) == [0, 2, 2]
    before = contents(office.bench.app)
    records = Base.metadata.tables.keys() - {"imports", "jobs", "job_files", "changes"}
    office.work(office.left(office.full()))
    after = contents(office.bench.app)
    assert {name: after[name] for name in records} == {name: before[name] for name in records}


def test_the_same_request_under_one_key_is_one_job(office: Office) -> None:
    first, second = (office.leave(office.full(), Idempotency_Key="tonight") for _ in range(2))
    assert first.get_json() == second.get_json()
    assert second.headers["Idempotency-Replayed"] == "true"
    assert second.headers["Preference-Applied"] == "respond-async"
    assert len(office.bench.client.get(JOBS, headers=office.by).get_json()["items"]) == 1


def test_a_provider_may_leave_so_many_jobs_and_no_more(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MOST_WAITING", 2)
    first, _ = office.left(office.full()), office.left(office.full())
    refused = office.leave(office.full())
    assert (refused.status_code, refused.get_json()["code"]) == (429, "too_many_jobs")
    assert refused.headers["Retry-After"] == "60"
    office.cancel(first)
    assert office.leave(office.full()).status_code == 202


# progress and cancelling


def test_a_cancelled_job_brings_nothing_in(office: Office) -> None:
    key = office.left(office.full())
    cancelled = office.cancel(key)
    assert cancelled.status_code == 200
    job = cancelled.get_json()
    assert (job["state"], job["import_id"]) == ("cancelled", None)
    assert job["ended_at"]
    assert office.pieces() == 0
    assert office.work(key) == job == office.cancel(key).get_json()
    assert office.brought() == []


def test_a_job_that_is_done_can_be_cancelled_no_more(office: Office) -> None:
    key = office.left(office.full())
    done = office.work(key)
    refused = office.cancel(key)
    assert (refused.status_code, refused.get_json()["code"]) == (409, "job_ended")
    assert office.job(key) == done


def test_a_reader_cancels_nothing(office: Office) -> None:
    key = office.left(office.full())
    by = office.bench.ministry
    assert office.bench.client.get(f"{JOBS}/{key}", headers=by).status_code == 200
    assert office.bench.client.post(f"{JOBS}/{key}/cancel", headers=by).status_code == 403
    assert office.job(key)["state"] == "queued"


def test_a_running_job_tells_how_far_it_has_come_and_ends_when_it_is_cancelled(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite has one writer: there the counts are told at the end, and a cancelled job is seen at its beginning."""
    if office.database.url.get_backend_name() == "sqlite":
        monkeypatch.setattr(doing.Progress, "__call__", _unheard)
    monkeypatch.setattr(doing, "SECONDS_BETWEEN_REPORTS", 0.0)
    told: list[dict[str, Any]] = []

    def watched(session: Session, *args: Any) -> Any:
        *rest, progress = args

        def look(done: int, total: int | None) -> None:
            progress(done, total)
            told.append(office.job(key))
            if len(told) == 3:
                session.rollback()  # or SQLite's one writer would have to wait for itself
                assert office.cancel(key).status_code == 200

        return imports.do_job(session, *rest, look)

    monkeypatch.setattr(doing, "KINDS", {"document": watched})
    key = office.left(office.full())
    job = office.work(key)
    assert job["state"] == "cancelled"
    assert {each["state"] for each in told} == {"running"}
    if office.database.url.get_backend_name() == "postgresql":
        assert [each["rows_done"] for each in told] == [0, 1, 2]
        assert {each["rows_total"] for each in told} == {15}
        assert told[2]["rows_per_second"] > 0
        assert told[2]["ends_at"] > told[2]["updated_at"]
        assert [each["version"] for each in told] == [3, 4, 5]


def _unheard(progress: doing.Progress, done: int, total: int | None) -> None:
    """As SQLite's, in a test that gives its one writer free."""
    progress.tally = service.Tally(done, total)


def test_a_job_that_was_cancelled_while_it_was_done_is_undone(office: Office) -> None:
    key = office.left(office.full())
    number = uuid.UUID(key)

    def end_too_late() -> None:
        with office.database.session() as session:
            session.enter(Scope(provider_id=office.owner))
            service.end(session, number, JobState.DONE)

    with pytest.raises(NoLonger):  # nobody has begun it
        end_too_late()
    office.within(lambda session: service.begin(session, number))
    office.cancel(key)
    with pytest.raises(NoLonger):
        end_too_late()
    assert office.job(key)["state"] == "cancelled"


def test_followers_are_told_of_a_job(office: Office) -> None:
    key = office.left(office.full())
    office.work(key)
    path = "/api/v1/changes?resource=jobs&rows=true"
    heard = office.bench.client.get(path, headers=office.by).get_json()["items"]
    assert {(item["id"], item["row"]["state"]) for item in heard} == {(key, "done")}


# tables


def leave_table(office: Office, body: str, media: str = "text/csv", **query: str) -> TestResponse:
    headers = office.by | ASYNC | {"Content-Type": media}
    path = "/api/v1/imports/contacts"
    return office.bench.client.post(path, data=body, headers=headers, query_string=query)


TABLE = "external_id,name\nonni,Onni Malli\naino,Aino Malli\n"


def test_a_table_is_brought_in_as_a_job(office: Office) -> None:
    accepted = leave_table(office, TABLE).get_json()
    assert (accepted["kind"], accepted["state"]) == ("table", "queued")
    job = office.work(accepted["id"])
    assert (job["state"], job["rows_done"], job["rows_total"]) == ("done", 2, 2)
    [brought] = office.brought()
    assert brought["id"] == job["import_id"]
    assert brought["counts"] == {"contacts": {"created": 2, "updated": 0, "unchanged": 0}}


def test_a_table_with_a_bad_row_is_refused_as_its_answer_would_have_been(office: Office) -> None:
    wrong = TABLE + "eino,\n"
    headers = office.by | {"Content-Type": "text/csv"}
    answer = office.bench.client.post("/api/v1/imports/contacts", data=wrong, headers=headers)
    job = office.work(leave_table(office, wrong).get_json()["id"])
    [fault] = job["problem"]["errors"]
    assert (job["state"], fault["row"], fault["column"]) == ("refused", 4, "name")
    passing = ("request_id", "instance")
    told = {name: value for name, value in job["problem"].items() if name not in passing}
    assert told == {n: v for n, v in answer.get_json().items() if n not in passing}
    assert office.brought() == []


def test_a_table_may_be_brought_in_in_part(office: Office) -> None:
    job = office.work(leave_table(office, TABLE + "eino,\n", partial="true").get_json()["id"])
    assert job["state"] == "done"
    assert office.brought()[0]["counts"]["contacts"]["refused"] == 1
    (fault,) = job["problem"]["errors"]
    assert (fault["row"], fault["column"]) == (4, "name")


def test_a_plan_of_a_table_that_has_moved_refuses_the_job(office: Office) -> None:
    job = office.work(leave_table(office, TABLE, plan="another").get_json()["id"])
    assert (job["state"], job["problem"]["code"]) == ("refused", "plan_moved")


def test_what_is_no_table_is_refused_at_once(office: Office) -> None:
    assert leave_table(office, TABLE, "text/plain").status_code == 415
