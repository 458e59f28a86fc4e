"""The tables of orders."""

from __future__ import annotations

from orders.models.field_mappings import OrderFieldMapping
from orders.models.ledger import OrderLedger
from orders.models.links import OrderLink
from orders.models.mappings import PaymentTermsMapping, ShippingMethodMapping, TaxCodeMapping
from orders.models.metafields import OrderMetafields
from orders.models.mirrors import ErpOrder, StoreOrder
from orders.models.offline import OfflineBackfill, OfflineOrderPolicy
from orders.models.policies import OrderPolicy
from orders.models.shipments import (
    CarrierMapping,
    ErpShipment,
    FulfilmentPolicy,
    ShipmentLink,
    WarehouseMapping,
)

__all__ = [
    "CarrierMapping",
    "ErpOrder",
    "ErpShipment",
    "FulfilmentPolicy",
    "OfflineBackfill",
    "OfflineOrderPolicy",
    "OrderFieldMapping",
    "OrderLedger",
    "OrderLink",
    "OrderMetafields",
    "OrderPolicy",
    "PaymentTermsMapping",
    "ShipmentLink",
    "ShippingMethodMapping",
    "StoreOrder",
    "TaxCodeMapping",
    "WarehouseMapping",
]
