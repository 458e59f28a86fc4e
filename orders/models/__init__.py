"""The tables of orders."""

from __future__ import annotations

from orders.models.adoption import AdoptionPolicy, AdoptionRun
from orders.models.changes import ChangeOwner, OrderAgreement, OrderChangePolicy
from orders.models.credits import CreditLineMapping, CreditPolicy, ErpCredit
from orders.models.field_mappings import OrderFieldMapping
from orders.models.freight import FreightPolicy, FreightQuote, FreightRate, FreightTraffic
from orders.models.holds import HoldCondition, HoldRule, OrderOverride
from orders.models.inspections import InspectedLine, ReturnReason
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
from orders.models.ordered_lines import OrderedLine
from orders.models.partner_orders import PartnerCode, PartnerOrder
from orders.models.policies import OrderPolicy
from orders.models.quotes import QuoteLink, QuotePolicy, StoreQuote
from orders.models.requests import PartnerRequest
from orders.models.returns import (
    CreditLink,
    OrderReturns,
    RefundPolicy,
    ReturnLink,
    StoreRefund,
    StoreReturn,
)
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
    "AdoptionPolicy",
    "AdoptionRun",
    "CarrierMapping",
    "ChangeOwner",
    "CreditLineMapping",
    "CreditPolicy",
    "ErpCredit",
    "CreditLink",
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
    "InspectedLine",
    "InstalmentMapping",
    "OrderAgreement",
    "OrderChangePolicy",
    "OrderFieldMapping",
    "OrderLedger",
    "OrderLink",
    "OrderMetafields",
    "OrderOverride",
    "OrderPolicy",
    "OrderReturns",
    "OrderWatch",
    "OrderedLine",
    "OtherLineMapping",
    "PartnerCode",
    "PartnerOrder",
    "PartnerRequest",
    "PaymentTermsMapping",
    "RefundPolicy",
    "ReturnLink",
    "ReturnReason",
    "ShipmentLink",
    "ShippingMethodMapping",
    "StoreOrder",
    "StoreRefund",
    "StoreReturn",
    "QuoteLink",
    "QuotePolicy",
    "StoreQuote",
    "TaxCodeMapping",
    "WarehouseMapping",
    "TaxPolicy",
]
