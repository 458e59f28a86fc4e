"""`manage.py work`: one more worker host. Supervises a django-q2 cluster that runs drains."""

from __future__ import annotations

import os
import signal
import socket
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import psycopg
from django.core.management.base import BaseCommand
from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone
from django_q.models import OrmQ
from django_q.tasks import async_task

from hub.embedded.errors import EmbeddedDatabaseError
from hub.supervise.child import Child
from hub.supervise.cluster import BrokerDown, Cluster
from hub.supervise.metrics import metrics_environment
from hub.sync.enqueue import CHANNEL
from hub.sync.no_database import why_no_database

# Queues of clusters that were killed: their messages are of no use to anyone.
ABANDONED_AFTER = timedelta(hours=1)
QUEUE_PREFIX = "work-"


class Command(BaseCommand):
    help = "Run a worker host: drains the task queue until stopped. Start as many as you like, on any host."

    def handle(self, *args: object, **options: object) -> None:
        queue = f"{QUEUE_PREFIX}{socket.gethostname()[:40]}-{os.getpid()}-{uuid.uuid4().hex[:6]}"
        cluster = Cluster(
            lambda: Child(
                [sys.executable, "manage.py", "qcluster", "--skip-checks"],
                metrics_environment() | {"Q_CLUSTER_NAME": queue},
            ),
            QueueBroker(queue),
            beat="hub.sync.tasks.beat",
            drain="hub.sync.tasks.drain",
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: cluster.stop())
        cluster.run()


class QueueBroker:
    """A django-q2 queue of our own on the ORM broker, and a session that listens for announced work."""

    def __init__(self, queue: str) -> None:
        self.queue = queue
        self._session: psycopg.Connection[Any] | None = None

    def put(self, function: str) -> int:
        with database_errors():
            async_task(function, q_options={"cluster": self.queue})
            # Nobody else writes to this queue, so the newest message is the one just written.
            return int(OrmQ.objects.filter(key=self.queue).latest("pk").pk)

    def is_waiting(self, message: int) -> bool:
        with database_errors():
            return bool(OrmQ.objects.filter(pk=message).exists())

    def is_taken(self, message: int) -> bool:
        # Taking a message locks it until q2 would give it to somebody else.
        with database_errors():
            return bool(OrmQ.objects.filter(pk=message, lock__gt=timezone.now()).exists())

    def drop(self, message: int) -> None:
        with database_errors():
            OrmQ.objects.filter(pk=message).delete()

    def purge(self) -> None:
        with database_errors():
            OrmQ.objects.filter(key=self.queue).delete()
            long_ago = timezone.now() - ABANDONED_AFTER
            OrmQ.objects.filter(key__startswith=QUEUE_PREFIX, lock__lt=long_ago).delete()

    def woken(self, seconds: float) -> bool:
        with database_errors():
            # Whatever came while we were not listening is caught by the drain that follows a new session.
            if self._session is None or self._session.closed:
                self._session = self._listen()
                return True
            return bool(list(self._session.notifies(timeout=seconds, stop_after=1)))

    def _listen(self) -> psycopg.Connection[Any]:
        listener = connection.copy()
        listener.connect()
        session: psycopg.Connection[Any] = listener.connection
        session.execute(f"LISTEN {CHANNEL}")
        return session


@contextmanager
def database_errors() -> Iterator[None]:
    """Say BrokerDown for everything that an unreachable database makes psycopg and Django raise."""
    try:
        yield
    except (DatabaseError, InterfaceError, psycopg.Error, EmbeddedDatabaseError) as error:
        connection.close()
        raise BrokerDown(why_no_database(error)) from error
