"""Goods of a store's return and of an ERP's return order, in the ERP's units by its item numbers: compared."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from hub.connectors.documents import LineKind
from hub.sync.models import Connection
from orders.credits.mirroring import document_of as credit_document
from orders.mirroring import document_of
from orders.models import ErpCredit, StoreReturn
from orders.returns.mirroring import return_of
from orders.shipments.items import items_of_lines
from orders.units import ItemRow

Goods = dict[str, Decimal]


def goods_of_return(row: StoreReturn, erp: Connection) -> Goods:
    """What comes back; what is not mapped has no number."""
    placed = document_of(row.order).lines
    rows = items_of_lines(row.order, placed, erp)
    returned = [(rows.get(line.line_external_id, ItemRow()), line.quantity) for line in return_of(row).lines]
    return _sums((item.number, pieces * item.units_per_piece) for item, pieces in returned)


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
