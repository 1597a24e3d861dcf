"""The life of a report: the steps it takes, and what is kept of each."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import orjson
import sqlalchemy as sa
from flask import Response, request

from api import wire
from api.access import Reach
from api.answers import conditional, json_response
from api.context import caller, language, reach, session
from api.models.reports import Report
from api.problems import NotFound, PreconditionRequired, Stale
from api.resources import papers
from api.resources import reports as table
from api.services import life
from api.services.differences import differences as found_differences
from api.services.reports import compile_form
from api.translations import said
from schemas import life as contract
from schemas import reports as report_contract
from schemas import vocabulary as v
from schemas.fields import Worded
from schemas.reports import ReportFormat
from schemas.versions import DifferencesQuery, ReportDifferences
from schemas.vocabulary import ReportAction

# A report has one address, and all that is done there is of one resource.
blp, reports = table.blp, table.reports
NUMBER = {
    "in": "path",
    "name": "number",
    "description": "The number of the version, from 1 on.",
    "schema": {"type": "integer", "format": "int32", "minimum": 1, "maximum": v.COUNT_MAX},
    "example": 1,
}


def _step(action: ReportAction) -> Callable[..., Any]:
    """Register the route of an action under the gate's word for it."""
    reasoned = contract.STEPS[action].reasoned
    refuses = (life.WrongState, life.Incomplete)[: 2 if action is ReportAction.SUBMIT else 1]

    def decorate(view: Callable[[], None]) -> Callable[..., Response]:
        def taken(given: dict[str, Any], key: uuid.UUID) -> Response:
            return _take(action, key, given["reason"])

        taken.__doc__ = view.__doc__
        for told in (
            blp.response(200, report_contract.Report),
            blp.arguments((contract.ReasonedReportStep if reasoned else contract.ReportStep)()),
            blp.doc(operationId=f"{action}Report"),
            blp.route(
                f"/<uuid:key>/{action}",
                methods=("POST",),
                endpoint=action.value,
                action=action.value,
                refuses=(*refuses, Stale, PreconditionRequired),
            ),
        ):
            taken = told(taken)
        return taken

    return decorate


@_step(ReportAction.SUBMIT)
def submit() -> None:
    """Submit a report to the ministry

    It is frozen as a version with its form, and from now on what stands behind it can't be changed: 409 `locked`,
    until it is withdrawn, returned or reopened. 409 `incomplete` names the blockers of its check, if there are any.
    """


@_step(ReportAction.WITHDRAW)
def withdraw() -> None:
    """Take a submitted report back

    The version that was submitted stays; the report is a draft again.
    """


@_step(ReportAction.RETURN)
def give_back() -> None:
    """Return a submitted report to its provider, with the reason"""


@_step(ReportAction.ACCEPT)
def accept() -> None:
    """Accept a submitted report"""


@_step(ReportAction.REOPEN)
def reopen() -> None:
    """Return an accepted report to its provider, with the reason"""


def _take(action: ReportAction, key: uuid.UUID, reason: str | None) -> Response:
    with in_its_provider(key):
        asked = sa.select(Report).where(Report.id == key)
        report = session().scalars(asked.with_for_update(key_share=True)).one()
        must_match(report)
        life.take(session(), report, action, caller(), reason)
        shown = reports.view.row(session(), Reach.OWN, key)
    return reports.shown(cast(dict[str, Any], shown))


@contextmanager
def in_its_provider(key: uuid.UUID) -> Iterator[None]:
    """The session in the scope of the report's provider. :raises NotFound: the caller reads no such report"""
    with reports.reading() as reader:
        owner = reports.view.row(reader, reach(), key, frozenset({"provider_id"}))
    if owner is None:
        raise NotFound
    with in_scope_of(owner["provider_id"]):
        yield


@contextmanager
def in_scope_of(provider_id: uuid.UUID) -> Iterator[None]:
    """The session in the scope of this provider: the caller's own, or any where the ministry writes."""
    if caller().provider_id:
        yield
    else:
        with session().acting_for(provider_id):
            yield


def must_match(row: Any) -> None:
    """If-Match names the version there is, whatever of it was read. :raises PreconditionRequired, Stale"""
    asked = request.if_match
    if not asked or asked.star_tag:
        raise PreconditionRequired("If-Match: * names no version." if asked else None)
    if str(row.version) not in {(tag or "").partition(".")[0] for tag in asked.as_set()}:
        state = {"state": row.state} if isinstance(row, Report) else {}
        members = {"current_version": row.version} | state
        raise Stale(members=members, headers={"ETag": f'"{row.version}"'})


# what is kept


@contextmanager
def of_report(key: uuid.UUID) -> Iterator[tuple[Any, dict[str, Any]]]:
    """A session that sees the report, and its row. :raises NotFound: the caller reads no such report"""
    with reports.reading() as reader:
        row = reports.view.row(reader, reach(), key)
        if row is None:
            raise NotFound
        yield reader, row


@blp.route("/<uuid:key>/actions")
@blp.doc(operationId="getReportActions")
@blp.response(200, contract.ReportActions)
def actions(key: uuid.UUID) -> Response:
    """Read which actions the caller may take on a report now

    Each that may not be taken says why, by a code: `no_right` with the roles that may, `wrong_state` with the actions
    after which it could be taken, `incomplete` with what the report lacks. `detail` says it in the language that
    Accept-Language asks for, or else in English.
    """
    with of_report(key) as (reader, row):
        found = life.actions(reader, reach(), row, caller())
    spoken = language() or v.Language.EN.value
    for refusal in (refusal for one in found for refusal in one["refusals"]):
        refusal["detail"] = said(refusal["detail"], spoken)
    response = json_response({"state": row["state"], "items": found})
    response.headers["Content-Language"] = spoken
    response.vary.add("Accept-Language")
    return conditional(response)


@blp.route("/<uuid:key>/events")
@blp.doc(operationId="getReportEvents")
@blp.response(200, contract.ReportEvents)
def events(key: uuid.UUID) -> Response:
    """Read the steps that a report has taken: who, when and why"""
    with of_report(key) as (reader, row):
        return conditional(json_response({"items": life.events(reader, row)}))


@blp.route("/<uuid:key>/versions")
@blp.doc(operationId="getReportVersions")
@blp.response(200, contract.ReportVersions)
def versions(key: uuid.UUID) -> Response:
    """Read which versions of a report have been submitted"""
    with of_report(key) as (reader, row):
        return conditional(json_response({"items": life.versions(reader, row)}))


@blp.route(
    "/<uuid:key>/versions/<int:number>", parameters=[NUMBER], produces=tuple(papers.MEDIA.values())
)
@blp.doc(operationId="getReportVersion")
@blp.arguments(report_contract.VersionQuery(), location="query")
@blp.response(200, report_contract.CompiledReport)
@papers.answers_documents(blp)
def version(query: dict[str, Any], key: uuid.UUID, number: int) -> Response:
    """Read a version of a report as it was frozen

    It is what the report was when it was submitted, byte for byte: canonical JSON (RFC 8785), whose SHA-256 is the ETag
    in hexadecimal digits and `Repr-Digest` in base64 (RFC 9530). So it is never sent compressed.

    As a document it is made from that, whatever has become of the records since: the same bytes each time, with number,
    moment and hash at the foot of its pages. Its ETag changes only when another edition of the server words it anew.
    """
    with of_report(key) as (reader, row):
        found = life.version(reader, row, number) if number <= v.COUNT_MAX else None
    if found is None:
        raise NotFound
    asked = query["format"]
    kind = ReportFormat(asked) if asked else papers.preferred()
    return table.frozen(key, found, kind, query["language"])


# what differs


@blp.route("/<uuid:key>/differences", refuses=(life.NoVersion,))
@blp.doc(operationId="getReportDifferences")
@blp.arguments(DifferencesQuery(), location="query")
@blp.response(200, ReportDifferences)
def differences(query: dict[str, Any], key: uuid.UUID) -> Response:
    """Read what has changed in a report since a version, the last one unless another is asked for

    By field of its head and record by record, in the cells where they stand; in texts by word.
    """
    with of_report(key) as (reader, row):
        number = query["from_version"] or life.last(reader, row)
        before = _snapshot(reader, row, number)
        row["form"] = compile_form(reader, reach(), row)
    return _difference(number, None, before, orjson.loads(wire.dump(row)))


@blp.route(
    "/<uuid:key>/versions/<int:number>/differences", parameters=[NUMBER], refuses=(life.NoVersion,)
)
@blp.doc(operationId="getReportVersionDifferences")
@blp.arguments(DifferencesQuery(), location="query")
@blp.response(200, ReportDifferences)
def version_differences(query: dict[str, Any], key: uuid.UUID, number: int) -> Response:
    """Read what differs between a version of a report and another, the one before it unless another is asked for"""
    with of_report(key) as (reader, row):
        after = _snapshot(reader, row, number)
        earlier = query["from_version"] or number - 1
        before = _snapshot(reader, row, earlier)
    return _difference(earlier, number, before, after)


def _snapshot(reader: Any, row: dict[str, Any], number: int) -> Any:
    """:raises NoVersion: there is none of this number"""
    found = life.version(reader, row, number) if number <= v.COUNT_MAX else None
    if found is None:
        raise life.NoVersion(Worded("There is no version {number} of it.", number=number))
    return orjson.loads(found.snapshot)


def _difference(before: int, after: int | None, *sides: Any) -> Response:
    sides_are = {"from_version": before, "to_version": after}
    return conditional(json_response(sides_are | found_differences(*sides)))
