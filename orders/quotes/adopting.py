"""A store's order that was a quote request: the order is made of the ERP's quote, and linked to that."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db.models import Q

from hub.connectors.documents import ErpSalesOrder
from hub.connectors.erp_parts import SalesOrders
from hub.connectors.quotes import Quotes, QuoteStatus
from hub.errors import Conflict, NeedsReview, NotReadyYet, OutcomeUnknown, TryLater
from hub.sync import attempts, review
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection, Cursor
from orders import mapping
from orders.holds.deciding import evidence_of, kept_out
from orders.known import KnownOrder
from orders.linking import link_order
from orders.models import QuoteLink, StoreOrder
from orders.preparing import check_fresh
from orders.quotes.rules import tags_named

OPERATION = "order_quote"
QUOTE_OVER, QUOTE_DIFFERS = "quote_over", "quote_differs"
State = QuoteLink.State
_OVER = (QuoteStatus.EXPIRED, QuoteStatus.LOST, QuoteStatus.ORDERED)


def adopt_quoted(known: KnownOrder, connection: Connection, erp: SalesOrders, side: mapping.Side) -> str:
    """Make the order of the quote that this order was, and link it; "" for an order that was none.

    Raises NeedsReview where the quote is over or differs from the order. Approved, the order is sent as any other.
    """
    link = _quote_of(known, connection)
    if known.order.cancelled_at is not None:
        return ""
    if link is None:
        _wait_for_requests(known.order, connection)
        return ""
    quotes = open_part(erp)
    if link.state == State.WON:
        return ""
    # Also after an approval: a clerk may have made the order meanwhile, which is this one then.
    if _made(erp, link) is None:
        if {QUOTE_OVER, QUOTE_DIFFERS} & known.approved:
            return ""
        if settled := kept_out(known, evidence_of(known.order)) or check_fresh(known):
            return settled
        _check_quote(quotes, known, link, side)
    return _ordered(known, connection, erp, quotes, link, side)


def _wait_for_requests(order: StoreOrder, connection: Connection) -> None:
    """A request whose quote the store was not told of yet may have become this order: what it became is read first."""
    untold = QuoteLink.objects.filter(
        connection=connection,
        state__in=[State.OPEN, State.ORDERED],
        quote__location=order.location_id,
        quote__told="",
    )
    covered = Cursor.objects.filter(
        connection=order.connection_id,
        flow="pull_store_quotes",
        covered_at__gt=order.placed_at + timedelta(seconds=30),
    )
    if untold.exists() and not covered.exists():
        enqueue("pull_store_quotes", order.connection_id)
        raise NotReadyYet("The store's quote requests are read before the order is sent.", after=15.0)


def open_part(erp: SalesOrders) -> Quotes:
    """The ERP as the part that made the quote."""
    if not isinstance(erp, Quotes):
        raise TypeError(f"{erp} has made a quote and plays no Quotes")
    return erp


def _quote_of(known: KnownOrder, connection: Connection) -> QuoteLink | None:
    """By the order that the request became, or by the tag that it was given and that came along."""
    named = Q(quote__order_external_id=known.order.external_id)
    for token in tags_named(known.placed.tags):
        named |= Q(reference__endswith=token, quote__order_external_id="")
    found = QuoteLink.objects.filter(
        named, connection=connection, quote__connection=known.order.connection_id
    )
    return found.select_related("quote").order_by("pk").first()


def _made(erp: SalesOrders, link: QuoteLink) -> ErpSalesOrder | None:
    found = erp.find_sales_orders([link.reference])
    if len(found) > 1:
        numbers = ", ".join(one.number or one.external_id for one in found)
        raise Conflict(
            f"{link.shown_number} became {len(found)} orders in the ERP: {numbers}. Keep one of them there and cancel "
            "the others, then press Try again.",
            code="double_in_erp",
            evidence={"quote": link.shown_number, "orders": [one.number for one in found]},
        )
    return found[0] if found else None


def _check_quote(quotes: Quotes, known: KnownOrder, link: QuoteLink, side: mapping.Side) -> None:
    order, placed = known.order, known.placed
    evidence = evidence_of(order) | {"quote": link.shown_number, "quote_request": link.quote.name}
    found = quotes.read_quotes([link.external_id])
    if not found or link.state in (State.LOST, State.EXPIRED) or found[0].status in _OVER:
        is_told = found and link.state == State.OPEN
        word = found[0].status_text if is_told else link.get_state_display()
        raise NeedsReview(
            f"{order.name} was quote request {link.quote.name}, and {link.shown_number} is "
            f"{word if is_told or link.state != State.OPEN else 'not in the ERP any more'}. Approve to send it as an "
            "order of its own, at the prices of the store.",
            code="quote_over",
            evidence=evidence,
        )
    totals = found[0].totals
    expected = side.money(placed.current_total)
    said = (totals.currency, totals.including_tax, totals.tax) if totals else None
    if said != (expected.currency, expected.amount, mapping.own_tax(placed, side)):
        raise Conflict(
            f"{order.name} comes to {expected} in the store, and {link.shown_number} to "
            f"{f'{said[1]} {said[0]} (tax {said[2]})' if said else 'nothing yet'} in the ERP. Correct the quote there, "
            "then press Try again; approve to leave the quote alone and send the order as it is.",
            code="quote_differs",
            evidence=evidence,
        )


def _ordered(
    known: KnownOrder,
    connection: Connection,
    erp: SalesOrders,
    quotes: Quotes,
    link: QuoteLink,
    side: mapping.Side,
) -> str:
    """Make the order where nobody has yet, and link it. An answer that was lost leaves the attempt to be looked up."""
    expected = side.money(known.placed.current_total)
    values: dict[str, object] = {
        "reference": link.reference,
        "content_hash": known.order.content_hash,
        "currency": expected.currency,
        "total": str(expected.amount),
        "tax": str(mapping.own_tax(known.placed, side)),
    }
    with attempts.intend(
        OPERATION, link.reference, values, deadline=erp.call_deadline, settle_after=erp.settle_after
    ) as attempt:
        made = _made(erp, link)
        if made is None:
            quotes.order_quote(link.external_id)
            try:
                made = _made(erp, link)
            except TryLater as error:
                raise OutcomeUnknown(
                    f"{link.shown_number} was ordered, and not found yet: {error}"
                ) from error
        if made is None:
            raise OutcomeUnknown(f"The order of {link.shown_number} is not found yet.")
    link_order(known.order, connection, made, attempt, is_adopted=True)
    close_won(link)
    return f"linked to {made.number}, made of quote {link.shown_number}"


def close_won(link: QuoteLink) -> None:
    """The quote became an order, and what was asked about it has solved itself."""
    QuoteLink.objects.filter(pk=link.pk).update(state=State.WON, closed_at=datetime.now(UTC))
    review.solve_items("read_erp_quotes", link.connection_id, [link.quote_id])
