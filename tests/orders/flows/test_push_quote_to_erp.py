from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hub.sync.models import ReviewItem
from inventory.models import ItemMapping
from orders.models import OrderLink, QuoteLink, QuotePolicy, StoreQuote
from tests.orders.quoting import ask, asking, draft_of, look, quoted
from tests.world import release

__all__ = ["asking"]


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


def test_an_answer_that_was_lost_makes_no_second_quote_and_no_second_order(asking):
    hub = asking
    ItemMapping.objects.filter(store=hub.euro, sku="TAB-001").update(warehouse="WEST")
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
    [west] = [place["id"] for place in hub.truth()["locations"] if place["code"] == "WEST"]
    assert [line["locationId"] for line in hub.erp_orders()[0]["lines"]] == [west], "as the quote named it"


def test_a_request_that_changes_after_it_was_quoted_is_asked_about(asking):
    hub = asking
    draft, _ = quoted(hub)

    hub.buyer("edit_draft", draft=draft["id"], lines=[{"sku": "TAB-001", "quantity": 5}])
    look(hub)

    assert hub.reviews() == [("push_quote_to_erp", "quote_changed")]
    assert StoreQuote.objects.get().link.sent_hash != StoreQuote.objects.get().request_hash


def test_what_changed_while_sales_thought_about_it_is_read_before_a_quote_is_made_of_it(asking):
    hub = asking
    draft = ask(hub)
    StoreQuote.objects.update(observed_at=datetime.now(UTC) - timedelta(minutes=2))
    hub.buyer("edit_draft", draft=draft["id"], lines=[{"sku": "TAB-001", "quantity": 5}])

    release("quote_request")
    hub.work()

    assert (hub.reviews(), hub.truth()["salesQuotes"]) == ([("push_quote_to_erp", "quote_request")], [])
    item = ReviewItem.objects.get(state="open")
    assert item.evidence["lines"][0].startswith("5 × ")
    release("quote_request")
    hub.work()
    [quote] = hub.truth()["salesQuotes"]
    assert [line["quantity"] for line in quote["lines"]] == ["5"]
