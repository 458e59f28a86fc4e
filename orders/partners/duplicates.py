"""Whether a company used a partner order's PO number before, and what a person said about that."""

from __future__ import annotations

from collections.abc import Iterable

from hub.errors import PossibleDuplicate
from hub.sync.models import ReviewItem
from orders.models import OrderPolicy, PartnerOrder, StoreOrder
from orders.partners.documents import marked_in

CODE = "possible_duplicate"
FLOW = "place_partner_order"
MOST_NAMED = 5


def check_duplicate(order: PartnerOrder, policy: OrderPolicy, approved: frozenset[str]) -> str:
    """Why the order is rejected by the store's order policy; "" where it may go on.

    Raises PossibleDuplicate where the policy has a person asked.
    """
    if policy.duplicate_po == OrderPolicy.DuplicatePo.ALLOW or CODE in approved:
        return ""
    names = _same_po(order)
    if not names:
        return ""
    why = f"The same company used the PO number {order.po_number} for {', '.join(names)}."
    if policy.duplicate_po == OrderPolicy.DuplicatePo.REJECT:
        return why
    raise PossibleDuplicate(
        f"{order.told_by}'s order {order.number} was not placed. {why} Approve to place it as well, or reject it "
        "with the reason, which the partner is told.",
        evidence={"same_po": names},
    )


def is_approved_duplicate(tags: Iterable[str], po_number: str) -> bool:
    """Whether a person said of a partner's order, which is this one of the store, that its PO number may come again."""
    public_id = marked_in(tags)
    if public_id is None:
        return False
    orders = PartnerOrder.objects.filter(public_id=public_id, po_number=po_number)
    items = ReviewItem.objects.filter(
        flow=FLOW,
        record_id__in=orders.values("pk"),
        code=CODE,
        decision=ReviewItem.Decision.APPROVED,
    )
    return bool(items.exists())


def _same_po(order: PartnerOrder) -> list[str]:
    """Orders of the company in this store, and partners' orders that came before and are on their way there."""
    if not order.po_key or not order.company_external_id:
        return []
    same = {
        "connection": order.connection_id,
        "company_external_id": order.company_external_id,
        "po_key": order.po_key,
    }
    placed = StoreOrder.objects.filter(cancelled_at=None, **same).order_by("pk")
    coming = PartnerOrder.objects.filter(state=PartnerOrder.State.OPEN, pk__lt=order.pk, **same)
    coming_names = coming.order_by("pk").values_list("number", "told_by")[:MOST_NAMED]
    return [
        *placed.values_list("name", flat=True)[:MOST_NAMED],
        *(f"{number} of {told_by}" for number, told_by in coming_names),
    ]
