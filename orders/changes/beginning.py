"""The first comparison of an order that was linked and not sent: what is known of how both sides stood then. Pure.

Where neither has changed since, they agree on what stands. Where one has, nothing says whose value was meant: every
difference is asked about.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from hub.connectors.documents import LineKind, SalesOrder
from hub.connectors.sales_documents import ErpDocument
from orders.changes.erp_views import erp_view
from orders.changes.three_way import Owner, compare
from orders.mirroring import SETTLED_AFTER
from orders.models import OrderLink


@dataclass(frozen=True, slots=True)
class FirstLook:
    """What both sides are compared by while they have no base.

    `stored` is the JSON of the store's side; what no ERP is compared with is left out of it where the store changed
    something since both were linked: a person sees that it may be another. `linked` is the ERP's document as it stood
    then; None where that is not known, or where only a comparison with the store's side says what differs.
    """

    stored: Mapping[str, object]
    linked: ErpDocument | None


def has_changed_since(link: OrderLink, document: ErpDocument, linked: ErpDocument | None) -> bool:
    """Whether a side has changed since both were linked; `link.order` is as it is now.

    Of an ERP's order that nobody had read whole by then, the ERP's stamp says it: a change within seconds of the link,
    or by another clock, counts as one since.
    """
    if _has_changed_in_store(link):
        return True
    if linked is None:
        return document.updated_at + SETTLED_AFTER > link.created_at
    before, after = erp_view(linked), erp_view(document)
    return bool(compare(before, before, after, {}, newest=Owner.NOBODY))


def first_look(link: OrderLink, now: SalesOrder, linked: ErpDocument | None) -> FirstLook:
    """By what the two are compared; `now` is what the store's side would be sent as."""
    stored: dict[str, object] = msgspec.to_builtins(now)
    if not _has_changed_in_store(link):
        return FirstLook(stored, linked)
    goods = [line for line in now.lines if line.kind is not LineKind.COMMENT]
    not_compared = {"lines": msgspec.to_builtins(goods), "email": "", "phone": "", "fields": []}
    return FirstLook(stored | not_compared, None)


def _has_changed_in_store(link: OrderLink) -> bool:
    return link.sent_content_hash != link.order.content_hash
