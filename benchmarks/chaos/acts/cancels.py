"""Orders that both sides hold, taken back on one of them: half of them paid, nothing of them sent."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from benchmarks.chaos.acts.acting import Act, Acting, Truth, how_many, order_of
from benchmarks.chaos.acts.doors import Doors
from benchmarks.chaos.verdict import Finding

TAKEN_BACK_AT = 80
IN_STORE, IN_ERP = "store", "ERP"
COMPARE, TELL = "sync_order_changes", "push_changes_to_store"
DIFFERS = "order_conflict"
# One that is gone before its totals were read back is asked about by those who read them.
TOTALS = "check_order_totals"


@dataclass(slots=True)
class TakenBack:
    """An order, and on which side it is cancelled; `order` is its id in the store, empty before it was placed."""

    po_number: str
    side: str
    is_paid: bool
    order: str = ""
    is_done: bool = False


def taken_back(seed: int, count: int) -> list[TakenBack]:
    """The orders of a run of `count` orders: of each side, paid and not paid."""
    kinds = [(side, is_paid) for side in (IN_STORE, IN_ERP) for is_paid in (False, True)]
    chosen = kinds * (-(-2 * how_many(count) // len(kinds)))
    random.Random(f"{seed} cancels").shuffle(chosen)
    return [TakenBack(f"CALLOFF-{number}", *kind) for number, kind in enumerate(chosen, start=1)]


@dataclass(slots=True)
class Cancels(Acting):
    """The store's staff and the ERP's clerk. What is paid and cancelled in the ERP, a person who is asked refunds."""

    doors: Doors
    all: list[TakenBack] = field(default_factory=list)

    def acts(self, count: int) -> list[Act]:
        """What is done in a run of `count` orders."""
        rows = taken_back(self.seed, count)
        return [partial(self._place, number, row) for number, row in enumerate(rows)]

    def findings(self, truth: Truth) -> list[Finding]:
        """What is wrong now."""
        return judge(truth, self.all)

    def said(self) -> str:
        """What was done."""
        return (
            f"{len(self.all)} cancellations, {sum(row.side == IN_ERP for row in self.all)} of them in the ERP"
        )

    def _place(self, number: int, row: TakenBack) -> None:
        self.all.append(row)
        order = order_of(row.po_number, number, TAKEN_BACK_AT + number, is_paid=row.is_paid)
        row.order = str(self.in_store("place_order", **order)["id"])
        cancel = self._cancel_in_store if row.side == IN_STORE else self._cancel_in_erp
        ready = self.is_confirmed if row.side == IN_STORE else self.is_written_back
        self.when(partial(ready, row.order), partial(cancel, row), _done)

    def _cancel_in_store(self, row: TakenBack) -> None:
        self.in_store("cancel_order", order=row.order, refund=row.is_paid)
        row.is_done = True

    def _cancel_in_erp(self, row: TakenBack) -> None:
        stage, [document] = self.stage, self.document(row.order)
        stage.far.cancel_order(stage.sandbox, stage.world.erp_name, document)
        row.is_done = not row.is_paid
        if row.is_paid:
            # Money is moved by people: who is asked cancels and refunds the order in the store.
            asked = partial(self._asked, row, COMPARE, TELL, TOTALS)
            self.when(asked, partial(self._cancel_in_store, row), _done)
        elif all(one.external_id != document.external_id for one in stage.world.documents()):
            self.when(partial(self._is_answered, row), _done, _done)

    def _asked(self, row: TakenBack, *flows: str) -> list[dict[str, Any]]:
        """The questions about the order that these flows ask."""
        asked = self.doors.api.listed("reviews", state="open", order=self._ours(row))
        return [item for item in asked if item["flow"] in flows]

    def _is_answered(self, row: TakenBack) -> bool:
        """An order that is gone may have been cancelled or lost: whoever is asked says that the ERP is right.

        Where nothing was known of it but that it was sent, there is nothing to pick: it is cancelled in the store.
        """
        items = self._asked(row, COMPARE, TOTALS)
        differing = [int(item["id"]) for item in items if item["code"] == DIFFERS]
        for item in differing:
            self.doors.desk.pick(int(self._ours(row)), item, "erp")
        if items and not differing:
            self._cancel_in_store(row)
        return bool(items)

    def _ours(self, row: TakenBack) -> str:
        [known] = self.doors.api.listed("orders", po_number=row.po_number)
        return str(known["id"])


def _done() -> None:
    """What came of it is judged by what both sides hold."""


def judge(truth: Truth, all_of_them: Iterable[TakenBack]) -> list[Finding]:
    """What is wrong: nothing of them stands in the ERP, each is cancelled in the store, and its money is back, once."""
    findings = []
    for row in all_of_them:
        order, standing = truth.order(row.order), truth.of_order(row.order)
        if not row.is_done:
            words = f"it was not cancelled in the {row.side}, or nobody was asked"
            findings.append(Finding("lost", row.po_number, words))
        if standing:
            numbers = ", ".join(document.number for document in standing)
            findings.append(Finding("lost", row.po_number, f"{numbers} stands in the ERP"))
        if not order["cancelledAt"]:
            findings.append(Finding("lost", row.po_number, "it is not cancelled in the store"))
        refunds = sum(each["kind"] == "REFUND" for each in order["transactions"])
        status = order["displayFinancialStatus"]
        if refunds or (row.is_paid and row.is_done and status != "REFUNDED"):
            words = f"{refunds} refunds beside the cancellation, and it is {status}"
            findings.append(Finding("doubled" if refunds else "lost", row.po_number, words))
    return findings
