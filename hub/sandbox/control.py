"""The sandbox's own interface under /_sandbox: truth, reset, seed, act, faults, systems and the logs."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

from hub.sandbox.faults import Faults
from hub.sandbox.registry import DEFAULT, ERP, STORE, Registry
from hub.sandbox.system import Response, Soon, System, settled
from hub.sandbox.traffic import Traffic
from hub.sandbox.webhooks import Deliveries

Query = dict[str, str]
Body = dict[str, Any]


class Control:
    """Answers control requests. Every refusal is a 400 with {"error": words}."""

    def __init__(self, registry: Registry, faults: Faults, traffic: Traffic, deliveries: Deliveries) -> None:
        self.registry = registry
        self.faults = faults
        self.traffic = traffic
        self.deliveries = deliveries
        self.verbs: dict[tuple[str, str], Callable[[Query, Body], Soon[object]]] = {
            ("GET", "truth"): self._truth,
            ("POST", "reset"): self._reset,
            ("POST", "seed"): self._seed,
            ("POST", "act"): self._act,
            ("GET", "faults"): lambda query, body: self.faults.describe(),
            ("POST", "faults"): self._set_faults,
            ("DELETE", "faults"): self._clear_faults,
            ("GET", "systems"): self._list_systems,
            ("POST", "systems"): self._create,
            ("GET", "stats"): lambda query, body: self.traffic.stats(),
            ("DELETE", "stats"): self._reset_stats,
            ("GET", "requests"): self._requests,
            ("GET", "webhooks"): lambda query, body: {"webhooks": list(self.deliveries.log)},
        }

    async def answer(self, method: str, verb: str, query: str, body: bytes) -> Response:
        """Carry out one control request."""
        handler = self.verbs.get((method, verb))
        if handler is None:
            known = ", ".join(f"{its_method} {its_verb}" for its_method, its_verb in sorted(self.verbs))
            return _json(404, {"error": f"no {method} {verb} here; there are {known}"})
        try:
            return _json(200, await settled(handler(_query(query), _body(body))))
        except ValueError as error:
            return _json(400, {"error": str(error)})

    async def _truth(self, query: Query, body: Body) -> object:
        found = self.registry.matching(query.get("kind"), query.get("name"))
        return {
            "stores": {
                system.name: await settled(system.truth()) for system in found if system.kind == STORE
            },
            "erps": {system.name: await settled(system.truth()) for system in found if system.kind == ERP},
        }

    def _reset(self, query: Query, body: Body) -> object:
        profile = _text(body, "profile", "empty")
        kind, name = body.get("kind"), body.get("name")
        found = self.registry.matching(kind, name)
        if not found:
            raise ValueError(f"no system runs with kind {kind!r} and name {name!r}")
        for system in found:
            system.reset(profile)
        return {"reset": [f"{system.kind}/{system.name}" for system in found]}

    async def _seed(self, query: Query, body: Body) -> object:
        return await self._with_webhooks(body, lambda system: system.seed(_object(body, "data")))

    async def _act(self, query: Query, body: Body) -> object:
        action = _text(body, "action")
        return await self._with_webhooks(body, lambda system: system.act(action, _object(body, "data")))

    async def _with_webhooks(self, body: Body, do: Callable[[System], Soon[Body]]) -> object:
        system = self.registry.get(_text(body, "kind"), _text(body, "name", DEFAULT))
        try:
            return await settled(do(system))
        finally:
            self.deliveries.send(system, self.registry.time_scale_of(system))

    def _set_faults(self, query: Query, body: Body) -> object:
        self.faults.set(body)
        return self.faults.describe()

    def _clear_faults(self, query: Query, body: Body) -> object:
        self.faults.set({"rules": []})
        return self.faults.describe()

    def _list_systems(self, query: Query, body: Body) -> object:
        return {"systems": [_described(system) for system in self.registry.matching(None, None)]}

    def _create(self, query: Query, body: Body) -> object:
        system = self.registry.create(
            _text(body, "kind"), _text(body, "name", DEFAULT), _object(body, "options")
        )
        return _described(system)

    def _reset_stats(self, query: Query, body: Body) -> object:
        self.traffic.reset()
        return self.traffic.stats()

    def _requests(self, query: Query, body: Body) -> object:
        since = float(query.get("since", "0"))
        operation = query.get("operation", "*")
        return {"requests": self.traffic.requests(query.get("kind"), query.get("name"), operation, since)}


def _described(system: System) -> dict[str, str]:
    folder = "stores" if system.kind == STORE else "erps"
    root = "" if system.name == DEFAULT else f"/{folder}/{system.name}"
    return {"kind": system.kind, "name": system.name, "root": root}


def _json(status: int, value: object) -> Response:
    return Response(status, json.dumps(value, default=_plain).encode())


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    raise TypeError(f"{type(value).__name__} is not JSON-ready")


def _query(query: str) -> Query:
    return {name: values[-1] for name, values in parse_qs(query).items()}


def _body(body: bytes) -> Body:
    if not body:
        return {}
    value = json.loads(body)
    if not isinstance(value, dict):
        raise ValueError("the body must be a JSON object")
    return value


def _text(body: Body, name: str, default: str | None = None) -> str:
    value = body.get(name, default)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} is missing or not a text")
    return value


def _object(body: Body, name: str) -> dict[str, Any]:
    value = body.get(name, {})
    if not isinstance(value, dict):
        raise ValueError(f"{name} must be an object")
    return value
