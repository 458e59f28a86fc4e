"""Company locations of a store."""

from __future__ import annotations

from datetime import UTC, datetime

from hub.connectors.documents import Address, CompanyLocation

KIEL = Address(line1="Kai 2", city="Kiel", postal_code="24103", country_code="DE")
BONN = Address(line1="Tal 1", city="Bonn", postal_code="53111", country_code="DE")


def location(merchant_id, name, address):
    return CompanyLocation(
        external_id=f"gid://shopify/CompanyLocation/{merchant_id}",
        name=name,
        company_external_id="gid://shopify/Company/1",
        company_name="Nordlicht",
        merchant_id=merchant_id,
        company_merchant_id="10000",
        tax_registration_id="",
        emails=(),
        updated_at=datetime(2026, 3, 1, tzinfo=UTC),
        shipping_address=address,
    )
