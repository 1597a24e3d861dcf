"""Several operations in one request: for applications on slow lines, and where a row and its parts belong together."""

import json
import re
from http import HTTPStatus
from io import BytesIO
from typing import Any, cast
from urllib.parse import quote, unquote_to_bytes

import orjson
from flask import Response, current_app, request

from api import errors
from api.answers import json_response
from api.blueprint import Blueprint
from api.context import Part, caller, request_id, session
from api.problems import Fault, Invalid, Problem
from schemas import batch as contract
from schemas.batch import REFERENCE

PREFIX = "/api/v1"
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


@blp.route("", methods=("POST",))
@blp.doc(operationId="sendBatch")
@blp.arguments(contract.Batch())
@blp.response(200, contract.BatchAnswer)
def send(batch: dict[str, Any]) -> Response:
    """Send up to 50 operations in one request

    They are done one after the other in one transaction, each as if it came by itself: with the caller's rights, a
    status of its own, and counted by itself. An operation that is refused leaves nothing behind; the others stand,
    unless the batch is `atomic`: then the first refusal undoes them all, and every other one answers 424.
    """
    operations, answers = batch["operations"], Answers()
    with session().begin_nested() as whole:
        for number, operation in enumerate(operations, 1):
            answers.add(operation, done := _done(number, operation, answers))
            if batch["atomic"] and _refused(done):
                whole.rollback()
                return _undone(operations, number, done)
    return _together(operations, answers.given)


class Answers:
    """What was answered so far, for later operations to refer to."""

    def __init__(self) -> None:
        self.given: list[Response] = []
        self._by_id: dict[str, Response] = {}

    def add(self, operation: Operation, answer: Response) -> None:
        self.given.append(answer)
        if operation["id"]:
            self._by_id[operation["id"]] = answer

    def filled(self, value: Any, pointer: str = "") -> Any:
        """A JSON value with members of earlier answers in place of its references.

        :raises FailedDependency: the operation that a text refers to was refused
        :raises Invalid: it answered no such member, or one that is no part of a text
        """
        if isinstance(value, dict):
            return {name: self.filled(value[name], f"{pointer}/{_step(name)}") for name in value}
        if isinstance(value, list):
            return [self.filled(inner, f"{pointer}/{n}") for n, inner in enumerate(value)]
        if not isinstance(value, str):
            return value
        if whole := REFERENCE.fullmatch(value):
            return self._member(whole, {"pointer": pointer})
        return REFERENCE.sub(lambda found: self._text(found, {"pointer": pointer}), value)

    def path(self, path: str) -> str:
        place = {"parameter": "path"}
        return REFERENCE.sub(lambda found: quote(self._text(found, place), safe=""), path)

    def _member(self, found: re.Match[str], place: dict[str, Any]) -> Any:
        answer = self._by_id[found[1]]
        if _refused(answer):
            raise FailedDependency
        body = orjson.loads(answer.get_data()) if answer.is_json else None
        if not isinstance(body, dict) or found[2] not in body:
            raise Invalid(faults=[Fault("unknown_member", "No member of that answer.", **place)])
        return body[found[2]]

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
        path, body = answers.path(operation["path"]), answers.filled(operation["body"])
    except Problem as problem:
        return _answered(_environ(number, operation), problem)
    return _answered(_environ(number, operation | {"path": path, "body": body}))


def _undone(operations: list[Operation], number: int, refusal: Response) -> Response:
    """Every operation but the refused one answers that it was not done."""
    answers = [
        refusal if n == number else _answered(_environ(n, operation), FailedDependency())
        for n, operation in enumerate(operations, 1)
    ]
    response = _together(operations, answers)
    response.headers["Cache-Control"] = (
        "no-store"  # nor under an Idempotency-Key: it may be sent again
    )
    return response


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
    return json_response({"responses": told})


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
