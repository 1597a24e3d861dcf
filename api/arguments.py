"""Arguments of a request, strictly: bodies and parameters as their schemas have them, and nothing beside."""

from collections.abc import Callable, Iterator
from functools import lru_cache, wraps
from typing import Any, cast
from urllib.parse import unquote, unquote_to_bytes

from flask import request
from marshmallow import Schema, ValidationError
from webargs.flaskparser import FlaskParser
from webargs.multidictproxy import MultiDictProxy

from api import bodies, wire
from api.headers import PATCH_TYPES
from api.problems import Fault, Invalid, UnsupportedMediaType
from schemas.fields import Names, Worded

JSON_TYPES = ("application/json",)
FORM_TYPE = "application/x-www-form-urlencoded"
# Queries without a cursor are few, and come again and again.
QUERIES_KEPT, LONGEST_KEPT = 1_000, 200


class Parser(FlaskParser):
    """webargs, strict: the right Content-Type, JSON without ambiguities, every parameter known and given once."""

    DEFAULT_UNKNOWN_BY_LOCATION = {}
    DEFAULT_VALIDATION_STATUS = 422

    def __init__(self) -> None:
        super().__init__()
        self._kept = lru_cache(QUERIES_KEPT)(self._parse_query)

    def parse(self, argmap: Any, req: Any = None, *, location: Any = None, **more: Any) -> Any:
        """What a query means is told by its bytes alone, so one that was right once is right again."""
        if location != "query":
            return super().parse(argmap, req, location=location, **more)
        query = request.query_string
        parse = self._kept if len(query) <= LONGEST_KEPT else self._parse_query
        return dict(parse(argmap, query))

    def _parse_query(self, schema: Schema, _: bytes) -> dict[str, Any]:
        found: dict[str, Any] = super().parse(schema, request, location="query")
        return found

    def load_json(self, req: Any, schema: Any) -> Any:
        taken = PATCH_TYPES if req.method == "PATCH" else JSON_TYPES
        if req.mimetype not in taken:
            types = ", ".join(taken)
            raise UnsupportedMediaType(
                Worded("Send one of: {types}.", types=types), headers={"Accept": types}
            )
        if req.mimetype_params.get("charset", "utf-8").lower() != "utf-8":
            raise UnsupportedMediaType("JSON is UTF-8 (RFC 8259 §8.1).")
        return wire.parse(bodies.whole())

    def load_querystring(self, req: Any, schema: Any) -> Any:
        lists = {name for name, field in schema.fields.items() if isinstance(field, Names)}
        repeated = [n for n, values in req.args.lists() if len(values) > 1 and n not in lists]
        if repeated:
            text = Worded("Given more than once.")
            raise Invalid(faults=[Fault("repeated", text, parameter=name) for name in repeated])
        if garbled := list(_garbled(req.query_string)):
            text = Worded("Not UTF-8.")
            raise Invalid(faults=[Fault("not_utf8", text, parameter=name) for name in garbled])
        return MultiDictProxy(req.args, schema)

    def load_form(self, req: Any, schema: Any) -> Any:
        if req.mimetype != FORM_TYPE:
            text = Worded("Send one of: {types}.", types=FORM_TYPE)
            raise UnsupportedMediaType(text, headers={"Accept": FORM_TYPE})
        return super().load_form(req, schema)

    def handle_error(
        self,
        error: ValidationError,
        req: Any,
        schema: Schema,
        *,
        error_status_code: int | None,
        error_headers: Any,
    ) -> Any:
        # webargs puts the location above marshmallow's messages.
        (location, messages), *_ = cast(dict[str, Any], error.messages).items()
        raise Invalid(faults=wire.faults(messages, location=location)) from error


def without_query(view: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(view)
    def bare(*args: Any, **kwargs: Any) -> Any:
        if request.args:
            text = Worded("This route takes no such parameter.")
            names = list(request.args)
            raise Invalid(faults=[Fault("unknown_field", text, parameter=name) for name in names])
        return view(*args, **kwargs)

    return bare


def _garbled(query_string: bytes) -> Iterator[str]:
    """The parameters that are not UTF-8, which werkzeug leaves as they are: `%FF` would be three characters."""
    for pair in query_string.split(b"&"):
        try:
            unquote_to_bytes(pair).decode()
        except UnicodeDecodeError:
            yield unquote(pair.partition(b"=")[0], errors="replace")
