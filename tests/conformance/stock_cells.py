"""The cells of stock: what warehouses hold and expect, and which items moved."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from hub.connectors.base import Connector
from hub.connectors.capabilities import Capability
from hub.connectors.documents import PagePosition
from hub.connectors.stock import Receipt, Stock, StockLevel
from tests.conformance.cells import cell
from tests.conformance.erp import ErpUnderTest
from tests.conformance.generic_cells import can_read
from tests.conformance.situations import Situation
from tests.connectors.moves import touched

MORE_THAN_A_PAGE = 5


def read(connector: Connector, *items: str) -> list[StockLevel]:
    return connector.supporting(Stock).read_stock(items)


def on_hand(erp: ErpUnderTest, connector: Connector) -> Decimal:
    levels = read(connector, erp.codes.item)
    return sum((level.on_hand for level in levels if level.warehouse == erp.warehouse), Decimal(0))


def a_moment_ago() -> PagePosition:
    return PagePosition(datetime.now(UTC) - timedelta(seconds=2), "")


# -------------------------------------------------------------------------------------------- read


def reading(erp: ErpUnderTest):
    connector = erp.connect()
    erp.bring(3)
    return lambda: read(connector, erp.codes.item)


can_read(Capability.READ_STOCK, reading)


@cell((Capability.READ_STOCK, Situation.NORMAL))
def says_what_lies_there_and_what_is_to_come(erp: ErpUnderTest) -> None:
    connector = erp.connect()
    before = on_hand(erp, connector)
    erp.bring(7)
    due = date(2031, 5, 6)
    erp.expect(4, due)

    [level] = [one for one in read(connector, erp.codes.item) if one.warehouse == erp.warehouse]

    assert level.on_hand - before == 7
    assert level.item_number == erp.codes.item
    assert Receipt(Decimal(4), due) in level.receipts
    assert list(level.receipts) == sorted(level.receipts, key=lambda one: (one.due is None, one.due or due))


@cell((Capability.READ_STOCK, Situation.PARTIAL))
def reads_the_items_that_are_there(erp: ErpUnderTest) -> None:
    connector = erp.connect()
    erp.bring(1)

    found = read(connector, "NO-SUCH-ITEM", erp.codes.item, "x' OR 'x' = 'x")

    assert {level.item_number for level in found} == {erp.codes.item}


# ------------------------------------------------------------------------------------------ follow


def following(erp: ErpUnderTest):
    connector = erp.connect()
    since = a_moment_ago()
    erp.bring(1)
    return lambda: [one.item_numbers for one in touched(connector, since)]


can_read(Capability.FOLLOW_STOCK, following)


@cell((Capability.FOLLOW_STOCK, Situation.NORMAL))
def tells_which_items_moved(erp: ErpUnderTest) -> None:
    connector = erp.connect()
    since = a_moment_ago()
    erp.bring(1)

    found = touched(connector, since)

    assert erp.codes.item in {number for one in found for number in one.item_numbers}
    later = PagePosition(found[-1].position.updated_at + timedelta(seconds=5), "")
    assert touched(connector, later) == []


@cell((Capability.FOLLOW_STOCK, Situation.PAGING))
def tells_all_moves_in_their_order(erp: ErpUnderTest) -> None:
    connector = erp.connect()
    erp.few_moves_a_page(connector)
    since = a_moment_ago()
    for _ in range(MORE_THAN_A_PAGE):
        erp.bring(1)

    found = touched(connector, since)

    assert sum(erp.codes.item in one.item_numbers for one in found) >= MORE_THAN_A_PAGE
    stamps = [one.position.updated_at for one in found]
    assert stamps == sorted(stamps)
