"""The tables of orders."""

from __future__ import annotations

from orders.models.field_mappings import OrderFieldMapping
from orders.models.freight import FreightPolicy, FreightQuote, FreightRate, FreightTraffic
from orders.models.holds import HoldCondition, HoldRule, OrderOverride
from orders.models.ledger import OrderLedger
from orders.models.links import OrderLink
from orders.models.mappings import (
    InstalmentMapping,
    OtherLineMapping,
    PaymentTermsMapping,
    ShippingMethodMapping,
    TaxCodeMapping,
)
from orders.models.metafields import OrderMetafields
from orders.models.mirrors import ErpOrder, StoreOrder
from orders.models.offline import OfflineBackfill, OfflineOrderPolicy
from orders.models.policies import OrderPolicy
from orders.models.requests import PartnerRequest
from orders.models.shipments import (
    CarrierMapping,
    ErpShipment,
    FulfilmentPolicy,
    ShipmentLink,
    WarehouseMapping,
)
from orders.models.tax import TaxPolicy
from orders.models.watching import OrderWatch

__all__ = [
    "CarrierMapping",
    "ErpOrder",
    "ErpShipment",
    "FulfilmentPolicy",
    "HoldCondition",
    "HoldRule",
    "OfflineBackfill",
    "OfflineOrderPolicy",
    "FreightPolicy",
    "FreightQuote",
    "FreightRate",
    "FreightTraffic",
    "InstalmentMapping",
    "OrderFieldMapping",
    "OrderLedger",
    "OrderLink",
    "OrderMetafields",
    "OrderOverride",
    "OrderPolicy",
    "OrderWatch",
    "OtherLineMapping",
    "PartnerRequest",
    "PaymentTermsMapping",
    "ShipmentLink",
    "ShippingMethodMapping",
    "StoreOrder",
    "TaxCodeMapping",
    "WarehouseMapping",
    "TaxPolicy",
]
