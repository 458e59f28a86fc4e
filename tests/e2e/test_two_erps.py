"""Two stores in one hub, each with an ERP of another kind."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from hub.demo import world as demo
from hub.demo.erps import far_erp
from hub.demo.mappings import map_pair
from hub.sync.models import ReviewItem
from orders.models import OrderLink, OrderPolicy
from tests.world import HARBOR, NORDLICHT, VAT

STANDARD = [{"title": "Standard", "price": "12.50"}]
SALES_TAX = [{"title": "Sales tax", "rate": "0.0825"}]


class TwoErps:
    """The euro store on Business Central, the dollar store on NetSuite."""

    def __init__(self, hub):
        self.hub = hub
        self.netsuite_side = far_erp("netsuite")
        self.netsuite_name = f"{hub.name}-netsuite"
        self.netsuite = demo.make_erp(
            hub.sandbox, self.netsuite_side, self.netsuite_name, call_deadline=20.0, settle_after=1.0
        )
        OrderPolicy.objects.filter(store=hub.dollar).delete()
        map_pair(hub.dollar, self.netsuite, self.netsuite_side.codes)

    def place_both(self, number):
        """An order in each store, with the same PO number."""
        euro = self.hub.place(po_number=f"PO-{number}", company=NORDLICHT, taxes=VAT, shipping=STANDARD)
        dollar = self.hub.place(self.hub.dollar, po_number=f"PO-{number}", company=HARBOR, taxes=SALES_TAX)
        return euro, dollar

    def in_netsuite(self):
        return self.netsuite_side.documents(self.hub.sandbox, self.netsuite_name)

    def told_to(self, store):
        """What the store says of each of its orders: total, currency, the number that was written back."""
        found = self.hub.truth("stores", store)["orders"]
        return {(*_total(order), *_numbers(order)) for order in found}


def _total(order):
    money = order["currentTotalPriceSet"]["shopMoney"]
    return Decimal(money["amount"]), money["currencyCode"]


def _numbers(order):
    return [json.loads(text)["number"] for key, text in order["metafields"].items() if key.endswith(".erp")]


def held_by(documents):
    return {(document.total, document.currency, document.number) for document in documents}


@pytest.fixture
def two(make_hub):
    return TwoErps(make_hub())


def test_orders_of_two_stores_arrive_each_in_its_own_erp_and_only_there(two):
    placed = [order for number in range(3) for order in two.place_both(number)]

    two.hub.work_through()

    in_business_central, in_netsuite = two.hub.documents(), two.in_netsuite()
    assert {document.identity[0] for document in in_business_central} == {two.hub.euro.code}
    assert {document.identity[0] for document in in_netsuite} == {two.hub.dollar.code}
    assert sorted(document.po_number for document in in_netsuite) == ["PO-0", "PO-1", "PO-2"]
    assert held_by(in_business_central) == two.told_to(two.hub.euro)
    assert held_by(in_netsuite) == two.told_to(two.hub.dollar)
    assert (len(in_business_central), len(in_netsuite), len(placed)) == (3, 3, 6)
    assert not ReviewItem.objects.exists()


@pytest.mark.parametrize("is_netsuite_down", [True, False], ids=["netsuite", "business central"])
def test_an_erp_that_is_down_does_not_delay_the_other(two, is_netsuite_down):
    down = two.netsuite_name if is_netsuite_down else two.hub.world.erp_name
    two.hub.faults({"kind": "down", "system": "erp", "name": down})
    euro, dollar = two.place_both(1)
    waiting, going = (dollar, euro) if is_netsuite_down else (euro, dollar)

    two.hub.work(lambda: OrderLink.objects.filter(order__external_id=going["id"]).exists())

    assert not OrderLink.objects.filter(order__external_id=waiting["id"]).exists()
    assert (len(two.hub.documents()), len(two.in_netsuite())) == ((1, 0) if is_netsuite_down else (0, 1))

    two.hub.forget_faults()
    two.hub.hurry()
    two.hub.work(lambda: OrderLink.objects.filter(order__external_id=waiting["id"]).exists())

    assert (len(two.hub.documents()), len(two.in_netsuite())) == (1, 1)
