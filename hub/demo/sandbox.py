"""The sandbox's control interface as a client sees it."""

from __future__ import annotations

from typing import Any

import httpx


class Sandbox:
    """The sandbox at `url`. Every method raises ValueError with the sandbox's own words where it refuses."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx.Client(base_url=f"{url}/_sandbox", timeout=60)

    def close(self) -> None:
        """Close the connection."""
        self.http.close()

    def create(self, kind: str, name: str, **options: Any) -> None:
        """Make a fresh store or ERP in place of any of that name."""
        self._ask("POST", "/systems", {"kind": kind, "name": name, "options": options})

    def seed(self, kind: str, name: str, data: dict[str, Any]) -> dict[str, Any]:
        """Add master data."""
        return self._ask("POST", "/seed", {"kind": kind, "name": name, "data": data})

    def act(self, kind: str, name: str, action: str, data: dict[str, Any]) -> dict[str, Any]:
        """Play a buyer or a clerk."""
        return self._ask("POST", "/act", {"kind": kind, "name": name, "action": action, "data": data})

    def set_faults(self, seed: int, rules: list[dict[str, Any]]) -> None:
        """Replace the scripted faults."""
        self._ask("POST", "/faults", {"seed": seed, "rules": rules})

    def faults(self) -> dict[str, Any]:
        """Rules, counts and log of what was injected."""
        return self._ask("GET", "/faults")

    def truth(self, **which: str) -> dict[str, Any]:
        """Everything that every simulated system holds, or those of one `kind` and `name`."""
        return self._ask("GET", f"/truth?{httpx.QueryParams(which)}")

    def stats(self) -> dict[str, Any]:
        """What was asked of it so far, and what that cost it."""
        return self._ask("GET", "/stats")

    def requests(self, **query: str) -> list[dict[str, Any]]:
        """The latest requests, oldest first."""
        found: list[dict[str, Any]] = self._ask("GET", f"/requests?{httpx.QueryParams(query)}")["requests"]
        return found

    def webhooks(self) -> list[dict[str, Any]]:
        """The latest attempts to deliver webhooks, oldest first."""
        found: list[dict[str, Any]] = self._ask("GET", "/webhooks")["webhooks"]
        return found

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = self.http.request(method, path, json=body)
        content: dict[str, Any] = answer.json()
        if answer.status_code != 200:
            raise ValueError(f"sandbox {method} {path}: {content.get('error', answer.text)}")
        return content
