"""An order's shipping charges that were quoted here: the ERP's method of each, or a question to a person."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from hub.connectors.documents import PlacedOrder
from hub.connectors.freight import method_of
from hub.errors import AmbiguousMatch, Conflict, NeedsReview
from orders.freight.quotes import quote_of

DIFFERS, AMBIGUOUS, UNMATCHED = "freight_differs", "freight_ambiguous", "freight_unmatched"
_ERRORS: Mapping[str, type[NeedsReview]] = {
    DIFFERS: Conflict,
    AMBIGUOUS: AmbiguousMatch,
    UNMATCHED: AmbiguousMatch,
}


def quoted_methods(
    order: PlacedOrder, store_id: int, approved: Collection[str], evidence: Mapping[str, object]
) -> dict[str, str]:
    """The ERP's method by shipping line, for those whose price was quoted here. The price is the order's, as quoted.

    Asks the database only about such lines. Raises NeedsReview where a quote is not found for certain, unless a person
    approved that for this order: then the method in the line's code and the amount that the buyer paid stand.
    """
    found: dict[str, str] = {}
    for charge in order.shipping_lines:
        told = method_of(charge.code)
        if not told:
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
