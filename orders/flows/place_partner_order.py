"""Place an order that a partner told in the store, once; from there it goes to the ERP as every order does.

Starts   a partner told an order, a person decided about it, a name that it uses was said to mean something, or
         something else
Reads    PartnerOrder, OrderPolicy, PartnerCode and item rows, the store's locations, goods and terms, open attempts
Writes   a draft in the store, its changes and its completion, an attempt before each; the store's order beside the
         PartnerOrder
Repeat   safe: a placed order is never placed again; what an earlier run left is looked up by mark and id first, and
         changed where it was made of something else
Review   names that mean nothing, PO used before, sums or tax mode that differ, no terms, store refuses; rejected with a
         reason, the partner is told
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from hub.connectors.store_orders import OrderWriting
from hub.connectors.store_parts import Companies, OrderHistory
from hub.connectors.taken_orders import OrderTaking
from hub.errors import NeedsReview
from hub.sync.models import Connection, ReviewItem
from hub.sync.running import open_connector
from orders.models import OrderPolicy, PartnerOrder
from orders.offline.drafts import (
    Steps,
    complete_draft,
    confirmed,
    content_of,
    draft_as_wanted,
    draft_before,
)
from orders.offline.known import approved_codes, is_approved
from orders.offline.linking import COMPLETE_DRAFT, mirrored_now
from orders.partners.codes import evidence_of
from orders.partners.documents import PartnerDocument, mark_for, stored_documents
from orders.partners.duplicates import FLOW, check_duplicate
from orders.partners.goods import variants_of
from orders.partners.mapping import Found, draft_question, taken_order
from orders.partners.places import buyer_of, location_of
from orders.partners.terms import terms_of

State, Decision = PartnerOrder.State, ReviewItem.Decision


def run(connection: Connection, record_id: int) -> str:
    """Bring the store to where this order says it should be; returns what happened."""
    order = PartnerOrder.objects.select_related("connection", "order").get(
        pk=record_id, connection=connection
    )
    if order.order is not None:
        return f"is {order.order.name} in the store already"
    if order.state == State.REJECTED and not _is_taken_back(order):
        return "rejected"
    try:
        made = _made(open_connector(connection).supporting(OrderWriting), order)
    except NeedsReview as error:
        # With what names the order and its content every question may be answered by a rejection.
        error.evidence = {**evidence_of(order), **error.evidence}
        raise
    return _remember(order, made) if made else f"rejected: {order.answer}"


def _made(store: OrderWriting, order: PartnerOrder) -> str:
    """The id of the order in the store; "" where it was rejected."""
    if before := _made_before(store, order):
        return before
    if why := _rejection(order):
        return _reject(order, why)
    if order.state != State.OPEN:
        order.state, order.answer, order.closed_at = State.OPEN, "", None
        order.save(update_fields=["state", "answer", "closed_at"])
    return _place(store, order)


# ------------------------------------------------------------------------------------------------- decided


def _rejection(order: PartnerOrder) -> str:
    """Why a person rejected the order; "" where nobody did, or took it back."""
    items = ReviewItem.objects.filter(flow=FLOW, connection=order.connection_id, record_id=order.pk)
    last = items.filter(decision=Decision.REJECTED).order_by("-pk").first()
    return last.reason if last else ""


def _is_taken_back(order: PartnerOrder) -> bool:
    items = ReviewItem.objects.filter(flow=FLOW, connection=order.connection_id, record_id=order.pk)
    return not _rejection(order) and items.filter(decision=Decision.TAKEN_BACK).exists()


def _reject(order: PartnerOrder, why: str) -> str:
    """Keep the reason for the partner; returns that there is no order in the store."""
    order.state, order.answer, order.closed_at = State.REJECTED, why, datetime.now(UTC)
    order.save(update_fields=["state", "answer", "closed_at"])
    return ""


# ------------------------------------------------------------------------------------- done already, done now


def _made_before(store: OrderWriting, order: PartnerOrder) -> str:
    """The id of the store's order that an earlier run made; "" where there is none and none can appear."""
    done = confirmed(order.connection, (COMPLETE_DRAFT,))
    if done:
        return done.external_id
    draft = draft_before(store, order.connection, order.number, mark_for(order.public_id))
    return draft.order_external_id if draft else ""


def _remember(order: PartnerOrder, external_id: str) -> str:
    """Mirror the store's order and keep it beside the partner's."""
    store = open_connector(order.connection).supporting(OrderHistory)
    order.order = mirrored_now(store, order.connection, external_id)
    order.state, order.answer, order.closed_at = State.PLACED, "", datetime.now(UTC)
    order.save(update_fields=["order", "state", "answer", "closed_at"])
    return f"is {order.order.name} in the store"


# ---------------------------------------------------------------------------------------- depends on, map, send


def _policy(order: PartnerOrder) -> OrderPolicy:
    found = OrderPolicy.objects.filter(store=order.connection_id).first()
    if found is None:
        raise NeedsReview(
            f"{order.connection} has no order policy any more, which names the ERP of its orders. Make one on the "
            "store's page, then press Try again; or reject the order with the reason, which the partner is told.",
            code="policy_missing",
        )
    return found


def _place(store: OrderWriting, order: PartnerOrder) -> str:
    """Place the order; returns its id in the store, "" where the store's policy rejects it."""
    document: PartnerDocument = stored_documents.read(order.document)
    policy = _policy(order)
    approved = approved_codes(FLOW, order.connection_id, order.pk)
    connector = open_connector(order.connection)
    taking = connector.supporting(OrderTaking)
    location = location_of(store, connector.supporting(Companies), order, document)
    if order.company_external_id != location.company_external_id:
        order.company_external_id = location.company_external_id
        order.save(update_fields=["company_external_id"])
    if why := check_duplicate(order, policy, approved):
        return _reject(order, why)
    buyer = buyer_of(order, document, location, approved)
    currency, variants = variants_of(store, order, document, policy.erp_id)
    terms = terms_of(store, taking, order, document, location.external_id)
    mark = mark_for(order.public_id)
    wanted = taken_order(document, Found(location, buyer, currency, variants, terms), mark)
    values: dict[str, object] = {
        "mark": mark,
        "location": location.external_id,
        "partner": order.told_by,
        "partner_order": order.number,
    }
    steps = Steps(
        # Terms are issued when the draft is made, whenever it is looked at again.
        content_of(replace(wanted, terms=replace(wanted.terms, issued_at=None))),
        lambda: taking.draft_taken(wanted),
        lambda external_id: taking.change_taken(external_id, wanted),
    )
    draft = draft_as_wanted(store, order.connection, order.number, mark, values, steps)
    if draft.order_external_id:
        return draft.order_external_id
    question = draft_question(document, draft)
    if question and not is_approved(FLOW, order.connection_id, order.pk, question):
        raise question
    return complete_draft(store, mark, values | {"total": str(draft.totals.total)}, draft)
