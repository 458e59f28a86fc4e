"""A partner's system at the REST API: it tells orders, and what a carrier took of others, under idempotency keys.

Answers get lost, requests come twice at once or again under another key; each number is one order on either side.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any

from benchmarks.chaos.acts.acting import Act, Acting, Truth, how_many, order_of
from benchmarks.chaos.acts.doors import Doors
from benchmarks.chaos.both_ways import Orders, Parcel, judge_parcels
from benchmarks.chaos.verdict import Finding, documents_of_po
from hub.demo import goods
from hub.demo.erps.far_erp import FarDocument

CUSTOMER = "10000"
CARRIED_AT = 40


@dataclass(frozen=True, slots=True)
class Told:
    """An order that a partner tells, and what it must come to."""

    number: str
    lines: tuple[dict[str, Any], ...]
    pieces: int
    total: Decimal
    is_told_again: bool
    """Whether the same number comes once more under another idempotency key."""


def told(seed: int, count: int) -> list[Told]:
    """The orders of a run of `count` orders: a line by SKU at an agreed price, one by item at the store's."""
    chance = random.Random(f"{seed} partners")
    return [_told(chance, f"EDI-{number}") for number in range(1, how_many(count) + 1)]


def _told(chance: random.Random, number: str) -> Told:
    first, second = chance.sample(range(1, 120), 2)
    pieces, price = chance.randint(2, 9), Decimal(chance.randint(500, 9900)) / 100
    agreed = {
        "sku": goods.sku(first),
        "quantity": pieces,
        "price": {"amount": str(price), "currency": "EUR"},
    }
    usual = {"item": goods.item_number(second), "quantity": 1}
    total = pieces * price + goods.price(second)
    return Told(number, (agreed, usual), pieces + 1, total, chance.random() < 0.5)


@dataclass(slots=True)
class Partners(Acting):
    """The partner's system, and the carrier's."""

    doors: Doors
    orders: list[Told] = field(default_factory=list)
    parcels: list[Parcel] = field(default_factory=list)

    def acts(self, count: int) -> list[Act]:
        """What is done in a run of `count` orders."""
        carried = [
            order_of(f"CARRIED-{number}", number, CARRIED_AT + number, is_paid=False)
            for number in range(1, how_many(count) + 1)
        ]
        return [
            *(partial(self._tell, one) for one in told(self.seed, count)),
            *(partial(self._carry, order) for order in carried),
        ]

    def findings(self, truth: Truth) -> list[Finding]:
        """What is wrong now."""
        return judge(truth.orders, truth.held, self.orders) + judge_parcels(truth.orders, self.parcels)

    def said(self) -> str:
        """What was done, and what was lost on the way."""
        api = self.doors.api
        return (
            f"{len(self.orders)} orders and {len(self.parcels)} parcels by the API ({api.lost} answers lost, "
            f"{api.doubled} requests twice at once)"
        )

    def _tell(self, order: Told) -> None:
        self.orders.append(order)
        body = {
            "store": str(self.stage.world.euro_store.public_id),
            "number": order.number,
            "customer": CUSTOMER,
            "po_number": order.number,
            "lines": list(order.lines),
            "payment_terms": "Net 30",
        }
        again = partial(self._sent, "partner-orders/place", body, f"{order.number}-again")
        and_then = partial(self.when, again, _done, _done) if order.is_told_again else _done
        self.when(partial(self._sent, "partner-orders/place", body, order.number), and_then, _done)

    def _carry(self, order: dict[str, Any]) -> None:
        """The order stands in the hub, and two parcels of it are told, each twice."""
        made, po_number = self.in_store("place_order", **order), str(order["po_number"])
        parcels = [Parcel(str(made["id"]), f"{po_number}-{part}") for part in "AB"]
        self.parcels += parcels
        self.when(partial(self._known, po_number), partial(self._tell_parcels, order, parcels), _done)

    def _known(self, po_number: str) -> list[dict[str, Any]]:
        return self.doors.api.listed("orders", po_number=po_number)

    def _tell_parcels(self, order: dict[str, Any], parcels: Iterable[Parcel]) -> None:
        [known] = self._known(str(order["po_number"]))
        for parcel in parcels:
            body = {
                "order_id": known["id"],
                "shipment_id": parcel.tracking,
                "stage": "shipped",
                "shipped_at": "2026-03-01T08:00:00Z",
                "parcels": [{"tracking_number": parcel.tracking, "carrier": "DHL"}],
                "lines": [{"sku": order["lines"][0]["sku"], "quantity": "1"}],
            }
            again = partial(self._sent, "shipments", body, f"{parcel.tracking}-again")
            and_then = partial(self.when, again, _done, _done)
            self.when(partial(self._sent, "shipments", body, parcel.tracking), and_then, _done)

    def _sent(self, path: str, body: dict[str, Any], key: str) -> bool:
        return self.doors.api.tell(path, body, key) is not None


def _done() -> None:
    """What came of it is judged by what both sides hold."""


def judge(orders: Orders, held: Iterable[FarDocument], all_of_them: Iterable[Told]) -> list[Finding]:
    """What is wrong: each number is one order on either side, of the pieces and the total that were told."""
    documents = list(held)
    findings = []
    for one in all_of_them:
        copies = [order for order in orders if order["poNumber"] == one.number]
        there = documents_of_po(documents, one.number)
        for where, found in (("store", len(copies)), ("ERP", len(there))):
            if found != 1:
                kind = "doubled" if found else "lost"
                findings.append(Finding(kind, one.number, f"{found} orders in the {where}"))
        totals = {Decimal(order["totalPriceSet"]["shopMoney"]["amount"]) for order in copies}
        totals |= {document.total for document in there}
        if totals - {one.total}:
            words = " and ".join(map(str, sorted(totals)))
            findings.append(Finding("wrong", one.number, f"{words}, {one.total} was told"))
        pieces = {sum(line["quantity"] for line in order["lines"]) for order in copies}
        pieces |= {int(sum(document.quantities.values())) for document in there}
        if pieces - {one.pieces}:
            findings.append(Finding("wrong", one.number, f"{pieces} pieces, {one.pieces} were told"))
    return findings
