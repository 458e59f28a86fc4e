"""Customers that we create in an ERP for companies of a store that it does not know, where the store's policy says so.

One customer for each company: its machine identity is the company's, so that two locations whose first orders come at
once lead to one customer, and a create whose answer was lost is found again. What was created before is looked for
ahead of every create: where a create by reference is an upsert, a second location would write its own address and
contacts over what stands there, and over what clerks made of it since.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db.models.functions import Now

from companies.matching import Match, nobody, unblocked
from companies.models import CompanyPolicy, StoreCompanyLocation
from hub.connectors.base import Connector
from hub.connectors.customer_documents import ErpCustomer, NewCustomer
from hub.connectors.documents import Address, OrderIdentity
from hub.connectors.erp_parts import NewCustomers, SalesOrders
from hub.connectors.identity import identity_token
from hub.errors import Conflict, NotReadyYet
from hub.lib.gid import tail
from hub.sync import attempts
from hub.sync.enqueue import enqueue
from hub.sync.models import Attempt

OPERATION = "create_customer"
CREATED = "creation by us"
FRESH = timedelta(minutes=1)


def create_customer(connector: Connector, location: StoreCompanyLocation) -> tuple[Match, Attempt]:
    """Create the customer of the location's company; the attempt is the caller's to close with its link.

    Where another location led to it before, that customer is the answer and nothing is sent. Raises AmbiguousMatch
    where the policy asks a person, NotReadyYet until the location was read just now, and while another location's
    create of the same company is under way.
    """
    if not isinstance(connector, NewCustomers):
        raise nobody(
            location, f"{connector.label} takes no new customers from us" if _creates(location) else ""
        )
    if not _creates(location):
        raise nobody(location)
    if location.merchant_id or location.company_merchant_id:
        raise nobody(location, "the external id it has is a customer number that the ERP does not know")
    _check_fresh(location)
    document = _document(location)
    times = connector.supporting(SalesOrders)
    with attempts.intend(
        OPERATION,
        document.reference,
        {"reference": document.reference, "name": document.name},
        deadline=times.call_deadline,
        settle_after=times.settle_after,
    ) as attempt:
        _check_alone(attempt)
        # Only now: what another location's create made is there, or its attempt was seen above.
        known = _customer_of(connector, location, [document.reference])
        customer = unblocked(known, location) if known else connector.create_customer(document)
    return Match(customer, CREATED), attempt


def adopt_lost(connector: Connector, location: StoreCompanyLocation, lost: list[Attempt]) -> Match | None:
    """The customer that an earlier create left there; None where nothing is there and nothing can appear any more."""
    erp = connector.supporting(NewCustomers)
    found = _customer_of(erp, location, sorted({attempt.key for attempt in lost}))
    if found:
        return Match(found, CREATED)
    attempts.wait_until_settled(lost)
    for attempt in lost:
        attempts.close(attempt, Attempt.State.LOST)
    return None


def _customer_of(
    erp: NewCustomers, location: StoreCompanyLocation, references: list[str]
) -> ErpCustomer | None:
    """The customer that was created under these references, None where none was; raises Conflict for several."""
    found = erp.customers_by_reference(references)
    if len(found) > 1:
        numbers = ", ".join(customer.number for customer in found)
        raise Conflict(
            f"{location} led to {len(found)} customers in the ERP: {numbers}. Keep one, make the others inactive "
            "there, and enter its number on the page Company location mappings.",
            code="double_in_erp",
            evidence={"location": str(location), "customers": [customer.number for customer in found]},
        )
    return found[0] if found else None


def _check_alone(attempt: Attempt) -> None:
    """Raises NotReadyYet while another location may be creating the same company's customer.

    Ours is committed before we look: of two that begin at once at least one sees the other.
    """
    others = Attempt.objects.filter(
        connection=attempt.connection_id,
        operation=OPERATION,
        key=attempt.key,
        state=Attempt.State.OPEN,
        settle_at__gt=Now(),
    ).exclude(pk=attempt.pk)
    if others.exists():
        raise NotReadyYet("Another location of the company leads to the same customer just now.", after=5.0)


def _creates(location: StoreCompanyLocation) -> bool:
    policy = CompanyPolicy.objects.filter(store=location.connection_id).first()
    return policy is not None and policy.unknown_companies == CompanyPolicy.Unknown.CREATE


def _check_fresh(location: StoreCompanyLocation) -> None:
    """What is created for good is created from what the store says now."""
    if location.read_at is not None and location.read_at > datetime.now(UTC) - FRESH:
        return
    StoreCompanyLocation.objects.filter(pk=location.pk).update(read_at=None)
    enqueue("pull_company_locations", location.connection_id)
    raise NotReadyYet(f"{location} is read again from the store before its customer is created.", after=60.0)


def _document(location: StoreCompanyLocation) -> NewCustomer:
    if not location.billing_address:
        raise nobody(location, "its billing address is missing in the store, so it is not created either")
    identity = OrderIdentity(location.connection.code, tail(location.company_external_id))
    return NewCustomer(
        reference=identity_token(identity),
        name=location.company_name,
        company_name=location.company_name,
        tax_registration_id=location.tax_registration_id,
        email=next(iter(location.emails), ""),
        phone=location.phone,
        currency=location.currency,
        address=Address(**location.billing_address),
    )
