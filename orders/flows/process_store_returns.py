"""Bring an order's returns in the store to their end: taken back, disposed of, exchanged, closed, cancelled, reopened.

Starts   a return was approved or changed, pieces were counted, the ERP's return order changed, its credit was refunded;
         a person answered, or dismissed what was asked of an exchange, of money paid in part, or of a difference
Reads    StoreReturn and RefundPolicy, InspectedLine and ReturnReason rows, ErpCredit, each return as it is now
Writes   processed pieces with their money, dispositions, the return's state in the store (an attempt before each),
         StoreReturn and StoreRefund
Repeat   safe: a return is read before each write, and only what it lacks is done; a lost write is awaited
Review   pieces to be counted; more taken back than was said; paid in part; exchanged goods for less than came back
"""

from __future__ import annotations

from collections.abc import Mapping

from hub.connectors.fulfilments import Fulfilments
from hub.connectors.return_processing import ReturnProcessing
from hub.connectors.store_returns import Refunds, Returns, ReturnState
from hub.errors import NeedsReview
from hub.sync.models import Connection
from hub.sync.running import open_connector
from orders.models import RefundPolicy, ReturnLink, StoreOrder, StoreReturn
from orders.returns.desk import Desk
from orders.returns.ending import ErpsWord
from orders.returns.taking_back import ANSWERED_BY_DISMISSAL, TakingBack

FLOW = "process_store_returns"
_WORKED_ON = (ReturnState.OPEN.value, ReturnState.CLOSED.value)


def run(connection: Connection, record_id: int) -> str:
    """Work on every return of this order; returns what happened."""
    policy = RefundPolicy.objects.filter(store=connection, is_on=True).first()
    if policy is None or not (policy.works_on_returns or _began_in_erp(record_id)):
        return "the store's own staff work on returns"
    order = StoreOrder.objects.select_related("connection").get(pk=record_id)
    rows = list(
        StoreReturn.objects.filter(order=order, state__in=_WORKED_ON)
        .select_related("order__connection", "connection")
        .order_by("created_at", "pk")
    )
    if not rows:
        return "nothing is on its way back"
    connector = open_connector(connection)
    desk = Desk(
        connector.supporting(Refunds),
        connector.supporting(Returns),
        connector.supporting(ReturnProcessing),
        connection,
        order,
    )
    return _work(rows, desk, policy, connector.supporting(Fulfilments))


def reads_dismissal(code: str, evidence: Mapping[str, object]) -> bool:
    """Dismissed, nothing is sent in exchange, or the return is worked on in the store; the others go on."""
    return code in ANSWERED_BY_DISMISSAL


def _began_in_erp(order_id: int) -> bool:
    return ReturnLink.objects.filter(returned__order=order_id).exists()


def _work(rows: list[StoreReturn], desk: Desk, policy: RefundPolicy, fulfilments: Fulfilments) -> str:
    """A question about one return stops none of the others. Raises the first of them."""
    questions: list[NeedsReview] = []
    erp, people = ErpsWord(desk, policy), TakingBack(desk, policy, fulfilments)
    for row in rows:
        try:
            found = desk.read(row)
            if found is None or erp.settles(row, found):
                continue
            if policy.inspection == RefundPolicy.Inspection.PERSON:
                people.work(row, found)
        except NeedsReview as question:
            question.evidence = {**question.evidence, "return_id": row.external_id}
            questions.append(question)
    if questions:
        raise questions[0]
    return ", ".join(desk.written) or "its returns are as they should be"
