"""Products and their variants; each variant has an inventory item."""

from __future__ import annotations

import re
from decimal import Decimal

from hub.sandbox.shopify import metafields
from hub.sandbox.shopify.errors import Args, Record, Refused, top_level
from hub.sandbox.shopify.paging import by_id, number_of, page
from hub.sandbox.shopify.product_body import (
    gone_item_body,
    gone_level_body,
    item_body,
    level_body,
    product_body,
)
from hub.sandbox.shopify.registry import field, mutation, query
from hub.sandbox.shopify.search import id_field, searched, tag_field, text_field, time_field
from hub.sandbox.shopify.shop import Shop, count_of
from hub.sandbox.shopify.tags import are_too_long, sorted_tags

QUANTITIES = (
    "available",
    "committed",
    "damaged",
    "incoming",
    "on_hand",
    "quality_control",
    "reserved",
    "safety_stock",
)
_KEYS = ["title", "vendor", "productType", "descriptionHtml", "status", "requiresSellingPlan"]
_VARIANT_KEYS = ("price", "barcode", "compareAtPrice", "taxable")
_MATCHERS = {
    "": text_field("title"),
    "handle": text_field("handle"),
    "id": id_field(),
    "sku": text_field("_skus"),
    "status": text_field("status"),
    "tag": tag_field,
    "title": text_field("title"),
    "updated_at": time_field("updatedAt"),
}
_VARIANT_MATCHERS = {
    "": text_field("sku"),
    "id": id_field(),
    "product_id": id_field("_productId"),
    "sku": text_field("sku"),
    "updated_at": time_field("updatedAt"),
}


@query("product")
def product(shop: Shop, args: Args) -> Record | None:
    return shop.read("Product", args["id"])


@query("products")
def products(shop: Shop, args: Args) -> Record:
    found = searched(shop, "products", shop.every("Product"), args.get("query"), _MATCHERS)
    sorts = {"TITLE": lambda p: p["title"].casefold(), "UPDATED_AT": lambda p: p["updatedAt"]}
    return page(found, args, sorts.get(args.get("sortKey") or "", by_id))


@query("productVariant")
def product_variant(shop: Shop, args: Args) -> Record | None:
    return shop.read("ProductVariant", args["id"])


@query("productVariants")
def product_variants(shop: Shop, args: Args) -> Record:
    found = searched(
        shop, "productVariants", shop.every("ProductVariant"), args.get("query"), _VARIANT_MATCHERS
    )
    return page(found, args)


@field("Product.variants")
def variants(shop: Shop, record: Record, args: Args) -> Record:
    return page(shop.where("ProductVariant", _productId=record["id"]), args, lambda v: v["position"])


@field("Product.variantsCount")
def variants_count(shop: Shop, record: Record, _args: Args) -> Record:
    return count_of(shop.where("ProductVariant", _productId=record["id"]))


@field("Product.totalInventory")
def total_inventory(shop: Shop, record: Record, _args: Args) -> int:
    return sum(inventory_quantity(shop, v, {}) for v in shop.where("ProductVariant", _productId=record["id"]))


@field("ProductVariant.product")
def variant_product(shop: Shop, variant: Record, _args: Args) -> Record | None:
    return shop.get("Product", variant["_productId"])


@field("ProductVariant.inventoryItem")
def variant_item(shop: Shop, variant: Record, _args: Args) -> Record | None:
    return shop.get("InventoryItem", variant["_inventoryItemId"])


@field("ProductVariant.inventoryQuantity")
def inventory_quantity(shop: Shop, variant: Record, _args: Args) -> int:
    levels = [level for (item, _), level in shop.levels.items() if item == variant["_inventoryItemId"]]
    return sum(level["_quantities"]["available"] for level in levels)


@field("ProductVariant.displayName")
def variant_display_name(shop: Shop, variant: Record, _args: Args) -> str:
    return f"{shop.tables['Product'][variant['_productId']]['title']} - {variant['title']}"


def _handle(shop: Shop, given: Record) -> str:
    wanted = given.get("handle") or re.sub(r"[^a-z0-9]+", "-", given["title"].lower()).strip("-")
    taken = {p["handle"] for p in shop.every("Product")}
    numbered = (f"{wanted}-{n}" for n in range(1, len(taken) + 2))
    return wanted if wanted not in taken else next(h for h in numbered if h not in taken)


def _check(given: Record) -> None:
    if given.get("category"):
        # The sandbox holds no taxonomy: every category is as unknown to it as a made-up one is to the store.
        raise top_level("Invalid product_taxonomy_node_id", "INVALID_PRODUCT_TAXONOMY_NODE_ID")
    if "title" in given and not (given["title"] or "").strip():
        raise Refused(["title"], "Title can't be blank")


def add_product(shop: Shop, given: Record) -> Record:
    """Store a product without variants; the input was checked."""
    made = shop.add(
        "Product",
        {
            "title": given["title"],
            "handle": _handle(shop, given),
            "status": given.get("status") or "ACTIVE",
            "vendor": given.get("vendor") or shop.settings.name,
            "productType": given.get("productType") or "",
            "descriptionHtml": given.get("descriptionHtml") or "",
            "tags": sorted_tags(given.get("tags") or []),
            "requiresSellingPlan": bool(given.get("requiresSellingPlan")),
            "category": None,
            "isGiftCard": bool(given.get("giftCard")),
        },
    )
    shop.emit("products/create", lambda: product_body(shop, made))
    return made


def add_variant(shop: Shop, owner: Record, given: Record) -> Record:
    """Store a variant with its inventory item, stocked at the first location."""
    about = given.get("inventoryItem") or {}
    sku = given.get("sku") or about.get("sku")
    item = shop.add(
        "InventoryItem",
        {
            "sku": sku,
            "tracked": bool(about.get("tracked", given.get("tracked", False))),
            "requiresShipping": about.get("requiresShipping") is not False,
            "unitCost": {"amount": about["cost"], "currencyCode": shop.settings.currency}
            if about.get("cost")
            else None,
        },
    )
    shop.emit("inventory_items/create", lambda: item_body(item))
    options = [
        {"name": v.get("optionName") or "Title", "value": v.get("name")}
        for v in given.get("optionValues") or []
    ]
    variant = shop.add(
        "ProductVariant",
        {
            "title": " / ".join(str(o["value"]) for o in options) or "Default Title",
            "sku": sku,
            "barcode": given.get("barcode"),
            "price": Decimal(given.get("price") or 0),
            "compareAtPrice": given.get("compareAtPrice"),
            "taxable": given.get("taxable") is not False,
            "inventoryPolicy": given.get("inventoryPolicy") or "DENY",
            "position": len(shop.where("ProductVariant", _productId=owner["id"])) + 1,
            "selectedOptions": options or [{"name": "Title", "value": "Default Title"}],
            "_productId": owner["id"],
            "_inventoryItemId": item["id"],
        },
    )
    item["_variantId"] = variant["id"]
    locations = [place for place in shop.every("Location") if place["isActive"]]
    if locations:
        stock(shop, item, locations[0])
    return variant


def stock(shop: Shop, item: Record, location: Record) -> Record:
    """The level of the item at the location, made or activated again where there is none."""
    key = (item["id"], location["id"])
    if key not in shop.levels:
        level = shop.unstocked.pop(key, None) or _new_level(shop, key)
        level |= {"isActive": True, "_quantities": dict.fromkeys(QUANTITIES, 0)}
        shop.touch(level)
        shop.levels[key] = level
        shop.emit("inventory_levels/connect", lambda: level_body(level))
    return shop.levels[key]


def _new_level(shop: Shop, key: tuple[str, str]) -> Record:
    gid = f"{shop.new_gid('InventoryLevel')}?inventory_item_id={number_of(key[0])}"
    return shop.add("InventoryLevel", {"id": gid, "_itemId": key[0], "_locationId": key[1]})


def unstock(shop: Shop, level: Record) -> None:
    """The item is not stocked at the location any more; its level stays, inactive."""
    key = (level["_itemId"], level["_locationId"])
    shop.unstocked[key] = shop.levels.pop(key)
    level["isActive"] = False
    shop.touch(level)
    told = gone_level_body(level)
    shop.emit("inventory_levels/disconnect", lambda: told)


def _write_metafields(shop: Shop, record: Record, given: Record) -> None:
    for row in given.get("metafields") or []:
        metafields.write(shop, record["id"], row)


@mutation("productCreate")
def product_create(shop: Shop, args: Args) -> Record:
    given = args.get("product") or {}
    _check({"title": None, **given})
    if are_too_long(given.get("tags") or []):
        raise Refused(["tags"], "Product tags is invalid")
    record = add_product(shop, given)
    add_variant(shop, record, {})
    _write_metafields(shop, record, given)
    return {"product": record}


@mutation("productUpdate")
def product_update(shop: Shop, args: Args) -> Record:
    given = args.get("product") or {}
    record = shop.get("Product", given.get("id"))
    if record is None:
        raise Refused(["id"], "Product does not exist")
    _check(given)
    if are_too_long(given.get("tags") or []):
        raise Refused(["tags"], "Product tags is invalid", payload={"product": record})
    return {"product": _update(shop, record, given)}


def _update(shop: Shop, record: Record, given: Record) -> Record:
    record.update({key: given[key] for key in (*_KEYS, "handle") if given.get(key) is not None})
    if given.get("tags") is not None:
        record["tags"] = sorted_tags(given["tags"])
    _write_metafields(shop, record, given)
    _touch(shop, record)
    return record


def _touch(shop: Shop, record: Record) -> None:
    shop.touch(record)
    shop.emit("products/update", lambda: product_body(shop, record))


@mutation("productDelete")
def product_delete(shop: Shop, args: Args) -> Record:
    record = shop.get("Product", args["input"]["id"])
    if record is None:
        raise Refused(["id"], "Product does not exist")
    remove_product(shop, record)
    return {"deletedProductId": record["id"]}


def remove_product(shop: Shop, record: Record) -> None:
    """Forget a product with its variants, their items and levels."""
    for variant in shop.where("ProductVariant", _productId=record["id"]):
        _remove_variant(shop, variant)
    shop.remove(record)
    shop.emit("products/delete", lambda: {"id": number_of(record["id"])})


def _remove_variant(shop: Shop, variant: Record) -> None:
    item = shop.tables["InventoryItem"][variant["_inventoryItemId"]]
    for key in [key for key in shop.levels if key[0] == item["id"]]:
        unstock(shop, shop.levels[key])
    for key in [key for key in shop.unstocked if key[0] == item["id"]]:
        shop.remove(shop.unstocked.pop(key))
    shop.remove(item)
    shop.remove(variant)
    shop.emit("inventory_items/delete", lambda: gone_item_body(item))


def change_variant(shop: Shop, variant: Record, given: Record) -> None:
    """Change a variant and its inventory item as the keys of `ProductVariantSetInput` say."""
    about = {key: value for key, value in (given.get("inventoryItem") or {}).items() if value is not None}
    if given.get("sku") is not None:
        about.setdefault("sku", given["sku"])
    own = {key: given[key] for key in _VARIANT_KEYS if key in given}
    if given.get("inventoryPolicy"):
        own["inventoryPolicy"] = given["inventoryPolicy"]
    item = shop.tables["InventoryItem"][variant["_inventoryItemId"]]
    item_changes = {key: about[key] for key in ("sku", "tracked", "requiresShipping") if key in about}
    if any(item[key] != value for key, value in item_changes.items()):
        item.update(item_changes)
        shop.touch(item)
        shop.emit("inventory_items/update", lambda: item_body(item))
    own |= {"sku": item["sku"]}
    if any(variant[key] != value for key, value in own.items()):
        variant.update(own)
        shop.touch(variant)
    _touch(shop, shop.tables["Product"][variant["_productId"]])


@mutation("productSet")
def product_set(shop: Shop, args: Args) -> Record:
    given, identifier = args["input"], args.get("identifier") or {}
    _check(given)
    record = shop.get("Product", identifier.get("id") or given.get("id"))
    if record is None and (identifier.get("id") or given.get("id")):
        raise Refused(["input", "id"], "Product does not exist", "PRODUCT_DOES_NOT_EXIST")
    if record is None and identifier.get("handle"):
        record = next(iter(shop.where("Product", handle=identifier["handle"])), None)
    if record is None:
        record = add_product(
            shop, {**given, "title": given.get("title") or "", "handle": given.get("handle")}
        )
    else:
        _update(shop, record, given)
    if given.get("variants") is not None or not shop.where("ProductVariant", _productId=record["id"]):
        _replace_variants(shop, record, given.get("variants") or [{}])
    return {"product": record, "productSetOperation": None}


def _replace_variants(shop: Shop, record: Record, wanted: list[Record]) -> None:
    kept = {row["id"] for row in wanted if row.get("id")}
    for variant in shop.where("ProductVariant", _productId=record["id"]):
        if variant["id"] not in kept:
            _remove_variant(shop, variant)
    for row in wanted:
        variant = shop.get("ProductVariant", row.get("id")) or add_variant(shop, record, row)
        change_variant(shop, variant, row)
        _write_metafields(shop, variant, row)
