"""Tryton's JSON-RPC interface as a person's client speaks it: sign in, then call. Knows nothing of the connector."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx

DATABASE = "tryton"
ADMIN, ADMIN_PASSWORD = "admin", "admin-password-1"
USER, PASSWORD = "hub", "hub-password-1"
"""Whom the hub signs in as."""
DEADLINE = 120.0


class TrytonRefused(Exception):
    """Tryton's error in its own words."""


class Tryton:
    """One signed-in user at a server's address. Names are those of Tryton: `call("model.sale.sale.read", …)`."""

    def __init__(
        self, address: str, user: str = ADMIN, password: str = ADMIN_PASSWORD, database: str = DATABASE
    ) -> None:
        self.http = httpx.Client(timeout=DEADLINE)
        self.url = f"{address}/{database}/rpc/"
        self.headers: dict[str, str] = {}
        number, session, _ = self._send("common.db.login", [user, {"password": password}])
        signature = base64.b64encode(f"{user}:{number}:{session}".encode()).decode()
        self.headers = {"Authorization": f"Session {signature}"}
        self.user = int(number)
        self.context: dict[str, Any] = {}
        self.read_preferences()

    def __enter__(self) -> Tryton:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def read_preferences(self) -> None:
        """What the user works in (company, language) goes along with every call."""
        self.context = self._send("model.res.user.get_preferences", [True, {}])

    def call(self, method: str, *arguments: Any, **context: Any) -> Any:
        """The method's result; raises TrytonRefused in Tryton's words."""
        return self._send(method, [*arguments, {**self.context, **context}])

    def create(self, model: str, *rows: Mapping[str, Any]) -> list[int]:
        """New records, fifty at a time: SQLite's parser overflows on more with a unique constraint."""
        made: list[int] = []
        for start in range(0, len(rows), 50):
            made += self.call(f"model.{model}.create", list(rows[start : start + 50]))
        return made

    def find(self, model: str, domain: list[Any], *fields: str) -> list[dict[str, Any]]:
        """Every record that the domain selects, oldest first."""
        found: list[dict[str, Any]] = self.call(
            f"model.{model}.search_read", domain, 0, None, [["id", "ASC"]], list(fields)
        )
        return found

    def find_id(self, model: str, *domain: Any) -> int:
        """The first record that the domain selects; raises LookupError where there is none."""
        ids = self.call(f"model.{model}.search", list(domain), 0, 1, [["id", "ASC"]])
        if not ids:
            raise LookupError(f"Tryton has no {model} with {domain}")
        return int(ids[0])

    def _send(self, method: str, parameters: list[Any]) -> Any:
        body = json.dumps({"id": 1, "method": method, "params": parameters}, default=_encoded)
        answer = self.http.post(
            self.url, content=body, headers={**self.headers, "Content-Type": "application/json"}
        )
        if answer.status_code != 200:
            raise TrytonRefused(f"{method}: HTTP {answer.status_code}: {answer.text[:300]}")
        content = json.loads(answer.content, object_hook=_decoded)
        if content.get("error"):
            raise TrytonRefused(f"{method}: {content['error']}")
        return content["result"]


def _encoded(value: object) -> dict[str, Any]:
    match value:
        case Decimal():
            return {"__class__": "Decimal", "decimal": str(value)}
        case datetime():
            return {"__class__": "datetime", **_day(value), **_time(value)}
        case date():
            return {"__class__": "date", **_day(value)}
        case timedelta():
            return {"__class__": "timedelta", "seconds": value.total_seconds()}
    raise TypeError(f"{value!r} has no JSON form")


def _day(value: date) -> dict[str, int]:
    return {name: getattr(value, name) for name in ("year", "month", "day")}


def _time(value: datetime) -> dict[str, int]:
    return {name: getattr(value, name) for name in ("hour", "minute", "second", "microsecond")}


def _decoded(value: dict[str, Any]) -> Any:
    kind = value.pop("__class__", None)
    match kind:
        case "Decimal":
            return Decimal(value["decimal"])
        case "date":
            return date(**value)
        case "datetime":
            return datetime(**value)  # noqa: DTZ001 (Tryton's stamps are UTC without saying so)
        case "timedelta":
            return timedelta(**value)
    return value
