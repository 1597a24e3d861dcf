"""Sign-ins are slowed down where they fail, and nowhere else: who guesses can't lock out whom he guesses at.

Failures are counted for an account together with the address they come from, and for the address alone; never for the
account alone. A browser that has signed in before carries a device cookie (OWASP, "Slow Down Online Guessing Attacks
with Device Cookies") and is counted by itself, so even an attacker behind the same address does not stop it.
"""

import hashlib
import hmac
import ipaddress
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

import sqlalchemy as sa
from itsdangerous import BadData, URLSafeTimedSerializer

from api.base import now
from api.models.users import LoginFailure
from api.problems import TooManyRequests
from api.scope import Session
from api.services import sweeps

WINDOW = timedelta(minutes=15)
PER_ACCOUNT_AND_ADDRESS = 5
PER_DEVICE = 10
# A school of hundreds shares one address; on the first morning of term many mistype.
PER_ADDRESS = 100
DEVICE_DAYS = 180
_IPV6_SITE = 64  # one customer has at least a /64 to himself (RFC 6177)


@dataclass(frozen=True)
class Bucket:
    """What failures are counted by: a keyed hash, so that the table keeps no name and no address."""

    key: str
    limit: int


class Throttle:
    """:param secret: keys the hashes and signs the device cookies"""

    def __init__(self, secret: str):
        self._key = hashlib.sha256(b"throttle:" + secret.encode()).digest()
        self._devices = URLSafeTimedSerializer(secret, salt="device")

    def buckets(
        self, purpose: str, account: str, address: str | None, device: str | None = None
    ) -> list[Bucket]:
        """What an attempt counts towards.

        :param purpose: keeps people and machines apart, who may share an address
        :param account: in the one form in which it is known
        :param device: the device cookie, when one came along
        """
        address = site(address)
        if known := self._device(account, device):
            return [Bucket(self._hash(purpose, "device", account, known), PER_DEVICE)]
        return [
            Bucket(self._hash(purpose, "account", account, address), PER_ACCOUNT_AND_ADDRESS),
            Bucket(self._hash(purpose, "address", address), PER_ADDRESS),
        ]

    def device_cookie(self, account: str) -> str:
        """Proof that this browser has once signed in to this account; worth nothing for another."""
        owner = self._hash("device", account)
        return str(self._devices.dumps([owner, secrets.token_urlsafe(12)]))

    def _device(self, account: str, cookie: str | None) -> str | None:
        try:
            age = timedelta(days=DEVICE_DAYS).total_seconds()
            owner, nonce = self._devices.loads(cookie or "", max_age=int(age))
        except BadData:
            return None
        ours = hmac.compare_digest(owner, self._hash("device", account))
        return str(nonce) if ours else None

    def _hash(self, *parts: str) -> str:
        return hmac.new(self._key, "\0".join(parts).encode(), "sha256").hexdigest()


def check(session: Session, buckets: Sequence[Bucket]) -> None:
    """Refuse when a bucket is full. :raises TooManyRequests: with Retry-After"""
    failures = session.execute(
        sa.select(LoginFailure.bucket, LoginFailure.at)
        .where(LoginFailure.bucket.in_([b.key for b in buckets]), LoginFailure.at > now() - WINDOW)
        .order_by(LoginFailure.at.desc())
    ).all()
    waits = []
    for bucket in buckets:
        counted = [at for key, at in failures if key == bucket.key]
        if len(counted) >= bucket.limit:
            # The bucket has room again when the oldest of its last `limit` failures leaves the window.
            waits.append(_seconds_until(counted[bucket.limit - 1] + WINDOW))
    if waits:
        raise TooManyRequests(headers={"Retry-After": str(max(waits))})


def check_in_turn(session: Session, buckets: Sequence[Bucket]) -> None:
    """The same in a writing session, one attempt after the other: who guesses often at once gets no more guesses.

    SQLite has one writer anyway; on PostgreSQL a lock of this account's holds until the failure is recorded.
    """
    if session.get_bind().dialect.name == "postgresql":
        lock = int(buckets[0].key[:15], base=16)
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(lock)))
    check(session, buckets)


def record(session: Session, buckets: Sequence[Bucket]) -> None:
    """Count a failure, and sweep out some that count no more."""
    swept = sa.delete(LoginFailure).where(
        LoginFailure.id.in_(sweeps.some(LoginFailure.id)), LoginFailure.at <= now() - WINDOW
    )
    session.execute(swept, execution_options={"synchronize_session": False})
    session.add_all(LoginFailure(bucket=bucket.key) for bucket in buckets)
    session.flush()


def forgive(session: Session, buckets: Sequence[Bucket]) -> None:
    """After a success the account's own bucket is empty again; not the address's, which any good account would open."""
    session.execute(sa.delete(LoginFailure).where(LoginFailure.bucket == buckets[0].key))


def site(address: str | None) -> str:
    """IPv4 as it is, IPv6 by its site: its holder changes the rest as he likes."""
    try:
        ip = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    if ip.ipv4_mapped:
        return str(ip.ipv4_mapped)
    return str(ipaddress.ip_network((ip.packed, _IPV6_SITE), strict=False))


def _seconds_until(moment: datetime) -> int:
    return max(1, ceil((moment - now()).total_seconds()))
