"""Examples in the description of the API. A test holds each against its shape."""

from __future__ import annotations

from typing import Any

_STORE = {"id": "6f1d2c9e-0f5b-4a35-8a36-6d1b1f0f3b52", "side": "store", "code": "EU", "name": "Euro store"}
_ERP = {"id": "0b0f6a2e-6a53-4a0c-9d0e-0f5d5a9b8c11", "side": "erp", "code": "BC", "name": "Business Central"}
_TOTAL = {"amount": "23.80", "currency": "EUR"}
_TAX = {"amount": "3.80", "currency": "EUR"}
_NET = {"amount": "20.00", "currency": "EUR"}


def _bag(amount: dict[str, str]) -> dict[str, Any]:
    return {"shop": amount, "presentment": amount}


_NOTHING = _bag({"amount": "0.00", "currency": "EUR"})
_VAT = {"title": "VAT", "rate": "0.19", "amount": _bag(_TAX)}

_LISTED: dict[str, Any] = {
    "id": "1204",
    "store": _STORE,
    "external_id": "gid://shopify/Order/5501",
    "name": "#1001",
    "po_number": "PO-77",
    "state": "sent",
    "is_test": False,
    "placed_at": "2026-03-01T08:00:00Z",
    "cancelled_at": None,
    "updated_at": "2026-03-01T08:00:01Z",
    "observed_at": "2026-03-01T08:00:02.120000Z",
    "financial_status": "PENDING",
    "company_location": {
        "id": "12",
        "external_id": "gid://shopify/CompanyLocation/31",
        "name": "Hamburg",
        "company_external_id": "gid://shopify/Company/30",
        "company_name": "Nordlicht GmbH",
    },
    "total": _TOTAL,
    "presentment_total": _TOTAL,
    "links": [
        {
            "erp": _ERP,
            "kind": "sales_order",
            "external_id": "8c5a7d3e-3f0d-4d63-a0c4-5b2d2b5d6a10",
            "number": "SO-1001",
            "reference": "PO-77 EU5501",
            "is_adopted": False,
            "linked_at": "2026-03-01T08:00:03Z",
            "totals": "equal",
            "expected_total": _TOTAL,
            "expected_tax": _TAX,
            "erp_total": _TOTAL,
            "erp_tax": _TAX,
            "tax_variance": None,
            "tax_variance_at": None,
            "tax_variance_policy": "",
            "reference_written_at": "2026-03-01T08:00:04Z",
            "reference_error": "",
        }
    ],
    "holds": [],
}
PAGE: dict[str, Any] = {"items": [_LISTED], "next": None, "next_cursor": None}
ORDER: dict[str, Any] = {
    **_LISTED,
    "store_side": {
        "taxes_included": False,
        "lines": [
            {
                "external_id": "gid://shopify/LineItem/9001",
                "sku": "TAB-001",
                "title": "Table",
                "variant_title": "Oak",
                "quantity": 2,
                "current_quantity": 2,
                "unit_price": _bag({"amount": "10.00", "currency": "EUR"}),
                "discount": _NOTHING,
                "taxes": [_VAT],
                "attributes": [],
            }
        ],
        "shipping_lines": [],
        "discount_codes": [],
        "attributes": [{"key": "Delivery", "value": "Gate 3"}],
        "payment_terms": {"type": "NET", "name": "Net 30", "due_in_days": 30},
        "subtotal": _bag(_NET),
        "discount_total": _NOTHING,
        "shipping_total": _NOTHING,
        "tax_total": _bag(_TAX),
        "total": _bag(_TOTAL),
        "current_total": _bag(_TOTAL),
        "unknown_parts": [],
    },
    "erp_side": [
        {
            "erp": _ERP,
            "external_id": "8c5a7d3e-3f0d-4d63-a0c4-5b2d2b5d6a10",
            "number": "SO-1001",
            "reference": "PO-77 EU5501",
            "status": "Open",
            "customer_number": "10000",
            "is_posted_invoice": False,
            "total_excluding_tax": _NET,
            "total_tax": _TAX,
            "total_including_tax": _TOTAL,
            "updated_at": "2026-03-01T08:00:03Z",
            "observed_at": "2026-03-01T08:01:00Z",
        }
    ],
}
TIMELINE: dict[str, Any] = {
    "items": [
        {
            "at": "2026-03-01T08:00:03Z",
            "kind": "task_ended",
            "flow": "push_order_to_erp",
            "outcome": "done",
            "words": "created SO-1001",
            "who": "",
        },
        {
            "at": "2026-03-01T08:00:00Z",
            "kind": "placed",
            "flow": "",
            "outcome": "",
            "words": "The order was placed in the store.",
            "who": "",
        },
    ],
    "next": None,
    "next_cursor": None,
}

TOLD_ORDER: dict[str, Any] = {
    "store": _STORE["id"],
    "number": "EDI-5501",
    "customer": "10000",
    "location": "Hamburg",
    "contact": "einkauf@nordlicht.example",
    "po_number": "PO-77",
    "lines": [
        {"sku": "TAB-001", "quantity": 2, "price": {"amount": "9.50", "currency": "EUR"}},
        {"item": "IT-0003", "unit": "PCS", "quantity": 10},
    ],
    "shipping": {"method": "Standard", "price": {"amount": "6.00", "currency": "EUR"}},
    "requested_ship_date": "2026-03-09",
    "ship_to": {
        "company": "Nordlicht Möbel GmbH",
        "line1": "Ballindamm 3",
        "city": "Hamburg",
        "postal_code": "20095",
        "country_code": "DE",
    },
    "note": "Ring twice.",
    "payment_terms": "Net 30",
    "attributes": [{"name": "Cost centre", "value": "4711"}],
}
PARTNER_ORDER: dict[str, Any] = {
    "id": "31",
    "store": _STORE["id"],
    "number": "EDI-5501",
    "po_number": "PO-77",
    "customer": "10000",
    "status": "in_erp",
    "reason": "",
    "order_id": "1204",
    "order_name": "#1001",
    "erp_numbers": ["SO-2041"],
    "received_at": "2026-03-01T08:00:00Z",
    "closed_at": "2026-03-01T08:00:04Z",
}
