"""Read back what the ERP made of the orders it was sent, many in a call, and compare to the minor unit.

Starts   an order was linked and its totals are not known to be equal
Reads    the ERP's orders by id, TaxPolicy
Writes   totals, number and accepted tax variance on OrderLink, ErpOrder mirrors, a review item for each difference
Repeat   safe: reads only; a difference keeps one open review item; a new order that look-ups miss is read again later
Review   totals that differ by more than the tax policy accepts, with both numbers; an order that is gone from the ERP
         and that its store has not cancelled
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from hub.connectors.documents import ErpSalesOrder
from hub.connectors.erp_parts import SalesOrders
from hub.errors import Conflict
from hub.lib.money import round_money
from hub.lib.text import storable
from hub.sync import review
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection
from hub.sync.running import open_connector
from orders.batching import Few, gather
from orders.erp_documents import note_gone
from orders.erp_mirroring import mirror_erp_orders
from orders.linking import go_on
from orders.models import OrderLink, TaxPolicy
from orders.tax_variances import VARIANCE, accept_variance, forget_variance

FLOW = "check_order_totals"
FEW = Few(20, timedelta(seconds=20))
COMPARED = ["number", "erp_total", "erp_tax", "totals", *VARIANCE]


def run(connection: Connection, record_id: int) -> str:
    """Compare every link whose totals are unread; returns how many are equal and how many differ."""
    erp = open_connector(connection).supporting(SalesOrders)
    equal = differ = 0
    unread = OrderLink.objects.filter(
        connection=connection, totals=OrderLink.Totals.UNREAD, cancelled_at=None
    )
    last = 0
    while True:
        left = unread.filter(pk__gt=last)
        gather(left, erp.read_batch, FEW, flow=FLOW, waits_for_erp=connection.pk)
        batch = list(left.select_related("order").defer("sent_reasons").order_by("pk")[: erp.read_batch])
        if not batch:
            break
        last = batch[-1].pk
        found = _read(erp, batch)
        batch = _to_be_seen(erp, batch, found)
        with transaction.atomic():
            mirror_erp_orders(connection, list(found.values()))
            policies = {policy.store_id: policy for policy in TaxPolicy.objects.filter(erp=connection)}
            same = [
                link
                for link in batch
                if _compare(link, found.get(link.pk), policies.get(link.order.connection_id))
            ]
            over = [link for link in batch if link.pk not in found and link.order.cancelled_at]
            review.solve_items(FLOW, connection.pk, [link.order_id for link in (*same, *over)])
            equal += len(same)
            differ += len(batch) - len(same)
            OrderLink.objects.bulk_update(batch, COMPARED)
            note_gone(connection, [link.external_id for link in batch if link.pk not in found])
            go_on(connection, batch)
    return f"{equal} equal, {differ} differ"


def again(connection_id: int, record_id: int) -> None:
    """A person corrected something: compare this order's totals anew."""
    OrderLink.objects.filter(connection_id=connection_id, order_id=record_id).update(
        totals=OrderLink.Totals.UNREAD
    )


def _read(erp: SalesOrders, links: list[OrderLink]) -> dict[int, ErpSalesOrder]:
    """The documents of these links by the link's key; what was invoiced meanwhile is found by its reference."""
    by_id = {
        order.external_id: order for order in erp.read_sales_orders([link.external_id for link in links])
    }
    found = {link.pk: by_id[link.external_id] for link in links if link.external_id in by_id}
    gone = [link for link in links if link.pk not in found]
    if gone:
        by_reference = {
            order.reference: order for order in erp.find_sales_orders([link.reference for link in gone])
        }
        found |= {link.pk: by_reference[link.reference] for link in gone if link.reference in by_reference}
    return found


def _to_be_seen(
    erp: SalesOrders, links: list[OrderLink], found: Mapping[int, ErpSalesOrder]
) -> list[OrderLink]:
    """Without those that were made a moment ago and are not found: look-ups may lag. They are read again then."""
    settled = timezone.now() - erp.settle_after
    young = [link for link in links if link.pk not in found and link.created_at > settled]
    if young:
        enqueue(FLOW, young[0].connection_id, delay=erp.settle_after.total_seconds())
    return [link for link in links if link not in young]


def _compare(link: OrderLink, found: ErpSalesOrder | None, policy: TaxPolicy | None) -> bool:
    link.totals = OrderLink.Totals.DIFFER
    forget_variance(link)
    if found is None and link.order.cancelled_at is not None:
        # Cancelled on both sides: it is what the question about one that is gone asks for.
        return False
    if found is None or found.totals is None:
        _ask(
            link,
            f"{link.shown_number} of {link.order.name} is not in the ERP any more. "
            "Restore it there, or cancel the order.",
        )
        return False
    link.number = link.number or storable(found.number)[:60]
    link.erp_total, link.erp_tax = found.totals.including_tax, found.totals.tax
    expected, arrived = (
        round_money(amount, link.currency) for amount in (link.expected_total, link.erp_total)
    )
    is_equal = (
        found.totals.currency == link.currency and expected == arrived and link.expected_tax == link.erp_tax
    )
    if not is_equal and not accept_variance(link, found.totals, policy):
        _ask(
            link,
            f"{link.order.name} is {expected} {link.currency} "
            f"(tax {round_money(link.expected_tax, link.currency)}) in the store, {link.shown_number} is {arrived} "
            f"{found.totals.currency} (tax {round_money(link.erp_tax, link.currency)}) in "
            "the ERP. Correct the document in the ERP, then press Try again.",
        )
        return False
    link.totals = OrderLink.Totals.EQUAL
    return True


def _ask(link: OrderLink, message: str) -> None:
    error = Conflict(
        message,
        code="totals_differ",
        evidence={
            "order": link.order.name,
            "document": link.shown_number,
            "currency": link.currency,
            "store_total": str(link.expected_total),
            "store_tax": str(link.expected_tax),
            "erp_total": str(link.erp_total),
            "erp_tax": str(link.erp_tax),
        },
    )
    review.open_item(FLOW, link.connection_id, link.order_id, f"order:{link.order_id}", error)
