"""An order that a clerk types into the ERP, all the way into the buyer's order history."""

from __future__ import annotations

from decimal import Decimal

from orders.models import OrderLink
from tests.orders.offline_orders import link_location, show_offline_orders


def test_an_order_typed_into_the_erp_appears_in_the_store_with_its_totals_and_stays_one(hub):
    show_offline_orders(hub)
    link_location(hub)
    lines = [
        {
            "lineType": "Item",
            "lineObjectNumber": "IT-0001",
            "quantity": 3,
            "unitPrice": 3.33,
            "discountAmount": 0.49,
        },
        {"lineType": "Account", "lineObjectNumber": "6810", "quantity": 1, "unitPrice": 4.9},
    ]
    order = {"customerNumber": "10000", "externalDocumentNumber": "PO-FAX", "salesOrderLines": lines}
    made = hub.clerk("create_order", order=order)
    hub.clerk("release_order", number=made["number"])

    hub.pull_erp()
    hub.work(lambda: OrderLink.objects.exclude(sent_content_hash="").exists())
    hub.pull()
    hub.pull_erp()

    [copy] = hub.truth("stores")["orders"]
    [typed] = hub.erp_orders()
    total = Decimal(copy["totalPriceSet"]["shopMoney"]["amount"])
    assert total == Decimal(typed["totalAmountIncludingTax"])
    assert (copy["metafields"]["erp.number"], copy["poNumber"]) == (made["number"], "PO-FAX")
    assert [line["title"] for line in copy["shippingLines"]] == ["Express"]
    assert (OrderLink.objects.get().totals, hub.sent(), hub.reviews()) == ("equal", 0, [])
