"""Bodies of requests: bounded, and taken in whole before a session begins, into memory or onto disk."""

import hashlib
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from gzip import GzipFile
from typing import IO, Any, cast

from flask import g, request

from api.problems import BadRequest, TooLarge, UnsupportedMediaType
from schemas.fields import Worded

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

# A body that is too large is read on for so much, so that the next request on the connection begins where it should.
READ_ON_BYTES = 1_000_000
CHUNK_BYTES = 65_536
# RFC 9659 §3: who takes zstd from anybody need not have more memory at hand than for this window, 8 MB.
_ZSTD: Mapping[int, int] = {zstd.DecompressionParameter.window_log_max: 23}
# In capitals or not (RFC 9110 §8.4.1).
CODINGS: Mapping[str, Callable[[Any], Any]] = {
    "gzip": lambda stream: GzipFile(fileobj=stream, mode="rb"),
    "x-gzip": lambda stream: GzipFile(fileobj=stream, mode="rb"),
    "zstd": lambda stream: zstd.ZstdFile(stream, options=_ZSTD),
    "identity": lambda stream: stream,
}


@contextmanager
def taken(most: int, *, onto_disk: bool) -> Iterator[None]:
    """All of the body, before what follows: a slow sender must not hold SQLite's one write lock meanwhile.

    :param onto_disk: it may come packed then, and `spool` has it unpacked until the request has been answered
    :raises TooLarge: as it came, or unpacked
    :raises UnsupportedMediaType: packed in a way that is not known here
    """
    if not onto_disk:
        _read(most)
        yield
        return
    unpacked = _unpacked()
    request.max_content_length = None  # it is counted here, as it comes
    _must_fit(most)
    with tempfile.TemporaryFile(prefix="lamppu-") as file:
        try:
            g.digest = copy(unpacked(request.stream), file, most)
        except TooLarge:
            request.environ["wsgi.input"].read(READ_ON_BYTES)
            raise
        file.seek(0)
        g.spool = file
        yield


def spool() -> IO[bytes]:
    return cast(IO[bytes], g.spool)


def whole() -> bytes:
    """The body in memory, wherever it was put."""
    return spool().read() if "spool" in g else request.get_data()


def fingerprint() -> bytes:
    """What stands for the body where bodies are compared."""
    return cast(bytes, g.digest) if "digest" in g else request.get_data()


def _read(most: int) -> None:
    """Into memory. What comes in chunks werkzeug cuts off at the limit without a word."""
    request.max_content_length = most
    _must_fit(most)
    body = request.get_data()
    if request.content_length is None and len(body) >= most:
        request.environ["wsgi.input"].read(READ_ON_BYTES)
        raise TooLarge


def _unpacked() -> Callable[[Any], Any]:
    coding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if coding not in CODINGS:
        known = ", ".join(CODINGS)
        text = Worded("Content-Encoding is one of: {known}.", known=known)
        raise UnsupportedMediaType(text, headers={"Accept-Encoding": known})  # RFC 9110 §15.5.16
    return CODINGS[coding]


def _must_fit(most: int) -> None:
    declared = request.content_length
    if declared is not None and declared > most:
        if declared <= most + READ_ON_BYTES:
            request.environ["wsgi.input"].read(declared)
        raise TooLarge


def copy(source: Any, file: IO[bytes], most: int) -> bytes:
    """Unpack all of a source, which one of `CODINGS` has opened, into a file.

    :return: the digest of what it holds
    :raises TooLarge: unpacked; BadRequest: not packed so, or not whole
    """
    digest, size = hashlib.sha256(), 0
    try:
        while chunk := source.read(CHUNK_BYTES):
            size += len(chunk)
            if size > most:
                raise TooLarge
            digest.update(chunk)
            file.write(chunk)
    except (EOFError, OSError, zlib.error, zstd.ZstdError) as error:
        raise BadRequest(
            "The body is not whole, or not packed as Content-Encoding says."
        ) from error
    return digest.digest()
