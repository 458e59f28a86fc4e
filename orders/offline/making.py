"""The steps by which an ERP's order becomes one of the store, each with an attempt of its own.

A finished order is one step. A draft is two: it is created, its sums are compared, it is completed; wherever that
stops, the next run looks up what there is and goes on behind it.
"""

from __future__ import annotations

from dataclasses import replace

from hub.connectors.store_orders import MadeDraft, OrderWriting, StoreOrderDraft, StoreTotals
from hub.errors import Conflict
from hub.sync import attempts
from hub.sync.enqueue import enqueue
from hub.sync.models import Attempt, Connection
from hub.sync.running import this_run
from orders.models import ErpOrder, OfflineOrderPolicy
from orders.offline.drafts import (
    Steps,
    complete_draft,
    confirmed,
    content_of,
    draft_as_wanted,
    draft_before,
    found_again,
    opened,
)
from orders.offline.known import is_approved
from orders.offline.linking import COMPLETE_DRAFT, CREATE_DRAFT, CREATE_ORDER, shown_hash

FLOW = "push_order_to_store"
TWIN = "check_store_order_twin"


def made_before(store: OrderWriting, connection: Connection, order: ErpOrder, mark: str) -> str:
    """The id of the order that an earlier run made, "" where there is none. Raises Unsettled while one may appear."""
    made = confirmed(connection, (CREATE_ORDER, COMPLETE_DRAFT))
    if made:
        return made.external_id
    if lost := opened(connection, CREATE_ORDER):
        return found_again(store.find_orders(mark), order.number, lost)
    if opened(connection, CREATE_DRAFT) or confirmed(connection, (CREATE_DRAFT,)):
        draft = draft_before(store, connection, order.number, mark)
        return draft.order_external_id if draft else ""
    return ""


def make(
    store: OrderWriting,
    connection: Connection,
    order: ErpOrder,
    draft: StoreOrderDraft,
    policy: OfflineOrderPolicy,
) -> str:
    """Make it in the policy's way; returns the id of the store's order. Raises NeedsReview, OutcomeUnknown."""
    was_lost = Attempt.objects.filter(
        connection=connection, subject=this_run().task.subject, state=Attempt.State.LOST
    ).exists()
    if policy.way == OfflineOrderPolicy.Way.DRAFT:
        external_id = _through_draft(store, connection, order, draft)
    else:
        external_id = _at_once(store, draft)
    if was_lost:
        enqueue(TWIN, connection.pk, [order.pk], delay=store.settle_after.total_seconds())
    return external_id


# ------------------------------------------------------------------------------------------------ at once


def _at_once(store: OrderWriting, draft: StoreOrderDraft) -> str:
    with attempts.intend(
        CREATE_ORDER,
        draft.mark,
        _values(draft),
        deadline=store.call_deadline,
        settle_after=store.settle_after,
    ) as attempt:
        made = store.create_order(draft)
    attempts.close(attempt, Attempt.State.CONFIRMED, made.external_id)
    return made.external_id


# ----------------------------------------------------------------------------------------- through a draft


def _through_draft(
    store: OrderWriting, connection: Connection, order: ErpOrder, wanted: StoreOrderDraft
) -> str:
    steps = Steps(
        # What buyers are shown beside the order is written after it is one.
        content_of(replace(wanted, metafields=())),
        lambda: store.create_draft(wanted),
        lambda external_id: store.change_draft(external_id, wanted),
    )
    draft = draft_as_wanted(store, connection, order.number, wanted.mark, _values(wanted), steps)
    if draft.order_external_id:
        return draft.order_external_id
    question = _question(draft, wanted)
    if question and not is_approved(FLOW, connection.pk, order.pk, question):
        raise question
    return complete_draft(store, wanted.mark, _values(wanted), draft)


def _question(draft: MadeDraft, wanted: StoreOrderDraft) -> Conflict | None:
    """Before it becomes an order: what the store computed against what the ERP says."""
    if draft.totals == wanted.totals:
        return None
    return Conflict(
        f"The store computes {_shown(draft.totals)} for the draft {draft.name}, the ERP says {_shown(wanted.totals)}. "
        "Correct taxes in the store and delete the draft there, then press Try again; or approve to complete it as the "
        "store computed it.",
        code="draft_differs",
        evidence={"draft": draft.name, "store": _shown(draft.totals), "erp": _shown(wanted.totals)},
    )


def _shown(totals: StoreTotals) -> str:
    return f"{totals.total} {totals.currency} with {totals.tax} tax"


def _values(draft: StoreOrderDraft) -> dict[str, object]:
    totals = draft.totals
    return {
        "mark": draft.mark,
        "location": draft.buyer.location_external_id,
        "currency": totals.currency,
        "total": str(totals.total),
        "tax": str(totals.tax),
        "shown": shown_hash(draft.metafields),
    }
