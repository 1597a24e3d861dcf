"""Comments of reviewers and providers on reports."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

from flask import Response, url_for

from api.access import Reach
from api.answers import conditional, json_response
from api.blueprint import Blueprint
from api.context import caller, reach, session
from api.crud import register
from api.models.comments import Comment
from api.problems import NotFound, PreconditionRequired, Stale
from api.resources import life
from api.services import comments as service
from api.services.life import WrongState
from schemas import comments as contract

blp = Blueprint("comments", access="comments", url_prefix="/api/v1/comments", description=__doc__)
comments = register(
    blp,
    Comment,
    filters=("report_id", "thread_id", "provider_id"),
    without=("create", "replace", "patch", "delete"),
)
REFUSES = (service.Answered, service.ThreadResolved, WrongState)


@life.blp.route("/<uuid:key>/comments", endpoint="comments", access="comments")
@life.blp.doc(operationId="getReportComments")
@life.blp.arguments(contract.CommentsQuery(), location="query")
@life.blp.response(200, contract.ReportComments)
def threads(query: dict[str, Any], key: uuid.UUID) -> Response:
    """Read what was said about a report, thread by thread"""
    with life.of_report(key) as (reader, _):
        rows = comments.view.rows(reader, reach(), {"report_id": key})
    return conditional(json_response(service.threads(rows, query["state"])))


@life.blp.route(
    "/<uuid:key>/comments",
    methods=("POST",),
    endpoint="comment",
    access="comments",
    refuses=REFUSES[1:],
)
@life.blp.doc(operationId="createComment")
@life.blp.arguments(contract.NewComment())
@life.blp.response(201, contract.Comment)
def add(data: dict[str, Any], key: uuid.UUID) -> Response:
    """Comment on a report, or reply to a comment

    From its first submission on until it is accepted. Both sides see it at once.
    """
    with life.in_its_provider(key):
        made = service.add(session(), key, caller(), data)
        shown = _shown(made)
    response = comments.shown(shown, 201)
    response.headers["Location"] = url_for("comments.read", key=made)
    return response


@blp.route("/<uuid:key>", methods=("PUT",), endpoint="edit", refuses=REFUSES)
@blp.doc(operationId="editComment")
@blp.arguments(contract.Comment.writable())
@blp.response(200, contract.Comment)
def edit(data: dict[str, Any], key: uuid.UUID) -> Response:
    """Change one's own comment, until somebody has answered it"""
    return _do(key, lambda row: service.edit(session(), row, caller(), data["text"]))


@blp.route("/<uuid:key>", methods=("DELETE",), endpoint="remove", refuses=REFUSES)
@blp.doc(operationId="deleteComment")
@blp.response(204)
def remove(key: uuid.UUID) -> Response:
    """Take one's own comment back, until somebody has answered it"""
    with _locked(key) as row:
        service.remove(session(), row, caller())
    return Response(status=204)


@blp.route(
    "/<uuid:key>/resolve",
    methods=("POST",),
    endpoint="resolve",
    action="update",
    refuses=(WrongState, Stale, PreconditionRequired),
)
@blp.doc(operationId="resolveComment")
@blp.response(200, contract.Comment)
def resolve(key: uuid.UUID) -> Response:
    """Resolve a thread that one's own side began, by the id of its first comment"""
    return _do(key, lambda row: service.resolve(session(), _first(row), caller()))


@blp.route(
    "/<uuid:key>/reopen",
    methods=("POST",),
    endpoint="reopen",
    action="update",
    refuses=(WrongState, Stale, PreconditionRequired),
)
@blp.doc(operationId="reopenComment")
@blp.response(200, contract.Comment)
def reopen(key: uuid.UUID) -> Response:
    """Reopen a thread, by the id of its first comment; either side may"""
    return _do(key, lambda row: service.reopen(session(), _first(row)))


def _first(row: Comment) -> Comment:
    """:raises NotFound: it is a reply, and begins no thread"""
    if row.thread_id:
        raise NotFound
    return row


def _do(key: uuid.UUID, act: Callable[[Comment], None]) -> Response:
    with _locked(key) as row:
        act(row)
        shown = _shown(key)
    return comments.shown(shown)


def _shown(key: uuid.UUID) -> dict[str, Any]:
    return cast(dict[str, Any], comments.view.row(session(), Reach.OWN, key))


@contextmanager
def _locked(key: uuid.UUID) -> Iterator[Comment]:
    """The comment, locked and in the version that If-Match names, the session in the scope of its provider.

    :raises NotFound: the caller reads no such comment; PreconditionRequired, Stale
    """
    with comments.reading() as reader:
        found = comments.view.row(reader, reach(), key, frozenset({"provider_id"}))
    if found is None:
        raise NotFound
    with life.in_scope_of(found["provider_id"]):
        row = service.locked(session(), key)
        if row is None:
            raise NotFound
        life.must_match(row)
        yield row
