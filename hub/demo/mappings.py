"""What an administrator would have filled in before the first order: policy and mappings of a store and its ERP."""

from __future__ import annotations

from decimal import Decimal

from hub.connectors.documents import LineKind
from hub.demo import goods
from hub.demo.erps.far_erp import Codes
from hub.sync.models import Connection
from inventory.models import ItemMapping
from orders.models import (
    CreditLineMapping,
    CreditPolicy,
    OrderPolicy,
    PaymentTermsMapping,
    RefundPolicy,
    ShippingMethodMapping,
    TaxCodeMapping,
)


def map_pair(store: Connection, erp: Connection, codes: Codes, *, items: int = goods.ITEMS) -> None:
    """Let the store's orders go to the ERP, and give what is in `goods` its code there: of its items the first ones."""
    pair = {"store": store, "erp": erp}
    OrderPolicy.objects.create(**pair)
    ItemMapping.objects.bulk_create(
        ItemMapping(sku=goods.sku(n), item_number=goods.item_number(n), **pair) for n in range(1, items + 1)
    )
    TaxCodeMapping.objects.bulk_create(
        TaxCodeMapping(title=title, rate=Decimal(rate), erp_code=code, **pair)
        for title, rate, code in codes.taxes
    )
    PaymentTermsMapping.objects.bulk_create(
        PaymentTermsMapping(type=kind, due_in_days=days, name=words, erp_code=code, **pair)
        for kind, days, words, code in codes.terms
    )
    ShippingMethodMapping.objects.bulk_create(
        ShippingMethodMapping(
            title=title, erp_method_code=method, charge_kind=codes.charge_kind, charge_number=number, **pair
        )
        for title, method, number in codes.shipping
    )


def map_credits(store: Connection, erp: Connection, codes: Codes) -> None:
    """Let the store's refunds become credits of the ERP; what of one is no item goes where shipping charges go.

    Where those are a cost of the document's own, which cannot be below zero, it goes to the item that no store sells.
    """
    is_line = codes.charge_kind is not LineKind.SHIPPING
    RefundPolicy.objects.create(store=store)
    CreditPolicy.objects.create(store=store)
    CreditLineMapping.objects.bulk_create(
        CreditLineMapping(
            store=store,
            erp=erp,
            kind=kind,
            line_kind=codes.charge_kind if is_line else LineKind.ITEM,
            number=codes.shipping[0][2] if is_line else goods.HIDDEN,
            tax_code=codes.taxes[0][2],
            tax_percent=Decimal(codes.taxes[0][1]) * 100,
        )
        for kind in CreditLineMapping.Kind
    )
