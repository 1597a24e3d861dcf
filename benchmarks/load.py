"""Light load: a few connections kept alive, one request out on each, by raw sockets in one thread.

It costs some 20 µs a request of one core, whoever answers; an HTTP library would cost more than the floor itself.
"""

import contextlib
import re
import selectors
import socket
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import psutil

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
STALLED_SECONDS = 30


class Connection:
    def __init__(self, port: int, timeout: float | None = None):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.settimeout(timeout)  # with one each recv is two calls of the system
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._got, self._wanted = b"", 0

    def receive(self) -> tuple[int, bytes, bytes] | None:
        """Status, head and body of an answer that is complete by now.

        :raises ConnectionError: the server hung up, or says no length
        """
        part = self.socket.recv(262_144)
        if not part:
            raise ConnectionError(f"the server hung up after {self._got[:200]!r}")
        self._got += part
        head, found, body = self._got.partition(b"\r\n\r\n")
        if not found:
            return None
        status = int(head[9:12])
        length = LENGTH.search(head)
        if length is None and status not in (204, 304):
            raise ConnectionError(f"no Content-Length: {head!r}")
        if length and status != 304 and len(body) < int(length[1]):
            return None
        self._got = b""
        return status, head, body


def ask(port: int, request: bytes) -> tuple[int, dict[str, str], bytes]:
    """Status, headers by their names in small letters, and body of one answer."""
    connection = Connection(port, STALLED_SECONDS)
    connection.socket.sendall(request)
    while not (answer := connection.receive()):
        pass
    connection.socket.close()
    lines = [line.partition(":") for line in answer[1].decode("latin-1").split("\r\n")[1:]]
    return answer[0], {name.lower(): value.strip() for name, _, value in lines}, answer[2]


@dataclass(frozen=True)
class Load:
    """:param rate: requests a second
    :param cpu: milliseconds of CPU a request, of all processes that we started: server and database
    """

    rate: float
    cpu: float


def load(
    port: int, requests: Iterator[bytes], *, seconds: float, connections: int, status: int
) -> Load:
    """Send one request after the other.

    :raises AssertionError: an answer had another status
    """
    spent = cpu_seconds()
    counted: Counter[int] = Counter()
    opened = [Connection(port) for _ in range(connections)]
    with selectors.DefaultSelector() as selector:
        for each in opened:
            selector.register(each.socket, selectors.EVENT_READ, each)
        began = now = time.perf_counter()
        for each in opened:
            each.socket.sendall(next(requests))
        out = connections
        while out:
            ready = selector.select(STALLED_SECONDS)
            assert ready, "the server stalled"
            now = time.perf_counter()
            for key, _ in ready:
                if answer := key.data.receive():
                    counted[answer[0]] += 1
                    if now - began < seconds:
                        key.data.socket.sendall(next(requests))
                    else:
                        out -= 1
    for each in opened:
        each.socket.close()
    assert set(counted) == {status}, f"{counted} instead of {status}"
    total = counted[status]
    return Load(total / (now - began), (cpu_seconds() - spent) / total * 1000)


def cpu_seconds() -> float:
    spent = 0.0
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            spent += times.user + times.system
    return spent
