"""Quote requests into the mirror, and how a mirror is read again."""

from __future__ import annotations

from datetime import datetime

import msgspec
from django.db import transaction

from companies.models import StoreCompanyLocation
from hub.connectors.documents import PlacedOrder
from hub.connectors.quotes import QuoteRequest, QuoteStamp
from hub.lib.stored import Stored
from hub.lib.text import storable, stored_json
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection
from orders.models import QuotePolicy, StoreQuote
from orders.offline.marks import mark_in
from orders.partners.documents import marked_in
from orders.quotes.rules import request_hash

PUSH = "push_quote_to_erp"
# Learnt before there are threads; `orders.mirroring` says why.
_documents = Stored(PlacedOrder)


def placed_of(quote: StoreQuote) -> PlacedOrder:
    """The order that the request would be."""
    return _documents.read(quote.document)


def is_request(seen: PlacedOrder | QuoteStamp) -> bool:
    """Whether a company asks for it; a draft by which we place an order is none."""
    return bool(seen.company_location_external_id) and not (mark_in(seen.tags) or marked_in(seen.tags))


def mirror_request(connection: Connection, request: QuoteRequest, *, read_at: datetime) -> StoreQuote | None:
    """Mirror a company's request, never an older version over a newer one; None for what `is_request` says is none.

    `read_at` is the database's time before it was asked for. What is new of it is decided by the policy's ERP.
    """
    order = request.order
    if not is_request(order):
        return None
    with transaction.atomic():
        location, is_new = StoreCompanyLocation.objects.get_or_create(
            connection=connection,
            external_id=order.company_location_external_id,
            defaults={"company_external_id": order.company_external_id},
        )
        if is_new:
            enqueue("pull_company_locations", connection.pk)
        known = StoreQuote.objects.filter(connection=connection, external_id=order.external_id)
        before = known.select_for_update().first()
        if before is not None and before.remote_updated_at > order.updated_at:
            return before
        values = _values(request) | {"location": location, "observed_at": read_at}
        quote, _ = StoreQuote.objects.update_or_create(
            connection=connection, external_id=order.external_id, defaults=values
        )
        if before is None or (before.request_hash, before.status) != (quote.request_hash, quote.status):
            decide_again(quote)
    return quote


def decide_again(quote: StoreQuote) -> None:
    """Have the request decided, where the store's policy names an ERP."""
    erps = QuotePolicy.objects.filter(store=quote.connection_id, is_on=True).values_list("erp", flat=True)
    for erp_id in erps:
        enqueue(PUSH, erp_id, [quote.pk])


def _values(request: QuoteRequest) -> dict[str, object]:
    order = request.order
    return {
        "name": storable(order.name)[:100],
        "po_number": storable(order.po_number)[:255],
        "status": request.status.value,
        "order_external_id": request.order_external_id,
        "currency": order.shop_currency,
        "total": order.total.shop.amount,
        "asked_at": order.created_at,
        "remote_updated_at": order.updated_at,
        "is_gone": False,
        "request_hash": request_hash(order),
        "document": msgspec.json.decode(stored_json(msgspec.to_builtins(order))),
    }
