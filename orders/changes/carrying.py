"""Carry out what was settled: the ERP's document is changed here, the store is told by a flow of its own."""

from __future__ import annotations

from django.db import transaction

from hub.connectors.order_changes import CHANGED_MEANWHILE, DocumentChange, OrderEditing
from hub.connectors.sales_documents import ErpDocument
from hub.errors import Conflict, NotReadyYet
from hub.sync import attempts
from hub.sync.enqueue import enqueue
from hub.sync.models import Attempt
from orders.changes import agreements
from orders.changes.agreements import TELL_STORE
from orders.changes.comparing import Case, Compared
from orders.changes.for_store import store_change
from orders.changes.settling import trace
from orders.changes.wording import said, what
from orders.erp_documents import keep
from orders.freshness import database_time
from orders.unknown_codes import asked_anew

OPERATION = "change_sales_order"


def change_erp(case: Case, found: Compared, change: DocumentChange) -> ErpDocument:
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
        if not case.is_copy:
            # A copy is known by its mark.
            link.reference = document.reference or link.reference
            link.save(update_fields=["reference"])
        agreements.note(case.agreement, written=[*case.agreement.written, *traces])
    return document


def leave_to_store(case: Case, found: Compared) -> str:
    """Leave to the store's own flow what the store is to be told; it comes back here when that is done."""
    words = _words(found, for_store=True)
    change = store_change(found.documents, found.seen, found.store, found.settled, words)
    store_id = case.known.order.connection_id
    with transaction.atomic():
        agreements.note(case.agreement, to_store=agreements.kept(change), question=[])
        enqueue(TELL_STORE, store_id, [case.known.order.pk])
    return f"the store is told: {'; '.join(words)}"


def _words(found: Compared, *, for_store: bool) -> list[str]:
    return [
        f"{what(one.found, found.names)}: {said(one.found.store if for_store else one.found.erp)} → {said(one.value)}"
        for one in found.settled
        if (one.is_for_store if for_store else one.is_for_erp)
    ]
