"""What a store's people do with its stock and its catalogue outside the API."""

from __future__ import annotations

from hub.sandbox.shopify import products
from hub.sandbox.shopify.errors import Record
from hub.sandbox.shopify.product_body import level_body
from hub.sandbox.shopify.registry import action
from hub.sandbox.shopify.shop import Shop

_CHANGES = ("barcode", "policy", "sku", "tracked")


@action("count_stock")
def count_stock(shop: Shop, data: Record) -> Record:
    """Set quantities of an item at a location: `available`, `incoming` and the like; it is stocked there by this.

    What lies there is the sum of all others but what is on its way.
    """
    item, place = _item(shop, data), _place(shop, data)
    named = {name: int(data[name]) for name in products.QUANTITIES if name in data}
    level = products.stock(shop, item, place)
    level["_quantities"] |= named
    others = (name for name in products.QUANTITIES if name not in ("on_hand", "incoming"))
    level["_quantities"]["on_hand"] = sum(level["_quantities"][name] for name in others)
    shop.touch(level)
    shop.emit("inventory_levels/update", lambda: level_body(level))
    return {"item": item["id"], "location": place["id"]}


@action("unstock_item")
def unstock_item(shop: Shop, data: Record) -> Record:
    """Stop stocking an item at a location, which must not be its only one and have none of it committed."""
    item, place = _item(shop, data), _place(shop, data)
    level = shop.levels.get((item["id"], place["id"]))
    if level is None:
        raise ValueError(f"{place['name']} does not stock {item['sku']}")
    if sum(key[0] == item["id"] for key in shop.levels) == 1:
        raise ValueError(f"{place['name']} is the only location that stocks {item['sku']}")
    if level["_quantities"]["committed"] or level["_quantities"]["incoming"]:
        raise ValueError(f"{place['name']} has pieces of {item['sku']} that are committed or on their way")
    products.unstock(shop, level)
    return {"item": item["id"], "location": place["id"]}


@action("edit_variant")
def edit_variant(shop: Shop, data: Record) -> Record:
    """Change the variant of a SKU: `changes` of sku, barcode, tracked, and policy (DENY, CONTINUE)."""
    changes = data["changes"]
    if unknown := sorted(set(changes) - set(_CHANGES)):
        raise ValueError(f"a variant has no {', '.join(unknown)}; it knows {', '.join(_CHANGES)}")
    variant = _variant(shop, data)
    given = {"sku": changes.get("sku"), "inventoryPolicy": changes.get("policy")}
    given |= {"barcode": changes["barcode"]} if "barcode" in changes else {}
    given["inventoryItem"] = {"tracked": changes.get("tracked")}
    products.change_variant(shop, variant, given)
    return {"variant": variant["id"]}


@action("remove_product")
def remove_product(shop: Shop, data: Record) -> Record:
    """Delete the product that has the variant of a SKU."""
    variant = _variant(shop, data)
    products.remove_product(shop, shop.tables["Product"][variant["_productId"]])
    return {"product": variant["_productId"]}


def _variant(shop: Shop, data: Record) -> Record:
    found = shop.where("ProductVariant", sku=data["sku"])
    if not found:
        raise ValueError(f"there is no variant with the SKU {data['sku']!r}")
    return found[0]


def _item(shop: Shop, data: Record) -> Record:
    item: Record = shop.tables["InventoryItem"][_variant(shop, data)["_inventoryItemId"]]
    return item


def _place(shop: Shop, data: Record) -> Record:
    wanted = data.get("location")
    found = [place for place in shop.every("Location") if wanted in (None, place["name"], place["id"])]
    if not found:
        raise ValueError(f"there is no location {wanted!r}")
    return found[0]
