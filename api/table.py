"""One table over HTTP: its rows listed, read, created, replaced, patched and deleted."""

import contextlib
import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import marshmallow as ma
import sqlalchemy as sa
from flask import Response, request, url_for

from api import listing, wire
from api.access import Reach
from api.access import reach as reach_of
from api.answers import JSON, conditional, json_response, tag_by_content
from api.base import ProviderScoped
from api.blueprint import Blueprint
from api.context import caller, database, lane, reach, session
from api.expansion import Shape, members
from api.lane import Lane
from api.models.base import Row
from api.problems import Fault, Forbidden, Invalid, NotFound, PreconditionRequired, Stale
from api.scope import Scope, Session
from api.services import rows
from api.view import Shown, view_of
from schemas.base import own_name
from schemas.fields import Part

Prepare = Callable[[dict[str, Any], Any], None]


class Resource:
    """One table behind one blueprint.

    :param prepare: a rule of this resource alone, called before a write with the data and the row it replaces (or
        None), and before a delete with `{}` and the row that goes
    :param children: the resources whose rows can be shown with the row that they belong to
    :param filters: fields by which its rows can be narrowed
    """

    def __init__(
        self,
        blp: Blueprint,
        model: type[Row],
        prepare: Prepare | None = None,
        children: Sequence[str] = (),
        filters: Sequence[str] = (),
    ):
        self.blp, self.model = blp, model
        self.filters = filters
        self.view = view_of(model)
        self.members = members(model, children)
        self.writable = model.schema.writable()
        self.prepare = prepare or (lambda data, row: None)

    # reading

    @contextlib.contextmanager
    def reading(self) -> Iterator[Session]:
        """The request's session, or the ministry's over all providers when the right reaches every record."""
        if self._over_all_providers():
            with database().all_providers() as all_of_them:
                yield all_of_them
        else:
            yield session()

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[Session]:
        """A session of its own that sees one moment, for an answer that is read on when the request's is closed.

        The request's gives its connection back first, so that nobody waits for a second one while holding the first.
        """
        session().rollback()
        if self._over_all_providers():
            with database().all_providers() as all_of_them:
                yield all_of_them
        else:
            with database().session(write=False) as own:
                own.enter(Scope(provider_id=caller().provider_id))
                yield own

    def _over_all_providers(self) -> bool:
        return reach() is Reach.EVERY and issubclass(self.model, ProviderScoped)

    @contextlib.contextmanager
    def _lane(self) -> Iterator[Lane]:
        """The same as a lane."""
        if self._over_all_providers():
            with database().all_providers_lane() as all_of_them:
                yield all_of_them
        else:
            yield lane()

    def page(self, query: dict[str, Any]) -> Response:
        with self._lane() as reader:
            return listing.page(reader, reach(), self.view, self.members, query)

    def read(self, query: dict[str, Any], key: uuid.UUID) -> Response:
        shape = Shape.taken(query, self.members)
        with self._lane() as reader:
            shown = self.view.row(reader, reach(), key, shape.needed("version"))
            if shown is None:
                raise NotFound
            shape.expand(reader, [shown])
        return conditional(self.shaped(shown, shape))

    def shaped(self, shown: Shown, shape: Shape) -> Response:
        """The row as it was asked for; the ETag of anything but the plain row goes by what is in it."""
        (row,) = shape.trimmed([shown])
        response = listing.shaped(row, shape)
        whole = response.mimetype == JSON and not shape.members
        return self._tagged(response, shown["version"], whole=whole)

    def shown(self, shown: Shown, status: int = 200) -> Response:
        return self._tagged(json_response(shown, status), shown["version"])

    def _tagged(self, response: Response, version: int, *, whole: bool = True) -> Response:
        """By the version, of a row that is shown whole and changes with it alone; else also by the content."""
        if whole and self.model.version_counts_all:
            response.set_etag(str(version))
        else:
            tag_by_content(response, version)
        return response

    def embedded(self) -> dict[str, tuple[type[ma.Schema], bool]]:
        """What a row can be expanded by: the schema of each member, and whether it is a list."""
        return {
            name: (rows.model_of(member.stem).schema, member.many)
            for name, member in self.members.items()
        }

    # writing

    def create(self, data: dict[str, Any]) -> Response:
        self.prepare(data, None)
        key = rows.add(session(), self.model, data, reach())
        response = self.shown(self.current(key), 201)
        response.headers["Location"] = url_for(f"{self.blp.name}.read", key=key)
        return response

    def replace(self, data: dict[str, Any], key: uuid.UUID) -> Response:
        row = self.locked(key)
        return self._write(row, data)

    def patch(self, key: uuid.UUID) -> Response:
        change = self.blp.ARGUMENTS_PARSER.load_json(request, self.writable)
        row = self.locked(key)
        merged = wire.merge_patch(self.view.sendable(self.current(key)), change)
        try:
            data = self.writable.load(_with_unknown(self.writable, change, merged))
        except ma.ValidationError as error:
            raise Invalid(faults=wire.faults(error.messages)) from error
        return self._write(row, data)

    def put_by_external_id(self, data: dict[str, Any], external_id: str) -> Response:
        """Create the row that the provider knows by this name, or replace it; If-Match may be there."""
        if not reach_of(caller(), self.blp.access, "create"):
            raise Forbidden
        data["external_id"] = _own_name(external_id, data["external_id"])
        row = self.named(data["external_id"])
        asked = "If-Match" in request.headers  # one that names nothing matches nothing
        if row is None and asked:
            raise Stale("No row has this external_id.")
        if row is None:
            return self.create(data)
        unwanted = request.if_none_match
        if unwanted.star_tag or unwanted.contains_weak(str(row.version)):
            raise Stale("There is such a row already.", **_now_at(row))
        if asked and not request.if_match.star_tag:
            self._match(row)
        return self._write(row, data)

    def named(self, external_id: str) -> Row | None:
        """The provider's row of this name, locked."""
        model: Any = self.model
        asked = sa.select(model).where(model.external_id == external_id)
        row: Row | None = session().scalar(asked.with_for_update(of=model, key_share=True))
        return row

    def delete(self, key: uuid.UUID) -> Response:
        row = self.locked(key)
        self.prepare({}, row)
        rows.remove(session(), row)
        return Response(status=204)

    def _write(self, row: Row, data: dict[str, Any]) -> Response:
        """Write and show the row; a write that changes nothing leaves version and time as they are."""
        self.prepare(data, row)
        if self.view.changes(self.view.sendable(self.current(row.id)), data):
            rows.replace(session(), row, data, reach())
        return self.shown(self.current(row.id))

    def current(self, key: uuid.UUID) -> Shown:
        read = reach_of(caller(), self.blp.access, "read") or reach()
        shown = self.view.row(session(), read, key)
        if shown is None:
            raise NotFound
        return shown

    def locked(self, key: uuid.UUID) -> Row:
        """The row to change: the right must reach it, and If-Match must name its version (RFC 9110 §13.1.1)."""
        row = self.reached(key)
        if not request.if_match or request.if_match.star_tag:
            raise PreconditionRequired(
                "If-Match: * names no version." if request.if_match else None
            )
        self._match(row)
        return row

    def _match(self, row: Row) -> None:
        # What follows a dot tells representations of one version apart; a write asks for the version only.
        if str(row.version) not in {
            (tag or "").partition(".")[0] for tag in request.if_match.as_set()
        }:
            raise self._stale(row)

    def _stale(self, row: Row) -> Stale:
        """What the writer needs to decide anew: the version there is, and where it is not what he sent."""
        strong = request.if_match.as_set()
        stale = Stale(None if strong else "Weak tags name no version.", **_now_at(row))
        if request.method != "DELETE":
            sent = self.blp.ARGUMENTS_PARSER.load_json(request, self.writable)
            stale.members["differences"] = self._differences(sent, self.current(row.id))
        return stale

    def _differences(self, sent: Any, shown: Shown) -> list[dict[str, Any]]:
        """The fields that were sent and differ from the row as it is; lists and objects whole."""
        current = self.view.sendable(shown)
        body = wire.merge_patch(current, sent) if request.method == "PATCH" else sent
        if not isinstance(body, dict):
            return []
        try:
            loaded = self.writable.load(body)
        except ma.ValidationError:  # of a merge patch; then as it was written
            differing = {name for name in current if body.get(name) != current[name]}
        else:
            mine = self.view.comparable(loaded)
            theirs = self.view.comparable(self.writable.load(current))
            differing = {name for name in current if mine[name] != theirs[name]}
            body = {name: loaded[name] for name in body}  # whole, with what has a default
        return [
            {"pointer": f"/{name}", "sent": body.get(name), "current": current[name]}
            for name in sent
            if name in differing
        ]

    def reached(self, key: uuid.UUID) -> Row:
        asked = sa.select(self.model).where(self.model.id == key)
        asked = self.model.bounded(asked, reach())
        # Locked first: else a PATCH, row then entries, and a DELETE, entries then row, would wait crosswise.
        row = session().scalar(asked.with_for_update(of=self.model, key_share=True))
        if row is not None:
            return row
        self.current(key)  # what the caller can't even read is not found
        raise Forbidden("Your right does not reach this row.")


def _with_unknown(schema: ma.Schema, change: Any, merged: Any) -> Any:
    """A merged row with the names of the patch that its schema does not know, which null would take away unseen."""
    if not (isinstance(change, dict) and isinstance(merged, dict)):
        return merged
    kept = dict(merged)
    for name, value in change.items():
        field = schema.load_fields.get(name)
        if field is None:
            kept.setdefault(name, value)
        elif isinstance(field, Part) and name in kept:
            kept[name] = _with_unknown(field.schema, value, kept.get(name))
    return kept


def _now_at(row: Row) -> dict[str, Any]:
    """What a refusal tells of the version that there is."""
    version = row.version
    return {"members": {"current_version": version}, "headers": {"ETag": f'"{version}"'}}


def _own_name(external_id: str, given: str | None) -> str:
    """The external_id of the path. :raises Invalid: it can't be one, or the body says another"""
    if "\ufffd" in external_id:  # what werkzeug makes of bytes that are no UTF-8
        raise Invalid(faults=[Fault("not_utf8", "Not UTF-8.", parameter="external_id")])
    try:
        name: str = own_name().deserialize(external_id)
    except ma.ValidationError as error:
        messages = {"external_id": error.messages}
        raise Invalid(faults=wire.faults(messages, location="path")) from error
    if given not in (None, name):
        raise Invalid(faults=[Fault("mismatch", "Not the one of the path.", "/external_id")])
    return name
