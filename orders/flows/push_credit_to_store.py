"""Refund in the store what its ERP credited of an order by itself, once.

Starts   a credit memo or return order of the order was mirrored, its sales order was linked, a person answered
         or dismissed a question about one credit
Reads    ErpCredit of the order, RefundPolicy, mapping rows, what the store refunded, sent and would give back
Writes   a refund in the store (an attempt before it), CreditLink and StoreRefund after it; a closed return that
         holds the goods is opened for it and closed again
Repeat   safe: linked credits are never sent; a refund is found by the mark in its note before anything else, and the
         same intention goes out under the same idempotency key with the same values
Review   lines that match none or several, lines below zero that are no fee, amounts that differ, a refund of the same
         goods or amount, more than was paid, unpaid orders, the store refuses
"""

from __future__ import annotations

from collections.abc import Mapping

from hub.connectors.base import Connector
from hub.connectors.credits import CreditStage
from hub.connectors.fulfilments import Fulfilments
from hub.connectors.return_processing import ReturnProcessing
from hub.connectors.store_returns import Refunds, Returns, ReturnState
from hub.sync import attempts
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection
from hub.sync.running import open_connector
from orders.credits.mirroring import document_of
from orders.models import CreditLink, ErpCredit, RefundPolicy, StoreOrder, StoreReturn
from orders.returns.begun import BegunReturns, return_orders_begun
from orders.returns.credited import OPERATION as TAKE_BACK
from orders.returns.credited import CreditedReturns
from orders.returns.pushing import refund_each
from orders.returns.reopened import ReopenedReturns, marks_of_reopened
from orders.returns.sending import OPERATION as REFUND
from orders.returns.sending import Sender

OPERATIONS = (REFUND, TAKE_BACK)
DECIDE, PROCESS = "decide_store_return", "process_store_returns"


def run(connection: Connection, record_id: int) -> str:
    """Bring the store's refunds of this order to what the ERP credited by itself; returns what happened."""
    order = StoreOrder.objects.select_related("connection").get(pk=record_id)
    lost = _lost(connection, order)
    policy = RefundPolicy.objects.filter(store=connection, is_on=True).first()
    if policy is not None:
        _decide_returns(connection, order)
        _process_returns(connection, order)
    due = _due(order, policy) if policy is not None and policy.sends_refunds else []
    if not (due or lost or marks_of_reopened(order)):
        return _why_nothing(policy)
    connector = open_connector(connection)
    if policy is not None:
        _settle_begun(connector, policy, order)
    sender = Sender(connector.supporting(Refunds), connection, order)
    sender.read()
    processing = connector.supporting(ReturnProcessing)
    reopened = ReopenedReturns(sender, processing, connector.supporting(Returns))
    reopened.settle_lost()
    returns = CreditedReturns(sender, processing, reopened)
    left = returns.adopt(sender.adopt(list(dict.fromkeys([*due, *lost]))))
    sender.wait_for_lost()
    due = [credit for credit in left if credit in due]
    reopened.close_settled(due)
    if policy is not None:
        refund_each(due, returns, policy, connector.supporting(Fulfilments))
    return ", ".join(sender.written) or _why_nothing(policy)


def reads_dismissal(code: str, evidence: Mapping[str, object]) -> bool:
    """A credit whose question was dismissed was settled by hand; a return that was opened for it is closed again."""
    return "credit_id" in evidence


def _lost(connection: Connection, order: StoreOrder) -> list[ErpCredit]:
    """Credits whose refund was sent and whose answer was lost: they are looked up also where none is due any more."""
    sent = attempts.open_attempts(connection.pk, f"order:{order.pk}")
    keys = [attempt.values["credit"] for attempt in sent if attempt.operation in OPERATIONS]
    return list(ErpCredit.objects.filter(pk__in=keys).select_related("connection").order_by("pk"))


def _why_nothing(policy: RefundPolicy | None) -> str:
    if policy is None:
        return "the store's refunds are left alone"
    return "every credit is in the store" if policy.sends_refunds else "the store is not told of credits"


def _settle_begun(connector: Connector, policy: RefundPolicy, order: StoreOrder) -> None:
    """A return whose answer was lost holds the goods of its credit: it is looked up before anything is refunded."""
    begun = BegunReturns(
        connector.supporting(Refunds), connector.supporting(Returns), order.connection, order
    )
    if begun.lost():
        begun.read()
        begun.settle_lost(return_orders_begun(order, policy))


def _due(order: StoreOrder, policy: RefundPolicy) -> list[ErpCredit]:
    """Posted credits that the ERP began and that are in no store yet, oldest first.

    Those that it dates before the policy's first day were settled by other means, whenever somebody touched them last.
    """
    begun = ErpCredit.objects.filter(
        order=order,
        is_return=False,
        refund_external_id="",
        stage=CreditStage.CREDITED.value,
        remote_updated_at__gte=policy.refunds_from,
    )
    linked = CreditLink.objects.filter(refund__order=order, is_return=False)
    known = set(linked.values_list("connection", "external_id"))
    return [
        credit
        for credit in begun.select_related("connection").order_by("remote_updated_at", "pk")
        if (credit.connection_id, credit.external_id) not in known
        and credit.pushed_hash != credit.document_hash
        and ((day := document_of(credit).document_date) is None or day >= policy.first_day(credit.connection))
    ]


def _decide_returns(connection: Connection, order: StoreOrder) -> None:
    """A return order of the ERP may be the answer to a buyer's request."""
    waiting = StoreReturn.objects.filter(order=order, state=ReturnState.REQUESTED.value)
    enqueue(DECIDE, connection.pk, waiting.values_list("pk", flat=True))


def _process_returns(connection: Connection, order: StoreOrder) -> None:
    """It may have ended a return, or taken it up again; looked at after this run, which holds the order."""
    unfinished = (ReturnState.OPEN.value, ReturnState.CLOSED.value)
    if StoreReturn.objects.filter(order=order, state__in=unfinished).exists():
        enqueue(PROCESS, connection.pk, [order.pk])
