"""What an ERP's news mean for orders that a connector before us may have carried there."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q

from companies.models import CompanyLocationLink
from hub.errors import Conflict
from hub.sync import review
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection
from orders.models import AdoptionPolicy, ErpOrder, OrderLink, StoreOrder

FLOW = "adopt_orders"
LATE = "adopted_late"
Way = AdoptionPolicy.Way


def announce(connection: Connection, rows: Sequence[ErpOrder]) -> None:
    """Decide the store orders again that these documents, new or changed, may be; part of the caller's transaction.

    One that was sent meanwhile is in the ERP twice: a person is asked. What a metafield or an attribute names needs no
    hint, the store tells of its change.
    """
    foreign = [row for row in rows if not row.identity_order_id]
    if not foreign:
        return
    for policy in AdoptionPolicy.objects.filter(erp=connection, is_on=True).exclude(
        way__in=AdoptionPolicy.NAMED
    ):
        named = named_by(policy, foreign)
        if not named:
            continue
        meant = StoreOrder.objects.filter(
            named,
            connection=policy.store_id,
            placed_at__gte=policy.placed_from,
            placed_at__lt=policy.placed_until,
        )
        waiting = meant.filter(links=None, cancelled_at=None).order_by("pk")
        enqueue("push_order_to_erp", connection.pk, list(waiting.values_list("pk", flat=True)))
        for link in OrderLink.objects.filter(
            order__in=meant, connection=connection, origin=OrderLink.Origin.STORE
        ).select_related("order"):
            _compare(link, foreign, policy)


def named_by(policy: AdoptionPolicy, rows: Sequence[ErpOrder]) -> Q:
    """Store orders that these documents carry the mark of; none for a policy whose mark the store's order carries."""
    if policy.way == Way.PO:
        return Q(po_key__in=[row.po_key for row in rows if row.po_key])
    texts = [row.reference for row in rows if row.reference.startswith(policy.prefix)]
    names = [text.removeprefix(policy.prefix) for text in texts]
    if policy.way == Way.ID:
        return Q(identity_id__in=names)
    return Q(name__in=[*names, *(f"#{name}" for name in names)])


def _compare(link: OrderLink, rows: Sequence[ErpOrder], policy: AdoptionPolicy) -> None:
    """Ask where another document carries the order's mark, of the same customer and amount, and belongs to no order."""
    order = link.order
    customers = CompanyLocationLink.objects.filter(connection=link.connection, location=order.location_id)
    number = customers.values_list("customer_number", flat=True).first()
    found = [
        row
        for row in rows
        if row.external_id != link.external_id
        and not row.is_posted_invoice
        and _is_named(policy, row, order)
        and number in (None, row.customer_number)
        and (row.currency, row.total_including_tax) == (link.currency, link.expected_total)
    ]
    taken = set(
        OrderLink.objects.filter(
            connection=link.connection, external_id__in=[row.external_id for row in found]
        ).values_list("external_id", flat=True)
    )
    doubles = [row for row in found if row.external_id not in taken]
    if doubles:
        _ask(link, doubles)


def _is_named(policy: AdoptionPolicy, row: ErpOrder, order: StoreOrder) -> bool:
    if policy.way == Way.PO:
        return bool(order.po_key) and row.po_key == order.po_key
    text = row.reference.removeprefix(policy.prefix)
    return (
        text == order.identity_id
        if policy.way == Way.ID
        else text in (order.name, order.name.removeprefix("#"))
    )


def _ask(link: OrderLink, doubles: Sequence[ErpOrder]) -> None:
    order = link.order
    numbers = ", ".join(row.number for row in doubles)
    error = Conflict(
        f"{order.name} is {link.shown_number} in the ERP, and {numbers} looks like it as well: same customer, same "
        "amount. Delete the surplus one in the ERP; this closes by itself then. Dismiss it where both are right.",
        code=LATE,
        evidence={
            "order": order.name,
            "linked": link.shown_number,
            "documents": [row.number for row in doubles],
            "external_ids": [row.external_id for row in doubles],
        },
    )
    review.open_item(FLOW, link.connection_id, order.pk, f"order:{order.pk}", error)
