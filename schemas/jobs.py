"""Jobs: what goes on while nobody waits for its answer."""

from enum import StrEnum

from marshmallow import fields

from schemas import vocabulary as v
from schemas.base import Owned
from schemas.fields import Choice, Moment, Number, Reference, Whole


class JobKind(StrEnum):
    """`document`: POST /imports. `table`: POST /imports/{resource}."""

    DOCUMENT = "document"
    TABLE = "table"


class JobState(StrEnum):
    """`refused`: the answer is a problem of the caller's; `failed`: one of ours, and worth another try."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Job(Owned):
    kind = Choice(JobKind, dump_only=True)
    state = Choice(JobState, dump_only=True)
    rows_done = Whole(
        0,
        v.COUNT_MAX,
        dump_only=True,
        metadata={"description": "Nothing is kept before the end."},
    )
    rows_total = Whole(
        0,
        v.COUNT_MAX,
        allow_none=True,
        dump_only=True,
        metadata={"description": "Null while it is not known."},
    )
    rows_per_second = Number(allow_none=True, dump_only=True)
    ends_at = Moment(
        allow_none=True, metadata={"description": "An estimate, while the job is running."}
    )
    started_at = Moment(
        allow_none=True,
        metadata={"description": "Of the last start: a job that was broken off starts over."},
    )
    ended_at = Moment(allow_none=True)
    import_id = Reference(
        "imports",
        allow_none=True,
        dump_only=True,
        metadata={"description": "What it brought in, when it is done."},
    )
    problem = fields.Dict(
        allow_none=True,
        dump_only=True,
        metadata={
            "component": "ConflictProblem",
            "description": "The answer that there would have been, when it is refused or failed; when it is done and "
            "some rows were refused, as `partial` has it, why they were.",
        },
    )
