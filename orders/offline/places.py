"""Where an ERP's order belongs in the store: the customer's locations, found, read as they are now, and chosen from."""

from __future__ import annotations

from django.db import transaction

from companies.models import StoreCompanyLocation
from hub.connectors.store_orders import OrderWriting, StoreBuyer
from hub.connectors.store_parts import Companies
from hub.errors import AmbiguousMatch, NotReadyYet
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection
from orders.offline.known import KnownErpOrder
from orders.offline.matching import contact_of, location_of

# A location that was found is read and matched before the order goes on.
MATCHED_AFTER = 20.0


def buyer_of(store: Companies, known: KnownErpOrder) -> StoreBuyer:
    """The location and contact that the order is of, as the store knows them now. Raises NeedsReview, TryLater."""
    read = store.read_company_locations([location.external_id for location in known.locations])
    location = location_of(known.document, list(read.values())) if read else None
    if location is None:
        raise nowhere(known)
    contact = contact_of(known.document, location)
    return StoreBuyer(
        company_external_id=location.company_external_id,
        location_external_id=location.external_id,
        contact_external_id=contact.external_id,
        customer_external_id=contact.customer_external_id,
        email=contact.email,
    )


def look_for_places(store: OrderWriting, connection: Connection, known: KnownErpOrder) -> None:
    """A customer without a linked location: ask the store who carries its number, and have those matched.

    Raises NotReadyYet where there are some that nobody has matched yet, AmbiguousMatch where there are none.
    """
    found = {place.external_id: place for place in store.find_places(known.document.customer_number)}
    rows = StoreCompanyLocation.objects.filter(connection=connection, external_id__in=list(found))
    unknown = set(found) - set(rows.values_list("external_id", flat=True))
    unmatched = rows.exclude(links__connection=known.order.connection_id)
    if not unknown and not unmatched.exists():
        raise nowhere(known)
    with transaction.atomic():
        StoreCompanyLocation.objects.bulk_create(
            [
                StoreCompanyLocation(
                    connection=connection, external_id=key, company_external_id=found[key].company_external_id
                )
                for key in sorted(unknown)
            ],
            ignore_conflicts=True,
        )
        enqueue("pull_company_locations", connection.pk)
        enqueue(
            "match_company_location", known.order.connection_id, list(unmatched.values_list("pk", flat=True))
        )
    raise NotReadyYet(
        "The customer's locations in the store are read and matched first.", after=MATCHED_AFTER
    )


def nowhere(known: KnownErpOrder) -> AmbiguousMatch:
    """The question about a customer that buys in no location of the store."""
    number = known.document.customer_number
    return AmbiguousMatch(
        f"{known.document.number}: no company location of {known.policy.store} is customer {number}. Enter {number} as "
        "the external id of the company or location in the store, or enter it beside the location on the page Company "
        "location mappings; then press Try again. Dismiss this to leave the order out.",
        code="location_missing",
        evidence={"order": known.document.number, "customer": number},
    )
