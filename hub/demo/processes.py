"""The demonstration's own processes: sandbox, web server, worker host; and its own database."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from django.core.management import call_command
from django.db import connection, connections

from hub.supervise.child import Child

DATABASE = "concord_demo"
START_SECONDS = 60.0
END_SECONDS = 40.0


def free_port() -> int:
    """A port of 127.0.0.1 that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def fresh_database(name: str) -> None:
    """Make the database anew, migrate it, and make it this process's and its children's default."""
    with connections["default"]._nodb_cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        cursor.execute(f'CREATE DATABASE "{name}"')
    connection.close()
    connection.settings_dict["NAME"] = name
    os.environ["DATABASE_NAME"] = name
    call_command("migrate", verbosity=0)


@contextmanager
def running(arguments: list[str], environment: dict[str, str] | None = None) -> Iterator[Child]:
    """`manage.py` with these arguments, ended with everything it started when the block ends."""
    child = Child([sys.executable, "manage.py", *arguments], environment)
    try:
        yield child
    finally:
        child.end(END_SECONDS)


def wait_for(url: str, child: Child) -> None:
    """Until the address answers 200; raises RuntimeError where its process ended or it takes too long."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if not child.is_alive:
            raise RuntimeError(
                f"The process that should answer at {url} has ended; its output above says why."
            )
        try:
            if httpx.get(url, timeout=2.0).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise RuntimeError(f"Nothing answers at {url} after {START_SECONDS:.0f} seconds.")
