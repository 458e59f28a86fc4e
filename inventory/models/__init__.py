"""The tables of inventory."""

from __future__ import annotations

from inventory.models.mappings import ItemMapping, StockMapping
from inventory.models.mirrors import ErpItem, ErpStockLevel, StockScan

__all__ = ["ErpItem", "ErpStockLevel", "ItemMapping", "StockMapping", "StockScan"]
