"""Orders that quotes became: what may keep them from being ordered, and that nothing is ordered twice."""

from __future__ import annotations

import pytest

from hub.sync import review
from hub.sync.models import Attempt, ReviewItem
from orders.models import HoldCondition, HoldRule, OrderLink, OrderPolicy, QuoteLink, StoreOrder
from tests.orders.quoting import asking, look, quoted
from tests.world import release

__all__ = ["asking"]

FLOW = "push_order_to_erp"


def completed(hub, draft):
    """Staff complete the draft order, and the hub comes to know of it."""
    done = hub.buyer("complete_draft", draft=draft["id"])
    hub.pull()
    look(hub)
    hub.hurry()
    hub.work()
    return done


def priced(hub, quote, price):
    """Sales change the price in the ERP, and the hub does not look; returns what it was."""
    [line] = quote["lines"]
    hub.clerk("edit_quote", number=quote["number"], sequence=10000, changes={"unitPrice": price})
    return float(line["unitPrice"])


def differing(hub):
    """An order that differs from its quote, which a person is asked about: order, quote and right price."""
    draft, quote = quoted(hub)
    right = priced(hub, quote, 7.5)
    done = completed(hub, draft)
    assert hub.reviews() == [(FLOW, "quote_differs")]
    return done, quote, right


def test_after_an_approval_the_order_that_a_clerk_made_meanwhile_is_linked_and_none_is_sent(asking):
    hub = asking
    done, quote, _ = differing(hub)
    made = hub.clerk("make_order", number=quote["number"])

    release("quote_differs")
    hub.work()

    link = OrderLink.objects.get(order__external_id=done["id"])
    assert (link.number, hub.sent(), len(hub.erp_orders())) == (made["number"], hub.sent_before, 1)
    assert QuoteLink.objects.get().state == "won"


def test_two_orders_of_one_quote_are_asked_about_and_neither_is_linked(asking):
    hub = asking
    _, quote, _ = differing(hub)
    hub.clerk("make_order", number=quote["number"])
    [first] = hub.erp_orders()
    twin = {name: first[name] for name in ("customerNumber", "externalDocumentNumber")}
    second = hub.clerk("create_order", order=twin)

    release("quote_differs")
    hub.work()

    item = ReviewItem.objects.get(state="open", code="double_in_erp")
    assert sorted(item.evidence["orders"]) == sorted([first["number"], second["number"]])
    assert (OrderLink.objects.count(), hub.sent()) == (0, hub.sent_before)


def test_a_rejected_order_is_not_ordered_when_its_quote_is_right_again(asking):
    hub = asking
    done, quote, right = differing(hub)
    item = ReviewItem.objects.get(state="open")
    review.decide(item.pk, "rejected", shown=item.fingerprint, user_id=None, through="Kim", reason="Too late")

    priced(hub, quote, right)
    hub.push(done)

    assert hub.messages(FLOW)[-1] == "rejected by Kim: Too late"
    assert (len(hub.truth()["salesQuotes"]), hub.erp_orders()) == (1, [])


def test_an_order_that_may_have_changed_is_read_again_before_the_erp_orders_it(asking):
    hub = asking
    done, quote, right = differing(hub)
    priced(hub, quote, right)
    StoreOrder.objects.update(needs_read=True)
    hub.faults({"kind": "down", "system": "store", "mode": "503"})

    release("quote_differs", "try_again")
    hub.work()
    assert (len(hub.truth()["salesQuotes"]), hub.erp_orders()) == (1, [])

    hub.forget_faults()
    hub.hurry()
    hub.work(lambda: OrderLink.objects.filter(order__external_id=done["id"]).exists())
    assert (hub.truth()["salesQuotes"], len(hub.erp_orders()), hub.sent()) == ([], 1, hub.sent_before)


def test_an_order_that_was_made_and_cannot_be_looked_up_is_no_order_that_was_not_made(asking):
    hub = asking
    done, quote, right = differing(hub)
    priced(hub, quote, right)
    # Looked for before the questions, right before it is made, and right after.
    hub.faults({"kind": "status", "status": 503, "system": "erp", "operation": "GET salesOrders", "nth": [3]})

    release("quote_differs", "try_again")
    hub.work()
    assert (states(), len(hub.erp_orders())) == (["open"], 1)

    hub.forget_faults()
    hub.hurry()
    hub.work(lambda: OrderLink.objects.filter(order__external_id=done["id"]).exists())
    assert (states(), len(hub.erp_orders()), hub.sent()) == (["confirmed"], 1, hub.sent_before)


def states():
    """Of the attempts to have a quote ordered."""
    return list(Attempt.objects.filter(operation="order_quote").values_list("state", flat=True))


def hold(**condition):
    rule = HoldRule.objects.create(name="Careful", is_enabled=True)
    row = HoldCondition(rule=rule, **condition)
    row.full_clean()
    row.save()
    return rule


@pytest.mark.parametrize("place", ["hub", "erp"])
def test_a_hold_rule_keeps_the_erp_from_ordering_until_it_is_approved(asking, place):
    hub = asking
    rule = hold(kind="words", value="crane")
    HoldRule.objects.update(place=place)
    draft, _ = quoted(hub, note="Needs a crane")

    done = completed(hub, draft)

    assert hub.reviews() == [(FLOW, rule.code)]
    assert (len(hub.truth()["salesQuotes"]), hub.erp_orders()) == (1, [])

    release(rule.code)
    hub.work()

    assert OrderLink.objects.get(order__external_id=done["id"]).number == hub.erp_orders()[0]["number"]
    assert (hub.truth()["salesQuotes"], hub.sent(), hub.reviews()) == ([], hub.sent_before, [])


def test_a_rule_does_not_keep_an_order_that_the_erp_has_made_already_from_being_linked(asking):
    hub = asking
    hold(kind="words", value="crane")
    draft, quote = quoted(hub, note="Needs a crane")
    made = hub.clerk("make_order", number=quote["number"])

    done = completed(hub, draft)

    assert OrderLink.objects.get(order__external_id=done["id"]).number == made["number"]
    assert (FLOW, "quote_over") not in hub.reviews()


def test_an_order_without_the_po_number_that_a_policy_asks_for_is_not_ordered(asking):
    hub = asking
    OrderPolicy.objects.update(blank_po="hold")
    draft, _ = quoted(hub, po_number="")

    completed(hub, draft)

    assert hub.reviews() == [(FLOW, "po_missing")]
    assert (len(hub.truth()["salesQuotes"]), hub.erp_orders()) == (1, [])


def test_values_that_a_person_entered_are_not_lost_in_an_order_that_the_erp_makes(asking):
    hub = asking
    rule = hold(kind="words", value="crane")
    draft, _ = quoted(hub, note="Needs a crane")
    done = completed(hub, draft)
    order = hub.order(done)
    order.overrides.create(field="po_number", value="PO-NEW", content_hash=order.content_hash)

    release(rule.code)
    hub.work()
    item = ReviewItem.objects.get(state="open")
    assert (item.code, item.evidence["entered"]) == ("quote_differs", {"po_number": "PO-NEW"})

    release("quote_differs")
    hub.work()
    [sent] = hub.erp_orders()
    assert (sent["externalDocumentNumber"].startswith("PO-NEW/"), hub.sent()) == (True, hub.sent_before + 1)
