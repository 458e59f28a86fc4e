"""A far system for tests of the server itself: it counts what it was asked and says so."""

from __future__ import annotations

import json
from typing import Any

from hub.sandbox.system import Lane, Outgoing, Request, Response, System


class Echo(System):
    kind = "erp"

    def __init__(self, name: str = "default", lane: Lane | None = None) -> None:
        super().__init__(name)
        self.lane = lane or Lane()
        self.seen: list[str] = []
        self.given_up: list[str] = []

    def handle(self, request: Request) -> Response:
        self.seen.append(request.body.decode())
        return Response(
            200,
            json.dumps(
                {
                    "path": request.path,
                    "root": request.root,
                    "lag": request.lag,
                    "body": request.body.decode(),
                }
            ).encode(),
        )

    def operation(self, request: Request) -> str:
        return f"{request.method} {request.path.rsplit('/', 1)[-1]}"

    def key(self, request: Request) -> str:
        return request.headers.get("x-key", "")

    def admit(self, request: Request) -> Lane | Response:
        return self.lane

    def note(self, request: Request, response: Response) -> dict[str, Any]:
        return {"noted": request.body.decode()}

    def reset(self, profile: str) -> None:
        if profile not in ("empty", "demo"):
            raise ValueError(f"no profile {profile!r}")
        self.seen.clear()

    def seed(self, data: dict[str, Any]) -> dict[str, Any]:
        return {"seeded": data}

    def act(self, action: str, data: dict[str, Any]) -> dict[str, Any]:
        if action != "announce":
            raise ValueError(f"nobody can {action}")
        self.outbox += [
            Outgoing(data["url"], {"X-Number": str(number)}, str(number).encode(), "orders/create")
            for number in range(data.get("count", 1))
        ]
        return {"announced": data.get("count", 1)}

    def truth(self) -> dict[str, Any]:
        return {"seen": list(self.seen)}

    def gave_up(self, outgoing: Outgoing) -> None:
        self.given_up.append(outgoing.body.decode())

    def refusal(self, kind: str, parameters: dict[str, Any]) -> Response:
        return Response(int(kind) if kind.isdigit() else 418, kind.encode(), {"Content-Type": "text/plain"})
