"""`manage.py web`: the web server, granian with sync views."""

from __future__ import annotations

import signal
import socket
import sys
from argparse import ArgumentParser
from types import FrameType

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection

from hub.embedded.errors import EmbeddedDatabaseError
from hub.supervise.child import Child
from hub.supervise.metrics import metrics_environment
from hub.sync.no_database import why_no_database

PATIENCE = 15.0
# Measured: two workers of four threads ingest webhooks fastest on two cores, with the shortest tail.
WORKERS, THREADS = 2, 4


class Command(BaseCommand):
    help = "Serve the admin, the webhooks and the health pages until stopped."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *args: object, **options: object) -> None:
        host, port = str(options["host"]), int(str(options["port"]))
        refuse_taken_port(host, port)
        call_command("collectstatic", interactive=False, verbosity=0)
        refuse_without_database()
        server = Child(granian(host, port), metrics_environment())

        def stop(_number: int, _frame: FrameType | None) -> None:
            server.terminate()
            signal.alarm(int(PATIENCE))

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        signal.signal(signal.SIGALRM, lambda *_: server.kill())
        status = server.wait()
        server.kill()
        sys.exit(status)


def granian(host: str, port: int) -> list[str]:
    """The command that serves `hub.wsgi`."""
    options = {
        "--interface": "wsgi",
        "--host": host,
        "--port": port,
        "--workers": WORKERS,
        "--blocking-threads": THREADS,
    }
    flat = [str(part) for option in options.items() for part in option]
    return [
        sys.executable,
        "-m",
        "granian",
        *flat,
        "--respawn-failed-workers",
        "--no-ws",
        "hub.wsgi:application",
    ]


def refuse_without_database() -> None:
    """Raise CommandError that says why: a server whose every page fails helps nobody."""
    try:
        connection.ensure_connection()
    except (DatabaseError, EmbeddedDatabaseError) as error:
        raise CommandError(why_no_database(error)) from error
    connection.close()


def refuse_taken_port(host: str, port: int) -> None:
    """Raise CommandError where somebody listens: granian shares a port silently with a forgotten granian."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CommandError(
                f"Cannot listen on {host}:{port}: {error.strerror}. Stop what runs there, or choose --port."
            ) from error
