"""Somebody to whom webhooks are sent: a real server on loopback that keeps what came and answers as told."""

import base64
import contextlib
import hashlib
import hmac
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Received:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def page(self) -> dict[str, Any]:
        shown: dict[str, Any] = json.loads(self.body)
        return shown

    def is_signed_by(self, secret: str) -> bool:
        """By the text of Standard Webhooks, not by our code."""
        key = base64.b64decode(secret.removeprefix("whsec_"))
        signed = f"{self.id}.{self.headers['webhook-timestamp']}.".encode() + self.body
        made = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        return f"v1,{made}" in self.headers["webhook-signature"].split()


class Receiver:
    """:param answer: the status for what came, as the headers and the body of an answer may follow it"""

    def __init__(self, url: str):
        self.url = url
        self.all: list[Received] = []
        self.taken: list[Received] = []
        self.answer: Callable[[Received], int] = lambda _: 204
        self.headers: dict[str, str] = {}
        self.at_once = self.most_at_once = 0
        self._lock = threading.Lock()

    def take(self, one: Received) -> int:
        with self._lock:
            self.all.append(one)
            self.at_once += 1
            self.most_at_once = max(self.at_once, self.most_at_once)
        status = self.answer(one)
        with self._lock:
            self.at_once -= 1
            if 200 <= status < 300:
                self.taken.append(one)
        return status

    @property
    def items(self) -> list[dict[str, Any]]:
        """Of all that was taken, each message once, as a receiver does who drops doubles by `webhook-id`."""
        return [item for page in self.pages for item in page["items"]]

    @property
    def pages(self) -> list[dict[str, Any]]:
        each = {one.id: one for one in reversed(self.taken)}
        return [one.page for one in reversed(each.values())]

    def wait_for(self, enough: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 30
        while not enough():
            assert time.monotonic() < deadline, f"{len(self.all)} came, {len(self.taken)} taken"
            time.sleep(0.01)


@contextlib.contextmanager
def receiving(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status = receiver.take(Received(self.path, headers, body))
            self.send_response(status)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """Whoever is killed in the middle, or trusts no certificate, hangs up."""

    with Server(("127.0.0.1", 0), Handler) as server:
        if tls:
            server.socket = tls.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
        scheme = "https" if tls else "http"
        receiver = Receiver(f"{scheme}://127.0.0.1:{server.server_port}/hook")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()
