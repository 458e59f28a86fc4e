"""The tables of orders."""

from __future__ import annotations

from orders.models.field_mappings import OrderFieldMapping
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
from orders.models.policies import OrderPolicy
from orders.models.tax import TaxPolicy

__all__ = [
    "ErpOrder",
    "InstalmentMapping",
    "OrderFieldMapping",
    "OrderLink",
    "OrderMetafields",
    "OrderPolicy",
    "OtherLineMapping",
    "PaymentTermsMapping",
    "ShippingMethodMapping",
    "StoreOrder",
    "TaxCodeMapping",
    "TaxPolicy",
]
