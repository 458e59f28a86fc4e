"""Find the ERP customer that a company location is, and link the two.

Starts   a location was read for the first time, an order waits for it, or a person entered a customer number
Reads    the ERP's customers by number, tax id and e-mail
Writes   CompanyLocationLink; an empty CompanyLocationMapping where a person must decide
Repeat   safe: a linked location is left alone, and its orders are decided once more
Review   several customers, none, or a blocked one
"""

from __future__ import annotations

from django.db import transaction

from companies.matching import find_customer
from companies.models import CompanyLocationLink, CompanyLocationMapping, StoreCompanyLocation
from hub.connectors.erp_parts import Customers
from hub.errors import NotReadyYet
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection
from hub.sync.running import open_connector


def run(connection: Connection, record_id: int) -> str:
    """Link the location; returns to which customer. Raises AmbiguousMatch where only a person can tell."""
    location = StoreCompanyLocation.objects.get(pk=record_id)
    link = CompanyLocationLink.objects.filter(location=location, connection=connection).first()
    if link:
        # An order that looked between the link's making and its commit found none, and asked for this run.
        _go_on(connection, location)
        return f"is {link.customer_number} already"
    mapping, _ = CompanyLocationMapping.objects.get_or_create(location=location, connection=connection)
    match = find_customer(open_connector(connection).supporting(Customers), location, mapping.customer_number)
    with transaction.atomic():
        _check_decision(mapping)
        CompanyLocationLink.objects.create(
            location=location,
            connection=connection,
            customer_external_id=match.customer.external_id,
            customer_number=match.customer.number,
            matched_by=match.matched_by,
        )
        if not mapping.customer_number:
            mapping.delete()
        _go_on(connection, location)
    return f"is {match.customer.number} by its {match.matched_by}"


def _check_decision(mapping: CompanyLocationMapping) -> None:
    """Raises NotReadyYet where a person has decided since we looked: that must not be deleted with the row."""
    same = CompanyLocationMapping.objects.filter(pk=mapping.pk, customer_number=mapping.customer_number)
    if not same.select_for_update().exists():
        raise NotReadyYet("A person decided while the ERP was asked; that is looked at now.", after=1.0)


def _go_on(connection: Connection, location: StoreCompanyLocation) -> None:
    """The location's orders that wait for this link are decided now."""
    orders = StoreCompanyLocation.objects.filter(pk=location.pk, orders__links=None).values_list(
        "orders", flat=True
    )
    enqueue("push_order_to_erp", connection.pk, [pk for pk in orders if pk])
