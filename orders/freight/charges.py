"""An order's shipping charges that were quoted here: the ERP's method of each, or a question to a person."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from hub.connectors.documents import LineKind, PlacedOrder
from hub.connectors.freight import method_of
from hub.errors import AmbiguousMatch, Conflict, NeedsReview
from hub.lib.money import Money, MoneyBag
from orders.changes.views import SentOrder
from orders.freight.quotes import quote_of

DIFFERS, AMBIGUOUS, UNMATCHED = "freight_differs", "freight_ambiguous", "freight_unmatched"
_ERRORS: Mapping[str, type[NeedsReview]] = {
    DIFFERS: Conflict,
    AMBIGUOUS: AmbiguousMatch,
    UNMATCHED: AmbiguousMatch,
}


def charges_sent(
    order: PlacedOrder, sent: SentOrder | None, money: Callable[[MoneyBag], Money]
) -> frozenset[str]:
    """Ids of the shipping charges that the ERP's order has at the price that they have in the store now.

    `money` says in which currency the ERP books. A charge of zero is no line there: it is known by its method.
    """
    if sent is None:
        return frozenset()
    prices = {
        line.source_external_id: line.unit_price
        for line in sent.lines
        if line.kind is not LineKind.COMMENT and line.source_external_id
    }

    def is_sent(external_id: str, code: str, price: Money) -> bool:
        if not price.amount and external_id not in prices:
            return method_of(code) == sent.shipping_method_code
        return prices.get(external_id) == price.amount

    return frozenset(
        one.external_id
        for one in order.shipping_lines
        if is_sent(one.external_id, one.code, money(one.price))
    )


def quoted_methods(
    order: PlacedOrder,
    store_id: int,
    approved: Collection[str],
    evidence: Mapping[str, object],
    sent: Collection[str] = (),
) -> dict[str, str]:
    """The ERP's method by shipping line, for those whose price was quoted here. The price is the order's, as quoted.

    Asks the database only about such lines. Raises NeedsReview where a quote is not found for certain, unless a person
    approved that for this order: then the method in the line's code and the amount that the buyer paid stand. So they
    do for charges that were `sent` (by id): what was quoted for the basket of then says nothing about that of now.
    """
    found: dict[str, str] = {}
    for charge in order.shipping_lines:
        told = method_of(charge.code)
        if not told:
            continue
        if charge.external_id in sent:
            found[charge.external_id] = told
            continue
        verdict = quote_of(order, charge, store_id)
        if verdict.quote is None and verdict.code not in approved:
            raise _ERRORS[verdict.code](
                f"The freight {charge.title!r} of {order.name} cannot be matched to a quote: {verdict.reason}. "
                "Approve to send what the buyer paid, with that method; or correct the order in the store.",
                code=verdict.code,
                evidence={**evidence, "shipping_code": charge.code, "charged": str(charge.price.presentment)},
            )
        found[charge.external_id] = verdict.quote.method_code if verdict.quote else told
    return found
