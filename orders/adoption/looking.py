"""The ERP's documents that carry what an order is recognised by: from our copies, and asked for once more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db.models import Q

from hub.connectors.documents import ErpSalesOrder, PlacedOrder
from hub.connectors.erp_parts import SalesOrders
from hub.connectors.sales_documents import OrderStage
from hub.errors import NotReadyYet
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection
from orders.adoption.rules import Candidate
from orders.erp_mirroring import was_erp_read_lately
from orders.metafields import Held
from orders.mirroring import po_key
from orders.models import AdoptionPolicy, ErpOrder, OrderLink, StoreOrder

Way, Holds = AdoptionPolicy.Way, AdoptionPolicy.Holds


def sought(policy: AdoptionPolicy, order: StoreOrder, placed: PlacedOrder, held: Held) -> list[str]:
    """What the ERP's order must carry, any of these; none where the order says nothing of the kind."""
    if policy.way == Way.PO:
        found = [placed.po_number]
    elif policy.way == Way.METAFIELD:
        metafield = held.get(policy.key)
        found = [metafield.text if metafield else ""]
    elif policy.way == Way.ATTRIBUTE:
        found = [one.value for one in placed.attributes if one.key == policy.key]
    elif policy.way == Way.NAME:
        found = [f"{policy.prefix}{name}" for name in (placed.name, placed.name.removeprefix("#"))]
    else:
        found = [f"{policy.prefix}{order.identity_id}"]
    return list(dict.fromkeys(text.strip() for text in found if text.strip()))


def candidates(
    policy: AdoptionPolicy, order: StoreOrder, connection: Connection, erp: SalesOrders, texts: Sequence[str]
) -> list[Candidate]:
    """Documents with one of these texts, as they are now, that are neither ours nor another order's.

    Raises NotReadyYet until our copies cover what the ERP holds.
    """
    _check_covered(policy, connection)
    known = {row.external_id: row for row in _mirrored(policy, connection, texts)}
    asked = _asked(policy, erp, texts)
    fresh = {document.external_id: document for document in asked}
    unread = sorted(known.keys() - fresh.keys())
    fresh |= {document.external_id: document for document in erp.read_sales_orders(unread)} if unread else {}
    found = [_of_document(document, known.get(key)) for key, document in fresh.items()]
    # What was posted since leaves the ERP's orders: then our copy says what it was.
    found += [_of_row(row) for key, row in known.items() if key not in fresh and not row.is_gone]
    taken = OrderLink.objects.filter(
        connection=connection, external_id__in=[one.external_id for one in found]
    ).exclude(order=order)
    foreign = set(taken.values_list("external_id", flat=True)) | _ours(erp, asked)
    return _once([one for one in found if one.external_id not in foreign])


def shown_as_copies(
    policy: AdoptionPolicy, order: StoreOrder, connection: Connection, texts: Sequence[str]
) -> dict[str, Candidate]:
    """Documents with one of these texts that the store shows as orders of the ERP's own, by the copy's name."""
    rows = {row.external_id: row for row in _mirrored(policy, connection, texts)}
    copies = OrderLink.objects.filter(
        connection=connection,
        external_id__in=list(rows),
        origin=OrderLink.Origin.ERP,
        order__connection=order.connection_id,
    ).exclude(order=order)
    return {link.order.name: _of_row(rows[link.external_id]) for link in copies.select_related("order")}


def _check_covered(policy: AdoptionPolicy, connection: Connection) -> None:
    if not was_erp_read_lately(connection):
        enqueue("pull_erp_orders", connection.pk)
        raise NotReadyYet("The ERP's changes are read before the order is looked for there.", after=15.0)
    unread = ErpOrder.objects.filter(connection=connection, needs_read=True, document=None, is_gone=False)
    if policy.way == Way.PO and unread.exists():
        enqueue("read_erp_orders", connection.pk)
        raise NotReadyYet("The ERP's orders are read whole first: their PO numbers are wanted.", after=15.0)


def _mirrored(policy: AdoptionPolicy, connection: Connection, texts: Sequence[str]) -> Iterable[ErpOrder]:
    if policy.way == Way.PO:
        wanted = Q(po_key__in=[po_key(text) for text in texts])
    elif policy.way in AdoptionPolicy.REFERENCED:
        wanted = Q(reference__in=texts)
    elif policy.holds == Holds.NUMBER:
        wanted = Q(number__in=texts)
    else:
        wanted = Q(external_id__in=texts)
    return ErpOrder.objects.filter(wanted, connection=connection, identity_order_id="", is_gone=False)


def _asked(policy: AdoptionPolicy, erp: SalesOrders, texts: Sequence[str]) -> list[ErpSalesOrder]:
    """What posted invoices, which no pass over the changes shows, and late orders add to our copies."""
    if policy.way not in AdoptionPolicy.NAMED:
        return erp.find_sales_orders(texts)
    return erp.read_sales_orders(texts) if policy.holds == Holds.ID else []


def _ours(erp: SalesOrders, documents: Iterable[ErpSalesOrder]) -> set[str]:
    return {one.external_id for one in documents if erp.identity_of(one.reference) is not None}


def _of_document(document: ErpSalesOrder, row: ErpOrder | None) -> Candidate:
    totals = document.totals
    return Candidate(
        external_id=document.external_id,
        number=document.number,
        reference=document.reference,
        customer_number=document.customer_number,
        status=document.status,
        currency=totals.currency if totals else "",
        total=totals.including_tax if totals else None,
        tax=totals.tax if totals else None,
        is_posted_invoice=document.is_posted_invoice,
        is_cancelled=_is_cancelled(document.status)
        or (row is not None and row.stage == OrderStage.CANCELLED),
    )


def _of_row(row: ErpOrder) -> Candidate:
    return Candidate(
        external_id=row.external_id,
        number=row.number,
        reference=row.reference,
        customer_number=row.customer_number,
        status=row.status,
        currency=row.currency,
        total=row.total_including_tax,
        tax=row.total_tax,
        is_posted_invoice=row.is_posted_invoice,
        is_cancelled=_is_cancelled(row.status) or row.stage == OrderStage.CANCELLED,
    )


def _is_cancelled(status: str) -> bool:
    """Every ERP's own word for it begins so: Canceled, Cancelled, cancelled."""
    return status.casefold().startswith("cancel")


def _once(found: Sequence[Candidate]) -> list[Candidate]:
    """An invoice that was posted from an order which is among these is no second document."""
    orders = {(one.reference, one.customer_number) for one in found if not one.is_posted_invoice}
    return [
        one
        for one in sorted(found, key=lambda one: (one.number, one.external_id))
        if not (one.is_posted_invoice and (one.reference, one.customer_number) in orders)
    ]
