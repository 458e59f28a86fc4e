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
    quotes,
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
    "quotes",
    "shipments",
]
