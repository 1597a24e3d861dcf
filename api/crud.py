"""The operations that every table has, as routes with their document: the same everywhere, so written once."""

import re
import uuid
from collections.abc import Sequence
from typing import Any

from flask import Response

from api.answers import JSON, SPARSE
from api.blueprint import Blueprint
from api.models.base import RecordRow, Row
from api.problems import Problem
from api.table import Prepare, Resource
from schemas import vocabulary as v
from schemas.lists import item_query, list_query, page, sparse

EXTERNAL_ID = {
    "in": "path",
    "name": "external_id",
    "description": "The provider's own name for the row; a slash in it is written `%2F`.",
    "schema": {"type": "string", "maxLength": v.EXTERNAL_ID_LENGTH, "pattern": v.EXTERNAL_ID},
    "example": "2012/17",
}

# Every resource that has a list, by its stem.
LISTED: dict[str, Resource] = {}


def register(  # one function, one picture of the operations
    blp: Blueprint,
    model: type[Row],
    *,
    filters: Sequence[str] = (),
    prepare: Prepare | None = None,
    without: Sequence[str] = (),
    children: Sequence[str] = (),
    refuses: Sequence[type[Problem]] = (),
) -> Resource:
    """Register the operations of a table.

    :param filters: fields by which the list can be narrowed
    :param without: operations that this resource does not have, or makes itself
    :param children: resources whose rows can be shown with the row that they belong to (`expand`)
    :param refuses: the problems that `prepare` raises when a row is changed or deleted, for the document
    """
    resource, schema = Resource(blp, model, prepare, children, filters), model.schema
    thin, expandable = sparse(schema), list(resource.members)
    for shape in (schema, thin):
        blp.embed(shape, resource.embedded())
    one = schema.__name__
    many = "".join(part.capitalize() for part in blp.name.split("_"))
    this, these = re.sub("(?<!^)(?=[A-Z])", "-", one).lower(), blp.name.replace("_", "-")
    writable = resource.writable

    if "list" not in without:
        LISTED[blp.name] = resource

        @blp.route("", endpoint="list", produces=(JSON, SPARSE), in_lane=True)
        @blp.doc(operationId=f"list{many}", summary=f"List {these}")
        @blp.arguments(list_query(schema, filters, expandable), location="query")
        @blp.response(200, page(schema))
        @blp.alt_response(200, schema=page(thin), content_type=SPARSE, success=True)
        def list_rows(query: dict[str, Any]) -> Response:
            return resource.page(query)

    if "read" not in without:

        @blp.route("/<uuid:key>", endpoint="read", produces=(JSON, SPARSE), in_lane=True)
        @blp.doc(operationId=f"get{one}", summary=f"Read one {this}")
        @blp.arguments(item_query(schema, expandable), location="query")
        @blp.response(200, schema)
        @blp.alt_response(200, schema=thin, content_type=SPARSE, success=True)
        def read(query: dict[str, Any], key: uuid.UUID) -> Response:
            return resource.read(query, key)

    if "create" not in without:

        @blp.route("", methods=("POST",), endpoint="create")
        @blp.doc(operationId=f"create{one}", summary=f"Create one {this}")
        @blp.arguments(writable)
        @blp.response(201, schema)
        def create(data: dict[str, Any]) -> Response:
            return resource.create(data)

    if "replace" not in without:

        @blp.route("/<uuid:key>", methods=("PUT",), endpoint="replace", refuses=refuses)
        @blp.doc(operationId=f"replace{one}", summary=f"Replace one {this}")
        @blp.arguments(writable)
        @blp.response(200, schema)
        def replace(data: dict[str, Any], key: uuid.UUID) -> Response:
            return resource.replace(data, key)

    if issubclass(model, RecordRow) and "replace" not in without:

        @blp.route(
            "/by-external-id/<path:external_id>",
            methods=("PUT",),
            endpoint="put_by_external_id",
            parameters=[EXTERNAL_ID],
        )
        @blp.doc(
            operationId=f"put{one}ByExternalId",
            summary=f"Create or replace the {this} of an external_id",
            description=(
                "For scripts that know a row by a name of their own: 201 when there was none, else 200. "
                "If-Match may be left out; `If-None-Match: *` only creates."
            ),
        )
        @blp.arguments(writable)
        @blp.response(200, schema)
        @blp.alt_response(201, schema=schema, success=True)
        def put_by_external_id(data: dict[str, Any], external_id: str) -> Response:
            return resource.put_by_external_id(data, external_id)

    if "patch" not in without:
        partial = schema(exclude=list(set(schema().fields) - set(writable.fields)), partial=True)
        media = {"application/merge-patch+json": {"schema": partial}}

        @blp.route("/<uuid:key>", methods=("PATCH",), endpoint="patch", refuses=refuses)
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

        @blp.route("/<uuid:key>", methods=("DELETE",), endpoint="delete", refuses=refuses)
        @blp.doc(operationId=f"delete{one}", summary=f"Delete one {this}")
        @blp.response(204)
        def delete(key: uuid.UUID) -> Response:
            return resource.delete(key)

    return resource
