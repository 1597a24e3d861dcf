"""Answers gzipped where the caller takes that, with ETags that go on working.

A compressed representation has an ETag of its own (RFC 9110 §8.8.3): `"3.gz"` beside `"3"`, since what follows a dot
tells representations of one version apart. On the way in the suffix is taken off again, so that nothing behind this
knows of it: it is good in If-None-Match and in If-Match, whatever the answer at hand will be.
"""

import gzip
import re
import zlib
from collections.abc import Iterable, Iterator
from functools import lru_cache

from flask import Flask, Response, g, request

from api.answers import vary

SMALLEST = 500  # bytes; below that the headers weigh more than what is saved
LEVEL = 6
STREAM_LEVEL = 1  # four times as fast, and a fifth longer
_GZIP = 31  # as zlib calls it: the widest window, and the frame of gzip
_SUFFIX = ".gz"
_TYPES = re.compile(r"text/|application/(x-nd|[a-z0-9.-]+\+)?(json|xml)|image/svg\+xml")
_CONDITIONS = ("HTTP_IF_NONE_MATCH", "HTTP_IF_MATCH")


def register(app: Flask) -> None:
    app.before_request(_without_suffix)
    app.after_request(_compress)


def _without_suffix() -> None:
    environ = request.environ
    g.known = environ.get("HTTP_IF_NONE_MATCH", "")
    for name in _CONDITIONS:
        if f'{_SUFFIX}"' in environ.get(name, ""):
            environ[name] = environ[name].replace(f'{_SUFFIX}"', '"')


def _compress(response: Response) -> Response:
    if response.status_code == 304:
        tag, weak = response.get_etag()
        vary(response, "Accept-Encoding")
        if tag and f'"{tag}{_SUFFIX}"' in g.known:  # what the caller holds is the compressed one
            response.set_etag(tag + _SUFFIX, bool(weak))
        return response
    if not _may_be(response):
        return response
    vary(response, "Accept-Encoding")
    if "HTTP_ACCEPT_ENCODING" not in request.environ:
        return response
    if response.is_streamed:
        if _wanted(SMALLEST):
            response.headers.pop("Content-Length", None)
            response.headers["Content-Encoding"] = "gzip"
            response.response = _squeezed(response.iter_encoded())
        return response
    plain = response.get_data()
    if _wanted(len(plain)):
        squeeze = _kept if response.cache_control.public else _gzipped
        response.set_data(squeeze(plain))
        response.headers["Content-Encoding"] = "gzip"
        tag, weak = response.get_etag()
        if tag:
            response.set_etag(tag + _SUFFIX, bool(weak))
    return response


def _squeezed(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """As they come; the first at once. One that breaks off lacks its end, and so is no gzip."""
    squeezing, flush = zlib.compressobj(STREAM_LEVEL, wbits=_GZIP), zlib.Z_SYNC_FLUSH
    for chunk in chunks:
        ready = squeezing.compress(chunk) + squeezing.flush(flush)
        flush = zlib.Z_NO_FLUSH
        if ready:  # an empty chunk would be the end of the body (RFC 9112 §7.1)
            yield ready
    yield squeezing.flush()


def _gzipped(plain: bytes) -> bytes:
    return gzip.compress(plain, LEVEL, mtime=0)


# What is everybody's is one of a few documents and files, asked for again and again.
_kept = lru_cache(maxsize=100)(_gzipped)


def _may_be(response: Response) -> bool:
    """Answers made of text, and nothing secret: its length, when squeezed, would tell of it (BREACH)."""
    return (
        response.status_code in (200, 201)
        and not response.direct_passthrough
        and "no-store" not in response.headers.get("Cache-Control", "")
        and "Content-Encoding" not in response.headers
        and "Repr-Digest" not in response.headers  # of what is sent as it is (RFC 9530 §3)
        and bool(_TYPES.match(response.mimetype or ""))
    )


def _wanted(size: int) -> bool:
    """Whether Accept-Encoding asks for gzip rather than for what is as it is (RFC 9110 §12.5.3)."""
    accepted = request.accept_encodings
    gzipped = accepted.quality("gzip")
    named = {coding.lower(): quality for coding, quality in accepted}
    # Not named, it is acceptable, if not preferred; `*;q=0` excludes it too.
    plain = named.get("identity", 0.0 if named.get("*") == 0 else 0.001)
    if not plain:
        return gzipped > 0
    return size >= SMALLEST and gzipped >= plain
