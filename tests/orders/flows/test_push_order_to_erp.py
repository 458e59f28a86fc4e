from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from companies.models import CompanyLocationLink, StoreCompanyLocation
from hub.sync import leases
from hub.sync.models import ApiCall, Connection, Lease, ReviewItem, SyncTask
from orders.models import OrderLink, OrderPolicy, StoreOrder
from tests.world import ALPENHAUS, PRAIRIE, STRANGER, VAT, release


def test_sends_and_links(hub):
    placed = hub.place(po_number="PO-4711")

    hub.work()

    [order] = hub.erp_orders()
    link = hub.link(placed)
    assert (order["number"], order["id"]) == (link.number, link.external_id)
    assert order["externalDocumentNumber"].startswith("PO-4711/EU-")
    assert Decimal(order["totalAmountIncludingTax"]) == Decimal("20.00")
    assert (link.totals, hub.sent(), hub.attempts(), hub.reviews()) == ("equal", 1, ["confirmed"], [])


def test_second_run_sends_nothing(hub):
    placed = hub.place(po_number="PO-4711")
    hub.work()

    hub.push(placed)
    hub.push(placed)

    assert hub.sent() == 1
    assert hub.messages("push_order_to_erp")[-2:] == ["already in the ERP"] * 2


def test_waits_for_the_company(hub):
    placed = hub.place(company=STRANGER, po_number="PO-1")

    hub.work()

    assert (hub.sent(), hub.erp_orders(), OrderLink.objects.count()) == (0, [], 0)
    assert hub.reviews() == [("match_company_location", "ambiguous_match")]
    read = ApiCall.objects.filter(connection=hub.erp).values_list("operation", flat=True)
    assert {"read paymentTerms", "read shipmentMethods"} <= set(read), "what the document needs is ready"
    waiting = SyncTask.objects.get(flow="push_order_to_erp", record_id=hub.order(placed).pk)
    assert (waiting.state, waiting.last_outcome, waiting.attempts) == (SyncTask.State.WAITING, "retry", 0)


def test_F15_a_blocked_item_is_refused_with_the_erps_own_words_and_nothing_is_left_there(hub):
    # A company that is being matched has its orders decided once more, and sent once more.
    hub.link_companies()
    hub.clerk("block_item", number="IT-0001")
    placed = hub.place(po_number="PO-1")
    neighbour = hub.place(po_number="PO-2", lines=[{"sku": "LAM-002", "quantity": 1, "price": "5.00"}])

    hub.pull()

    item = ReviewItem.objects.get(state="open")
    assert (item.flow, item.code) == ("push_order_to_erp", "record_rejected")
    assert "blocked" in item.message.lower()
    assert [order["externalDocumentNumber"][:4] for order in hub.erp_orders()] == ["WARM", "PO-2"]
    assert OrderLink.objects.latest("pk").order == hub.order(neighbour)
    assert sorted(hub.attempts()) == ["confirmed", "confirmed", "refused"]

    hub.clerk("block_item", number="IT-0001", blocked=False)
    release("record_rejected", "try_again")
    hub.work()

    assert hub.link(placed).totals == "equal"
    assert (len(hub.erp_orders()), hub.reviews()) == (3, [])


def test_E6_an_order_placed_while_the_erp_was_down_arrives_when_it_is_back(hub):
    hub.link_companies()
    hub.faults({"kind": "down", "system": "erp", "mode": "503"})
    placed = hub.place(po_number="PO-1")
    hub.pull()
    assert len(hub.erp_orders()) == 1

    hub.forget_faults()
    hub.hurry()
    hub.work(lambda: OrderLink.objects.filter(order__external_id=placed["id"], totals="equal").exists())

    assert len(hub.erp_orders()) == 2
    assert hub.reviews() == []
    assert not SyncTask.objects.filter(state__in=[3, 4]).exists()


def test_an_order_placed_while_the_erp_reset_every_connection_arrives_once_when_it_is_back(hub):
    hub.link_companies()
    hub.faults({"kind": "down", "system": "erp"})
    placed = hub.place(po_number="PO-1")
    hub.pull()

    hub.forget_faults()
    hub.hurry()
    hub.work(lambda: OrderLink.objects.filter(order__external_id=placed["id"], totals="equal").exists())

    assert len(hub.erp_orders()) == 2
    assert hub.reviews() == []


def test_nothing_is_sent_while_writing_is_switched_off_and_it_goes_out_once_afterwards(hub):
    Connection.objects.filter(pk=hub.erp.pk).update(may_write=False)
    placed = hub.place(po_number="PO-1")
    hub.work()
    assert (hub.sent(), hub.attempts(), OrderLink.objects.count()) == (0, [], 0)

    Connection.objects.filter(pk=hub.erp.pk).update(may_write=True)
    hub.hurry()
    hub.work()

    assert (hub.sent(), hub.link(placed).totals) == (1, "equal")


def test_cancelled_before_it_was_sent_is_not_sent(hub):
    placed = hub.place(po_number="PO-1")
    hub.buyer("cancel_order", order=placed["id"])

    hub.work()

    assert (hub.sent(), OrderLink.objects.count(), hub.reviews()) == (0, 0, [])
    assert set(hub.messages("push_order_to_erp")) == {"cancelled before it was sent"}


def test_F13_cancelled_after_it_was_sent_goes_to_review_and_changes_nothing_in_the_erp(hub):
    placed = hub.place(po_number="PO-1")
    hub.work()
    [before] = hub.erp_orders()

    hub.buyer("cancel_order", order=placed["id"])
    hub.pull()

    assert hub.reviews() == [("push_order_to_erp", "cancelled_after_sending")]
    assert (hub.erp_orders(), hub.sent()) == ([before], 1)


def test_F13_changed_after_it_was_sent_goes_to_review_and_changes_nothing_in_the_erp(hub):
    placed = hub.place(po_number="PO-1")
    hub.work()
    [before] = hub.erp_orders()

    hub.buyer("edit_order", order=placed["id"], quantities={placed["lines"][0]: 1})
    hub.pull()

    assert hub.reviews() == [("push_order_to_erp", "changed_after_sending")]
    assert (hub.erp_orders(), hub.sent()) == ([before], 1)


def test_the_question_about_a_change_says_what_was_sent_and_what_the_store_says_now(hub):
    placed = hub.place(
        po_number="PO-1",
        lines=[
            {"sku": "TAB-001", "quantity": 2, "price": "10.00"},
            {"sku": "LAM-002", "quantity": 1, "price": "5.00"},
        ],
    )
    hub.work()

    hub.buyer(
        "edit_order",
        order=placed["id"],
        po_number="PO-2",
        note="deliver on Monday",
        quantities={placed["lines"][0]: 1, placed["lines"][1]: 0},
    )
    hub.pull()

    first, second = (line["description"] for line in hub.link(placed).sent_document["lines"][:2])
    assert ReviewItem.objects.get().evidence["changes"] == [
        {"what": "PO number", "as_sent": "PO-1", "store_now": "PO-2"},
        {"what": f"{first}: quantity", "as_sent": "2", "store_now": "1"},
        {"what": second, "as_sent": "1 × IT-0002 at 5", "store_now": "–"},
        {"what": "comments", "as_sent": "–", "store_now": "Note: deliver on Monday"},
    ]


def test_F13_a_second_change_after_the_first_was_approved_is_asked_about_again(hub):
    placed = hub.place(po_number="PO-1")
    hub.work()
    hub.buyer("edit_order", order=placed["id"], note="deliver on Monday")
    hub.pull()
    release("changed_after_sending", "approve")
    hub.work()
    assert hub.reviews() == []

    hub.buyer("edit_order", order=placed["id"], quantities={placed["lines"][0]: 1})
    hub.pull()

    assert hub.reviews() == [("push_order_to_erp", "changed_after_sending")]


def test_F5_what_we_wrote_comes_back_as_echo_and_changes_nothing(hub):
    shop, moment = hub.shop(), datetime.now(UTC) - timedelta(seconds=5)
    clock, shop.clock = shop.clock, lambda: moment
    placed = hub.place(po_number="PO-1")
    # Stamps are whole seconds: our write shall not fall into that of the order.
    shop.clock = clock
    hub.work_through()
    assert hub.link(placed).reference_pushed_at is not None
    stamp = hub.order(placed).remote_updated_at
    pushes = len(hub.outcomes("push_order_to_erp"))

    hub.pull()
    hub.post(hub.body(placed))
    hub.work()

    assert hub.order(placed).remote_updated_at > stamp
    assert (hub.sent(), hub.writes_to_store(), hub.reviews()) == (1, 1, [])
    assert len(hub.outcomes("push_order_to_erp")) == pushes


def test_payment_and_tags_after_sending_are_no_change_for_the_erp(hub):
    placed = hub.place(po_number="PO-1")
    hub.work()

    hub.buyer("pay_order", order=placed["id"])
    hub.buyer("edit_order", order=placed["id"], tags=["vip"])
    hub.pull()

    assert hub.order(placed).financial_status == "paid"
    assert (hub.sent(), hub.reviews()) == (1, [])


def test_test_orders_and_d2c_orders_are_kept_out_and_taken_where_the_policy_says_so(hub):
    hub.place(po_number="PO-1", test=True)
    hub.place(company=None, customer={"email": "ann@example.com"})
    hub.place(company=None)  # point of sale: nobody is known

    hub.work()

    assert (hub.sent(), hub.reviews(), OrderLink.objects.count()) == (0, [], 0)
    assert set(hub.messages("push_order_to_erp")) == {"no company bought, kept out", "test order, kept out"}

    OrderPolicy.objects.filter(store=hub.euro).update(
        takes_test_orders=True, takes_d2c_orders=True, d2c_customer_number="20000"
    )
    for order in StoreOrder.objects.all():
        hub.push({"id": order.external_id})

    assert sorted(order["customerNumber"] for order in hub.erp_orders()) == ["10000", "20000", "20000"]


def test_d2c_orders_without_a_customer_for_them_are_held(hub):
    OrderPolicy.objects.filter(store=hub.euro).update(takes_d2c_orders=True)
    hub.place(company=None, customer={"email": "ann@example.com"})

    hub.work()

    assert (hub.sent(), hub.reviews()) == (0, [("push_order_to_erp", "customer_missing")])


@pytest.mark.parametrize("po_number", [None, "   "])
def test_a_blank_po_number_is_replaced_by_the_orders_name_and_said_in_a_comment(hub, po_number):
    placed = hub.place(po_number=po_number)

    hub.work()

    [order] = hub.erp_orders()
    comments = [line["description"] for line in order["lines"] if line["lineType"] == "Comment"]
    assert order["externalDocumentNumber"].startswith(f"{placed['name']}/EU-")
    assert f"No PO number: {placed['name']} is the store's order name" in comments


def test_a_blank_po_number_is_held_where_the_location_requires_one_and_goes_on_when_it_is_entered(hub):
    hub.link_companies()
    StoreCompanyLocation.objects.update(requires_po_number=True)
    placed = hub.place()
    other = hub.place(po_number="PO-2")
    hub.pull()
    assert hub.reviews() == [("push_order_to_erp", "po_missing")]
    assert (hub.sent(), hub.link(other).totals) == (2, "equal")

    hub.buyer("edit_order", order=placed["id"], po_number="PO-3")
    hub.pull()

    assert hub.erp_orders()[-1]["externalDocumentNumber"].startswith("PO-3/EU-")
    assert (hub.sent(), hub.reviews()) == (3, [])


def test_F3_the_same_po_number_twice_from_one_company_is_held_and_sent_on_approval(hub):
    first = hub.place(po_number="PO 7")
    second = hub.place(po_number="po7", lines=[{"sku": "LAM-002", "quantity": 1, "price": "5.00"}])
    hub.work()
    assert (hub.sent(), hub.link(first).totals) == (1, "equal")
    assert hub.reviews() == [("push_order_to_erp", "possible_duplicate")]

    release("possible_duplicate")
    hub.work()

    assert hub.link(second).totals == "equal"
    assert (len(hub.erp_orders()), hub.sent(), hub.reviews()) == (2, 2, [])


def test_F2_the_same_po_number_of_two_companies_is_sent_twice(hub):
    hub.place(po_number="PO-7")
    hub.place(po_number="PO-7", company=ALPENHAUS)

    hub.work()

    assert sorted(order["customerNumber"] for order in hub.erp_orders()) == ["10000", "20000"]
    assert hub.reviews() == []


def test_F3_the_same_po_number_is_refused_or_let_through_as_the_policy_says(hub):
    OrderPolicy.objects.filter(store=hub.euro).update(duplicate_po="reject")
    hub.place(po_number="PO-7")
    rejected = hub.place(po_number="PO-7")
    hub.work()
    assert (hub.sent(), hub.reviews()) == (1, [])

    OrderPolicy.objects.filter(store=hub.euro).update(duplicate_po="allow")
    hub.push(rejected)

    assert (hub.sent(), hub.link(rejected).totals) == (2, "equal")


def test_a_cancelled_twin_does_not_hold_an_order_with_its_po_number(hub):
    twin = hub.place(po_number="PO-7")
    hub.buyer("cancel_order", order=twin["id"])
    hub.place(po_number="PO-7")

    hub.work()

    assert (hub.sent(), hub.reviews()) == (1, [])


def test_F4_the_same_order_name_in_two_stores_is_two_orders(hub):
    one = hub.place(po_number="PO-1")
    other = hub.place(hub.dollar, company=PRAIRIE, po_number="PO-1")
    assert one["name"] == other["name"] == "#1001"

    hub.work()

    references = {order["externalDocumentNumber"][:8]: order["currencyCode"] for order in hub.erp_orders()}
    assert references == {"PO-1/EU-": "EUR", "PO-1/US-": "USD"}
    assert (hub.sent(), hub.reviews()) == (2, [])


def test_an_order_that_was_edited_before_it_was_sent_is_sent_as_it_is_now(hub):
    placed = hub.place(
        po_number="PO-1",
        taxes=VAT,
        lines=[
            {"sku": "TAB-001", "quantity": 4, "price": "10.00", "discount": {"amount": "2.00"}},
            {"sku": "LAM-002", "quantity": 1, "price": "3.00"},
        ],
        shipping=[{"title": "Standard", "price": "5.00", "code": "std"}],
    )
    [charge] = hub.shop().get("Order", placed["id"])["_shippingLines"]
    edit = {"quantities": {placed["lines"][0]: 3}, "remove_shipping": [charge["id"]]}
    hub.buyer("edit_order", order=placed["id"], **edit)

    hub.work()

    [order] = hub.erp_orders()
    assert order["totalAmountIncludingTax"] == "37.49"
    # 2.00 stood on four pieces.
    assert [line["discountAmount"] for line in order["lines"][:2]] == ["1.50", "0.00"]
    assert hub.reviews() == []


def test_G4_a_worker_whose_lease_has_passed_on_sends_nothing(hub):
    hub.link_companies()
    leases.ensure_rows([hub.erp.credential])
    with_lease = leases.acquire("somebody else", [hub.erp.credential], 1)
    hub.place(po_number="PO-1")
    assert with_lease

    hub.pull(horizon=0)

    # The other worker's session is gone, so its lease was taken over at once: one send, under a newer fence.
    assert hub.sent() == 2
    assert Lease.objects.get(credential=hub.erp.credential).fence > with_lease[0].fence


def test_a_stale_mirror_is_read_again_before_the_order_is_sent(hub):
    hub.link_companies()
    Connection.objects.filter(pk=hub.erp.pk).update(is_enabled=False)
    placed = hub.place(po_number="PO-1")
    hub.pull()
    hub.buyer("cancel_order", order=placed["id"])
    with_old_stamp = "UPDATE {table} SET {column} = {column} - interval '10 minutes'"
    from django.db import connection as database

    with database.cursor() as cursor:
        cursor.execute(with_old_stamp.format(table="orders_storeorder", column="observed_at"))
        cursor.execute(with_old_stamp.format(table="sync_cursor", column="covered_at"))

    Connection.objects.filter(pk=hub.erp.pk).update(is_enabled=True)
    hub.work()

    assert hub.sent() == 1
    assert hub.messages("read_store_orders") == ["read 1"]
    assert hub.messages("push_order_to_erp")[-1] == "cancelled before it was sent"
    assert CompanyLocationLink.objects.count() == 1
