"""Doing a job: what it brings in and that it is done, in one transaction, again and again until it is at its end."""

import logging
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from tempfile import TemporaryFile
from typing import IO, Any

from flask import g

from api import errors
from api.db import Database
from api.models.imports import Import
from api.models.jobs import Job
from api.problems import Duplicate, Problem, Stale, Unavailable
from api.scope import Scope, Session
from api.services import imports, jobs, tables
from api.services.jobs import NoLonger, Tally
from schemas.jobs import JobKind, JobState

log = logging.getLogger("lamppu.jobs")

# What a kind of job does: in this session, with this file, its parameters, and something to tell how far it has come.
# It gives the import, and where good rows were kept without others, why those were refused.
Kind = Callable[
    [Session, IO[bytes], Mapping[str, Any], jobs.Progress], tuple[Import, Problem | None]
]
KINDS: Mapping[str, Kind] = {
    JobKind.DOCUMENT.value: imports.do_job,
    JobKind.TABLE.value: tables.do_job,
}

# Refusals that the next try may not meet: others wrote the same rows, or the database was away.
PASSING = (Duplicate, Stale, Unavailable)
# Also of processes that died in the middle: a file that kills them must not do so for ever.
MOST_ATTEMPTS = 20
FIRST_WAIT, LONGEST_WAIT = 0.1, 30.0  # seconds
SECONDS_BETWEEN_REPORTS = 1.0


def carry_out(database: Database, key: uuid.UUID, provider_id: uuid.UUID) -> None:
    """Bring a job to its end; it may have one already, or come to it meanwhile in another process.

    Where the database itself is away, it is waited for.
    """
    scope, last = Scope(provider_id=provider_id), None
    for tries in count():
        try:
            return _attempt(database, scope, key, last)
        except NoLonger:
            return None
        except Exception as error:
            last = errors.of(error)
            log.warning("job %s: %s; tried again", key, last.code)
        time.sleep(min(FIRST_WAIT * 2.0**tries, LONGEST_WAIT))
    return None


def _attempt(database: Database, scope: Scope, key: uuid.UUID, last: Problem | None) -> None:
    """:raises Problem: a passing one; anything else that is raised is the database's"""
    g.request_id = str(key)  # until it is known
    with _transaction(database, scope) as session:
        job = jobs.begin(session, key)
    g.request_id = job.request_id
    if job.attempts > MOST_ATTEMPTS:
        problem = last or Unavailable("The job broke off each time that it was begun.")
        return _refuse(database, scope, job, problem)
    try:
        _bring_in(database, scope, job)
    except NoLonger:
        raise
    except Exception as error:
        problem = errors.of(error)
        if isinstance(problem, PASSING):
            raise problem from error
        _refuse(database, scope, job, problem)


def _bring_in(database: Database, scope: Scope, job: Job) -> None:
    progress = Progress(database, scope, job.id)
    with TemporaryFile(prefix="lamppu-") as file:
        with _transaction(database, scope, write=False) as reader:
            jobs.copy(reader, job.id, file)
        with _transaction(database, scope) as session:
            done, refusal = KINDS[job.kind](session, file, job.parameters, progress)
            every = Tally(progress.tally.done, progress.tally.done)
            told = _told(job, refusal) if refusal else None
            jobs.end(session, job.id, JobState.DONE, tally=every, import_id=done.id, problem=told)
    log.info("job %s: done", job.id)


def _refuse(database: Database, scope: Scope, job: Job, problem: Problem) -> None:
    state = JobState.REFUSED if problem.status < Problem.status else JobState.FAILED
    with _transaction(database, scope) as session:
        jobs.end(session, job.id, state, problem=_told(job, problem))
    log.info("job %s: %s", job.id, problem.code)


def _told(job: Job, problem: Problem) -> dict[str, Any]:
    """As the request would have been told."""
    document = problem.document(job.language)
    return document | {"instance": job.path, "request_id": job.request_id}


class Progress:
    """How far a job has come, told now and then in a transaction of its own, beside that of the job.

    SQLite has one writer, which is the job: there its counts are told at its end, and nobody can cancel it meanwhile.
    """

    def __init__(self, database: Database, scope: Scope, key: uuid.UUID):
        self.tally = Tally()
        self._database, self._scope, self._key = database, scope, key
        self._silent = database.url.get_backend_name() == "sqlite"
        self._told_at = time.monotonic()

    def __call__(self, done: int, total: int | None) -> None:
        """:raises NoLonger: the job was cancelled"""
        self.tally = Tally(done, total)
        if self._silent or time.monotonic() - self._told_at < SECONDS_BETWEEN_REPORTS:
            return
        with _transaction(self._database, self._scope) as session:
            jobs.report(session, self._key, self.tally)
        self._told_at = time.monotonic()


@contextmanager
def _transaction(database: Database, scope: Scope, *, write: bool = True) -> Iterator[Session]:
    with database.session(write=write) as session:
        session.enter(scope)
        yield session
        session.commit()
