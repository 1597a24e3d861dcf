"""Our Blueprint: a gate before every handler, strict arguments, and documentation out of the table that decides.

The gate, in order: a representation that fits (406), a token of ours (401), the body (413), who is it by now (401), may
they (403), then the arguments (415, 400, 422), then the handler; one commit after it, or a rollback on any error.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial, wraps
from typing import Any
from uuid import UUID

import flask_smorest
from flask import Response, current_app, g, make_response, request
from marshmallow import Schema

from api import access, bodies, idempotency, jwt, rates
from api.access import POLICIES, Caller, Reach
from api.answers import must_accept
from api.arguments import Parser, without_query
from api.context import SAFE, database, part, writes
from api.headers import Deprecation
from api.problems import (
    Fault,
    Forbidden,
    Invalid,
    Problem,
    Unauthenticated,
)
from api.scope import Scope, Session
from schemas import vocabulary as v
from schemas.fields import Worded

ACTIONS = {"GET": "read", "HEAD": "read", "POST": "create", "PUT": "update", "PATCH": "update"}
_ETAGS = re.compile(v.ETAGS)
_CONDITIONS = ("If-Match", "If-None-Match")
# By the names under which a WSGI server hands them over.
_BOUNDED = {
    name: f"HTTP_{name.upper().replace('-', '_')}" for name in (*_CONDITIONS, "Accept-Language")
}
# Names, each with the schema of what stands there, and whether that is a list.
Embedded = Mapping[str, tuple[type[Schema], bool]]


class Blueprint(flask_smorest.Blueprint):
    """`access` names the row of the policy table; without one no blueprint comes about."""

    ARGUMENTS_PARSER = Parser()

    def __init__(self, name: str, *, access: str, **kwargs: Any):
        self.access = access
        self.embeds: dict[type[Schema], Embedded] = {}
        super().__init__(name, name, **kwargs)

    def embed(self, schema: type[Schema], members: Embedded) -> None:
        """Tell, for the document, what answers of this schema may hold beside its fields."""
        self.embeds[schema] = members

    def route(
        self,
        rule: str,
        *,
        open_to_anyone: str | None = None,
        access: str | None = None,
        action: str | None = None,
        produces: tuple[str, ...] = ("application/json",),
        max_bytes: str = "MAX_BODY_BYTES",
        refuses: Iterable[type[Problem]] = (),
        keyed: bool = True,
        parts: Callable[[], Sequence[str]] | None = None,
        deprecated: Deprecation | None = None,
        streamed: bool = False,
        in_lane: bool = False,
        spooled: bool = False,
        methods: tuple[str, ...] = ("GET",),
        **options: Any,
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Register a route behind the gate.

        :param open_to_anyone: why this route asks nobody who they are; silence is never permission
        :param access: the row of the policy table when it is not the blueprint's
        :param action: the policy table's word when the method does not say it
        :param produces: the media types it can answer with
        :param max_bytes: the setting that bounds its body
        :param refuses: the problems it may answer with beside those that any route of its kind may, for the document
        :param keyed: whether a POST takes an Idempotency-Key; not where the answer is a secret
        :param parts: tells the methods of the requests that this one is made of, each of which counts
        :param deprecated: since when, until when, and what comes after it
        :param in_lane: whether all that it reads goes by the lane, so that it needs no session
        :param streamed: whether it is sent as it is read, so that no ETag names what it shows
        :param spooled: whether its body is put on disk rather than into memory; it may come packed then
        """
        (method,) = methods
        rights = (access or self.access, action or ACTIONS.get(method, "delete"))
        POLICIES[rights[0]]  # a KeyError here, rather than a route that lets nobody in
        keyed = keyed and method == "POST" and not open_to_anyone

        def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
            arguments = getattr(view, "_apidoc", {}).get("arguments", {"parameters": ()})
            if not any(taken["in"] == "query" for taken in arguments["parameters"]):
                view = without_query(view)
            gated = self._gate(
                view,
                rights=None if open_to_anyone else rights,
                produces=produces,
                max_bytes=max_bytes,
                keyed=keyed,
                parts=parts,
                deprecated=deprecated,
                in_lane=in_lane,
                spooled=spooled,
            )
            gated.open_to_anyone = open_to_anyone  # type: ignore[attr-defined]
            gated.rights = rights  # type: ignore[attr-defined]
            gated.streamed = streamed  # type: ignore[attr-defined]
            gated.spooled = spooled  # type: ignore[attr-defined]
            gated.refuses = tuple(refuses)  # type: ignore[attr-defined]
            gated.max_bytes = max_bytes  # type: ignore[attr-defined]
            gated.keyed = keyed  # type: ignore[attr-defined]
            if deprecated:
                gated = self.doc(deprecated=True)(gated)
            super(Blueprint, self).route(rule, methods=list(methods), **options)(gated)
            return view

        return decorate

    def _gate(
        self,
        view: Callable[..., Any],
        *,
        rights: tuple[str, str] | None,
        produces: tuple[str, ...],
        max_bytes: str,
        keyed: bool,
        parts: Callable[[], Sequence[str]] | None,
        deprecated: Deprecation | None,
        in_lane: bool,
        spooled: bool,
    ) -> Callable[..., Any]:
        @wraps(view)
        def gated(*args: Any, **kwargs: Any) -> Response:
            g.deprecation = deprecated
            if part() and not (rights and (keyed or request.method != "POST")):
                # It shows a secret, which a batch would keep under its key, or is public anyway.
                text = Worded("This is no operation of a batch.")
                raise Invalid(faults=[Fault("not_in_batch", text, parameter="path")])
            with bodies.read_on_when_refused():
                must_accept(produces)
                _check_headers()
                if not rights:
                    rates.count(None)
                elif not part():
                    g.claims = _counted_claims()
            if rights and in_lane and not part():
                with _lane():
                    self._admit(None, *rights)
                    return make_response(view(*args, **kwargs))
            write = writes()
            most = current_app.config[max_bytes]
            if spooled and rights and write:
                _must_have_right(*rights)
            with bodies.taken(most, onto_disk=spooled) if write else nullcontext():
                write = _count_parts(parts) if parts else write
                with _transaction(write=write) as session:
                    if rights:
                        self._admit(session, *rights)
                    return _answer(partial(view, *args, **kwargs), keyed)

        return gated

    def _admit(self, session: Session | None, resource: str, action: str) -> None:
        """Who is it, may they, and whose rows the session may touch from here on."""
        if "caller" not in g:
            g.caller = _batch_caller() or _counted_stranger(writing=writes())
            rates.count(g.caller, writing=writes())
        g.reach = _reach(g.caller, resource, action)
        if session and not part():
            session.enter(Scope(provider_id=g.caller.provider_id))

    def _prepare_arguments_doc(self, doc: Any, doc_info: Any, **kwargs: Any) -> Any:
        # The library names its 422 after http.HTTPStatus, whose words differ from one Python to the next.
        if "arguments" in doc_info:
            doc_info["arguments"]["responses"] = {}
        return super()._prepare_arguments_doc(doc, doc_info, **kwargs)


def _reach(caller: Caller, resource: str, action: str) -> Reach:
    """:raises Forbidden: no row of the policy table allows it"""
    reach = access.reach(caller, resource, action)
    if reach is None:
        text = Worded(
            "Your role or scope has no right to {action} {resource}.",
            action=action,
            resource=resource,
        )
        raise Forbidden(text)
    return reach


def _must_have_right(resource: str, action: str) -> None:
    """Look before a long body is taken in, and again when it is there: his right may have ended meanwhile.

    :raises Forbidden: counted as his, as any request
    """
    with bodies.read_on_when_refused():
        with database().session(write=False) as g.session:
            caller = _counted_stranger(writing=False)
        try:
            _reach(caller, resource, action)
        except Forbidden:
            rates.count(caller)
            raise


def _count_parts(parts: Callable[[], Sequence[str]]) -> bool:
    """Count a request with all that it is made of, before its own transaction holds SQLite's lock.

    :return: whether that has to be one that writes: for what its parts do, or to keep an answer under a key
    """
    with database().session(write=False) as g.session:
        g.caller = _counted_stranger(writing=False)
    methods = parts()
    rates.count(g.caller, cost=1 + len(methods))
    return idempotency.asked() or not (methods and SAFE.issuperset(methods))


@contextmanager
def _transaction(*, write: bool) -> Iterator[Session]:
    """The request's one transaction, or its savepoint in a batch's: all of it, or nothing.

    A refusal that is itself a fact to keep is committed too.
    """
    batch = part()
    g.session = batch.session if batch else database().session(write=write)
    with g.session.begin_nested() if batch else g.session as unit:
        try:
            yield g.session
        except Problem as problem:
            if problem.keeps_writes:
                unit.commit()
            raise
        unit.commit()


def _answer(view: Callable[[], Any], keyed: bool) -> Response:
    if keyed and not part():
        return idempotency.once(lambda: make_response(view()))
    return make_response(view())


def _batch_caller() -> Caller | None:
    batch = part()
    return batch.caller if batch else None


def _counted_claims() -> dict[str, Any]:
    """What the token claims, which asks no database: nothing of a body is taken in from who has no token of ours."""
    try:
        return claims()
    except Unauthenticated:
        rates.count(None)
        raise


def _counted_stranger(*, writing: bool) -> Caller:
    """Who it is; whoever can't say so is counted by his address, so that guessing tokens comes to an end."""
    try:
        return jwt.bearer(g.claims)
    except Unauthenticated:
        rates.count(None, writing=writing)
        raise


def claims() -> dict[str, Any]:
    """What the bearer token claims (RFC 6750 §2.1)."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated("Send a bearer token.", given=False)
    return jwt.claims_of(token.strip())


@contextmanager
def _lane() -> Iterator[None]:
    """The request's one transaction, in the scope that its token claims; what it claims is looked at next, in there."""
    provider = g.claims.get("provider")
    with database().lane(Scope(provider_id=UUID(provider) if provider else None)) as g.lane:
        yield


def _check_headers() -> None:
    """:raises Invalid: one is too long, or a condition that would be taken for one that holds, or for none"""
    for name, key in _BOUNDED.items():
        if (given := request.environ.get(key)) is None:
            continue
        if len(given) > v.HEADER_LENGTH:
            text = Worded("Longer than {max}.", max=v.HEADER_LENGTH)
            raise Invalid(faults=[Fault("too_long", text, header=name)])
        if name in _CONDITIONS and not _ETAGS.fullmatch(given):  # RFC 9110 §13.1
            text = Worded("Neither ETags, each in its quotes, nor *.")
            raise Invalid(faults=[Fault("wrong_format", text, header=name)])
