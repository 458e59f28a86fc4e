"""How every command makes sure that the embedded server runs, and how `manage.py database` stops it."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress

import psycopg

from hub.embedded.errors import EmbeddedDatabaseError
from hub.embedded.places import CLONE, Places, places
from hub.embedded.server import STOPPING_SECONDS, dsn, keeper_pid

# Covers the very first start on a slow disk: copying programs, initdb and CREATE DATABASE.
READY_SECONDS = 90.0
LARGEST_LOG = 10_000_000
# Keepers outlive whoever starts them. A handle that is dropped while its process lives is warned of, and where
# warnings are errors, as in the tests, that fails whoever needed the database first.
_started: list[subprocess.Popen[bytes]] = []


def ensure_running() -> None:
    """Return when the hub's database answers; start its keeper when there is none.

    Costs one file lock while everything runs. Raises EmbeddedDatabaseError in plain words when it cannot be
    had.
    """
    where = places()
    if is_kept(where):
        return
    keeper = _spawn_keeper(where)
    wait_until_ready(where, keeper)


def wait_until_ready(where: Places, keeper: subprocess.Popen[bytes] | None = None) -> None:
    """Wait until the hub's database answers; EmbeddedDatabaseError when the keeper gave up or time is out."""
    deadline = time.monotonic() + READY_SECONDS
    while not answers(where):
        has_given_up = keeper is not None and keeper.poll() not in (None, 0)
        if has_given_up or time.monotonic() > deadline:
            raise EmbeddedDatabaseError(
                f"The embedded database did not start. {where.log} ends with:\n{_last_words(where)}"
            )
        time.sleep(0.02)


def is_kept(where: Places) -> bool:
    """Whether a keeper is alive."""
    try:
        with where.lock.open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def answers(where: Places) -> bool:
    """Whether the hub's database accepts connections."""
    try:
        psycopg.connect(dsn(where.socket), connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def stop() -> bool:
    """Stop the server and its keeper; returns whether there was anything to stop."""
    where = places()
    if not is_kept(where):
        if not answers(where):
            return False
        # The keeper was killed and its server lives on: a new one adopts it and ends both.
        ensure_running()
        _wait_for(lambda: is_kept(where), where)
    pid = keeper_pid(where.lock)
    if pid is not None:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    _wait_for(lambda: not is_kept(where), where)
    return True


def _wait_for(condition: Callable[[], bool], where: Places) -> None:
    deadline = time.monotonic() + STOPPING_SECONDS + 15
    while not condition():
        if time.monotonic() > deadline:
            raise EmbeddedDatabaseError(f"The embedded database's keeper does not obey. See {where.log}.")
        time.sleep(0.02)


def _spawn_keeper(where: Places) -> subprocess.Popen[bytes]:
    where.root.mkdir(mode=0o755, parents=True, exist_ok=True)
    if where.log.exists() and where.log.stat().st_size > LARGEST_LOG:
        where.log.replace(where.log.with_suffix(".old.log"))
    with where.log.open("ab") as log:
        keeper = subprocess.Popen(
            [sys.executable, "-m", "hub.embedded.keeper"],
            cwd=CLONE,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            # Outlives the command that needed it: web, workers and shells share it.
            start_new_session=True,
        )
    _started.append(keeper)
    return keeper


def _last_words(where: Places) -> str:
    try:
        return "\n".join(where.log.read_text(errors="replace").splitlines()[-12:])
    except OSError:
        return "(no log)"
