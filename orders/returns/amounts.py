"""What refunds of an order are worth to an ERP: goods, shipping, duties, fees, goodwill and rounding, each once.

Pure. All amounts are Decimal in major units of one currency, the shop's or the buyer's. The rule (docs/returns.md):
what a refund is for and the money that moves are compared, and their difference has one place only. More money than
goods is goodwill. Less is first the fees of its return, then what the store itself names as kept, and what is left
was never paid: it lessens what is owed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from hub.connectors.store_returns import PaymentState, ReturnState, StoreRefund, StoreReturn
from hub.lib.money import MoneyBag

_ZERO = Decimal(0)


class Currency(StrEnum):
    """Which of an order's two currencies is meant."""

    SHOP = "shop"
    PRESENTMENT = "presentment"

    def of(self, bag: MoneyBag) -> Decimal:
        """The amount in this currency, major units."""
        return (bag.shop if self is Currency.SHOP else bag.presentment).amount


@dataclass(frozen=True, slots=True)
class RefundWorth:
    """What one refund is worth. `credit` is what the customer is owed less: all of it but the rounding.

    credit = explained + goodwill - fees - kept = moved + unpaid.
    """

    external_id: str
    explained: Decimal
    """Lines, shipping and duties with their taxes."""
    moved: Decimal
    """Money given back or on its way."""
    goodwill: Decimal
    """Given beyond what it is for."""
    restocking_fee: Decimal
    return_shipping_fee: Decimal
    kept: Decimal
    """Not given back, for no fee: a difference that the store names."""
    unpaid: Decimal
    """Never paid: no money moves, and less is owed."""
    rounding: Decimal
    """What cash was rounded by, beside the credit."""

    @property
    def credit(self) -> Decimal:
        """What an ERP's credit memo comes to, with tax."""
        return self.explained + self.goodwill - self.restocking_fee - self.return_shipping_fee - self.kept


@dataclass(slots=True)
class _Fees:
    """What of a return's fees no refund has borne yet."""

    restocking: Decimal
    shipping: Decimal

    def bear(self, missing: Decimal) -> tuple[Decimal, Decimal]:
        """How much of `missing` the fees explain: restocking first, then shipping. What they explained is gone."""
        restocking = min(self.restocking, missing)
        shipping = min(self.shipping, missing - restocking)
        self.restocking -= restocking
        self.shipping -= shipping
        return restocking, shipping


def worth_of_refunds(
    refunds: Iterable[StoreRefund], returns: Iterable[StoreReturn], currency: Currency
) -> dict[str, RefundWorth]:
    """What every refund of one order is worth, by its id.

    All refunds and returns of the order are needed: a return may be refunded in parts, and its fees are kept once, by
    the earliest refunds that lack them. A refund whose money failed counts as if none had moved.
    """
    fees = {one.external_id: _fees_of(one, currency) for one in returns}
    ordered = sorted(refunds, key=lambda one: (one.created_at, one.external_id))
    return {one.external_id: _worth(one, fees.get(one.return_external_id), currency) for one in ordered}


def _fees_of(one: StoreReturn, currency: Currency) -> _Fees:
    if one.state in (ReturnState.CANCELLED, ReturnState.DECLINED):
        return _Fees(_ZERO, _ZERO)
    restocking = sum((currency.of(line.restocking_fee) for line in one.lines if line.restocking_fee), _ZERO)
    shipping = currency.of(one.return_shipping_fee) if one.return_shipping_fee else _ZERO
    return _Fees(restocking, shipping)


def _worth(refund: StoreRefund, fees: _Fees | None, currency: Currency) -> RefundWorth:
    explained = currency.of(refund.explained)
    moved = currency.of(refund.moved(PaymentState.DONE, PaymentState.PENDING))
    goodwill, missing = max(moved - explained, _ZERO), max(explained - moved, _ZERO)
    restocking, shipping = fees.bear(missing) if fees else (_ZERO, _ZERO)
    left = missing - restocking - shipping
    kept = min(abs(currency.of(refund.adjustment)), left)
    return RefundWorth(
        external_id=refund.external_id,
        explained=explained,
        moved=moved,
        goodwill=goodwill,
        restocking_fee=restocking,
        return_shipping_fee=shipping,
        kept=kept,
        unpaid=left - kept,
        rounding=currency.of(refund.rounding),
    )
