"""Find orders by what people know of them: the PO number, the order's name, the ERP's number. By indexes only."""

from __future__ import annotations

from django.db.models import Q

from hub.lib.gid import tail
from orders.mirroring import po_key
from orders.models import ErpOrder, OrderLink, StoreOrder

# One ERP number stands for one document in each ERP; this many is far beyond.
MOST_DOCUMENTS = 200


def orders_named(term: str) -> Q:
    """Store orders with this PO number (or beginning with it), name, external id or ERP number."""
    key = po_key(term)
    if not key:
        return Q(pk__in=[])
    name = term.strip()
    return (
        Q(po_key__startswith=key)
        | Q(name__in=[name, f"#{name}"])
        | Q(identity_id=tail(name))
        | Q(pk__in=_of_erp_number(name))
    )


def _of_erp_number(number: str) -> list[int]:
    """Keys of the orders whose ERP document carries this number."""
    documents = list(ErpOrder.objects.filter(number=number)[:MOST_DOCUMENTS])
    if not documents:
        return []
    linked = OrderLink.objects.filter(
        connection_id__in={document.connection_id for document in documents},
        external_id__in=[document.external_id for document in documents],
    )
    identities = {d.identity_order_id for d in documents if d.identity_order_id}
    carried = StoreOrder.objects.filter(identity_id__in=identities)
    return [
        *linked.values_list("order_id", flat=True),
        *carried.values_list("pk", flat=True)[:MOST_DOCUMENTS],
    ]


def links_named(term: str) -> Q:
    """Links of the orders that `orders_named` finds."""
    keys = StoreOrder.objects.filter(orders_named(term)).values_list("pk", flat=True)[:MOST_DOCUMENTS]
    return Q(order_id__in=list(keys))
