"""What reviewers and providers say to each other about a report: threads, each about a place of what was submitted."""

import typing as t
from enum import StrEnum

import marshmallow as ma
from marshmallow import fields

from schemas import vocabulary as v
from schemas.base import Owned, Schema
from schemas.fields import Choice, Coded, Id, Moment, Part, Reference, Text, Whole


class ThreadState(StrEnum):
    OPEN = "open"
    RESOLVED = "resolved"


class Comment(Owned):
    """One comment: the first of a thread, which says what the thread is about, or a reply to it."""

    report_id = Reference("reports", dump_only=True)
    thread_id = Reference(
        "comments",
        dump_only=True,
        allow_none=True,
        metadata={"description": "Of a reply: the first comment of its thread. Else null."},
    )
    version_number = Whole(
        1,
        v.COUNT_MAX,
        dump_only=True,
        metadata={"description": "The version of the report that was the newest when it was said."},
    )
    pointer = Text(
        v.LINE_LENGTH,
        dump_only=True,
        allow_none=True,
        metadata={
            "description": "What it is about: a JSON pointer (RFC 6901) into that version. Null of a comment about the "
            "whole report, and of a reply."
        },
    )
    goal_id = Id(
        dump_only=True, allow_none=True, metadata={"description": "The goal that it is about."}
    )
    period_id = Id(
        dump_only=True, allow_none=True, metadata={"description": "The period that it is about."}
    )
    resource = Text(
        v.CODE_LENGTH,
        dump_only=True,
        allow_none=True,
        metadata={"description": "The stem of the resource of `row_id`."},
    )
    row_id = Id(
        dump_only=True,
        allow_none=True,
        metadata={"description": "The row that it is about; it may be gone since."},
    )
    field = Text(
        v.LINE_LENGTH,
        dump_only=True,
        allow_none=True,
        metadata={"description": "The field of that row, as a pointer without its first slash."},
    )
    quote = Text(
        v.LINE_LENGTH,
        dump_only=True,
        allow_none=True,
        metadata={
            "description": "The beginning of what stood there. Of persons nothing is quoted."
        },
    )
    text = Text(v.TEXT_LENGTH, required=True)
    author_id = Id(dump_only=True, metadata={"description": "The id of the person who said it."})
    author_role = Choice(v.Role, dump_only=True)
    resolved_at = Moment(
        allow_none=True, metadata={"description": "Of the first of a thread: since when."}
    )
    resolved_by = Id(
        dump_only=True,
        allow_none=True,
        metadata={"description": "The id of the person who resolved the thread."},
    )


class NewComment(Schema):
    """A comment on the whole report, on one field, or on the cell of a goal and a period; or a reply."""

    text = Text(v.TEXT_LENGTH, required=True)
    thread_id = Reference(
        "comments",
        load_default=None,
        allow_none=True,
        metadata={"description": "The thread to reply to, by the id of its first comment."},
    )
    pointer = Text(
        v.LINE_LENGTH,
        load_default=None,
        allow_none=True,
        metadata={"description": "Into the newest version, as `GET …/versions/{number}` shows it."},
    )
    goal_id = Id(load_default=None, allow_none=True)
    period_id = Id(load_default=None, allow_none=True)

    @ma.validates_schema
    def _about_one_thing(self, data: dict[str, t.Any], **_: t.Any) -> None:
        cell = [data.get("goal_id"), data.get("period_id")]
        if any(cell) and not all(cell):
            name = "period_id" if cell[0] else "goal_id"
            error = Coded("one_subject", "A cell is of a goal and a period.")
            raise ma.ValidationError([error], name)
        if sum(map(bool, (data.get("thread_id"), data.get("pointer"), all(cell)))) > 1:
            error = Coded("one_subject", "Give a thread_id, a pointer, or a goal_id and period_id.")
            raise ma.ValidationError([error], "pointer" if data.get("pointer") else "goal_id")


class CommentsQuery(Schema):
    state = Choice(ThreadState, load_default=None)


class CommentThread(Comment):
    """A thread: its first comment, with the replies to it in the order in which they were made."""

    state = Choice(ThreadState, dump_only=True)
    replies = fields.List(Part(Comment), required=True, dump_only=True)


class ReportComments(Schema):
    """The threads of a report, the first one first, and how many there are whichever were asked for."""

    open = Whole(0, v.COUNT_MAX, dump_only=True, metadata={"description": "How many are open."})
    resolved = Whole(
        0, v.COUNT_MAX, dump_only=True, metadata={"description": "How many are resolved."}
    )
    items = fields.List(Part(CommentThread), required=True)
