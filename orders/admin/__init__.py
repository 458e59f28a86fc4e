"""The back office of orders."""

from __future__ import annotations

from orders.admin import (
    field_mappings,
    freight,
    holds,
    ledger,
    mappings,
    offline,
    orders,
    policies,
    shipments,
    watching,
)

__all__ = [
    "field_mappings",
    "freight",
    "holds",
    "ledger",
    "mappings",
    "offline",
    "orders",
    "policies",
    "shipments",
    "watching",
]
