"""Write the ERP's document numbers back onto the store's orders, many in a call.

Starts   an order was linked, and its document's number is known
Reads    OrderLink rows whose reference the store does not have yet
Writes   one metafield an order in the store, then the time on OrderLink
Repeat   safe: setting the same value again changes nothing there
Review   an order that the store refuses to write to
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db.models import QuerySet

from hub.connectors.documents import ErpReference
from hub.connectors.store_parts import OrderReferences
from hub.errors import NotReadyYet, RecordRejected
from hub.sync import review
from hub.sync.models import Connection
from hub.sync.running import open_connector
from orders.batching import Few, gather
from orders.models import OrderLink, OrderPolicy

FLOW = "push_erp_references"
# What became of the document later is written when documents of the ERP are pulled into the store.
RECEIVED = "received"
# Each reference that is written returns as a webhook, and a crowd of these at once would keep waiting what buyers order
# meanwhile.
FEW = Few(8, timedelta(seconds=10))


def run(connection: Connection, record_id: int) -> str:
    """Write every reference that is missing; returns how many were written and how many the store refused."""
    if not connection.may_write:
        raise NotReadyYet(f"Writing to {connection} is switched off on the connection's page.", after=600.0)
    store = open_connector(connection).supporting(OrderReferences)
    policy = OrderPolicy.objects.filter(store=connection).first()
    missing = OrderLink.objects.filter(
        order__connection=connection, reference_pushed_at=None, reference_error="", number__gt=""
    ).select_related("order", "connection")
    batch = store.reference_batch
    written = refused = 0
    while True:
        if policy:
            gather(missing, batch, FEW, flow=FLOW, waits_for_erp=policy.erp_id)
        links = list(missing.order_by("pk")[:batch])
        if not links:
            break
        bad = store.write_references([_reference(link) for link in links])
        good = [link for link in links if link.order.external_id not in bad]
        if bad and len(good) == len(links):
            raise RuntimeError(f"The store refused references that nobody sent: {sorted(bad)[:5]}")
        refused += _refuse([link for link in links if link.order.external_id in bad], bad)
        if bad and good:
            continue  # the call is atomic: one bad row and none was written; the rest goes again without it
        written += _written(missing, good)
    return f"wrote {written}, refused {refused}"


def again(connection_id: int, record_id: int) -> None:
    """A person corrected something: write this order's reference anew."""
    OrderLink.objects.filter(order_id=record_id, order__connection_id=connection_id).update(
        reference_error=""
    )


def _reference(link: OrderLink) -> ErpReference:
    return ErpReference(
        order_external_id=link.order.external_id,
        erp_name=link.connection.name,
        document_external_id=link.external_id,
        document_number=link.number,
        status=RECEIVED,
    )


def _written(missing: QuerySet[OrderLink], links: list[OrderLink]) -> int:
    keys = [link.pk for link in links]
    for connection_id in {link.order.connection_id for link in links}:
        review.solve_items(FLOW, connection_id, [link.order_id for link in links])
    return OrderLink.objects.filter(pk__in=keys).update(reference_pushed_at=datetime.now(UTC))


def _refuse(links: list[OrderLink], bad: dict[str, str]) -> int:
    for link in links:
        # Empty would read as "not refused": the row would be sent again for ever.
        words = bad[link.order.external_id] or "no reason given"
        link.reference_error = words[:250]
        error = RecordRejected(
            f"The store refused the ERP number {link.number} on {link.order.name}: {words}",
            evidence={"order": link.order.name, "document": link.number, "message": words},
        )
        review.open_item(FLOW, link.order.connection_id, link.order_id, f"order:{link.order_id}", error)
    OrderLink.objects.bulk_update(links, ["reference_error"])
    return len(links)
