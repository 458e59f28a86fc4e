"""What lines of an ERP's credit or return order are in the store: items, units, shipping charges, as mapped."""

from __future__ import annotations

from hub.connectors.documents import PlacedOrder
from hub.sync.models import Connection
from orders.mapping_rows import mapping_rows
from orders.models import CreditLineMapping, OrderPolicy, StoreOrder
from orders.returns.crediting import Items
from orders.shipments.items import items_of_lines

_KIND = CreditLineMapping.Kind
# What people mapped for what is no goods: below zero on these is less money, never goods that were sold.
FEES = (_KIND.RESTOCKING_FEE, _KIND.RETURN_SHIPPING, _KIND.ADJUSTMENT, _KIND.ROUNDING)


def items_of(order: StoreOrder, placed: PlacedOrder, erp: Connection) -> Items:
    """Of the lines of one order. Read only: nothing is asked for.

    Shipping charges are posted where the method's row says, else to the policy's default charge, else to the credit
    line of shipping: what is given back of them is on the same numbers.
    """
    store = order.connection
    lines = CreditLineMapping.objects.filter(store=store, erp=erp).values_list("kind", "number")
    numbers = {kind: number for kind, number in lines if number}
    sending_back = numbers.get(_KIND.RETURN_SHIPPING, "")
    default = OrderPolicy.objects.filter(store=store).values_list("default_charge_number", flat=True).first()
    charges = {row.charge_number for row in mapping_rows(placed, store.pk, erp.pk).shipping.values()}
    charges |= {default or "", numbers.get(_KIND.SHIPPING, "")}
    return Items(
        items_of_lines(order, placed.lines, erp),
        frozenset(filter(None, charges)),
        frozenset(numbers[kind] for kind in FEES if kind in numbers),
        sending_back if sending_back != numbers.get(_KIND.RESTOCKING_FEE) else "",
    )
