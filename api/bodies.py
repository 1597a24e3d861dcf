"""Bodies of requests: bounded, and taken in whole before a session begins, into memory or onto disk."""

import hashlib
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from gzip import GzipFile
from typing import IO, Any, cast

from flask import g, request
from werkzeug.exceptions import ClientDisconnected

from api.problems import BadRequest, Problem, TooLarge, UnsupportedMediaType
from schemas.fields import Worded

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

# A body that is refused is read on for so much, so that the next request on the connection begins where it should.
READ_ON_BYTES = 2_000_000
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

    :param most: bytes, as they come and unpacked
    :param onto_disk: it may come packed then, and `spool` has it unpacked until the request has been answered
    :raises TooLarge: as it came, or unpacked
    :raises UnsupportedMediaType: packed in a way that is not known here
    """
    if not onto_disk:
        _read(most)
        yield
        return
    request.max_content_length = None  # it is counted here, as it comes
    with tempfile.TemporaryFile(prefix="lamppu-") as file:
        with read_on_when_refused():
            unpacked = _unpacked()
            _must_fit(most)
            g.digest = copy(unpacked(_Counted(request.stream, most)), file, most)
        file.seek(0)
        g.spool = file
        yield


@contextmanager
def read_on_when_refused() -> Iterator[None]:
    """Of a body that is not wanted, so that the next request on the connection begins where it should.

    Where more is left, the server closes the connection.
    """
    try:
        yield
    except Problem:
        request.max_content_length = None
        _read_on(request.stream)
        raise


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
    with read_on_when_refused():
        _must_fit(most)
    request.max_content_length = most
    body = request.get_data()
    if request.content_length is None and len(body) >= most:
        _read_on(request.environ["wsgi.input"])
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
        raise TooLarge


def _read_on(source: IO[bytes]) -> None:
    left = READ_ON_BYTES
    with suppress(OSError, ClientDisconnected):  # there is nobody, or no body, to read on from
        while left and (chunk := source.read(min(CHUNK_BYTES, left))):
            left -= len(chunk)


class _Counted:
    """A source of no more than so many bytes: what is packed may go on for ever, and come to nothing.

    :raises TooLarge: past them
    """

    def __init__(self, source: IO[bytes], most: int):
        self.source, self.left = source, most

    def read(self, size: int) -> bytes:
        chunk = self.source.read(size)
        self.left -= len(chunk)
        if self.left < 0:
            raise TooLarge
        return chunk


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
