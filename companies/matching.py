"""Which ERP customer is this company location? Strategies in order; never a guess."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from companies.models import StoreCompanyLocation
from hub.connectors.customer_documents import ErpCustomer
from hub.connectors.erp_parts import Customers
from hub.errors import AmbiguousMatch


@dataclass(frozen=True, slots=True)
class Match:
    """The one customer, and the key that found it."""

    customer: ErpCustomer
    matched_by: str


def find_customer(erp: Customers, location: StoreCompanyLocation, decided_number: str) -> Match | None:
    """The one customer of the ERP that this location is; None where no key finds anybody.

    Order: a person's decision, the location's or company's external id, the tax id, a unique e-mail. The
    first key that finds anybody decides; several, or a blocked one, raise AmbiguousMatch with what was found.
    """
    for name, candidates in _searches(erp, location, decided_number):
        if len(candidates) == 1:
            return Match(unblocked(candidates[0], location, name), name)
        if candidates:
            numbers = ", ".join(sorted(_named(c) for c in candidates))
            raise _ambiguous(
                location, f"{len(candidates)} customers have the same {name}: {numbers}", candidates
            )
    return None


def nobody(location: StoreCompanyLocation, why: str = "") -> AmbiguousMatch:
    """The question about a location that is nobody's; `why` says what kept its customer from being created."""
    words = "no customer has its external id, tax id or e-mail address"
    return _ambiguous(location, f"{words}, and {why}" if why else words, [])


def unblocked(customer: ErpCustomer, location: StoreCompanyLocation, key: str = "") -> ErpCustomer:
    """The customer where it may be used; raises AmbiguousMatch for a blocked one. `key` is what found it."""
    if customer.is_blocked:
        how = f"found by its {key}" if key else "created for its company"
        raise _ambiguous(location, f"customer {customer.number}, {how}, is blocked in the ERP", [customer])
    return customer


def _searches(
    erp: Customers, location: StoreCompanyLocation, decided_number: str
) -> Iterator[tuple[str, list[ErpCustomer]]]:
    """Each key with the customers it finds, asked only when the ones before found nobody."""
    if decided_number:
        yield "number entered by a person", erp.customers_by_number([decided_number])
    for number in dict.fromkeys(filter(None, (location.merchant_id, location.company_merchant_id))):
        yield "external id", erp.customers_by_number([number])
    if location.tax_registration_id:
        yield "tax id", erp.customers_by_tax_id(location.tax_registration_id)
    for email in location.emails:
        yield "e-mail address", erp.customers_by_email(email)


def _named(customer: ErpCustomer) -> str:
    return f"{customer.number} (of {customer.parent_number})" if customer.parent_number else customer.number


def _ambiguous(location: StoreCompanyLocation, why: str, candidates: list[ErpCustomer]) -> AmbiguousMatch:
    return AmbiguousMatch(
        f"{location} is not linked to an ERP customer: {why}. Enter the customer's number on the page "
        "Company location mappings; its orders go on by themselves.",
        evidence={
            "location": str(location),
            "external_id": location.merchant_id or location.company_merchant_id,
            "tax_registration_id": location.tax_registration_id,
            "emails": list(location.emails),
            "candidates": [
                {"number": c.number, "name": c.name, "email": c.email, "parent": c.parent_number}
                for c in candidates
            ],
        },
    )
