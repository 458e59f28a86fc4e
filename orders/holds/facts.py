"""What of our rows hold rules may ask for."""

from __future__ import annotations

from companies.models import StoreCompanyLocation
from hub.lib.gid import tail

Names = tuple[str, ...]


def names_of(location: StoreCompanyLocation | None) -> tuple[Names, Names]:
    """What people call the company, and the company location: name, the store's id, the id that somebody gave it."""
    if location is None:
        return (), ()
    company = location.company_name, tail(location.company_external_id), location.company_merchant_id
    return company, (location.name, tail(location.external_id), location.merchant_id)
