"""Where webhooks are sent, and where not: in however odd a spelling, by whatever name, by whatever way round."""

import datetime as dt
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from api.services.posting import Answer, NotPublic, Poster, judge, resolved, target
from schemas.vocabulary import DeliveryError
from tests.receivers import Receiver, receiving

# By itself no place for a webhook, before any name is looked up.
REFUSED = [
    "http://hooks.example/",
    "ftp://hooks.example/",
    "https://user@hooks.example/",
    "https://user:word@hooks.example/",
    "https://hooks.example:80/",
    "https://hooks.example:22/",
    "https://hooks.example:0/",
    "https://hooks.example:65536/",
    "https://hooks.example:99999/",
    "https:///hook",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://127.0.1/",
    "https://2130706433/",
    "https://017700000001/",
    "https://0177.0.0.1/",
    "https://0x7f000001/",
    "https://0x7f.0.0.1/",
    "https://0x7F.1/",
    "https://127.0.0.0x1/",
    "https://127.000.000.001/",
    "https://0/",
    "https://0.0.0.0/",
    "https://10.0.0.1/",
    "https://172.16.0.1/",
    "https://172.31.255.255/",
    "https://192.168.1.1/",
    "https://169.254.169.254/latest/meta-data",
    "https://168.63.129.16/",
    "https://100.64.0.1/",
    "https://100.100.100.200/",
    "https://192.0.0.1/",
    "https://192.0.2.1/",
    "https://192.88.99.1/",
    "https://198.18.0.1/",
    "https://198.51.100.1/",
    "https://203.0.113.1/",
    "https://224.0.0.1/",
    "https://239.255.255.250/",
    "https://240.0.0.1/",
    "https://255.255.255.255/",
    "https://[::]/",
    "https://[::1]/",
    "https://[0:0:0:0:0:0:0:1]/",
    "https://[::127.0.0.1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[::ffff:8.8.8.8]/",
    "https://[::ffff:0:127.0.0.1]/",
    "https://[64:ff9b::127.0.0.1]/",
    "https://[64:ff9b::a00:1]/",
    "https://[64:ff9b:1::1]/",
    "https://[100::1]/",
    "https://[2001::1]/",
    "https://[2001:0:7f00:1::]/",
    "https://[2001:db8::1]/",
    "https://[2002:7f00:1::]/",
    "https://[3fff::1]/",
    "https://[fc00::1]/",
    "https://[fd00:ec2::254]/",
    "https://[fe80::1]/",
    "https://[fec0::1]/",
    "https://[ff02::1]/",
]
TAKEN = [
    "https://hooks.example/",
    "https://hooks.example",
    "https://hooks.example:443/a?b=c",
    "https://hooks.example:8443/",
    "https://xn--kylm-moa.example/",
    "https://8.8.8.8/",
    "https://[2a00:1450:4001:81b::2004]/",
]


SYSTEMS = ssl.create_default_context()  # making one takes longer than all else


def poster_of(**given: Any) -> Poster:
    return Poster(**{"tls": SYSTEMS} | given)


class Looked:
    """A name server of the test's own: who was asked for, and what it says."""

    def __init__(self, *addresses: str):
        self.addresses, self.names = addresses, list[str]()

    def __call__(self, name: str, port: int) -> tuple[str, ...]:
        self.names.append(name)
        return self.addresses


@pytest.mark.parametrize("url", REFUSED)
def test_such_an_address_is_refused_before_anything_is_looked_up_or_sent(url: str) -> None:
    with pytest.raises(NotPublic):
        target(url, to_private=False)
    looked = Looked("8.8.8.8")
    answer = poster_of(resolve=looked).post(url, {}, b"")
    assert (answer, looked.names) == (Answer(error=DeliveryError.NOT_PUBLIC), [])


@pytest.mark.parametrize("url", TAKEN)
def test_a_public_address_is_taken(url: str) -> None:
    assert target(url, to_private=False).tls


LITERALS = [url for url in REFUSED if "//[" in url or url.removeprefix("https://")[0].isdigit()]


@pytest.mark.parametrize("url", LITERALS)
def test_a_name_that_leads_to_such_an_address_is_refused_once_it_is_looked_up(url: str) -> None:
    address = url.removeprefix("https://").partition("/")[0].strip("[]")
    looked = Looked(address)
    answer = poster_of(resolve=looked).post("https://hooks.example/", {}, b"")
    assert (answer.error, looked.names) == (DeliveryError.NOT_PUBLIC, ["hooks.example"])


def test_of_several_addresses_each_has_to_be_public() -> None:
    for addresses in (("8.8.8.8", "127.0.0.1"), ("10.0.0.1", "2a00:1450:4001:81b::2004")):
        answer = poster_of(resolve=Looked(*addresses)).post("https://hooks.example/", {}, b"")
        assert answer.error is DeliveryError.NOT_PUBLIC


def test_what_the_system_knows_of_loopback_is_refused() -> None:
    """By the resolver of the machine, and through names that the API lets in."""
    assert {ipaddress.ip_address(one).is_loopback for one in resolved("localhost", 443)} == {True}
    answer = poster_of().post("https://localhost:8443/", {}, b"")
    assert answer.error is DeliveryError.NOT_PUBLIC


def test_a_name_without_an_address_is_told_as_such() -> None:
    def unknown(name: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    for resolve in (unknown, Looked()):
        answer = poster_of(resolve=resolve).post("https://hooks.example/", {}, b"")
        assert answer.error is DeliveryError.UNRESOLVED
    long = "https://" + "a" * 64 + ".example/"
    assert poster_of().post(long, {}, b"").error is DeliveryError.UNRESOLVED


def test_every_public_network_is_one_of_unicast_and_of_its_own_kind() -> None:
    for address in ("1.1.1.1", "8.8.8.8", "2a00::1", "2606:4700::1111", "240e::1"):
        judge(address, to_private=False)
    for address in ("", "hooks.example", "1.1.1.1.1", "2a00::1%eth0%", "1.1.1.1 "):
        with pytest.raises(NotPublic):
            judge(address, to_private=True)


# on the line


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


def test_the_connection_goes_to_the_address_that_was_judged_whatever_the_name_leads_to_next(
    receiver: Receiver,
) -> None:
    looked = Looked("127.0.0.1")
    url = receiver.url.replace("127.0.0.1", "hooks.invalid")  # which no name server knows
    answer = poster_of(to_private=True, resolve=looked).post(url, {"a": "b"}, b"{}")
    assert (answer, looked.names) == (Answer(status=204), ["hooks.invalid"])
    [came] = receiver.all
    assert (came.path, came.body, came.headers["a"]) == ("/hook", b"{}", "b")
    assert came.headers["host"] == url.split("/")[2]


def test_a_redirect_is_an_answer_and_is_not_followed(receiver: Receiver) -> None:
    for status in (301, 302, 303, 307, 308):
        receiver.headers = {"Location": receiver.url + "/elsewhere"}
        receiver.answer = lambda _, status=status: status
        answer = poster_of(to_private=True).post(receiver.url, {}, b"")
        assert (answer.status, answer.taken) == (status, False)
    assert {one.path for one in receiver.all} == {"/hook"}


def test_a_proxy_of_the_environment_is_not_asked(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    assert poster_of(to_private=True).post(receiver.url, {}, b"").taken


def test_a_second_address_is_tried_where_the_first_does_not_answer(receiver: Receiver) -> None:
    url = receiver.url.replace("127.0.0.1", "hooks.invalid")
    poster = poster_of(to_private=True, resolve=Looked("127.0.0.2", "127.0.0.1"))
    assert poster.post(url, {}, b"").taken
    alone = poster_of(to_private=True, resolve=Looked("127.0.0.2"))
    assert alone.post(url, {}, b"").error is DeliveryError.UNREACHABLE


@pytest.mark.parametrize(
    ("said", "every", "error"),
    [
        (b"", 0.0, DeliveryError.NO_ANSWER),
        (b"SSH-2.0-x\r\n", 0.0, DeliveryError.NO_ANSWER),
        (b"HTTP/1.1 abc\r\n\r\n", 0.0, DeliveryError.NO_ANSWER),
        (b"HTTP/1.1 200 " + b"x" * 70_000, 0.0, DeliveryError.NO_ANSWER),
        (b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200 + b"\r\n", 0.0, DeliveryError.NO_ANSWER),
        (b"HTTP/1.1 200 OK\r\n", 9.0, DeliveryError.TIMED_OUT),  # and then nothing
        (b"HTTP/1.1 100 Continue\r\n\r\n", 0.02, DeliveryError.TIMED_OUT),  # over and over
        (b"x", 0.02, DeliveryError.TIMED_OUT),  # a byte each while
    ],
)
def test_an_answer_that_is_none_or_takes_for_ever_ends_in_time(
    said: bytes, every: float, error: DeliveryError
) -> None:
    over = threading.Event()

    def speak(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(65536)
            with_pause = every < 1
            try:
                connection.sendall(said)
                while with_pause and every and not over.wait(every):
                    connection.sendall(said)
                if not with_pause:
                    over.wait(every)
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=speak, args=(server,))
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        answer = poster_of(to_private=True, each=0.2, whole=0.4).post(url, {}, b"")
        over.set()
        thread.join()
    assert answer == Answer(error=error)


def test_a_body_without_end_is_not_read(receiver: Receiver) -> None:
    def speak(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            try:
                while True:
                    connection.sendall(b"x" * 65536)
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=speak, args=(server,))
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        assert poster_of(to_private=True).post(url, {}, b"").taken
        thread.join()


# TLS


def _certificate(
    folder: Path, name: str, authority: tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    today = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(authority[0].subject if authority else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - dt.timedelta(days=1))
        .not_valid_after(today + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=authority is None, path_length=None), critical=True)
    )
    signed = made.sign(authority[1] if authority else key, hashes.SHA256())
    text = signed.public_bytes(serialization.Encoding.PEM)
    text += key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / f"{name}.pem").write_bytes(text)
    return signed, key


def test_a_certificate_has_to_be_of_the_name_though_the_connection_is_to_an_address(
    tmp_path: Path,
) -> None:
    authority = _certificate(tmp_path, "authority.example", None)
    _certificate(tmp_path, "hooks.example", authority)
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(tmp_path / "hooks.example.pem")
    asked: list[str | None] = []
    served.sni_callback = lambda _, name, __: asked.append(name)
    trusting = ssl.create_default_context(cafile=str(tmp_path / "authority.example.pem"))
    with receiving(served) as receiver:
        own = receiver.url.replace("127.0.0.1", "hooks.example")
        poster = poster_of(to_private=True, resolve=Looked("127.0.0.1"), tls=trusting)
        assert poster.post(own, {}, b"") == Answer(status=204)
        other = own.replace("hooks", "others")
        assert poster.post(other, {}, b"").error is DeliveryError.UNTRUSTED
        assert poster.post(receiver.url, {}, b"").error is DeliveryError.UNTRUSTED
        strict = poster_of(to_private=True, resolve=Looked("127.0.0.1"))
        assert strict.post(own, {}, b"").error is DeliveryError.UNTRUSTED
        assert asked[0] == "hooks.example"
        assert len(receiver.all) == 1


def test_tls_that_never_comes_about_ends_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"https://127.0.0.1:{server.getsockname()[1]}/"
        answer = poster_of(to_private=True, each=0.2, whole=0.3).post(url, {}, b"")
        assert answer.error is DeliveryError.TIMED_OUT
