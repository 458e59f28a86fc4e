"""What people do in the phase of both ways, and what both far sides must hold when nothing is under way any more."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any

from benchmarks.chaos import both_ways
from benchmarks.chaos.acts.acting import STORE, Act, Acting, Kind, truth_of, with_tax
from benchmarks.chaos.acts.cancels import Cancels
from benchmarks.chaos.acts.deposits import Deposits
from benchmarks.chaos.acts.doors import Doors
from benchmarks.chaos.acts.exchanges import Exchanges
from benchmarks.chaos.acts.holds import Holds
from benchmarks.chaos.acts.partners import Partners
from benchmarks.chaos.acts.returns import Returns
from benchmarks.chaos.both_ways import Asked, Changed, GivenBack, Parcel, Taken
from benchmarks.chaos.looking import Onlookers
from benchmarks.chaos.plan import Planned
from benchmarks.chaos.timing import BRIEF
from benchmarks.chaos.verdict import Finding
from hub.demo.erps.far_erp import CreditsThere, FarQuote, QuotesThere


@dataclass(slots=True)
class BothWays(Acting):
    """Clerks take, ship, change, invoice and credit orders; the store's staff change and refund some, its buyers ask
    for quotes and take them; and what is done in `acts`.
    """

    doors: Doors
    onlookers: Onlookers
    taken: list[tuple[Taken, str]] = field(default_factory=list)
    parcels: list[Parcel] = field(default_factory=list)
    changed: list[tuple[Changed, str]] = field(default_factory=list)
    given_back: list[GivenBack] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    returns: Returns = field(init=False)
    exchanges: Exchanges = field(init=False)
    others: list[Kind] = field(init=False)

    def __post_init__(self) -> None:
        everyone = self.stage, self.seed, self.at, self.doors
        self.returns, self.exchanges = Returns(*everyone), Exchanges(*everyone)
        self.others = [
            self.returns,
            self.exchanges,
            Deposits(*everyone),
            Partners(*everyone),
            Holds(*everyone),
            Cancels(*everyone),
        ]

    def acts(self, placed: Iterable[tuple[Planned, str, list[str]]], count: int) -> list[Act]:
        """What everybody does, one after another; `placed` are (plan, id, ids of lines) of what buyers placed.

        What takes the most steps begins first.
        """
        known = {plan.number: (plan, gid, lines) for plan, gid, lines in placed}
        to_ship, by_clerks, by_staff = both_ways.plain((plan for plan, _, _ in known.values()), count)
        # A brief run leaves out what takes many steps, each with its own waiting.
        kinds = [] if self.stage.timing is BRIEF else self.others
        acts: list[Act] = [act for kind in kinds for act in kind.acts(count)]
        far = self.stage.far
        acts += [partial(self._pay, order, self._refund) for order in both_ways.paid(self.seed, count)]
        if isinstance(far, CreditsThere):
            acts += [partial(self._pay, order, self._credit) for order in both_ways.to_credit(count)]
        if isinstance(far, QuotesThere):
            acts += [partial(self._ask, *wanted) for wanted in both_ways.to_quote(count)]
        acts += [partial(self._take, plan) for plan in both_ways.taken(self.seed, count)]
        for plan in to_ship:
            gid = known[plan.number][1]
            acts += [partial(self._ship, Parcel(gid, f"1Z{plan.number}{part}")) for part in ("A", "B")]
        acts += [partial(self._change_in_erp, plan, known[plan.number][1]) for plan in by_clerks]
        return acts + [partial(self._change_in_store, *known[plan.number]) for plan in by_staff]

    def findings(self) -> list[Finding]:
        """What is wrong now, by what both sides hold."""
        self.onlookers.look_anew()
        stage, truth = self.stage, truth_of(self.stage)
        by_id = {document.external_id: document for document in truth.held}
        taken = [(plan, by_id[made]) for plan, made in self.taken]
        found = both_ways.judge(truth.orders, taken, self.parcels)
        found += both_ways.judge_changes(truth.orders, truth.held, self.changed)
        credited = stage.far.credited(stage.sandbox, stage.world.erp_name)
        given = [*self.given_back, *self.returns.given_back(), *self.exchanges.given_back()]
        found += both_ways.judge_given_back(truth.orders, given, credited)
        found += both_ways.judge_asked(truth.orders, truth.held, self.asked)
        return found + [finding for kind in self.others for finding in kind.findings(truth)]

    def said(self) -> str:
        """What was done, in words."""
        others = ", ".join(kind.said() for kind in self.others)
        return (
            f"{len(self.taken)} orders that clerks took, {len(self.parcels)} parcels, {len(self.changed)} changes, "
            f"{len(self.given_back)} refunds and credits, {len(self.asked)} quotes, {others}"
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
            stage.sandbox, stage.world.erp_name, self.document(parcel.order)[0], 1, parcel.tracking
        )
        self.parcels.append(parcel)

    def _change_in_erp(self, plan: Planned, gid: str) -> None:
        stage, [document] = self.stage, self.document(gid)
        pieces = plan.order["lines"][0]["quantity"] - 1
        stage.far.change_quantity(stage.sandbox, stage.world.erp_name, document, pieces)
        self.changed.append((Changed(gid, pieces), document.external_id))

    def _change_in_store(self, plan: Planned, gid: str, lines: list[str]) -> None:
        [document] = self.document(gid)
        pieces = plan.order["lines"][0]["quantity"] - 1
        self.in_store("edit_order", order=gid, quantities={lines[0]: pieces})
        self.changed.append((Changed(gid, pieces), document.external_id))

    def _pay(self, order: dict[str, Any], give_back: Callable[[str, str, GivenBack], None]) -> None:
        total = with_tax(Decimal(order["lines"][0]["price"]))

        def go_on(gid: str, line: str) -> None:
            give_back(gid, line, GivenBack(gid, total))

        self.sell(order, go_on, lambda gid: self.given_back.append(GivenBack(gid, total)))

    def _refund(self, gid: str, line: str, given: GivenBack) -> None:
        self.in_store("refund_order", order=gid, lines=[{"line": line, "quantity": 1}])
        self.given_back.append(given)

    def _credit(self, gid: str, line: str, given: GivenBack) -> None:
        far = self.stage.far
        assert isinstance(far, CreditsThere)
        far.credit(
            self.stage.sandbox,
            self.stage.world.erp_name,
            self.document(gid)[0],
            given.total / Decimal("1.19"),
        )
        self.given_back.append(given)

    def _ask(self, request: dict[str, Any], price: Decimal) -> None:
        draft = self.in_store("submit_draft", **request)["id"]
        po_number = str(request["po_number"])
        give_up = partial(self.asked.append, Asked(po_number, ""))
        accepted = partial(
            self.when,
            partial(self._is_offered, draft, price),
            partial(self._accept, po_number, draft),
            give_up,
        )
        self.when(partial(self._quotes, po_number), partial(self._offer, po_number, price, accepted), give_up)

    def _quotes(self, po_number: str) -> list[FarQuote]:
        far = self.stage.far
        assert isinstance(far, QuotesThere)
        held = far.quotes(self.stage.sandbox, self.stage.world.erp_name)
        return [quote for quote in held if quote.po_number == po_number]

    def _offer(self, po_number: str, price: Decimal, and_then: Act) -> None:
        far = self.stage.far
        assert isinstance(far, QuotesThere)
        far.price_quote(self.stage.sandbox, self.stage.world.erp_name, self._quotes(po_number)[0], price)
        and_then()

    def _is_offered(self, draft: str, price: Decimal) -> bool:
        [told] = [one for one in self.stage.stores()[STORE]["draft_orders"] if one["id"] == draft]
        return Decimal(told["totalPriceSet"]["shopMoney"]["amount"]) == 2 * price

    def _accept(self, po_number: str, draft: str) -> None:
        made = self.in_store("complete_draft", draft=draft)
        self.asked.append(Asked(po_number, str(made["id"])))
