"""What people are asked about a quote request before a quote is made of it."""

from __future__ import annotations

from django.db.models import QuerySet

from hub.errors import NeedsReview
from hub.sync.models import Connection, ReviewItem
from orders.models import QuotePolicy, StoreQuote
from orders.quotes.mirroring import placed_of
from orders.quotes.rules import Required, missing

INCOMPLETE, REQUEST = "quote_incomplete", "quote_request"


def evidence_of(quote: StoreQuote) -> dict[str, object]:
    """What names the request, what it asks for, and what of it a decision is about."""
    placed = placed_of(quote)
    return {
        "quote_request": quote.name,
        "company": str(quote.location),
        "po_number": quote.po_number,
        "store": str(quote.connection),
        "total": f"{quote.total.normalize():f} {quote.currency}",
        "lines": [
            f"{line.quantity} × {line.sku or line.title} at {line.unit_price.shop.amount:f}"
            for line in placed.lines
        ],
        "attributes": {one.key: one.value for one in placed.attributes},
        "note": placed.note,
        "content_hash": quote.request_hash,
    }


def check_complete(quote: StoreQuote, policy: QuotePolicy) -> None:
    """Raises NeedsReview that names what the request must say and does not; approved, it goes on as it is."""
    attributes = tuple(name.strip() for name in policy.needed_attributes.split(",") if name.strip())
    required = Required(policy.needs_po_number, attributes, policy.date_attribute.strip())
    lacking = missing(placed_of(quote), required)
    if lacking and not is_approved(quote, INCOMPLETE):
        raise NeedsReview(
            f"{quote.name} lacks {', '.join(lacking)}. Ask the buyer; the request goes on by itself when it says so. "
            "Approve it to go on without.",
            code=INCOMPLETE,
            evidence=evidence_of(quote) | {"missing": lacking},
        )


def check_sales(quote: StoreQuote, policy: QuotePolicy, connection: Connection) -> None:
    """Raises NeedsReview until a person of sales approved the request as it is."""
    if policy.asks_sales and not is_approved(quote, REQUEST):
        raise NeedsReview(
            f"{quote.location} asks for a quote: {quote.name}, {quote.total.normalize():f} {quote.currency} by the "
            f"store's prices. Approve to make a quote in {connection}, or reject it with the reason.",
            code=REQUEST,
            evidence=evidence_of(quote),
        )


def declined(quote: StoreQuote, connection: Connection) -> str:
    """Why a person rejected the request as it is; "" where nobody did."""
    items = _decided(quote).filter(decision=ReviewItem.Decision.REJECTED, connection=connection)
    last = items.order_by("-pk").first()
    return last.reason if last else ""


def is_approved(quote: StoreQuote, code: str) -> bool:
    """Whether a person approved this of the request as it is."""
    is_so: bool = _decided(quote).filter(decision=ReviewItem.Decision.APPROVED, code=code).exists()
    return is_so


def _decided(quote: StoreQuote) -> QuerySet[ReviewItem]:
    """What people decided about the request as it is."""
    return ReviewItem.objects.filter(subject=f"quote:{quote.pk}", evidence__content_hash=quote.request_hash)
