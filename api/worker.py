"""The worker: does the jobs that requests have left. Any number of these processes run beside each other.

Jobs wait in their own table, to which the request that asks for one writes: that it is there is all the promise. From
there workers put them into the queue of dbos, each under its own id and so once. dbos gives every job to one of them,
and a provider's one after the other. Where a worker is gone, the others find the lock free that it held, and take over
what it was at.

A module that only this process imports: dbos takes half a second and 16 MB.
"""

import logging
import os
import secrets
import signal
import threading
import time
import uuid
from typing import Any

import sqlalchemy as sa
from dbos import DBOS, DBOSConfig
from flask import Flask

from api import jobs, pulse
from api.app import create_app
from api.db import Database
from api.services import jobs as service

log = logging.getLogger("lamppu.worker")

QUEUE = WORKFLOW = "jobs"
SECONDS_BETWEEN_SWEEPS = 0.5
SECONDS_BETWEEN_TRIES = 1.0
FINISHED = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
# So long a worker that is told to stop goes on with the job at hand. Whoever kills it sooner loses nothing.
PATIENCE_SECONDS = 3600


class Worker:
    def __init__(self, app: Flask):
        self.database: Database = app.extensions["database"]
        self.own = secrets.randbits(62)
        self.pulse = pulse.pulse(self.database, self.own)
        self.at_work: set[str] = set()
        self.strays: set[str] = set()

        @DBOS.workflow(name=WORKFLOW)
        def work(key: str, provider_id: str) -> None:
            self.at_work.add(key)
            try:
                with app.app_context():
                    jobs.carry_out(self.database, uuid.UUID(key), uuid.UUID(provider_id))
            finally:
                self.at_work.discard(key)

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop."""
        while not (stop.is_set() or self._starts()):
            stop.wait(SECONDS_BETWEEN_TRIES)
        while not stop.wait(SECONDS_BETWEEN_SWEEPS):
            try:
                self.sweep()
            except sa.exc.SQLAlchemyError as error:
                log.warning("worker %s: the database is away: %s", self.own, type(error).__name__)
        DBOS.destroy(workflow_completion_timeout_sec=PATIENCE_SECONDS)

    def _starts(self) -> bool:
        """Whether the database is there to start with."""
        try:
            self.pulse.beat()
            DBOS(config=configuration(self.database, self.own))
            DBOS.launch()
            DBOS.register_queue(
                QUEUE,
                partition_concurrency=1,
                worker_concurrency=1,
                polling_interval_sec=SECONDS_BETWEEN_SWEEPS,
                on_conflict="always_update",
            )
        except sa.exc.SQLAlchemyError as error:
            log.warning("the database is away: %s", type(error).__name__)
            DBOS.destroy()
            return False
        log.info("worker %s is ready", self.own)
        return True

    def sweep(self) -> None:
        """Forget what is finished, take over from workers that are gone, and queue what is new.

        What a job has come to stands in its own row; so nothing here needs to be done at one moment.
        """
        self.pulse.beat()
        if finished := self._queued(status=FINISHED):
            DBOS.delete_workflows([one.workflow_id for one in finished])
        for key in self._left_lying():
            log.warning("job %s was left lying", key)
            DBOS.resume_workflow(key, queue_name=QUEUE)
        with self.database.all_providers() as everyones:
            waiting = {str(key): str(owner) for key, owner in service.unended(everyones)}
        known = {one.workflow_id for one in self._queued(workflow_ids=[*waiting])}
        for key in waiting.keys() - known:
            DBOS.enqueue_workflow_with_options(
                {
                    "workflow_name": WORKFLOW,
                    "workflow_id": key,
                    "queue_name": QUEUE,
                    "queue_partition_key": waiting[key],
                },
                key,
                waiting[key],
            )

    def _left_lying(self) -> list[str]:
        """What workers that are gone were at; and what this one was given and has not begun, also not since last time:
        when the database went away between the two.
        """
        given: dict[int, set[str]] = {}
        for one in self._queued(status="PENDING"):
            given.setdefault(int(one.executor_id or 0), set()).add(one.workflow_id)
        strays = given.pop(self.own, set()) - self.at_work
        left = strays & self.strays
        self.strays = strays
        return [
            *left,
            *(key for worker in given if self.pulse.stopped(worker) for key in given[worker]),
        ]

    def _queued(self, **which: Any) -> list[Any]:
        return DBOS.list_workflows(queue_name=QUEUE, load_input=False, load_output=False, **which)


def configuration(database: Database, own: int) -> DBOSConfig:
    """The queue's tables are in a schema `dbos` of the same database, on SQLite in a file beside it."""
    if database.url.get_backend_name() == "sqlite":
        url = database.url.set(database=f"{database.url.database}-queue")
    else:
        url = database.url.set(drivername="postgresql")
    return {
        "name": "lamppu",
        "system_database_url": url.render_as_string(hide_password=False),
        "executor_id": str(own),
        # Always the same: what an older version has queued the newer one does.
        "application_version": "1",
        "use_listen_notify": False,
        "log_level": "ERROR",
    }


def main(beside: int | None = None) -> None:
    """:param beside: the process that has started this one, with which it ends"""
    if beside is not None:
        threading.Thread(target=_end_with, args=(beside,), daemon=True).start()
    stop = threading.Event()
    for told in (signal.SIGTERM, signal.SIGINT):
        signal.signal(told, lambda *_: stop.set())
    Worker(create_app()).run(stop)


def _end_with(parent: int) -> None:
    """End when the parent is gone, however that has ended; whoever works next begins anew with the job at hand."""
    while os.getppid() == parent:
        time.sleep(SECONDS_BETWEEN_SWEEPS)
    os._exit(0)


if __name__ == "__main__":
    main()
