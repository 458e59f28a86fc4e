"""What people do in the phase of both ways, and what both far sides must hold when nothing is under way any more."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any

from benchmarks.chaos import both_ways
from benchmarks.chaos.both_ways import Asked, Changed, GivenBack, Parcel, Taken
from benchmarks.chaos.plan import Planned
from benchmarks.chaos.stage import WORLD, Stage
from benchmarks.chaos.verdict import Finding, documents, number_of
from hub.demo.erps.far_erp import CreditsThere, FarDocument, FarQuote, QuotesThere

STORE = f"{WORLD}-euro"
# What waits for a step of the hub's is looked at again so many seconds later.
LOOKS_AGAIN = 2.0
# After so many looks a step is given up; that it led to nothing is then a finding.
LOOKS = 90
Act = Callable[[], None]


@dataclass(slots=True)
class BothWays:
    """Clerks take, ship, change, invoice and credit orders; the store's staff change and refund some, its buyers ask
    for quotes and take them. `at` plans an act.
    """

    stage: Stage
    seed: int
    at: Callable[[float, Act], None]
    taken: list[tuple[Taken, str]] = field(default_factory=list)
    parcels: list[Parcel] = field(default_factory=list)
    changed: list[tuple[Changed, str]] = field(default_factory=list)
    given_back: list[GivenBack] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)

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
        far = self.stage.far
        acts += [partial(self._pay, order, self._refund) for order in both_ways.paid(self.seed, count)]
        if isinstance(far, CreditsThere):
            acts += [partial(self._pay, order, self._credit) for order in both_ways.to_credit(count)]
        if isinstance(far, QuotesThere):
            acts += [partial(self._ask, *wanted) for wanted in both_ways.to_quote(count)]
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
        found += both_ways.judge_given_back(orders, self.given_back, credited)
        return found + both_ways.judge_asked(orders, held, self.asked)

    def said(self) -> str:
        """What was done, in words."""
        return (
            f"{len(self.taken)} orders that clerks took, {len(self.parcels)} parcels, {len(self.changed)} changes, "
            f"{len(self.given_back)} refunds and credits, {len(self.asked)} quotes"
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

    def _pay(self, order: dict[str, Any], give_back: Callable[[str, str, GivenBack], None]) -> None:
        made = self._act("place_order", **order)
        gid, line = str(made["id"]), str(made["lines"][0])
        given = GivenBack(gid, Decimal(order["lines"][0]["price"]) * Decimal("1.19"))
        give_up = partial(self.given_back.append, given)
        sent = partial(self._when, partial(self._is_sent, gid), partial(give_back, gid, line, given), give_up)
        invoiced = partial(self._invoice, gid, sent)
        self._when(partial(self._is_confirmed, gid), invoiced, give_up)

    def _is_confirmed(self, gid: str) -> bool:
        found = self._document(gid)
        return bool(found) and found[0].is_confirmed

    def _is_sent(self, gid: str) -> bool:
        return bool(self._order(gid)["displayFulfillmentStatus"] == "FULFILLED")

    def _invoice(self, gid: str, and_then: Act) -> None:
        self.stage.far.invoice(self.stage.sandbox, self.stage.world.erp_name, self._document(gid)[0])
        and_then()

    def _refund(self, gid: str, line: str, given: GivenBack) -> None:
        self._act("refund_order", order=gid, lines=[{"line": line, "quantity": 1}])
        self.given_back.append(given)

    def _credit(self, gid: str, line: str, given: GivenBack) -> None:
        far = self.stage.far
        assert isinstance(far, CreditsThere)
        far.credit(
            self.stage.sandbox,
            self.stage.world.erp_name,
            self._document(gid)[0],
            given.total / Decimal("1.19"),
        )
        self.given_back.append(given)

    def _ask(self, request: dict[str, Any], price: Decimal) -> None:
        draft = self._act("submit_draft", **request)["id"]
        po_number = str(request["po_number"])
        give_up = partial(self.asked.append, Asked(po_number, ""))
        accepted = partial(
            self._when,
            partial(self._is_offered, draft, price),
            partial(self._accept, po_number, draft),
            give_up,
        )
        self._when(
            partial(self._quotes, po_number), partial(self._offer, po_number, price, accepted), give_up
        )

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
        made = self._act("complete_draft", draft=draft)
        self.asked.append(Asked(po_number, str(made["id"])))

    def _when(self, ready: Callable[[], object], act: Act, give_up: Act, looks: int = LOOKS) -> None:
        """Do `act` as soon as it is ready, which is looked at again and again."""
        if ready():
            act()
        elif looks:
            self.at(LOOKS_AGAIN, partial(self._when, ready, act, give_up, looks - 1))
        else:
            give_up()

    def _order(self, gid: str) -> dict[str, Any]:
        return next(one for one in self.stage.stores()[STORE]["orders"] if one["id"] == gid)

    def _document(self, gid: str) -> list[FarDocument]:
        """The order's document as the ERP holds it; none while it is on its way."""
        return documents(self.stage.world.documents(), self.stage.store_codes).get(
            (STORE, number_of(gid)), []
        )

    def _act(self, action: str, **data: Any) -> dict[str, Any]:
        return self.stage.sandbox.act("store", STORE, action, data)
