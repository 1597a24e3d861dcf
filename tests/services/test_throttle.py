"""Slowing sign-ins down."""

import datetime as dt
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import Flask

from api.base import now
from api.models.users import LoginFailure
from api.problems import TooManyRequests
from api.scope import Session
from api.services import sweeps, throttle
from api.services.throttle import Throttle

HOME, CAFE = "192.0.2.1", "198.51.100.7"


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    with app.extensions["database"].session() as session:
        yield session


@pytest.fixture
def one() -> Throttle:
    return Throttle("a secret")


def keys(*args: str | None, secret: str = "a secret") -> set[str]:
    return {bucket.key for bucket in Throttle(secret).buckets("person", *args)}  # type: ignore[arg-type]


def waits(session: Session, buckets: list[throttle.Bucket]) -> int | None:
    try:
        throttle.check(session, buckets)
    except TooManyRequests as refused:
        return int(refused.headers["Retry-After"])
    return None


def fail(session: Session, buckets: list[throttle.Bucket], times: int) -> None:
    for _ in range(times):
        throttle.record(session, buckets)


def test_the_table_keeps_no_name_and_no_address(session: Session, one: Throttle) -> None:
    throttle.record(session, one.buckets("person", "aino@example.org", HOME))
    rows = session.execute(sa.select(LoginFailure.__table__)).all()
    assert len(rows) == 2
    assert "aino" not in repr(rows)
    assert HOME not in repr(rows)


def test_without_the_secret_nobody_can_tell_whom_a_row_is_about() -> None:
    assert keys("aino@example.org", HOME).isdisjoint(
        keys("aino@example.org", HOME, secret="another")
    )


def test_people_and_machines_are_counted_apart(one: Throttle) -> None:
    person, client = (one.buckets(purpose, "x", HOME) for purpose in ("person", "client"))
    assert not {b.key for b in person} & {b.key for b in client}


@pytest.mark.parametrize(
    ("address", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        (None, "not an address"),
    ],
)
def test_one_site_is_one_address(address: str | None, same: str) -> None:
    assert keys("x", address) == keys("x", same)


@pytest.mark.parametrize("other", ["2001:db8:1:3::1", "2001:db8::1", "192.0.2.1"])
def test_another_site_is_another_address(other: str) -> None:
    assert keys("x", "2001:db8:1:2::1").isdisjoint(keys("x", other))


def test_an_account_is_full_at_its_limit_and_not_before(session: Session, one: Throttle) -> None:
    buckets = one.buckets("person", "aino@example.org", HOME)
    fail(session, buckets, throttle.PER_ACCOUNT_AND_ADDRESS - 1)
    assert waits(session, buckets) is None
    fail(session, buckets, 1)
    assert 890 <= (waits(session, buckets) or 0) <= 900
    assert waits(session, one.buckets("person", "aino@example.org", CAFE)) is None
    assert waits(session, one.buckets("person", "eero@example.org", HOME)) is None


def test_an_address_that_tries_many_accounts_is_full_for_all(
    session: Session, one: Throttle
) -> None:
    for number in range(throttle.PER_ADDRESS):
        throttle.record(session, one.buckets("person", f"{number}@example.org", HOME))
    assert waits(session, one.buckets("person", "aino@example.org", HOME))
    assert waits(session, one.buckets("person", "aino@example.org", CAFE)) is None


def test_there_is_room_again_when_the_oldest_failure_is_old_enough(
    session: Session, one: Throttle
) -> None:
    buckets = one.buckets("person", "aino@example.org", HOME)
    fail(session, buckets, throttle.PER_ACCOUNT_AND_ADDRESS)
    oldest = session.scalars(
        sa.select(LoginFailure).where(LoginFailure.bucket == buckets[0].key).limit(1)
    ).one()
    oldest.at = now() - throttle.WINDOW + dt.timedelta(seconds=30)
    session.flush()
    assert 25 <= (waits(session, buckets) or 0) <= 30
    oldest.at = now() - throttle.WINDOW
    session.flush()
    assert waits(session, buckets) is None


def test_failures_that_count_no_more_are_swept_out_in_passing(
    session: Session, one: Throttle
) -> None:
    old = now() - throttle.WINDOW - dt.timedelta(seconds=1)
    session.add_all(LoginFailure(bucket="x", at=old) for _ in range(150))
    session.flush()
    buckets = one.buckets("person", "aino@example.org", HOME)
    count = sa.select(sa.func.count()).select_from(LoginFailure)
    fail(session, buckets, 1)
    assert session.scalar(count) == 150 - sweeps.AT_ONCE + 2
    fail(session, buckets, 1)
    assert session.scalar(count) == 4


def test_success_empties_the_accounts_bucket_and_not_the_addresss(
    session: Session, one: Throttle
) -> None:
    buckets = one.buckets("person", "aino@example.org", HOME)
    fail(session, buckets, 3)
    throttle.forgive(session, buckets)
    left = set(session.scalars(sa.select(LoginFailure.bucket)))
    assert left == {buckets[1].key}


def test_a_known_device_is_counted_by_itself(session: Session, one: Throttle) -> None:
    cookie = one.device_cookie("aino@example.org")
    known = one.buckets("person", "aino@example.org", HOME, cookie)
    fail(session, one.buckets("person", "aino@example.org", HOME), throttle.PER_ADDRESS)
    assert waits(session, known) is None
    fail(session, known, throttle.PER_DEVICE)
    assert waits(session, known)
    again = one.buckets("person", "aino@example.org", HOME, one.device_cookie("aino@example.org"))
    assert waits(session, again) is None


def test_a_device_cookie_is_worth_nothing_for_another_account_or_when_forged(
    one: Throttle, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = one.buckets("person", "aino@example.org", HOME)
    forged = Throttle("another secret").device_cookie("aino@example.org")
    for cookie in (one.device_cookie("eero@example.org"), forged, "x", ""):
        assert one.buckets("person", "aino@example.org", HOME, cookie) == plain
    mine = one.device_cookie("aino@example.org")
    assert one.buckets("person", "aino@example.org", HOME, mine) != plain
    monkeypatch.setattr(throttle, "DEVICE_DAYS", -1)  # that is: it was given longer ago than that
    assert one.buckets("person", "aino@example.org", HOME, mine) == plain
