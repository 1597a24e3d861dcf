"""Lists: pages that stand still while rows are written, by cursors that nobody else can use."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import Response, current_app, request
from itsdangerous import BadSignature, URLSafeSerializer

from api import freshness, lane
from api.access import Reach
from api.answers import JSON, SPARSE, accepted, conditional, json_response, must_accept, vary
from api.base import ProviderScoped
from api.context import caller
from api.expansion import Member, Shape
from api.problems import Fault, Invalid
from api.view import ORDERS, Reader, Shown, View
from schemas.fields import Reference, Worded

Position = tuple[Any, ...]
# What means nothing in a query by itself (RFC 3986 §3.4).
_PLAIN = "!$'()*,/:;?@"


def page(
    reader: Reader,
    reach: Reach,
    view: View,
    members: Mapping[str, Member],
    query: dict[str, Any],
) -> Response:
    """One page of the rows that fit.

    :param query: as `schemas.lists.list_query` lets it in
    """
    state = freshness.state(lane.of(reader), reach, view.model)
    if state and (unchanged := freshness.unchanged(state)):
        vary(unchanged, "Accept")
        return unchanged
    shape = Shape.taken(query, members)
    limit, cursor, count = (query.pop(name) for name in ("limit", "cursor", "count"))
    order = query.pop("sort") or ("updated_at" if query["updated_since"] else "created_at")
    given = {name: value for name, value in query.items() if value is not None}
    filters = view.model.looked_up(given)
    _bounded(view, reach, order, filters)
    cursors = Cursors(view.table.name, order, filters)
    found = view.rows(
        reader,
        reach,
        _yet_to_be_said(filters, order, cursor),
        order=order,
        after=cursors.read(cursor) if cursor else None,
        limit=limit + 1,
        names=shape.needed(*cursors.keys),
    )
    shown, more = found[:limit], len(found) > limit
    following = cursors.write(shown[-1]) if more else None
    shape.expand(reader, shown)
    body: dict[str, Any] = {"items": shape.trimmed(shown), "next": following}
    if count:
        body["total"] = view.count(reader, reach, filters)
    response = _linked(shaped(body, shape), following)
    if state:
        freshness.tag(response, state)
    return conditional(response)


def shaped(body: Any, shape: Shape) -> Response:
    """Rows without all of their fields are of another media type: whoever did not ask for them never meets one.

    :raises NotAcceptable: only that type fits, and no `fields` were asked for
    """
    if shape.fields is None and accepted((JSON, SPARSE)) == SPARSE:
        must_accept((JSON,))
    response = json_response(body, media_type=JSON if shape.fields is None else SPARSE)
    vary(response, "Accept")
    return response


def _linked(response: Response, following: str | None) -> Response:
    if following:
        asked = request.args.to_dict(flat=False) | {"cursor": [following]}
        link = f"{request.root_path}{request.path}?{urlencode(asked, doseq=True, safe=_PLAIN)}"
        response.headers["Link"] = f'<{link}>; rel="next"'
    return response


def _bounded(view: View, reach: Reach, order: str, filters: Mapping[str, Any]) -> None:
    """The order among siblings has no index: among all providers' rows it is told only where something narrows them.

    :raises Invalid: nothing does
    """
    fields = view.model.schema._declared_fields
    narrowed = any(isinstance(fields.get(name), Reference) for name in filters)
    every = reach is Reach.EVERY and issubclass(view.model, ProviderScoped)
    if "position" in order and every and not narrowed:
        text = Worded("Order by position is among siblings: filter by what they belong to.")
        raise Invalid(faults=[Fault("filter_required", text, parameter="sort")])


def _yet_to_be_said(filters: dict[str, Any], order: str, cursor: str | None) -> dict[str, Any]:
    """Past a row of the order by change everything is newer than `updated_since`; SQLite would begin there again."""
    if cursor and order == "updated_at":
        return {name: value for name, value in filters.items() if name != "updated_since"}
    return filters


class Cursors:
    """Where a page ended, for this caller, filters and order only; in another's hands the signature fails."""

    def __init__(self, stem: str, order: str, filters: Mapping[str, Any]):
        self.keys = ORDERS[order.removeprefix("-")]
        said = sorted((name, str(value)) for name, value in filters.items())
        salt = f"{stem}|{caller().id}|{order}|{said}"
        self._signer = URLSafeSerializer(current_app.config["SECRET_KEY"], salt=salt)

    def write(self, row: Shown) -> str:
        place = [row[key] for key in self.keys]
        plain = [one if isinstance(one, int) else str(one) for one in place]
        return str(self._signer.dumps(plain))

    def read(self, cursor: str) -> Position:
        """The row that it names, by what the order goes by. :raises Invalid: it is not of this list"""
        try:
            place = self._signer.loads(cursor)
            return tuple(_READ[key](one) for key, one in zip(self.keys, place, strict=True))
        except (BadSignature, ValueError) as error:
            text = Worded("Not a cursor of this list, these filters and this caller.")
            raise Invalid(faults=[Fault("wrong_cursor", text, parameter="cursor")]) from error


_READ: dict[str, Any] = {"id": UUID, "updated_at": datetime.fromisoformat, "position": int}
