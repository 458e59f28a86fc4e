"""What every chapter of the story does: act on the far sides, decide at the desk, wait until something is so."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

from hub.demo import goods
from hub.demo.desk import Desk
from hub.demo.erps.far_erp import FarDocument
from hub.demo.world import World
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection, ReviewItem
from orders.models import OrderLink, StoreOrder

FoundT = TypeVar("FoundT")

PATIENCE = 90.0
NORDLICHT = "Nordlicht Möbel GmbH"
VAT19 = [{"title": "VAT", "rate": "0.19"}]
HAMBURG = {"country": "DE", "postal_code": "20095", "city": "Hamburg", "address1": "Ballindamm 3"}


class NotTold(Exception):
    """A chapter did not end as it should."""


@dataclass(frozen=True, slots=True)
class Telling:
    """The demonstration's world, and the desk at which people decide."""

    world: World
    desk: Desk

    @property
    def store(self) -> Connection:
        """Where all of it happens."""
        return self.world.euro_store

    # ------------------------------------------------------------------------------------------------- far sides

    @property
    def store_name(self) -> str:
        """What the sandbox calls it."""
        return str(self.store.config["sandbox_name"])

    def enter(self, customer: str, lines: list[tuple[str, int, Decimal]], po_number: str) -> FarDocument:
        """A clerk of the ERP takes an order."""
        world = self.world
        made = world.far.enter_order(world.sandbox, world.erp_name, customer, lines, po_number)
        return next(document for document in world.documents() if document.external_id == made)

    def place(self, po_number: str, lines: list[dict[str, Any]], **order: object) -> dict[str, Any]:
        """The buyer of a company orders."""
        return self.world.place(self.store, company=NORDLICHT, po_number=po_number, lines=lines, **order)

    def arrived(self, placed: dict[str, Any]) -> tuple[FarDocument, Decimal]:
        """The order's document once its totals were compared, and what the store says it comes to."""
        links = OrderLink.objects.filter(order__external_id=placed["id"], totals="equal")
        link = self.until(links.exclude(number="").first, f"{placed['name']} is not in the ERP")
        document = next(d for d in self.world.documents() if d.external_id == link.external_id)
        return document, Decimal(self.order(placed)["totalPriceSet"]["shopMoney"]["amount"])

    def quantity(self, placed: dict[str, Any]) -> int:
        """How many pieces of the first line the store's order is about now."""
        return int(self.order(placed)["lines"][0]["currentQuantity"])

    def document_of(self, placed: dict[str, Any]) -> FarDocument:
        """The order's document as the ERP holds it now."""
        link = OrderLink.objects.get(order__external_id=placed["id"])
        return next(one for one in self.world.documents() if one.external_id == link.external_id)

    def asked(self, placed: dict[str, Any], flow: str) -> ReviewItem:
        """What a person is asked about the order by this flow, as soon as it is."""
        order = StoreOrder.objects.get(external_id=placed["id"])
        asked = ReviewItem.objects.filter(state="open", flow=flow, subject=f"order:{order.pk}")
        return self.until(asked.order_by("-pk").first, f"nobody is asked about {order.name}")

    def act(self, action: str, **data: object) -> dict[str, Any]:
        """A buyer or the store's staff do this."""
        return self.world.sandbox.act("store", self.store_name, action, data)

    def is_fulfilled(self, placed: dict[str, Any], pieces: int, tracking: str) -> bool:
        """Whether a fulfilment of so many pieces carries this tracking number."""
        return any(
            sum(one["lines"].values()) == pieces
            and [row["number"] for row in one["trackingInfo"]] == [tracking]
            for one in self.order(placed)["fulfillments"]
        )

    def return_state(self, wanted: dict[str, Any]) -> str:
        """How far the store is with a return."""
        stores = self.world.sandbox.truth(kind="store", name=self.store_name)["stores"]
        return str(
            next(one["status"] for one in stores[self.store_name]["returns"] if one["id"] == wanted["id"])
        )

    def topics(self) -> list[str]:
        """What the store's subscriptions are about."""
        stores = self.world.sandbox.truth(kind="store", name=self.store_name)["stores"]
        return [str(one["topic"]) for one in stores[self.store_name]["subscriptions"]]

    def checkout(self) -> dict[str, Any]:
        """A buyer has typed the address; what the store shows."""
        basket = [{"sku": goods.sku(2), "quantity": 2, "grams": 4000}]
        data = {"lines": basket, "destination": HAMBURG, "anew": True}
        return self.act("checkout", **data)

    def orders(self) -> list[dict[str, Any]]:
        """What the store holds."""
        stores = self.world.sandbox.truth(kind="store", name=self.store_name)["stores"]
        found: list[dict[str, Any]] = stores[self.store_name]["orders"]
        return found

    def order(self, placed: dict[str, Any]) -> dict[str, Any]:
        """This order as the store holds it now."""
        return next(order for order in self.orders() if order["id"] == placed["id"])

    def ask_erp(self, flow: str) -> None:
        """What runs every minute or five runs now."""
        enqueue(flow, self.world.erp.pk)

    # ------------------------------------------------------------------------------------------------- outcome

    @staticmethod
    def until(look: Callable[[], FoundT | None], problem: str) -> FoundT:
        """What `look` finds, as soon as it does; NotTold where it takes too long."""
        end = time.monotonic() + PATIENCE
        while not (found := look()):
            if time.monotonic() > end:
                raise NotTold(f"{problem} after {PATIENCE:.0f} seconds.")
            time.sleep(0.3)
        return found

    @staticmethod
    def insist(is_so: bool, problem: str) -> None:
        """Raises NotTold where it is not so."""
        if not is_so:
            raise NotTold(problem)
