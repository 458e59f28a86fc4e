"""The sandbox as a process of its own, which can also end a worker at a request.

POST /_sandbox/kill_point {"pid", "operation", "number", "when", "seconds"} chooses the number-th request of
that operation ("store WriteReferences", "erp" and the create of that ERP) from now on; `when` is

before   the worker ends, the request is not carried out
late     the worker ends, and the request is carried out `seconds` later
after    the request is carried out, then the worker ends before its answer

GET /_sandbox/edges lists the requests since then, in order.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from hub.sandbox.server import SandboxServer
from hub.sandbox.system import Request, Response, System
from hub.sandbox.traffic import Entry


@dataclass(frozen=True, slots=True)
class RequestKill:
    """Whom to end, and at which request."""

    pid: int
    operation: str
    number: int
    when: str
    seconds: float


class FarSide(SandboxServer):
    """The sandbox, and one kill point at a time."""

    def __init__(self, port: int) -> None:
        super().__init__(port=port)
        self.kill: RequestKill | None = None
        self.seen: list[str] = []
        self.counts: Counter[str] = Counter()
        self.control.verbs["POST", "kill_point"] = self._choose
        self.control.verbs["GET", "edges"] = lambda query, body: {"edges": self.seen}

    async def work(self, system: System, request: Request, entry: Entry) -> Response:
        """Handle a request, unless the worker that sent it ends here."""
        operation = f"{system.kind} {system.operation(request)}"
        self.seen.append(operation)
        self.counts[operation] += 1
        kill = self.kill
        if kill is None or (operation, self.counts[operation]) != (kill.operation, kill.number):
            return await super().work(system, request, entry)
        self.kill = None
        if kill.when == "after":
            response = await super().work(system, request, entry)
            _end(kill.pid)
            return response
        _end(kill.pid)
        if kill.when == "late":
            task = self.loop.create_task(self._late(kill.seconds, system, request, entry))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
        return Response(503)

    async def _late(self, seconds: float, system: System, request: Request, entry: Entry) -> None:
        await asyncio.sleep(seconds)
        await super().work(system, request, entry)

    def _choose(self, query: dict[str, str], body: dict[str, Any]) -> object:
        self.seen.clear()
        self.counts.clear()
        self.kill = RequestKill(**body) if body else None
        return {}


def _end(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    asyncio.run(FarSide(parser.parse_args().port).serve(takes_signals=True))


if __name__ == "__main__":
    main()
