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


def count(caller: Caller | None, *, writing: bool = False, cost: int = 1) -> None:
    """Count this request: by its caller, or by the address that it comes from when nobody says who he is.

    :param writing: whether its transaction is one that writes, and has begun
    :param cost: as how many it counts, all or none; the operations of a batch were counted with it
    :raises TooManyRequests: with Retry-After
    """
    if part():
        return
    standing = _spend(caller, writing=writing, cost=cost)
    if standing and standing.over:
        detail = Worded("No more than {limit} requests a minute.", limit=standing.limit)
        if cost > 1:
            detail = Worded(
                "This batch counts as {cost} requests; {left} of {limit} are left in this minute.",
                cost=cost,
                left=standing.left,
                limit=standing.limit,
            )
        raise TooManyRequests(detail, headers={"Retry-After": str(standing.seconds)})


def _spend(caller: Caller | None, *, writing: bool = False, cost: int = 1) -> Standing | None:
    meter: Meter | None = current_app.extensions.get("meter")
    if meter is None:
        return None
    g.policy = "caller" if caller else "address"
    # An address by what it asks for: who asks for pages that are not there must not lock others out of signing in.
    from_address = f"{site(request.remote_addr)} {request.blueprint}"
    g.counted_as = str(caller.id) if caller else from_address
    g.standing = meter.spend(g.counted_as, writing=writing, cost=cost)
    standing: Standing = g.standing
    return standing


def _tell(response: Response) -> Response:
    """What is left now that all is done. What never came to the gate, such as an unknown path, is counted here."""
    if part():
        return response
    if request.method != "OPTIONS" and "standing" not in g:
        _spend(None)
    if standing := g.get("standing"):
        standing = current_app.extensions["meter"].settle(g.counted_as) or standing
        limit, left, seconds = standing.limit, standing.left, standing.seconds
        response.headers["RateLimit-Policy"] = f'"{g.policy}";q={limit};w={WINDOW_SECONDS}'
        response.headers["RateLimit"] = f'"{g.policy}";r={left};t={seconds}'
    return response
