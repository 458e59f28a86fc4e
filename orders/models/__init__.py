"""The tables of orders."""

from __future__ import annotations

from orders.models.field_mappings import OrderFieldMapping
from orders.models.ledger import OrderLedger
from orders.models.links import OrderLink
from orders.models.mappings import PaymentTermsMapping, ShippingMethodMapping, TaxCodeMapping
from orders.models.metafields import OrderMetafields
from orders.models.mirrors import ErpOrder, StoreOrder
from orders.models.policies import OrderPolicy

__all__ = [
    "ErpOrder",
    "OrderFieldMapping",
    "OrderLedger",
    "OrderLink",
    "OrderMetafields",
    "OrderPolicy",
    "PaymentTermsMapping",
    "ShippingMethodMapping",
    "StoreOrder",
    "TaxCodeMapping",
]
