"""Read what became of the quotes in the ERP: prices, validity, expired, deleted, ordered there.

Starts   a quote was made, every 5 minutes by itself
Reads    the ERP's quotes that are open here, or ended lately and may be opened again, by id; orders by the reference
         of a quote that is gone; OrderLink
Writes   offer and state on QuoteLink; has the store told what is new
Repeat   safe: reading changes nothing there; one that is missed is lost only when its look-ups must have settled
Review   a quote that was ordered in the ERP while the request waits in the store
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta

import msgspec
from django.db import transaction
from django.db.models import Q, QuerySet

from hub.connectors.erp_parts import SalesOrders
from hub.connectors.quotes import ErpQuote, Quotes, QuoteStatus
from hub.errors import NeedsReview
from hub.sync import review
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection
from hub.sync.running import open_connector
from orders.models import OrderLink, QuoteLink
from orders.quotes.adopting import close_won
from orders.quotes.rules import is_over, offer_hash

FLOW = "read_erp_quotes"
State = QuoteLink.State
_ENDS = {
    QuoteStatus.EXPIRED: State.EXPIRED,
    QuoteStatus.LOST: State.LOST,
    QuoteStatus.ORDERED: State.ORDERED,
}
_ENDED = (State.EXPIRED, State.LOST)
# So long after its end sales may extend or reopen a quote, and the store's draft order is opened again by itself.
REOPENS_FOR = timedelta(days=30)


def run(connection: Connection, record_id: int) -> str:
    """Read every quote that is open or may be again; returns how many were read, how many said something new."""
    _close_linked(connection)
    links = _to_read(connection).select_related("quote", "connection")
    if not links.exists():
        return "no quote is open"
    erp = open_connector(connection).supporting(Quotes)
    settles = open_connector(connection).supporting(SalesOrders).settle_after
    last = read = news = 0
    while batch := list(links.filter(pk__gt=last).order_by("pk")[: erp.quote_batch]):
        last = batch[-1].pk
        found = {quote.external_id: quote for quote in erp.read_quotes([link.external_id for link in batch])}
        gone = [link for link in batch if link.external_id not in found]
        _leave_deleted([link for link in gone if link.state in _ENDED])
        ordered = _ordered(connection, [link for link in gone if link.state == State.OPEN])
        for link in batch:
            if link.state in _ENDED and link.external_id not in found:
                continue
            if _is_missed_anew(link, found, ordered, settles):
                continue
            news += _note(link, found.get(link.external_id), link.reference in ordered)
        read += len(batch)
    return f"read {read}, {news} with news"


def _to_read(connection: Connection) -> QuerySet[QuoteLink]:
    """Open ones, and those that ended lately, stand in the ERP, and whose draft order still waits in the store."""
    lately = Q(
        state__in=_ENDED,
        closed_at__gt=datetime.now(UTC) - REOPENS_FOR,
        missed_at=None,
        quote__is_gone=False,
        quote__order_external_id="",
    )
    return QuoteLink.objects.filter(lately | Q(state=State.OPEN), connection=connection)


def _leave_deleted(links: Sequence[QuoteLink]) -> None:
    """What ended and was deleted there since comes back no more: it is not read again."""
    if links:
        QuoteLink.objects.filter(pk__in=[link.pk for link in links]).update(missed_at=datetime.now(UTC))


def _close_linked(connection: Connection) -> None:
    """What was asked about before its order was linked has solved itself: that order's answer had been lost, or its
    worker was killed in between.
    """
    for link in QuoteLink.objects.filter(connection=connection, state=State.ORDERED).select_related("quote"):
        if _is_linked(link):
            close_won(link)


def _ordered(connection: Connection, gone: Sequence[QuoteLink]) -> set[str]:
    """References under which orders stand there."""
    if not gone:
        return set()
    orders = open_connector(connection).supporting(SalesOrders)
    return {order.reference for order in orders.find_sales_orders([link.reference for link in gone])}


def _is_missed_anew(
    link: QuoteLink, found: Collection[str], ordered: Collection[str], settles: timedelta
) -> bool:
    """Whether it may still be there, or an order by now: look-ups may lag behind what was written. Looks again then."""
    now = datetime.now(UTC)
    is_there = link.external_id in found or link.reference in ordered
    if is_there == (link.missed_at is not None):
        link.missed_at = None if is_there else now
        link.save(update_fields=["missed_at"])
    if link.missed_at is None or now - link.missed_at >= settles:
        return False
    enqueue(FLOW, link.connection_id, delay=settles.total_seconds())
    return True


def _note(link: QuoteLink, quote: ErpQuote | None, is_ordered: bool) -> bool:
    """Keep what was read; whether it was news. Of what is being worked on nothing is, until it is offered."""
    if quote is not None and quote.status is QuoteStatus.DRAFT:
        return False
    before, has_ended = (link.state, link.offer_hash), link.state in _ENDED
    _keep(link, quote, is_ordered)
    if (link.state, link.offer_hash) == before or (has_ended and link.state in _ENDED):
        return False
    link.closed_at = datetime.now(UTC) if link.state in (*_ENDED, State.WON) else None
    with transaction.atomic():
        # One that was won meanwhile is none of ours to close.
        still = QuoteLink.objects.select_for_update().filter(pk=link.pk, state=before[0])
        if not still.exists():
            return False
        link.save()
        if link.state == State.ORDERED:
            _ask(link)
        elif link.state != State.WON:
            enqueue("push_quote_to_store", link.quote.connection_id, [link.quote_id])
    return True


def _keep(link: QuoteLink, quote: ErpQuote | None, is_ordered: bool) -> None:
    if quote is not None:
        _keep_offer(link, quote)
    else:
        link.state = State.ORDERED if is_ordered else State.LOST
    if link.state == State.ORDERED and _is_linked(link):
        link.state = State.WON


def _is_linked(link: QuoteLink) -> bool:
    """Whether an order of the store is that order already."""
    return OrderLink.objects.filter(connection=link.connection_id, reference=link.reference).exists()


def _keep_offer(link: QuoteLink, quote: ErpQuote) -> None:
    link.offer, link.offer_hash = msgspec.to_builtins(quote), offer_hash(quote)
    link.number, link.valid_until = quote.number[:60], quote.valid_until
    if quote.totals is not None:
        link.currency, link.erp_total = quote.totals.currency, quote.totals.including_tax
    has_ended = is_over(quote.valid_until, datetime.now(UTC), link.connection.time_zone)
    link.state = _ENDS.get(quote.status, State.EXPIRED if has_ended else State.OPEN)


def _ask(link: QuoteLink) -> None:
    error = NeedsReview(
        f"{link.shown_number} became an order in the ERP, and {link.quote.name} still waits in the store. Complete the "
        "draft order there: it is linked to the ERP's order then, and not sent again.",
        code="quote_ordered_in_erp",
        evidence={"quote_request": link.quote.name, "quote": link.shown_number, "reference": link.reference},
    )
    review.open_item(FLOW, link.connection_id, link.quote_id, f"quote:{link.quote_id}", error)
