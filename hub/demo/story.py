"""The demonstration's second part: what happens to orders after, and beside, their way into the ERP.

Each chapter does what people do on the far sides and at the order desk, and says what both sides hold then.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar

from hub.demo import goods
from hub.demo.desk import Desk
from hub.demo.erps.far_erp import FarDocument
from hub.demo.world import World
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection, ReviewItem
from orders.models import (
    FreightPolicy,
    FreightRate,
    FulfilmentPolicy,
    HoldRule,
    OfflineOrderPolicy,
    OrderLink,
)

FoundT = TypeVar("FoundT")

PATIENCE = 90.0
NORDLICHT = "Nordlicht Möbel GmbH"
VAT19 = [{"title": "VAT", "rate": "0.19"}]
HAMBURG = {"country": "DE", "postal_code": "20095", "city": "Hamburg", "address1": "Ballindamm 3"}
NOWHERE = "http://127.0.0.1:9/freight"
"""Nobody listens there: the ERP's freight is switched off."""


class NotTold(Exception):
    """A chapter did not end as it should."""


@dataclass(frozen=True, slots=True)
class Chapter:
    """What was done and what was found, one line each; `problem` is empty where it ended as it should."""

    title: str
    lines: tuple[str, ...]
    problem: str


@dataclass(frozen=True, slots=True)
class Story:
    """The demonstration's world, and the desk at which people decide."""

    world: World
    desk: Desk

    @property
    def store(self) -> Connection:
        """Where all of it happens."""
        return self.world.euro_store

    def chapters(self) -> Iterator[Chapter]:
        """Told one after another."""
        for title, tell in (
            ("An offline order with an item that no store sells", self._offline),
            ("A freight quote while the ERP is switched off", self._freight),
            ("A held order with instructions, approved at the desk", self._held),
            ("A shipment in two parts", self._split),
        ):
            try:
                yield Chapter(title, tuple(tell()), "")
            except NotTold as problem:
                yield Chapter(title, (), str(problem))

    # ------------------------------------------------------------------------------------------------- chapters

    def _offline(self) -> Iterator[str]:
        """A clerk takes an order by phone; the buyer sees it in the store, once, with the ERP's totals."""
        OfflineOrderPolicy.objects.create(store=self.store, erp=self.world.erp, is_on=True, tax_title="VAT")
        lines = [(goods.item_number(1), 3, Decimal("11.90")), (goods.HIDDEN, 1, Decimal("35.00"))]
        entered = self._enter("10000", lines, "PHONE-1")
        yield f"{self.world.far.label} {entered.number}, entered by a clerk: {entered.total} {entered.currency}"
        self._ask_erp("pull_erp_orders")
        copies = self._until(
            lambda: [order for order in self._orders() if order["poNumber"] == "PHONE-1"],
            f"{entered.number} does not appear in the store",
        )
        link = self._until(
            lambda: (
                OrderLink.objects.filter(origin="erp", external_id=entered.external_id)
                .exclude(totals="unread")
                .first()
            ),
            f"{entered.number} was not linked",
        )
        [copy] = copies
        total = Decimal(copy["totalPriceSet"]["shopMoney"]["amount"])
        self._hold(total == entered.total, f"the store says {total}, the ERP {entered.total}")
        self._hold(len(copy["lines"]) == len(lines), f"it has {len(copy['lines'])} lines in the store")
        hidden = next(line for line in copy["lines"] if not line["sku"] or line["sku"] == goods.HIDDEN)
        yield f"{copy['name']} in the store: {total} EUR, totals {link.totals}; no store sells “{hidden['title']}”"

    def _freight(self) -> Iterator[str]:
        """The ERP's freight cannot be asked: the rate table answers, and the order carries the same amount."""
        method = next(code for title, code, _ in self.world.far.codes.shipping if title == "Freight")
        FreightPolicy.objects.create(
            store=self.store, owner="erp", endpoint_url=NOWHERE, live_milliseconds=300
        )
        FreightRate.objects.create(
            store=self.store, method_code=method, title="Freight", country="DE", currency="EUR",
            price=Decimal("18.40"),
        )  # fmt: skip
        enqueue("check_carrier_service", self.store.pk)
        shown = self._until(
            lambda: answer if (answer := self._checkout())["used"] == "carrier" else None,
            "the checkout is not answered by our carrier",
        )
        [rate] = shown["rates"]
        price = Decimal(rate["total_price"]) / 100
        yield f"checkout in {shown['seconds']:.2f} s: {rate['service_name']} {price} EUR, of the rate table"
        placed = self._place(
            "PO-FREIGHT",
            [{"sku": goods.sku(2), "quantity": 2, "taxes": VAT19}],
            shipping=[
                {
                    "title": rate["service_name"], "price": str(price), "code": rate["service_code"],
                    "source": "Concord", "taxes": VAT19,
                },
            ],
        )  # fmt: skip
        document, total = self._arrived(placed)
        self._hold(document.total == total, f"the ERP says {document.total}, the store {total}")
        yield f"{placed['name']} is {document.number}: {document.total} {document.currency} on both sides"

    def _held(self) -> Iterator[str]:
        """A rule holds what asks for something special; a person approves it, and the words reach the ERP."""
        rule = HoldRule.objects.create(name="Asks for an appointment", store=self.store, is_enabled=True)
        rule.conditions.create(kind="words", operator="contains", value="appointment")
        placed = self._place(
            "PO-HELD",
            [{"sku": goods.sku(3), "quantity": 4, "taxes": VAT19}],
            note="Delivery by appointment only: call gate 2 an hour before, tail lift, no pallets above 1.20 m.",
            attributes={"Cost center": "4400"},
        )
        item = self._until(
            lambda: ReviewItem.objects.filter(state="open", code=rule.code).first(), "it is not held"
        )
        yield f"{placed['name']} waits: {item.message}"
        self.desk.decide(item.pk, "approve")
        document, _ = self._arrived(placed)
        item.refresh_from_db()
        yield f"{item.decision} by {item.decided_by}: {document.number}, {document.total} {document.currency}"

    def _split(self) -> Iterator[str]:
        """The ERP ships two and then three of five pieces: two fulfilments with a tracking number each."""
        world = self.world
        FulfilmentPolicy.objects.create(store=self.store)
        world.far.show_parcels(world.sandbox, world.erp_name, world.erp)
        placed = self._place("PO-SPLIT", [{"sku": goods.sku(4), "quantity": 5, "taxes": VAT19}])
        document, _ = self._arrived(placed)
        for pieces, tracking in ((2, "1Z0001"), (3, "1Z0002")):
            world.far.ship(world.sandbox, world.erp_name, document, pieces, tracking)
            self._ask_erp("pull_erp_shipments")
            self._until(
                partial(self._is_fulfilled, placed, pieces, tracking),
                f"the store was not told of {tracking}",
            )
            yield f"{document.number} ships {pieces}: {placed['name']} has a fulfilment of {pieces}, {tracking}"
        status = self._order(placed)["displayFulfillmentStatus"]
        self._hold(status == "FULFILLED", f"the store calls it {status}")

    # ------------------------------------------------------------------------------------------------- far sides

    def _enter(self, customer: str, lines: list[tuple[str, int, Decimal]], po_number: str) -> FarDocument:
        world = self.world
        made = world.far.enter_order(world.sandbox, world.erp_name, customer, lines, po_number)
        return next(document for document in world.documents() if document.external_id == made)

    def _place(self, po_number: str, lines: list[dict[str, Any]], **order: object) -> dict[str, Any]:
        return self.world.place(self.store, company=NORDLICHT, po_number=po_number, lines=lines, **order)

    def _arrived(self, placed: dict[str, Any]) -> tuple[FarDocument, Decimal]:
        """The order's document once its totals were compared, and what the store says it comes to."""
        links = OrderLink.objects.filter(order__external_id=placed["id"], totals="equal")
        link = self._until(links.exclude(number="").first, f"{placed['name']} is not in the ERP")
        document = next(d for d in self.world.documents() if d.external_id == link.external_id)
        return document, Decimal(self._order(placed)["totalPriceSet"]["shopMoney"]["amount"])

    def _is_fulfilled(self, placed: dict[str, Any], pieces: int, tracking: str) -> bool:
        return any(
            sum(one["lines"].values()) == pieces
            and [row["number"] for row in one["trackingInfo"]] == [tracking]
            for one in self._order(placed)["fulfillments"]
        )

    def _checkout(self) -> dict[str, Any]:
        basket = [{"sku": goods.sku(2), "quantity": 2, "grams": 4000}]
        data = {"lines": basket, "destination": HAMBURG, "anew": True}
        return self.world.sandbox.act("store", self.store.config["sandbox_name"], "checkout", data)

    def _orders(self) -> list[dict[str, Any]]:
        name = self.store.config["sandbox_name"]
        found: list[dict[str, Any]] = self.world.sandbox.truth(kind="store", name=name)["stores"][name][
            "orders"
        ]
        return found

    def _order(self, placed: dict[str, Any]) -> dict[str, Any]:
        return next(order for order in self._orders() if order["id"] == placed["id"])

    def _ask_erp(self, flow: str) -> None:
        """What runs every minute or five runs now."""
        enqueue(flow, self.world.erp.pk)

    # ------------------------------------------------------------------------------------------------- outcome

    @staticmethod
    def _until(look: Callable[[], FoundT | None], problem: str) -> FoundT:
        """What `look` finds, as soon as it does; NotTold where it takes too long."""
        end = time.monotonic() + PATIENCE
        while not (found := look()):
            if time.monotonic() > end:
                raise NotTold(f"{problem} after {PATIENCE:.0f} seconds.")
            time.sleep(0.3)
        return found

    @staticmethod
    def _hold(is_so: bool, problem: str) -> None:
        if not is_so:
            raise NotTold(problem)
