"""What is left to do once an ERP's order stands in the store: payment terms, what buyers see, the sums compared."""

from __future__ import annotations

from collections.abc import Sequence

from hub.connectors.sales_documents import ErpDocument, OrderStage
from hub.connectors.store_orders import OrderWriting, StoreTerms
from hub.connectors.store_parts import OrderHistory
from hub.errors import Conflict, RecordRejected
from hub.sync import attempts
from hub.sync.models import Attempt, Connection, ReviewItem
from hub.sync.running import open_connector, this_run
from orders.changes.agreements import agree_on_copy
from orders.mirroring import document_of
from orders.models import ErpOrder, OfflineOrderPolicy, OrderLink, StoreOrder
from orders.offline.known import KnownErpOrder
from orders.offline.linking import CREATE_ORDER, CREATE_TERMS, mirrored_now, shown_hash
from orders.offline.making import FLOW
from orders.offline.mapping import shown_metafields, with_withdrawn
from orders.offline.mapping_rows import upward_rows
from orders.offline.terms import store_terms

Totals = OrderLink.Totals


def finish(connection: Connection, known: KnownErpOrder, link: OrderLink) -> str:
    """Do what is left for this linked order; returns what happened. Raises Conflict where the sums differ."""
    is_new = not link.sent_content_hash
    if is_new:
        _finish_new(connection, known, link)
    is_told = _tell(connection, known.document, link)
    if link.sent_document is None:
        # From then on both are compared field by field, and their totals with that.
        _check_totals(connection, known.order, link)
        _agree(known.document, link)
    name = link.order.name
    if is_new:
        return f"is {name} in the store"
    return (
        f"is {name} already; what its buyer sees was brought up to date" if is_told else f"is {name} already"
    )


def terms_of(
    store: OrderWriting, connection: Connection, document: ErpDocument, rows: Sequence[tuple[str, int]]
) -> StoreTerms | None:
    """The payment terms that the copy shall have. A finished order has none: its invoice does, and the store would
    call it overdue without knowing whether that was paid."""
    if not document.payment_terms_code or document.stage is OrderStage.CLOSED:
        return None
    return store_terms(document, rows, store.payment_terms_templates(), connection.time_zone)


# ------------------------------------------------------------------------------------------ payment terms


def _finish_new(connection: Connection, known: KnownErpOrder, link: OrderLink) -> None:
    """From the last step of ours on, what changes in the store was changed there."""
    copy = link.order
    if known.policy.way == OfflineOrderPolicy.Way.ORDER and _put_on_terms(connection, known, copy):
        store = open_connector(connection).supporting(OrderHistory)
        link.order = copy = mirrored_now(store, connection, copy.external_id)
    link.sent_content_hash = copy.content_hash
    link.save(update_fields=["sent_content_hash"])


def _put_on_terms(connection: Connection, known: KnownErpOrder, copy: StoreOrder) -> bool:
    """Whether the copy was put on its payment terms by this run, or by one whose answer was lost."""
    store = open_connector(connection).supporting(OrderWriting)
    rows = upward_rows(known.document, connection.pk, known.order.connection_id)
    terms = terms_of(store, connection, known.document, rows.terms)
    if terms is None or _was_decided(connection, known.order, "record_rejected"):
        return False
    lost = [
        attempt
        for attempt in attempts.open_attempts(connection.pk, this_run().task.subject)
        if attempt.operation == CREATE_TERMS
    ]
    now = store.read_made_order(copy.external_id) if lost else None
    if lost and not (now and now.has_payment_terms):
        attempts.wait_until_settled(lost)
    for attempt in lost:
        is_there = now is not None and now.has_payment_terms
        attempts.close(attempt, Attempt.State.CONFIRMED if is_there else Attempt.State.LOST, copy.external_id)
    if now and now.has_payment_terms:
        return True
    if document_of(copy).payment_terms is not None:
        return False
    _create_terms(store, copy, terms)
    return True


def _create_terms(store: OrderWriting, copy: StoreOrder, terms: StoreTerms) -> None:
    values: dict[str, object] = {"order": copy.name, "template": terms.template_external_id}
    with attempts.intend(
        CREATE_TERMS,
        copy.external_id,
        values,
        deadline=store.call_deadline,
        settle_after=store.settle_after,
    ) as attempt:
        store.create_payment_terms(copy.external_id, terms)
    attempts.close(attempt, Attempt.State.CONFIRMED, copy.external_id)


# --------------------------------------------------------------------------------------- shown and compared


def _tell(connection: Connection, document: ErpDocument, link: OrderLink) -> bool:
    """Write what buyers see of the order where it says something new; whether it did."""
    shown = shown_metafields(document)
    becomes = shown_hash(shown)
    if becomes in (link.shown_hash, "" if link.shown_hash else _told_with_the_create(connection)):
        OrderLink.objects.filter(pk=link.pk).exclude(shown_hash=becomes).update(shown_hash=becomes)
        return False
    store = open_connector(connection).supporting(OrderWriting)
    refused = store.write_order_metafields({link.order.external_id: with_withdrawn(shown)})
    if refused:
        raise RecordRejected(
            f"The store refused metafields of {link.order.name}: {refused[link.order.external_id]}"
        )
    OrderLink.objects.filter(pk=link.pk).update(shown_hash=becomes)
    return True


def _told_with_the_create(connection: Connection) -> str:
    made = Attempt.objects.filter(
        connection=connection,
        subject=this_run().task.subject,
        operation=CREATE_ORDER,
        state=Attempt.State.CONFIRMED,
    )
    last = made.order_by("-pk").first()
    return str(last.values.get("shown", "")) if last else ""


def _check_totals(connection: Connection, order: ErpOrder, link: OrderLink) -> None:
    if link.totals != Totals.DIFFER:
        return
    copy, tax = link.order, document_of(link.order).tax_total.shop.amount
    if (order.total_including_tax, order.total_tax) == (copy.total, tax):
        link.totals, link.erp_total, link.erp_tax = Totals.EQUAL, copy.total, tax
        link.save(update_fields=["totals", "erp_total", "erp_tax"])
        return
    if _was_decided(connection, order, "totals_differ"):
        return
    raise Conflict(
        f"{order.number} is {copy.name} in the store, but the ERP says {order.total_including_tax} "
        f"{order.currency} with {order.total_tax} tax and the store {copy.total} {copy.currency} with {tax}. "
        "Correct one of them, then press Try again; dismiss this to leave both as they are.",
        code="totals_differ",
        evidence={
            "order": copy.name,
            "document": order.number,
            "store_total": str(copy.total),
            "store_tax": str(tax),
            "erp_total": str(order.total_including_tax),
            "erp_tax": str(order.total_tax),
        },
    )


def _agree(document: ErpDocument, link: OrderLink) -> None:
    if link.totals == Totals.EQUAL:
        agree_on_copy(link, document)


def _was_decided(connection: Connection, order: ErpOrder, code: str) -> bool:
    """Whether a person decided that question about this order."""
    return (
        ReviewItem.objects.filter(flow=FLOW, connection=connection, record_id=order.pk, code=code)
        .exclude(decision="")
        .exists()
    )
