"""`manage.py run`: database, web server and workers together, until Ctrl-C."""

from __future__ import annotations

import signal
import sys
import threading
from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from hub.supervise.child import Child
from hub.sync.management.commands.web import refuse_taken_port

# Longer than what a worker host and a web server allow themselves to finish.
PATIENCE = 40.0
LOOK_EVERY = 0.2


class Command(BaseCommand):
    help = "Run everything on this machine: the database, the web server and worker hosts."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--workers", type=int, default=1, help="worker hosts to start (default 1)")

    def handle(self, *args: object, **options: object) -> None:
        host, port = str(options["host"]), int(str(options["port"]))
        refuse_taken_port(host, port)
        connection.ensure_connection()
        connection.close()
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        children = [
            Child([sys.executable, "manage.py", "web", "--skip-checks", f"--host={host}", f"--port={port}"])
        ]
        children += [
            Child([sys.executable, "manage.py", "work", "--skip-checks"])
            for _ in range(int(str(options["workers"])))
        ]
        self.stdout.write(f"Concord: http://{host}:{port}/admin/   (Ctrl-C ends it)")
        self.stdout.flush()
        try:
            watch(children, stopping)
        finally:
            end(children)


def watch(children: list[Child], stopping: threading.Event) -> None:
    """Return when asked to stop; raise CommandError when one of them ends by itself."""
    while not stopping.wait(LOOK_EVERY):
        for child in children:
            if not child.is_alive:
                raise CommandError(
                    f"One of the processes ended with status {child.wait(0)}; ending the others."
                )


def end(children: list[Child]) -> None:
    """Ask all of them first, so that they finish side by side."""
    for child in children:
        child.terminate()
    for child in children:
        child.end(PATIENCE)
