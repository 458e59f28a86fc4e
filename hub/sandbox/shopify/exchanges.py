"""Exchanges: what is sent for what comes back. A line of the return first, lines of the order once it is processed.

A piece costs what the catalogue asks on the day it is processed, less the discount that was agreed, and is taxed like
the order's first taxed line, as an added line of an order edit is.
"""

from __future__ import annotations

from hub.sandbox.shopify import inventory, order_edit_sessions
from hub.sandbox.shopify.errors import Args, Record, Refused
from hub.sandbox.shopify.money import ZERO, Pair, pair_of
from hub.sandbox.shopify.order_edit_apply import apply, preview
from hub.sandbox.shopify.paging import page
from hub.sandbox.shopify.registry import field
from hub.sandbox.shopify.shop import Shop

INVALID_QUANTITY = "Exchange line item has an invalid quantity."


def lines_of(shop: Shop, rows: list[Record], path: list[str]) -> list[Record]:
    """The exchange lines of a new return, each checked."""
    return [_line(shop, row, [*path, "exchangeLineItems", str(index)]) for index, row in enumerate(rows)]


def _line(shop: Shop, given: Record, path: list[str]) -> Record:
    if shop.get("ProductVariant", given.get("variantId")) is None:
        raise Refused([*path, "variantId"], "Exchange line item has an invalid variant.", "NOT_FOUND")
    if given["quantity"] <= 0:
        raise Refused([*path, "quantity"], INVALID_QUANTITY, "INVALID")
    return {
        "__typename": "ExchangeLineItem",
        "id": shop.new_gid("ExchangeLineItem"),
        "variantId": given["variantId"],
        "quantity": given["quantity"],
        "processedQuantity": 0,
        "_discount": _discount(given.get("appliedDiscount"), path),
        "_items": [],
    }


def _discount(given: Record | None, path: list[str]) -> Record | None:
    """As an order edit takes it: for each piece where it is an amount."""
    if given is None:
        return None
    value = given["value"]
    if (value.get("amount") is None) == (value.get("percentage") is None):
        raise Refused([*path, "appliedDiscount"], "Exchange line item has an invalid discount.", "INVALID")
    return {
        "description": given.get("description"),
        "fixedValue": value.get("amount"),
        "percentValue": value.get("percentage"),
    }


def chosen(record: Record, rows: list[Record], path: list[str]) -> list[tuple[Record, int]]:
    """The exchange lines of a return that a call names, with their pieces. Refuses more than is left."""
    found = []
    for index, row in enumerate(rows):
        where = [*path, "exchangeLineItems", str(index)]
        line = next((one for one in record["_exchanged"] if one["id"] == row["id"]), None)
        if line is None:
            raise Refused([*where, "id"], "Exchange line item was not found.", "NOT_FOUND")
        if not 0 < row["quantity"] <= line["quantity"] - line["processedQuantity"]:
            raise Refused([*where, "quantity"], INVALID_QUANTITY, "INVALID")
        found.append((line, row["quantity"]))
    return found


def worth_of(shop: Shop, order: Record, pieces: list[tuple[Record, int]]) -> Pair:
    """What these pieces cost, with tax."""
    if not pieces:
        return ZERO
    staged = preview(shop, _staged(shop, order, pieces))
    return pair_of(staged["currentTotalPriceSet"]) - pair_of(order["currentTotalPriceSet"])


def add_to(shop: Shop, order: Record, pieces: list[tuple[Record, int]]) -> None:
    """These pieces become lines of the order."""
    if not pieces:
        return
    known = len(order["_lines"])
    apply(shop, order, _staged(shop, order, pieces), lambda line: line)
    for (exchange, quantity), line in zip(pieces, order["_lines"][known:], strict=True):
        exchange["processedQuantity"] += quantity
        exchange["_items"].append(line)
        inventory.take(shop, line, quantity)
    order["edited"] = True


def _staged(shop: Shop, order: Record, pieces: list[tuple[Record, int]]) -> Record:
    """An edit that holds only what is added. Staff's: it waits for no app's open edit, and nobody commits it."""
    session = order_edit_sessions.begin(shop, order, by_staff=True) | {"_isDone": True}
    shop.tables[order_edit_sessions.KIND][session["id"]] = session
    for exchange, quantity in pieces:
        variant = shop.get("ProductVariant", exchange["variantId"])
        line = order_edit_sessions.add_variant(shop, session, variant, quantity, may_repeat=True)
        if exchange["_discount"] is not None:
            order_edit_sessions.add_discount(shop, session, line, exchange["_discount"])
    return session


@field("Return.exchangeLineItems")
def exchange_lines(_shop: Shop, record: Record, args: Args) -> Record:
    return page(record["_exchanged"], args)


@field("ExchangeLineItem.lineItems")
def items_of_exchange(_shop: Shop, line: Record, _args: Args) -> list[Record]:
    found: list[Record] = line["_items"]
    return found


@field("ExchangeLineItem.unprocessedQuantity", "ExchangeLineItem.processableQuantity")
def unprocessed_exchange(_shop: Shop, line: Record, _args: Args) -> int:
    return int(line["quantity"] - line["processedQuantity"])
