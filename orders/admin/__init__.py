"""The back office of orders."""

from __future__ import annotations

from orders.admin import (
    credits,
    field_mappings,
    freight,
    holds,
    ledger,
    mappings,
    offline,
    orders,
    policies,
    returns,
    shipments,
)

__all__ = [
    "credits",
    "field_mappings",
    "freight",
    "holds",
    "ledger",
    "mappings",
    "offline",
    "orders",
    "policies",
    "returns",
    "shipments",
]
