"""What Shopify's webhooks tell of stock. Their ids are numbers; levels tell what is available and nothing else."""

from __future__ import annotations

from collections.abc import Callable

from hub.connectors.http import parse_json
from hub.connectors.store_stock import ToldItem, ToldLevel, ToldProduct, ToldStock, ToldVariant
from hub.connectors.stores.shopify.shapes import (
    Node,
    clean,
    flag,
    gid,
    gid_of_number,
    integer,
    members,
    moment,
    optional_gid,
    text,
)

STOCK_TOPICS = (
    "inventory_levels/connect",
    "inventory_levels/update",
    "inventory_levels/disconnect",
    "inventory_items/create",
    "inventory_items/update",
    "inventory_items/delete",
    "products/create",
    "products/update",
    "products/delete",
)
# GraphQL's Int, which is what a quantity is read as.
LARGEST_QUANTITY = 2**31 - 1


def told_of_stock(topic: str, body: bytes) -> ToldStock:
    """What the body of one of STOCK_TOPICS tells; raises ValueError with the reason where it is not usable."""
    document = parse_json(body)
    if not isinstance(document, dict):
        raise ValueError("the body is not a JSON object")
    resource, _, happened = topic.partition("/")
    return _PARSERS[resource](clean(document), happened)


def _level(node: Node, happened: str) -> ToldLevel:
    is_stocked = happened != "disconnect"
    return ToldLevel(
        item_external_id=_gid(node, "inventory_item_id", "InventoryItem"),
        location_external_id=_gid(node, "location_id", "Location"),
        available=_quantity(node) if is_stocked else None,
        updated_at=moment(node, "updated_at") if is_stocked else None,
    )


def _item(node: Node, happened: str) -> ToldItem:
    return ToldItem(
        external_id=_own_gid(node, "InventoryItem"),
        sku=text(node, "sku"),
        is_tracked=flag(node, "tracked") if happened != "delete" else None,
    )


def _product(node: Node, happened: str) -> ToldProduct:
    external_id = _own_gid(node, "Product")
    if happened == "delete":
        return ToldProduct(external_id)
    variants = tuple(_variant(one) for one in members(node, "variants"))
    # A body shows the first hundred variants and names them all.
    listed = [gid(one, "admin_graphql_api_id", "ProductVariant") for one in members(node, "variant_gids")]
    return ToldProduct(external_id, variants, tuple(listed) or tuple(one.external_id for one in variants))


def _variant(node: Node) -> ToldVariant:
    return ToldVariant(
        external_id=_own_gid(node, "ProductVariant"),
        item_external_id=gid_of_number(node, "inventory_item_id", "InventoryItem"),
        sku=text(node, "sku"),
        barcode=text(node, "barcode"),
        oversells=text(node, "inventory_policy") == "continue",
    )


def _own_gid(node: Node, kind: str) -> str:
    return optional_gid(node, "admin_graphql_api_id", kind) or _gid(node, "id", kind)


def _gid(node: Node, key: str, kind: str) -> str:
    found = gid_of_number(node, key, kind)
    if not found:
        raise ValueError(f"the body names no {key}")
    return found


def _quantity(node: Node) -> int | None:
    if node.get("available") is None:
        return None
    found = integer(node, "available")
    if abs(found) > LARGEST_QUANTITY:
        raise ValueError(f"{found} pieces are more than Shopify counts")
    return found


_PARSERS: dict[str, Callable[[Node, str], ToldStock]] = {
    "inventory_levels": _level,
    "inventory_items": _item,
    "products": _product,
}
