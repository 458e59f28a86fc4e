"""Refunds and returns of a store into the mirror; whose business a change is, is enqueued with it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from django.db import transaction

from hub.connectors.store_returns import PaymentState, ReturnState
from hub.connectors.store_returns import StoreRefund as Refund
from hub.connectors.store_returns import StoreReturn as Return
from hub.lib.hashing import content_hash
from hub.lib.stored import Stored
from hub.lib.text import storable, stored_json
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection
from orders.models import OrderLink, RefundPolicy, StoreRefund, StoreReturn

TO_ERP, DECIDE, PROCESS = "push_refund_to_erp", "decide_store_return", "process_store_returns"
ANNOUNCE = "push_return_to_erp"
_REFUND = [
    "return_external_id",
    "explained",
    "moved",
    "presentment_explained",
    "presentment_moved",
    "money",
    "mark",
    "remote_updated_at",
    "observed_at",
    "document",
    "document_hash",
]
_RETURN = ["name", "state", "observed_at", "document", "document_hash"]
_refunds, _returns = Stored(Refund), Stored(Return)


def refund_of(row: StoreRefund) -> Refund:
    """The mirror's document."""
    return _refunds.read(row.document)


def return_of(row: StoreReturn) -> Return:
    """The mirror's document."""
    return _returns.read(row.document)


def mirror_returns(
    connection: Connection,
    orders: Mapping[str, int],
    refunds: Iterable[Refund],
    returns: Iterable[Return],
) -> int:
    """Mirror what was just read of these orders (keys by external id); returns how much of it is new or changed.

    One transaction: what has to be credited or decided is enqueued with it.
    """
    with transaction.atomic():
        refund_rows = [
            _refund_row(connection, orders[one.order_external_id], one)
            for one in sorted(refunds, key=lambda one: one.external_id)
        ]
        return_rows = [
            _return_row(connection, orders[one.order_external_id], one)
            for one in sorted(returns, key=lambda one: one.external_id)
        ]
        new_refunds, new_returns = (
            _store_refunds(connection, refund_rows),
            _store_returns(connection, return_rows),
        )
        _tell_erps({row.order_id for row in new_refunds} | {row.order_id for row in new_returns})
        _announce(connection, {row.order_id for row in new_returns})
        wanted = [row.pk for row in new_returns if row.state == ReturnState.REQUESTED.value]
        enqueue(DECIDE, connection.pk, wanted)
        under_way = {row.order_id for row in new_returns if row.state == ReturnState.OPEN.value}
        enqueue(PROCESS, connection.pk, under_way)
    return len(new_refunds) + len(new_returns)


def _store_refunds(connection: Connection, rows: Sequence[StoreRefund]) -> list[StoreRefund]:
    found = StoreRefund.objects.filter(
        connection=connection, external_id__in=[row.external_id for row in rows]
    )
    known = {row.external_id: row for row in found.select_for_update()}
    news = [
        row
        for row in rows
        if row.external_id not in known
        or (
            known[row.external_id].document_hash != row.document_hash
            and known[row.external_id].remote_updated_at <= row.remote_updated_at
        )
    ]
    return StoreRefund.objects.bulk_create(
        news, update_conflicts=True, unique_fields=["connection", "external_id"], update_fields=_REFUND
    )


def _store_returns(connection: Connection, rows: Sequence[StoreReturn]) -> list[StoreReturn]:
    """A return carries no stamp: what was read last counts, and one task at a time reads a store's."""
    found = StoreReturn.objects.filter(
        connection=connection, external_id__in=[row.external_id for row in rows]
    )
    hashes = dict(found.select_for_update().values_list("external_id", "document_hash"))
    news = [row for row in rows if hashes.get(row.external_id) != row.document_hash]
    return StoreReturn.objects.bulk_create(
        news, update_conflicts=True, unique_fields=["connection", "external_id"], update_fields=_RETURN
    )


def _tell_erps(orders: set[int]) -> None:
    """ERPs that hold these orders are asked whether something is to be credited."""
    by_erp: dict[int, set[int]] = {}
    refunded = OrderLink.objects.filter(order__in=orders, order__refunds__isnull=False)
    for erp_id, order_id in refunded.values_list("connection", "order"):
        by_erp.setdefault(erp_id, set()).add(order_id)
    for erp_id, keys in sorted(by_erp.items()):
        enqueue(TO_ERP, erp_id, keys)


def _announce(connection: Connection, orders: set[int]) -> None:
    """Where the ERP's return orders decide, the ERPs that hold these orders are told of their returns."""
    policies = RefundPolicy.objects.filter(store=connection, is_on=True, approval=RefundPolicy.Approval.ERP)
    if not orders or not policies.exists():
        return
    by_erp: dict[int, set[int]] = {}
    for erp_id, order_id in OrderLink.objects.filter(order__in=orders).values_list("connection", "order"):
        by_erp.setdefault(erp_id, set()).add(order_id)
    for erp_id, keys in sorted(by_erp.items()):
        enqueue(ANNOUNCE, erp_id, keys)


def _refund_row(connection: Connection, order_id: int, document: Refund) -> StoreRefund:
    built = json.loads(stored_json(document))
    explained = document.explained
    moved = document.moved(PaymentState.DONE, PaymentState.PENDING)
    return StoreRefund(
        connection=connection,
        external_id=document.external_id,
        order_id=order_id,
        return_external_id=document.return_external_id,
        currency=explained.shop.currency,
        explained=explained.shop.amount,
        moved=moved.shop.amount,
        presentment_currency=explained.presentment.currency,
        presentment_explained=explained.presentment.amount,
        presentment_moved=moved.presentment.amount,
        money=_money(document),
        mark=storable(document.mark)[:120],
        created_at=document.created_at,
        remote_updated_at=document.updated_at,
        observed_at=datetime.now(UTC),
        document=built,
        document_hash=content_hash({**built, "updated_at": None}),
    )


def _money(document: Refund) -> str:
    """What became of the money: one payment that failed, or is on its way, speaks for all."""
    states = {payment.state for payment in document.payments if payment.amount.shop.amount != Decimal(0)}
    for state in (PaymentState.FAILED, PaymentState.PENDING, PaymentState.DONE):
        if state in states:
            return state.value
    return ""


def _return_row(connection: Connection, order_id: int, document: Return) -> StoreReturn:
    built = json.loads(stored_json(document))
    return StoreReturn(
        connection=connection,
        external_id=document.external_id,
        order_id=order_id,
        name=storable(document.name)[:60],
        state=document.state.value,
        created_at=document.created_at,
        observed_at=datetime.now(UTC),
        document=built,
        document_hash=content_hash(built),
    )
