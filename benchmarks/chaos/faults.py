"""The scripted faults of a run, and a digest that is equal where two runs have met the same."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any

from benchmarks.chaos.timing import Timing
from hub.demo.erps.far_erp import Operations

Rules = list[dict[str, Any]]


def rules(timing: Timing, erp: Operations) -> Rules:
    """Every kind of fault, on creates, on reads, on the store and on its webhooks."""
    return [
        *_on_creates(timing, erp.create),
        *_on_erp_reads(timing, erp),
        *_on_store(timing),
        *_on_webhooks(),
    ]


def rules_beyond_settling(timing: Timing, create: str) -> Rules:
    """Creates that are carried out after nobody expects them any more."""
    soon, late = timing.too_late
    erp = {"kind": "late_commit", "system": "erp", "operation": create}
    return [
        {"id": "beyond settling", **erp, "seconds": soon, "probability": 0.3},
        {"id": "beyond the second look", **erp, "seconds": late, "probability": 0.3},
    ]


def _on_creates(timing: Timing, create: str) -> Rules:
    slow = timing.deadline + 0.5
    # kind, probability, parameters
    faults: tuple[tuple[str, float, dict[str, Any]], ...] = (
        ("commit_then_drop", 0.04, {"how": "close"}),
        ("commit_then_drop", 0.02, {"how": "reset"}),
        ("commit_then_500", 0.02, {}),
        ("commit_then_500", 0.02, {"status": 504}),
        ("drop_before", 0.03, {}),
        ("truncate", 0.02, {"keep": 0.5}),
        ("html", 0.02, {"commit": True}),
        ("html", 0.01, {"commit": False}),
        ("status", 0.02, {"status": 429, "retry_after": 1}),
        ("status", 0.01, {"status": 429, "retry_after": 2, "http_date": True}),
        ("status", 0.02, {"status": 503}),
        ("expired_token", 0.01, {}),
        ("slow_drip", 0.01, {"interval": 0.05}),
        ("latency", 0.03, {"seconds": 1.0, "jitter": 0.5}),
        ("latency", 0.01, {"seconds": slow, "where": "after"}),
        ("late_commit", 0.03, {"seconds": timing.late}),
    )
    return _rules("create", "erp", create, faults)


def _on_erp_reads(timing: Timing, erp: Operations) -> Rules:
    faults: tuple[tuple[str, float, dict[str, Any]], ...] = (
        ("latency", 0.05, {"seconds": 0.5, "jitter": 0.5}),
        ("status", 0.02, {"status": 429, "retry_after": 1}),
        ("status", 0.02, {"status": 503, "retry_after": 1}),
        ("truncate", 0.02, {}),
        ("html", 0.02, {}),
        ("drop_before", 0.02, {}),
        ("expired_token", 0.02, {}),
        ("slow_drip", 0.005, {"interval": 0.05}),
        ("unknown_fields", 0.05, {}),
    )
    lagging = {"kind": "lagging_lookup", "system": "erp", "operation": erp.look_ups, "seconds": timing.lag}
    token = {"kind": "drop_before", "system": "erp", "operation": erp.sign_in, "probability": 0.1}
    return [
        {"id": "lagging lookup", "probability": 0.4, **lagging},
        *([{"id": "token dropped", **token}] if erp.sign_in else []),
        *_rules("erp read", "erp", erp.reads, faults),
    ]


def _on_store(timing: Timing) -> Rules:
    faults: tuple[tuple[str, float, dict[str, Any]], ...] = (
        ("latency", 0.04, {"seconds": 0.5, "jitter": 0.5}),
        ("throttled", 0.05, {}),
        ("status", 0.02, {"status": 429, "retry_after": 1}),
        ("status", 0.02, {"status": 503}),
        ("expired_token", 0.02, {}),
        ("commit_then_drop", 0.03, {}),
        ("commit_then_500", 0.02, {}),
        ("drop_before", 0.02, {}),
        ("truncate", 0.02, {}),
        ("html", 0.02, {}),
        ("slow_drip", 0.005, {"interval": 0.05}),
        ("unknown_fields", 0.05, {}),
    )
    lagging = {
        "kind": "lagging_lookup",
        "system": "store",
        "operation": "ChangedOrders",
        "seconds": timing.lag,
    }
    return [
        {"id": "store lags", "probability": 0.2, **lagging},
        *_rules("store", "store", "*", faults),
    ]


def _on_webhooks() -> Rules:
    faults: tuple[tuple[str, float, dict[str, Any]], ...] = (
        ("lose_webhook", 0.1, {}),
        ("duplicate_webhook", 0.1, {"copies": 3}),
        ("delay_webhook", 0.08, {"seconds": 3.0}),
        ("reorder_webhook", 0.08, {"seconds": 2.0}),
    )
    return _rules("webhook", "store", "orders/*", faults)


def _rules(
    about: str, system: str, operation: str, faults: Iterable[tuple[str, float, dict[str, Any]]]
) -> Rules:
    return [
        {
            "id": f"{about} {number}: {kind}",
            "kind": kind,
            "system": system,
            "operation": operation,
            "probability": probability,
            **parameters,
        }
        for number, (kind, probability, parameters) in enumerate(faults, start=1)
    ]


def digest(log: Iterable[dict[str, Any]], left_out: Collection[str], create: str) -> str:
    """One text for what befell the first create and the first webhook of every order.

    These come in every run; how often a create is sent again depends on where a worker was killed. Orders
    that buyers changed (`left_out`: parts of keys) may differ as well. The same seed gives the same digest.
    """
    decisions = sorted(
        f"{entry['rule']}|{entry['system']}/{entry['name']}|{entry['operation']}|{entry['key']}"
        for entry in log
        if _always_comes(entry, create) and not any(part in entry["key"] for part in left_out)
    )
    return hashlib.sha256("\n".join(decisions).encode()).hexdigest()[:16]


def _always_comes(entry: dict[str, Any], create: str) -> bool:
    return bool(entry["key"]) and entry["occurrence"] == 1 and entry["operation"] in (create, "orders/create")


def counts(log: Iterable[dict[str, Any]]) -> dict[str, int]:
    """How many faults of each kind were injected."""
    return dict(sorted(Counter(str(entry["kind"]) for entry in log).items()))
