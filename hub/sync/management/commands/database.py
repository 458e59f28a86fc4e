"""`manage.py database start|stop|status`: the embedded PostgreSQL server of this clone."""

from __future__ import annotations

from argparse import ArgumentParser

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from hub.embedded import client
from hub.embedded.errors import EmbeddedDatabaseError
from hub.embedded.places import places
from hub.embedded.server import dsn, keeper_pid


class Command(BaseCommand):
    help = "Start, stop or show the embedded database server. Every command that needs it starts it anyway."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", choices=["start", "stop", "status"])

    def handle(self, *args: object, **options: object) -> None:
        if not settings.IS_DATABASE_EMBEDDED:
            raise CommandError(
                "DATABASE_URL is set: this clone uses that server, there is no embedded one to manage."
            )
        try:
            self.stdout.write({"start": start, "stop": stop, "status": status}[str(options["action"])]())
        except EmbeddedDatabaseError as error:
            raise CommandError(str(error)) from error


def start() -> str:
    """Start it unless it runs; says where it is."""
    client.ensure_running()
    return status()


def stop() -> str:
    """Stop it; the data stays."""
    return "Stopped." if client.stop() else "It was not running."


def status() -> str:
    """Whether it runs, and how to reach it."""
    where = places()
    if not client.is_kept(where):
        state = (
            "Runs, but its keeper is gone; the next command adopts it."
            if client.answers(where)
            else "Does not run."
        )
    else:
        state = (
            f"Runs (keeper process {keeper_pid(where.lock)})." if client.answers(where) else "Is starting."
        )
    return f"{state}\nConnect: psql '{dsn(where.socket)}'\nData:    {where.data}\nLog:     {where.log}"
