from __future__ import annotations

import pytest

from companies.models import StoreCompanyLocation
from hub.sync.enqueue import enqueue
from hub.sync.models import ApiCall
from tests.world import ALPENHAUS, NORDLICHT


def reads(hub):
    return ApiCall.objects.filter(connection=hub.euro, operation="CompanyLocations").count()


def test_reads_what_orders_name_with_all_that_identifies_it(hub):
    hub.place(po_number="PO-1")
    hub.place(po_number="PO-2", company=ALPENHAUS)

    hub.work()

    first, second = StoreCompanyLocation.objects.order_by("company_name")[::-1]
    assert (first.company_name, first.company_merchant_id, first.emails) == (
        NORDLICHT,
        "10000",
        ["einkauf@nordlicht.example"],
    )
    assert (second.company_name, second.tax_registration_id) == (ALPENHAUS, "DE136695976")
    assert reads(hub) == 1


def test_second_run_asks_nothing(hub):
    hub.link_companies()

    enqueue("pull_company_locations", hub.euro.pk)
    hub.work()

    assert (reads(hub), hub.messages("pull_company_locations")[-1]) == (1, "read 0")


@pytest.fixture
def gone(hub):
    """An order of a location that the store does not know when it is asked; the row of it over there."""
    placed = hub.place(po_number="PO-1")
    hub.faults({"kind": "down", "system": "store", "operation": "CompanyLocations", "mode": "503"})
    hub.work()
    row = hub.shop().tables["CompanyLocation"].pop(hub.order(placed).location.external_id)
    hub.forget_faults()
    hub.hurry()
    hub.work(lambda: hub.reviews())
    return placed, row


def read_again(hub):
    """The flow's own schedule."""
    enqueue("pull_company_locations", hub.euro.pk)
    hub.work()


def test_a_location_that_is_gone_goes_to_review_and_its_order_waits(hub, gone):
    read_again(hub)

    assert (hub.sent(), hub.reviews()) == (0, [("pull_company_locations", "location_gone")])


def test_a_location_that_is_back_closes_its_question_and_its_order_is_sent(hub, gone):
    placed, row = gone
    hub.shop().tables["CompanyLocation"][hub.order(placed).location.external_id] = row

    read_again(hub)
    hub.hurry()
    hub.work()

    assert hub.reviews() == []
    assert hub.link(placed).totals == "equal"


def test_a_location_for_which_no_order_waits_any_more_closes_its_question(hub, gone):
    placed, row = gone
    locations, key = hub.shop().tables["CompanyLocation"], hub.order(placed).location.external_id
    hub.faults({"kind": "down", "system": "store", "operation": "CompanyLocations", "mode": "503"})
    locations[key] = row
    hub.buyer("cancel_order", order=placed["id"])
    hub.pull()
    assert hub.reviews() == [("pull_company_locations", "location_gone")]
    del locations[key]
    hub.forget_faults()
    hub.hurry()

    read_again(hub)

    assert (hub.sent(), hub.reviews()) == (0, [])
    read_again(hub)
    assert hub.reviews() == []


def test_store_down_then_up(hub):
    hub.faults({"kind": "down", "system": "store", "operation": "CompanyLocations", "mode": "503"})
    placed = hub.place(po_number="PO-1")
    hub.work()
    assert (hub.sent(), hub.reviews()) == (0, [])

    hub.forget_faults()
    hub.hurry()
    hub.work(lambda: hub.sent())
    hub.work()

    assert hub.link(placed).totals == "equal"
