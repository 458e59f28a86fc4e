"""Reads by global ids of any type."""

from __future__ import annotations

from hub.sandbox.shopify import orders
from hub.sandbox.shopify.errors import Args, Record, access_denied, invalid_id
from hub.sandbox.shopify.registry import query
from hub.sandbox.shopify.shop import Shop

_SCOPES = {
    "InventoryItem": ("read_inventory", "write_inventory", "read_products", "write_products"),
    "InventoryLevel": ("read_inventory", "write_inventory"),
    "Location": ("read_locations", "write_locations"),
    "Order": ("read_orders",),
    "Product": ("read_products", "write_products"),
    "ProductVariant": ("read_products", "write_products"),
}
"""Of which a token needs one, where the type asks for any."""


@query("node")
def node(shop: Shop, args: Args) -> Record | None:
    return _read(shop, args["id"], "node")


@query("nodes")
def nodes(shop: Shop, args: Args) -> list[Record | None]:
    return [_read(shop, gid, "nodes") for gid in args["ids"]]


def _read(shop: Shop, gid: str, field: str) -> Record | None:
    parts = gid.split("/")
    if len(parts) != 5 or not gid.startswith("gid://shopify/") or not parts[4]:
        raise invalid_id()
    needed = _SCOPES.get(parts[3], ())
    if needed and not shop.settings.scopes.intersection(needed):
        raise access_denied(field, needed[0])
    if parts[3] == "Order":
        found: Record | None = orders.order(shop, {"id": gid})
        return found
    if parts[3] == "Metafield":
        return next((m for m in shop.every_metafield() if m["id"] == gid), None)
    return shop.get(parts[3], gid)
