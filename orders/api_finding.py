"""Finding the orders that a partner asks for, by the statement that is quick for as many as there are."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from hub.api.paging import Page, latest_first, latest_of_few, latest_of_rare
from hub.sync.models import Connection
from orders.mirroring import po_key
from orders.models import ErpOrder, OrderLink, StoreOrder
from orders.states import OrderState, in_state

# Where no more orders changed since, sorting them takes less than walking past those that did not.
FEW = 100_000
# Whether an order is kept out takes six look-ups: so many of them take less than a tenth of a second.
LOOKED_THROUGH = 20_000
# What finds few orders by itself.
_NAMES = ("name", "po_number", "erp_number")


def page_of(
    rows: QuerySet[StoreOrder], asked: dict[str, Any], *, few: int = FEW, most: int = LOOKED_THROUGH
) -> Page:
    """A page of what was `found`, the newest first."""
    if "updated_after" in asked and _changed(asked["updated_after"], few + 1) <= few:
        return latest_of_few(rows, asked, "placed_at")
    if asked.get("state") == OrderState.KEPT_OUT and not any(name in asked for name in _NAMES):
        return latest_of_rare(rows, _placed(StoreOrder.objects.all(), asked), asked, "placed_at", most)
    return latest_first(rows, asked, "placed_at")


def _changed(since: datetime, at_most: int) -> int:
    """How many orders changed since, counted to a limit: by the index of that time alone."""
    changed = StoreOrder.objects.filter(remote_updated_at__gt=since).order_by()
    return int(changed.values_list("remote_updated_at")[:at_most].count())


def found(orders: QuerySet[StoreOrder], asked: dict[str, Any]) -> QuerySet[StoreOrder]:
    """Those of the orders that are asked for."""
    orders = _placed(orders, asked)
    if "name" in asked:
        orders = orders.filter(name=asked["name"])
    if "updated_after" in asked:
        orders = orders.filter(remote_updated_at__gt=asked["updated_after"])
    if "po_number" in asked:
        key = po_key(asked["po_number"])
        orders = orders.filter(po_key=key) if key else orders.none()
    if "erp_number" in asked:
        orders = orders.filter(_has_erp_number(asked["erp_number"]))
    return in_state(orders, OrderState(asked["state"])) if "state" in asked else orders


def _placed(orders: QuerySet[StoreOrder], asked: dict[str, Any]) -> QuerySet[StoreOrder]:
    """By where and when they were placed, which an index knows."""
    if "placed_after" in asked:
        orders = orders.filter(placed_at__gt=asked["placed_after"])
    if "placed_before" in asked:
        orders = orders.filter(placed_at__lt=asked["placed_before"])
    if "store" in asked:
        # Read first: how many orders it has, the database knows by its key only.
        store = Connection.objects.filter(public_id=asked["store"]).values_list("pk", flat=True)
        orders = orders.filter(connection__in=list(store))
    return orders


def _has_erp_number(number: str) -> Q:
    """By the link, and by our copy of the document: an order becomes an invoice, which has another number."""
    same = ErpOrder.objects.filter(
        number=number, connection=OuterRef("connection"), external_id=OuterRef("external_id")
    )
    renumbered = OrderLink.objects.filter(Exists(same), kind=OrderLink.Kind.SALES_ORDER)
    by_link = OrderLink.objects.filter(number=number)
    return Q(pk__in=by_link.order_by().values("order").union(renumbered.order_by().values("order")))
