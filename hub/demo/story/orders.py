"""Chapters about orders on their way: begun in the ERP, with its freight, held, shipped in parts."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import partial

from hub.demo import goods
from hub.demo.story.telling import VAT19, Telling
from hub.sync.enqueue import enqueue
from hub.sync.models import ReviewItem
from orders.models import (
    FreightPolicy,
    FreightRate,
    FulfilmentPolicy,
    HoldRule,
    OfflineOrderPolicy,
    OrderLink,
)

NOWHERE = "http://127.0.0.1:9/freight"
"""Nobody listens there: the ERP's freight is switched off."""


def offline(told: Telling) -> Iterator[str]:
    """A clerk takes an order by phone; the buyer sees it in the store, once, with the ERP's totals."""
    OfflineOrderPolicy.objects.create(store=told.store, erp=told.world.erp, is_on=True, tax_title="VAT")
    lines = [(goods.item_number(1), 3, Decimal("11.90")), (goods.HIDDEN, 1, Decimal("35.00"))]
    entered = told.enter("10000", lines, "PHONE-1")
    yield f"{told.world.far.label} {entered.number}, entered by a clerk: {entered.total} {entered.currency}"
    told.ask_erp("pull_erp_orders")
    copies = told.until(
        lambda: [order for order in told.orders() if order["poNumber"] == "PHONE-1"],
        f"{entered.number} does not appear in the store",
    )
    link = told.until(
        lambda: (
            OrderLink.objects.filter(origin="erp", external_id=entered.external_id)
            .exclude(totals="unread")
            .first()
        ),
        f"{entered.number} was not linked",
    )
    [copy] = copies
    total = Decimal(copy["totalPriceSet"]["shopMoney"]["amount"])
    told.insist(total == entered.total, f"the store says {total}, the ERP {entered.total}")
    told.insist(len(copy["lines"]) == len(lines), f"it has {len(copy['lines'])} lines in the store")
    hidden = next(line for line in copy["lines"] if not line["sku"] or line["sku"] == goods.HIDDEN)
    yield f"{copy['name']} in the store: {total} EUR, totals {link.totals}; no store sells “{hidden['title']}”"


def freight(told: Telling) -> Iterator[str]:
    """The ERP's freight cannot be asked: the rate table answers, and the order carries the same amount."""
    method = next(code for title, code, _ in told.world.far.codes.shipping if title == "Freight")
    FreightPolicy.objects.create(store=told.store, owner="erp", endpoint_url=NOWHERE, live_milliseconds=300)
    FreightRate.objects.create(
        store=told.store, method_code=method, title="Freight", country="DE", currency="EUR",
        price=Decimal("18.40"),
    )  # fmt: skip
    enqueue("check_carrier_service", told.store.pk)
    shown = told.until(
        lambda: answer if (answer := told.checkout())["used"] == "carrier" else None,
        "the checkout is not answered by our carrier",
    )
    [rate] = shown["rates"]
    price = Decimal(rate["total_price"]) / 100
    yield f"checkout in {shown['seconds']:.2f} s: {rate['service_name']} {price} EUR, of the rate table"
    placed = told.place(
        "PO-FREIGHT",
        [{"sku": goods.sku(2), "quantity": 2, "taxes": VAT19}],
        shipping=[
            {
                "title": rate["service_name"], "price": str(price), "code": rate["service_code"],
                "source": "Concord", "taxes": VAT19,
            },
        ],
    )  # fmt: skip
    document, total = told.arrived(placed)
    told.insist(document.total == total, f"the ERP says {document.total}, the store {total}")
    yield f"{placed['name']} is {document.number}: {document.total} {document.currency} on both sides"


def held(told: Telling) -> Iterator[str]:
    """A rule holds what asks for something special; a person approves it, and the words reach the ERP."""
    rule = HoldRule.objects.create(name="Asks for an appointment", store=told.store, is_enabled=True)
    rule.conditions.create(kind="words", operator="contains", value="appointment")
    placed = told.place(
        "PO-HELD",
        [{"sku": goods.sku(3), "quantity": 4, "taxes": VAT19}],
        note="Delivery by appointment only: call gate 2 an hour before, tail lift, no pallets above 1.20 m.",
        attributes={"Cost center": "4400"},
    )
    item = told.until(
        lambda: ReviewItem.objects.filter(state="open", code=rule.code).first(), "it is not held"
    )
    yield f"{placed['name']} waits: {item.message}"
    told.desk.decide(item.pk, "approve")
    document, _ = told.arrived(placed)
    item.refresh_from_db()
    yield f"{item.decision} by {item.decided_by}: {document.number}, {document.total} {document.currency}"


def split(told: Telling) -> Iterator[str]:
    """The ERP ships two and then three of five pieces: two fulfilments with a tracking number each."""
    world = told.world
    FulfilmentPolicy.objects.create(store=told.store)
    world.far.show_parcels(world.sandbox, world.erp_name, world.erp)
    placed = told.place("PO-SPLIT", [{"sku": goods.sku(4), "quantity": 5, "taxes": VAT19}])
    document, _ = told.arrived(placed)
    for pieces, tracking in ((2, "1Z0001"), (3, "1Z0002")):
        world.far.ship(world.sandbox, world.erp_name, document, pieces, tracking)
        told.ask_erp("pull_erp_shipments")
        told.until(
            partial(told.is_fulfilled, placed, pieces, tracking),
            f"the store was not told of {tracking}",
        )
        yield f"{document.number} ships {pieces}: {placed['name']} has a fulfilment of {pieces}, {tracking}"
    status = told.order(placed)["displayFulfillmentStatus"]
    told.insist(status == "FULFILLED", f"the store calls it {status}")
