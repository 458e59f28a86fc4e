"""Bring an order that changed after both sides held it to the same state in store and ERP, or ask a person.

Starts   the order changed in the store after it was sent, its document changed in the ERP, a person answered
Reads    StoreOrder, the ERP's document, what both agreed on last, OrderChangePolicy
Writes   the ERP's document, an attempt before it; what the store is to be told, for push_changes_to_store; then the
         new base: OrderAgreement and the link's sent document
Repeat   safe: both sides are read first, and where they agree nothing is sent; our own writes find no difference
Review   what no rule decides, or a switch, a stage or a side forbids: base, store and ERP side by side
"""

from __future__ import annotations

from dataclasses import replace

from django.db import transaction

from hub.connectors.documents import SalesOrder
from hub.connectors.order_changes import CHANGED_MEANWHILE, DocumentChange, OrderEditing
from hub.connectors.sales_documents import ErpDocument, OrderStage, SalesDocuments
from hub.errors import Conflict, NotReadyYet
from hub.sync import attempts
from hub.sync.enqueue import enqueue
from hub.sync.models import Attempt, Connection
from hub.sync.running import open_connector, this_run
from orders import metafields
from orders.changes import agreements
from orders.changes.agreements import TELL_STORE
from orders.changes.asking import question, rows_of, stored
from orders.changes.comparing import Case, Compared, case_of, compared, mapped
from orders.changes.for_erp import document_change
from orders.changes.for_store import store_change
from orders.changes.hints import FLOW, compared_links
from orders.changes.settling import Pick, trace
from orders.changes.wording import said, what
from orders.erp_documents import document_of, keep
from orders.freshness import database_time
from orders.known import read_known
from orders.models import ErpOrder, OrderLink
from orders.preparing import check_fresh
from orders.unknown_codes import asked_anew

OPERATION = "change_sales_order"
# Of what an ERP is told in one run: a write, and a look at what became of it.
ROUNDS = 2


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
    _forget_lost(connection, subject)
    link.order.content_hash = known.order.content_hash
    case = case_of(known, link, agreements.agreement_of(link), connection, open_connector(connection))
    now = mapped(case)
    document, is_gone = _read(connection, link)
    if link.sent_document is None:
        return _adopt(case, now, document)
    return _settle(case, now, document, is_gone=is_gone)


# ------------------------------------------------------------------------------------------------- read


def _forget_lost(connection: Connection, subject: str) -> None:
    """A change whose answer was lost may land for a while; what stands after that is all there is to know."""
    lost = [one for one in attempts.open_attempts(connection.pk, subject) if one.operation == OPERATION]
    if lost:
        attempts.wait_until_settled(lost)
    for one in lost:
        attempts.close(one, Attempt.State.LOST)


def _read(connection: Connection, link: OrderLink) -> tuple[ErpDocument, bool]:
    """The document as of now, and whether it is gone: then it counts as cancelled, which nobody does by itself."""
    erp = open_connector(connection).supporting(SalesDocuments)
    read_at = database_time()
    found = erp.read_sales_documents([link.external_id])
    if found:
        with transaction.atomic():
            keep(connection, found, read_at=read_at)
        return found[0], False
    known = ErpOrder.objects.filter(connection=connection, external_id=link.external_id).first()
    if known is None or known.document is None:
        raise Conflict(
            f"{link.shown_number} of {link.order.name} is not in the ERP any more. Restore it there, or cancel the "
            "order in the store.",
            code="gone_in_erp",
            evidence={"order": link.order.name, "document": link.shown_number},
        )
    return replace(document_of(known), stage=OrderStage.CANCELLED), True


# ------------------------------------------------------------------------------------------------ settle


def _adopt(case: Case, now: SalesOrder, document: ErpDocument) -> str:
    """A document that we did not send: what stands where the totals are equal is what both agree on."""
    if case.link.totals != OrderLink.Totals.EQUAL:
        raise Conflict(
            f"{case.link.order.name} changed, and what was sent to the ERP of it is not known. Compare it with "
            f"{case.link.shown_number} by hand until their totals are equal, then press Try again.",
            code="changed_after_adoption",
            evidence={"order": case.link.order.name, "document": case.link.shown_number},
        )
    agreements.agree(case.agreement, case.link, now, document)
    return "both sides stand as they are from now on"


def _settle(case: Case, now: SalesOrder, document: ErpDocument, *, is_gone: bool) -> str:
    told: list[str] = []
    for _ in range(ROUNDS):
        found = compared(case, now, document, is_gone=is_gone)
        if found.others or any(one.pick is Pick.ASK for one in found.settled):
            raise _question(case, found)
        if all(one.pick is Pick.LEAVE for one in found.settled):
            agreements.agree(case.agreement, case.link, now, document)
            return "; ".join([*told, "both sides agree"])
        change = document_change(found.documents, found.seen, found.settled)
        if change is None:
            return "; ".join([*told, _tell_store(case, found)])
        document = _write(case, found, change)
        told.append(f"{case.link.shown_number} was changed in the ERP")
    raise NotReadyYet("The ERP's order was changed and is compared once more.", after=1.0)


def _question(case: Case, found: Compared) -> Conflict:
    rows = rows_of(found.settled, found.others, found.rules, found.names)
    agreements.note(case.agreement, question=stored(rows), to_store=None)
    return question(case.known.order, case.link.shown_number, rows)


def _words(found: Compared, *, for_store: bool) -> list[str]:
    return [
        f"{what(one.found, found.names)}: {said(one.found.store if for_store else one.found.erp)} → {said(one.value)}"
        for one in found.settled
        if (one.is_for_store if for_store else one.is_for_erp)
    ]


# ----------------------------------------------------------------------------------------------- write


def _write(case: Case, found: Compared, change: DocumentChange) -> ErpDocument:
    """Change the ERP's document; what was written is noted with its attempt, so that it is written once."""
    link, erp = case.link, case.erp
    connector = case.connector.supporting(OrderEditing)
    values: dict[str, object] = {
        "document": link.shown_number,
        "changes": _words(found, for_store=False),
    }
    read_at = database_time()
    with (
        asked_anew(case.side, case.placed),
        attempts.intend(
            OPERATION, link.external_id, values, deadline=erp.call_deadline, settle_after=erp.settle_after
        ) as attempt,
    ):
        try:
            document = connector.change_sales_order(link.external_id, link.reference, change)
        except Conflict as error:
            if error.code != CHANGED_MEANWHILE:
                raise
            raise NotReadyYet(
                "Somebody changed the order in the ERP meanwhile: it is read again.", after=1.0
            ) from error
    traces = [list(trace(one.found)) for one in found.settled if one.is_for_erp]
    with transaction.atomic():
        attempts.close(attempt, Attempt.State.CONFIRMED, link.external_id)
        keep(link.connection, [document], read_at=read_at)
        link.reference = document.reference or link.reference
        link.save(update_fields=["reference"])
        agreements.note(case.agreement, written=[*case.agreement.written, *traces])
    return document


def _tell_store(case: Case, found: Compared) -> str:
    """Leave to the store's own flow what the store is to be told; it comes back here when that is done."""
    words = _words(found, for_store=True)
    change = store_change(found.documents, found.seen, found.store, found.settled, words)
    store_id = case.known.order.connection_id
    with transaction.atomic():
        agreements.note(case.agreement, to_store=agreements.kept(change), question=[])
        enqueue(TELL_STORE, store_id, [case.known.order.pk])
    return f"the store is told: {'; '.join(words)}"
