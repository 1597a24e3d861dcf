"""List, read, create, replace, patch and delete of one table over HTTP: the same everywhere, so written once."""

import contextlib
import re
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import marshmallow as ma
import sqlalchemy as sa
from flask import Response, current_app, request, url_for
from itsdangerous import BadSignature, URLSafeSerializer

from api import wire
from api.access import Reach
from api.access import reach as reach_of
from api.blueprint import Blueprint
from api.context import caller, database, reach, session
from api.db import ProviderScoped, Session, scoped
from api.models.base import Row
from api.problems import Fault, Forbidden, Invalid, NotFound, PreconditionRequired, Stale
from api.services import rows
from api.view import Shown, View
from schemas.base import Schema
from schemas.fields import Choice, Key, QueryWhole, Reference, Text

Prepare = Callable[[dict[str, Any], Any], None]


class ListQuery(Schema):
    limit = QueryWhole(1, 500, load_default=50)
    cursor = Text(1000, load_default=None)


class Resource:
    """One table behind one blueprint.

    :param prepare: a rule of this resource alone, called before a write with the data and the row it replaces (or
        None), and before a delete with `{}` and the row that goes
    """

    def __init__(
        self,
        blp: Blueprint,
        model: type[Row],
        prepare: Prepare | None = None,
    ):
        self.blp, self.model = blp, model
        self.view = View(model)
        self.writable = model.schema.writable()
        self.prepare = prepare or (lambda data, row: None)

    # reading

    @contextlib.contextmanager
    def reading(self) -> Iterator[Session]:
        """The request's session, or the ministry's over all providers when the right reaches every record."""
        if reach() is Reach.EVERY and issubclass(self.model, ProviderScoped):
            with database().all_providers() as all_of_them:
                yield all_of_them
        else:
            yield session()

    def page(self, query: dict[str, Any]) -> Response:
        limit, cursor = query.pop("limit"), query.pop("cursor")
        given = {name: value for name, value in query.items() if value is not None}
        filters = self.model.looked_up(given)
        signer = self._cursors(filters)
        with self.reading() as reader:
            found = self.view.rows(
                reader, reach(), filters, after=_position(signer, cursor), limit=limit + 1
            )
        more = len(found) > limit
        following = signer.dumps(str(found[limit - 1]["id"])) if more else None
        response = json_response({"items": found[:limit], "next": following})
        if following:
            query_string: dict[str, Any] = {**request.args, "cursor": following}
            link = url_for(request.endpoint or "", **query_string)
            response.headers["Link"] = f'<{link}>; rel="next"'
        return conditional(response)

    def _cursors(self, filters: Mapping[str, Any]) -> URLSafeSerializer:
        """Cursors hold for this caller and these filters only; in another's hands the signature fails."""
        salt = f"{self.blp.name}|{caller().id}|{sorted((k, str(f)) for k, f in filters.items())}"
        return URLSafeSerializer(current_app.config["SECRET_KEY"], salt=salt)

    def read(self, key: uuid.UUID) -> Response:
        with self.reading() as reader:
            shown = self.view.row(reader, reach(), key)
        if shown is None:
            raise NotFound
        return conditional(self.shown(shown))

    def shown(self, shown: Shown, status: int = 200) -> Response:
        response = json_response(shown, status)
        response.set_etag(str(shown["version"]))
        return response

    # writing

    def create(self, data: dict[str, Any]) -> Response:
        self.prepare(data, None)
        row = rows.create(session(), self.model, data, reach())
        response = self.shown(self.current(row.id), 201)
        response.headers["Location"] = url_for(f"{self.blp.name}.read", key=row.id)
        return response

    def replace(self, data: dict[str, Any], key: uuid.UUID) -> Response:
        row = self.locked(key)
        return self._write(row, data)

    def patch(self, key: uuid.UUID) -> Response:
        change = self.blp.ARGUMENTS_PARSER.load_json(request, self.writable)
        row = self.locked(key)
        merged = wire.merge_patch(self.view.sendable(self.current(key)), change)
        try:
            data = self.writable.load(merged)
        except ma.ValidationError as error:
            raise Invalid(faults=wire.faults(error.messages)) from error
        return self._write(row, data)

    def delete(self, key: uuid.UUID) -> Response:
        row = self.locked(key)
        self.prepare({}, row)
        rows.remove(session(), row)
        return Response(status=204)

    def _write(self, row: Row, data: dict[str, Any]) -> Response:
        """Write and show the row; a write that changes nothing leaves version and time as they are."""
        self.prepare(data, row)
        if self.view.would_change(self.current(row.id), data):
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
        # What follows a dot tells representations of one version apart; a write asks for the version only.
        if str(row.version) not in {
            (tag or "").partition(".")[0] for tag in request.if_match.as_set()
        }:
            raise Stale(members={"current_version": row.version})
        return row

    def reached(self, key: uuid.UUID) -> Row:
        within = self.model.within(reach())
        asked = sa.select(self.model).where(self.model.id == key)
        if within is not None:
            asked = scoped(asked.where(within))
        # Locked first: else a PATCH, row then entries, and a DELETE, entries then row, would wait crosswise.
        row = session().scalar(asked.with_for_update(of=self.model, key_share=True))
        if row is not None:
            return row
        self.current(key)  # what the caller can't even read is not found
        raise Forbidden("Your right does not reach this row.")


def json_response(value: Any, status: int = 200) -> Response:
    return Response(wire.dump(value), status=status, content_type="application/json")


def conditional(response: Response) -> Response:
    """ETag, and 304 when the caller has it already (RFC 9110 §13.1.2). A shared cache must not keep it."""
    response.headers["Cache-Control"] = "private, no-cache"
    response.vary.add("Authorization")
    response.add_etag()
    response.make_conditional(request)
    if response.status_code == Stale.status:  # a GET may ask for a version too (RFC 9110 §13.1.1)
        raise Stale
    return response


def _position(signer: URLSafeSerializer, cursor: str | None) -> uuid.UUID | None:
    try:
        return uuid.UUID(signer.loads(cursor)) if cursor else None
    except (BadSignature, ValueError) as error:
        text = "Not a cursor of this list, these filters and this caller."
        raise Invalid(faults=[Fault("wrong_cursor", text, parameter="cursor")]) from error


def _query(schema: type[Schema], filters: Sequence[str]) -> Schema:
    """The list's parameters: limit, cursor and a filter for each of these fields."""
    declared = schema._declared_fields
    members: dict[str, Any] = {}
    for name in filters:
        field = declared[name]
        if isinstance(field, Reference):
            members[name] = Reference(field.target, load_default=None)
        elif isinstance(field, Choice):
            members[name] = Choice(field.words, load_default=None)
        else:
            members[name] = Key(200, load_default=None)
    query: Schema = type(f"{schema.__name__}Query", (ListQuery,), members)()
    return query


def _page_schema(schema: type[Schema]) -> type[Schema]:
    return type(
        f"{schema.__name__}Page",
        (Schema,),
        {
            "items": ma.fields.List(ma.fields.Nested(schema), required=True),
            "next": ma.fields.String(required=True, allow_none=True),
        },
    )


def register(  # one function, one picture of the six operations
    blp: Blueprint,
    model: type[Row],
    *,
    filters: Sequence[str] = (),
    prepare: Prepare | None = None,
    without: Sequence[str] = (),
) -> Resource:
    """Register the operations of a table.

    :param filters: fields by which the list can be narrowed
    :param without: operations that this resource does not have, or makes itself
    """
    resource, schema = Resource(blp, model, prepare), model.schema
    one = schema.__name__
    many = "".join(part.capitalize() for part in blp.name.split("_"))
    this, these = re.sub("(?<!^)(?=[A-Z])", "-", one).lower(), blp.name.replace("_", "-")
    writable = resource.writable

    if "list" not in without:

        @blp.route("", endpoint="list")
        @blp.doc(operationId=f"list{many}", summary=f"List {these}, oldest first")
        @blp.arguments(_query(schema, filters), location="query")
        @blp.response(200, _page_schema(schema))
        def list_rows(query: dict[str, Any]) -> Response:
            return resource.page(query)

    if "read" not in without:

        @blp.route("/<uuid:key>", endpoint="read")
        @blp.doc(operationId=f"get{one}", summary=f"Read one {this}")
        @blp.response(200, schema)
        def read(key: uuid.UUID) -> Response:
            return resource.read(key)

    if "create" not in without:

        @blp.route("", methods=("POST",), endpoint="create")
        @blp.doc(operationId=f"create{one}", summary=f"Create one {this}")
        @blp.arguments(writable)
        @blp.response(201, schema)
        def create(data: dict[str, Any]) -> Response:
            return resource.create(data)

    if "replace" not in without:

        @blp.route("/<uuid:key>", methods=("PUT",), endpoint="replace")
        @blp.doc(operationId=f"replace{one}", summary=f"Replace one {this}")
        @blp.arguments(writable)
        @blp.response(200, schema)
        def replace(data: dict[str, Any], key: uuid.UUID) -> Response:
            return resource.replace(data, key)

    if "patch" not in without:
        partial = schema(exclude=list(set(schema().fields) - set(writable.fields)), partial=True)
        media = {"application/merge-patch+json": {"schema": partial}}

        @blp.route("/<uuid:key>", methods=("PATCH",), endpoint="patch")
        @blp.doc(
            operationId=f"patch{one}",
            summary=f"Change fields of one {this}",
            description="JSON Merge Patch (RFC 7396); `application/json` is taken as such too.",
            requestBody={"required": True, "content": media},
        )
        @blp.response(200, schema)
        def patch(key: uuid.UUID) -> Response:
            return resource.patch(key)

    if "delete" not in without:

        @blp.route("/<uuid:key>", methods=("DELETE",), endpoint="delete")
        @blp.doc(operationId=f"delete{one}", summary=f"Delete one {this}")
        @blp.response(204)
        def delete(key: uuid.UUID) -> Response:
            return resource.delete(key)

    return resource
