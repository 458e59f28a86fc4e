"""Webhook deliveries of stores: orders become mirrors, what is told of stock goes to its own room. One about a quote
request is a hint: requests are read.

Called by the engine's inbox inside its transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import cast

from hub.connectors.registry import connector_class
from hub.connectors.store_parts import ReceivedOrder, Webhooks
from hub.connectors.store_stock import StoreStock, ToldStock
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection, WebhookDelivery
from inventory.told import take_stock
from orders.mirroring import mirror_orders
from orders.returns.hints import ask_for_returns


def receive_orders(connection: Connection, deliveries: Sequence[WebhookDelivery]) -> dict[int, str]:
    """Mirror the orders in these deliveries; returns why a delivery could not be used, by its key."""
    kind = cast("type[Webhooks]", connector_class(connection.system))
    flagged: dict[int, str] = {}
    received: list[ReceivedOrder] = []
    told_of: set[str] = set()
    stock: list[tuple[ToldStock, datetime]] = []
    if any(delivery.topic in kind.quote_topics() for delivery in deliveries):
        enqueue("pull_store_quotes", connection.pk)
    for delivery in deliveries:
        if delivery.topic in kind.return_topics():
            _note_order(kind, delivery, told_of, flagged)
            continue
        if delivery.topic in kind.quote_topics():
            continue
        if issubclass(kind, StoreStock) and delivery.topic in kind.stock_topics():
            _note_stock(kind, delivery, stock, flagged)
            continue
        if delivery.topic not in kind.order_topics():
            flagged[delivery.pk] = f"unknown topic {delivery.topic}: nothing here takes it"
            continue
        try:
            order = kind.parse_order(bytes(delivery.body))
            # What a late delivery says was so when it was sent: it must not pass for news of this minute.
            told_at = min(delivery.triggered_at or delivery.received_at, delivery.received_at)
            received.append(replace(order, told_at=told_at))
        except ValueError as error:
            flagged[delivery.pk] = f"not usable: {error}"
    mirror_orders(connection, received, read_at=None)
    ask_for_returns(connection, external_ids=sorted(told_of))
    take_stock(connection, stock)
    return flagged


def _note_order(
    kind: type[Webhooks], delivery: WebhookDelivery, told_of: set[str], flagged: dict[int, str]
) -> None:
    """A refund or return is read by its order: the body only tells of which."""
    try:
        told_of.add(kind.order_told_of(bytes(delivery.body)))
    except ValueError as error:
        flagged[delivery.pk] = f"not usable: {error}"


def _note_stock(
    kind: type[StoreStock],
    delivery: WebhookDelivery,
    stock: list[tuple[ToldStock, datetime]],
    flagged: dict[int, str],
) -> None:
    try:
        told = kind.told_of_stock(delivery.topic, bytes(delivery.body))
        stock.append((told, delivery.received_at))
    except ValueError as error:
        flagged[delivery.pk] = f"not usable: {error}"
