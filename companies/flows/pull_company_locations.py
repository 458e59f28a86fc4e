"""Read the company locations that orders named but nobody has read yet.

Starts   an order came from a location that we know by its id only; every 10 minutes by itself, for those that were gone
Reads    those locations with company, tax id and e-mail addresses, many in a call
Writes   StoreCompanyLocation mirrors
Repeat   safe: reads only
Review   a location that orders name and the store does not know any more; closed when no order waits for it
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime

from django.db import transaction

from companies.models import StoreCompanyLocation
from hub.connectors.documents import Address, CompanyLocation
from hub.connectors.store_parts import Companies
from hub.errors import AmbiguousMatch
from hub.lib.text import storable
from hub.sync import review
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection
from hub.sync.running import open_connector

FLOW = "pull_company_locations"
_READ = [
    "name",
    "company_external_id",
    "company_name",
    "merchant_id",
    "company_merchant_id",
    "tax_registration_id",
    "emails",
    "customers",
    "phone",
    "currency",
    "billing_address",
    "remote_updated_at",
    "read_at",
]


def run(connection: Connection, record_id: int) -> str:
    """Read every unread location; returns how many were read."""
    store = open_connector(connection).supporting(Companies)
    last = read = 0
    while batch := list(
        StoreCompanyLocation.objects.filter(connection=connection, read_at=None, pk__gt=last).order_by("pk")[
            : store.location_batch
        ]
    ):
        last = batch[-1].pk
        found = store.read_company_locations([location.external_id for location in batch])
        known = [
            _filled(location, found[location.external_id])
            for location in batch
            if location.external_id in found
        ]
        _ask_or_close(connection, [location for location in batch if location.external_id not in found])
        with transaction.atomic():
            StoreCompanyLocation.objects.bulk_update(known, _READ)
            review.solve_items(FLOW, connection.pk, [location.pk for location in known])
            _match(connection, known)
        read += len(known)
    return f"read {read}"


def _ask_or_close(connection: Connection, gone: list[StoreCompanyLocation]) -> None:
    """Ask about what the store does not know, unless no order waits for it any more.

    Orders belong to a room above, so they are asked by name.
    """
    keys = [location.pk for location in gone]
    waiting = StoreCompanyLocation.objects.filter(
        pk__in=keys, orders__links=None, orders__cancelled_at=None, orders__isnull=False
    )
    named = set(waiting.values_list("pk", flat=True))
    for location in gone:
        if location.pk in named:
            _ask(connection, location)
    review.solve_items(FLOW, connection.pk, [key for key in keys if key not in named])


def _ask(connection: Connection, location: StoreCompanyLocation) -> None:
    """The store does not know the location that its own order names."""
    error = AmbiguousMatch(
        f"{connection} does not know the company location {location.external_id} any more, "
        "but orders name it. Move those orders to another location in the store, or enter them in the ERP "
        "by hand.",
        code="location_gone",
        evidence={"location": location.external_id, "company": location.company_external_id},
    )
    review.open_item(FLOW, connection.pk, location.pk, f"location:{location.pk}", error)


def _filled(location: StoreCompanyLocation, found: CompanyLocation) -> StoreCompanyLocation:
    location.name = storable(found.name)[:255]
    location.company_external_id = found.company_external_id
    location.company_name = storable(found.company_name)[:255]
    location.merchant_id = storable(found.merchant_id)[:120]
    location.company_merchant_id = storable(found.company_merchant_id)[:120]
    location.tax_registration_id = storable(found.tax_registration_id)[:120]
    location.emails = list(found.emails)
    location.customers = list(found.customers)
    location.phone = storable(found.phone)[:60]
    location.currency = found.currency[:3]
    location.billing_address = _stored_address(found.billing_address)
    location.remote_updated_at = found.updated_at
    location.read_at = datetime.now(UTC)
    return location


def _stored_address(address: Address | None) -> dict[str, str] | None:
    return {key: storable(value) for key, value in asdict(address).items()} if address else None


def _match(connection: Connection, locations: list[StoreCompanyLocation]) -> None:
    """Match them in the ERP that the store's orders go to.

    The policy belongs to a room above, so it is asked by name.
    """
    erp_id = Connection.objects.filter(pk=connection.pk).values_list("order_policy__erp", flat=True).first()
    if erp_id:
        enqueue("match_company_location", erp_id, [location.pk for location in locations])
