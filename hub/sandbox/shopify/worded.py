"""How webhooks (2026-07) word times, money, and what an order's body tells of what was sent and given back."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from hub.sandbox.shopify.errors import Record
from hub.sandbox.shopify.money import rounded
from hub.sandbox.shopify.paging import number_of
from hub.sandbox.shopify.shop import Shop


def local_time(shop: Shop, stamp: str | None) -> str | None:
    """A stored stamp as webhooks word it: in the shop's time zone."""
    if stamp is None:
        return None
    return (
        datetime.fromisoformat(stamp)
        .astimezone(ZoneInfo(shop.settings.timezone))
        .isoformat(timespec="seconds")
    )


def money_text(money: Record) -> str:
    """An amount with all its minor units."""
    return f"{rounded(Decimal(money['amount']), money['currencyCode']):f}"


def money_set(bag: Record) -> Record:
    """A MoneyBag as webhooks word it."""
    return {
        "shop_money": {
            "amount": money_text(bag["shopMoney"]),
            "currency_code": bag["shopMoney"]["currencyCode"],
        },
        "presentment_money": {
            "amount": money_text(bag["presentmentMoney"]),
            "currency_code": bag["presentmentMoney"]["currencyCode"],
        },
    }


def fulfillment_part(fulfillment: Record) -> Record:
    """One of an order's `fulfillments`."""
    return {
        "id": number_of(fulfillment["id"]),
        "admin_graphql_api_id": fulfillment["id"],
        "status": fulfillment["status"].lower(),
        "line_items": [
            {"id": number_of(line["lineItem"]["id"]), "quantity": line["quantity"]}
            for line in fulfillment["_lines"]
        ],
    }


def refund_part(refund: Record) -> Record:
    """One of an order's `refunds`."""
    return {
        "id": number_of(refund["id"]),
        "admin_graphql_api_id": refund["id"],
        "refund_shipping_lines": [
            {
                "subtotal_amount_set": money_set(row["subtotalAmountSet"]),
                "tax_amount_set": money_set(row["taxAmountSet"]),
            }
            for row in refund["_shipping"]
        ],
        "refund_line_items": [
            {
                "line_item_id": number_of(row["lineItem"]["id"]),
                "quantity": row["quantity"],
                "restock_type": row["restockType"].lower(),
            }
            for row in refund["_lines"]
        ],
    }
