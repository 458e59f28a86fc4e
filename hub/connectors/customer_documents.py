"""An ERP's customers as connectors and flows hand them to each other. Frozen, vendor-free."""

from __future__ import annotations

from dataclasses import dataclass

from hub.connectors.documents import Address


@dataclass(frozen=True, slots=True)
class ErpCustomer:
    """A customer of the ERP with the keys it can be matched by.

    `parent_number` is the customer above it, empty where there is none or the ERP knows no such thing.
    """

    external_id: str
    number: str
    name: str
    email: str
    tax_registration_id: str
    currency: str
    is_blocked: bool
    parent_number: str = ""


@dataclass(frozen=True, slots=True)
class NewCustomer:
    """A customer to create in the ERP for a company location of a store.

    `reference` is its machine identity: the same location has the same one for ever, and creating it twice makes one
    customer. `currency` is an ISO code, `parent_number` the ERP's number of the customer above it, empty for none.
    """

    reference: str
    name: str
    company_name: str
    tax_registration_id: str
    email: str
    phone: str
    currency: str
    address: Address | None
    parent_number: str = ""
