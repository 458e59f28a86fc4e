"""Changes after an order was sent reach the ERP where the store's policy says so; the rest is asked once."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.models import F

from hub.demo import goods
from hub.sync.enqueue import enqueue
from hub.sync.models import Attempt, ReviewItem
from inventory.models import ItemMapping
from orders.changes.asking import answer
from orders.models import OrderAgreement, OrderChangePolicy, OrderLink
from orders.why.reasons import read
from tests.world import VAT, save_mapping

FLOW = "sync_order_changes"
CHANGE = {"system": "erp", "operation": "POST $batch"}
TWO_LINES = [
    {"sku": "TAB-001", "quantity": 3, "price": "10.00"},
    {"sku": "LAM-002", "quantity": 1, "price": "5.00"},
]


def allow(hub, **switches):
    return OrderChangePolicy.objects.create(store=hub.euro, **switches)


@pytest.fixture
def sent(hub):
    """An order in the ERP that both sides agreed on, of a store whose changes go to the ERP."""
    allow(hub, corrects_erp=True)
    placed = hub.place(po_number="PO-1", lines=TWO_LINES)
    settle(hub)
    hub.pull_erp()
    settle(hub)
    assert agreement(hub, placed).version == 1
    return placed


def settle(hub):
    """Until what gathers for a moment is done as well."""
    hub.settle()


def agreement(hub, placed):
    return OrderAgreement.objects.get(link=hub.link(placed))


def edit(hub, placed, **changes):
    hub.buyer("edit_order", order=placed["id"], **changes)
    hub.pull()
    settle(hub)


def quantities(hub):
    [order] = hub.erp_orders()
    return [line["quantity"] for line in order["lines"] if line["lineType"] == "Item"]


def test_fewer_pieces_and_a_new_po_number_reach_the_erp_and_both_agree(hub, sent):
    edit(hub, sent, quantities={sent["lines"][0]: 2}, po_number="PO-2")

    assert quantities(hub) == ["2", "1"]
    link = hub.link(sent)
    assert "PO-2" in link.reference
    assert (link.totals, link.sent_document["po_number"]) == ("equal", "PO-2")
    # Why each value is what it is, of what stands there now.
    assert "PO-2" in [one.value for one in read(link.sent_reasons)]
    assert (agreement(hub, sent).version, hub.reviews()) == (2, [])


def test_our_own_write_comes_back_as_no_change_and_a_second_run_sends_nothing(hub, sent):
    edit(hub, sent, quantities={sent["lines"][1]: 0})
    assert quantities(hub) == ["3"]
    sent_so_far = Attempt.objects.count()

    hub.pull_erp()
    enqueue(FLOW, hub.erp.pk, [hub.order(sent).pk])
    hub.work()

    assert Attempt.objects.count() == sent_so_far
    assert hub.messages(FLOW)[-1] == "both sides agree"


def test_a_lost_answer_is_looked_at_before_anything_is_sent_again(hub, sent):
    hub.faults({"kind": "commit_then_drop", **CHANGE, "times": 1})

    edit(hub, sent, quantities={sent["lines"][0]: 1})
    hub.work(lambda: agreement(hub, sent).version == 2)

    assert quantities(hub) == ["1", "1"]
    assert not Attempt.objects.filter(state=Attempt.State.OPEN).exists()
    assert hub.reviews() == []


def test_what_both_sides_changed_is_one_question_and_the_answer_is_carried_out(hub, sent):
    [order] = hub.erp_orders()
    hub.clerk(
        "edit_line", number=order["number"], sequence=order["lines"][0]["sequence"], changes={"quantity": 5}
    )
    hub.buyer("edit_order", order=sent["id"], quantities={sent["lines"][0]: 2})
    hub.pull()
    hub.pull_erp()
    settle(hub)

    assert hub.reviews() == [(FLOW, "order_conflict")]
    item = ReviewItem.objects.get(state="open")
    [row] = item.evidence["changes"]
    assert (row["agreed"], row["store"], row["erp"]) == ("3", "2", "5")
    assert quantities(hub) == ["5", "1"]

    assert answer(item, agreement(hub, sent), ["store"], shown=item.fingerprint, user_id=None) == ""
    settle(hub)

    assert quantities(hub) == ["2", "1"]
    assert (agreement(hub, sent).version, hub.reviews()) == (2, [])


def test_once_the_erp_has_come_too_far_a_person_is_asked_and_may_leave_both(hub, sent):
    hub.clerk("release_order", number=hub.link(sent).number)
    edit(hub, sent, quantities={sent["lines"][0]: 2})

    item = ReviewItem.objects.get(state="open")
    [row] = item.evidence["changes"]
    assert (item.code, row["why"]) == ("order_conflict", "the ERP's order is released already")

    assert answer(item, agreement(hub, sent), ["leave"], shown=item.fingerprint, user_id=None) == ""
    settle(hub)

    assert quantities(hub) == ["3", "1"]
    # That both are left as they are is no reason to call them equal.
    assert hub.reviews() == [("check_order_totals", "totals_differ")]

    # Another person writes the same document anew: nobody is asked about these two values again.
    OrderAgreement.objects.update(erp_document=None)
    enqueue(FLOW, hub.erp.pk, [hub.order(sent).pk])
    settle(hub)

    assert (hub.messages(FLOW)[-1], quantities(hub)) == ("both sides agree", ["3", "1"])


def test_what_a_cancellation_hid_is_compared_once_it_is_over(hub, sent):
    """A posted order leaves the ERP's orders, and for a moment nothing shows its invoice: it looks deleted."""
    OrderLink.objects.update(created_at=F("created_at") - timedelta(minutes=10))
    hub.faults({"kind": "lagging_lookup", "system": "erp", "operation": "GET sales*", "seconds": 600})
    edit(hub, sent, quantities={sent["lines"][0]: 2})
    item = ReviewItem.objects.get(state="open", code="order_conflict")
    assert len(item.evidence["changes"]) == 1
    assert ": cancelled." in item.message
    assert answer(item, agreement(hub, sent), ["leave"], shown=item.fingerprint, user_id=None) == ""
    settle(hub)
    assert hub.messages(FLOW)[-1] == "each side keeps its own"

    hub.forget_faults()
    compare(hub, sent)

    assert quantities(hub) == ["2", "1"]
    assert (agreement(hub, sent).version, hub.reviews()) == (2, [])


def test_what_was_left_is_over_once_a_side_has_moved_away(hub, sent):
    OrderChangePolicy.objects.update(accepts_erp_edits=True)
    both_change(hub, sent, store=2, erp=5)
    item = ReviewItem.objects.get(state="open")
    assert answer(item, agreement(hub, sent), ["leave"], shown=item.fingerprint, user_id=None) == ""
    settle(hub)
    assert (quantities(hub), hub.messages(FLOW)[-1]) == (["5", "1"], "both sides agree")

    # The ERP comes to the store's value: both are equal, and nothing is left as it was any more.
    both_change(hub, sent, erp=2)
    # What a clerk makes of it now is a change like any other, also to the value of before.
    both_change(hub, sent, erp=5)

    shop_order = hub.shop().tables["Order"][sent["id"]]
    assert [line["currentQuantity"] for line in shop_order["_lines"]] == [5, 1]
    assert quantities(hub) == ["5", "1"]


def leave_removed_line(hub, **order):
    """An order whose second line the store took out after the ERP had released it: a person leaves both so."""
    allow(hub, corrects_erp=True)
    placed = hub.place(po_number="PO-1", lines=TWO_LINES, **order)
    settle(hub)
    hub.pull_erp()
    settle(hub)
    hub.clerk("release_order", number=hub.link(placed).number)
    edit(hub, placed, quantities={placed["lines"][1]: 0})
    item = ReviewItem.objects.get(state="open")
    [row] = item.evidence["changes"]
    assert row["why"] == "the ERP's order is released already"
    assert answer(item, agreement(hub, placed), ["leave"], shown=item.fingerprint, user_id=None) == ""
    settle(hub)
    # That both are left as they are is no reason to call their totals equal.
    assert hub.reviews() == [("check_order_totals", "totals_differ")]
    return placed


def compare(hub, placed):
    enqueue(FLOW, hub.erp.pk, [hub.order(placed).pk])
    settle(hub)


@pytest.mark.parametrize("taxes_included", [False, True], ids=["net", "gross"])
def test_a_removed_line_that_was_left_is_not_asked_about_again_with_the_invoice(hub, taxes_included):
    placed = leave_removed_line(hub, taxes=VAT, taxes_included=taxes_included)

    hub.clerk("post_order", number=hub.link(placed).number)
    compare(hub, placed)

    assert hub.reviews() == [("check_order_totals", "totals_differ")]
    assert agreement(hub, placed).erp_document["stage"] == "closed"


def test_one_more_line_like_the_one_that_was_left_is_asked_about(hub):
    placed = leave_removed_line(hub)
    compare(hub, placed)
    [order] = hub.erp_orders()
    number = order["number"]
    hub.clerk("reopen_order", number=number)

    like = next(line for line in order["lines"] if line["quantity"] == "1")
    item = {"lineType": "Item", "lineObjectNumber": like["lineObjectNumber"]}
    again = item | {"quantity": 1, "unitPrice": int(Decimal(like["unitPrice"]))}
    hub.clerk("add_line", number=number, line=again)
    compare(hub, placed)

    assert hub.reviews(flow=FLOW) == [(FLOW, "order_conflict")]


def both_change(hub, placed, *, erp, store=None):
    [order] = hub.erp_orders()
    sequence = order["lines"][0]["sequence"]
    hub.clerk("edit_line", number=order["number"], sequence=sequence, changes={"quantity": erp})
    if store is not None:
        hub.buyer("edit_order", order=placed["id"], quantities={placed["lines"][0]: store})
        hub.pull()
    hub.pull_erp()
    # What was read in the second of its stamp is read again, some seconds later.
    hub.hurry()
    settle(hub)


def test_without_a_policy_a_person_is_asked_as_before(hub):
    placed = hub.place(po_number="PO-1", lines=TWO_LINES)
    hub.work()

    edit(hub, placed, quantities={placed["lines"][0]: 2})

    assert hub.reviews() == [("push_order_to_erp", "changed_after_sending")]


def test_what_comes_back_after_it_was_sent_is_no_change_and_an_edit_beside_it_is_one(hub):
    allow(hub, corrects_erp=True)
    placed = hub.place(lines=TWO_LINES, shipping=[{"title": "Standard", "price": "4.90"}])
    settle(hub)
    before = hub.order(placed).content_hash
    hub.buyer("fulfil_by_hand", order=placed["id"], pieces=3)
    for restock, shipping in (("RETURN", None), ("NO_RESTOCK", "1.33")):
        line = {"line": placed["lines"][0], "quantity": 1, "restock": restock}
        hub.buyer("refund_order", order=placed["id"], lines=[line], shipping=shipping)
    hub.pull()
    enqueue(FLOW, hub.erp.pk, [hub.order(placed).pk])
    settle(hub)

    assert (quantities(hub), hub.reviews()) == (["3", "1"], [])
    # Stores without a policy ask by this hash.
    assert hub.order(placed).content_hash == hub.link(placed).sent_content_hash == before

    edit(hub, placed, quantities={placed["lines"][1]: 4})

    assert (quantities(hub), hub.link(placed).totals, hub.reviews()) == (["3", "4"], "equal", [])


def test_a_line_without_a_mapping_waits_for_it_and_goes_on_by_itself(hub, sent):
    row = ItemMapping.objects.get(store=hub.euro, sku=goods.sku(3))
    number, row.item_number = row.item_number, ""
    row.save()
    edit(hub, sent, add=[{"sku": goods.sku(3), "quantity": 2, "price": "4.00"}])
    assert hub.reviews() == [(FLOW, "mapping_missing")]

    row.item_number = number
    save_mapping(row)
    settle(hub)

    assert (quantities(hub), hub.reviews()) == (["3", "1", "2"], [])


def test_a_line_that_a_clerk_counts_in_another_unit_is_asked_about_and_never_written_over(hub, sent):
    [order] = hub.erp_orders()
    changed = {"unitOfMeasureCode": "BOX", "quantity": 1, "unitPrice": 30}
    hub.clerk("edit_line", number=order["number"], sequence=order["lines"][0]["sequence"], changes=changed)
    hub.pull_erp()
    hub.hurry()
    settle(hub)

    item = ReviewItem.objects.get(state="open")
    rows = {row["what"].rpartition(": ")[2]: row for row in item.evidence["changes"]}
    assert (item.code, set(rows)) == ("order_conflict", {"quantity", "price", "unit"})
    assert rows["unit"]["erp"] == "BOX"

    refused = answer(item, agreement(hub, sent), ["store"] * 3, shown=item.fingerprint, user_id=None)
    assert "the ERP counts IT-0001 in BOX now, which is PCS here" in refused
    assert answer(item, agreement(hub, sent), ["leave"] * 3, shown=item.fingerprint, user_id=None) == ""
    settle(hub)
    edit(hub, sent, quantities={sent["lines"][0]: 2})

    # Agreed on is the unit now, and still another than that of a row which names none.
    asked = ReviewItem.objects.get(state="open", code="order_conflict")
    assert "which a person left so" in answer(
        asked, agreement(hub, sent), ["store"], shown=asked.fingerprint, user_id=None
    )
    assert quantities(hub) == ["1", "1"]
