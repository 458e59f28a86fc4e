"""The back office of orders."""

from __future__ import annotations

from orders.admin import (
    adoption,
    field_mappings,
    freight,
    holds,
    ledger,
    mappings,
    offline,
    orders,
    policies,
    shipments,
)

__all__ = [
    "adoption",
    "field_mappings",
    "freight",
    "holds",
    "ledger",
    "mappings",
    "offline",
    "orders",
    "policies",
    "shipments",
]
