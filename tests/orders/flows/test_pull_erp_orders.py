from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from hub.sync.models import ApiCall, Cursor, ReviewItem
from orders.models import ErpOrder, OrderChangePolicy, OrderLink
from tests.world import release


def double_of(hub, order):
    """A clerk copies an order in the ERP, our reference included."""
    wanted = {
        "customerNumber": order["customerNumber"],
        "externalDocumentNumber": order["externalDocumentNumber"],
    }
    return hub.clerk("create_order", order=wanted)


def test_mirrors_what_clerks_made_and_changed(hub):
    hub.place(po_number="PO-1")
    hub.work()
    [order] = hub.erp_orders()
    hub.pull_erp()
    assert ErpOrder.objects.get().total_including_tax == Decimal("20.00")

    hub.clerk(
        "edit_line", number=order["number"], sequence=order["lines"][0]["sequence"], changes={"quantity": 5}
    )
    hub.clerk("create_order", order={"customerNumber": "20000", "externalDocumentNumber": "BY PHONE"})
    hub.pull_erp()

    assert ErpOrder.objects.count() == 2
    assert ErpOrder.objects.get(number=order["number"]).total_including_tax == Decimal("50.00")
    assert ErpOrder.objects.get(reference="BY PHONE").identity_order_id == ""


def test_a_value_that_a_clerk_changed_after_it_was_found_equal_is_asked_about_until_it_is_equal_again(hub):
    placed = hub.place(po_number="PO-1")
    hub.work_through()
    assert hub.link(placed).totals == "equal"
    [order] = hub.erp_orders()
    where = {"number": order["number"], "sequence": order["lines"][0]["sequence"]}

    hub.clerk("edit_line", **where, changes={"quantity": 5})
    hub.pull_erp()
    hub.work_through()

    item = ReviewItem.objects.get(state="open")
    totals = [Decimal(item.evidence[name]) for name in ("store_total", "erp_total")]
    assert (item.code, totals) == ("totals_differ", [Decimal(20), Decimal(50)])
    hub.clerk("edit_line", **where, changes={"quantity": 2})
    hub.pull_erp()
    hub.work_through()
    assert (hub.link(placed).totals, hub.reviews()) == ("equal", [])


def test_a_pass_covers_what_was_there_when_it_began(hub):
    began_at = datetime.now(UTC)
    hub.pull_erp()

    asked = ApiCall.objects.filter(operation="read changed sales orders", started_at__gt=began_at)
    assert Cursor.objects.get(flow="pull_erp_orders").covered_at < asked.latest("started_at").started_at


def test_second_run_changes_nothing(hub):
    hub.place(po_number="PO-1")
    hub.work()
    hub.pull_erp()
    before = list(ErpOrder.objects.values_list("pk", "remote_updated_at"))

    hub.pull_erp()

    assert list(ErpOrder.objects.values_list("pk", "remote_updated_at")) == before


def test_A4_a_double_goes_to_review_by_the_orders_name_and_nothing_is_changed_there(hub):
    placed = hub.place(po_number="PO-1")
    hub.work()
    [order] = hub.erp_orders()
    double = double_of(hub, order)

    hub.pull_erp()

    item = ReviewItem.objects.get(state="open")
    assert (item.flow, item.code, item.record_id) == (
        "pull_erp_orders",
        "double_in_erp",
        hub.order(placed).pk,
    )
    assert placed["name"] in item.message
    assert order["number"] in item.message
    assert double["number"] in item.message
    assert (len(hub.erp_orders()), OrderLink.objects.count()) == (2, 1)


def test_a_double_that_the_clerk_deleted_is_solved_by_trying_again(hub):
    hub.place(po_number="PO-1")
    hub.work()
    [order] = hub.erp_orders()
    double = double_of(hub, order)
    hub.pull_erp()
    assert hub.reviews() == [("pull_erp_orders", "double_in_erp")]

    hub.clerk("delete_order", number=double["number"])
    release("double_in_erp", "try_again")
    hub.work()
    hub.pull_erp()

    assert hub.reviews() == []


def test_where_the_clerk_deleted_the_linked_one_of_two_a_person_is_told(hub):
    OrderChangePolicy.objects.create(store=hub.euro, accepts_erp_edits=True)
    hub.place(po_number="PO-1")
    hub.work_through()
    [order] = hub.erp_orders()
    double_of(hub, order)
    hub.pull_erp()
    hub.clerk("delete_order", number=order["number"])

    hub.pull_erp()
    hub.settle()

    assert hub.reviews() == [("sync_order_changes", "gone_in_erp")]


def test_a_reference_with_a_slash_typed_by_a_person_is_no_double(hub):
    for reference in ("PO-7/EU-1", "PO-7/EU-1", "A/B/C-XYZ"):
        hub.clerk("create_order", order={"customerNumber": "10000", "externalDocumentNumber": reference})

    hub.pull_erp()

    assert (ErpOrder.objects.count(), hub.reviews()) == (3, [])


def test_erp_down_then_up(hub):
    hub.clerk("create_order", order={"customerNumber": "10000", "externalDocumentNumber": "BY PHONE"})
    hub.faults({"kind": "down", "system": "erp", "mode": "503"})
    hub.work()
    assert ErpOrder.objects.count() == 0

    hub.forget_faults()
    hub.hurry()
    hub.work(lambda: ErpOrder.objects.exists())

    assert ErpOrder.objects.get().reference == "BY PHONE"
