"""The ERP's quote is ordered only where it is what the store's order says; else a person says which of them counts."""

from __future__ import annotations

import pytest

from hub.sync.models import ReviewItem
from orders.models import OrderLink, QuoteLink
from tests.orders.flows.test_adopt_orders import choose
from tests.orders.quotes.test_adopting import FLOW, completed
from tests.orders.quoting import asking, quoted, read

__all__ = ["asking"]

CODE = "quote_other_goods"
OTHER_GOODS = "twice the pieces at half the price"
OTHER_PLACE = {"changes": {"shipToName": "Lager Nord", "shipToCity": "Kiel", "shipToPostCode": "24103"}}


def differing(hub, edit):
    """Sales change the quote at the same total; the draft was told before. Returns the order and the quote."""
    draft, quote = quoted(hub)
    edited(hub, quote, edit)
    return completed(hub, draft), quote


def edited(hub, quote, edit):
    if edit == OTHER_GOODS:
        [line] = quote["lines"]
        said = {"quantity": float(line["quantity"]) * 2, "unitPrice": float(line["unitPrice"]) / 2}
        edit = {"sequence": 10000, "changes": said}
    hub.clerk("edit_quote", number=quote["number"], **edit)


@pytest.mark.parametrize(("edit", "what"), [(OTHER_GOODS, "quantity"), (OTHER_PLACE, "shipping address")])
def test_a_quote_of_other_goods_or_for_another_place_is_not_ordered_before_a_person_says_so(
    asking, edit, what
):
    hub = asking
    done, _ = differing(hub, edit)

    assert hub.reviews() == [(FLOW, CODE)]
    assert (len(hub.truth()["salesQuotes"]), hub.erp_orders()) == (1, [])
    item = ReviewItem.objects.get(state="open")
    assert what in item.message
    assert all(row["store"] != row["quote"] for row in item.evidence["differs"])

    choose(CODE, "quote")
    hub.work()

    assert OrderLink.objects.get(order__external_id=done["id"]).number == hub.erp_orders()[0]["number"]
    assert (hub.truth()["salesQuotes"], hub.sent(), hub.reviews()) == ([], hub.sent_before, [])
    assert QuoteLink.objects.get().state == "won"


def test_the_stores_order_is_sent_where_a_person_says_so_and_the_quote_stays(asking):
    hub = asking
    done, _ = differing(hub, OTHER_GOODS)

    choose(CODE, "store")
    hub.work()

    [order] = hub.erp_orders()
    assert [line["quantity"] for line in order["lines"] if line["lineType"] == "Item"] == ["2"]
    assert (hub.sent(), len(hub.truth()["salesQuotes"])) == (hub.sent_before + 1, 1)
    assert (OrderLink.objects.get(order__external_id=done["id"]).is_adopted, hub.reviews()) == (False, [])


def test_an_answer_about_a_quote_that_was_changed_since_is_none(asking):
    hub = asking
    _, quote = differing(hub, OTHER_GOODS)
    hub.clerk("edit_quote", number=quote["number"], **OTHER_PLACE)

    choose(CODE, "quote")
    hub.work()

    assert (hub.reviews(), hub.erp_orders()) == ([(FLOW, CODE)], [])
    assert "shipping address" in ReviewItem.objects.get(state="open").message


def test_what_is_asked_about_the_quote_itself_is_part_of_the_question(asking):
    hub = asking
    draft, quote = quoted(hub)
    edited(hub, quote, OTHER_GOODS)
    read(hub)
    assert hub.reviews() == [("push_quote_to_store", "quote_unclear")]
    [line] = quote["lines"]
    right = {name: float(line[name]) for name in ("quantity", "unitPrice")}
    edited(hub, quote, {"sequence": 10000, "changes": right})

    completed(hub, draft)

    assert (FLOW, CODE) in hub.reviews()
    assert hub.erp_orders() == []
    item = ReviewItem.objects.get(state="open", code=CODE)
    assert "cannot be put on" in item.evidence["asked"][0]

    choose(CODE, "quote")
    hub.work()

    assert (len(hub.erp_orders()), hub.reviews()) == (1, [])
