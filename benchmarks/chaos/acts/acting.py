"""What every kind of act is made of: acts that wait for a step of the hub's, and looks at both far sides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any, Protocol

from benchmarks.chaos.stage import WORLD, Stage
from benchmarks.chaos.verdict import Finding, documents, number_of, numbers_written
from hub.demo import goods
from hub.demo.erps.far_erp import FarDocument

STORE = f"{WORLD}-euro"
NORDLICHT = "Nordlicht Möbel GmbH"
Orders = list[dict[str, Any]]
Act = Callable[[], None]
# What waits for a step of the hub's is looked at again so many seconds later.
LOOKS_AGAIN = 2.0
# After so many looks a step is given up; that it led to nothing is then a finding.
LOOKS = 150
SHARE = 20
"""One of each kind for so many orders that buyers placed."""
LEAST, MOST = 3, 30
"""More of one kind show nothing new: what they meet are the same faults, for half an hour longer."""


def how_many(count: int) -> int:
    """Acts of each kind in a run of `count` orders."""
    return max(LEAST, min(MOST, count // SHARE))


def order_of(po_number: str, number: int, price: int, *, is_paid: bool, **more: object) -> dict[str, Any]:
    """Two pieces at a unit price in euros, with tax of 19 %; `number` chooses the item."""
    line = {"sku": goods.sku(number % 100 + 1), "quantity": 2, "price": f"{price}.00"}
    return {
        "company": NORDLICHT,
        "po_number": po_number,
        "lines": [{**line, "taxes": [{"title": "VAT", "rate": "0.19"}]}],
        "payment_terms": None if is_paid else "Net 30",
        "paid": is_paid or None,
        **more,
    }


def with_tax(price: Decimal) -> Decimal:
    """What one piece at this price comes to."""
    return price * Decimal("1.19")


@dataclass(frozen=True, slots=True)
class Truth:
    """What both far sides hold at one moment."""

    orders: Orders
    returns: list[dict[str, Any]]
    held: Sequence[FarDocument]
    standing: dict[tuple[str, int], list[FarDocument]]
    """By store and number of the order; what is cancelled counts for nothing."""

    def order(self, gid: str) -> dict[str, Any]:
        """The store's order."""
        return next(one for one in self.orders if one["id"] == gid)

    def of_order(self, gid: str) -> list[FarDocument]:
        """What stands of it in the ERP."""
        return self.standing.get((STORE, number_of(gid)), [])


class Kind(Protocol):
    """One kind of act."""

    def acts(self, count: int) -> list[Act]:
        """What is done in a run of `count` orders, each decided by the seed."""

    def findings(self, truth: Truth) -> list[Finding]:
        """What is wrong now, by what both sides hold."""

    def said(self) -> str:
        """What was done, in words."""


@dataclass(slots=True)
class Acting:
    """People on both far sides. `at` plans an act, so many seconds from now."""

    stage: Stage
    seed: int
    at: Callable[[float, Act], None]

    def when(self, ready: Callable[[], object], act: Act, give_up: Act, looks: int = LOOKS) -> None:
        """Do `act` as soon as it is ready, which is looked at again and again."""
        if ready():
            act()
        elif looks:
            self.at(LOOKS_AGAIN, partial(self.when, ready, act, give_up, looks - 1))
        else:
            give_up()

    def in_store(self, action: str, **data: Any) -> dict[str, Any]:
        """A buyer's or the staff's act in the store."""
        return self.stage.sandbox.act("store", STORE, action, data)

    def sell(
        self, order: dict[str, Any], and_then: Callable[[str, str], None], give_up: Callable[[str], None]
    ) -> None:
        """Place the order, have it shipped and invoiced in the ERP, and go on with its id and its line's once the
        store shows that all of it was sent.
        """
        made = self.in_store("place_order", **order)
        gid, line = str(made["id"]), str(made["lines"][0])
        stop = partial(give_up, gid)
        sent = partial(self.when, partial(self._is_sent, gid), partial(and_then, gid, line), stop)
        self.when(partial(self.is_confirmed, gid), partial(self._invoice, gid, sent), stop)

    def is_confirmed(self, gid: str) -> bool:
        """Whether the ERP works on the store's order."""
        found = self.document(gid)
        return bool(found) and found[0].is_confirmed

    def is_written_back(self, gid: str) -> bool:
        """Whether both sides know the order, and know that they do: no clerk is quicker than the hub's next look."""
        found = self.document(gid)
        return bool(found) and found[0].number in numbers_written(self.order(gid))

    def _is_sent(self, gid: str) -> bool:
        return bool(self.order(gid)["displayFulfillmentStatus"] == "FULFILLED")

    def _invoice(self, gid: str, and_then: Act) -> None:
        self.stage.far.invoice(self.stage.sandbox, self.stage.world.erp_name, self.document(gid)[0])
        and_then()

    def order(self, gid: str) -> dict[str, Any]:
        """The order as the store holds it."""
        return next(one for one in self.stage.stores()[STORE]["orders"] if one["id"] == gid)

    def document(self, gid: str) -> list[FarDocument]:
        """The order's document as the ERP holds it; none while it is on its way."""
        return documents(self.stage.world.documents(), self.stage.store_codes).get(
            (STORE, number_of(gid)), []
        )


def truth_of(stage: Stage) -> Truth:
    """What both far sides hold now."""
    store, held = stage.stores()[STORE], stage.world.documents()
    return Truth(store["orders"], store["returns"], held, documents(held, stage.store_codes))
