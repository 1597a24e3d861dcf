"""Somebody to whom mails are sent: a real SMTP server on loopback that keeps what came and answers as told."""

import contextlib
import datetime as dt
import email
import email.policy
import ipaddress
import ssl
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.postgres import free_port

OK = "250 OK"
ACCOUNT = ("lamppu", "s3cret / with @ and %")


class Postbox:
    """:param rcpt: the answer to an address, :param data: to a whole mail; an empty one hangs up without a word"""

    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.signed_in: list[bool] = []
        self.rcpt: Callable[[str], str] = lambda _: OK
        self.data: Callable[[EmailMessage], str] = lambda _: OK
        self.sender: Callable[[str], str] = lambda _: OK
        self.url = ""

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.sender(address)
        if answer == OK:
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return answer

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.rcpt(address)
        if answer == OK:
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = cast(bytes, envelope.content)
        mail = email.message_from_bytes(content, policy=email.policy.default)
        answer = self.data(cast(EmailMessage, mail))
        if not answer:
            cast(Any, server).transport.abort()
        elif answer == OK:
            self.taken.append(cast(EmailMessage, mail))
            self.recipients.append(envelope.rcpt_tos)
            self.signed_in.append(bool(session.authenticated))
        return answer or OK

    @property
    def subjects(self) -> list[str]:
        return [str(mail["Subject"]) for mail in self.taken]

    @property
    def ids(self) -> list[str]:
        return [str(mail["Message-ID"]) for mail in self.taken]


def _let_in(_: Any, __: Any, ___: Any, mechanism: str, given: Any) -> AuthResult:
    right = isinstance(given, LoginPassword) and (
        (given.login.decode(), given.password.decode()) == ACCOUNT
    )
    return AuthResult(success=right, handled=False)


@contextlib.contextmanager
def postbox(
    scheme: str = "smtp", tls: ssl.SSLContext | None = None, **given: Any
) -> Iterator[Postbox]:
    """A server; with `tls` it asks for STARTTLS and a password, or speaks TLS from the start (`smtps`)."""
    box, port = Postbox(), free_port()
    if tls and scheme == "smtps":
        given |= {"ssl_context": tls}
    elif tls:
        given |= {"tls_context": tls, "require_starttls": True}
        given |= {"authenticator": _let_in, "auth_required": True}
    controller = Controller(box, hostname="127.0.0.1", port=port, **given)
    controller.start()
    box.url = f"{scheme}://127.0.0.1:{port}/" + ("" if tls else "?tls=none")
    try:
        yield box
    finally:
        controller.stop()


def certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's context with a certificate for 127.0.0.1, and the file by which clients trust it."""
    key, moment = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail.example")])
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment - dt.timedelta(days=1))
        .not_valid_after(moment + dt.timedelta(days=1))
        .add_extension(here, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "mail.pem", folder / "mail.key"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return context, public
