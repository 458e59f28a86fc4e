from __future__ import annotations

from decimal import Decimal

import pytest

from hub.sync.enqueue import enqueue
from hub.sync.models import ReviewItem
from hub.sync.review import decide
from orders.models import OrderLink, QuoteLink
from tests.orders.quoting import ask, asking, begin, draft_of, look, quoted, read

__all__ = ["asking"]
WITH_TAX = {"taxes": [{"title": "VAT", "rate": "0.19"}], "taxes_included": True}


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


@pytest.mark.parametrize(("price", "total"), [(8.405, "20.00"), (6.25, "14.88")])
def test_prices_without_tax_come_back_to_a_store_whose_prices_include_it_to_the_minor_unit(
    make_hub, price, total
):
    hub = begin(make_hub(store_options=WITH_TAX))
    draft, quote = quoted(hub)
    hub.clerk("edit_quote", number=quote["number"], sequence=10000, changes={"unitPrice": price})
    read(hub)
    assert Decimal(draft_of(hub, draft)["totalPriceSet"]["shopMoney"]["amount"]) == Decimal(total)

    done = hub.buyer("complete_draft", draft=draft["id"])
    hub.pull()
    look(hub)
    hub.hurry()
    hub.work_through()

    assert Decimal(hub.erp_orders()[0]["totalAmountIncludingTax"]) == Decimal(total)
    assert OrderLink.objects.get(order__external_id=done["id"]).totals == "equal"
    assert (hub.sent(), hub.reviews()) == (hub.sent_before, [])


def test_a_price_that_is_no_exact_one_with_tax_is_asked_about_with_the_numbers(make_hub):
    hub = begin(make_hub(store_options=WITH_TAX))
    draft, quote = quoted(hub)
    hub.clerk("edit_quote", number=quote["number"], sequence=10000, changes={"unitPrice": 7.5})
    read(hub)

    assert hub.reviews() == [("push_quote_to_store", "quote_unclear")]
    assert ", 17.85 with tax for 2, is no exact price" in ReviewItem.objects.get(state="open").message
    assert Decimal(draft_of(hub, draft)["totalPriceSet"]["shopMoney"]["amount"]) == Decimal("24.00")
