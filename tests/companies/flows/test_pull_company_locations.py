from __future__ import annotations

from companies.models import StoreCompanyLocation
from hub.sync.enqueue import enqueue
from hub.sync.models import ApiCall, Connection
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


def test_a_location_that_is_gone_goes_to_review_and_its_order_waits(hub):
    placed = hub.place(po_number="PO-1")
    table = hub.shop().tables["CompanyLocation"]
    Connection.objects.filter(pk=hub.erp.pk).update(is_enabled=False)
    hub.faults({"kind": "down", "system": "store", "operation": "CompanyLocations", "mode": "503"})
    hub.work()
    gone = hub.order(placed).location.external_id
    table.pop(gone)
    hub.forget_faults()
    hub.hurry()

    hub.work(lambda: hub.reviews())

    assert (hub.sent(), hub.reviews()) == (0, [("pull_company_locations", "location_gone")])


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
