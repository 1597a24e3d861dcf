"""One POST to an address that somebody else has chosen: only to public ones, and only to the one that was looked at.

A name is looked up once, every address that it has is judged, and the connection goes to one of those: so no second
answer of a name server can lead it elsewhere. Redirects are not followed, proxies of the environment not asked.
"""

import contextlib
import http.client
import ipaddress
import re
import socket
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from schemas.vocabulary import DeliveryError

# Seconds: to connect to an address and for each part of an answer, and for the whole of it.
EACH, WHOLE = 5.0, 20.0
MOST_ADDRESSES = 2
# Of an answer's body, which nobody looks at: so much, for the connection to end as it should.
READ_BYTES = 4096
_HTTPS, _FIRST_FREE_PORT, _LAST_PORT = 443, 1024, 65535
# What the library holds for global and is not: relays of 6to4 (RFC 7526), documentation (RFC 9637), and the address at
# which machines of a large cloud are told of themselves.
_NOT_FOR_US = [
    ipaddress.ip_network(one) for one in ("192.88.99.0/24", "3fff::/20", "168.63.129.16/32")
]
_UNICAST_6 = ipaddress.ip_network("2000::/3")
# What ends so is an address in digits, in however odd a spelling, and never a name (WHATWG URL §3.5).
_IN_DIGITS = re.compile(r"(.*\.)?([0-9]+|0[xX][0-9a-fA-F]*)")

Resolve = Callable[[str, int], Sequence[str]]


class NotPublic(ValueError):
    """Nothing is sent there."""


@dataclass(frozen=True)
class Target:
    """Where an address leads. :param name: of the host, or its address in digits"""

    tls: bool
    name: str
    port: int
    path: str

    @property
    def literal(self) -> str | None:
        return self.name if _IN_DIGITS.fullmatch(self.name) or ":" in self.name else None


@dataclass(frozen=True)
class Answer:
    """A status, or else why there was none."""

    status: int | None = None
    error: DeliveryError | None = None

    @property
    def taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def target(url: str, *, to_private: bool) -> Target:
    """What an address says by itself, before its name is looked up.

    :param to_private: also by http, to any port and any address in digits
    :raises NotPublic: it is for none of ours
    """
    try:
        parts = urlsplit(url)
        tls, name, port = parts.scheme == "https", parts.hostname or "", parts.port
    except ValueError as error:
        raise NotPublic(url) from error
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    found = Target(tls, name, (_HTTPS if tls else 80) if port is None else port, path)
    if parts.scheme not in ("https", "http") or "@" in parts.netloc or not name:
        raise NotPublic(url)
    if not to_private and not (tls and _fits(found.port)):
        raise NotPublic(url)
    if found.literal:
        judge(found.literal, to_private=to_private)
    return found


def _fits(port: int) -> bool:
    return port == _HTTPS or _FIRST_FREE_PORT <= port <= _LAST_PORT


def judge(address: str, *, to_private: bool) -> None:
    """:raises NotPublic: an address of some network of its own, of many hosts, of none, or no address at all"""
    try:
        found = ipaddress.ip_address(address)
    except ValueError as error:
        raise NotPublic(address) from error
    if not (to_private or _is_public(found)):
        raise NotPublic(address)


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """What leads on to an address of IPv4 (mapped, NAT64, 6to4, Teredo) is none, wherever it leads."""
    if any(address in network for network in _NOT_FOR_US) or address.is_multicast:
        return False
    if isinstance(address, ipaddress.IPv6Address) and (
        address not in _UNICAST_6 or address.sixtofour or address.teredo
    ):
        return False
    return address.is_global and not address.is_reserved


def resolved(name: str, port: int) -> list[str]:
    """The addresses of a name. :raises OSError: it has none"""
    found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class Poster:
    """:param tls: whom it trusts; the system's authorities without it
    :param each: seconds to connect, and for each part of an answer
    :param whole: seconds for all of it
    """

    def __init__(
        self,
        *,
        to_private: bool = False,
        resolve: Resolve = resolved,
        tls: ssl.SSLContext | None = None,
        each: float = EACH,
        whole: float = WHOLE,
    ):
        self.to_private, self.resolve = to_private, resolve
        self.tls = tls or ssl.create_default_context()
        self.each, self.whole = each, whole

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send it, once. Whatever goes wrong is in the answer."""
        try:
            goal = target(url, to_private=self.to_private)
            addresses = self._addresses(goal)
        except NotPublic:
            return Answer(error=DeliveryError.NOT_PUBLIC)
        except (OSError, UnicodeError):
            return Answer(error=DeliveryError.UNRESOLVED)
        connection = _Pinned(goal, addresses, self.tls if goal.tls else None, self.each)
        alarm = threading.Timer(self.whole, connection.abandon)
        alarm.daemon = True
        alarm.start()
        try:
            return _asked(connection, goal.path, headers, body)
        finally:
            alarm.cancel()
            connection.close()

    def _addresses(self, goal: Target) -> list[str]:
        """All that the name has are fit, or none is."""
        found = [goal.literal] if goal.literal else list(self.resolve(goal.name, goal.port))
        if not found:
            raise OSError("no address")
        for address in found:
            judge(address, to_private=self.to_private)
        return found


class _Pinned(http.client.HTTPConnection):
    """A connection to one of these addresses, whatever the name may lead to by now; the name is for TLS and `Host`."""

    def __init__(
        self, goal: Target, addresses: Sequence[str], tls: ssl.SSLContext | None, each: float
    ):
        super().__init__(goal.name, goal.port, timeout=each)
        self.default_port = _HTTPS if goal.tls else 80
        self.abandoned = False
        self._addresses, self._tls = addresses[:MOST_ADDRESSES], tls

    def connect(self) -> None:
        *first, last = self._addresses
        for address in first:
            with contextlib.suppress(OSError):
                self._connect(address)
                return
        self._connect(last)

    def _connect(self, address: str) -> None:
        self.sock = socket.create_connection((address, self.port), self.timeout)
        if self.abandoned:  # while there was nothing to shut down yet
            raise TimeoutError
        if self._tls:
            wrapped = self._tls.wrap_socket(
                self.sock, server_hostname=self.host, do_handshake_on_connect=False
            )
            self.sock = wrapped
            wrapped.do_handshake()

    def abandon(self) -> None:
        """From another thread, which a part of the answer each some seconds would hold up for ever."""
        self.abandoned = True
        if sock := self.sock:
            with contextlib.suppress(OSError):
                # Past TLS, which would wait for an answer to its own farewell.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)


def _asked(connection: _Pinned, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
    try:
        connection.request("POST", path, body, dict(headers))
        response = connection.getresponse()
        with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
            response.read(READ_BYTES)
        return Answer(status=response.status)
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Answer(error=_why(error, abandoned=connection.abandoned))


def _why(error: Exception, *, abandoned: bool) -> DeliveryError:
    if abandoned or isinstance(error, TimeoutError):
        return DeliveryError.TIMED_OUT
    if isinstance(error, ssl.SSLCertVerificationError):
        return DeliveryError.UNTRUSTED
    if isinstance(error, http.client.HTTPException):
        return DeliveryError.NO_ANSWER
    return DeliveryError.UNREACHABLE
