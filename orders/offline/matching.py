"""Which company location, and which person there, an ERP's order is of. Pure; never a guess."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from hub.connectors.contacts import CompanyContact
from hub.connectors.documents import Address, CompanyLocation
from hub.connectors.sales_documents import ErpDocument
from hub.errors import AmbiguousMatch, NeedsReview


def location_of(document: ErpDocument, locations: Sequence[CompanyLocation]) -> CompanyLocation:
    """The one of the customer's locations that the goods go to; raises AmbiguousMatch where several may be meant."""
    if len(locations) == 1:
        return locations[0]
    wanted = address_key(document.ship_to)
    found = [
        one
        for one in locations
        if wanted and wanted in (address_key(one.shipping_address), address_key(one.billing_address))
    ]
    if len(found) == 1:
        return found[0]
    names = ", ".join(sorted(one.name for one in found or locations))
    why = "several of them have its ship-to address" if found else "none of them has its ship-to address"
    raise AmbiguousMatch(
        f"{document.number}: customer {document.customer_number} has {len(locations)} locations in the store, and {why}"
        f": {names}. Make the order's ship-to address in the ERP that of one location (street, postal code and country "
        "are compared), or correct the location in the store; then press Try again.",
        code="location_unclear",
        evidence={"order": document.number, "ship_to": list(wanted), "locations": names},
    )


def contact_of(document: ErpDocument, location: CompanyLocation) -> CompanyContact:
    """The contact of the ERP's order; see `contact_for`."""
    return contact_for(document.number, document.email, location)


def contact_for(number: str, address: str, location: CompanyLocation) -> CompanyContact:
    """The contact with this e-mail address, else the company's main contact, else the first who may order there.

    Raises NeedsReview where nobody may: the store refuses orders of such a location.
    """
    email = address.strip().casefold()
    for is_meant in (
        lambda contact: bool(email) and contact.email.casefold() == email,
        lambda contact: contact.is_main,
        lambda _contact: True,
    ):
        found = next((contact for contact in location.contacts if is_meant(contact)), None)
        if found:
            return found
    raise NeedsReview(
        f"{number}: nobody may order at {location.company_name} – {location.name}, so that the store takes no "
        "order of it. Give a contact of the company a role at this location in the store, then press Try again.",
        code="contact_missing",
        evidence={"order": number, "location": location.external_id},
    )


def address_key(address: Address | None) -> tuple[str, ...]:
    """An address for comparison: street, postal code and country without case, accents and punctuation; empty where
    one of them is missing."""
    if address is None:
        return ()
    street = f"{address.line1} {address.line2}"
    parts = tuple(_plain(part) for part in (street, address.postal_code, address.country_code))
    return parts if all(parts) else ()


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.replace("ß", "ss")).casefold()
    return "".join(letter for letter in decomposed if letter.isalnum())
