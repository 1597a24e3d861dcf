"""Eight writers, an import, deletions, and three who follow: what they replay is what there is, each change once.

`--changes 100000` makes it long.
"""

import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from uuid_utils.compat import uuid7

from api.access import Reach
from api.base import now
from api.db import Database
from api.models.contacts import Contact
from api.models.meetings import Meeting
from api.models.participations import Participation
from api.models.periods import Period
from api.scope import Scope, Session
from api.services import imports, rows
from schemas.imports import ImportDocument
from tests.examples import Bench
from tests.factories import bearer
from tests.followers import Follower

CONTACTS: Any = Contact.__table__
Change = tuple[str, str, int | None]


class Writer:
    """Writes for one provider, some rows a transaction, by the services and by bulk SQL; one in eight takes it back.

    :param told: every change that was committed
    """

    def __init__(self, database: Database, owner: uuid.UUID | None, seed: int):
        self.database, self.owner = database, owner
        self.random = random.Random(seed)
        self.mine: dict[uuid.UUID, int] = {}
        self.told: list[Change] = []

    def work(self, changes: int) -> None:
        acts = (self.make, self.make_many, self.make_many, self.change, self.change, self.delete)
        while len(self.told) < changes:
            self.once(self.random.choice([*acts, self.meet]))

    def once(self, act: Callable[[Session], list[tuple[uuid.UUID, int | None]]]) -> None:
        with self.database.session() as session:
            if self.owner:
                session.enter(Scope(provider_id=self.owner))
            done = act(session)
            if session.get_bind().dialect.name == "postgresql":
                # Most are quick; others, begun later, are committed before the few that are slow.
                time.sleep(self.random.random() ** 4 / 8)
            if not self.random.randrange(8):
                return
            session.commit()
        for key, version in done:
            self.told.append(("contacts", str(key), version))
            self.mine.pop(key, None)
            if version:
                self.mine[key] = version

    def make(self, session: Session) -> list[tuple[uuid.UUID, int | None]]:
        data = Contact.schema.writable().load({"name": "Onni"})
        return [(rows.create(session, Contact, dict(data), Reach.OWN).id, 1) for _ in range(2)]

    def make_many(self, session: Session) -> list[tuple[uuid.UUID, int | None]]:
        keys = [uuid7() for _ in range(self.random.randrange(1, 30))]
        moment = {"version": 1, "created_at": now(), "updated_at": now()}
        values = [{"provider_id": self.owner, "id": key, "name": "Aino"} | moment for key in keys]
        session.connection().execute(sa.insert(CONTACTS), values)
        return [(key, 1) for key in keys]

    def change(self, session: Session) -> list[tuple[uuid.UUID, int | None]]:
        keys = self._some(20)
        changed = sa.update(CONTACTS).where(CONTACTS.c.id.in_(keys))
        session.connection().execute(changed.values(version=CONTACTS.c.version + 1))
        return [(key, self.mine[key] + 1) for key in keys]

    def delete(self, session: Session) -> list[tuple[uuid.UUID, int | None]]:
        keys = self._some(5)
        session.connection().execute(sa.delete(CONTACTS).where(CONTACTS.c.id.in_(keys)))
        return [(key, None) for key in keys]

    def meet(self, session: Session) -> list[tuple[uuid.UUID, int | None]]:
        """One meeting after another, with people in it; told of as the ministry and the provider see it."""
        meeting = session.scalars(sa.select(Meeting).limit(1).with_for_update()).one()
        meeting.notes = str(self.random.random())
        meeting.participants.reverse()
        session.flush()
        return []

    def _some(self, most: int) -> list[uuid.UUID]:
        return self.random.sample(sorted(self.mine), min(most, len(self.mine)))


class Ministry(Writer):
    """Has a provider join a project and leave it, and periods come and go."""

    def __init__(self, database: Database, bench: Bench, seed: int):
        super().__init__(database, None, seed)
        self.project_id = bench.world.plan["projects"]
        self.provider_id = bench.world.c.provider_id

    def work(self, changes: int) -> None:
        for number in range(max(20, changes // 20)):
            self.once(lambda session, number=number: self.plan(session, number))

    def plan(self, session: Session, number: int) -> list[tuple[uuid.UUID, int | None]]:
        there = session.scalars(
            sa.select(Participation).filter_by(
                project_id=self.project_id, provider_id=self.provider_id
            )
        ).first()
        if there:
            rows.remove(session, there)
        else:
            joined = {"project_id": self.project_id, "provider_id": self.provider_id}
            session.add(Participation(**joined))
            days = {"first_day": now().date(), "last_day": now().date()}
            session.add(Period(project_id=self.project_id, code=f"{1000 + number}-year", **days))
        session.flush()
        return []


def bring_in(database: Database, owner: uuid.UUID, acronym: str) -> None:
    """A document of 200 contacts, in one transaction that takes its time; and once more, with other names."""
    for name in ("Eka", "Toka"):
        contacts = [{"external_id": f"i{n}", "name": f"{name} {n}"} for n in range(100)]
        document = {"project": acronym, "sub_project": {"external_id": "i"}, "contacts": contacts}
        with database.session() as session:
            session.enter(Scope(provider_id=owner))
            imports.run(session, ImportDocument().load(document), Reach.OWN)
            session.commit()


def test_what_followers_replay_is_what_there_is_and_no_change_is_missed_or_doubled(
    app: Flask, request: pytest.FixtureRequest
) -> None:
    bench, database = Bench(app), app.extensions["database"]
    changes = request.config.getoption("changes")
    acronym = bench.open("projects", bench.world.plan["projects"]).get_json()["acronym"]
    a, b, c = (one.provider_id for one in (bench.world.a, bench.world.b, bench.world.c))
    writers = [Writer(database, (a, b)[n % 2], n) for n in range(7)]
    managers = [bearer(app, "manager", owner) for owner in (b, c)]
    followers = [Follower(app.test_client(), one, 97) for one in (*managers, bench.ministry)]
    over = threading.Event()

    def follow(one: Follower) -> None:
        while not over.is_set():
            one.read()
        one.read()

    with ThreadPoolExecutor(12) as pool:
        following = [pool.submit(follow, one) for one in followers]
        writing = [pool.submit(one.work, changes // 8) for one in writers]
        writing.append(pool.submit(Ministry(database, bench, 8).work, changes // 8))
        writing.append(pool.submit(bring_in, database, a, acronym))
        try:
            for one in writing:
                one.result()
        finally:
            over.set()
        for each in following:
            each.result()
    told = [change for one in writers for change in one.told]
    assert len(told) >= changes // 8 * 7
    for follower in followers:
        assert follower.rows == follower.sight()
        positions = [item["position"] for item in follower.items]
        assert len(set(positions)) == len(positions)
    _each_once(followers[-1], told)
    _each_once(followers[0], [change for one in writers[1::2] for change in one.told])


def _each_once(follower: Follower, told: list[Change]) -> None:
    """Of the contacts that the writers made, each change came once, and those of a row in their order."""
    keys = {key for _, key, _ in told}
    heard = [(i["resource"], i["id"], i["version"]) for i in follower.items if i["id"] in keys]
    assert Counter(heard) == Counter(told)
    versions: dict[str, list[int | None]] = {key: [] for key in keys}
    for _, key, version in heard:
        versions[key].append(version)
    for seen in versions.values():
        lived = [version for version in seen if version]
        assert lived == [*range(1, len(lived) + 1)]
        assert None not in seen[:-1]
