"""Jobs: kept before they are promised, done once whatever dies on the way, and cancelled while that is possible.

What a job writes and that it is done are one transaction, which looks last of all whether the job is still running. So
it may be begun any number of times, even twice at once: all of it is there, once, or nothing.
"""

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import IO, Any

import sqlalchemy as sa

from api.base import now
from api.models.jobs import Job, JobFile
from api.problems import Problem
from api.scope import Session, insert_all
from api.services.conflicts import flush
from schemas.jobs import JobKind, JobState

PIECE_BYTES = 1_000_000
MOST_WAITING = 20  # each with a file of up to MAX_TABLE_BYTES
UNENDED = frozenset({JobState.QUEUED.value, JobState.RUNNING.value})


# Is told how many rows are done, and of how many, when that is known; it may say that nobody waits any more.
Progress = Callable[[int, int | None], None]


class TooManyJobs(Problem):
    status, code, title = 429, "too_many_jobs", "Too many jobs of your provider are waiting"

    def __init__(self, detail: str | None = None, **kwargs: Any):
        kwargs.setdefault("headers", {"Retry-After": "60"})
        super().__init__(detail, **kwargs)


class JobEnded(Problem):
    status, code, title = 409, "job_ended", "The job is at its end already"


class NoLonger(Exception):
    """Nobody waits for the job any more: it was cancelled, or another process has done it."""


@dataclass(frozen=True)
class Asked:
    """What of the request that asked for a job goes into its problem document."""

    path: str
    language: str
    request_id: str


@dataclass
class Tally:
    """:param total: None while it is not known"""

    done: int = 0
    total: int | None = None


def unheard(done: int, total: int | None) -> None:
    """Progress that nobody wants to hear of."""


def accept(
    session: Session, kind: JobKind, body: IO[bytes], parameters: Mapping[str, Any], asked: Asked
) -> Job:
    """Keep a job with its file. :raises TooManyJobs: enough are waiting"""
    waiting = sa.select(sa.func.count(Job.id)).where(Job.ended_at.is_(None))
    if session.scalars(waiting).one() >= MOST_WAITING:
        raise TooManyJobs
    job = Job(
        kind=kind.value,
        state=JobState.QUEUED.value,
        rows_done=0,
        attempts=0,
        parameters=dict(parameters),
        path=asked.path,
        language=asked.language,
        request_id=asked.request_id,
    )
    session.add(job)
    flush(session)
    table: Any = JobFile.__table__
    for position in count():
        if not (data := body.read(PIECE_BYTES)):
            return job
        insert_all(session, table, [{"job_id": job.id, "position": position, "data": data}])
    raise AssertionError


def unended(session: Session) -> Iterable[tuple[uuid.UUID, uuid.UUID]]:
    """Each job that is yet to be done, and whose it is; the oldest first."""
    asked = sa.select(Job.id, Job.provider_id).where(Job.ended_at.is_(None)).order_by(Job.id)
    return [(key, owner) for key, owner in session.execute(asked.limit(10 * MOST_WAITING))]


def begin(session: Session, key: uuid.UUID) -> Job:
    """:raises NoLonger: it has ended"""
    job = _locked(session, key)
    if job is None or job.state not in UNENDED:
        raise NoLonger
    job.state = JobState.RUNNING.value
    job.attempts += 1
    job.started_at = now()
    _count(job, Tally())
    session.flush()
    return job


def copy(session: Session, key: uuid.UUID, file: IO[bytes]) -> None:
    """Write a job's file, a piece at a time, and go back to its beginning."""
    for position in count():
        piece = sa.select(JobFile.data).where(JobFile.job_id == key, JobFile.position == position)
        if not (data := session.scalar(piece)):
            break
        file.write(data)
    file.seek(0)


def report(session: Session, key: uuid.UUID, tally: Tally) -> None:
    """:raises NoLonger: it was cancelled"""
    job = _running(session, key)
    _count(job, tally)
    session.flush()


def end(
    session: Session,
    key: uuid.UUID,
    state: JobState,
    *,
    tally: Tally | None = None,
    import_id: uuid.UUID | None = None,
    problem: Mapping[str, Any] | None = None,
) -> None:
    """Bring a job to its end, as the last thing that its transaction does. :raises NoLonger: it is not running"""
    job = _running(session, key)
    job.import_id = import_id
    job.problem = dict(problem) if problem else None
    _close(session, job, state, tally)


def cancel(session: Session, job: Job) -> None:
    """Cancel a job, which is locked; once more changes nothing. :raises JobEnded: it is too late"""
    if job.state == JobState.CANCELLED:
        return
    if job.state not in UNENDED:
        raise JobEnded
    _close(session, job, JobState.CANCELLED)


def _close(session: Session, job: Job, state: JobState, tally: Tally | None = None) -> None:
    _count(job, tally or Tally(job.rows_done, job.rows_total))
    job.state = state.value
    job.ended_at = job.updated_at
    job.ends_at = None
    session.execute(sa.delete(JobFile).where(JobFile.job_id == job.id))
    session.flush()


def _count(job: Job, tally: Tally) -> None:
    """How far it has come, how fast, and when it may be at its end."""
    job.updated_at = now()
    job.rows_done, job.rows_total = tally.done, tally.total
    job.rows_per_second = job.ends_at = None
    seconds = (job.updated_at - job.started_at).total_seconds() if job.started_at else 0
    if tally.done and seconds > 0:
        job.rows_per_second = round(tally.done / seconds, 1)
        if tally.total is not None:
            left = (tally.total - tally.done) * seconds / tally.done
            job.ends_at = job.updated_at + timedelta(seconds=left)


def _running(session: Session, key: uuid.UUID) -> Job:
    job = _locked(session, key)
    if job is None or job.state != JobState.RUNNING:
        raise NoLonger
    return job


def _locked(session: Session, key: uuid.UUID) -> Job | None:
    """The job as it is now, also where this transaction has seen it before."""
    asked = sa.select(Job).where(Job.id == key).with_for_update(of=Job, key_share=True)
    return session.scalar(asked.execution_options(populate_existing=True))
