"""Buyers ask to return a piece of what was sent to them; whose word counts depends on what the ERP can do.

Where it has return orders, its clerk decides there, its warehouse receives the piece and it credits it; else a person
at the order desk decides here and counts what came back, and the ERP credits the refund that comes of it.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any

from benchmarks.chaos.acts.acting import (
    STORE,
    Act,
    Acting,
    Orders,
    Truth,
    how_many,
    order_of,
    with_tax,
)
from benchmarks.chaos.acts.doors import Doors
from benchmarks.chaos.both_ways import GivenBack
from benchmarks.chaos.verdict import Finding, number_of
from hub.demo.erps.far_erp import FarReturn, Identity, ReturnsThere

# A return's credit and refund are told from all others by what they come to.
RETURNED_FROM = 900
REASON = "It was used."


@dataclass(frozen=True, slots=True)
class Wanted:
    """An order of which the buyer wants to return a piece, and whether that is to be accepted."""

    order: dict[str, Any]
    total: Decimal
    is_accepted: bool


@dataclass(slots=True)
class Returned:
    """What became of it: empty ids where it never got so far."""

    po_number: str
    total: Decimal
    is_accepted: bool
    order: str = ""
    request: str = ""


def wanted(seed: int, count: int) -> list[Wanted]:
    """The orders of a run of `count` orders; every third request is declined."""
    chance, number_of_acts = random.Random(f"{seed} returns"), how_many(count)
    declined = set(chance.sample(range(number_of_acts), number_of_acts // 3))
    return [
        Wanted(
            order_of(f"RETURN-{number}", number, RETURNED_FROM + number, is_paid=True),
            with_tax(Decimal(RETURNED_FROM + number)),
            number not in declined,
        )
        for number in range(number_of_acts)
    ]


@dataclass(slots=True)
class Returns(Acting):
    """Buyers who return, and everybody who works on that."""

    doors: Doors
    all: list[Returned] = field(default_factory=list)

    def acts(self, count: int) -> list[Act]:
        """What is done in a run of `count` orders."""
        return [partial(self._sell, one) for one in wanted(self.seed, count)]

    def given_back(self) -> list[GivenBack]:
        """What both sides must have given back."""
        return [GivenBack(one.order, one.total) for one in self.all if one.is_accepted and one.order]

    def findings(self, truth: Truth) -> list[Finding]:
        """What is wrong now, beside the money: see `given_back`."""
        stage, far = self.stage, self.stage.far
        there = far.returns(stage.sandbox, stage.world.erp_name) if isinstance(far, ReturnsThere) else None
        return judge(truth.orders, truth.returns, there, stage.store_codes[STORE], self.all)

    def said(self) -> str:
        """What was done."""
        return f"{len(self.all)} returns"

    def _sell(self, wanted: Wanted) -> None:
        row = Returned(str(wanted.order["po_number"]), wanted.total, wanted.is_accepted)
        self.all.append(row)
        self.sell(wanted.order, partial(self._ask, row), _give_up)

    def _ask(self, row: Returned, gid: str, line: str) -> None:
        lines = [{"line": line, "quantity": 1, "reason": "UNWANTED"}]
        made = self.in_store("request_return", order=gid, lines=lines)
        row.order, row.request = gid, str(made["id"])
        if isinstance(self.stage.far, ReturnsThere):
            self.when(partial(self._there, row), partial(self._decide_there, row), _give_up)
        else:
            decided = partial(self._decide_here, row, str(made["name"]))
            counted = partial(self.doors.desk.count, str(made["name"]), restocked=1)
            and_then = partial(self.when, counted, _give_up, _give_up) if row.is_accepted else _give_up
            self.when(decided, and_then, _give_up)

    # -------------------------------------------------------------------------------------------- at our order desk

    def _decide_here(self, row: Returned, name: str) -> bool:
        asked = self.doors.api.listed("reviews", state="open", code="return_requested")
        found = [int(item["id"]) for item in asked if f"({name})" in item["message"]]
        for item in found:
            self.doors.desk.decide(item, "approve" if row.is_accepted else "reject", reason=REASON)
        return bool(found)

    # --------------------------------------------------------------------------------------------------- in the ERP

    def _there(self, row: Returned) -> list[FarReturn]:
        far = self.stage.far
        assert isinstance(far, ReturnsThere)
        held = far.returns(self.stage.sandbox, self.stage.world.erp_name)
        return [one for one in held if one.identity == self._identity(row)]

    def _identity(self, row: Returned) -> Identity:
        return self.stage.store_codes[STORE], number_of(row.request)

    def _decide_there(self, row: Returned) -> None:
        stage = self.stage
        assert isinstance(stage.far, ReturnsThere)
        [returned] = self._there(row)
        stage.far.decide_return(stage.sandbox, stage.world.erp_name, returned, is_approved=row.is_accepted)
        if row.is_accepted:
            self.when(partial(self._is_approved, row), partial(self._take_back, row), _give_up)

    def _is_approved(self, row: Returned) -> bool:
        """In the store, where the buyer sees it, and where the warehouse sees it."""
        [told] = [one for one in self.stage.stores()[STORE]["returns"] if one["id"] == row.request]
        return told["status"] == "OPEN" and all(one.awaits_goods for one in self._there(row))

    def _take_back(self, row: Returned) -> None:
        stage = self.stage
        assert isinstance(stage.far, ReturnsThere)
        stage.far.take_back(stage.sandbox, stage.world.erp_name, self._there(row)[0])


def _give_up(_order: str = "") -> None:
    """What came of it is judged by what stands in the store."""


def judge(
    orders: Orders,
    returns: Iterable[dict[str, Any]],
    there: Sequence[FarReturn] | None,
    store_code: str,
    all_of_them: Iterable[Returned],
) -> list[Finding]:
    """What is wrong: `returns` are the store's, `there` the ERP's return orders, None where it has none.

    One that was accepted is closed with one piece back on the shelf, one that was declined gave nothing back; either
    has one return order.
    """
    by_id = {order["id"]: order for order in orders}
    told = {one["id"]: one for one in returns}
    findings = []
    for row in all_of_them:
        if not row.request:
            findings.append(Finding("lost", row.po_number, "was never sent, so that nothing could come back"))
            continue
        one, name = told[row.request], str(told[row.request]["name"])
        status, disposed = ("CLOSED", {"RESTOCKED": 1}) if row.is_accepted else ("DECLINED", {})
        if one["status"] != status:
            findings.append(Finding("lost", name, f"is {one['status']} in the store, not {status}"))
        if one["disposed"] != disposed:
            kind = "doubled" if sum(one["disposed"].values()) > 1 else "lost"
            findings.append(Finding(kind, name, f"{one['disposed']} of its pieces in the store"))
        refunds = [each for each in by_id[row.order]["transactions"] if each["kind"] == "REFUND"]
        if refunds and not row.is_accepted:
            findings.append(Finding("wrong", name, f"{len(refunds)} refunds, though it was declined"))
        if there is not None:
            of_it = [each for each in there if each.identity == (store_code, number_of(row.request))]
            if len(of_it) != 1:
                kind = "doubled" if of_it else "lost"
                findings.append(Finding(kind, name, f"{len(of_it)} return orders in the ERP"))
    return findings
