"""The back office of orders."""

from __future__ import annotations

from orders.admin import mappings, orders, policies

__all__ = ["mappings", "orders", "policies"]
