"""What is said about a report: by whom it may be said, changed and resolved, and what it is about.

Comments are seen by both sides at once. They are an authority's words on what was submitted to it, so there is no
draft of them that only one side knows; who misspoke takes his words back, until somebody has answered.
"""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa

from api.access import Caller
from api.base import now
from api.documents.texts import spoken_state
from api.models.comments import Comment
from api.models.reports import Report, ReportVersion
from api.problems import Fault, Forbidden, Invalid, Problem
from api.scope import Session
from api.services import life
from api.services.conflicts import flush
from schemas import vocabulary as v
from schemas.comments import ThreadState
from schemas.fields import Worded
from schemas.vocabulary import ReportState, Role

Node = Any
# What stands in a version under these names has an id of its own, and is of this resource.
ROWS = {
    **{"programme": "programmes", "project": "projects", "provider": "providers"},
    **{"sub_project": "sub_projects", "contact": "contacts", "indicator": "indicators"},
    **{"meeting": "meetings", "periods": "periods"},
    **{
        name: name
        for name in (
            *("goals", "results", "measurements", "meetings", "surveys", "disseminations"),
            *("feedback", "deliverables"),
        )
    },
}
# What of a row tells best which one it is.
TELLING = ("text", "reason", "point", "title", "audience", "name", *v.Language)
QUOTED = 300


class Answered(Problem):
    status, code, title = 409, "answered", "Somebody has answered this comment"


class ThreadResolved(Problem):
    status, code, title = 409, "thread_resolved", "The thread is resolved; reopen it first"


@dataclass(frozen=True)
class Anchor:
    """What a thread is about, in the version that was under review when it was begun."""

    pointer: str | None = None
    goal_id: uuid.UUID | None = None
    period_id: uuid.UUID | None = None
    resource: str | None = None
    row_id: uuid.UUID | None = None
    field: str | None = None
    quote: str | None = None


# saying


def add(
    session: Session, report_id: uuid.UUID, caller: Caller, given: Mapping[str, Any]
) -> uuid.UUID:
    """Begin a thread, or reply to one. :return: the id of the comment

    :param given: as `NewComment` lets it in
    :raises WrongState: the report is not under review; ThreadResolved: so is what is replied to
    :raises Invalid: there is no such thread, or nothing there to comment on
    """
    thread = _thread(session, report_id, given["thread_id"]) if given["thread_id"] else None
    number = _under_review(session, report_id)
    _must_be_open(thread)
    anchor = Anchor() if thread else _anchor(session, report_id, number, given)
    comment = Comment(
        report_id=report_id,
        thread_id=given["thread_id"],
        version_number=number,
        text=given["text"],
        author_id=caller.id,
        author_role=caller.role,
        **vars(anchor),
    )
    session.add(comment)
    flush(session)
    return comment.id


def edit(session: Session, comment: Comment, caller: Caller, text: str) -> None:
    """:raises Forbidden: it is another's; Answered, ThreadResolved, WrongState"""
    _must_be_own(session, comment, caller)
    if comment.text != text:
        comment.text, comment.updated_at = text, now()
        flush(session)


def remove(session: Session, comment: Comment, caller: Caller) -> None:
    """:raises Forbidden: it is another's; Answered, ThreadResolved, WrongState"""
    _must_be_own(session, comment, caller)
    if _later(session, comment, Comment.thread_id == comment.id):
        raise Answered
    session.delete(comment)
    flush(session)


def resolve(session: Session, thread: Comment, caller: Caller) -> None:
    """Who began it says that it is done: one of the ministry's a reviewer, one of the provider's the provider.

    :raises Forbidden: the other side began it; WrongState
    """
    _under_review(session, thread.report_id)
    if (caller.role == Role.REVIEWER) != (thread.author_role == Role.REVIEWER):
        raise Forbidden("Only the side that began the thread resolves it.")
    if thread.resolved_at is None:
        thread.resolved_at = thread.updated_at = now()
        thread.resolved_by = caller.id
        flush(session)


def reopen(session: Session, thread: Comment) -> None:
    """Either side may. :raises WrongState: the report is not under review"""
    _under_review(session, thread.report_id)
    if thread.resolved_at is not None:
        thread.resolved_at = thread.resolved_by = None
        thread.updated_at = now()
        flush(session)


def _under_review(session: Session, report_id: uuid.UUID) -> int:
    """The newest version of a report, which takes no step meanwhile.

    :raises WrongState: it was never submitted, or is accepted
    """
    asked = sa.select(Report).where(Report.id == report_id)
    report = session.scalars(asked.with_for_update(read=True)).one()
    number = life.newest(session, report.provider_id, report_id)
    if number is None or report.state == ReportState.ACCEPTED:
        text = Worded("Its state is `{state}`.", state=spoken_state(report.state))
        raise life.WrongState(text, members={"state": report.state})
    return number


def _must_be_own(session: Session, comment: Comment, caller: Caller) -> None:
    _under_review(session, comment.report_id)
    if comment.author_id != caller.id:
        raise Forbidden("It is another person's comment.")
    thread = locked(session, comment.thread_id or comment.id)
    _must_be_open(thread)
    if _later(session, comment, Comment.author_id != caller.id):
        raise Answered


def _must_be_open(thread: Comment | None) -> None:
    if thread and thread.resolved_at:
        raise ThreadResolved


def _later(session: Session, comment: Comment, condition: Any) -> bool:
    """Whether something was said after it in its thread."""
    within = Comment.thread_id == (comment.thread_id or comment.id)
    asked = sa.select(Comment.id).where(within, Comment.id > comment.id, condition).limit(1)
    return session.scalar(asked) is not None


def _thread(session: Session, report_id: uuid.UUID, key: uuid.UUID) -> Comment:
    """:raises Invalid: the report has no such thread"""
    thread = locked(session, key)
    if thread is None or thread.thread_id or thread.report_id != report_id:
        raise _not_there("/thread_id")
    return thread


def locked(session: Session, key: uuid.UUID) -> Comment | None:
    """A comment, locked; of a thread the first one, for which whoever says or changes something there waits."""
    asked = sa.select(Comment).where(Comment.id == key)
    asked = asked.execution_options(populate_existing=True)
    return session.scalar(asked.with_for_update(key_share=True))


# what it is about


def _anchor(
    session: Session, report_id: uuid.UUID, number: int, given: Mapping[str, Any]
) -> Anchor:
    """:raises Invalid: there is nothing there"""
    pointer = given["pointer"]
    if pointer is None and given["goal_id"] is None:
        return Anchor()
    asked = sa.select(ReportVersion.snapshot)
    asked = asked.where(ReportVersion.report_id == report_id, ReportVersion.number == number)
    snapshot = orjson.loads(session.scalars(asked).one())
    if pointer is None:
        pointer = _cell(snapshot, str(given["goal_id"]), str(given["period_id"]))
        if pointer is None:
            raise _not_there("/goal_id")
    found = anchor(snapshot, pointer)
    if found is None:
        raise _not_there("/pointer")
    return found


def _not_there(pointer: str) -> Invalid:
    return Invalid(faults=[Fault("not_found", "There is no such thing to comment on.", pointer)])


def _cell(snapshot: Node, goal_id: str, period_id: str) -> str | None:
    return next(
        (
            f"/form/goals/{i}/cells/{j}"
            for i, goal in enumerate(snapshot["form"]["goals"])
            for j, cell in enumerate(goal["cells"])
            if (goal["id"], cell["period_id"]) == (goal_id, period_id)
        ),
        None,
    )


def anchor(snapshot: Node, pointer: str) -> Anchor | None:
    """What a pointer (RFC 6901) leads to in a version: the row, its field, its cell; None when it leads nowhere."""
    if not pointer.startswith("/"):
        return None
    node, name, goal, period = snapshot, "", None, None
    row, rest = ("reports", snapshot["id"]), list[str]()
    for part in pointer.split("/")[1:]:
        step = part.replace("~1", "/").replace("~0", "~")
        if isinstance(node, dict) and step in node:
            node, name = node[step], step
        elif isinstance(node, list) and step in map(str, range(len(node))):
            node = node[int(step)]
        else:
            return None
        rest.append(part)
        if isinstance(node, dict) and name in ROWS and "id" in node:
            row, rest = (ROWS[name], node["id"]), []
            goal = node["id"] if name == "goals" else goal
        if isinstance(node, dict) and name == "cells":
            period = node["period_id"]
    if name == "cells":
        return Anchor(pointer, _id(goal), _id(period), quote=_quoted(node))
    quote = None if row[0] == "contacts" or "participants" in rest else _quoted(node)
    field = "/".join(rest) or None
    return Anchor(pointer, _id(goal), _id(period), row[0], _id(row[1]), field, quote)


def _id(text: str | None) -> uuid.UUID | None:
    return uuid.UUID(text) if text else None


def _quoted(node: Node) -> str | None:
    """The beginning of what stands there, or of what tells best what it is."""
    if isinstance(node, dict):
        node = node.get("results") or next((node[n] for n in TELLING if node.get(n)), None)
        return _quoted(node) if node else None
    if isinstance(node, list):
        parts = filter(None, (_quoted(one) for one in node if isinstance(one, dict | str)))
        node = " · ".join(parts) or None
    if node is None:
        return None
    text = str(node)
    return text if len(text) <= QUOTED else f"{text[: QUOTED - 1]}…"


# telling


def threads(rows: Iterable[dict[str, Any]], state: str | None) -> dict[str, Any]:
    """Comments of a report, in the order in which they were made, as threads; those in this state, or all."""
    found: dict[uuid.UUID, dict[str, Any]] = {}
    for row in rows:
        if row["thread_id"]:
            found[row["thread_id"]]["replies"].append(row)
        else:
            stands = ThreadState.RESOLVED if row["resolved_at"] else ThreadState.OPEN
            found[row["id"]] = row | {"state": stands.value, "replies": []}
    states = [thread["state"] for thread in found.values()]
    return {
        **{one.value: states.count(one.value) for one in ThreadState},
        "items": [one for one in found.values() if state in (None, one["state"])],
    }
