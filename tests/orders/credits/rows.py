"""Refunds as the mirror holds them, and an ERP in memory that credits: for tests of the flows of credits."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

from hub.connectors.store_returns import PaymentState, RefundPayment, Restock, StoreRefund
from hub.lib.text import stored_json
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection, Cursor
from orders.mirroring import document_of
from orders.models import CreditLineMapping, CreditPolicy
from orders.models import StoreRefund as Row
from tests.orders.credits.refunds import NUMBERS, bag, refund, refunded


def use_crediting(hub, erp):
    """The hub's ERP is the one in memory, its credit lines are mapped, and refunds of the store are credited."""
    erp.forget()
    connection = Connection.objects.get(pk=hub.erp.pk)
    connection.system, connection.config, connection.secrets = "crediting", {}, {}
    connection.save()
    CreditPolicy.objects.create(store=hub.euro, credits_from=datetime(2026, 1, 1, tzinfo=UTC))
    map_parts(hub)
    pulled(hub)


def pulled(hub, at=None):
    """The ERP's credits were read then, else a moment ago."""
    for flow in ("pull_erp_credits", "pull_erp_credits returns"):
        Cursor.objects.update_or_create(
            connection=hub.erp, flow=flow, defaults={"covered_at": at or datetime.now(UTC)}
        )


def map_parts(hub):
    for part, number in NUMBERS.items():
        CreditLineMapping.objects.create(store=hub.euro, erp=hub.erp, kind=part, number=number)


def mirror(hub, placed, document: StoreRefund, *, money="done", mark="") -> Row:
    """The refund as the flow that reads refunds keeps it."""
    order = hub.order(placed)
    return Row.objects.create(
        connection=hub.euro,
        external_id=document.external_id,
        order=order,
        currency="EUR",
        explained=document.explained.shop.amount,
        moved=Decimal(0),
        presentment_currency="EUR",
        presentment_explained=document.explained.presentment.amount,
        presentment_moved=Decimal(0),
        money=money,
        mark=mark,
        created_at=datetime(2026, 11, 20, 12, tzinfo=UTC),
        remote_updated_at=datetime(2026, 11, 20, 12, tzinfo=UTC),
        document=json.loads(stored_json(document)),
        document_hash="h",
    )


def one_back(
    hub, placed, *, number=1, restock=Restock.RETURN, state=PaymentState.DONE, worth="10.00", tax="1.90"
) -> StoreRefund:
    """One of the order's pieces at so much and its tax, with its money in this state."""
    line = _first_line(hub, placed)
    paid = (RefundPayment("t1", state, bag(str(Decimal(worth) + Decimal(tax))), bag("0")),)
    return refund(refunded(line, 1, worth, tax, restock), number=number, payments=paid)


def _first_line(hub, placed):
    return document_of(hub.order(placed)).lines[0]


def shrink(hub, placed):
    """The store's order is worth less by what was given back."""
    order = hub.order(placed)
    amount = order.document["current_total"]["shop"]
    amount["amount"] = str(Decimal(amount["amount"]) - Decimal("11.90"))
    order.save()


def push(hub, placed):
    """The flow runs for this order."""
    enqueue("push_refund_to_erp", hub.erp.pk, [hub.order(placed).pk])
    hub.work()
    return hub.outcomes("push_refund_to_erp")[-1:]
