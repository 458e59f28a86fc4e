"""Stock of the real Tryton: what lies in a warehouse, what sales promise of it, and what purchases bring."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from hub.connectors.documents import PagePosition
from hub.connectors.erps.tryton.wire import day
from hub.connectors.stock import Receipt
from hub.demo import goods

MOVE = "stock.move"
# Of the demo's items only the first is sold elsewhere in these tests.
_items = itertools.count(40)


class Shelf:
    """An item of one test's own, and a person who moves it by hand."""

    def __init__(self, company):
        self.company, self.office = company, company.office
        self.number = goods.item_number(next(_items))
        rows = self.office.find("stock.location", [], "type", "storage_location")
        self.places = {row["type"]: row["id"] for row in rows}
        [warehouse] = [row for row in rows if row["type"] == "warehouse"]
        self.places["storage"] = warehouse["storage_location"]
        [self.item] = self.office.find("product.product", [["code", "=", self.number]], "default_uom")
        [here] = self.office.find("company.company", [], "currency")
        self.currency = here["currency"]

    def move(self, source, target, quantity, *, due=None, is_done=True):
        is_traded = source == "supplier" or target == "customer"
        [made] = self.office.create(
            MOVE,
            {
                "product": self.item["id"],
                "unit": self.item["default_uom"],
                "quantity": float(quantity),
                "from_location": self.places[source],
                "to_location": self.places[target],
                "planned_date": due and day(due),
                "unit_price": Decimal(1) if is_traded else None,
                "currency": self.currency if is_traded else None,
            },
        )
        if is_done:
            self.office.call(f"model.{MOVE}.do", [made])
        return made

    @property
    def level(self):
        found = self.company.erp.read_stock([self.number])
        return found[0] if found else None


@pytest.fixture
def shelf(company):
    return Shelf(company)


def test_what_came_lies_there_what_is_promised_is_committed_and_the_rest_is_to_come(shelf):
    soon, later = date(2027, 1, 5), date(2027, 3, 1)
    shelf.move("lost_found", "storage", 12)
    shelf.move("storage", "customer", 5, is_done=False)
    shelf.move("supplier", "storage", 20, due=later, is_done=False)
    shelf.move("supplier", "storage", 7, due=soon, is_done=False)

    level = shelf.level

    assert (level.warehouse, level.on_hand, level.committed, level.unit) == ("WH", 12, 5, "u")
    assert level.receipts == (Receipt(Decimal(7), soon), Receipt(Decimal(20), later))


def test_what_left_is_neither_there_nor_promised(company, shelf):
    shelf.move("lost_found", "storage", 12)
    line = replace(company.document().lines[0], number=shelf.number)
    made = company.create(lines=(line,))
    for button in ("quote", "confirm"):
        company.press(button, made.external_id)
    promised = shelf.level
    [shipment] = company.sale(made.external_id, "shipments")["shipments"]
    free = []
    for button in ("assign_force", "pick", "pack", "ship", "do"):
        company.office.call(f"model.stock.shipment.out.{button}", [shipment])
        free.append(shelf.level.on_hand - shelf.level.committed)

    assert (promised.on_hand, promised.committed) == (12, 3)
    assert free == [9] * 5
    assert (shelf.level.on_hand, shelf.level.committed) == (9, 0)


def test_an_item_that_never_moved_has_no_level(shelf):
    assert shelf.level is None


def test_a_sale_promises_once_it_is_processed(company):
    item = company.document().lines[0].number

    def committed():
        return sum(level.committed for level in company.erp.read_stock([item]))

    before = committed()
    made = company.create()
    company.press("quote", made.external_id)
    quoted = committed()
    company.press("confirm", made.external_id)

    assert (quoted - before, committed() - before) == (0, 3)


def test_moves_say_which_items_they_touched_oldest_first_page_by_page(company, shelf):
    since = PagePosition(datetime.now(UTC) - timedelta(seconds=5), "")
    shelf.move("lost_found", "storage", 1)
    shelf.move("lost_found", "storage", 2)
    company.erp.stock_rows = 1
    found, after = [], None
    while True:
        page = company.erp.touched_items(since, after)
        found += page.items
        after = page.after
        if after is None:
            break

    ours = [one for one in found if one.item_numbers == (shelf.number,)]
    stamps = [one.position.updated_at for one in found]
    assert len(ours) == 2
    assert stamps == sorted(stamps)


def test_every_kind_of_goods_is_listed_once_page_by_page(company):
    company.erp.stock_rows = 100
    first = company.erp.stocked_items(None)
    second = company.erp.stocked_items(first.after)

    assert len(first.items) == 100
    assert second.after is None
    assert not set(first.items) & set(second.items)
    assert goods.item_number(1) in first.items
