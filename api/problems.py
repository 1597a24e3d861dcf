"""Every error the API answers with, as RFC 9457 problem details with a stable code. Raised where the rule lives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from api.translations import said

MOST_FAULTS = 100


@dataclass(frozen=True)
class Fault:
    """One thing wrong at one place: a JSON pointer (RFC 6901) into the body, or the name of a parameter.

    Of a table it is the row, as a spreadsheet counts them, and the column by its head, with what the cell holds.

    :param detail: in English, a constant or a `Worded`, and translated in `api/translations/`
    """

    code: str
    detail: str
    pointer: str | None = None
    parameter: str | None = None
    header: str | None = None
    row: int | None = None
    column: str | None = None
    value: str | None = None
    more: Mapping[str, Any] = field(default_factory=dict)

    def document(self, language: str = "en") -> dict[str, Any]:
        names = ("pointer", "parameter", "header", "row", "column", "value")
        place = {name: getattr(self, name) for name in names}
        known = {name: value for name, value in place.items() if value is not None}
        told = {"code": self.code, "detail": said(self.detail, language)}
        return known | told | dict(self.more)


class Problem(Exception):
    """`keeps_writes` is for a refusal that is itself a fact to keep, such as a revoked session.

    `carries` names the members that it may have beside those of every problem.

    Title and detail are in English, constants or `Worded`, and translated in `api/translations/`; codes never change.
    """

    status: ClassVar[int] = 500
    code: str = "internal"
    title: str = "Something went wrong on our side"
    keeps_writes: ClassVar[bool] = False
    carries: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        detail: str | None = None,
        *,
        faults: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, Any] | None = None,
    ):
        super().__init__(detail or self.title)
        self.detail = detail
        self.faults = faults
        self.headers = dict(headers or {})
        self.members = dict(members or {})

    def document(self, language: str = "en") -> dict[str, Any]:
        """The members that do not depend on the request, but for its language."""
        body: dict[str, Any] = {
            "type": f"tag:lamppu.example,2026:problem:{self.code}",
            "title": said(self.title, language),
            "status": self.status,
            "code": self.code,
        }
        if self.detail:
            body["detail"] = said(self.detail, language)
        if self.faults:
            body["errors"] = [fault.document(language) for fault in self.faults[:MOST_FAULTS]]
            if len(self.faults) > MOST_FAULTS:
                body["more"] = len(self.faults) - MOST_FAULTS
        return body | self.members


class InvalidJson(Problem):
    status, code, title = 400, "invalid_json", "The body is not JSON that can be read"


class BadRequest(Problem):
    status, code, title = 400, "bad_request", "The request can't be read"


class Unauthenticated(Problem):
    status, code, title = 401, "unauthenticated", "Sign in first"

    def __init__(self, detail: str | None = None, *, given: bool = True, **kwargs: Any):
        # RFC 6750 §3.1: no error code when the request carried no token at all.
        challenge = 'Bearer realm="lamppu"' + (', error="invalid_token"' if given else "")
        kwargs.setdefault("headers", {"WWW-Authenticate": challenge})
        super().__init__(detail, **kwargs)


class Forbidden(Problem):
    status, code, title = 403, "forbidden", "You may not do this"


class NotFound(Problem):
    """Also the answer for another provider's row: a 403 would confirm that it exists."""

    status, code, title = 404, "not_found", "There is nothing here"


class MethodNotAllowed(Problem):
    status, code, title = 405, "method_not_allowed", "This resource has no such method"


class NotAcceptable(Problem):
    status, code, title = 406, "not_acceptable", "No representation fits the Accept header"


class Duplicate(Problem):
    status, code, title = 409, "duplicate", "Another row has this already"


class InUse(Problem):
    status, code, title = 409, "in_use", "Other rows still refer to this one"
    carries = ("referring",)


class Stale(Problem):
    status, code, title = 412, "stale", "The row has changed since you read it"
    carries = ("current_version", "differences")


class TooLarge(Problem):
    status, code, title = 413, "too_large", "The body is larger than this route takes"


class UnsupportedMediaType(Problem):
    status, code = 415, "unsupported_media_type"
    title = "The body's Content-Type or Content-Encoding is not taken here"


class Invalid(Problem):
    status, code, title = 422, "invalid", "Some of the input is not valid"


class PreconditionRequired(Problem):
    status, code, title = 428, "precondition_required", "Send If-Match with the ETag you last read"


class TooManyRequests(Problem):
    status, code, title = 429, "too_many_requests", "Too many attempts; wait a little"


class Internal(Problem):
    pass


class Unavailable(Problem):
    status, code, title = 503, "unavailable", "The service can't answer right now; try again"

    def __init__(self, detail: str | None = None, **kwargs: Any):
        kwargs.setdefault("headers", {"Retry-After": "2"})
        super().__init__(detail, **kwargs)
