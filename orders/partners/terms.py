"""By which payment terms of the store a partner's order is bought: those it names, else the location's own."""

from __future__ import annotations

from datetime import UTC, datetime

from hub.connectors.store_orders import OrderWriting, StoreTerms, TermsTemplate
from hub.connectors.taken_orders import OrderTaking
from hub.errors import NeedsReview
from orders.models import PartnerOrder
from orders.offline.terms import FIXED, NET
from orders.partners.codes import Kind, ask_for, meant_by
from orders.partners.documents import PartnerDocument

NO_TERMS = "terms_missing"


def terms_of(
    writing: OrderWriting,
    taking: OrderTaking,
    order: PartnerOrder,
    document: PartnerDocument,
    location_external_id: str,
) -> StoreTerms:
    """The terms, issued now. Raises MappingMissing, NeedsReview: without any the store would call the order paid."""
    templates = writing.payment_terms_templates()
    if document.payment_terms:
        template: TermsTemplate | None = _named(order, document.payment_terms, templates)
    else:
        usual = taking.usual_terms(location_external_id)
        template = next((one for one in templates if one.external_id == usual), None)
    if template is None:
        raise _without(order, location_external_id)
    return StoreTerms(template.external_id, issued_at=datetime.now(UTC) if template.type == NET else None)


def _named(order: PartnerOrder, name: str, templates: list[TermsTemplate]) -> TermsTemplate:
    wanted = meant_by(order, Kind.TERMS, [name]).get(name, name)
    # A fixed date is not among what an order tells.
    found = [
        one
        for one in templates
        if one.type != FIXED and one.name.strip().casefold() == wanted.strip().casefold()
    ]
    if len(found) == 1:
        return found[0]
    offered = ", ".join(one.name for one in templates if one.type != FIXED)
    raise ask_for(order, Kind.TERMS, {name: f"the store offers {offered or 'no payment terms'}"})


def _without(order: PartnerOrder, location_external_id: str) -> NeedsReview:
    return NeedsReview(
        f"{order.told_by}'s order {order.number} names no payment terms, and its location in the store has none; the "
        "store would call it paid. Give the location payment terms in the store, then press Try again; or reject the "
        "order with the reason, which the partner is told.",
        code=NO_TERMS,
        evidence={"location": location_external_id},
    )
