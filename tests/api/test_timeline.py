"""What came after an order was sent: shipments, returns, refunds, credits, and who decided about them."""

from __future__ import annotations

from django.contrib.auth.models import User

from hub.sync.models import ReviewItem
from tests.admin.rows import came_back


def test_the_timeline_tells_what_was_shipped_returned_refunded_and_credited_and_who_decided(world, key):
    order = world.sent()
    came_back(order, world.erp)

    items = world.get(f"orders/{order.pk}/timeline", key).json()["items"]

    told = {item["kind"]: (item["outcome"], item["words"], item["who"]) for item in items}
    assert told["shipped"] == ("shipped", "SH-1 of Back office.", "")
    assert told["fulfilled"] == ("created", "The store has SH-1 as f.", "")
    assert told["refunded"] == ("store", "Refund gid://shopify/Refund/7 was made in the store.", "")
    assert told["return_begun"] == ("requested", "The return #1001-R1 began in the store.", "")
    assert told["return_linked"] == ("created", "#1001-R1 is RA-1 in Back office.", "")
    assert told["credited"] == ("credited", "Credit memo CR-1 of Back office.", "")
    assert told["credit_linked"] == (
        "created",
        "The refund gid://shopify/Refund/7 is CR-1 in Back office.",
        "",
    )
    assert told["question_closed"] == ("approved", "return_request: torn", "API key Warehouse")
    ReviewItem.objects.update(decided_through="", decided_by=User.objects.create_user("kim"))
    items = world.get(f"orders/{order.pk}/timeline", key).json()["items"]
    assert {item["who"] for item in items if item["kind"] == "question_closed"} == {"staff"}
    one = world.get(f"orders/{order.pk}/timeline", key, page_size=1).json()
    pages = [one]
    while pages[-1]["next_cursor"]:
        pages.append(
            world.get(f"orders/{order.pk}/timeline", key, page_size=1, cursor=pages[-1]["next_cursor"]).json()
        )
    assert [item for page in pages for item in page["items"]] == items
