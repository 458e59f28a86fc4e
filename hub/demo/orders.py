"""The twenty-two orders of the demonstration, and what must become of each."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from hub.demo import goods

SENT, KEPT_OUT = "sent", "kept out"
VAT19 = [{"title": "VAT", "rate": "0.19"}]
VAT7 = [{"title": "VAT", "rate": "0.07"}]
SALES_TAX = [{"title": "Sales tax", "rate": "0.0825"}]


@dataclass(frozen=True, slots=True)
class DemoOrder:
    """One order: in which store, what the buyer does, and the outcome that is right.

    `outcome` is "sent", "kept out", or the code of the review item that must hold it.
    """

    title: str
    store: str
    outcome: str
    order: dict[str, Any] = field(default_factory=dict)
    action: str = "place_order"


def lines(*pairs: tuple[int, int], **more: Any) -> list[dict[str, Any]]:
    """Lines of (item index, quantity); `more` goes onto each."""
    return [{"sku": goods.sku(index), "quantity": quantity, **more} for index, quantity in pairs]


def orders() -> list[DemoOrder]:
    """All of them, in the order they are placed."""
    return [*_euro(), *_euro_troubles(), *_dollar()]


def _euro() -> list[DemoOrder]:
    nordlicht, alpenhaus = "Nordlicht Möbel GmbH", "Alpenhaus Ausstattung KG"
    standard = [{"title": "Standard", "price": "12.50"}]
    return [
        DemoOrder(
            "two lines on Net 30", "euro", SENT,
            _order(nordlicht, "PO-4711", lines((1, 3), (2, 2)), shipping=standard),
        ),
        DemoOrder(
            "line discount", "euro", SENT,
            _order(alpenhaus, "ALP/2026/88", lines((5, 10), discount={"title": "Volume", "percent": "10"})),
        ),
        DemoOrder(
            "discount on the order and on shipping", "euro", SENT,
            _order(
                "Atelier Rhône SARL", "AR-17", lines((7, 4), (8, 6), (9, 1)), taxes=[],
                discount={"code": "WELCOME", "amount": "20.00"},
                shipping=[
                    {
                        "title": "Freight", "price": "80.00",
                        "discount": {"title": "Half freight", "percent": "50"},
                    },
                ],
            ),
        ),
        DemoOrder(
            "reverse charge, no tax", "euro", SENT,
            _order("Canal Interiors B.V.", "C-9", lines((11, 2), (12, 2)), taxes=[]),
        ),
        DemoOrder(
            "120 lines", "euro", SENT,
            _order(nordlicht, "PO-4712", lines(*((n, 1 + n % 4) for n in range(1, 121)))),
        ),
        DemoOrder(
            "emoji in the note, attributes", "euro", SENT,
            _order(
                alpenhaus, "ALP/2026/89", lines((3, 1)),
                note="Bitte an Tor 2 🚚 – danke!", attributes={"Cost center": "4400"},
            ),
        ),
        DemoOrder(
            "tax included in prices", "euro", SENT,
            _order(nordlicht, "PO-4713", lines((13, 2), (14, 1)), taxes_included=True),
        ),
        DemoOrder(
            "two tax rates", "euro", SENT,
            _order(alpenhaus, "ALP/2026/90", [*lines((15, 2)), *lines((16, 3), taxes=VAT7)]),
        ),
        DemoOrder(
            "bought in dollars, booked in euro", "euro", SENT,
            _order(
                "Canal Interiors B.V.", "C-10", lines((20, 2)), taxes=[],
                presentment_currency="USD", presentment_rate="1.08",
            ),
        ),
        DemoOrder(
            "same PO number, another company", "euro", SENT,
            _order(alpenhaus, "PO-4711", lines((21, 1))),
        ),
        DemoOrder("no PO number", "euro", SENT, _order(nordlicht, "", lines((22, 5)))),
    ]  # fmt: skip


def _euro_troubles() -> list[DemoOrder]:
    nordlicht = "Nordlicht Möbel GmbH"
    return [
        DemoOrder(
            "PO number used before", "euro", "possible_duplicate",
            _order(nordlicht, "PO-4711", lines((1, 3), (2, 2))),
        ),
        DemoOrder(
            "a line without a SKU", "euro", "mapping_missing",
            _order(
                nordlicht, "PO-4714",
                [*lines((4, 1)), {"title": "Assembly on site", "price": "95.00", "quantity": 1}],
            ),
        ),
        DemoOrder(
            "a SKU that nobody mapped", "euro", "mapping_missing",
            _order(
                nordlicht, "PO-4715",
                [{"sku": "NEW-900", "title": "Novelty", "price": "15.00", "quantity": 2}],
            ),
        ),
        DemoOrder(
            "an item that is blocked in the ERP", "euro", "record_rejected",
            _order(nordlicht, "PO-4716", lines((goods.BLOCKED, 1))),
        ),
        DemoOrder(
            "a company that the ERP does not know", "euro", "ambiguous_match",
            _order(goods.STRANGER, "S-1", lines((6, 1))),
        ),
        DemoOrder("a test order", "euro", KEPT_OUT, _order(nordlicht, "PO-TEST", lines((1, 1)), test=True)),
        DemoOrder(
            "a private customer", "euro", KEPT_OUT,
            {
                "customer": {"email": "someone@example.com", "first_name": "Sam", "last_name": "One"},
                "lines": lines((2, 1)),
                "paid": True,
            },
        ),
    ]  # fmt: skip


def _dollar() -> list[DemoOrder]:
    prairie, harbor = "Prairie Office Supply Inc.", "Harbor Hospitality LLC"
    return [
        DemoOrder(
            "sales tax", "dollar", SENT,
            _order(prairie, "77120", lines((30, 2), (31, 1)), taxes=SALES_TAX),
        ),
        DemoOrder(
            "exempt buyer, paid by card", "dollar", SENT,
            _order(harbor, "HH-5", lines((33, 12)), taxes=[], payment_terms=None, paid=True),
        ),
        DemoOrder(
            "large quantities on Net 60", "dollar", SENT,
            _order(prairie, "77121", lines((40, 500), (41, 250)), taxes=[], payment_terms="Net 60"),
        ),
        DemoOrder(
            "a delivery in the published example's shape", "dollar", KEPT_OUT,
            {"payload": example_payload()}, "place_raw_order",
        ),
    ]  # fmt: skip


def _order(company: str, po_number: str, order_lines: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    order: dict[str, Any] = {
        "company": company,
        "po_number": po_number,
        "lines": order_lines,
        "taxes": VAT19,
        "payment_terms": "Net 30",
        **more,
    }
    return {key: value for key, value in order.items() if value not in (None, "")}


def example_payload() -> dict[str, Any]:
    """An orders/create body of API 2026-07, with our values.

    The shape is that of Shopify's published example, which has no company.
    """
    price, shipping = Decimal("60.00"), Decimal("10.00")
    total = price + shipping
    body: dict[str, Any] = copy.deepcopy(_HEAD)
    for key in ("current_subtotal", "subtotal", "total_line_items"):
        body[f"{key}_price"], body[f"{key}_price_set"] = str(price), _bag(price)
    for key in ("current_total_price", "total_price"):
        body[key], body[f"{key}_set"] = str(total), _bag(total)
    for key in ("current_total_discounts", "current_total_tax", "total_discounts", "total_tax"):
        body[key], body[f"{key}_set"] = "0.00", _bag(Decimal(0))
    body["total_shipping_price_set"] = body["current_shipping_price_set"] = _bag(shipping)
    body["total_outstanding"] = str(total)
    body["line_items"] = [
        {**_LINE, "price": str(price), "price_set": _bag(price), "total_discount_set": _bag(Decimal(0))}
    ]
    body["shipping_lines"] = [
        {
            **_SHIPPING,
            "price": str(shipping),
            "price_set": _bag(shipping),
            "discounted_price": str(shipping),
            "discounted_price_set": _bag(shipping),
            "current_discounted_price_set": _bag(shipping),
        }
    ]
    return body


def _bag(amount: Decimal) -> dict[str, Any]:
    money = {"amount": f"{amount:.2f}", "currency_code": "USD"}
    return {"shop_money": money, "presentment_money": money}


_ADDRESS: dict[str, Any] = {
    "first_name": "Kim",
    "last_name": "Reader",
    "name": "Kim Reader",
    "company": None,
    "address1": "7 Sample Street",
    "address2": None,
    "city": "Louisville",
    "zip": "40202",
    "province": "Kentucky",
    "province_code": "KY",
    "country": "United States",
    "country_code": "US",
    "phone": None,
    "latitude": None,
    "longitude": None,
}
_HEAD: dict[str, Any] = {
    "id": 820982911946154,
    "admin_graphql_api_id": "gid://shopify/Order/820982911946154",
    "app_id": None,
    "browser_ip": None,
    "buyer_accepts_marketing": True,
    "cancel_reason": None,
    "cancelled_at": None,
    "cart_token": None,
    "checkout_token": None,
    "client_details": None,
    "closed_at": None,
    "confirmation_number": None,
    "confirmed": False,
    "contact_email": "kim@example.com",
    "created_at": "2026-11-02T19:00:00-05:00",
    "currency": "USD",
    "current_total_additional_fees_set": None,
    "current_total_duties_set": None,
    "customer": None,
    "customer_locale": "en",
    "device_id": None,
    "discount_applications": [],
    "discount_codes": [],
    "duties_included": False,
    "email": "kim@example.com",
    "estimated_taxes": False,
    "financial_status": "pending",
    "fulfillment_status": None,
    "fulfillments": [],
    "landing_site": None,
    "landing_site_ref": None,
    "line_item_groups": [],
    "location_id": None,
    "merchant_business_entity_id": "SAMPLE",
    "merchant_of_record_app_id": None,
    "name": "#9999",
    "note": None,
    "note_attributes": [],
    "number": 9999,
    "order_number": 9999,
    "order_status_url": "https://example.com/status",
    "original_total_additional_fees_set": None,
    "original_total_duties_set": None,
    "payment_gateway_names": ["visa", "bogus"],
    "payment_terms": None,
    "phone": None,
    "po_number": None,
    "presentment_currency": "USD",
    "processed_at": "2026-11-02T19:00:00-05:00",
    "reference": None,
    "referring_site": None,
    "refunds": [],
    "returns": [],
    "source_identifier": None,
    "source_name": "web",
    "source_url": None,
    "tags": "tag1, tag2",
    "tax_exempt": False,
    "tax_lines": [],
    "taxes_included": False,
    "test": True,
    "token": "sample",
    "total_cash_rounding_payment_adjustment_set": _bag(Decimal(0)),
    "total_cash_rounding_refund_adjustment_set": _bag(Decimal(0)),
    "total_tip_received": "0.00",
    "total_weight": 0,
    "updated_at": "2026-11-02T19:00:00-05:00",
    "user_id": None,
    "billing_address": _ADDRESS,
    "shipping_address": _ADDRESS,
}
_LINE: dict[str, Any] = {
    "id": 866550311766439,
    "admin_graphql_api_id": "gid://shopify/LineItem/866550311766439",
    "attributed_staffs": [],
    "current_quantity": 1,
    "discount_allocations": [],
    "duties": [],
    "fulfillable_quantity": 1,
    "fulfillment_service": "manual",
    "fulfillment_status": None,
    "gift_card": False,
    "grams": 500,
    "name": "Sunglasses",
    "product_exists": True,
    "product_id": 788032119674,
    "properties": [],
    "quantity": 1,
    "requires_shipping": True,
    "sales_line_item_group_id": None,
    "sku": "SUN-1",
    "tax_lines": [],
    "taxable": True,
    "title": "Sunglasses",
    "total_discount": "0.00",
    "variant_id": None,
    "variant_inventory_management": None,
    "variant_title": None,
    "vendor": None,
}
_SHIPPING: dict[str, Any] = {
    "id": 271878346596,
    "carrier_identifier": None,
    "code": None,
    "discount_allocations": [],
    "is_removed": False,
    "phone": None,
    "requested_fulfillment_service_id": None,
    "source": "shopify",
    "tax_lines": [],
    "title": "Generic Shipping",
}
