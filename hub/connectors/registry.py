"""Every connector by its key: adding an ERP or a store platform adds one line here."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from hub.connectors.base import Connector

CONNECTORS: dict[str, tuple[str, str, str]] = {
    # key: (side, label, dotted path of the Connector class)
    "shopify": ("store", "Shopify", "hub.connectors.stores.shopify.connector.ShopifyStore"),
    "business_central": (
        "erp",
        "Business Central",
        "hub.connectors.erps.business_central.connector.BusinessCentral",
    ),
    "tryton": ("erp", "Tryton", "hub.connectors.erps.tryton.connector.Tryton"),
    "netsuite": ("erp", "NetSuite", "hub.connectors.erps.netsuite.connector.NetSuite"),
}


@cache
def connector_class(key: str) -> type[Connector]:
    """The connector class of a registry key; raises KeyError for a key that is not registered."""
    module_name, _, class_name = CONNECTORS[key][2].rpartition(".")
    found: type[Connector] = getattr(import_module(module_name), class_name)
    return found
