"""Quote requests of a store that NetSuite makes estimates of, over both wires."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hub.connectors.quotes import is_of_quote
from orders.models import ErpOrder, OrderLink, QuoteLink
from tests.orders.quoting import begin, draft_of, look, quoted, read


@pytest.fixture
def asking(make_hub):
    # No call is given up on a slow machine: nothing here is about lost answers.
    return begin(make_hub(erp="netsuite", call_deadline=30.0))


def negotiated(hub, draft, quote):
    """Sales lower the price of a piece to 7.50, and the draft order has it."""
    changes = {"item": {"items": [{"line": 1, "amount": 15}]}}
    hub.clerk("edit_estimate", id=quote["id"], changes=changes)
    read(hub)
    return Decimal(draft_of(hub, draft)["totalPriceSet"]["shopMoney"]["amount"])


def completed(hub, draft):
    """Staff complete the draft order, and the hub comes to know of it."""
    done = hub.buyer("complete_draft", draft=draft["id"])
    hub.pull()
    look(hub)
    hub.hurry()
    hub.work_through()
    return done


def test_a_negotiated_estimate_is_won_as_one_order(asking):
    hub = asking
    draft, quote = quoted(hub)
    assert (quote["otherRefNum"], quote["status"]) == ("PO-Q1", "A")
    assert negotiated(hub, draft, quote) == Decimal("15.00")

    done = completed(hub, draft)

    [order] = hub.truth()["salesOrders"]
    [estimate] = hub.truth()["estimates"]
    link = OrderLink.objects.get(order__external_id=done["id"])
    assert (order["id"], order["createdFrom"], estimate["status"]) == (link.external_id, quote["id"], "B")
    assert (Decimal(order["total"]), order["status"], link.totals) == (Decimal("15.00"), "B", "equal")
    assert (QuoteLink.objects.get().state, hub.sent(), hub.reviews()) == ("won", hub.sent_before, [])

    hub.push(done)
    hub.pull_erp()
    read(hub)

    assert (len(hub.documents()), hub.reviews()) == (1, [])
    assert is_of_quote(ErpOrder.objects.get().reference)


def test_the_order_that_a_clerk_makes_of_an_estimate_is_the_drafts_order_and_no_offline_order(asking):
    hub = asking
    draft, quote = quoted(hub)
    made = hub.clerk("order_estimate", id=quote["id"])
    read(hub)
    hub.pull_erp()
    assert hub.reviews() == [("read_erp_quotes", "quote_ordered_in_erp")]
    assert (ErpOrder.objects.get().reference, QuoteLink.objects.get().state) == (
        quote["externalId"],
        "ordered",
    )

    done = completed(hub, draft)

    assert OrderLink.objects.get(order__external_id=done["id"]).external_id == made["id"]
    assert (QuoteLink.objects.get().state, hub.sent(), len(hub.documents())) == ("won", hub.sent_before, 1)
    assert hub.reviews() == []


def test_an_estimate_that_expired_is_told_and_one_that_was_billed_at_once_is_asked_about(asking):
    hub = asking
    draft, quote = quoted(hub)
    hub.clerk("edit_estimate", id=quote["id"], changes={"dueDate": "2026-01-31"})
    read(hub)
    assert (QuoteLink.objects.get().state, hub.reviews()) == ("expired", [])
    assert "quote-expired" in draft_of(hub, draft)["tags"]

    QuoteLink.objects.update(state="open", closed_at=None)
    hub.clerk("edit_estimate", id=quote["id"], changes={"dueDate": "2099-01-31"})
    hub.clerk("bill_estimate", id=quote["id"])
    read(hub)
    completed(hub, draft)

    assert ("push_order_to_erp", "quote_over") in hub.reviews()
    assert hub.documents() == []
