"""How a store is told what was settled for one of its orders: its fields, its lines, or that it is cancelled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from hub.connectors.store_changes import EditableOrder, FieldEdit, OrderChanging
from hub.connectors.store_orders import OrderWriting
from hub.errors import NeedsReview
from hub.sync import attempts
from hub.sync.models import Attempt
from orders.changes import agreements
from orders.changes.for_store import StoreChange, wanted_charges, wanted_lines
from orders.changes.store_plan import EditPlan, plan_edits
from orders.given_back import pieces_given_back
from orders.mirroring import document_of
from orders.models import OrderAgreement, OrderChangePolicy, StoreOrder
from orders.offline.linking import has_taken_stock

FIELDS, LINES, CANCEL = "change_order_fields", "edit_order_lines", "cancel_order"
OPERATIONS = (FIELDS, LINES, CANCEL)
# What became of a write is read by the order's id, which lags behind nothing.
READ_BY_ID = timedelta(0)
WHY = "Price agreed"
"""What the buyer reads beside a discount."""


def tell(
    store: OrderChanging, order: StoreOrder, change: StoreChange, policy: OrderChangePolicy
) -> list[str]:
    """Tell it; returns what it was told. Raises NeedsReview with reasons for what no edit can do, before any write."""
    now = _read(store, order)
    if change.cancels:
        return [_cancel(store, order, now, change, policy)]
    plan = _plan(store, order, now, change)
    told = []
    if change.po_number is not None or change.ship_to is not None:
        edit = FieldEdit(po_number=change.po_number, ship_to=change.ship_to)
        _attempt(store, FIELDS, order, change, lambda: store.change_fields(order.external_id, edit))
        told.append("fields")
    if not plan.is_empty:
        _attempt(store, LINES, order, change, lambda: _edit(store, order, change, plan, policy))
        told.append("lines")
    remember_stand_ins(store, order, change)
    return told


def remember_stand_ins(store: OrderChanging, order: StoreOrder, change: StoreChange) -> None:
    """Lines that took the place of others carry no SKU: it is remembered here."""
    skus = {line.key: line.sku for line in change.lines if line.sku}
    if not skus:
        return
    now = _read(store, order)
    plan = plan_edits(now, wanted_lines(change, {}, _given_back(order)), wanted_charges(change), why=WHY)
    custom = {line.external_id for line in now.lines if not line.variant_external_id}
    found = {plan.standing[key]: sku for key, sku in skus.items() if plan.standing.get(key) in custom}
    if found:
        agreement = OrderAgreement.objects.get(link__order=order, link__order__connection=order.connection)
        agreements.note(agreement, stand_ins={**agreement.stand_ins, **found})


def stands(store: OrderChanging, order: StoreOrder, change: StoreChange) -> bool:
    """Whether the store's order is as it was to become. Fields may be written again: only lines and a cancel count."""
    now = _read(store, order)
    if change.cancels:
        return now.is_cancelled
    plan = plan_edits(
        now,
        wanted_lines(change, _variants(store, change), _given_back(order)),
        wanted_charges(change),
        why=WHY,
    )
    return plan.is_empty and not plan.reasons


def _given_back(order: StoreOrder) -> dict[str, int]:
    return pieces_given_back(document_of(order))


def _read(store: OrderChanging, order: StoreOrder) -> EditableOrder:
    found = store.read_editable([order.external_id])
    if not found:
        raise NeedsReview(f"{order.name} is not in the store any more.", code="order_gone")
    return found[0]


def _plan(store: OrderChanging, order: StoreOrder, now: EditableOrder, change: StoreChange) -> EditPlan:
    """The edits; raises NeedsReview with every reason where they cannot bring the order to what was settled."""
    if (change.lines or change.charges) and now.totals.currency != change.currency:
        raise _refused(order, change, [f"its prices are in {now.totals.currency}, not {change.currency}"])
    wanted = wanted_lines(change, _variants(store, change), _given_back(order))
    plan = plan_edits(now, wanted, wanted_charges(change), why=WHY)
    strange = [line.title for line in wanted if not line.line_external_id and not line.variant_external_id]
    reasons = [*plan.reasons, *(f"{title}: the store does not sell it" for title in strange)]
    if reasons:
        raise _refused(order, change, reasons)
    return plan


def _refused(order: StoreOrder, change: StoreChange, reasons: list[str]) -> NeedsReview:
    return NeedsReview(
        f"{order.name} cannot be changed in the store as it was settled: {'; '.join(reasons)}. Change it there by "
        "hand, or change the ERP's order back; both are compared again then.",
        code="store_edit_impossible",
        evidence={"order": order.name, "wanted": list(change.words), "reasons": reasons},
    )


def _variants(store: OrderChanging, change: StoreChange) -> dict[str, str]:
    """Variants of what is to be added, by SKU; one that stands on several is none."""
    skus = sorted({line.sku for line in change.lines if line.sku and not line.external_id})
    if not skus or not isinstance(store, OrderWriting):
        return {}
    found = store.read_goods(skus).variants
    return {sku: kinds[0].external_id for sku, kinds in found.items() if len(kinds) == 1}


def _edit(
    store: OrderChanging, order: StoreOrder, change: StoreChange, plan: EditPlan, policy: OrderChangePolicy
) -> None:
    restocks = has_taken_stock(order)
    store.edit_lines(
        order.external_id,
        [replace(edit, restocks=restocks) for edit in plan.edits],
        note="Changed in the ERP",
        notifies_buyer=policy.notifies_buyer,
        shipping=plan.shipping,
    )


def _cancel(
    store: OrderChanging,
    order: StoreOrder,
    now: EditableOrder,
    change: StoreChange,
    policy: OrderChangePolicy,
) -> str:
    if now.is_cancelled:
        return "cancelled already"
    if not now.is_unpaid:
        raise NeedsReview(
            f"The ERP cancelled {order.name}, which is paid in the store. Cancel and refund it there.",
            code="cancelled_but_paid",
            evidence={"order": order.name},
        )
    _attempt(
        store,
        CANCEL,
        order,
        change,
        lambda: store.cancel_order(
            order.external_id,
            restocks=has_taken_stock(order),
            refunds=False,
            notifies_buyer=policy.notifies_buyer,
            note="Cancelled in the ERP",
        ),
    )
    return "cancelled"


def _attempt(
    store: OrderChanging, operation: str, order: StoreOrder, change: StoreChange, send: Callable[[], None]
) -> None:
    values: dict[str, object] = {"order": order.name, "changes": list(change.words)}
    with attempts.intend(
        operation,
        order.external_id,
        values,
        deadline=store.edit_deadline if operation == LINES else store.call_deadline,
        settle_after=READ_BY_ID,
    ) as attempt:
        send()
    attempts.close(attempt, Attempt.State.CONFIRMED, order.external_id)
