"""What lines of an ERP's credit or return order are in the store: item numbers, units, shipping charges, as mapped."""

from __future__ import annotations

from hub.connectors.documents import PlacedOrder
from hub.sync.models import Connection
from inventory.models import ItemMapping
from orders.mapping_rows import mapping_rows
from orders.models import CreditLineMapping, OrderPolicy
from orders.returns.crediting import Items
from orders.shipments.items import item_numbers

_KIND = CreditLineMapping.Kind
# What people mapped for what is no goods: below zero on these is less money, never goods that were sold.
FEES = (_KIND.RESTOCKING_FEE, _KIND.RETURN_SHIPPING, _KIND.ADJUSTMENT, _KIND.ROUNDING)


def items_of(placed: PlacedOrder, store: Connection, erp: Connection) -> Items:
    """Of the SKUs of one order. Read only: nothing is asked for.

    Shipping charges are posted where the method's row says, else to the policy's default charge, else to the credit
    line of shipping: what is given back of them is on the same numbers.
    """
    lines = CreditLineMapping.objects.filter(store=store, erp=erp).values_list("kind", "number")
    numbers = {kind: number for kind, number in lines if number}
    sending_back = numbers.get(_KIND.RETURN_SHIPPING, "")
    default = OrderPolicy.objects.filter(store=store).values_list("default_charge_number", flat=True).first()
    charges = {row.charge_number for row in mapping_rows(placed, store.pk, erp.pk).shipping.values()}
    charges |= {default or "", numbers.get(_KIND.SHIPPING, "")}
    units = ItemMapping.objects.filter(store=store, erp=erp, sku__in=[one.sku for one in placed.lines])
    return Items(
        item_numbers(placed.lines, store, erp),
        dict(units.values_list("sku", "units_per_piece")),
        frozenset(filter(None, charges)),
        frozenset(numbers[kind] for kind in FEES if kind in numbers),
        sending_back if sending_back != numbers.get(_KIND.RESTOCKING_FEE) else "",
    )
