"""Jobs: how far they have come, and what became of them."""

import uuid
from collections.abc import Mapping
from typing import IO, Any

import sqlalchemy as sa
from flask import Response, request, url_for

from api.answers import JSON, SPARSE, json_response
from api.blueprint import Blueprint
from api.context import language, preference, request_id, session
from api.crud import register
from api.models.jobs import Job
from api.openapi import examples
from api.services import jobs as service
from schemas import jobs as contract
from schemas.jobs import JobKind, JobState
from schemas.lists import item_query, sparse
from schemas.vocabulary import Language

SECONDS_BETWEEN = "2"
_CANCELLED = examples.given(contract.Job())
_CANCELLED |= {
    "state": JobState.CANCELLED.value,
    "ends_at": None,
    "ended_at": _CANCELLED["updated_at"],
}

blp = Blueprint("jobs", access="jobs", url_prefix="/api/v1/jobs", description=__doc__)
jobs = register(
    blp,
    Job,
    filters=("provider_id",),
    without=("read", "create", "replace", "patch", "delete"),
)


@blp.route("/<uuid:key>", endpoint="read", produces=(JSON, SPARSE))
@blp.doc(operationId="getJob")
@blp.arguments(item_query(contract.Job, [*jobs.members]), location="query")
@blp.response(200, contract.Job)
@blp.alt_response(200, schema=sparse(contract.Job), content_type=SPARSE, success=True)
def read(query: dict[str, Any], key: uuid.UUID) -> Response:
    """Read one job

    While it is queued or running, `Retry-After` says when to ask again.
    """
    response = jobs.read(query, key)
    with jobs.reading() as reader:
        ended = reader.scalar(sa.select(Job.ended_at).where(Job.id == key))
    if ended is None:
        response.headers["Retry-After"] = SECONDS_BETWEEN
    return response


@blp.route("/<uuid:key>/cancel", methods=("POST",), endpoint="cancel", refuses=(service.JobEnded,))
@blp.doc(operationId="cancelJob")
@blp.response(200, contract.Job, example=_CANCELLED)
def cancel(key: uuid.UUID) -> Response:
    """Cancel one job

    Nothing of it is kept then. A job that is cancelled already stays so; one that has come to another end can't be
    cancelled any more. On a server with SQLite, where one writes at a time, a job that is running comes to its end
    first, and tells then only how far it has come.
    """
    job: Any = jobs.reached(key)
    service.cancel(session(), job)
    return json_response(jobs.current(key))


def wanted() -> bool:
    """Whether the caller prefers not to wait for the answer (RFC 7240 §4.1)."""
    return preference("respond-async") is not None


def accepted(kind: JobKind, body: IO[bytes], parameters: Mapping[str, Any]) -> Response:
    """Keep what came with a request for a worker to do, and say where it can be asked for."""
    asked = service.Asked(request.path, language() or Language.EN.value, request_id())
    job = service.accept(session(), kind, body, parameters, asked)
    response = json_response(jobs.current(job.id), 202)
    response.headers["Location"] = url_for("jobs.read", key=job.id)
    response.headers["Preference-Applied"] = "respond-async"
    response.headers["Retry-After"] = SECONDS_BETWEEN
    return response
