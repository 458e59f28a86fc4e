"""Bring an order that changed after both sides held it to the same state in store and ERP, or ask a person.

Starts   the order changed in the store after it was sent, its document changed in the ERP, it was linked to one that
         we did not send, a person answered
Reads    StoreOrder, the ERP's document, what both agreed on last, OrderChangePolicy
Writes   the ERP's document, an attempt before it; what the store is to be told, for push_changes_to_store; then the
         new base: OrderAgreement and the link's sent document
Repeat   safe: both sides are read first, and where they agree nothing is sent; our own writes find no difference
Review   what no rule decides, or a switch, a stage or a side forbids: base, store and ERP side by side
"""

from __future__ import annotations

from dataclasses import replace

from hub.connectors.documents import SalesOrder
from hub.connectors.sales_documents import ErpDocument
from hub.errors import Conflict, NotReadyYet
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection
from hub.sync.running import open_connector, this_run
from orders import metafields
from orders.changes import agreements
from orders.changes.asking import question, rows_of, stored
from orders.changes.beginning import first_look, has_changed_since
from orders.changes.carrying import change_erp, leave_to_store
from orders.changes.comparing import Case, Compared, case_of, compared, mapped, reasons_of
from orders.changes.for_erp import document_change
from orders.changes.hints import FLOW, TOTALS, compared_links
from orders.changes.leaving import left_traces
from orders.changes.rereading import forget_lost, gone_in_erp, read_document
from orders.changes.settling import Pick
from orders.known import read_known
from orders.models import OrderLink
from orders.preparing import check_fresh

# Of what an ERP is told in one run: a write, and a look at what became of it.
ROUNDS = 2
AGREED = "both sides stand as they are from now on"


def run(connection: Connection, record_id: int) -> str:
    """Compare both sides of this order and settle what differs; returns what happened."""
    links = compared_links(connection).filter(order=record_id)
    link = links.select_related("order__connection", "connection").first()
    if link is None:
        return "not compared: no link of this ERP, or the store's policy leaves changes to people"
    subject = this_run().task.subject
    known = read_known(record_id, connection, flow=FLOW, subject=subject)
    if known.order.cancelled_at is not None:
        return "cancelled in the store: the flow that sends orders sees to it"
    if given_up := check_fresh(known):
        return given_up
    metafields.check_read(known.metafields, known.order)
    forget_lost(connection, subject)
    link.order.content_hash = known.order.content_hash
    case = case_of(known, link, agreements.agreement_of(link), connection, open_connector(connection))
    document, is_gone = read_document(connection, link)
    if link.sent_document is None:
        return _adopt(case, document, is_gone=is_gone)
    return _settle(case, mapped(case), document, is_gone=is_gone)


# ------------------------------------------------------------------------------------------------ settle


def _adopt(case: Case, document: ErpDocument, *, is_gone: bool) -> str:
    """A document that we did not send. Where a side changed after both were linked, a person is asked what holds."""
    if is_gone:
        raise gone_in_erp(case.link)
    if case.is_copy:
        return _adopt_copy(case, document)
    if case.link.totals == OrderLink.Totals.UNREAD:
        enqueue(TOTALS, case.link.connection_id)
        raise NotReadyYet("The ERP's totals are read back before both sides are compared.", after=15.0)
    now, linked = mapped(case), agreements.agreed_document(case.agreement)
    is_equal = case.link.totals == OrderLink.Totals.EQUAL
    if not is_equal or has_changed_since(case.link, document, linked):
        first = first_look(case.link, now, linked)
        return _settle(replace(case, first=first), now, document, is_gone=False)
    agreements.agree(case.agreement, case.link, now, document, reasons=reasons_of(case, now))
    return AGREED


def _adopt_copy(case: Case, document: ErpDocument) -> str:
    is_equal = case.link.totals == OrderLink.Totals.EQUAL
    if not is_equal or not agreements.agree_on_copy(case.link, document):
        raise Conflict(
            f"{case.link.order.name} changed, and what was sent to the ERP of it is not known. Compare it with "
            f"{case.link.shown_number} by hand until their totals are equal, then press Try again.",
            code="changed_after_adoption",
            evidence={"order": case.link.order.name, "document": case.link.shown_number},
        )
    return AGREED


def _settle(case: Case, now: SalesOrder, document: ErpDocument, *, is_gone: bool) -> str:
    told: list[str] = []
    for _ in range(ROUNDS):
        found = compared(case, now, document, is_gone=is_gone)
        agreements.keep_left(case.agreement, found.left)
        if found.others or any(one.pick is Pick.ASK for one in found.settled):
            raise _question(case, found)
        if all(one.pick is Pick.LEAVE for one in found.settled):
            left = left_traces([one.found for one in found.settled], found.documents)
            if any(one.found.field == "is_cancelled" for one in found.settled):
                # Beside a cancellation no line is compared, and its document may be found again: a look-up may lag.
                agreements.leave(case.agreement, case.link, left)
                return "; ".join([*told, "each side keeps its own"])
            reasons = reasons_of(case, now)
            agreements.agree(case.agreement, case.link, now, document, left=left, reasons=reasons)
            return "; ".join([*told, "both sides agree"])
        change = document_change(found.documents, found.seen, found.settled)
        if change is None:
            return "; ".join([*told, leave_to_store(case, found)])
        document = change_erp(case, found, change)
        told.append(f"{case.link.shown_number} was changed in the ERP")
    raise NotReadyYet("The ERP's order was changed and is compared once more.", after=1.0)


def _question(case: Case, found: Compared) -> Conflict:
    rows = rows_of(found.settled, found.others, found.rules, found.names)
    agreements.note(case.agreement, question=stored(rows), to_store=None)
    return question(case.known.order, case.link.shown_number, rows)
