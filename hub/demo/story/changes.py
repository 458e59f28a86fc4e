"""Chapters about orders that change after both systems hold them: in the ERP, on both sides, by a return."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from hub.demo import goods
from hub.demo.mappings import map_credits
from hub.demo.story.telling import VAT19, Telling
from hub.sync.enqueue import enqueue
from hub.sync.models import ReviewItem
from orders.models import OrderChangePolicy

COMPARING = "sync_order_changes"
FEE_PERCENT = 10


def changed_in_erp(told: Telling) -> Iterator[str]:
    """A clerk changes quantities: before the cutoff the store follows, after it a person is asked."""
    world = told.world
    OrderChangePolicy.objects.create(
        store=told.store,
        accepts_erp_edits=True,
        erp_edits_until="shipped",
        corrects_erp=True,
        corrections_until="shipped",
    )
    early, late = (_five_pieces(told, f"PO-CUTOFF-{number}") for number in (1, 2))
    document, _ = told.arrived(early)
    world.far.change_quantity(world.sandbox, world.erp_name, document, 4)
    told.ask_erp("pull_erp_orders")
    told.until(lambda: told.quantity(early) == 4, f"{early['name']} still has {told.quantity(early)} pieces")
    yield f"{document.number} has 4 pieces instead of 5, and so has {early['name']}, before the cutoff"

    document, _ = told.arrived(late)
    world.far.ship(world.sandbox, world.erp_name, document, 1, "1Z0003")
    world.far.change_quantity(world.sandbox, world.erp_name, document, 4)
    told.ask_erp("pull_erp_orders")
    item = told.asked(late, COMPARING)
    told.insist(told.quantity(late) == 5, f"{late['name']} has {told.quantity(late)} pieces")
    yield f"{document.number} has 4 pieces after one was shipped: {item.message}"


def changed_on_both_sides(told: Telling) -> Iterator[str]:
    """A clerk and the store's staff change the same line; a person picks whose value both shall have."""
    world = told.world
    placed = _five_pieces(told, "PO-BOTH")
    document, _ = told.arrived(placed)
    world.far.change_quantity(world.sandbox, world.erp_name, document, 4)
    told.act("edit_order", order=placed["id"], quantities={placed["lines"][0]: 3})
    told.ask_erp("pull_erp_orders")
    item = told.asked(placed, COMPARING)
    yield f"{placed['name']} has 3 pieces, {document.number} 4, and 5 were sent: {item.message}"
    told.desk.pick(item.record_id, item.pk, "erp")
    told.until(lambda: told.quantity(placed) == 4, f"{placed['name']} has {told.quantity(placed)} pieces")
    both = sum(told.document_of(placed).quantities.values())
    told.insist(both == 4, f"{document.number} has {both} pieces")
    yield "a person picks the ERP's value: both have 4"


def returned(told: Telling) -> Iterator[str]:
    """A buyer sends two of four pieces back; the store keeps a fee, and the ERP's credit memo is less by it."""
    world = told.world
    _prepare_credits(told)
    line = {"sku": goods.sku(6), "quantity": 4, "price": "25.00", "taxes": VAT19}
    placed = told.place("PO-RETURN", [line], payment_terms=None, paid=True)
    document, _ = told.arrived(placed)
    world.far.invoice(world.sandbox, world.erp_name, document)
    for flow in ("pull_erp_orders", "pull_erp_shipments"):
        told.ask_erp(flow)
    told.until(
        lambda: told.order(placed)["displayFulfillmentStatus"] == "FULFILLED",
        f"{placed['name']} was not told as shipped",
    )
    yield f"{document.number} is shipped and invoiced, {placed['name']} fulfilled"
    wanted = told.act(
        "request_return",
        order=placed["id"],
        lines=[{"line": placed["lines"][0], "quantity": 2, "reason": "UNWANTED", "note": "Ordered too many"}],
        restocking_percent=FEE_PERCENT,
    )
    item = told.until(
        ReviewItem.objects.filter(state="open", code="return_requested").first, "nobody is asked about it"
    )
    told.desk.decide(item.pk, "approve")
    told.until(lambda: told.return_state(wanted) == "OPEN", f"{wanted['name']} was not approved")
    yield f"{item.message} Approved at the desk"
    worth = Decimal("59.50")
    back = worth - worth * FEE_PERCENT / 100
    pieces = [{"line": placed["lines"][0], "quantity": 2}]
    told.act("refund_order", order=placed["id"], lines=pieces, amount=str(back), **{"return": wanted["id"]})
    told.until(
        lambda: world.far.credited(world.sandbox, world.erp_name) == [back],
        f"the ERP credits {world.far.credited(world.sandbox, world.erp_name)}, not {back}",
    )
    yield f"{worth} EUR of goods less {FEE_PERCENT} %: {back} EUR are refunded, and credited in the ERP"


def _five_pieces(told: Telling, po_number: str) -> dict[str, Any]:
    return told.place(po_number, [{"sku": goods.sku(5), "quantity": 5, "price": "50.00", "taxes": VAT19}])


def _prepare_credits(told: Telling) -> None:
    """The store tells of returns before the first one is asked for."""
    map_credits(told.store, told.world.erp, told.world.far.codes)
    enqueue("check_subscriptions", told.store.pk)
    told.until(
        lambda: any("return" in topic.lower() for topic in told.topics()), "the store tells of no returns"
    )
