"""Several operations in one request: for applications on slow lines, and where a row and its parts belong together."""

import json
import re
from http import HTTPStatus
from io import BytesIO
from typing import Any, cast
from urllib.parse import quote, unquote_to_bytes

import orjson
from flask import Response, current_app, request

from api import errors, idempotency, wire
from api.answers import json_response
from api.blueprint import Blueprint
from api.context import Part, caller, request_id, session
from api.problems import Fault, Invalid, Problem, Stale, TooLarge, Unavailable
from schemas import batch as contract
from schemas.batch import OPERATIONS_MAX, REFERENCE, pieces
from schemas.fields import Worded

PREFIX = "/api/v1"
# Bytes of answers after which nothing more is done, and where they are all kept under an Idempotency-Key.
MOST_ANSWERED, MOST_KEPT = 5_000_000, 1_000_000
# Of an answer; who reads a batch reads each of them where a single answer has its headers.
TOLD = ("ETag", "Location", "Link", "Content-Type", "Retry-After")
# What the server knows of the connection; no header of the batch is one of an operation's by itself.
_CONNECTION = (
    *("REMOTE_ADDR", "SCRIPT_NAME", "SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL", "HTTP_HOST"),
    *("wsgi.version", "wsgi.url_scheme", "wsgi.errors", "wsgi.multithread", "wsgi.multiprocess"),
    *("wsgi.run_once", "HTTP_ACCEPT_LANGUAGE"),
)

Operation = dict[str, Any]

blp = Blueprint("batch", access="batch", url_prefix=f"{PREFIX}/batch", description=__doc__)


class FailedDependency(Problem):
    status, code, title = 424, "failed_dependency", "Not done, because of another operation"


def _methods() -> list[str]:
    """Of the operations, as far as the body can be read: whatever is wrong with it, its schema tells later."""
    try:
        body = wire.parse(request.get_data())
    except Problem:
        return []
    listed = body.get("operations") if isinstance(body, dict) else None
    if not isinstance(listed, list) or len(listed) > OPERATIONS_MAX:
        return []
    return [str(one.get("method")) for one in listed if isinstance(one, dict)]


@blp.route("", methods=("POST",), parts=_methods)
@blp.doc(operationId="sendBatch")
@blp.arguments(contract.Batch())
@blp.response(200, contract.BatchAnswer)
def send(batch: dict[str, Any]) -> Response:
    """Send up to 50 operations in one request

    **200 says that the batch was read, not that its operations succeeded:** look at the `status` of each. They are
    done in order, each with the caller's rights and as if it came by itself, and later ones see what earlier ones did.
    One that is refused leaves nothing behind and does not stop the rest. With `atomic` it is all or nothing: the first
    refusal undoes every operation, and every other one answers 424. What succeeded is stored when the batch ends; if
    the batch itself fails (a status other than 200), nothing is.

    An operation may refer to a member of the answer to an earlier one that has an `id`: `{{goal.id}}`. It is replaced
    where it is a whole value in the body (and keeps its type: a number stays one), a whole step of the path
    (`/goals/{{goal.id}}`) or a whole value of its query (`?goal_id={{goal.id}}`), and anywhere in If-Match and
    If-None-Match (`"{{goal.version}}"`). Inside other text of a body it stays as it is written. It goes one level deep:
    an id, a dot, and a member of the answer itself. In a path anything else in double braces is refused.

    Not in a batch: `/auth/…` but for `GET /auth/me`, `/imports`, `/exports`, `/changes`, `/docs`, `/batch` itself; nor
    what is outside `/api/v1`, public, or shows a secret. When the answers come to 5 MB (1 MB with an Idempotency-Key),
    the operations left answer 424. A batch counts as one request and one more for each operation; where so many are
    not left, it is refused with 429 and nothing of it is done.
    """
    operations, answers = batch["operations"], Answers()
    with session().begin_nested() as whole:
        for number, operation in enumerate(operations, 1):
            answers.add(operation, done := _done(number, operation, answers))
            if done.status_code == Unavailable.status:
                raise Unavailable
            if batch["atomic"] and _refused(done):
                whole.rollback()
                return _undone(operations, number, done)
    return _together(operations, answers.given)


class Answers:
    """What was answered so far, for later operations to refer to."""

    def __init__(self) -> None:
        self.given: list[Response] = []
        self._by_id: dict[str, Response] = {}
        self._members: dict[str, Any] = {}
        self._answered = self._filled = 0

    def add(self, operation: Operation, answer: Response) -> None:
        self.given.append(answer)
        self._answered += len(answer.get_data())
        if operation["id"]:
            self._by_id[operation["id"]] = answer
            self._members[operation["id"]] = orjson.loads(
                answer.get_data() if answer.is_json else "{}"
            )

    def check_size(self) -> None:
        """:raises FailedDependency: what was answered so far is as much as one answer may be"""
        most = MOST_KEPT if idempotency.asked() else MOST_ANSWERED
        if self._answered > most:
            raise FailedDependency(
                Worded("The answers before it come to more than {most} bytes.", most=most)
            )

    def filled(self, value: Any, pointer: str = "") -> Any:
        """A JSON value with members of earlier answers in place of its references.

        :raises FailedDependency: the operation that a value refers to was refused
        :raises Invalid: it answered no such member
        """
        if isinstance(value, dict):
            return {name: self.filled(value[name], f"{pointer}/{_step(name)}") for name in value}
        if isinstance(value, list):
            return [self.filled(inner, f"{pointer}/{n}") for n, inner in enumerate(value)]
        whole = REFERENCE.fullmatch(value) if isinstance(value, str) else None
        return self._member(whole, {"pointer": pointer}) if whole else value

    def path(self, path: str) -> str:
        """:raises Invalid: also where the member is neither text nor number"""
        return "".join(
            quote(self._text(whole, {"parameter": "path"}), safe="")
            if (whole := REFERENCE.fullmatch(piece))
            else piece
            for piece in pieces(path)
        )

    def headers(self, headers: dict[str, str]) -> dict[str, str]:
        """:raises Invalid: also where the member can't stand within an ETag"""
        return {name: self._header(name, text) for name, text in headers.items()}

    def _header(self, name: str, text: str) -> str:
        place: dict[str, Any] = {"header": name.title().replace("_", "-")}

        def tag(found: re.Match[str]) -> str:
            member = self._text(found, place)
            if not re.fullmatch("[!#-~]*", member):
                raise Invalid(faults=[Fault("unknown_member", "No part of an ETag.", **place)])
            return member

        return REFERENCE.sub(tag, text)

    def _member(self, found: re.Match[str], place: dict[str, Any]) -> Any:
        if _refused(self._by_id[found[1]]):
            raise FailedDependency
        members = self._members[found[1]]
        if not isinstance(members, dict) or found[2] not in members:
            raise Invalid(faults=[Fault("unknown_member", "No member of that answer.", **place)])
        member = members[found[2]]
        # Counted before it is built: a page said a thousand times over would fill the memory.
        self._filled += len(wire.dump(member))
        if self._filled > current_app.config["MAX_BODY_BYTES"]:
            raise TooLarge
        return member

    def _text(self, found: re.Match[str], place: dict[str, Any]) -> str:
        member = self._member(found, place)
        if isinstance(member, bool) or not isinstance(member, str | int):
            raise Invalid(faults=[Fault("unknown_member", "No text and no number.", **place)])
        return str(member)


def _step(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _refused(answer: Response) -> bool:
    return answer.status_code >= HTTPStatus.BAD_REQUEST


def _done(number: int, operation: Operation, answers: Answers) -> Response:
    """The answer to one operation."""
    try:
        answers.check_size()
        filled = {
            "path": answers.path(operation["path"]),
            "headers": answers.headers(operation["headers"]),
            "body": answers.filled(operation["body"]),
        }
    except Problem as problem:
        return _answered(_environ(number, operation), problem)
    return _answered(_environ(number, operation | filled))


def _undone(operations: list[Operation], number: int, refusal: Response) -> Response:
    """Every operation but the refused one answers that it was not done."""
    if refusal.status_code == Stale.status:
        refusal = _without_present(refusal)
    answers = [
        refusal if n == number else _answered(_environ(n, operation), FailedDependency())
        for n, operation in enumerate(operations, 1)
    ]
    response = _together(operations, answers)
    response.headers["Cache-Control"] = (
        "no-store"  # nor under an Idempotency-Key: it may be sent again
    )
    return response


def _without_present(refusal: Response) -> Response:
    """A 412 that does not tell the row as it stood: an operation before, which is undone now, may have written it."""
    told = orjson.loads(refusal.get_data())
    for name in ("current_version", "differences"):
        told.pop(name, None)
    refusal.set_data(wire.dump(told))
    refusal.headers.pop("ETag", None)
    return refusal


def _together(operations: list[Operation], answers: list[Response]) -> Response:
    told = [
        {
            "id": operation["id"],
            "status": answer.status_code,
            "headers": {name: answer.headers[name] for name in TOLD if name in answer.headers},
            "body": _body(answer),
        }
        for operation, answer in zip(operations, answers, strict=True)
    ]
    response = json_response({"responses": told})
    if any(answer.cache_control.no_store and not _refused(answer) for answer in answers):
        response.headers["Cache-Control"] = "no-store"
    return response


def _body(answer: Response) -> Any:
    """JSON as it is, and a page as one text."""
    if answer.status_code == HTTPStatus.NOT_MODIFIED:
        return None  # elsewhere it is the server that leaves the body out
    if answer.is_json:
        return orjson.Fragment(answer.get_data())
    return answer.get_data(as_text=True) or None


def _environ(number: int, operation: Operation) -> dict[str, Any]:
    """The WSGI environment (PEP 3333) of a request that is part of this one."""
    path, _, query = operation["path"].partition("?")
    environ = {name: request.environ[name] for name in _CONNECTION if name in request.environ}
    environ |= Part(session(), caller(), f"{request_id()}.{number}").environ()
    environ |= {
        "REQUEST_METHOD": operation["method"],
        "PATH_INFO": unquote_to_bytes(PREFIX + path).decode("latin-1"),
        "QUERY_STRING": query,
    }
    for name, value in operation["headers"].items():
        environ[f"HTTP_{name.upper()}"] = value
    body = b"" if operation["body"] is None else json.dumps(operation["body"]).encode()
    if body:
        merging = operation["method"] == "PATCH"
        environ["CONTENT_TYPE"] = f"application/{'merge-patch+' if merging else ''}json"
    return environ | {"CONTENT_LENGTH": str(len(body)), "wsgi.input": BytesIO(body)}


def _answered(environ: dict[str, Any], refusal: Problem | None = None) -> Response:
    """What the whole application answers, routing, gate and all; or the refusal, as it would answer that."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    # The application's context first: without one of its own the request would share this one's `g`.
    with app.app_context(), app.request_context(environ):
        if refusal is None:
            return cast(Response, app.full_dispatch_request())
        app.preprocess_request()
        return cast(Response, app.process_response(errors.answer(refusal)))
