"""Sending the log of changes to webhooks: to each in its order, one message after another, and nothing left out.

A message is a page of the log. Before it is sent, its id and its end are written into the webhook's row together with a
lease, and only when it was taken does the row's position move there: so whatever ends a worker, and whenever, the next
one sends the same message again. The lease, not a lock, keeps others off meanwhile: no transaction is open while a
receiver takes his time.
"""

import logging
import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from cryptography.fernet import InvalidToken
from itsdangerous import BadSignature
from uuid_utils.compat import uuid7

from api import wire
from api.access import Caller
from api.base import now
from api.db import Database
from api.models.webhooks import Webhook, WebhookDelivery
from api.scope import Scope, Session
from api.services import changes, sweeps, webhooks
from api.services.changes import START, Entry, Page, Position, Positions
from api.services.posting import Answer, Poster
from schemas.vocabulary import DisabledReason

log = logging.getLogger("lamppu.webhooks")

ENTRIES = 100  # a message, at most
# Longer than anything takes that is done under it: posting.WHOLE, and looking up a name.
LEASE = timedelta(seconds=90)
SECONDS_BETWEEN = 1.0
# In all, and for one provider's webhooks, or the ministry's, however many and slow they are.
THREADS, THREADS_OF_ONE = 8, 4
SETTLE_AGAIN_AFTER = (0.5, 1.0, 2.0)  # seconds
# After a message that was not taken: twice as long each time, and anything between half of it and all, so that
# receivers who were down together are not met together.
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=10), timedelta(hours=4)
# Nobody is there any more who would take a message.
GIVE_UP_AFTER, GIVE_UP_FAILURES = timedelta(days=5), 10
KEPT_FOR, KEPT_MOST = timedelta(days=30), 1000
_GONE = 410

_c = Webhook.__table__.c
Owner = uuid.UUID | None
Due = tuple[uuid.UUID, Owner]


@dataclass(frozen=True)
class Message:
    """:param version: of the webhook; `after` is where it stands, `known` the message that it has been sent, if any"""

    webhook_id: uuid.UUID
    version: int
    url: str
    keys: tuple[bytes, ...]
    after: str | None
    known: str | None
    id: str
    end: str
    items: int
    body: bytes
    lease: uuid.UUID


class Courier:
    """Delivers; any number of them, in any number of processes, do not get into each other's way.

    :param chance: gives numbers from 0 to 1, of which the waits depend
    """

    def __init__(
        self,
        database: Database,
        secret_key: str,
        poster: Poster,
        *,
        lease: timedelta = LEASE,
        clock: Callable[[], datetime] = now,
        chance: Callable[[], float] = random.random,
    ):
        self.database, self.secret_key, self.poster = database, secret_key, poster
        self.vault = webhooks.vault(secret_key)
        self.lease, self.clock, self.chance = lease, clock, chance

    def once(self) -> None:
        """Deliver what there is by now to all who are due."""
        with ThreadPoolExecutor(THREADS) as pool:
            turns = _Turns(pool, self.deliver)
            turns.add(self.due())
            while turns.begin():
                for error in turns.ended():
                    raise error

    def run(self, over: threading.Event) -> None:
        """Deliver what comes, until told that it is over; what is on its way by then arrives."""
        looked = -SECONDS_BETWEEN
        with ThreadPoolExecutor(THREADS) as pool:
            turns = _Turns(pool, self.deliver)
            while not over.is_set():
                if time.monotonic() - looked >= SECONDS_BETWEEN:
                    looked = time.monotonic()
                    self._look(turns)
                if turns.begin():
                    for error in turns.ended(SECONDS_BETWEEN):
                        # No end of the others' deliveries.
                        log.error("a webhook: %s", type(error).__name__, exc_info=error)
                else:
                    over.wait(SECONDS_BETWEEN)

    def _look(self, turns: "_Turns") -> None:
        try:
            turns.add(self.due())
        except sa.exc.DBAPIError:
            log.exception("the database does not answer")

    def due(self) -> list[Due]:
        with self.database.session(write=False) as session:
            asked = sa.select(_c.id, _c.provider_id).where(_c.secret.is_not(None), *self._free())
            return [(key, owner) for key, owner in session.execute(asked.order_by(_c.id))]

    def deliver(self, key: uuid.UUID) -> bool:
        """Send one webhook one message, if there is one for it. :return: whether there may be more to send"""
        if not ((message := self._pack(key)) and self._claim(message)):
            return False
        began = self.clock()
        answer = self.poster.post(message.url, self._headers(message, began), message.body)
        return self._settle(message, answer, began)

    def _free(self) -> tuple[sa.ColumnElement[bool], ...]:
        """In use, due, and in nobody's hands."""
        moment = self.clock()
        return (
            _c.active,
            sa.or_(_c.next_attempt_at.is_(None), _c.next_attempt_at <= moment),
            sa.or_(_c.lease_until.is_(None), _c.lease_until <= moment),
        )

    # a message

    def _pack(self, key: uuid.UUID) -> Message | None:
        """The next message of a webhook, or None when there is none. Past what it does not follow it goes on alone."""
        with self.database.session(write=False) as session:
            asked = sa.select(*_c).where(_c.id == key, _c.secret.is_not(None), *self._free())
            row = session.execute(asked).mappings().first()
        if row is None:
            return None
        positions = Positions(self.secret_key, webhooks.holder(row["provider_id"]))
        try:
            keys = tuple(self._keys(row))
            after = positions.read(row["position"]) if row["position"] else START
            end = positions.read(row["message_end"]) if row["message_end"] else None
        except (InvalidToken, BadSignature):
            self._disable(key, DisabledReason.KEY_CHANGED)
            return None
        page, items = self._read(row, after, end, positions)
        following = positions.written(page.next)
        if not items:
            if page.next != after:
                self._pass_over(row, following)
            return None
        return Message(
            webhook_id=key,
            version=row["version"],
            url=row["url"],
            keys=keys,
            after=row["position"],
            known=row["message_id"],
            id=row["message_id"] or f"msg_{uuid7().hex}",
            end=following,
            items=len(items),
            body=wire.dump({"items": items, "next": following, "more": page.more}),
            lease=uuid7(),
        )

    def _keys(self, row: sa.RowMapping) -> Iterator[bytes]:
        yield self.vault.decrypt(row["secret"])
        if row["previous_secret"] and row["previous_expires_at"] > self.clock():
            yield self.vault.decrypt(row["previous_secret"])

    def _read(
        self, row: sa.RowMapping, after: Position, end: Position | None, positions: Positions
    ) -> tuple[Page, list[dict[str, Any]]]:
        """The first page with something to tell in it, but no further than a message goes that there is already."""
        role = "viewer" if row["provider_id"] else "reviewer"
        reader = Caller(row["id"], "user", "", role, frozenset(), row["provider_id"])
        with self._reading(row["provider_id"]) as session:
            while True:
                page = _up_to(end, changes.page(session, after, ENTRIES))
                entries = changes.readable(reader, page.entries, row["resources"])
                if entries or not page.more or page.next == end:
                    break
                after = page.next
            there = changes.look(reader, session, session, entries, whole=False)
        return page, [changes.item(entry, there, positions) for entry in entries]

    @contextmanager
    def _reading(self, provider_id: uuid.UUID | None) -> Iterator[Session]:
        """A session that sees what the provider sees, or the ministry."""
        if provider_id is None:
            with self.database.all_providers() as session:
                yield session
        else:
            with self.database.session(write=False) as session:
                session.enter(Scope(provider_id=provider_id))
                yield session

    def _headers(self, message: Message, moment: datetime) -> dict[str, str]:
        timestamp = int(moment.timestamp())
        return {
            "Content-Type": "application/json",
            "User-Agent": "LAMPPU",
            "webhook-id": message.id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": webhooks.signature(
                message.keys, message.id, timestamp, message.body
            ),
        }

    # its row

    def _claim(self, message: Message) -> bool:
        """Take the lease, unless somebody else has been faster; from then on the message is what it is."""
        taken = {
            "message_id": message.id,
            "message_end": message.end,
            "lease": message.lease,
            "lease_until": self.clock() + self.lease,
        }
        return self._update(
            message.webhook_id,
            taken,
            *self._free(),
            _c.version == message.version,
            _c.position.is_not_distinct_from(message.after),
            _c.message_id.is_not_distinct_from(message.known),
        )

    def _pass_over(self, row: sa.RowMapping, following: str) -> None:
        unmoved = _c.position.is_not_distinct_from(row["position"])
        moved = {"position": following, "message_id": None, "message_end": None}
        self._update(row["id"], moved, *self._free(), unmoved)

    def _disable(self, key: uuid.UUID, reason: DisabledReason) -> None:
        self._update(key, self._out_of_use(reason), _c.active)

    def _out_of_use(self, reason: DisabledReason) -> dict[str, Any]:
        """A change of what people write, and so another version of the row."""
        told = {"active": False, "disabled_reason": reason.value}
        return told | {"version": _c.version + 1, "updated_at": self.clock()}

    def _update(
        self, key: uuid.UUID, values: Mapping[str, Any], *where: sa.ColumnElement[bool]
    ) -> bool:
        """Change a row that is still so, and say whether it was."""
        changed = sa.update(Webhook).where(_c.id == key, *where).values(**values)
        with self.database.session() as session:
            found: Any = session.execute(changed, execution_options={"synchronize_session": False})
            session.commit()
        return bool(found.rowcount)

    def _settle(self, message: Message, answer: Answer, began: datetime) -> bool:
        """As `_settled`, and tried again where others write for long: or it would be sent again after the lease."""
        for seconds in SETTLE_AGAIN_AFTER:
            try:
                return self._settled(message, answer, began)
            except sa.exc.OperationalError as error:
                log.warning("webhook %s: %s", message.webhook_id, type(error.orig).__name__)
                time.sleep(seconds)
        return self._settled(message, answer, began)

    def _settled(self, message: Message, answer: Answer, began: datetime) -> bool:
        """Keep what came of it, and go on from its end if it was taken. :return: whether there may be more to send"""
        with self.database.session() as session:
            asked = sa.select(*_c).where(_c.id == message.webhook_id)
            row = session.execute(asked.with_for_update()).mappings().first()
            if row is None:
                return False
            session.add(self._noted(message, answer, began))
            if mine := row["lease"] == message.lease:
                values = {"lease": None, "lease_until": None}
                if row["message_id"] == message.id:  # else it was told to go on from elsewhere
                    values |= self._outcome(row, message, answer)
                changed = sa.update(Webhook).where(_c.id == message.webhook_id)
                session.execute(
                    changed.values(**values), execution_options={"synchronize_session": False}
                )
            session.flush()
            self._sweep(session, message.webhook_id)
            session.commit()
        if not answer.taken:
            told = (message.webhook_id, message.id, answer.error or answer.status)
            log.warning("webhook %s has not taken %s: %s", *told)
        return mine and answer.taken

    def _noted(self, message: Message, answer: Answer, began: datetime) -> WebhookDelivery:
        took = self.clock() - began
        return WebhookDelivery(
            webhook_id=message.webhook_id,
            at=began,
            message_id=message.id,
            after=message.after,
            position=message.end,
            items=message.items,
            status=answer.status,
            error=answer.error.value if answer.error else None,
            milliseconds=int(took / timedelta(milliseconds=1)),
        )

    def _outcome(self, row: sa.RowMapping, message: Message, answer: Answer) -> dict[str, Any]:
        told: dict[str, Any] = {"last_status": answer.status}
        if answer.taken:
            return told | webhooks.FRESH | webhooks.NO_MESSAGE | {"position": message.end}
        moment, failures = self.clock(), row["failures"] + 1
        since = row["failing_since"] or moment
        told |= {"failures": failures, "failing_since": since}
        if answer.status == _GONE:
            return told | self._out_of_use(DisabledReason.GONE)
        if failures >= GIVE_UP_FAILURES and moment - since >= GIVE_UP_AFTER:
            return told | self._out_of_use(DisabledReason.FAILING)
        return told | {"next_attempt_at": moment + self._wait(failures)}

    def _wait(self, failures: int) -> timedelta:
        doublings = min(failures - 1, 20)
        return min(FIRST_WAIT * (1 << doublings), LONGEST_WAIT) * (1 + self.chance()) / 2

    def _sweep(self, session: Session, key: uuid.UUID) -> None:
        one = WebhookDelivery
        newest = sa.select(one.id).where(one.webhook_id == key).order_by(one.id.desc())
        first_kept = newest.offset(KEPT_MOST - 1).limit(1).scalar_subquery()
        for past in (
            (one.at < self.clock() - KEPT_FOR,),
            (one.webhook_id == key, one.id < first_kept),
        ):
            old = sa.delete(one).where(one.id.in_(sweeps.some(one.id, *past)))
            session.execute(old, execution_options={"synchronize_session": False})


def _up_to(end: Position | None, page: Page) -> Page:
    """The part of a page that is not past the end."""
    if end is None or page.next <= end:
        return page
    within: list[Entry] = [entry for entry in page.entries if entry.position <= end]
    return Page(within, end, more=True)


class _Turns:
    """Whose turn it is: after a message a webhook goes to the end of the queue, and no owner has every thread.

    :param deliver: sends a webhook a message, and says whether there may be more
    """

    def __init__(self, pool: ThreadPoolExecutor, deliver: Callable[[uuid.UUID], bool]):
        self.pool, self.deliver = pool, deliver
        self.waiting: dict[uuid.UUID, Owner] = {}  # in the order of their turns
        self.under_way: dict[Future[bool], Due] = {}

    def add(self, due: Iterable[Due]) -> None:
        busy = {key for key, _ in self.under_way.values()}
        for key, owner in due:
            if key not in busy:
                self.waiting.setdefault(key, owner)

    def begin(self) -> bool:
        """Give out the threads that are free. :return: whether anything is under way"""
        held = Counter(owner for _, owner in self.under_way.values())
        for key, owner in list(self.waiting.items()):
            if held.total() < THREADS and held[owner] < THREADS_OF_ONE:
                held[owner] += 1
                del self.waiting[key]
                self.under_way[self.pool.submit(self.deliver, key)] = key, owner
        return bool(self.under_way)

    def ended(self, seconds: float | None = None) -> list[BaseException]:
        """Wait for some to end, at most for so long. :return: the faults in which deliveries ended"""
        done, _ = wait(self.under_way, seconds, FIRST_COMPLETED)
        errors = []
        for one in done:
            key, owner = self.under_way.pop(one)
            if error := one.exception():
                errors.append(error)
            elif one.result():
                self.waiting[key] = owner
        return errors
