"""What the ERP begins, under faults: orders that its clerks take, and shipments of what the stores sold.

Decided by the seed, and judged by what both far sides hold; nothing here reads our tables.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from benchmarks.chaos.faults import Rules
from benchmarks.chaos.plan import Planned
from benchmarks.chaos.verdict import Finding
from hub.demo import goods
from hub.demo.erps.far_erp import FarDocument, OrderedLine

Orders = list[dict[str, Any]]
SHARE = 20
"""One offline order and one shipped order for so many that buyers placed."""
LEAST = 3


@dataclass(frozen=True, slots=True)
class Taken:
    """An order that a clerk takes."""

    customer: str
    po_number: str
    lines: tuple[OrderedLine, ...]


@dataclass(frozen=True, slots=True)
class Parcel:
    """One piece of a store's order that leaves under this tracking number."""

    order: str
    tracking: str


def taken(seed: int, count: int) -> list[Taken]:
    """The orders that clerks take in a run of `count` orders. One line in four is of an item that no store sells."""
    chance = random.Random(f"{seed} clerks")
    return [
        Taken(chance.choice(goods.EURO), f"PHONE-{number}", tuple(_lines(chance)))
        for number in range(1, max(LEAST, count // SHARE) + 1)
    ]


def _lines(chance: random.Random) -> list[OrderedLine]:
    numbers = [goods.item_number(item) for item in chance.sample(range(1, 120), chance.randint(1, 3))]
    if chance.random() < 0.25:
        numbers.append(goods.HIDDEN)
    return [(number, chance.randint(1, 9), Decimal(chance.randint(100, 9900)) / 100) for number in numbers]


def shipped(planned: Iterable[Planned], count: int) -> list[Planned]:
    """The orders of the euro store that are shipped in two parcels: of one line, and left alone by their buyers."""
    plain = [
        order
        for order in planned
        if order.store == "euro"
        and not order.change
        and len(order.order["lines"]) == 1
        and "note" not in order.order
        and "shipping" not in order.order
    ]
    return plain[: max(LEAST, count // SHARE)]


def rules() -> Rules:
    """Faults on what the store is asked to do: few writes, so that each kind is met."""
    faults: tuple[tuple[str, float, dict[str, Any]], ...] = (
        ("commit_then_drop", 0.2, {}),
        ("commit_then_500", 0.1, {}),
        ("drop_before", 0.1, {}),
        ("throttled", 0.1, {}),
        ("html", 0.05, {"commit": True}),
    )
    return [
        {"id": f"{operation} {kind}", "kind": kind, "system": "store", "operation": operation, **more}
        | {"probability": probability}
        for operation in ("CreateOrder", "CreateFulfillment", "CreatePaymentTerms")
        for kind, probability, more in faults
    ]


def judge(
    orders: Orders, taken_there: Iterable[tuple[Taken, FarDocument]], parcels: Iterable[Parcel]
) -> list[Finding]:
    """What is wrong: `orders` are the store's, each taken order comes with its document as the ERP holds it now."""
    findings = [finding for plan, document in taken_there for finding in _judge_taken(orders, plan, document)]
    by_id = {order["id"]: order for order in orders}
    return findings + [
        finding for parcel in parcels for finding in _judge_parcel(by_id[parcel.order], parcel)
    ]


def _judge_taken(orders: Orders, plan: Taken, document: FarDocument) -> list[Finding]:
    name = f"{document.number} {plan.po_number}"
    copies = [order for order in orders if order["poNumber"] == plan.po_number]
    if not copies:
        return [Finding("lost", name, "the store has no such order")]
    if len(copies) > 1:
        return [Finding("doubled", name, ", ".join(str(order["name"]) for order in copies))]
    money = copies[0]["totalPriceSet"]["shopMoney"]
    total = Decimal(money["amount"])
    if (total, money["currencyCode"]) != (document.total, document.currency):
        return [Finding("wrong", name, f"the store says {total}, the ERP {document.total}")]
    pieces = sum(line["quantity"] for line in copies[0]["lines"])
    if pieces != sum(quantity for _, quantity, _ in plan.lines):
        return [Finding("wrong", name, f"{pieces} pieces in the store")]
    return []


def _judge_parcel(order: dict[str, Any], parcel: Parcel) -> list[Finding]:
    found: Counter[str] = Counter()
    for fulfilment in order["fulfillments"]:
        if fulfilment["status"] == "CANCELLED":
            continue
        for row in fulfilment["trackingInfo"]:
            found[row["number"]] += sum(fulfilment["lines"].values())
    name = f"{order['name']} {parcel.tracking}"
    if not found[parcel.tracking]:
        return [Finding("lost", name, "the store has no fulfilment with it")]
    if found[parcel.tracking] > 1:
        return [Finding("doubled", name, f"{found[parcel.tracking]} pieces are fulfilled with it")]
    return []
