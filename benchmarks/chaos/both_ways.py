"""What is not an order on its way into the ERP, under faults: clerks' orders, shipments, changes, refunds, quotes.

Decided by the seed, and judged by what both far sides hold; nothing here reads our tables.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from benchmarks.chaos.acts.acting import how_many
from benchmarks.chaos.faults import Rules
from benchmarks.chaos.plan import Planned
from benchmarks.chaos.verdict import Finding, documents_of_po
from hub.demo import goods
from hub.demo.erps.far_erp import FarDocument, Operations, OrderedLine

Orders = list[dict[str, Any]]
WRITES = (
    "CreateOrder",
    "CreateFulfillment",
    "CreatePaymentTerms",
    "CommitOrderEdit",
    "CreateRefund",
    "UpdateDraftOrder",
    "CreateDraftOrder",
    "CompleteDraftOrder",
    "ApproveReturn",
    "DeclineReturn",
    "ProcessReturn",
    "CloseReturn",
    "CancelOrder",
)
# A credit by the ERP's clerk is told from one of a refund by its total, and both from a quote.
CREDITED_FROM, QUOTED_FROM = 300, 600


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


@dataclass(frozen=True, slots=True)
class Changed:
    """A one-line order of which one side has so many pieces now."""

    order: str
    pieces: int


@dataclass(frozen=True, slots=True)
class GivenBack:
    """An order of which one piece was refunded or credited: what both must come to, and no other's does.

    `refunded` is what the refund comes to where less goes back than is credited.
    """

    order: str
    total: Decimal
    refunded: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A quote that a buyer asked for and accepted; `order` is what it became, empty where it never got so far."""

    po_number: str
    order: str


def taken(seed: int, count: int) -> list[Taken]:
    """The orders that clerks take in a run of `count` orders. One line in four is of an item that no store sells."""
    chance = random.Random(f"{seed} clerks")
    return [
        Taken(chance.choice(goods.EURO), f"PHONE-{number}", tuple(_lines(chance)))
        for number in range(1, how_many(count) + 1)
    ]


def _lines(chance: random.Random) -> list[OrderedLine]:
    numbers = [goods.item_number(item) for item in chance.sample(range(1, 120), chance.randint(1, 3))]
    if chance.random() < 0.25:
        numbers.append(goods.HIDDEN)
    return [(number, chance.randint(1, 9), Decimal(chance.randint(100, 9900)) / 100) for number in numbers]


def plain(planned: Iterable[Planned], count: int) -> list[list[Planned]]:
    """Orders of the euro store of one line, left alone by their buyers, in three parts.

    One for shipments in two parcels, one that clerks change in the ERP, one that staff change in the store. Without a
    discount: where an ERP holds it in the price, fewer pieces come to no exact amount, and a person is asked.
    """
    found = [
        order
        for order in planned
        if order.store == "euro"
        and not order.change
        and len(order.order["lines"]) == 1
        and "note" not in order.order
        and "shipping" not in order.order
        and "discount" not in order.order["lines"][0]
    ]
    part = max(1, min(how_many(count), len(found) // 3))
    return [found[part * place : part * (place + 1)] for place in range(3)]


def paid(seed: int, count: int) -> list[dict[str, Any]]:
    """Orders that are paid at once, each of two pieces at a price of its own: its refund is known by its total."""
    price = random.Random(f"{seed} refunds").randint(10, 50)
    return [_paid_order(f"PAID-{number}", number, price + number) for number in range(1, how_many(count) + 1)]


def to_credit(count: int) -> list[dict[str, Any]]:
    """Orders like those, of which the ERP's clerk credits one piece."""
    return [
        _paid_order(f"BACK-{number}", number, CREDITED_FROM + number)
        for number in range(1, how_many(count) + 1)
    ]


def _paid_order(po_number: str, number: int, price: int) -> dict[str, Any]:
    return {
        "company": "Nordlicht Möbel GmbH",
        "po_number": po_number,
        "lines": [
            {
                "sku": goods.sku(number % 100 + 1),
                "quantity": 2,
                "price": f"{price}.00",
                "taxes": [{"title": "VAT", "rate": "0.19"}],
            }
        ],
        "payment_terms": None,
        "paid": True,
    }


def to_quote(count: int) -> list[tuple[dict[str, Any], Decimal]]:
    """What buyers ask a quote for, and the unit price that they are offered."""
    return [
        (
            {
                "company": "Nordlicht Möbel GmbH",
                "po_number": f"ASK-{number}",
                "lines": [{"sku": goods.sku(number % 100 + 1), "quantity": 2}],
            },
            Decimal(QUOTED_FROM + number),
        )
        for number in range(1, how_many(count) + 1)
    ]


def rules(erp: Operations) -> Rules:
    """Faults on what the store and the ERP are asked to do: few writes, so that each kind is met."""
    faults: tuple[tuple[str, float, dict[str, Any]], ...] = (
        ("commit_then_drop", 0.2, {}),
        ("commit_then_500", 0.1, {}),
        ("drop_before", 0.1, {}),
        ("throttled", 0.1, {}),
        ("html", 0.05, {"commit": True}),
    )
    return _on_webhooks() + [
        {"id": f"{operation} {kind}", "kind": kind, "system": system, "operation": operation, **more}
        | {"probability": probability}
        for system, operations in (("store", WRITES), ("erp", erp.other_writes))
        for operation in operations
        for kind, probability, more in faults
        if system == "store" or kind != "throttled"
    ]


def _on_webhooks() -> Rules:
    """What the store tells of returns and refunds gets lost, comes twice and late."""
    faults: tuple[tuple[str, float, dict[str, Any]], ...] = (
        ("lose_webhook", 0.2, {}),
        ("duplicate_webhook", 0.2, {"copies": 3}),
        ("delay_webhook", 0.1, {"seconds": 3.0}),
    )
    return [
        {"id": f"{topics} {kind}", "kind": kind, "system": "store", "operation": topics, **more}
        | {"probability": probability}
        for topics in ("returns/*", "refunds/*")
        for kind, probability, more in faults
    ]


def judge(
    orders: Orders, taken_there: Iterable[tuple[Taken, FarDocument]], parcels: Iterable[Parcel]
) -> list[Finding]:
    """What is wrong: `orders` are the store's, each taken order comes with its document as the ERP holds it now."""
    findings = [finding for plan, document in taken_there for finding in _judge_taken(orders, plan, document)]
    return findings + judge_parcels(orders, parcels)


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


def judge_parcels(orders: Orders, parcels: Iterable[Parcel]) -> list[Finding]:
    """What is wrong: the store has one fulfilment of one piece with each tracking number."""
    by_id = {order["id"]: order for order in orders}
    return [finding for parcel in parcels for finding in _judge_parcel(by_id[parcel.order], parcel)]


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


def judge_changes(
    orders: Orders, documents: Iterable[FarDocument], changed: Iterable[tuple[Changed, str]]
) -> list[Finding]:
    """What is wrong: each change comes with the id of the order's document; both sides must have its pieces."""
    by_id = {order["id"]: order for order in orders}
    there = {document.external_id: document for document in documents}
    findings = []
    for change, external_id in changed:
        order = by_id[change.order]
        in_store = sum(line["currentQuantity"] for line in order["lines"])
        in_erp = sum(there[external_id].quantities.values())
        if not in_store == in_erp == change.pieces:
            words = f"{in_store} pieces in the store, {in_erp} in the ERP, {change.pieces} wanted"
            findings.append(Finding("lost" if in_store != in_erp else "wrong", str(order["name"]), words))
    return findings


def judge_given_back(
    orders: Orders, given: Iterable[GivenBack], credited: Iterable[Decimal]
) -> list[Finding]:
    """What is wrong: `credited` is what each credit memo of the ERP comes to. One memo and one refund of each."""
    memos = Counter(credited)
    wanted = {one.total: one for one in given}
    by_id = {order["id"]: order for order in orders}
    findings = []
    for total, one in wanted.items():
        order, moved = one.order, total if one.refunded is None else one.refunded
        back = [
            Decimal(row["amountSet"]["shopMoney"]["amount"])
            for row in by_id[order]["transactions"]
            if row["kind"] == "REFUND"
        ]
        held = (memos[total], f"credit memos of {total}"), (back.count(moved), f"refunds of {moved}")
        for times, words in held:
            if times != 1:
                findings.append(Finding("doubled" if times else "lost", order, f"{times} {words}"))
        findings += [
            Finding("wrong", order, f"{amount} were refunded, {moved} wanted")
            for amount in back
            if amount != moved
        ]
    return findings + [
        Finding("wrong", "a credit memo", f"of {total}, which nobody gave back")
        for total in memos
        if total not in wanted
    ]


def judge_asked(orders: Orders, documents: Sequence[FarDocument], asked: Iterable[Asked]) -> list[Finding]:
    """What is wrong with quotes that were accepted: each is one order on either side, of the same total."""
    by_id = {order["id"]: order for order in orders}
    findings = []
    for one in asked:
        made = documents_of_po(documents, one.po_number)
        if not one.order or not made:
            step = "the ERP has no order of it" if one.order else "it was never offered"
            findings.append(Finding("lost", one.po_number, step))
            continue
        if len(made) > 1:
            numbers = ", ".join(document.number for document in made)
            findings.append(Finding("doubled", one.po_number, numbers))
            continue
        total = Decimal(by_id[one.order]["totalPriceSet"]["shopMoney"]["amount"])
        if total != made[0].total:
            words = f"the store says {total}, the ERP {made[0].total}"
            findings.append(Finding("wrong", one.po_number, words))
    return findings
