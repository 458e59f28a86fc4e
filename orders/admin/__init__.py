"""The back office of orders."""

from __future__ import annotations

from orders.admin import field_mappings, ledger, mappings, orders, policies

__all__ = ["field_mappings", "ledger", "mappings", "orders", "policies"]
