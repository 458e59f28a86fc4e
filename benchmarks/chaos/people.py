"""What people do in the phase of both ways, and what both far sides must hold when nothing is under way any more."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any

from benchmarks.chaos import both_ways
from benchmarks.chaos.both_ways import Changed, Parcel, Refunded, Taken
from benchmarks.chaos.plan import Planned
from benchmarks.chaos.stage import WORLD, Stage
from benchmarks.chaos.verdict import Finding, documents, number_of
from hub.demo.erps.far_erp import FarDocument

STORE = f"{WORLD}-euro"
# What waits for a step of the hub's is looked at again so many seconds later.
LOOKS_AGAIN = 2.0
# After so many looks a step is given up; that nothing was credited is then a finding.
LOOKS = 90
Act = Callable[[], None]


@dataclass(slots=True)
class BothWays:
    """Clerks take, ship, change and invoice orders; the store's staff change and refund some. `at` plans an act."""

    stage: Stage
    seed: int
    at: Callable[[float, Act], None]
    taken: list[tuple[Taken, str]] = field(default_factory=list)
    parcels: list[Parcel] = field(default_factory=list)
    changed: list[tuple[Changed, str]] = field(default_factory=list)
    refunded: list[Refunded] = field(default_factory=list)

    def acts(self, placed: Iterable[tuple[Planned, str, list[str]]], count: int) -> list[Act]:
        """What everybody does, one after another; `placed` are (plan, id, ids of lines) of what buyers placed."""
        known = {plan.number: (plan, gid, lines) for plan, gid, lines in placed}
        to_ship, by_clerks, by_staff = both_ways.plain((plan for plan, _, _ in known.values()), count)
        acts: list[Act] = [partial(self._take, plan) for plan in both_ways.taken(self.seed, count)]
        for plan in to_ship:
            gid = known[plan.number][1]
            acts += [partial(self._ship, Parcel(gid, f"1Z{plan.number}{part}")) for part in ("A", "B")]
        acts += [partial(self._change_in_erp, plan, known[plan.number][1]) for plan in by_clerks]
        acts += [partial(self._change_in_store, *known[plan.number]) for plan in by_staff]
        acts += [partial(self._pay, order) for order in both_ways.paid(self.seed, count)]
        return acts

    def findings(self) -> list[Finding]:
        """What is wrong now, by what both sides hold."""
        stage = self.stage
        orders = stage.stores()[STORE]["orders"]
        held = stage.world.documents()
        by_id = {document.external_id: document for document in held}
        taken = [(plan, by_id[made]) for plan, made in self.taken]
        found = both_ways.judge(orders, taken, self.parcels)
        found += both_ways.judge_changes(orders, held, self.changed)
        credited = stage.far.credited(stage.sandbox, stage.world.erp_name)
        return found + both_ways.judge_refunds(self.refunded, credited)

    def said(self) -> str:
        """What was done, in words."""
        return (
            f"{len(self.taken)} orders that clerks took, {len(self.parcels)} parcels, {len(self.changed)} changes, "
            f"{len(self.refunded)} refunds"
        )

    def _take(self, plan: Taken) -> None:
        stage = self.stage
        made = stage.far.enter_order(
            stage.sandbox, stage.world.erp_name, plan.customer, plan.lines, plan.po_number
        )
        self.taken.append((plan, made))

    def _ship(self, parcel: Parcel) -> None:
        stage = self.stage
        stage.far.ship(
            stage.sandbox, stage.world.erp_name, self._document(parcel.order)[0], 1, parcel.tracking
        )
        self.parcels.append(parcel)

    def _change_in_erp(self, plan: Planned, gid: str) -> None:
        stage, [document] = self.stage, self._document(gid)
        pieces = plan.order["lines"][0]["quantity"] - 1
        stage.far.change_quantity(stage.sandbox, stage.world.erp_name, document, pieces)
        self.changed.append((Changed(gid, pieces), document.external_id))

    def _change_in_store(self, plan: Planned, gid: str, lines: list[str]) -> None:
        [document] = self._document(gid)
        pieces = plan.order["lines"][0]["quantity"] - 1
        self._act("edit_order", order=gid, quantities={lines[0]: pieces})
        self.changed.append((Changed(gid, pieces), document.external_id))

    def _pay(self, order: dict[str, Any]) -> None:
        made = self._act("place_order", **order)
        worth = Decimal(order["lines"][0]["price"]) * Decimal("1.19")
        self.at(LOOKS_AGAIN, partial(self._invoice, made, Refunded(str(made["id"]), worth)))

    def _invoice(self, made: dict[str, Any], refunded: Refunded, looks: int = LOOKS) -> None:
        """Once the order is in the ERP."""
        stage, found = self.stage, self._document(made["id"])
        if not found or not found[0].is_confirmed:
            self._later(self._invoice, made, refunded, looks)
            return
        stage.far.invoice(stage.sandbox, stage.world.erp_name, found[0])
        self.at(LOOKS_AGAIN, partial(self._refund, made, refunded))

    def _refund(self, made: dict[str, Any], refunded: Refunded, looks: int = LOOKS) -> None:
        """Once the store was told that it was shipped."""
        order = next(one for one in self.stage.stores()[STORE]["orders"] if one["id"] == made["id"])
        if order["displayFulfillmentStatus"] != "FULFILLED":
            self._later(self._refund, made, refunded, looks)
            return
        self._act("refund_order", order=made["id"], lines=[{"line": made["lines"][0], "quantity": 1}])
        self.refunded.append(refunded)

    def _later(self, step: Callable[..., None], made: dict[str, Any], refunded: Refunded, looks: int) -> None:
        if looks:
            self.at(LOOKS_AGAIN, partial(step, made, refunded, looks - 1))
        else:
            self.refunded.append(refunded)

    def _document(self, gid: str) -> list[FarDocument]:
        """The order's document as the ERP holds it; none while it is on its way."""
        return documents(self.stage.world.documents(), self.stage.store_codes).get(
            (STORE, number_of(gid)), []
        )

    def _act(self, action: str, **data: Any) -> dict[str, Any]:
        return self.stage.sandbox.act("store", STORE, action, data)
