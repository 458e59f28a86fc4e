"""`./manage.py sandbox`: serve simulated stores and ERPs. Needs no database."""

from __future__ import annotations

import asyncio
import contextlib
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from hub.sandbox.server import SandboxServer


class Command(BaseCommand):
    help = "Serve simulated stores and ERPs over HTTP on 127.0.0.1."
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=9100, help="port on 127.0.0.1; 0 takes a free one")
        parser.add_argument(
            "--profile", default="demo", help='what the systems start with: "demo" or "empty"'
        )
        parser.add_argument(
            "--time-scale", type=float, default=1.0, help="webhook retry times are divided by this"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        server = SandboxServer(
            port=options["port"], profile=options["profile"], time_scale=options["time_scale"]
        )
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(self._serve(server))
        self.stdout.write("sandbox stopped")

    async def _serve(self, server: SandboxServer) -> None:
        serving = asyncio.create_task(server.serve(takes_signals=True))
        while not serving.done() and not server.is_listening.is_set():
            await asyncio.sleep(0.01)
        if server.is_listening.is_set():
            self.stdout.write("\n".join(addresses(server)))
            self.stdout.flush()
        await serving


def addresses(server: SandboxServer) -> list[str]:
    """What a person types into the connection form, and where the control interface is."""
    return [
        f"store    {server.url}/admin/api/2026-07/graphql.json   access token: sandbox",
        f"ERP      {server.url}/v2.0/sandbox/Production/api/v2.0   client id and secret: sandbox",
        f"token    {server.url}/sandbox/oauth2/v2.0/token",
        f"further  {server.url}/stores/NAME/…   {server.url}/erps/NAME/…",
        f"control  {server.url}/_sandbox/truth",
    ]
