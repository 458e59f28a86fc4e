"""Find orders by what people know of them: the PO number, the order's name, the ERP's number. By indexes only."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q

from hub.lib.gid import tail
from orders.mirroring import po_key
from orders.models import ErpOrder, OrderLink, StoreOrder

# One ERP number stands for one document in each ERP; this many is far beyond.
MOST_DOCUMENTS = 200
# PO numbers that begin alike. With many more keys than this the database would rather walk along the whole table.
MOST_BEGINNING = 200


@dataclass(frozen=True, slots=True)
class Found:
    """Where the orders are; `is_cut` says that more PO numbers begin so than were taken."""

    where: Q
    is_cut: bool = False


def orders_named(term: str) -> Found:
    """Store orders with this PO number (or beginning with it), name, external id or ERP number.

    Keys are read first: how many rows have a beginning, and where they lie, the database guesses wrongly.
    """
    key = po_key(term)
    if not key:
        return Found(Q(pk__in=[]))
    name = term.strip()
    beginning = StoreOrder.objects.filter(po_key__startswith=key).order_by("po_key", "pk")
    keys = list(beginning.values_list("pk", flat=True)[: MOST_BEGINNING + 1])
    called = StoreOrder.objects.filter(Q(name__in=[name, f"#{name}"]) | Q(identity_id=tail(name))).order_by()
    where = Q(
        pk__in={
            *keys[:MOST_BEGINNING],
            *called.values_list("pk", flat=True)[:MOST_DOCUMENTS],
            *_of_erp_number(name),
        }
    )
    return Found(where, len(keys) > MOST_BEGINNING)


def _of_erp_number(number: str) -> list[int]:
    """Keys of the orders whose ERP document carries this number, or did when it was made."""
    linked = OrderLink.objects.filter(number=number).order_by()
    documents = list(ErpOrder.objects.filter(number=number).order_by()[:MOST_DOCUMENTS])
    keys = list(linked.values_list("order_id", flat=True)[:MOST_DOCUMENTS])
    if not documents:
        return keys
    also = OrderLink.objects.filter(
        connection_id__in={document.connection_id for document in documents},
        external_id__in=[document.external_id for document in documents],
    )
    identities = {d.identity_order_id for d in documents if d.identity_order_id}
    carried = StoreOrder.objects.filter(identity_id__in=identities).order_by()
    return [
        *keys,
        *also.order_by().values_list("order_id", flat=True),
        *carried.values_list("pk", flat=True)[:MOST_DOCUMENTS],
    ]


def links_named(term: str) -> Q:
    """Links of the orders that `orders_named` finds."""
    orders = StoreOrder.objects.filter(orders_named(term).where).order_by().values_list("pk", flat=True)
    links = OrderLink.objects.filter(order_id__in=list(orders)).order_by().values_list("pk", flat=True)
    return Q(pk__in=list(links))
