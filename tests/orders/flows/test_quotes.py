"""From a buyer's request to the ERP's order: the sandbox's buyer asks, its clerk prices, staff complete the draft."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from hub.sync.enqueue import enqueue
from hub.sync.models import ReviewItem
from hub.sync.review import decide
from orders.models import OrderLink, QuoteLink, QuotePolicy, StoreQuote
from tests.orders.offline_orders import link_location
from tests.world import NORDLICHT, release


@pytest.fixture
def asking(hub):
    """A store whose buyers ask for quotes, and whose company is linked."""
    link_location(hub)
    hub.policy = QuotePolicy.objects.create(
        store=hub.euro, erp=hub.erp, requests_from=datetime.now(UTC) - timedelta(hours=1)
    )
    hub.sent_before = hub.sent()
    return hub


def ask(hub, **more):
    wanted = {
        "company": NORDLICHT,
        "lines": [{"sku": "TAB-001", "quantity": 2}],
        "po_number": "PO-Q1",
        **more,
    }
    draft = hub.buyer("submit_draft", **wanted)
    look(hub)
    return draft


def look(hub):
    """The next pass over the store's requests."""
    enqueue("pull_store_quotes", hub.euro.pk)
    hub.work()


def read(hub):
    """The next look at the ERP's quotes."""
    enqueue("read_erp_quotes", hub.erp.pk)
    hub.work()


def draft_of(hub, draft):
    return next(one for one in hub.truth("stores")["draft_orders"] if one["id"] == draft["id"])


def quoted(hub, **more):
    """A request that sales approved: the draft and the ERP's quote."""
    draft = ask(hub, **more)
    release("quote_request")
    hub.work()
    [quote] = hub.truth()["salesQuotes"]
    return draft, quote


def test_sales_are_asked_before_a_quote_is_made_of_a_request(asking):
    hub = asking
    draft = ask(hub, note="For the new office")
    assert hub.reviews() == [("push_quote_to_erp", "quote_request")]
    assert ReviewItem.objects.get().evidence["note"] == "For the new office"
    assert hub.truth()["salesQuotes"] == []

    release("quote_request")
    hub.work()
    look(hub)

    [quote] = hub.truth()["salesQuotes"]
    link = QuoteLink.objects.get()
    assert (link.number, link.state, quote["customerNumber"]) == (quote["number"], "open", "10000")
    assert quote["externalDocumentNumber"].startswith("PO-Q1/Q.")
    assert f"erpquote:{quote['externalDocumentNumber'].partition('/')[2]}" in draft_of(hub, draft)["tags"]
    assert hub.reviews() == []


def test_what_a_request_lacks_is_named_and_it_goes_on_when_the_buyer_says_it(asking):
    hub = asking
    QuotePolicy.objects.update(
        needs_po_number=True, needed_attributes="Project code", date_attribute="Wanted on", asks_sales=False
    )
    draft = ask(hub, po_number="")
    [item] = ReviewItem.objects.all()
    assert (item.code, item.evidence["missing"]) == (
        "quote_incomplete",
        ["PO number", "Project code", "Wanted on (a date as 2026-12-24)"],
    )

    said = [{"key": "Project code", "value": "P7"}, {"key": "Wanted on", "value": "2026-12-24"}]
    hub.buyer("edit_draft", draft=draft["id"], po_number="PO-Q2", attributes=said)
    look(hub)

    assert (QuoteLink.objects.get().state, hub.reviews()) == ("open", [])


def test_a_declined_request_is_told_to_the_buyer_and_never_quoted(asking):
    hub = asking
    draft = ask(hub)
    item = ReviewItem.objects.get()

    decide(item.pk, "rejected", shown=item.fingerprint, user_id=None, through="Kim", reason="Not sold there")
    enqueue("push_quote_to_erp", hub.erp.pk, [item.record_id])
    hub.work()
    look(hub)

    shown = draft_of(hub, draft)
    assert "quote-declined" in shown["tags"]
    assert shown["note2"] == "Quote request declined: Not sold there"
    assert (hub.truth()["salesQuotes"], hub.reviews()) == ([], [])


def test_negotiated_prices_come_back_and_the_completed_draft_is_the_quotes_order(asking):
    hub = asking
    draft, quote = quoted(hub)
    hub.clerk("edit_quote", number=quote["number"], sequence=10000, changes={"unitPrice": 7.5})
    read(hub)
    assert Decimal(draft_of(hub, draft)["totalPriceSet"]["shopMoney"]["amount"]) == Decimal("15.00")

    done = hub.buyer("complete_draft", draft=draft["id"])
    hub.pull()
    look(hub)
    hub.hurry()
    hub.work_through()

    link = OrderLink.objects.get(order__external_id=done["id"])
    [order] = [one for one in hub.erp_orders() if one["id"] == link.external_id]
    assert order["externalDocumentNumber"] == quote["externalDocumentNumber"]
    assert Decimal(order["totalAmountIncludingTax"]) == Decimal("15.00")
    assert (link.totals, QuoteLink.objects.get().state) == ("equal", "won")
    assert (hub.truth()["salesQuotes"], hub.sent(), hub.reviews()) == ([], hub.sent_before, [])

    hub.push(done)
    hub.pull_erp()

    assert (hub.sent(), len(hub.erp_orders()), hub.reviews()) == (hub.sent_before, 1, [])


def test_an_answer_that_was_lost_makes_no_second_quote_and_no_second_order(asking):
    hub = asking
    hub.faults({"kind": "commit_then_drop", "system": "erp", "operation": "POST salesQuotes", "first": 1})
    draft = ask(hub)
    release("quote_request")
    hub.work(lambda: QuoteLink.objects.exists())
    assert len(hub.truth()["salesQuotes"]) == 1

    hub.faults({"kind": "commit_then_drop", "system": "erp", "operation": "POST makeOrder", "first": 1})
    done = hub.buyer("complete_draft", draft=draft["id"])
    look(hub)
    hub.pull()
    hub.hurry()
    hub.work(lambda: OrderLink.objects.filter(order__external_id=done["id"]).exists())

    assert (hub.sent(), len(hub.erp_orders()), hub.truth()["salesQuotes"]) == (hub.sent_before, 1, [])


@pytest.mark.parametrize("end", ["lost", "expired"])
def test_a_quote_that_came_to_nothing_is_told_and_its_order_is_asked_about(asking, end):
    hub = asking
    draft, quote = quoted(hub)
    if end == "lost":
        hub.clerk("delete_quote", number=quote["number"])
    else:
        hub.clerk("edit_quote", number=quote["number"], changes={"validUntilDate": "2026-01-31"})
    read(hub)
    assert f"quote-{end}" in draft_of(hub, draft)["tags"]
    assert (QuoteLink.objects.get().state, hub.reviews()) == (end, [])
    if end == "expired":
        return

    hub.buyer("complete_draft", draft=draft["id"])
    hub.pull()
    look(hub)
    hub.hurry()
    hub.work()

    assert hub.reviews() == [("push_order_to_erp", "quote_over")]
    release("quote_over")
    hub.work()
    assert (hub.sent(), hub.reviews()) == (hub.sent_before + 1, [])


def test_one_that_was_ordered_in_the_erp_waits_for_the_draft_and_is_linked_to_it(asking):
    hub = asking
    draft, quote = quoted(hub)
    made = hub.clerk("make_order", number=quote["number"])
    read(hub)
    assert hub.reviews() == [("read_erp_quotes", "quote_ordered_in_erp")]

    done = hub.buyer("complete_draft", draft=draft["id"])
    hub.pull()
    look(hub)
    hub.hurry()
    hub.work()

    assert OrderLink.objects.get(order__external_id=done["id"]).number == made["number"]
    assert (QuoteLink.objects.get().state, hub.sent(), hub.reviews()) == ("won", hub.sent_before, [])


def test_a_request_that_changes_after_it_was_quoted_is_asked_about(asking):
    hub = asking
    draft, _ = quoted(hub)

    hub.buyer("edit_draft", draft=draft["id"], lines=[{"sku": "TAB-001", "quantity": 5}])
    look(hub)

    assert hub.reviews() == [("push_quote_to_erp", "quote_changed")]
    assert StoreQuote.objects.get().link.sent_hash != StoreQuote.objects.get().request_hash
