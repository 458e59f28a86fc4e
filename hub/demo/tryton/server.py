"""A Tryton server on this machine, with a database of its own that starts as a copy of the prepared one."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

from hub.demo.processes import free_port
from hub.demo.tryton import database
from hub.demo.tryton.environment import TrytonUnavailable, making, programs
from hub.demo.tryton.rpc import DATABASE
from hub.supervise.child import Child

START_SECONDS = 60.0
END_SECONDS = 5.0
# Keeps standard output and error together in one file; the command's words follow as arguments.
_LOGGED = 'log="$0"; exec "$@" >>"$log" 2>&1'


@contextmanager
def tryton_server(folder: Path | None = None, *, port: int = 0) -> Iterator[str]:
    """Run a server until the block ends; yields its address, `http://127.0.0.1:PORT`.

    `folder` keeps database and log; what lies there already is served on. Without one, both go with the block.
    Raises TrytonUnavailable where it cannot be had. The first use in a clone takes about a minute.
    """
    with making():
        ready = database.prepared(serving)
        bin_folder = programs()
    with _kept_or_temporary(folder) as place:
        served = place / f"{DATABASE}.sqlite"
        if not served.exists():
            shutil.copyfile(ready, served)
        with serving(bin_folder, place, port) as address:
            yield address


@contextmanager
def _kept_or_temporary(folder: Path | None) -> Iterator[Path]:
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="concord-tryton-", ignore_cleanup_errors=True) as made:
        yield Path(made)


@contextmanager
def serving(bin_folder: Path, place: Path, port: int = 0) -> Iterator[str]:
    """A server on the database in `place`, in a process group of its own, until the block ends."""
    port = port or free_port()
    address = f"http://127.0.0.1:{port}"
    configuration = database.configuration(place, listen=f"127.0.0.1:{port}")
    log = place / "trytond.log"
    command = [str(bin_folder / "trytond"), "-c", str(configuration), "-d", DATABASE]
    child = Child(["/bin/sh", "-c", _LOGGED, str(log), *command], {"PYTHONWARNINGS": "ignore"})
    try:
        _wait_for(address, child, log)
        yield address
    finally:
        child.end(END_SECONDS)


def _wait_for(address: str, child: Child, log: Path) -> None:
    """Until it answers a call; raises TrytonUnavailable with its last words where it does not."""
    end = time.monotonic() + START_SECONDS
    question = {"id": 1, "method": "common.server.version", "params": []}
    while child.is_alive and time.monotonic() < end:
        with suppress(httpx.TransportError):
            if httpx.post(f"{address}/rpc/", json=question, timeout=5.0).status_code == httpx.codes.OK:
                return
        time.sleep(0.05)
    words = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    raise TrytonUnavailable(
        f"Tryton is not available here: its server does not answer ({words[-1] if words else os.strerror(0)})."
    )
