"""The tables of inventory."""

from __future__ import annotations

from inventory.models.mappings import ItemMapping, StockMapping
from inventory.models.mirrors import ErpItem, ErpStockLevel, StockScan
from inventory.models.policies import ChannelRule, StockPolicy
from inventory.models.store_mirrors import StoreLocation, StoreScan, StoreStockLevel, StoreVariant

__all__ = [
    "ChannelRule",
    "ErpItem",
    "ErpStockLevel",
    "ItemMapping",
    "StockMapping",
    "StockPolicy",
    "StockScan",
    "StoreLocation",
    "StoreScan",
    "StoreStockLevel",
    "StoreVariant",
]
