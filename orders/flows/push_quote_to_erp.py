"""Answer a buyer's quote request: ask for what it lacks, ask sales, then make a quote of it in the ERP.

Starts   the request's mirror is new or changed, a person decided about it
Reads    StoreQuote as it was within the last minute, QuotePolicy, OrderPolicy, CompanyLocationLink, mapping rows, open
         attempts of this request
Writes   a quote in the ERP, an attempt before it, QuoteLink after it; why a person declined it
Repeat   safe: a linked request is never sent again; an open attempt is looked up by its reference before anything else
Review   required values missing, sales are asked, no mapping, sums that differ, lines for several warehouses where the
         ERP keeps one, changed after the quote was made
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
from django.db import transaction

from hub.connectors.credit_lines import without_tax
from hub.connectors.documents import OrderIdentity, SalesOrder
from hub.connectors.erp_parts import CreatedOrder, SalesOrders
from hub.connectors.quotes import ErpQuote, Quotes, RequestStatus
from hub.errors import Conflict, NeedsReview
from hub.lib.gid import tail
from hub.sync import attempts
from hub.sync.enqueue import enqueue
from hub.sync.models import Attempt, Connection
from hub.sync.running import open_connector, this_run
from orders import mapping
from orders.models import OrderPolicy, QuoteLink, QuotePolicy, StoreQuote
from orders.quotes.asking import check_complete, check_sales, declined, evidence_of, is_approved
from orders.quotes.mirroring import placed_of
from orders.quotes.rules import day_there
from orders.quotes.sending import check_fresh, customer_number, side_of
from orders.rules import totals_difference
from orders.warehouses import CODE as WAREHOUSES
from orders.warehouses import warehouses_kept

OPERATION = "create_quote"


def run(connection: Connection, record_id: int) -> str:
    """Bring the ERP to where this request says it should be; returns what happened."""
    quote = StoreQuote.objects.select_related("connection", "location").get(pk=record_id)
    policy = QuotePolicy.objects.filter(store=quote.connection_id, erp=connection, is_on=True).first()
    if policy is None:
        return "the store's quote requests go elsewhere"
    erp = open_connector(connection)
    if not isinstance(erp, Quotes):
        return "the ERP makes no quotes"
    link = QuoteLink.objects.filter(quote=quote).first()
    if link is None and (told := _adopt_lost(erp, quote, connection)):
        return told
    if link is not None:
        return _linked(quote, link)
    if quote.is_gone or quote.status == RequestStatus.COMPLETED:
        return "it is no request any more"
    if quote.asked_at < policy.requests_from:
        return "asked before the date that the store's quote policy begins with"
    if reason := declined(quote, connection):
        return _decline(quote, reason)
    check_fresh(quote)
    check_complete(quote, policy)
    check_sales(quote, policy, connection)
    return _send(erp, quote, policy, connection)


def _linked(quote: StoreQuote, link: QuoteLink) -> str:
    is_asked = link.state == QuoteLink.State.OPEN and quote.status != RequestStatus.COMPLETED
    if is_asked and link.sent_hash != quote.request_hash:
        raise Conflict(
            f"{quote.name} was changed in the store after {link.shown_number} had been made of it. Delete the quote in "
            "the ERP, or change the request back.",
            code="quote_changed",
            evidence=evidence_of(quote) | {"quote": link.shown_number},
        )
    if link.offer_hash and quote.told != link.offer_hash:
        enqueue("push_quote_to_store", quote.connection_id, [quote.pk])
    return f"in the ERP as {link.shown_number}"


def _decline(quote: StoreQuote, reason: str) -> str:
    with transaction.atomic():
        StoreQuote.objects.filter(pk=quote.pk).update(declined=reason[:250])
        enqueue("push_quote_to_store", quote.connection_id, [quote.pk])
    return f"declined: {reason}"


def _send(erp: Quotes, quote: StoreQuote, policy: QuotePolicy, connection: Connection) -> str:
    document = _document(erp, quote, connection)
    orders = open_connector(connection).supporting(SalesOrders)
    values: dict[str, object] = {
        "reference": document.reference,
        "content_hash": quote.request_hash,
        "lines": [line.external_id for line in placed_of(quote).lines],
        "document": msgspec.to_builtins(document),
    }
    valid_until = day_there(datetime.now(UTC), connection.time_zone) + timedelta(days=policy.valid_days)
    with attempts.intend(
        OPERATION, document.reference, values, deadline=orders.call_deadline, settle_after=orders.settle_after
    ) as attempt:
        created = erp.create_quote(document, valid_until=valid_until)
    _link(quote, connection, created, attempt)
    return f"quoted as {created.number or created.external_id}"


def _document(erp: Quotes, quote: StoreQuote, connection: Connection) -> SalesOrder:
    """The document to send, its sums checked against the store's."""
    placed = placed_of(quote)
    policy = OrderPolicy.objects.get(store=quote.connection_id)
    side = side_of(quote, policy, connection)
    reference = erp.quote_reference(
        OrderIdentity(quote.connection.code, tail(quote.external_id)), placed.po_number.strip() or placed.name
    )
    number = customer_number(quote, connection)
    document = mapping.sales_order(placed, side, customer_number=number, reference=reference)
    expected = side.money(placed.current_total)
    if difference := totals_difference(document, expected.amount, mapping.own_tax(placed, side)):
        raise Conflict(
            f"No quote was made of {quote.name}. {difference}",
            code="sums_differ",
            evidence=evidence_of(quote),
        )
    document = warehouses_kept(
        document,
        by_line=open_connector(connection).supporting(SalesOrders).has_warehouse_by_line,
        is_approved=is_approved(quote, WAREHOUSES),
        evidence=evidence_of(quote),
    )
    # No ERP's quote holds prices that include tax.
    return without_tax(document)


def _link(
    quote: StoreQuote, connection: Connection, created: CreatedOrder | ErpQuote, attempt: Attempt
) -> None:
    with transaction.atomic():
        QuoteLink.objects.create(
            quote=quote,
            connection=connection,
            external_id=created.external_id,
            number=created.number,
            reference=attempt.values["reference"],
            sent_hash=attempt.values["content_hash"],
            sent_lines=attempt.values["lines"],
            sent_document=attempt.values["document"],
        )
        attempts.close(attempt, Attempt.State.CONFIRMED, created.external_id)
        enqueue("read_erp_quotes", connection.pk)


def _adopt_lost(erp: Quotes, quote: StoreQuote, connection: Connection) -> str:
    """What an earlier send may have left there: linked, waited for, or declared lost ("")."""
    lost = attempts.open_attempts(connection.pk, this_run().task.subject)
    if not lost:
        return ""
    found = erp.find_quotes(sorted({attempt.key for attempt in lost}))
    if len(found) > 1:
        raise NeedsReview(
            f"{quote.name} is {len(found)} quotes in the ERP: {', '.join(one.number for one in found)}. Keep one, "
            "delete the others there, then press Try again.",
            code="double_in_erp",
            evidence=evidence_of(quote),
        )
    if found:
        _link(quote, connection, found[0], lost[-1])
        return f"adopted {found[0].number}: it had been made, its answer was lost"
    attempts.wait_until_settled(lost)
    for attempt in lost:
        attempts.close(attempt, Attempt.State.LOST)
    return ""
