"""Goods of a store's return and of an ERP's return order, in the ERP's units by its item numbers: compared."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from hub.connectors.documents import LineKind
from hub.sync.models import Connection
from inventory.models import ItemMapping
from orders.credits.mirroring import document_of as credit_document
from orders.mirroring import document_of
from orders.models import ErpCredit, StoreReturn
from orders.returns.mirroring import return_of
from orders.shipments.items import item_numbers

Goods = dict[str, Decimal]


def goods_of_return(row: StoreReturn, erp: Connection) -> Goods:
    """What comes back; what is not mapped has no number."""
    placed = document_of(row.order).lines
    numbers = item_numbers(placed, row.connection, erp)
    mapped = ItemMapping.objects.filter(store=row.connection, erp=erp, sku__in=list(numbers))
    units = dict(mapped.values_list("sku", "units_per_piece"))
    skus = {line.external_id: line.sku for line in placed}
    returned = [(skus.get(line.line_external_id, ""), line.quantity) for line in return_of(row).lines]
    return _sums((numbers.get(sku, ""), pieces * units.get(sku, Decimal(1))) for sku, pieces in returned)


def goods_of_return_order(one: ErpCredit) -> Goods:
    """What it awaits, received or not."""
    lines = [line for line in credit_document(one).lines if line.kind is LineKind.ITEM and line.quantity]
    return _sums((line.number, line.quantity) for line in lines)


def fits(one: ErpCredit, row: StoreReturn) -> bool:
    """Whether this return order is for the very goods of this return."""
    return goods_of_return_order(one) == goods_of_return(row, one.connection)


def _sums(pairs: Iterable[tuple[str, Decimal]]) -> Goods:
    found: Goods = {}
    for number, quantity in pairs:
        found[number] = found.get(number, Decimal(0)) + quantity
    return found
