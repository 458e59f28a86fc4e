"""One worker process: drains in a loop until it is ended, most often by SIGKILL.

Forked from a server process that has imported everything (multiprocessing's forkserver), so that a killed
worker is replaced within milliseconds.
"""

from __future__ import annotations

import faulthandler
import multiprocessing
import os
import signal
import threading
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.chaos.settings")
django.setup()

from benchmarks.chaos.edges import LEDGER, KillPoint  # noqa: E402 - Django first
from hub.sync.drain import Drain  # noqa: E402
from hub.sync.running import this_run  # noqa: E402

THREADS = 8


@dataclass(frozen=True, slots=True)
class Duty:
    """What a worker is to do: its name in the log, where it ends, where it notes its edges."""

    name: str
    log: Path
    kill: KillPoint | None = None
    journal: Path | None = None


def start(duty: Duty) -> ForkServerProcess:
    """A running worker."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["benchmarks.chaos.worker"])
    process = context.Process(target=work, args=(duty,), name=duty.name, daemon=True)
    process.start()
    return process


def work(duty: Duty) -> None:
    """Drain until SIGTERM, or until whoever started this is gone."""
    log = os.open(duty.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.dup2(log, 1)
    os.dup2(log, 2)
    faulthandler.enable()
    threading.Thread(target=_end_with_starter, daemon=True).start()
    LEDGER.open(duty.kill, duty.journal, _who)
    drain = Drain(threads=THREADS, linger=3600.0, budget=3600.0)
    signal.signal(signal.SIGTERM, lambda *_: drain.stop())
    drain.run()


def _who() -> str:
    """The flow that this thread runs; the engine itself outside of flows."""
    try:
        return this_run().task.flow
    except RuntimeError:
        return "engine"


def _end_with_starter() -> None:
    starter = multiprocessing.parent_process()
    if starter is not None:
        wait([starter.sentinel])
        os.kill(os.getpid(), signal.SIGKILL)
