"""Values that a person enters for one order, stored in the moment in which its question is approved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction

from hub.connectors.documents import PlacedOrder
from hub.connectors.filled_fields import OrderField
from hub.sync import review
from hub.sync.models import ReviewItem
from orders.holds.overrides import ERP_FIELD, LABELS, NOTE, PO_NUMBER, fault, label_of
from orders.models import OrderOverride, StoreOrder
from orders.order_fields import limit_of

EDITED_BY = "push_order_to_erp"
"""The flow whose questions may be answered so: what is in the ERP already is changed there."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One value that may be entered: its name, what people call it, what it takes, and what stands there now."""

    name: str
    label: str
    takes: str
    in_the_store: str
    entered: str


def may_be_edited(item: ReviewItem) -> bool:
    """Whether values may be entered with the approval of this item."""
    return item.state == ReviewItem.State.OPEN and item.flow == EDITED_BY and item.may_be_rejected


def entries(order: StoreOrder, placed: PlacedOrder, taken: Mapping[str, OrderField]) -> list[Entry]:
    """Everything that may be entered for the order, with what was entered before."""
    before = dict(OrderOverride.objects.filter(order=order).values_list("field", "value"))
    stored = {PO_NUMBER: placed.po_number, NOTE: placed.note}
    own = [
        Entry(name, label, "", stored.get(name, ""), before.get(name, "")) for name, label in LABELS.items()
    ]
    names = {f"{ERP_FIELD}{name}": field for name, field in taken.items()}
    return own + [
        Entry(name, label_of(name, taken), limit_of(field), "", before.get(name, ""))
        for name, field in names.items()
    ]


def faults_of(values: Mapping[str, str], taken: Mapping[str, OrderField]) -> dict[str, str]:
    """What is wrong with which value, by name."""
    found = {name: fault(name, text, taken) for name, text in values.items() if text}
    return {name: words for name, words in found.items() if words}


def approve_with(
    item: ReviewItem, values: Mapping[str, str], *, shown: str, user_id: int | None, reason: str
) -> str:
    """Approve the item and store these values for its order, both or neither; an empty value is none.

    Returns why the decision was not taken, "" where it was. They hold for the content of the order that was shown.
    """
    with transaction.atomic():
        decided, refusal = review.decide(
            item.pk, ReviewItem.Decision.APPROVED, shown=shown, user_id=user_id, reason=reason
        )
        if refusal:
            return refusal
        content_hash = str(decided.evidence.get("content_hash", ""))
        OrderOverride.objects.filter(order=decided.record_id).exclude(
            field__in=[name for name, text in values.items() if text]
        ).delete()
        for name, text in sorted(values.items()):
            if text:
                made = {
                    "value": text,
                    "reason": reason[:250],
                    "made_by_id": user_id,
                    "content_hash": content_hash,
                }
                OrderOverride.objects.update_or_create(order_id=decided.record_id, field=name, defaults=made)
    return ""
