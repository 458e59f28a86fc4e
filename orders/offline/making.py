"""The steps by which an ERP's order becomes one of the store, each with an attempt of its own.

A finished order is one step. A draft is two: it is created, its sums are compared, it is completed; wherever that
stops, the next run looks up what there is and goes on behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from hub.connectors.store_orders import MadeDraft, MadeOrder, OrderWriting, StoreOrderDraft, StoreTotals
from hub.errors import Conflict, NeedsReview, RecordRejected
from hub.sync import attempts
from hub.sync.enqueue import enqueue
from hub.sync.models import Attempt, Connection
from hub.sync.running import this_run
from orders.models import ErpOrder, OfflineOrderPolicy
from orders.offline.linking import COMPLETE_DRAFT, CREATE_DRAFT, CREATE_ORDER, shown_hash

FLOW = "push_order_to_store"
TWIN = "check_store_order_twin"
MadeT = TypeVar("MadeT", MadeOrder, MadeDraft)


def made_before(store: OrderWriting, connection: Connection, order: ErpOrder, mark: str) -> str:
    """The id of the order that an earlier run made, "" where there is none. Raises Unsettled while one may appear."""
    made = _confirmed(connection, (CREATE_ORDER, COMPLETE_DRAFT))
    if made:
        return made.external_id
    if lost := _open(connection, CREATE_ORDER):
        return _found(store.find_orders(mark), order, lost)
    if _open(connection, CREATE_DRAFT) or _confirmed(connection, (CREATE_DRAFT,)):
        draft = _draft_before(store, connection, order, mark)
        return draft.order_external_id if draft else ""
    return ""


def make(
    store: OrderWriting,
    connection: Connection,
    order: ErpOrder,
    draft: StoreOrderDraft,
    policy: OfflineOrderPolicy,
    approved: frozenset[str],
) -> str:
    """Make it in the policy's way; returns the id of the store's order. Raises NeedsReview, OutcomeUnknown."""
    was_lost = Attempt.objects.filter(
        connection=connection, subject=this_run().task.subject, state=Attempt.State.LOST
    ).exists()
    if policy.way == OfflineOrderPolicy.Way.DRAFT:
        external_id = _through_draft(store, connection, order, draft, approved)
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
    store: OrderWriting,
    connection: Connection,
    order: ErpOrder,
    wanted: StoreOrderDraft,
    approved: frozenset[str],
) -> str:
    draft = _draft_before(store, connection, order, wanted.mark) or _create_draft(store, wanted)
    if draft.order_external_id:
        return draft.order_external_id
    _check_totals(draft, wanted, approved)
    with attempts.intend(
        COMPLETE_DRAFT,
        wanted.mark,
        {**_values(wanted), "draft": draft.external_id},
        deadline=store.call_deadline,
        settle_after=store.settle_after,
    ) as attempt:
        completed = store.complete_draft(draft.external_id)
    if not completed.order_external_id:
        raise RecordRejected(
            f"The draft {completed.name} was completed, but the store names no order for it."
        )
    attempts.close(attempt, Attempt.State.CONFIRMED, completed.order_external_id)
    return completed.order_external_id


def _create_draft(store: OrderWriting, wanted: StoreOrderDraft) -> MadeDraft:
    with attempts.intend(
        CREATE_DRAFT,
        wanted.mark,
        _values(wanted),
        deadline=store.call_deadline,
        settle_after=store.settle_after,
    ) as attempt:
        made = store.create_draft(wanted)
    attempts.close(attempt, Attempt.State.CONFIRMED, made.external_id)
    return made


def _draft_before(
    store: OrderWriting, connection: Connection, order: ErpOrder, mark: str
) -> MadeDraft | None:
    """The draft that an earlier run made, as it is now; None where there is none and none can appear.

    A completion whose answer was lost shows in the draft itself, which is read by its id: nothing lags.
    """
    created = _confirmed(connection, (CREATE_DRAFT,))
    key = created.external_id if created else ""
    if not key and (lost := _open(connection, CREATE_DRAFT)):
        key = _found(store.find_drafts(mark), order, lost)
    draft = store.read_draft(key) if key else None
    for attempt in _open(connection, COMPLETE_DRAFT):
        if draft and draft.order_external_id:
            attempts.close(attempt, Attempt.State.CONFIRMED, draft.order_external_id)
        else:
            attempts.wait_until_settled([attempt])
            attempts.close(attempt, Attempt.State.LOST)
    return draft


def _check_totals(draft: MadeDraft, wanted: StoreOrderDraft, approved: frozenset[str]) -> None:
    """Before it becomes an order: what the store computed against what the ERP says."""
    if draft.totals == wanted.totals or "draft_differs" in approved:
        return
    raise Conflict(
        f"The store computes {_shown(draft.totals)} for the draft {draft.name}, the ERP says {_shown(wanted.totals)}. "
        "Correct taxes in the store and delete the draft there, then press Try again; or approve to complete it as the "
        "store computed it.",
        code="draft_differs",
        evidence={"draft": draft.name, "store": _shown(draft.totals), "erp": _shown(wanted.totals)},
    )


def _shown(totals: StoreTotals) -> str:
    return f"{totals.total} {totals.currency} with {totals.tax} tax"


# -------------------------------------------------------------------------------------------------- attempts


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


def _open(connection: Connection, operation: str) -> list[Attempt]:
    found = attempts.open_attempts(connection.pk, this_run().task.subject)
    return [attempt for attempt in found if attempt.operation == operation]


def _confirmed(connection: Connection, operations: Sequence[str]) -> Attempt | None:
    made = Attempt.objects.filter(
        connection=connection,
        subject=this_run().task.subject,
        operation__in=operations,
        state=Attempt.State.CONFIRMED,
    )
    return made.order_by("-pk").first()


def _found(found: Sequence[MadeT], order: ErpOrder, lost: list[Attempt]) -> str:
    """The one that a lost answer was about; "" where there is none and none can appear any more."""
    if len(found) > 1:
        raise double(order, [one.name for one in found])
    if found:
        for attempt in lost:
            attempts.close(attempt, Attempt.State.CONFIRMED, found[0].external_id)
        return found[0].external_id
    attempts.wait_until_settled(lost)
    for attempt in lost:
        attempts.close(attempt, Attempt.State.LOST)
    return ""


def double(order: ErpOrder, names: Sequence[str]) -> NeedsReview:
    """The question about an ERP's order that stands several times in the store."""
    return Conflict(
        f"{order.number} stands {len(names)} times in the store: {', '.join(names)}. Keep one, delete the others "
        "there, then press Try again.",
        code="double_in_store",
        evidence={"document": order.number, "orders": list(names)},
    )
