"""Hold rules through the front door: what is placed waits, and what a person or a payment decides happens once."""

from __future__ import annotations

from hub.sync import review
from hub.sync.enqueue import enqueue
from hub.sync.models import ReviewItem
from orders.models import HoldCondition, HoldRule, OrderOverride, StoreOrder
from tests.world import release

WAIT = [("push_order_to_erp", "hold")]


def rule(*conditions, store=None, **options):
    made = HoldRule.objects.create(
        **{"name": f"Rule {HoldRule.objects.count()}", "is_enabled": True, **options}
    )
    for condition in conditions:
        row = HoldCondition(rule=made, **condition)
        row.full_clean()
        row.save()
    return made


def words(text, **options):
    return rule({"kind": "words", "value": text}, **options)


def open_codes(hub):
    return [code for _, code in hub.reviews()]


def test_an_order_with_a_word_waits_and_goes_once_approved(hub):
    made = words("liftgate, forklift", name="Heavy goods")
    placed = hub.place(po_number="PO-1", note="Bring a LIFTGATE, please.")

    hub.pull()

    item = ReviewItem.objects.get(state="open")
    assert (hub.sent(), item.code) == (0, made.code)
    assert "“Heavy goods”" in item.message
    assert "Note: Bring a LIFTGATE, please." in item.message

    release(made.code)
    hub.work()

    assert hub.link(placed).totals in ("equal", "unread")
    assert (hub.sent(), hub.reviews()) == (1, [])


def test_approving_one_rule_does_not_approve_another(hub):
    first, second = (
        words("gate"),
        rule({"kind": "amount", "operator": "above", "value": "1", "currency": "EUR"}),
    )
    hub.place(po_number="PO-1", note="gate 3")
    hub.pull()
    assert open_codes(hub) == [first.code]

    release(first.code)
    hub.work()

    assert (open_codes(hub), hub.sent()) == ([second.code], 0)
    release(second.code)
    hub.work()
    assert (hub.reviews(), hub.sent()) == ([], 1)


def test_an_approval_holds_for_what_was_shown(hub):
    made = words("gate")
    placed = hub.place(po_number="PO-1", note="gate 3")
    hub.pull()
    StoreOrder.objects.filter(external_id=placed["id"]).update(needs_read=True)
    hub.buyer("edit_order", order=placed["id"], note="gate 4 instead")
    release(made.code)

    hub.pull()

    assert (open_codes(hub), hub.sent()) == ([made.code], 0)
    assert "gate 4" in ReviewItem.objects.get(state="open").message


def test_a_rejected_order_stays_out_with_the_reason_and_may_be_taken_back(hub):
    made = words("gate")
    placed = hub.place(po_number="PO-1", note="gate 3")
    hub.pull()
    item = ReviewItem.objects.get(state="open")
    assert (
        review.decide(item.pk, "rejected", shown=item.fingerprint, user_id=None)[1]
        == "Say why it is rejected."
    )

    decided, refusal = review.decide(
        item.pk, "rejected", shown=item.fingerprint, user_id=None, through="WMS", reason="No such gate."
    )
    hub.push(placed)

    assert (refusal, decided.reason, hub.sent(), hub.reviews()) == ("", "No such gate.", 0, [])
    assert hub.messages("push_order_to_erp")[-1] == "rejected by WMS: No such gate."

    assert review.take_back(item.pk, user_id=None, username="kim") == ""
    hub.push(placed)
    assert (open_codes(hub), hub.sent()) == ([made.code], 0)
    item.refresh_from_db()
    assert item.reason == "Rejected by WMS: No such gate. Taken back by kim."


def test_a_rejected_order_that_changes_is_asked_about_again(hub):
    words("gate")
    placed = hub.place(po_number="PO-1", note="gate 3")
    hub.pull()
    item = ReviewItem.objects.get(state="open")
    review.decide(item.pk, "rejected", shown=item.fingerprint, user_id=None, reason="No such door.")
    hub.push(placed)

    hub.buyer("edit_order", order=placed["id"], note="deliver on Monday")
    hub.pull()

    assert (open_codes(hub), hub.sent()) == (["changed_after_rejection"], 0)
    release("changed_after_rejection")
    hub.work()
    assert (hub.reviews(), hub.sent()) == ([], 1)


def test_until_paid_goes_by_the_payment_alone(hub):
    made = rule({"kind": "every"}, until="paid")
    hub.leave_to_webhooks()
    placed = hub.place(po_number="PO-1", paid=False)
    hub.post(hub.body(placed), topic="orders/create")
    hub.work()
    assert (open_codes(hub), hub.sent()) == ([made.code], 0)
    assert "It goes on by itself when it is paid." in ReviewItem.objects.get(state="open").message

    hub.buyer("pay_order", order=placed["id"])
    hub.post(hub.body(placed), topic="orders/updated")
    hub.work()

    assert (hub.reviews(), hub.sent()) == ([], 1)


def test_what_a_person_entered_for_this_order_goes_to_the_erp(hub):
    made = words("gate")
    placed = hub.place(po_number="PO-1", note="gate 3")
    hub.pull()
    order = hub.order(placed)
    for field, value in (
        ("po_number", "PO-9"),
        ("note", "Gate 5"),
        ("field:requestedDeliveryDate", "2027-02-01"),
    ):
        OrderOverride.objects.create(order=order, field=field, value=value, content_hash=order.content_hash)

    release(made.code)
    hub.work()

    document = hub.erp_orders()[-1]
    assert document["externalDocumentNumber"].startswith("PO-9/EU-")
    assert document["requestedDeliveryDate"] == "2027-02-01"
    comments = [line["description"] for line in document["lines"] if line["lineType"] == "Comment"]
    assert any("Gate 5" in comment for comment in comments)


def test_values_entered_before_a_change_are_asked_about(hub):
    made = words("gate")
    placed = hub.place(po_number="PO-1", note="gate 3")
    hub.pull()
    order = hub.order(placed)
    OrderOverride.objects.create(order=order, field="note", value="Gate 5", content_hash=order.content_hash)

    hub.buyer("edit_order", order=placed["id"], note="deliver on Monday")
    hub.pull()

    assert (open_codes(hub), hub.sent()) == (["changed_after_edit"], 0)
    assert "Gate 5" in ReviewItem.objects.get(state="open").message
    assert made.code not in open_codes(hub)


def test_line_properties_stand_below_their_line_and_private_ones_stay_out(hub):
    placed = hub.place(
        po_number="PO-1",
        lines=[
            {
                "sku": "TAB-001",
                "quantity": 1,
                "price": "10.00",
                "attributes": {"Engraving": "Für Kim", "_id": "77"},
            }
        ],
    )

    hub.pull()

    assert hub.link(placed)
    lines = [line["description"] for line in hub.erp_orders()[-1]["lines"]]
    assert "TAB-001 Engraving: Für Kim" in lines
    assert not any("77" in line for line in lines)


def test_a_rule_that_is_switched_off_lets_go_what_it_held(hub):
    made = words("gate")
    placed = hub.place(po_number="PO-1", note="gate 3")
    hub.pull()
    HoldRule.objects.filter(pk=made.pk).update(is_enabled=False)

    enqueue("push_order_to_erp", hub.erp.pk, [hub.order(placed).pk])
    hub.work()

    assert (hub.reviews(), hub.sent()) == ([], 1)


def test_orders_of_a_location_wait_until_its_first_one_is_in_the_erp(hub):
    made = rule({"kind": "first_order"})
    first, second = hub.place(po_number="PO-1"), hub.place(po_number="PO-2")
    hub.pull()
    assert (open_codes(hub), hub.sent()) == ([made.code, made.code], 0)

    item = ReviewItem.objects.get(record_id=hub.order(first).pk)
    decided, _ = review.decide(item.pk, "approved", shown=item.fingerprint, user_id=None)
    review.run_again(decided)
    hub.work()
    hub.push(second)

    assert (open_codes(hub), hub.sent()) == ([], 2)
