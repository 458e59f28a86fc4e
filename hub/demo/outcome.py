"""What became of each order of the demonstration.

Our tables say what is held, the far side itself what arrived.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hub.demo.erps.far_erp import FarDocument
from hub.demo.orders import KEPT_OUT, SENT, DemoOrder
from hub.lib.money import Money
from hub.sync.models import ReviewItem, SyncTask
from orders.models import OrderLink, StoreOrder


@dataclass(frozen=True, slots=True)
class Placed:
    """A placed order with its id in the store, and the system's name in the sandbox."""

    plan: DemoOrder
    system: str
    external_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `problem` is empty where the outcome is the right one."""

    placed: Placed
    po_number: str
    store_total: str
    erp_number: str
    erp_total: str
    state: str
    why: str
    problem: str


def is_settled(placed: Placed) -> bool:
    """Whether nothing more will happen to the order by itself."""
    order = StoreOrder.objects.filter(external_id=placed.external_id).first()
    if order is None:
        return False
    link = OrderLink.objects.filter(order=order).first()
    if link:
        is_waiting = (
            link.totals == OrderLink.Totals.UNREAD or link.confirmation == OrderLink.Confirmation.WAITS
        )
        return not is_waiting and link.reference_pushed_at is not None
    if _question(order) is not None:
        return True
    return not SyncTask.objects.filter(subject=f"order:{order.pk}").exists()


def _question(order: StoreOrder) -> ReviewItem | None:
    subjects = [f"order:{order.pk}"]
    if order.location_id:
        subjects.append(f"location:{order.location_id}")
    return ReviewItem.objects.filter(subject__in=subjects, state=ReviewItem.State.OPEN).order_by("pk").first()


def rows(placed: list[Placed], stores: dict[str, Any], documents: list[FarDocument]) -> list[Row]:
    """The table, totals of both sides as they are there: `stores` is the sandbox's truth about them."""
    return [_row(one, stores[one.system], documents) for one in placed]


def _row(placed: Placed, store: dict[str, Any], documents: list[FarDocument]) -> Row:
    remote = next(order for order in store["orders"] if order["id"] == placed.external_id)
    order = StoreOrder.objects.select_related("location").get(external_id=placed.external_id)
    link = OrderLink.objects.filter(order=order).first()
    question = _question(order)
    total = _money(remote["currentTotalPriceSet"]["shopMoney"])
    arrived = [d for d in documents if link and d.external_id == link.external_id]
    erp_total = Money(arrived[0].total, arrived[0].currency) if arrived else None
    state = SENT if link else question.code if question else KEPT_OUT
    return Row(
        placed=placed,
        po_number=order.po_number,
        store_total=str(total),
        erp_number=link.number if link else "",
        erp_total=str(erp_total) if erp_total else "",
        state=state,
        why=question.message if question else "",
        problem=_problem(placed, state, total, erp_total, link, documents, order),
    )


def _problem(
    placed: Placed,
    state: str,
    total: Money,
    erp_total: Money | None,
    link: OrderLink | None,
    documents: list[FarDocument],
    order: StoreOrder,
) -> str:
    if state != placed.plan.outcome:
        return f"expected {placed.plan.outcome}"
    if link is None:
        return ""
    if erp_total is None or (erp_total.currency, erp_total.amount) != (total.currency, total.amount):
        return f"the ERP says {erp_total}"
    twins = [d for d in documents if d.reference == link.reference and not d.is_cancelled]
    if len(twins) != 1:
        return f"{len(twins)} documents carry {link.reference}"
    if not twins[0].is_confirmed:
        return "it is a draft in the ERP"
    return "" if link.reference_pushed_at else "the store does not know the ERP's number"


def _money(money: dict[str, Any]) -> Money:
    return Money(Decimal(str(money["amount"])), money["currencyCode"])
