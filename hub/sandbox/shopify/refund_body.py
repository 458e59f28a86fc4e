"""Refunds and returns as webhooks (2026-07) word them."""

from __future__ import annotations

from hub.sandbox.shopify.errors import Record
from hub.sandbox.shopify.money import ZERO
from hub.sandbox.shopify.order_building import currencies_of
from hub.sandbox.shopify.paging import number_of
from hub.sandbox.shopify.shop import Shop
from hub.sandbox.shopify.worded import local_time, money_set, money_text


def refund_body(shop: Shop, order: Record, refund: Record) -> Record:
    """The body of refunds/create; lines carry their order line by id."""
    return_id = refund["_returnId"]
    return {
        "id": number_of(refund["id"]),
        "order_id": number_of(order["id"]),
        "created_at": local_time(shop, refund["createdAt"]),
        "note": refund["note"],
        "user_id": None,
        "processed_at": local_time(shop, refund["processedAt"]),
        "duties": [],
        "total_duties_set": money_set(currencies_of(order).bag(ZERO)),
        "return": {"id": number_of(return_id), "admin_graphql_api_id": return_id} if return_id else None,
        "refund_shipping_lines": [_shipping(row) for row in refund["_shipping"]],
        "restock": any(row["restocked"] for row in refund["_lines"]),
        "admin_graphql_api_id": refund["id"],
        "order_adjustments": [_adjustment(order, refund, row) for row in refund["_adjustments"]],
        "refund_line_items": [_line(row) for row in refund["_lines"]],
        "transactions": [_transaction(shop, order, row) for row in refund["_transactions"]],
    }


def _shipping(row: Record) -> Record:
    return {
        "id": number_of(row["id"]),
        "subtotal_amount_set": money_set(row["subtotalAmountSet"]),
        "tax_amount_set": money_set(row["taxAmountSet"]),
        "shipping_line": {"id": number_of(row["shippingLine"]["id"]), "title": row["shippingLine"]["title"]},
    }


def _adjustment(order: Record, refund: Record, row: Record) -> Record:
    return {
        "id": number_of(row["id"]),
        "order_id": number_of(order["id"]),
        "refund_id": number_of(refund["id"]),
        "kind": "refund_discrepancy",
        "reason": row["reason"].replace("_", " ").capitalize(),
        "amount": money_text(row["amountSet"]["shopMoney"]),
        "tax_amount": money_text(row["taxAmountSet"]["shopMoney"]),
        "amount_set": money_set(row["amountSet"]),
        "tax_amount_set": money_set(row["taxAmountSet"]),
    }


def _line(row: Record) -> Record:
    return {
        "id": number_of(row["id"]),
        "quantity": row["quantity"],
        "line_item_id": number_of(row["lineItem"]["id"]),
        "location_id": number_of(row["_locationId"]) if row["_locationId"] else None,
        "restock_type": row["restockType"].lower(),
        "subtotal": money_text(row["subtotalSet"]["shopMoney"]),
        "total_tax": money_text(row["totalTaxSet"]["shopMoney"]),
        "subtotal_set": money_set(row["subtotalSet"]),
        "total_tax_set": money_set(row["totalTaxSet"]),
        "line_item": {"id": number_of(row["lineItem"]["id"]), "sku": row["lineItem"]["sku"]},
    }


def _transaction(shop: Shop, order: Record, row: Record) -> Record:
    return {
        "id": number_of(row["id"]),
        "admin_graphql_api_id": row["id"],
        "order_id": number_of(order["id"]),
        "parent_id": number_of(row["parentTransaction"]["id"]),
        "kind": "refund",
        "status": row["status"].lower(),
        "gateway": row["gateway"],
        "amount": money_text(row["amountSet"]["presentmentMoney"]),
        "currency": order["presentmentCurrencyCode"],
        "created_at": local_time(shop, row["createdAt"]),
    }


def return_body(shop: Shop, order: Record, record: Record) -> Record:
    """The body of returns/*, as the published examples word it."""
    return {
        "id": number_of(record["id"]),
        "admin_graphql_api_id": record["id"],
        "status": record["status"].lower(),
        "order": {"id": number_of(order["id"]), "admin_graphql_api_id": order["id"]},
        "total_return_line_items": sum(line["quantity"] for line in record["_lines"]),
        "name": record["name"],
        "return_line_items": [
            {
                "id": number_of(line["id"]),
                "admin_graphql_api_id": line["id"],
                "quantity": line["quantity"],
                "return_reason": line["returnReason"].lower(),
                "return_reason_note": line["returnReasonNote"],
                "customer_note": line["customerNote"],
            }
            for line in record["_lines"]
        ],
        "return_shipping_fees": [],
        "exchange_line_items": [],
        "total_exchange_line_items": 0,
    }
