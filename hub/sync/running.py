"""What a running flow stands on: its task, its lease, and the way to its connection's far system."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import connection as database
from django.db.backends.utils import CursorWrapper

from hub.connectors.base import CallRecord, Connector, ObservedLimits, Token
from hub.connectors.registry import connector_class
from hub.errors import NotReadyYet
from hub.lib.text import storable
from hub.sync.claims import Claimed
from hub.sync.encryption import fernet
from hub.sync.governor import CredentialGovernor, borrowed_slot
from hub.sync.leases import Held
from hub.sync.models import Connection, StoredToken

# A token is renewed this long before it ends, so that no call starts with one that ends on the way.
TOKEN_MARGIN = 60.0
# How often a process looks whether another one has its new token, in seconds.
TURN_LOOK = 0.02


@dataclass(frozen=True, slots=True)
class LoggedCall:
    """A call with the task that made it."""

    connection_id: int
    task_id: int | None
    subject: str
    call: CallRecord


@dataclass(slots=True)
class CurrentRun:
    """The task that this thread runs, under which lease, for which worker."""

    task: Claimed
    lease: Held
    worker: str


_current: ContextVar[CurrentRun | None] = ContextVar("concord_current_run", default=None)


@contextmanager
def current_run(run: CurrentRun) -> Iterator[None]:
    """Make this the thread's run."""
    reset = _current.set(run)
    try:
        yield
    finally:
        _current.reset(reset)


def this_run() -> CurrentRun:
    """The thread's run; raises RuntimeError outside of one."""
    run = _current.get()
    if run is None:
        raise RuntimeError("Only a flow run by the engine may do this: it needs a task and a lease.")
    return run


def running_flow() -> str:
    """The flow that this thread runs; "" outside of one."""
    run = _current.get()
    return run.task.flow if run else ""


class EngineHooks:
    """The engine's side of hub.connectors.base.Hooks for one connection.

    `patience` is how many seconds it waits for another process that is asking for a token.
    """

    patience = 30.0

    def __init__(
        self, connection: Connection, governor: CredentialGovernor, log: Callable[[LoggedCall], None]
    ) -> None:
        self.connection_id = connection.pk
        self.credential = connection.credential
        self.governor = governor
        self.log = log
        self.token_lock = threading.Lock()
        self.cached: tuple[str, float] | None = None

    def acquire(self, cost: float) -> AbstractContextManager[None]:
        return self.governor.acquire(cost)

    def observe(self, limits: ObservedLimits) -> None:
        self.governor.observe(limits)

    def before_write(self, deadline: float) -> None:
        run = _current.get()
        if run is not None and not run.lease.outlives(deadline):
            raise NotReadyYet(
                "The lease ends before this write could; another worker will send it.", after=1.0
            )

    def record(self, call: CallRecord) -> None:
        self.governor.answered(is_failure=call.status is None or call.status in (502, 503, 504))
        run = _current.get()
        self.log(
            LoggedCall(
                self.connection_id, run.task.id if run else None, run.task.subject if run else "", call
            )
        )

    def token(self, fetch: Callable[[], Token], rejected: str | None = None) -> str:
        with self.token_lock:
            if self.cached and self.cached[0] != rejected and self.cached[1] > time.monotonic():
                return self.cached[0]
            value, seconds = self._shared_token(fetch, rejected)
            self.cached = (value, time.monotonic() + seconds)
            return value

    def _shared_token(self, fetch: Callable[[], Token], rejected: str | None) -> tuple[str, float]:
        """One process asks for a new token, the others wait for it: a session lock, never an open transaction."""
        with _turn(f"token {self.credential}", self.patience):
            return self._stored_token(rejected) or self._new_token(fetch)

    def _stored_token(self, rejected: str | None) -> tuple[str, float] | None:
        row = StoredToken.objects.filter(credential=self.credential).first()
        if row is None:
            return None
        left = (row.expires_at - datetime.now(UTC)).total_seconds() - TOKEN_MARGIN
        value = fernet().decrypt(row.token.encode()).decode()
        return (value, left) if left > 0 and value != rejected else None

    def _new_token(self, fetch: Callable[[], Token]) -> tuple[str, float]:
        token = fetch()
        StoredToken.objects.update_or_create(
            credential=self.credential,
            defaults={
                "token": fernet().encrypt(token.value.encode()).decode(),
                "expires_at": datetime.now(UTC) + timedelta(seconds=token.expires_in),
            },
        )
        # Tokens that live shorter than the margin are used until the far side refuses them.
        return token.value, max(token.expires_in - TOKEN_MARGIN, 0.0)


@contextmanager
def _turn(key: str, patience: float) -> Iterator[None]:
    """Hold a session lock, or go on without it when whoever holds it is stopped: a second token harms nobody."""
    end = time.monotonic() + patience
    with database.cursor() as cursor:
        while not (is_ours := _try_lock(cursor, key)) and time.monotonic() < end:
            time.sleep(TURN_LOOK)
        try:
            yield
        finally:
            if is_ours:
                cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [key])


def _try_lock(cursor: CursorWrapper, key: str) -> bool:
    cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [key])
    return bool(cursor.fetchone()[0])


class InteractiveHooks(EngineHooks):
    """The same for a person who waits: takes points singly and borrows a slot from the drains."""

    @contextmanager
    def acquire(self, cost: float) -> Iterator[None]:
        with borrowed_slot(self.credential), self.governor.acquire(cost):
            yield


_opened: ContextVar[Callable[[Connection], Connector] | None] = ContextVar("concord_connectors", default=None)


@contextmanager
def connectors_from(opener: Callable[[Connection], Connector]) -> Iterator[None]:
    """Let `open_connector` use this drain's shared connectors in this thread."""
    reset = _opened.set(opener)
    try:
        yield
    finally:
        _opened.reset(reset)


def open_connector(connection: Connection) -> Connector:
    """The connector of a connection: the drain's shared one inside a run, else one for a person who waits."""
    opener = _opened.get()
    if opener is not None:
        return opener(connection)
    kind = connector_class(connection.system)
    governor = CredentialGovernor(connection.credential, kind.limits(connection.config), is_bulk=False)
    return kind(connection.config, connection.secrets, InteractiveHooks(connection, governor, write_call))


def write_call(logged: LoggedCall) -> None:
    """Write one call into the log at once."""
    write_calls([logged])


_COPY_CALLS = """
COPY sync_apicall (connection_id, task_id, subject, operation, kind, method, url, status, started_at, duration_ms,
                   cost, request_id, request_body, response_body, error) FROM STDIN
"""


def write_calls(calls: list[LoggedCall]) -> None:
    """Write calls into the log in one statement. COPY, because their bodies are large."""
    with database.cursor() as cursor, cursor.copy(_COPY_CALLS) as copy:
        for logged in calls:
            copy.write_row(_row(logged))


def _row(logged: LoggedCall) -> tuple[object, ...]:
    call = logged.call
    return (
        logged.connection_id,
        logged.task_id,
        logged.subject,
        call.operation[:80],
        str(call.kind),
        call.method,
        call.url,
        call.status,
        call.started_at,
        int(call.duration * 1000),
        call.cost,
        storable(call.request_id)[:100],
        call.request_body,
        call.response_body,
        storable(call.error),
    )
