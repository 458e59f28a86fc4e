"""What the order desk does all day, in a real browser."""

from __future__ import annotations

from playwright.sync_api import expect

from hub.sync.models import ReviewItem, SyncTask
from orders.models import OrderChangePolicy
from tests.browser.conftest import follow


def test_what_a_hold_rule_holds_is_found_by_its_po_number_approved_and_in_the_erp(page, hub):
    follow(page, "Hold rules")
    page.get_by_role("link", name="Add hold rule").first.click()
    page.locator("#id_name").fill("Heavy goods")
    page.locator("#id_is_enabled").check()
    page.locator("[name=conditions-0-kind]").select_option("words in note, attributes or line properties")
    page.locator("[name=conditions-0-value]").fill("forklift")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was added successfully")).to_be_visible()
    held = hub.place(po_number="PO-4711", note="Bring a forklift.")
    hub.place(po_number="OTHER-1")
    hub.work_through()
    assert (hub.sent(), len(hub.reviews())) == (1, 1)

    follow(page, "Store orders")
    expect(page.locator("#result_list tbody tr.data-row")).to_have_count(2)
    search = page.locator("#searchbar")
    search.fill("po-4711")
    search.press("Enter")
    page.wait_for_url("**q=po-4711**")
    expect(page.locator("#result_list tbody tr.data-row")).to_have_count(1)
    page.locator("#result_list").get_by_role("link", name="#1001").click()
    hold = page.get_by_role("region", name="Hold")
    expect(hold.get_by_text("Heavy goods").first).to_be_visible()
    hold.get_by_role("button", name="Approve and send").click()
    expect(page.get_by_text("1 approved.")).to_be_visible()
    hub.work_through()
    page.reload()

    assert ([order["externalDocumentNumber"] for order in hub.erp_orders()][-1:], hub.sent()) == (
        [hub.link(held).reference],
        2,
    )
    assert (hub.link(held).totals, hub.reviews()) == ("equal", [])
    expect(page.get_by_role("region", name="Hold")).to_have_count(0)
    in_the_erp = page.get_by_role("region", name="In the ERP")
    expect(in_the_erp.get_by_text("equal")).to_have_count(2)
    timeline = page.get_by_role("region", name="Timeline")
    expect(timeline.get_by_text("Placed in")).to_be_visible()
    expect(timeline.get_by_text("was written back to the store")).to_be_visible()


def test_an_empty_mapping_row_is_filled_and_what_waited_goes_on(page, hub):
    placed = hub.place(
        po_number="PO-1", lines=[{"sku": "NEW-1", "title": "New", "quantity": 1, "price": "4.00"}]
    )
    hub.work()
    assert hub.reviews() == [("push_order_to_erp", "mapping_missing")]

    page.goto("/admin/")
    page.get_by_role("link", name="1 item mapping without a value").click()
    expect(page.locator("#result_list tbody tr.data-row")).to_have_count(1)
    page.get_by_label("Item number, ").fill("IT-0009")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("1 item mapping was changed successfully.")).to_be_visible()
    hub.work()

    assert hub.link(placed).totals == "equal"
    assert (hub.sent(), hub.reviews()) == (1, [])
    page.goto("/admin/")
    expect(page.get_by_text("Nothing. Everything goes by itself.")).to_be_visible()


def test_a_task_that_waits_is_tried_again_at_once(page, hub):
    hub.link_companies()
    hub.clerk("block_item", number="IT-0001")
    placed = hub.place(po_number="PO-1")
    hub.pull()
    task = SyncTask.objects.get(state=SyncTask.State.HELD)
    hub.clerk("block_item", number="IT-0001", blocked=False)

    follow(page, "Tasks")
    page.locator("#result_list").get_by_role("link", name="Send order to ERP").click()
    expect(page.get_by_text("Blocked must be equal to 'No'").first).to_be_visible()
    page.get_by_role("button", name="Try again now").click()
    expect(page.get_by_text("1 will be tried again now.")).to_be_visible()
    hub.work()

    assert hub.link(placed).totals == "equal"
    assert not SyncTask.objects.filter(pk=task.pk).exists()


def test_the_evidence_of_a_review_item_is_read_and_decided(page, hub):
    hub.place(po_number="PO-1")
    hub.work()
    again = hub.place(po_number="PO-1")
    hub.pull()
    item = ReviewItem.objects.get(state="open")
    assert (item.code, hub.sent()) == ("possible_duplicate", 1)

    page.goto("/admin/")
    page.get_by_role("link", name="1 review item to decide").click()
    page.locator("#result_list").get_by_role("link", name="Possible duplicate").click()
    evidence = page.locator(".concord-scroll")
    expect(evidence.get_by_role("row", name="Order #1002")).to_be_visible()
    expect(evidence.get_by_role("row", name="PO number PO-1")).to_be_visible()
    page.get_by_role("button", name="Approve and send").click()
    expect(page.get_by_text("1 approved.")).to_be_visible()
    hub.work()

    item.refresh_from_db()
    assert (hub.sent(), item.decision, item.decided_by.username) == (2, "approved", "kim")
    assert hub.link(again).totals == "equal"


def test_what_both_sides_changed_is_decided_value_by_value(page, hub):
    OrderChangePolicy.objects.create(store=hub.euro, corrects_erp=True)
    placed = hub.place(po_number="PO-1")
    hub.work(horizon=0.5)
    [order] = hub.erp_orders()
    hub.clerk(
        "edit_line", number=order["number"], sequence=order["lines"][0]["sequence"], changes={"quantity": 5}
    )
    hub.buyer("edit_order", order=placed["id"], quantities={placed["lines"][0]: 1})
    hub.pull()
    assert hub.reviews() == [("sync_order_changes", "order_conflict")]

    page.goto("/admin/")
    page.get_by_role("link", name="1 review item to decide").click()
    page.locator("#result_list").get_by_role("link", name="Order conflict").click()
    page.get_by_role("link", name="Decide value by value").click()
    row = page.get_by_role("row", name="quantity")
    expect(row.get_by_role("cell")).to_have_text(
        ["2", "1", "5", "each keeps its own", "both sides changed it"]
    )
    page.get_by_label("quantity: As in the store").check()
    page.get_by_role("button", name="Decide so").click()
    expect(page.get_by_text("Decided. Both sides are brought to it now.")).to_be_visible()
    hub.work(horizon=0.5)

    [order] = hub.erp_orders()
    assert order["lines"][0]["quantity"] == "1"
    item = ReviewItem.objects.get()
    assert (item.decision, item.decided_by.username, hub.reviews()) == ("approved", "kim", [])
