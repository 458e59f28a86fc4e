"""The ERP's side of an order as it is now, once what was written to it and not answered has settled."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from django.db import transaction

from hub.connectors.erp_parts import SalesOrders
from hub.connectors.sales_documents import ErpDocument, OrderStage, SalesDocuments
from hub.errors import Conflict, NotReadyYet
from hub.sync import attempts
from hub.sync.models import Attempt, Connection
from hub.sync.running import open_connector
from orders.changes.carrying import OPERATION
from orders.erp_documents import document_of, keep, note_gone
from orders.freshness import database_time
from orders.models import ErpOrder, OrderLink


def forget_lost(connection: Connection, subject: str) -> None:
    """A change whose answer was lost may land for a while; what stands after that is all there is to know."""
    lost = [one for one in attempts.open_attempts(connection.pk, subject) if one.operation == OPERATION]
    if lost:
        attempts.wait_until_settled(lost)
    for one in lost:
        attempts.close(one, Attempt.State.LOST)


def read_document(connection: Connection, link: OrderLink) -> tuple[ErpDocument, bool]:
    """The document as of now, and whether it is gone: then it counts as cancelled, which nobody does by itself.

    Raises NotReadyYet where it was sent a moment ago and is not shown: look-ups may lag behind its create.
    """
    connector = open_connector(connection)
    erp = connector.supporting(SalesDocuments)
    read_at = database_time()
    found = erp.read_sales_documents([link.external_id])
    if found:
        with transaction.atomic():
            keep(connection, found, read_at=read_at)
        return found[0], False
    settles_in = link.created_at + connector.supporting(SalesOrders).settle_after - read_at
    if settles_in > timedelta(0):
        raise NotReadyYet(
            f"{link.shown_number} was sent a moment ago and is not shown yet.",
            after=settles_in.total_seconds(),
        )
    with transaction.atomic():
        note_gone(connection, [link.external_id])
    known = ErpOrder.objects.filter(connection=connection, external_id=link.external_id).first()
    if known is None or known.document is None:
        raise gone_in_erp(link)
    return replace(document_of(known), stage=OrderStage.CANCELLED), True


def gone_in_erp(link: OrderLink) -> Conflict:
    """What a person is asked about an order whose document is gone, and of which there is nothing to compare."""
    return Conflict(
        f"{link.shown_number} of {link.order.name} is not in the ERP any more. Restore it there, or cancel the "
        "order in the store.",
        code="gone_in_erp",
        evidence={"order": link.order.name, "document": link.shown_number},
    )
