"""Tell a store what became of a quote request: the ERP's prices, or that it came to nothing.

Starts   an offer of the ERP is new, a quote expired, was lost or is open again, a person declined the request
Reads    StoreQuote, QuoteLink, the request as the store holds it now
Writes   prices and a tag on the draft order; a tag and a line under its note where it came to nothing
Repeat   safe: what was told is remembered, and telling it again says the same
Review   the request changed after the quote was made, lines or prices that the store cannot hold, totals that differ
"""

from __future__ import annotations

from dataclasses import replace

from hub.connectors.documents import SalesOrderLine
from hub.connectors.quotes import ErpQuote, QuotedLine, QuoteRequest, QuoteRequests, RequestStatus
from hub.errors import Conflict
from hub.lib.stored import Stored
from hub.sync.models import Connection
from hub.sync.running import open_connector
from orders.freshness import database_time
from orders.models import QuoteLink, StoreQuote
from orders.quotes.asking import evidence_of
from orders.quotes.mirroring import mirror_request
from orders.quotes.rules import TAG, prices, request_hash, words_of_end, words_of_opening
from orders.quotes.taxed import OfferUnclear

State = QuoteLink.State
DECLINED = "declined"
ENDS = tuple(f"quote-{state}" for state in (State.LOST, State.EXPIRED))
_offers, _sent_lines = Stored(ErpQuote), Stored(tuple[SalesOrderLine, ...])


def run(connection: Connection, record_id: int) -> str:
    """Bring the store's draft order to what is known of its quote; returns what was told."""
    quote = StoreQuote.objects.select_related("connection", "location").get(pk=record_id)
    link = QuoteLink.objects.filter(quote=quote).first()
    wanted = _wanted(quote, link)
    if not wanted or wanted == quote.told:
        return "nothing to tell"
    store = open_connector(connection).supporting(QuoteRequests)
    read_at = database_time()
    request = store.read_quote(quote.external_id)
    if request is None:
        StoreQuote.objects.filter(pk=quote.pk).update(is_gone=True)
        return "it is not in the store any more"
    if request.status is RequestStatus.COMPLETED:
        mirror_request(connection, request, read_at=read_at)
        return "it became an order"
    if link is not None and wanted == link.offer_hash:
        request = _opened_again(store, link, request)
        _price(store, quote, link, request)
    else:
        number = link.shown_number if link else quote.name
        store.mark_quote(request, [f"quote-{wanted}"], words_of_end(wanted, number, quote.declined))
    StoreQuote.objects.filter(pk=quote.pk).update(told=wanted)
    return f"told {'the prices' if link and wanted == link.offer_hash else wanted}"


def _wanted(quote: StoreQuote, link: QuoteLink | None) -> str:
    """What the store shall have been told: the hash of the offer, or how it ended; "" for nothing."""
    if link is None:
        return DECLINED if quote.declined else ""
    if link.state in (State.LOST, State.EXPIRED):
        return link.state
    return link.offer_hash if link.state == State.OPEN else ""


def _opened_again(store: QuoteRequests, link: QuoteLink, request: QuoteRequest) -> QuoteRequest:
    """The request without the tags of an end, where sales extended or reopened its quote; a line says so there."""
    tags = tuple(tag for tag in request.order.tags if tag not in ENDS)
    if len(tags) == len(request.order.tags):
        return request
    standing = replace(request, order=replace(request.order, tags=tags))
    store.mark_quote(standing, [], words_of_opening(link.shown_number, link.valid_until))
    return standing


def _price(store: QuoteRequests, quote: StoreQuote, link: QuoteLink, request: QuoteRequest) -> None:
    """Put the prices on the request. Raises Conflict where that would not be what the ERP offers."""
    offer = _offers.read(link.offer)
    evidence = evidence_of(quote) | {"quote": link.shown_number}
    if request_hash(request.order) != link.sent_hash:
        raise Conflict(
            f"{quote.name} was changed in the store after {link.shown_number} had been made of it. Delete the quote in "
            "the ERP, or change the request back.",
            code="quote_changed",
            evidence=evidence,
        )
    made = store.price_quote(
        request, _lines(quote, link, request, offer), [TAG + link.reference.rpartition("/")[2]]
    )
    totals = offer.totals
    if totals and (made.total.amount, made.tax.amount) != (totals.including_tax, totals.tax):
        raise Conflict(
            f"With the prices of {link.shown_number} {quote.name} comes to {made.total} (tax {made.tax}) in the store, "
            f"and to {totals.including_tax} {totals.currency} (tax {totals.tax}) in the ERP. Correct the quote there; "
            "it is compared again when it changes.",
            code="quote_totals_differ",
            evidence=evidence,
        )


def _lines(quote: StoreQuote, link: QuoteLink, request: QuoteRequest, offer: ErpQuote) -> list[QuotedLine]:
    order = request.order
    try:
        if {order.shop_currency, order.presentment_currency} != {link.currency}:
            raise OfferUnclear(f"it is in {link.currency}, the request in {order.presentment_currency}")
        return prices(order, _sent(link), link.sent_lines, offer)
    except OfferUnclear as error:
        raise Conflict(
            f"The prices of {link.shown_number} cannot be put on {quote.name}: {error}. Correct the quote in the ERP, "
            "or change the draft order in the store by hand.",
            code="quote_unclear",
            evidence=evidence_of(quote) | {"quote": link.shown_number},
        ) from error


def _sent(link: QuoteLink) -> tuple[SalesOrderLine, ...]:
    return _sent_lines.read(link.sent_document["lines"])
