"""What cannot be sent waits for a person, and goes on by itself once the person has decided."""

from __future__ import annotations

from decimal import Decimal

from companies.models import CompanyLocationLink, CompanyLocationMapping, StoreCompanyLocation
from hub.sync.models import ReviewItem, SyncTask
from inventory.models import ItemMapping
from orders.models import OrderLink, OrderPolicy, PaymentTermsMapping, ShippingMethodMapping, TaxCodeMapping
from tests.world import ALPENHAUS, VAT, save_mapping

CUSTOM = {"title": "Sample box", "quantity": 1, "price": "4.00"}


def test_every_value_without_a_mapping_gets_an_empty_row_and_filling_them_lets_the_order_go_on(hub):
    placed = hub.place(
        po_number="PO-1",
        lines=[
            {**CUSTOM, "sku": "NEW-1", "taxes": VAT},
            {"sku": "TAB-001", "quantity": 1, "price": "10.00", "taxes": [{"title": "MwSt", "rate": "0.05"}]},
        ],
        shipping=[{"title": "Drone", "price": "7.00", "taxes": VAT}],
        payment_terms="Net 45",
    )
    neighbour = hub.place(po_number="PO-2")

    hub.work()

    assert (hub.sent(), hub.link(neighbour).totals) == (1, "equal")
    item = ReviewItem.objects.get(state="open")
    assert (item.code, len(item.evidence["missing"])) == ("mapping_missing", 4)
    rows = [
        ItemMapping.objects.get(sku="NEW-1"),
        TaxCodeMapping.objects.get(title="MwSt", rate=Decimal("0.05")),
        ShippingMethodMapping.objects.get(title="Drone"),
        PaymentTermsMapping.objects.get(type="NET", due_in_days=45),
    ]
    assert [str(row).split(" → ")[1][-13:] for row in rows] == ["needs a value"] * 4

    for row, field, value in zip(
        rows,
        ("item_number", "erp_code", "charge_number", "erp_code"),
        ("IT-0009", "VAT5", "6810", "30 DAYS"),
        strict=True,
    ):
        assert not OrderLink.objects.filter(order__external_id=placed["id"]).exists()
        setattr(row, field, value)
        save_mapping(row)
        hub.work()

    order = next(o for o in hub.erp_orders() if o["id"] == hub.link(placed).external_id)
    assert Decimal(order["totalAmountIncludingTax"]) == Decimal("23.59")
    assert (hub.sent(), hub.reviews()) == (2, [])


def test_F6_a_line_without_sku_is_held_and_goes_on_when_the_store_has_mended_it(hub):
    hub.place(po_number="PO-1", lines=[CUSTOM])

    hub.work()

    item = ReviewItem.objects.get(state="open")
    assert (hub.sent(), item.code) == (0, "mapping_missing")
    assert "Sample box" in item.message


def test_F12_odd_skus_are_told_apart_exactly(hub):
    skus = ["007", "7", " 7", "1E5", "tab-001", "O'Brien' or 1 eq 1", "9007199254740993"]
    hub.place(po_number="PO-1", lines=[{**CUSTOM, "sku": sku} for sku in skus])

    hub.work()

    made = set(ItemMapping.objects.filter(item_number="").values_list("sku", flat=True))
    assert (made, hub.sent()) == (set(skus), 0)


def test_an_item_number_that_the_erp_does_not_know_is_asked_for_anew_and_the_order_goes_on(hub):
    # A company that is being matched has its orders decided once more, and then no number is there to be refused.
    hub.link_companies()
    ItemMapping.objects.filter(sku="TAB-001").update(item_number="NO-SUCH")
    hub.place(po_number="PO-1")

    hub.pull()

    assert (len(hub.erp_orders()), OrderLink.objects.count()) == (1, 1)
    assert hub.reviews() == [("push_order_to_erp", "mapping_missing")]
    assert "The Item does not exist" in ReviewItem.objects.get().message
    row = ItemMapping.objects.get(sku="TAB-001", item_number="", store=hub.euro)
    row.item_number = "IT-0001"
    row.save()
    save_mapping(row)
    hub.work()
    assert (len(hub.erp_orders()), hub.reviews()) == (2, [])


def test_a_sku_sent_as_it_is_that_the_erp_does_not_know_becomes_an_empty_row(hub):
    ItemMapping.objects.filter(sku="TAB-001").delete()
    OrderPolicy.objects.update(sku_rule="same")
    hub.place(po_number="PO-1")

    hub.work()

    assert hub.reviews() == [("push_order_to_erp", "mapping_missing")]
    row = ItemMapping.objects.get(sku="TAB-001")
    assert (row.item_number, row.title) == ("", "Table 1")


def test_a_linked_customer_that_is_gone_from_the_erp_is_matched_anew_or_asked_for(hub):
    hub.place(company=ALPENHAUS, po_number="PO-1")
    hub.work()
    CompanyLocationLink.objects.update(customer_number="77777")
    hub.place(company=ALPENHAUS, po_number="PO-2")

    hub.pull()
    hub.work(lambda: len(hub.erp_orders()) == 2)

    assert {order["customerNumber"] for order in hub.erp_orders()} == {"20000"}
    StoreCompanyLocation.objects.update(tax_registration_id="", emails=[])
    CompanyLocationLink.objects.update(customer_number="77777")
    hub.place(company=ALPENHAUS, po_number="PO-3")
    hub.pull()
    assert ("match_company_location", "ambiguous_match") in hub.reviews()
    assert (CompanyLocationMapping.objects.get().customer_number, len(hub.erp_orders())) == ("", 2)


def test_a_terms_code_that_the_erp_does_not_know_is_asked_for_anew_and_the_order_goes_on_when_it_is_filled(
    hub,
):
    PaymentTermsMapping.objects.filter(due_in_days=30).update(erp_code="NEVER")
    hub.place(po_number="PO-1", payment_terms="Net 30")

    hub.work()

    assert (hub.sent(), set(hub.attempts())) == (0, {"refused"})
    assert hub.reviews() == [("push_order_to_erp", "mapping_missing")]
    row = PaymentTermsMapping.objects.get(store=hub.euro, erp_code="")
    row.erp_code = "30 DAYS"
    row.save()
    save_mapping(row)
    hub.work()
    assert (hub.sent(), hub.reviews()) == (1, [])


def test_addresses_that_are_unusable_in_their_country_go_to_review_and_go_on_when_mended(hub):
    right = {
        "first_name": "Ann",
        "last_name": "Lee",
        "address1": "Tal 12",
        "city": "München",
        "zip": "80331",
        "country_code": "DE",
    }
    wrong = [
        {"zip": "ABC"},
        {"city": ""},
        {"country_code": "ZZ"},
        {"country_code": "US", "province_code": "XX", "zip": "60601"},
    ]
    placed = [
        hub.place(po_number=f"PO-{n}", shipping_address={**right, **part}) for n, part in enumerate(wrong)
    ]
    hub.work()
    assert (hub.sent(), hub.reviews()) == (0, [("push_order_to_erp", "address_invalid")] * len(wrong))

    for order in placed:
        hub.buyer("edit_order", order=order["id"], shipping_address=right)
    hub.pull()

    assert (hub.sent(), hub.reviews()) == (len(wrong), [])
    assert {order["shipToCity"] for order in hub.erp_orders()} == {"München"}


def test_an_order_without_a_delivery_address_is_sent(hub):
    shop = hub.shop()
    placed = hub.place(po_number="PO-1")
    shop.tables["Order"][placed["id"]]["shippingAddress"] = None

    hub.work()

    assert (hub.sent(), hub.reviews()) == (1, [])


def test_more_than_one_payment_schedule_goes_to_review(hub):
    placed = hub.place(po_number="PO-1", payment_terms="Net 30")
    terms = hub.shop().tables["Order"][placed["id"]]["_terms"]
    terms["_schedules"] = terms["_schedules"] * 2

    hub.work()

    assert (hub.sent(), hub.reviews()) == (0, [("push_order_to_erp", "instalments")])


def test_F1_one_order_that_cannot_be_sent_holds_none_of_its_neighbours_back(hub):
    hub.place(po_number="PO-0", lines=[CUSTOM])
    placed = [hub.place(po_number=f"PO-{n}") for n in range(1, 6)]

    hub.work()

    assert {hub.link(p).totals for p in placed} == {"equal"}
    assert SyncTask.objects.filter(state=SyncTask.State.HELD).count() == 1
    assert (hub.sent(), len(hub.reviews())) == (5, 1)


def test_what_is_held_is_asked_once_however_often_the_order_is_announced(hub):
    placed = hub.place(po_number="PO-1", lines=[CUSTOM])
    hub.work()

    for _ in range(3):
        hub.push(placed)

    assert (ReviewItem.objects.count(), hub.sent()) == (1, 0)


def test_C_an_order_cancelled_while_it_is_held_closes_its_question(hub):
    placed = hub.place(po_number="PO-1", lines=[CUSTOM])
    hub.work()
    assert len(hub.reviews()) == 1

    hub.buyer("cancel_order", order=placed["id"])
    hub.pull()

    assert (hub.sent(), hub.reviews(), SyncTask.objects.filter(state=3).count()) == (0, [], 0)
