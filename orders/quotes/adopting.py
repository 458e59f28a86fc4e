"""A store's order that was a quote request: the order is made of the ERP's quote, and linked to that."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db.models import Q

from hub.connectors.documents import ErpSalesOrder
from hub.connectors.erp_parts import SalesOrders
from hub.connectors.quotes import ErpQuote, Quotes, QuoteStatus
from hub.errors import Conflict, NeedsReview, NotReadyYet, OutcomeUnknown, TryLater
from hub.sync import attempts, review
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection, Cursor
from orders import mapping
from orders.holds.deciding import evidence_of
from orders.known import KnownOrder
from orders.linking import link_order
from orders.models import QuoteLink, StoreOrder
from orders.quotes.comparing import is_to_be_ordered
from orders.quotes.rules import is_over, tags_named

OPERATION = "order_quote"
QUOTE_OVER, QUOTE_DIFFERS = "quote_over", "quote_differs"
State = QuoteLink.State
_OVER = (QuoteStatus.EXPIRED, QuoteStatus.LOST, QuoteStatus.ORDERED)


def quote_of(known: KnownOrder, connection: Connection) -> QuoteLink | None:
    """The quote that this order was, whose order it is to be; None for an order that was none or is cancelled.

    Raises NotReadyYet while the requests must be read to know.
    """
    if not known.takes_quotes or known.order.cancelled_at is not None:
        return None
    link = _named(known, connection)
    if link is None:
        _wait_for_requests(known.order, connection)
        return None
    return None if link.state == State.WON else link


def adopt_ordered(
    known: KnownOrder, connection: Connection, erp: SalesOrders, link: QuoteLink, side: mapping.Side
) -> str:
    """Link the order that the ERP made of the quote already, whoever had it made; "" where it has made none.

    It is the ERP's own document: no rule of ours keeps it from being this order.
    """
    return "" if _made(erp, link) is None else _ordered(known, connection, erp, link, side)


def is_left_alone(known: KnownOrder) -> bool:
    """Whether a person approved that this order goes as one of its own, as it is, and its quote stays what it is."""
    return bool({QUOTE_OVER, QUOTE_DIFFERS} & known.approved)


def order_quoted(
    known: KnownOrder, connection: Connection, erp: SalesOrders, link: QuoteLink, side: mapping.Side
) -> str:
    """Have the ERP make the order of the quote, and link it; "" where a person chose to send the store's instead.

    Raises NeedsReview where the quote is over or differs from the order. Approved, the order is sent as any other.
    """
    _check_entered(known, link)
    quote = _checked_quote(open_part(erp), known, link, side)
    if not is_to_be_ordered(known, connection, link, quote, side):
        return ""
    return _ordered(known, connection, erp, link, side)


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


def _named(known: KnownOrder, connection: Connection) -> QuoteLink | None:
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


def _check_entered(known: KnownOrder, link: QuoteLink) -> None:
    """What a person entered for the order has no way into the one that the ERP makes by itself."""
    entered = known.holds.values
    if not entered:
        return
    named = ", ".join(f"{field.removeprefix('field:')} {value!r}" for field, value in entered.items())
    raise Conflict(
        f"A person entered values for {known.order.name} ({named}), and the order that the ERP makes of "
        f"{link.shown_number} is without them. Make the order of it there and enter them, then press Try again: it is "
        "linked. Or approve to leave the quote alone and send the order with them as one of its own.",
        code="quote_differs",
        evidence=evidence_of(known.order) | {"quote": link.shown_number, "entered": dict(entered)},
    )


def _checked_quote(quotes: Quotes, known: KnownOrder, link: QuoteLink, side: mapping.Side) -> ErpQuote:
    order, placed = known.order, known.placed
    evidence = evidence_of(order) | {"quote": link.shown_number, "quote_request": link.quote.name}
    found = quotes.read_quotes([link.external_id])
    if word := _end_of(found[0] if found else None, link, side):
        raise NeedsReview(
            f"{order.name} was quote request {link.quote.name}, and {link.shown_number} is {word}. Approve to send it "
            "as an order of its own, at the prices of the store.",
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
    return found[0]


def _end_of(quote: ErpQuote | None, link: QuoteLink, side: mapping.Side) -> str:
    """How the quote came to its end, as the ERP says it now; "" where it is open, also again."""
    if quote is None:
        return "not in the ERP any more" if link.state == State.OPEN else link.get_state_display()
    if quote.status in _OVER:
        return quote.status_text if link.state == State.OPEN else link.get_state_display()
    return "expired" if is_over(quote.valid_until, datetime.now(UTC), side.erp.time_zone) else ""


def _ordered(
    known: KnownOrder,
    connection: Connection,
    erp: SalesOrders,
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
            open_part(erp).order_quote(link.external_id)
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
    review.solve_items("push_quote_to_store", link.quote.connection_id, [link.quote_id])
