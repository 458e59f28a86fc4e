"""A store's return as the return order that its ERP is to hold: what is awaited, at the prices that were paid.

It is worth what a refund of all its pieces would be, less its fees: what is credited in the end is the ERP's word.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from hub.connectors.credits import NewCredit, return_reference
from hub.connectors.documents import OrderIdentity, PlacedLine, PlacedOrder
from hub.connectors.store_returns import RefundedLine, Restock, ReturnLine, ReturnState
from hub.connectors.store_returns import StoreRefund as Refund
from hub.connectors.store_returns import StoreReturn as Return
from hub.errors import NeedsReview
from hub.lib.gid import tail
from hub.lib.money import Money, MoneyBag, round_money
from hub.lib.text import storable
from hub.sync.models import Connection
from orders.credits.making import Order, currency_of, new_credit
from orders.returns.amounts import worth_of_refunds
from orders.tax_codes import own_taxes


def reference_of_return(return_external_id: str, store: Connection) -> str:
    """What the return order of this return carries."""
    return return_reference(OrderIdentity(store.code, tail(return_external_id)))


def new_return(returned: Return, order: Order) -> NewCredit:
    """The return order of this return; a request waits there for a clerk.

    Raises MappingMissing as a refund of the same pieces does, NeedsReview for a line that the order does not have.
    """
    refund = as_refund(returned, order.placed)
    worth = worth_of_refunds([refund], [returned], currency_of(order.placed, order.link))
    document = new_credit(refund, worth[refund.external_id], order)
    return replace(
        document,
        reference=reference_of_return(returned.external_id, order.store),
        note=storable(f"Return {returned.name} of {order.placed.name}"),
        is_approved=returned.state is not ReturnState.REQUESTED,
    )


def as_refund(returned: Return, placed: PlacedOrder) -> Refund:
    """The refund of all its pieces, of which no money has moved. Pure."""
    lines = {line.external_id: line for line in placed.lines}
    nothing = _bag(placed, lambda _: Decimal(0))
    return Refund(
        external_id=returned.external_id,
        order_external_id=returned.order_external_id,
        return_external_id=returned.external_id,
        taxes_included=placed.taxes_included,
        lines=tuple(
            _refunded(one, lines.get(one.line_external_id), returned, placed) for one in returned.lines
        ),
        shipping=nothing,
        shipping_tax=nothing,
        duties=nothing,
        adjustment=nothing,
        payments=(),
        note="",
        created_at=returned.created_at,
        updated_at=returned.created_at,
    )


def _refunded(
    one: ReturnLine, line: PlacedLine | None, returned: Return, placed: PlacedOrder
) -> RefundedLine:
    if line is None or not line.quantity:
        raise NeedsReview(
            f"The return {returned.name} names a line that the order does not have. Enter the return order in the ERP "
            "by hand, then dismiss this.",
            code="return_unclear",
            evidence={"return": returned.name, "line": one.line_external_id},
        )
    share = Decimal(one.quantity) / line.quantity

    def paid(side: Callable[[MoneyBag], Money]) -> Decimal:
        return (side(line.unit_price).amount * line.quantity - side(line.discount).amount) * share

    def tax(side: Callable[[MoneyBag], Money]) -> Decimal:
        return share * sum((side(one.amount).amount for one in own_taxes(line.tax_lines)), Decimal(0))

    return RefundedLine(
        external_id=one.external_id,
        line_external_id=one.line_external_id,
        quantity=one.quantity,
        restock=Restock.RETURN,
        subtotal=_bag(placed, paid),
        tax=_bag(placed, tax),
    )


def _bag(placed: PlacedOrder, amount: Callable[[Callable[[MoneyBag], Money]], Decimal]) -> MoneyBag:
    """An amount in both currencies of the order, rounded to each one's minor units."""
    return MoneyBag(
        Money(round_money(amount(_shop), placed.shop_currency), placed.shop_currency),
        Money(round_money(amount(_presentment), placed.presentment_currency), placed.presentment_currency),
    )


def _shop(bag: MoneyBag) -> Money:
    return bag.shop


def _presentment(bag: MoneyBag) -> Money:
    return bag.presentment
