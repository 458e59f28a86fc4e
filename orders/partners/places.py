"""Which company location of the store a partner's order is of, and which person there; never a guess."""

from __future__ import annotations

from collections.abc import Sequence

from hub.connectors.documents import CompanyLocation
from hub.connectors.store_orders import OrderWriting, StoreBuyer
from hub.connectors.store_parts import Companies
from hub.errors import AmbiguousMatch, NeedsReview
from orders.models import PartnerOrder
from orders.offline.matching import address_key, contact_for
from orders.partners.codes import Kind, add_rows, ask_for, meant_by
from orders.partners.documents import PartnerDocument

CONTACT_UNKNOWN = "contact_unknown"


def location_of(
    writing: OrderWriting, reading: Companies, order: PartnerOrder, document: PartnerDocument
) -> CompanyLocation:
    """The location that buys, as the store knows it now. Raises MappingMissing, AmbiguousMatch."""
    meant = meant_by(order, Kind.CUSTOMER, [document.customer]).get(document.customer)
    wanted = meant or document.customer
    places = writing.find_places(wanted)
    found = reading.read_company_locations([place.external_id for place in places]) if places else {}
    if not found:
        unknown = f"no company or location has the external id {wanted!r}"
        raise ask_for(order, Kind.CUSTOMER, {document.customer: unknown})
    if meant and len(found) == 1:
        return next(iter(found.values()))
    location = chosen(document, list(found.values()))
    if location is None:
        add_rows(order, Kind.CUSTOMER, [document.customer])
        raise _unclear(order, document, list(found.values()))
    return location


def chosen(document: PartnerDocument, locations: Sequence[CompanyLocation]) -> CompanyLocation | None:
    """The one that is named, else the only one, else the one with the ship-to address; None where it may be several."""
    found = list(locations)
    if document.location:
        found = [one for one in found if _is_called(one, document.location)]
    elif len(found) > 1 and document.ship_to:
        wanted = address_key(document.ship_to)
        found = [one for one in found if wanted and wanted == address_key(one.shipping_address)]
    return found[0] if len(found) == 1 else None


def _unclear(
    order: PartnerOrder, document: PartnerDocument, locations: Sequence[CompanyLocation]
) -> AmbiguousMatch:
    names = ", ".join(sorted(one.name for one in locations))
    told = f"location {document.location!r}" if document.location else "no location"
    return AmbiguousMatch(
        f"{order.told_by}'s order {order.number}: customer {document.customer} has {len(locations)} locations in the "
        f"store ({names}), and the order names {told}. Enter the external id of the one that is meant beside the "
        "customer on the page Partner codes; or reject the order with the reason, which the partner is told.",
        code="location_unclear",
        evidence={"location": document.location, "locations": names},
    )


def buyer_of(
    order: PartnerOrder, document: PartnerDocument, location: CompanyLocation, approved: frozenset[str]
) -> StoreBuyer:
    """The location with the contact who buys. Raises NeedsReview where the one that is named may not order there."""
    contact = contact_for(document.number, document.contact, location)
    is_meant = contact.email.casefold() == document.contact.strip().casefold()
    if document.contact and not is_meant and CONTACT_UNKNOWN not in approved:
        raise NeedsReview(
            f"{order.told_by}'s order {order.number} is by {document.contact}, who may not order at "
            f"{location.company_name} – {location.name}. Give them a role there and press Try again, or approve to "
            f"place it for {contact.email or 'the main contact'}.",
            code=CONTACT_UNKNOWN,
            evidence={"contact": document.contact, "location": location.external_id},
        )
    return StoreBuyer(
        company_external_id=location.company_external_id,
        location_external_id=location.external_id,
        contact_external_id=contact.external_id,
        customer_external_id=contact.customer_external_id,
        email=contact.email,
    )


def _is_called(location: CompanyLocation, name: str) -> bool:
    wanted = name.strip().casefold()
    return wanted in (location.merchant_id.casefold(), location.name.strip().casefold())
