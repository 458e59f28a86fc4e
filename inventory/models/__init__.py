"""The tables of inventory."""

from __future__ import annotations

from inventory.models.mappings import ItemMapping

__all__ = ["ItemMapping"]
