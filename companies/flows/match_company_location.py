"""Find the ERP customer that a company location is, or create it where the store's policy says so, and link the two.

Starts   a location was read for the first time, an order waits for it, or a person entered a customer number
Reads    the ERP's customers by number, tax id and e-mail; CompanyPolicy; open attempts of this location
Writes   CompanyLocationLink; an empty CompanyLocationMapping where a person must decide; a customer in the ERP, an
         attempt before it
Repeat   safe: a linked location is left alone, and its orders are decided once more; an open attempt is looked up first
Review   several customers, none and none to be created, a blocked one, ERP refuses
"""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet

from companies.creating import adopt_lost, create_customer
from companies.matching import Match, find_customer, nobody
from companies.models import CompanyLocationLink, CompanyLocationMapping, StoreCompanyLocation
from hub.connectors.erp_parts import Customers
from hub.errors import NotReadyYet
from hub.sync import attempts
from hub.sync.enqueue import enqueue
from hub.sync.models import Attempt, Connection, SyncTask
from hub.sync.running import open_connector

PUSH = "push_order_to_erp"


def run(connection: Connection, record_id: int) -> str:
    """Link the location; returns to which customer. Raises AmbiguousMatch where only a person can tell."""
    location = StoreCompanyLocation.objects.select_related("connection").get(pk=record_id)
    link = CompanyLocationLink.objects.filter(location=location, connection=connection).first()
    if link:
        # An order that looked between the link's making and its commit found none, and asked for this run. What a
        # person was asked about meanwhile is not asked again.
        _go_on(connection, location, only=SyncTask.objects.exclude(state=SyncTask.State.HELD))
        return f"is {link.customer_number} already"
    mapping, _ = CompanyLocationMapping.objects.get_or_create(location=location, connection=connection)
    connector = open_connector(connection)
    lost = attempts.open_attempts(connection.pk, f"location:{location.pk}")
    match = adopt_lost(connector, location, lost) if lost else None
    if match is None or mapping.customer_number:
        match = find_customer(connector.supporting(Customers), location, mapping.customer_number)
    if match is None and mapping.customer_number:
        raise nobody(
            location, f"the number {mapping.customer_number} that a person entered is not there either"
        )
    if match is None:
        match, attempt = create_customer(connector, location)
        lost = [attempt]
    _link(connection, location, mapping, match, lost)
    return f"is {match.customer.number} by its {match.matched_by}"


def _link(
    connection: Connection,
    location: StoreCompanyLocation,
    mapping: CompanyLocationMapping,
    match: Match,
    settled: list[Attempt],
) -> None:
    with transaction.atomic():
        _check_decision(mapping)
        CompanyLocationLink.objects.create(
            location=location,
            connection=connection,
            customer_external_id=match.customer.external_id,
            customer_number=match.customer.number,
            matched_by=match.matched_by,
        )
        for attempt in settled:
            attempts.close(attempt, Attempt.State.CONFIRMED, match.customer.external_id)
        if not mapping.customer_number:
            mapping.delete()
        _go_on(connection, location)


def _check_decision(mapping: CompanyLocationMapping) -> None:
    """Raises NotReadyYet where a person has decided since we looked: that must not be deleted with the row."""
    same = CompanyLocationMapping.objects.filter(pk=mapping.pk, customer_number=mapping.customer_number)
    if not same.select_for_update().exists():
        raise NotReadyYet("A person decided while the ERP was asked; that is looked at now.", after=1.0)


def _go_on(
    connection: Connection, location: StoreCompanyLocation, *, only: QuerySet[SyncTask] | None = None
) -> None:
    """The location's orders that wait for this link are decided now; of these, those alone that `only` has tasks of."""
    found = StoreCompanyLocation.objects.filter(pk=location.pk, orders__links=None)
    orders = {pk for pk in found.values_list("orders", flat=True) if pk}
    if only is not None:
        tasks = only.filter(flow=PUSH, connection=connection, record_id__in=orders)
        orders &= set(tasks.values_list("record_id", flat=True))
    enqueue(PUSH, connection.pk, orders)
