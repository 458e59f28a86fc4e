"""Whether the ERP's quote is what the store's order says, before the ERP makes the order of it."""

from __future__ import annotations

from dataclasses import replace

from hub.connectors.quotes import ErpQuote
from hub.connectors.sales_documents import ErpDocument, OrderStage
from hub.errors import Conflict
from hub.lib.hashing import content_hash
from hub.sync.models import Connection, ReviewItem
from orders import mapping, metafields
from orders.changes.current import as_current
from orders.changes.erp_views import OF_THE_ERP, erp_view
from orders.changes.three_way import Owner, compare
from orders.changes.views import sent_view
from orders.changes.wording import worded
from orders.holds.deciding import evidence_of
from orders.known import KnownOrder
from orders.models import QuoteLink
from orders.quotes.rules import offer_hash

CODE = "quote_other_goods"
ABOUT_QUOTES = ("quote_changed", "quote_unclear", "quote_totals_differ")
AS_IN_STORE, AS_QUOTED = "store", "quote"
_CHOICES = [
    (AS_IN_STORE, "Order it as in the store: it is sent as an order of its own"),
    (AS_QUOTED, "Order the quote as it stands in the ERP"),
]


def is_to_be_ordered(
    known: KnownOrder, connection: Connection, link: QuoteLink, quote: ErpQuote, side: mapping.Side
) -> bool:
    """Whether the order is made of the quote; False where a person chose that the store's is sent instead.

    Raises Conflict where lines, prices or the place differ, or a question about the quote is open, until a person has
    answered that for the order and the quote as they are. Raises what mapping the order raises.
    """
    differs, asked = _differences(known, quote, side), _open_questions(link)
    if not differs and not asked:
        return True
    order = known.order
    quote_hash = content_hash([offer_hash(quote), str(quote.ship_to)])
    evidence = evidence_of(order) | {
        "quote": link.shown_number,
        "quote_request": link.quote.name,
        "quote_hash": quote_hash,
        "differs": [{"what": row["what"], "store": row["store"], "quote": row["erp"]} for row in differs],
        "asked": asked,
        "choices": _CHOICES,
    }
    if answer := _answer(known, connection, quote_hash):
        return answer == AS_QUOTED
    named = ", ".join(row["what"] for row in differs) or "a question about it is open"
    raise Conflict(
        f"{order.name} was quote request {link.quote.name}, and {link.shown_number} in the ERP is not what it says: "
        f"{named}. Nothing is ordered before you choose which of them counts; or correct the quote in the ERP, then "
        "press Try again.",
        code="quote_other_goods",
        evidence=evidence,
    )


def _differences(known: KnownOrder, quote: ErpQuote, side: mapping.Side) -> list[dict[str, str]]:
    metafields.check_read(known.metafields, known.order)
    order = mapping.sales_order(
        as_current(known.placed), side, customer_number=quote.customer_number, reference=quote.reference
    )
    document = ErpDocument(
        external_id=quote.external_id,
        number=quote.number,
        reference=quote.reference,
        status=quote.status_text,
        stage=OrderStage.OPEN,
        is_held=False,
        customer_number=quote.customer_number,
        currency=quote.totals.currency if quote.totals else order.currency,
        prices_include_tax=quote.prices_include_tax,
        lines=quote.lines,
        totals=quote.totals,
        updated_at=quote.updated_at,
        # What a quote does not tell is no difference.
        po_number=order.po_number,
        payment_terms_code=order.payment_terms_code,
        shipping_method_code=order.shipping_method_code,
        ship_to=quote.ship_to or order.ship_to,
    )
    says = sent_view(order)
    found = compare(says, says, erp_view(document, order), {}, newest=Owner.NOBODY)
    names = {line.source_external_id: line.description for line in order.lines}
    names |= {OF_THE_ERP + line.external_id: line.description or line.number for line in quote.lines}
    return worded([replace(one, base=None) for one in found], names=names)


def _open_questions(link: QuoteLink) -> list[str]:
    """What people are asked about this quote and have not answered."""
    items = ReviewItem.objects.filter(
        connection__in=[link.connection_id, link.quote.connection_id],
        record_id=link.quote_id,
        flow__in=("push_quote_to_store", "push_quote_to_erp"),
        code__in=ABOUT_QUOTES,
        state=ReviewItem.State.OPEN,
    )
    return list(items.order_by("pk").values_list("message", flat=True))


def _answer(known: KnownOrder, connection: Connection, quote_hash: str) -> str:
    """What a person chose for the order and the quote as they are now; "" where nobody did."""
    items = ReviewItem.objects.filter(
        subject=f"order:{known.order.pk}",
        connection=connection,
        code=CODE,
        state=ReviewItem.State.DECIDED,
        evidence__content_hash=known.order.content_hash,
        evidence__quote_hash=quote_hash,
    )
    last = items.exclude(evidence__chosen=None).order_by("-pk").first()
    return str(last.evidence["chosen"]) if last else ""
