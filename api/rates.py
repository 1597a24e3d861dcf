"""Rate limits over HTTP (draft-ietf-httpapi-ratelimit-headers): who is counted, and what every answer says of it."""

from flask import Flask, Response, current_app, g, request

from api.access import Caller
from api.context import part
from api.problems import TooManyRequests
from api.services.rates import WINDOW_SECONDS, Meter, Standing
from api.services.throttle import site
from schemas.fields import Worded


def register(app: Flask) -> None:
    if limit := app.config["RATE_LIMIT"]:
        engine = app.extensions["database"].counting
        app.extensions["meter"] = Meter(engine, limit, app.config["SECRET_KEY"])
        app.after_request(_tell)


def count(caller: Caller | None, *, writing: bool = False) -> None:
    """Count this request: by its caller, or by the address that it comes from when nobody says who he is.

    :param writing: whether its transaction is one that writes, and has begun
    :raises TooManyRequests: with Retry-After
    """
    standing = _spend(caller, writing=writing)
    if standing and standing.over:
        raise TooManyRequests(
            Worded("No more than {limit} requests a minute.", limit=standing.limit),
            headers={"Retry-After": str(standing.seconds)},
        )


def _spend(caller: Caller | None, *, writing: bool = False) -> Standing | None:
    meter: Meter | None = current_app.extensions.get("meter")
    if meter is None:
        return None
    g.counted_as = str(caller.id) if caller else site(request.remote_addr)
    g.standing = meter.spend(g.counted_as, writing=writing or part() is not None)
    standing: Standing = g.standing
    return standing


def _tell(response: Response) -> Response:
    """What never came to the gate, such as an unknown path, is counted here."""
    if request.method != "OPTIONS" and "standing" not in g:
        batch = part()
        _spend(batch.caller if batch else None)
    if standing := g.get("standing"):
        limit, left, seconds = standing.limit, standing.left, standing.seconds
        response.headers["RateLimit-Policy"] = f'"caller";q={limit};w={WINDOW_SECONDS}'
        response.headers["RateLimit"] = f'"caller";r={left};t={seconds}'
        if part() is None:
            current_app.extensions["meter"].settle(g.counted_as)
    return response
