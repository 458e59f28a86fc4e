from __future__ import annotations

from decimal import Decimal

from hub.sync.enqueue import enqueue
from hub.sync.models import ReviewItem
from hub.sync.review import decide
from orders.models import OrderLink, QuoteLink
from tests.orders.quoting import ask, asking, draft_of, look, quoted, read

__all__ = ["asking"]


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
