"""Orders that the ERP took are kept the same in the store: what a clerk or a buyer changes after they were copied."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hub.demo import goods
from hub.sync.models import ReviewItem
from orders.changes.asking import answer
from orders.changes.comparing import GONE
from orders.models import OrderAgreement, OrderChangePolicy, OrderLink, OrderPolicy
from tests.orders.offline_orders import link_location, show_offline_orders


@pytest.fixture
def copied(hub):
    """An order of a clerk, two lines, and its copy in a store that takes and makes changes."""
    OrderChangePolicy.objects.create(
        store=hub.euro, accepts_erp_edits=True, corrects_erp=True, cancels_in_store=True
    )
    show_offline_orders(hub)
    link_location(hub)
    return Copied(hub)


class Copied:
    def __init__(self, hub):
        self.hub = hub
        lines = [(goods.item_number(1), 3, 10), (goods.item_number(2), 1, 5)]
        order = {
            "customerNumber": "10000",
            "externalDocumentNumber": "PHONE-1",
            "salesOrderLines": [
                {
                    "lineType": "Item",
                    "lineObjectNumber": number,
                    "quantity": quantity,
                    "unitPrice": price,
                    "taxCode": "VAT19",
                }
                for number, quantity, price in lines
            ],
        }
        self.number = hub.clerk("create_order", order=order)["number"]
        self.heard()
        self.link = OrderLink.objects.get(origin="erp")
        assert OrderAgreement.objects.get(link=self.link).version == 1

    def heard(self):
        self.hub.pull_erp()
        # What was read in the second of its stamp is read again, some seconds later.
        self.hub.hurry()
        self.hub.work(horizon=0.5)

    def clerk(self, sequence, **changes):
        line = self.erp()["lines"][sequence]
        self.hub.clerk("edit_line", number=self.number, sequence=line["sequence"], changes=changes)
        self.heard()

    def erp(self):
        [order] = [one for one in self.hub.erp_orders() if one["number"] == self.number]
        return order

    @property
    def id(self):
        return self.link.order.external_id

    def store(self):
        return self.hub.shop().tables["Order"][self.id]

    def shelves(self):
        levels = self.hub.shop().levels.values()
        return [(level["_quantities"]["available"], level["_quantities"]["on_hand"]) for level in levels]

    def pieces(self):
        return [line["currentQuantity"] for line in self.store()["_lines"]]


def test_another_quantity_and_price_of_the_clerk_reach_the_copy_once(copied):
    copied.clerk(0, quantity=2, unitPrice=9)

    assert copied.pieces() == [2, 1]
    assert copied.hub.order({"id": copied.id}).total == Decimal("23.00") * Decimal("1.19")
    assert copied.hub.reviews() == []
    writes = copied.hub.writes_to_store()

    copied.hub.pull()
    copied.heard()

    assert (copied.hub.writes_to_store(), copied.hub.reviews()) == (writes, [])


def test_a_buyers_change_of_the_copy_reaches_the_erp_and_the_clerks_next_one_comes_back(copied):
    hub = copied.hub
    hub.buyer(
        "edit_order",
        order=copied.id,
        quantities={copied.store()["_lines"][0]["id"]: 2},
        add=[{"sku": goods.sku(3), "quantity": 2, "price": "7.00"}],
        po_number="PHONE-2",
    )
    hub.pull()
    hub.work(horizon=0.5)

    order = copied.erp()
    assert [(line["lineObjectNumber"], line["quantity"]) for line in order["lines"]] == [
        (goods.item_number(1), "2"),
        (goods.item_number(2), "1"),
        (goods.item_number(3), "2"),
    ]
    assert (order["externalDocumentNumber"], hub.reviews()) == ("PHONE-2", [])
    link = OrderLink.objects.get()
    assert (link.reference, link.totals) == (copied.link.reference, "equal")

    copied.clerk(0, quantity=5)

    assert (copied.pieces(), hub.reviews()) == ([5, 1, 2], [])


def test_an_order_that_the_clerk_deletes_is_asked_about_and_cancelled_in_the_store(copied):
    copied.hub.clerk("delete_order", number=copied.number)
    copied.heard()

    item = ReviewItem.objects.get(state="open")
    [row] = item.evidence["changes"]
    # Business Central deletes such orders: that looks like one that is out of our sight.
    assert (row["what"], row["store"], row["erp"], row["why"]) == ("cancelled", "no", "yes", GONE)

    agreement = OrderAgreement.objects.get(link=copied.link)
    assert answer(item, agreement, ["erp"], shown=item.fingerprint, user_id=None) == ""
    copied.hub.work(lambda: copied.store()["cancelledAt"])
    copied.hub.hurry()
    copied.hub.work(horizon=0.5)

    assert copied.hub.reviews() == []


def test_a_copy_that_is_cancelled_in_the_store_is_cancelled_in_the_erp(copied):
    hub = copied.hub
    OrderPolicy.objects.update(cancels_in_erp=True)
    hub.buyer("cancel_order", order=copied.id)
    hub.pull()
    hub.work(horizon=0.5)

    assert [one["number"] for one in hub.erp_orders()] == []
    assert (OrderLink.objects.get().cancelled_at is not None, hub.reviews()) == (True, [])


def test_what_leaves_a_copy_that_never_took_stock_is_not_put_on_the_shelf(copied):
    before = copied.shelves()

    copied.clerk(0, quantity=1)
    assert (copied.pieces(), copied.shelves()) == ([1, 1], before)

    copied.hub.clerk("delete_order", number=copied.number)
    copied.heard()
    item = ReviewItem.objects.get(state="open")
    agreement = OrderAgreement.objects.get(link=copied.link)
    assert answer(item, agreement, ["erp"], shown=item.fingerprint, user_id=None) == ""
    copied.hub.work(lambda: copied.store()["cancelledAt"])

    assert copied.shelves() == before
