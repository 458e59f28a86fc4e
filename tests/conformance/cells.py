"""Every cell of the matrix by its capability and situation: what an ERP must do there, and what it must not."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import contextmanager

import pytest

from hub.connectors.base import Connector
from hub.connectors.documents import ErpSalesOrder, Page, PagePosition
from hub.connectors.erp_parts import Customers, SalesOrders
from hub.errors import RateLimited
from tests.conformance.erp import ErpUnderTest
from tests.conformance.situations import Cell

CELLS: dict[Cell, Callable[[ErpUnderTest], None]] = {}
WAIT = 7
"""Seconds that a far side asks us to wait in these cells."""
LATE_SECONDS = 0.5
PATIENCE = 20.0
"""Seconds until a late record counts as lost."""


def cell(*keys: Cell):
    """The function decides these cells."""

    def register(function):
        CELLS.update(dict.fromkeys(keys, function))
        return function

    return register


# ------------------------------------------------------------------------------------------- shared


def orders_of(connector: Connector) -> SalesOrders:
    return connector.supporting(SalesOrders)


def customers_of(connector: Connector) -> Customers:
    return connector.supporting(Customers)


def money(order: ErpSalesOrder) -> tuple:
    """What the totals say."""
    totals = order.totals
    return totals.currency, totals.excluding_tax, totals.tax, totals.including_tax


def expected_money(document) -> tuple:
    """What they must say."""
    return (
        document.currency,
        document.total_excluding_tax,
        document.total_tax,
        document.total_including_tax,
    )


def followed(connector: Connector, since: PagePosition) -> list[ErpSalesOrder]:
    """Everything that changed since, page after page."""
    found: list[ErpSalesOrder] = []
    after = None
    while True:
        page: Page[ErpSalesOrder] = orders_of(connector).changed_sales_orders(since, after)
        found += page.items
        after = page.after
        if after is None:
            return found


def position_of(connector: Connector, reference: str) -> PagePosition:
    (order,) = orders_of(connector).find_sales_orders([reference])
    return PagePosition(order.updated_at, order.external_id)


def until(look: Callable[[], list]) -> list:
    """The first answer that is not empty."""
    end = time.monotonic() + PATIENCE
    while not (found := look()):
        assert time.monotonic() < end, f"nothing came within {PATIENCE} s"
        time.sleep(0.05)
    return found


def is_one_true_order(erp: ErpUnderTest, connector: Connector, document) -> None:
    """Exactly one document, on the far side and by our look-up, with the right totals."""
    (true,) = erp.orders(document.reference)
    (found,) = orders_of(connector).find_sales_orders([document.reference])
    (read,) = orders_of(connector).read_sales_orders([found.external_id])
    assert found.external_id == read.external_id == true.external_id
    assert true.total == document.total_including_tax
    assert money(read) == expected_money(document)


@contextmanager
def lost(*kinds: type[Exception]):
    """Exactly one of these errors, none that is derived from them."""
    with pytest.raises(kinds) as caught:
        yield
    assert caught.type in kinds


@contextmanager
def asked_to_wait(erp: ErpUnderTest):
    """The far side's own wait arrives with the error, and at the governor."""
    with pytest.raises(RateLimited) as caught:
        yield
    assert caught.value.after == WAIT
    assert [seen.blocked_for for seen in erp.hooks.observed if seen.was_throttled] == [WAIT]
