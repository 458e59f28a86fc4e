"""A partner's order and what is known of the store in, an order for the store out. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hub.connectors.documents import Attribute, CompanyLocation
from hub.connectors.store_orders import (
    MadeDraft,
    StoreBuyer,
    StoreShippingLine,
    StoreTerms,
    StoreVariant,
)
from hub.connectors.taken_orders import TakenLine, TakenOrder
from hub.errors import Conflict
from orders.addresses import checked_address
from orders.partners.documents import PartnerDocument

# The attribute that carries it: a store's order has no field for it. Order field mappings take it to the ERP's.
SHIP_DATE = "Requested ship date"
DRAFT_DIFFERS = "draft_differs"


@dataclass(frozen=True, slots=True)
class Found:
    """What the partner's names are in the store; `variants` in the order of the lines."""

    location: CompanyLocation
    buyer: StoreBuyer
    currency: str
    variants: Sequence[StoreVariant]
    terms: StoreTerms


def taken_order(document: PartnerDocument, found: Found, mark: str) -> TakenOrder:
    """The order to place. Without a ship-to address the goods go to the location. Raises NeedsReview."""
    day = document.requested_ship_date
    charge = StoreShippingLine(document.shipping_method, document.shipping_price)
    return TakenOrder(
        mark=mark,
        currency=found.currency,
        buyer=found.buyer,
        lines=tuple(
            TakenLine(variant.external_id, line.quantity, line.price)
            for line, variant in zip(document.lines, found.variants, strict=True)
        ),
        terms=found.terms,
        po_number=document.po_number.strip(),
        note=document.note,
        attributes=(*document.attributes, *([Attribute(SHIP_DATE, day.isoformat())] if day else [])),
        shipping=charge if document.shipping_method else None,
        ship_to=checked_address(document.ship_to, "shipping") or found.location.shipping_address,
        bill_to=found.location.billing_address,
    )


def draft_question(document: PartnerDocument, draft: MadeDraft) -> Conflict | None:
    """Before it becomes an order: what a person is asked where the store computed something else than was told."""
    told = _difference(document, draft)
    if not told:
        return None
    return Conflict(
        f"The store's draft {draft.name} is not what the partner told. {told} Approve to complete it as the store "
        "computed it; or reject the order with the reason, which the partner is told, and delete the draft there.",
        code=DRAFT_DIFFERS,
        evidence={
            "draft": draft.name,
            "store_total": f"{draft.totals.total} {draft.totals.currency}",
            "store_tax": f"{draft.totals.tax} {draft.totals.currency}",
            "told": told,
        },
    )


def _difference(document: PartnerDocument, draft: MadeDraft) -> str:
    totals = draft.totals
    words = {True: "with", False: "without"}
    if document.says_prices and document.prices_include_tax != draft.prices_include_tax:
        return (
            f"Its prices are {words[document.prices_include_tax]} tax, the store's are "
            f"{words[draft.prices_include_tax]} it."
        )
    if document.total is not None and document.total != totals.total:
        return f"Its total is {document.total} {totals.currency}, the store computes {totals.total}."
    computed = totals.total if draft.prices_include_tax else totals.total - totals.tax
    if document.agreed_sum is not None and document.agreed_sum != computed:
        return f"Its prices add up to {document.agreed_sum} {totals.currency}, the store computes {computed} for them."
    return ""
