"""How many requests a caller may send in a minute, counted over all processes without a write for each.

A process takes a lease from the table `rate_windows`, some requests of the present window at once, and spends it by
itself; what all leases of a window come to is never more than the limit. Where the table can't be asked, because a long
import holds SQLite's one lock or because the request itself does, the process goes on in debt, at most to the limit,
and pays at the next chance: a caller is not to be refused because another one writes.
"""

import hashlib
import hmac
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from api.models.requests import RateWindow
from api.services import sweeps

WINDOW_SECONDS = 60
LEASES = 20  # a window's limit is handed out in about as many parts
_INSERT: dict[str, Callable[..., Any]] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


@dataclass(frozen=True)
class Standing:
    """How far a caller is in the window: `left` requests for `seconds` more; `over` when this one was one too many."""

    limit: int
    left: int
    seconds: int
    over: bool


@dataclass
class _Account:
    """What this process knows of one caller in the present window."""

    name: str
    begins: int
    leased: int = 0  # to this process
    granted: int = 0  # to all processes, when last asked
    spent: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def left(self) -> int:
        return self.leased - self.spent


class Meter:
    """Counts for one process.

    :param engine: of its own: the lease must stand whatever becomes of the request, and must not wait for long
    :param limit: requests in a window for each caller
    :param secret: keys the hash under which the table knows a caller: it keeps no name and no address
    """

    def __init__(self, engine: sa.Engine, limit: int, secret: str):
        self.limit = limit
        self.clock: Callable[[], float] = time.time
        self._engine = engine
        self._lease = max(1, limit // LEASES)
        self._secret = hashlib.sha256(b"rates:" + secret.encode()).digest()
        self._window = 0
        # Of the present window only; it grows no faster than a process answers.
        self._accounts: dict[str, _Account] = {}
        self._lock = threading.Lock()

    def spend(self, name: str, *, writing: bool, cost: int = 1) -> Standing:
        """Count one request, or several at once: all of them or, where so many are not left, none.

        :param name: the caller's, or the address's where nobody says who he is
        :param writing: whether the request has a transaction open to write: on SQLite it would wait for itself
        """
        account = self._account(name)
        with account.lock:
            adrift = False
            if account.left < cost and account.granted < self.limit:
                holds_the_lock = writing and self._engine.dialect.name == "sqlite"
                adrift = holds_the_lock or not self._take_lease(account, cost)
            over = account.spent + cost > (self.limit if adrift else account.leased)
            account.spent += 0 if over else cost
            return self._standing(account, over=over)

    def settle(self, name: str) -> Standing | None:
        """Pay debts, after a request whose transaction has ended; where it stands then, if there were any."""
        account = self._accounts.get(name)
        if not (account and account.left < 0 and account.granted < self.limit):
            return None
        with account.lock:
            self._take_lease(account, 1)
            return self._standing(account)

    def _standing(self, account: _Account, *, over: bool = False) -> Standing:
        left = self.limit - (account.granted - account.leased) - account.spent
        seconds = ceil(account.begins + WINDOW_SECONDS - self.clock())
        return Standing(self.limit, max(0, left), min(max(1, seconds), WINDOW_SECONDS), over)

    def _account(self, name: str) -> _Account:
        begins = int(self.clock()) // WINDOW_SECONDS * WINDOW_SECONDS
        with self._lock:
            if begins != self._window:
                self._window, self._accounts = begins, {}
            if (account := self._accounts.get(name)) is None:
                account = self._accounts[name] = _Account(name, begins)
            return account

    def _take_lease(self, account: _Account, cost: int) -> bool:
        """Have the table grant what is owed, what is to be spent and a lease; False when it can't be asked now.

        It grants nothing when so much is not left: what one process can't use is there for another.
        """
        needed = cost - max(0, account.left)
        if needed > self.limit:
            return True
        wanted = self._lease + cost - 1 - account.left
        first = not account.granted
        try:
            with self._engine.begin() as connection:
                granted = connection.scalar(self._grant(account, wanted, needed))
                already = None if granted else connection.scalar(self._granted(account))
                if first:
                    connection.execute(_sweep(account.begins))
        except (sa.exc.DBAPIError, sa.exc.TimeoutError):
            return False
        # Past the limit: only the part below it was there to be had.
        account.granted = min(granted or already or 0, self.limit)
        account.leased += max(0, wanted - max(0, granted - self.limit)) if granted else 0
        return True

    def _caller(self, account: _Account) -> str:
        return hmac.new(self._secret, account.name.encode(), "sha256").hexdigest()

    def _granted(self, account: _Account) -> Any:
        return sa.select(RateWindow.granted).where(RateWindow.caller == self._caller(account))

    def _grant(self, account: _Account, wanted: int, needed: int) -> Any:
        table = RateWindow
        insert = _INSERT[self._engine.dialect.name](table).values(
            caller=self._caller(account),
            begins_at=datetime.fromtimestamp(account.begins, UTC),
            granted=wanted,
        )
        new = insert.excluded
        past = table.begins_at < new.begins_at
        return insert.on_conflict_do_update(
            index_elements=[table.caller],
            set_={
                # Another host's clock may be ahead of ours: its window is then ours too.
                "begins_at": sa.case((past, new.begins_at), else_=table.begins_at),
                "granted": sa.case((past, new.granted), else_=table.granted + new.granted),
            },
            where=sa.or_(past, table.granted + needed <= self.limit),
        ).returning(table.granted)


def _sweep(begins: int) -> Any:
    """Some windows that are long past."""
    past = datetime.fromtimestamp(begins, UTC) - timedelta(seconds=10 * WINDOW_SECONDS)
    old = sweeps.some(RateWindow.caller, RateWindow.begins_at < past)
    return sa.delete(RateWindow).where(RateWindow.caller.in_(old))
