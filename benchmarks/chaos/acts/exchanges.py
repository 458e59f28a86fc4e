"""The store's staff exchange a piece of what was sent and invoiced: one comes back, another one is sent for it.

The ERP's order is closed by then, so that the order desk is asked: a clerk enters what is sent as an order of its own
with the same PO number, and both questions about it are dismissed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any

from benchmarks.chaos.acts.acting import (
    NORDLICHT,
    STORE,
    Act,
    Acting,
    Truth,
    how_many,
    order_of,
    with_tax,
)
from benchmarks.chaos.acts.doors import Doors
from benchmarks.chaos.both_ways import GivenBack
from benchmarks.chaos.verdict import Finding, documents_of_po, number_of
from hub.demo import goods
from hub.demo.erps.far_erp import FarReturn, ReturnsThere
from hub.lib.money import round_money

EXCHANGED_FROM = 1500
"""A credit is told from all others by what it comes to; what is sent for it always costs less."""
DIFFERS, DUPLICATE = "order_conflict", "possible_duplicate"


@dataclass(slots=True)
class Exchanged:
    """An order of which a piece is exchanged for one of item `sent`; ids are empty where it never got so far."""

    po_number: str
    total: Decimal
    """What came back, with tax."""
    sent: int
    order: str = ""
    returned: str = ""
    entered: str = ""
    """The id of the order in the ERP that a clerk entered for it."""

    @property
    def worth(self) -> Decimal:
        """What is sent, with tax."""
        return round_money(with_tax(goods.price(self.sent)), "EUR")


@dataclass(slots=True)
class Exchanges(Acting):
    """The store's staff, the order desk, and a clerk or the warehouse of the ERP."""

    doors: Doors
    all: list[Exchanged] = field(default_factory=list)
    others: int = 0
    """Questions about something else than what is sent."""

    def acts(self, count: int) -> list[Act]:
        """What is done in a run of `count` orders."""
        return [partial(self._sell, number) for number in range(how_many(count))]

    def given_back(self) -> list[GivenBack]:
        """What both sides must have given back: the ERP credits what came back whole, the store refunds the rest."""
        return [GivenBack(row.order, row.total, row.total - row.worth) for row in self.all if row.order]

    def findings(self, truth: Truth) -> list[Finding]:
        """What is wrong now, beside the money: see `given_back`."""
        stage, far = self.stage, self.stage.far
        there = far.returns(stage.sandbox, stage.world.erp_name) if isinstance(far, ReturnsThere) else None
        return judge(truth, there, stage.store_codes[STORE], self.all)

    def said(self) -> str:
        """What was done."""
        return f"{len(self.all)} exchanges ({self.others} times asked about something else)"

    def _sell(self, number: int) -> None:
        price = EXCHANGED_FROM + number
        row = Exchanged(f"EXCHANGE-{number}", with_tax(Decimal(price)), number % 50 + 60)
        self.all.append(row)
        order = order_of(row.po_number, number, price, is_paid=True)
        self.sell(order, partial(self._open, row), _done)

    def _open(self, row: Exchanged, gid: str, line: str) -> None:
        lines = [{"line": line, "quantity": 1, "reason": "UNWANTED"}]
        exchange = [{"sku": goods.sku(row.sent), "quantity": 1}]
        made = self.in_store("open_return", order=gid, lines=lines, exchange=exchange)
        row.order, row.returned = gid, str(made["id"])
        if isinstance(self.stage.far, ReturnsThere):
            self.when(partial(self._awaits_goods, row), partial(self._take_back, row), _done)
        else:
            counted = partial(self.doors.desk.count, str(made["name"]), restocked=1)
            self.when(counted, _done, _done)
        self.when(partial(self._is_asked, row), partial(self._enter, row), _done)

    # --------------------------------------------------------------------------------------------- what comes back

    def _awaits_goods(self, row: Exchanged) -> list[FarReturn]:
        stage, far = self.stage, self.stage.far
        assert isinstance(far, ReturnsThere)
        identity = stage.store_codes[STORE], number_of(row.returned)
        held = far.returns(stage.sandbox, stage.world.erp_name)
        return [one for one in held if one.identity == identity and one.awaits_goods]

    def _take_back(self, row: Exchanged) -> None:
        stage, far = self.stage, self.stage.far
        assert isinstance(far, ReturnsThere)
        far.take_back(stage.sandbox, stage.world.erp_name, self._awaits_goods(row)[0])

    # ------------------------------------------------------------------------------------------------ what is sent

    def _asked(self, row: Exchanged, code: str) -> list[dict[str, Any]]:
        """What the order desk is asked about the store's order, or about one of the ERP's with its PO number."""
        name = re.compile(rf"{self.order(row.order)['name']}\b")
        asked = self.doors.api.listed("reviews", state="open", code=code)
        return [item for item in asked if name.search(item["message"])]

    def _is_asked(self, row: Exchanged) -> bool:
        """Whether the question names what is sent; one about something else is answered: both are as they should be."""
        asked = self._asked(row, DIFFERS)
        named = [item for item in asked if goods.items()[row.sent - 1].name in item["message"]]
        if asked and not named:
            self.others += 1
            self._leave(asked)
        return bool(named)

    def _enter(self, row: Exchanged) -> None:
        stage = self.stage
        [customer] = [one.number for one in goods.COMPANIES if one.name == NORDLICHT]
        lines = [(goods.item_number(row.sent), 1, goods.price(row.sent))]
        row.entered = stage.far.enter_order(
            stage.sandbox, stage.world.erp_name, customer, lines, row.po_number
        )
        self._leave(self._asked(row, DIFFERS))
        doubled = partial(self._asked, row, DUPLICATE)
        self.when(doubled, partial(self._dismiss, row), _done)

    def _leave(self, items: Iterable[dict[str, Any]]) -> None:
        for item in items:
            self.doors.desk.pick(int(item["subject_id"]), int(item["id"]), "leave")

    def _dismiss(self, row: Exchanged) -> None:
        for item in self._asked(row, DUPLICATE):
            self.doors.desk.decide(int(item["id"]), "dismiss")


def _done(_order: str = "") -> None:
    """What came of it is judged by what both sides hold."""


def judge(
    truth: Truth, there: Sequence[FarReturn] | None, store_code: str, all_of_them: Iterable[Exchanged]
) -> list[Finding]:
    """What is wrong: `there` are the ERP's return orders, None where it has none.

    The store has one order with one piece back on the shelf and one of what was sent, the ERP the order as it was
    invoiced, what was sent once, and one return order.
    """
    told = {one["id"]: one for one in truth.returns}
    findings = []
    for row in all_of_them:
        if not row.returned:
            findings.append(Finding("lost", row.po_number, "was never sent, so that nothing could come back"))
            continue
        if not row.entered:
            findings.append(
                Finding("lost", row.po_number, "nobody was asked how the ERP is told what is sent")
            )
        findings += _judge_return(row, told[row.returned])
        findings += _judge_sent(row, truth)
        if there is not None:
            of_it = [one for one in there if one.identity == (store_code, number_of(row.returned))]
            if len(of_it) != 1:
                words = f"{len(of_it)} return orders in the ERP"
                findings.append(Finding("doubled" if of_it else "lost", row.po_number, words))
    return findings


def _judge_return(row: Exchanged, returned: dict[str, Any]) -> list[Finding]:
    findings = []
    if returned["status"] != "CLOSED":
        findings.append(Finding("lost", row.po_number, f"its return is {returned['status']} in the store"))
    if returned["disposed"] != {"RESTOCKED": 1}:
        kind = "doubled" if sum(returned["disposed"].values()) > 1 else "lost"
        findings.append(Finding(kind, row.po_number, f"{returned['disposed']} of its pieces in the store"))
    return findings


def _judge_sent(row: Exchanged, truth: Truth) -> list[Finding]:
    findings = []
    copies = [order for order in truth.orders if order["poNumber"] == row.po_number]
    if len(copies) != 1:
        findings.append(Finding("doubled", row.po_number, f"{len(copies)} orders in the store"))
    sku, item = goods.sku(row.sent), goods.item_number(row.sent)
    lines = truth.order(row.order)["lines"]
    in_store = sum(line["currentQuantity"] for line in lines if line["sku"] == sku)
    found = documents_of_po(truth.held, row.po_number)
    in_erp = sum(int(document.quantities.get(item, 0)) for document in found)
    for where, pieces in (("store", in_store), ("ERP", in_erp)):
        if pieces != 1:
            words = f"{pieces} pieces in the {where} of what is sent for it"
            findings.append(Finding("doubled" if pieces else "lost", row.po_number, words))
    first = truth.of_order(row.order)
    total = Decimal(truth.order(row.order)["originalTotalPriceSet"]["shopMoney"]["amount"])
    if [document.total for document in first] != [total]:
        words = f"{[document.number for document in first]} of {[str(document.total) for document in first]} in the ERP"
        findings.append(Finding("wrong" if first else "lost", row.po_number, f"{words}, {total} was ordered"))
    return findings
