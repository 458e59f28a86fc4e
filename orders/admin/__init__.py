"""The back office of orders."""

from __future__ import annotations

from orders.admin import (
    adoption,
    changes,
    credits,
    field_mappings,
    freight,
    holds,
    inspections,
    ledger,
    mappings,
    offline,
    orders,
    partners,
    policies,
    quotes,
    returns,
    shipments,
    watching,
)

__all__ = [
    "changes",
    "credits",
    "adoption",
    "field_mappings",
    "freight",
    "holds",
    "inspections",
    "ledger",
    "mappings",
    "offline",
    "orders",
    "partners",
    "policies",
    "returns",
    "quotes",
    "shipments",
    "watching",
]
