"""Orders into the real Tryton, against a bare loop of its own calls; each on a fresh copy of the database.

The bare loop knows every id before it starts, asks nothing, checks nothing and stores nothing: it creates, quotes and
confirms one order after the other. Ours reads totals back and compares them before it confirms, and tells the store; it
goes straight to the server as well, without the relay.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from benchmarks import stage
from benchmarks.database import empty
from benchmarks.orders import FINISHED, backlog, warm
from benchmarks.report import Figure
from hub.demo import goods
from hub.demo.erps.tryton import SHIPPING, TrytonSide
from hub.demo.tryton.rpc import PASSWORD, USER, Tryton
from hub.sync.models import ApiCall, Connection
from orders.models import OrderLink

CLIENTS = (1, 4)
PATIENCE = 120.0
SHOP = "Shopify"


def against_bare(count: int) -> Iterator[Figure]:
    """Orders a second until all are confirmed, as a ratio to the bare loop with one and with four clients."""
    bare = {clients: _bare(count, clients) for clients in CLIENTS}
    ours, words = _ours(count)
    for clients, rate in bare.items():
        yield Figure(
            f"orders/s into Tryton against a bare loop, {clients} at once", ours / rate, None, "ratio",
            detail=f"{ours:.2f}/s against {rate:.2f}/s, {count} orders; {words}",
        )  # fmt: skip


def _bare(count: int, clients: int) -> float:
    """Orders a second."""
    with ExitStack() as stack:
        far = TrytonSide()
        far.start(stack)
        sales = Sales(far.office)
        people = [stack.enter_context(Tryton(far.address, USER, PASSWORD)) for _ in range(clients)]
        began = time.monotonic()
        with ThreadPoolExecutor(clients) as pool:
            shares = [range(first, count + 1, clients) for first in range(1, clients + 1)]
            for done in [
                pool.submit(_sell, sales, one, share) for one, share in zip(people, shares, strict=True)
            ]:
                done.result()
        took = time.monotonic() - began
        confirmed = sum(document.is_confirmed for document in far.documents())
        assert confirmed == count, "the bare loop confirmed every order"
        return count / took


def _sell(sales: Sales, tryton: Tryton, numbers: range) -> None:
    for number in numbers:
        ids = tryton.create("sale.sale", sales.values(number))
        tryton.call("model.sale.sale.quote", ids)
        tryton.call("model.sale.sale.confirm", ids)


class Sales:
    """The orders of `stage.order` as Tryton takes them, every id looked up before."""

    def __init__(self, office: Tryton) -> None:
        self.company = office.context["company"]
        self.shop = office.find_id("web.shop", ["name", "=", SHOP])
        self.currency = office.find_id("currency.currency", ["code", "=", "EUR"])
        self.party = office.find_id("party.party", ["code", "=", goods.EURO[0]])
        self.address = office.find_id("party.address", ["party", "=", self.party])
        self.term = office.find_id("account.invoice.payment_term", ["name", "=", "30 DAYS"])
        self.tax = office.find_id("account.tax", ["name", "=", "VAT19"])
        self.unit = office.find_id("product.uom", ["symbol", "=", "u"])
        found = office.find("product.product", [], "code")
        self.products = {row["code"]: row["id"] for row in found}
        self.item_of_sku = {
            goods.sku(n): (goods.item_number(n), goods.price(n)) for n in range(1, goods.ITEMS)
        }

    def values(self, number: int) -> dict[str, Any]:
        """One sale."""
        order = stage.order(number)
        lines = [self._line(*self.item_of_sku[line["sku"]], int(line["quantity"])) for line in order["lines"]]
        charges = [self._line(SHIPPING, Decimal(charge["price"]), 1) for charge in order["shipping"]]
        return {
            "company": self.company,
            "party": self.party,
            "invoice_address": self.address,
            "shipment_address": self.address,
            "currency": self.currency,
            "payment_term": self.term,
            "sale_date": datetime.now(UTC).date(),
            "reference": order["po_number"],
            "web_shop": self.shop,
            "web_id": f"BARE-{number}",
            "carrier": None,
            "shipment_cost_method": None,
            "lines": [["create", [*lines, *charges]]],
        }

    def _line(self, number: str, price: Decimal, quantity: int) -> dict[str, Any]:
        return {
            "type": "line",
            "product": self.products[number],
            "quantity": float(quantity),
            "unit": self.unit,
            "unit_price": price,
            "taxes": [["add", [self.tax]]],
        }


def _ours(count: int) -> tuple[float, str]:
    """Orders a second from the first create to the last answer to a confirmation, and what was asked for."""
    empty()
    with ExitStack() as stack:
        far = TrytonSide()
        far.start(stack)
        sandbox, _ = stack.enter_context(stage.sandbox_process())
        pair = stage.connect(sandbox, 0, far=far, pace=far.straight())
        warm(sandbox, pair)
        backlog(sandbox, pair, count)
        since = datetime.now(UTC)
        Connection.objects.filter(pk=pair.erp.pk).update(is_enabled=True)
        with stage.worker_processes(1):
            stage.wait_until(
                lambda: OrderLink.objects.filter(FINISHED).count() > count,
                "every order confirmed and written back",
                PATIENCE + count,
            )
        calls = list(ApiCall.objects.filter(connection=pair.erp, started_at__gt=since).order_by("pk"))
        writes = [call for call in calls if call.kind == "write"]
        began = min(call.started_at for call in writes)
        ended = max(call.started_at.timestamp() + call.duration_ms / 1000 for call in writes)
        confirmed = sum(document.is_confirmed for document in far.documents())
        assert confirmed == count + 1, "every order is confirmed once"
        return count / (ended - began.timestamp()), f"{len(calls) / count:.2f} calls an order"
