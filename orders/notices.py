"""Notices of an ERP become hints: the flows that read what they tell of run soon. The cursors stay the truth.

Called by the engine's inbox inside its transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import cast

from django.db.models.functions import Now

from hub.connectors.http import parse_json
from hub.connectors.registry import connector_class
from hub.connectors.subscriptions import Notices, Told
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection, WebhookDelivery, WebhookSubscription
from orders import erp_documents, looking_again
from orders.models import ErpOrder

FLOW_OF = {
    Told.ORDERS: "pull_erp_orders",
    Told.SHIPMENTS: "pull_erp_shipments",
    Told.CREDITS: "pull_erp_credits",
    Told.QUOTES: "read_erp_quotes",
}


def receive_notices(connection: Connection, deliveries: Sequence[WebhookDelivery]) -> dict[int, str]:
    """Have what these deliveries tell of read soon; returns why a delivery could not be used, by its key."""
    kind = cast("type[Notices]", connector_class(connection.system))
    flagged: dict[int, str] = {}
    told: set[Told] = set()
    deleted: set[str] = set()
    for delivery in deliveries:
        about = kind.notice_topics.get(delivery.topic)
        if about is None:
            flagged[delivery.pk] = f"unknown topic {delivery.topic}: nothing here takes it"
            continue
        told |= about
        if Told.ORDERS in about:
            deleted |= _deleted(kind, delivery)
    ask_for(connection, told)
    _ask_for_deleted(connection, deleted)
    _note_told(connection, {delivery.topic for delivery in deliveries})
    return flagged


def ask_for(connection: Connection, told: Iterable[Told]) -> None:
    """Have these read by their cursors now, not only when their time comes."""
    for about in sorted(told):
        enqueue(FLOW_OF[about], connection.pk)


def _deleted(kind: type[Notices], delivery: WebhookDelivery) -> set[str]:
    """Ids of records that are gone: no cursor tells of them."""
    said = parse_json(bytes(delivery.body))
    return {kind.deleted(one) for one in said} - {""}


def _ask_for_deleted(connection: Connection, external_ids: Collection[str]) -> None:
    """Without a notice it takes an hour until an order is found gone that was deleted, or invoiced whole.

    Ours are looked at in any case, also before a pass over the changes has mirrored them.
    """
    if not external_ids:
        return
    looking_again.ask_for_linked(connection, external_ids)
    gone = ErpOrder.objects.filter(connection=connection, external_id__in=list(external_ids))
    keys = list(gone.values_list("pk", flat=True))
    if keys and erp_documents.wanted(connection):
        erp_documents.ask(connection.pk, keys)


def _note_told(connection: Connection, topics: Iterable[str]) -> None:
    WebhookSubscription.objects.filter(connection=connection, topic__in=list(topics)).update(told_at=Now())
