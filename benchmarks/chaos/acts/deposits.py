"""Orders that are paid by a deposit and instalments; the deposits are paid before and after the order is sent.

Nobody has said what becomes of such a plan: the order desk is asked. For one plan it names the ERP's payment terms that
hold it; for the other it says in the order policy that the last instalment's terms are taken, and all are told.
"""

from __future__ import annotations

import random
import zoneinfo
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

from benchmarks.chaos.acts.acting import Act, Acting, Truth, how_many, order_of
from benchmarks.chaos.acts.doors import Doors
from benchmarks.chaos.verdict import Finding, numbers_written

DEPOSITED_AT = 120
QUESTION = "instalments"
MAPPINGS, POLICIES = "/admin/orders/instalmentmapping/", "/admin/orders/orderpolicy/"
# Of the plan that the ERP's terms hold, as a person finds it in the list.
HELD_PLAN = "25 % at 0 days"
TOLD = "Instalment"


@dataclass(frozen=True, slots=True)
class Plan:
    """Payment terms of the store, and the parts that a buyer agreed to.

    `terms` is the place of the ERP's in the codes.
    """

    name: str
    parts: tuple[dict[str, Any], ...]
    terms: int
    is_mapped: bool


HELD = Plan("Net 30", ({"percent": "25"}, {"days": 30}), 2, is_mapped=True)
LISTED = Plan("Net 60", ({"percent": "20"}, {"percent": "40", "days": 30}, {"days": 60}), 1, is_mapped=False)


@dataclass(slots=True)
class Deposited:
    """An order; `order` is its id in the store, empty before it was placed."""

    po_number: str
    plan: Plan
    is_paid_first: bool
    """Whether the deposit is paid before the order is sent."""
    order: str = ""
    deposit: Decimal = Decimal(0)
    """What was paid of it."""


def deposited(seed: int, count: int) -> list[Deposited]:
    """The orders of a run of `count` orders, as many of the one plan as of the other."""
    chance, most = random.Random(f"{seed} deposits"), how_many(count)
    rows = [(plan, chance.random() < 0.5) for plan in (HELD, LISTED) for _ in range(most)]
    return [Deposited(f"DEPOSIT-{number}", *row) for number, row in enumerate(rows, start=1)]


@dataclass(slots=True)
class Deposits(Acting):
    """Buyers who pay in parts, and the order desk that says how the ERP is told."""

    doors: Doors
    all: list[Deposited] = field(default_factory=list)
    left: int = 0
    """Of the first plan, how many orders were not sent yet."""

    def acts(self, count: int) -> list[Act]:
        """What is done in a run of `count` orders."""
        rows = deposited(self.seed, count)
        numbered = list(enumerate(rows, start=1))
        held = [one for one in numbered if one[1].plan is HELD]
        listed = [one for one in numbered if one[1].plan is LISTED]
        self.left = len(held)
        # A policy holds for every plan: it changes once the first plan's orders are there.
        go_on = partial(self._place_listed, listed)
        return [
            *(partial(self._place, *one) for one in held),
            partial(self.when, self._is_asked, partial(self.when, self._map_plan, _done, _done), _done),
            partial(self.when, self._is_none_left, go_on, go_on),
        ]

    def findings(self, truth: Truth) -> list[Finding]:
        """What is wrong now."""
        stage = self.stage
        codes = [code for _, _, _, code in stage.far.codes.terms]
        return judge(truth, stage.world.euro_store.time_zone, codes, self.all)

    def said(self) -> str:
        """What was done."""
        return f"{len(self.all)} orders with a deposit"

    def _place(self, number: int, row: Deposited) -> None:
        self.all.append(row)
        order = order_of(row.po_number, number, DEPOSITED_AT + number, is_paid=False)
        order |= {"payment_terms": row.plan.name, "instalments": list(row.plan.parts)}
        row.order = str(self.in_store("place_order", **order)["id"])
        if row.is_paid_first:
            self._pay(row)
        self.when(
            partial(self.is_written_back, row.order), partial(self._sent, row), partial(self._sent, row)
        )

    def _place_listed(self, rows: Iterable[tuple[int, Deposited]]) -> None:
        for one in rows:
            self._place(*one)
        self.when(self._is_asked, self._list_instalments, _done)

    def _sent(self, row: Deposited) -> None:
        self.left -= row.plan is HELD
        if not row.is_paid_first:
            self._pay(row)

    def _pay(self, row: Deposited) -> None:
        row.deposit = Decimal(schedules(self.order(row.order))[0]["amount"]["amount"])
        self.in_store("pay_order", order=row.order, amount=str(row.deposit))

    def _is_none_left(self) -> bool:
        return not self.left

    def _is_asked(self) -> list[dict[str, Any]]:
        return self.doors.api.listed("reviews", state="open", code=QUESTION)

    def _map_plan(self) -> bool:
        """The row of the plan gets the terms that hold it."""
        code = self.stage.far.codes.terms[HELD.terms][3]
        rows = self.doors.desk.rows(MAPPINGS, q=HELD_PLAN)
        for row in rows:
            self.doors.desk.change(MAPPINGS, row, erp_code=code)
        return bool(rows)

    def _list_instalments(self) -> None:
        [row] = self.doors.desk.rows(POLICIES, store=str(self.stage.world.euro_store.pk))
        self.doors.desk.change(POLICIES, row, instalments="last")


def _done() -> None:
    """What came of it is judged by what both sides hold."""


def schedules(order: dict[str, Any]) -> list[dict[str, Any]]:
    """What the store says is due, the deposit first."""
    found: list[dict[str, Any]] = order["paymentSchedules"]
    return found


def judge(truth: Truth, time_zone: str, codes: list[str], all_of_them: Iterable[Deposited]) -> list[Finding]:
    """What is wrong: each is in the ERP once, of its total, with the terms that the order desk chose.

    Where these hold the plan, nothing is said of it beside; else every instalment is told with amount and day. A
    deposit was paid once, and is no reason to change anything. `codes` are the ERP's for the terms of the mappings.
    """
    findings = []
    for row in all_of_them:
        order, there = truth.order(row.order), truth.of_order(row.order)
        if len(there) != 1:
            numbers = ", ".join(document.number for document in there)
            findings.append(
                Finding("doubled" if there else "lost", row.po_number, numbers or "not in the ERP")
            )
            continue
        [document] = there
        total = Decimal(order["totalPriceSet"]["shopMoney"]["amount"])
        if document.total != total:
            findings.append(
                Finding("wrong", row.po_number, f"{document.total} in the ERP, {total} in the store")
            )
        if document.terms != codes[row.plan.terms]:
            words = f"{document.number} has the terms {document.terms!r}, not {codes[row.plan.terms]!r}"
            findings.append(Finding("wrong", row.po_number, words))
        told = list(_told(order, time_zone))
        missing = [] if row.plan.is_mapped else [words for words in told if words not in document.comments]
        if missing or document.comments.count(TOLD) != (0 if row.plan.is_mapped else len(told)):
            words = f"{document.number} says {document.comments!r}, missing is {missing}"
            findings.append(Finding("wrong", row.po_number, words))
        if numbers_written(order) != [document.number]:
            findings.append(Finding("lost", row.po_number, f"{document.number} is not in the store"))
        findings += _judge_money(row, order)
    return findings


def _told(order: dict[str, Any], time_zone: str) -> Iterator[str]:
    for schedule in schedules(order):
        amount, due_at = schedule["amount"], datetime.fromisoformat(schedule["dueAt"])
        day = due_at.astimezone(zoneinfo.ZoneInfo(time_zone)).date().isoformat()
        yield f": {Decimal(amount['amount']):.2f} {amount['currencyCode']}, due {day}"


def _judge_money(row: Deposited, order: dict[str, Any]) -> Iterator[Finding]:
    moved = [
        (one["kind"], Decimal(one["amountSet"]["shopMoney"]["amount"]))
        for one in order["transactions"]
        if one["kind"] != "AUTHORIZATION" and one["status"] == "SUCCESS"
    ]
    if moved != [("SALE", row.deposit)]:
        yield Finding("wrong", row.po_number, f"{moved} moved, a deposit of {row.deposit} was paid")
    if order["cancelledAt"] or order["edited"]:
        yield Finding("wrong", row.po_number, "was changed in the store by nobody")
