"""Orders with a word in the note that a hold rule asks about; staff approve some and reject some, by the REST API."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any

from benchmarks.chaos.acts.acting import Act, Acting, Truth, how_many, order_of
from benchmarks.chaos.acts.doors import Doors
from benchmarks.chaos.stage import HELD_FOR
from benchmarks.chaos.verdict import Finding

HELD_AT = 60


@dataclass(slots=True)
class Asked:
    """An order that waits, and what is decided; `order` is its id in the store, empty before it was placed."""

    po_number: str
    is_approved: bool
    order: str = ""
    is_decided: bool = False


def asked(seed: int, count: int) -> list[Asked]:
    """The orders of a run of `count` orders: one is approved for each that is rejected."""
    answers = [True, False] * how_many(count)
    random.Random(f"{seed} holds").shuffle(answers)
    return [Asked(f"HELD-{number}", answer) for number, answer in enumerate(answers, start=1)]


@dataclass(slots=True)
class Holds(Acting):
    """Buyers whose orders are held, and the staff who decide."""

    doors: Doors
    all: list[Asked] = field(default_factory=list)

    def acts(self, count: int) -> list[Act]:
        """What is done in a run of `count` orders."""
        return [partial(self._place, number, one) for number, one in enumerate(asked(self.seed, count))]

    def findings(self, truth: Truth) -> list[Finding]:
        """What is wrong now."""
        return judge(truth, self.all)

    def said(self) -> str:
        """What was done."""
        return f"{len(self.all)} held orders, {sum(not one.is_approved for one in self.all)} of them rejected"

    def _place(self, number: int, one: Asked) -> None:
        self.all.append(one)
        order = order_of(
            one.po_number, number, HELD_AT + number, is_paid=False, note=f"Bitte {HELD_FOR} abwarten"
        )
        one.order = str(self.in_store("place_order", **order)["id"])
        self.when(partial(self._decided, one), partial(setattr, one, "is_decided", True), _done)

    def _decided(self, one: Asked) -> bool:
        store = str(self.stage.world.euro_store.public_id)
        waiting = self.doors.api.listed("holds", store=store)
        found = [item for item in waiting if item["po_number"] == one.po_number and item["rule"]]
        return bool(found) and self._decide(one, found[0])

    def _decide(self, one: Asked, item: dict[str, Any]) -> bool:
        """Until the answer was heard: a decision that is asked for again under its key is the same one."""
        decision = {"shown": item["shown"]} | ({} if one.is_approved else {"reason": "Not this year."})
        path = f"holds/{item['id']}/{'approve' if one.is_approved else 'reject'}"
        key = f"{one.po_number}-{item['id']}"
        while self.doors.api.tell(path, decision, key) is None:
            continue
        return True


def _done() -> None:
    """What came of it is judged by what both sides hold."""


def judge(truth: Truth, all_of_them: Iterable[Asked]) -> list[Finding]:
    """What is wrong: what was approved is in the ERP once, what was rejected never is, and stays in the store."""
    findings = []
    for one in all_of_them:
        order, there = truth.order(one.order), truth.of_order(one.order)
        numbers = ", ".join(document.number for document in there)
        if not one.is_decided:
            findings.append(Finding("lost", one.po_number, "nobody was asked about it"))
        if not one.is_approved:
            if there:
                findings.append(
                    Finding("wrong", one.po_number, f"{numbers} in the ERP, though it was rejected")
                )
        elif len(there) != 1:
            findings.append(
                Finding("doubled" if there else "lost", one.po_number, numbers or "not in the ERP")
            )
        elif there[0].total != Decimal(order["totalPriceSet"]["shopMoney"]["amount"]):
            findings.append(Finding("wrong", one.po_number, f"{there[0].total} in the ERP"))
        if order["cancelledAt"]:
            findings.append(Finding("wrong", one.po_number, "was cancelled in the store by nobody"))
    return findings
