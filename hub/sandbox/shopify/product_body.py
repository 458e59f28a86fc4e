"""Webhook bodies of products, inventory items and inventory levels."""

from __future__ import annotations

from decimal import Decimal

from hub.sandbox.shopify.errors import Record
from hub.sandbox.shopify.paging import number_of
from hub.sandbox.shopify.shop import Shop

DESCRIBED = 100
"""So many variants of a product are told whole; of all others `variant_gids` names the id."""


def product_body(shop: Shop, product: Record) -> Record:
    """The body of products/create and products/update."""
    variants = sorted(shop.where("ProductVariant", _productId=product["id"]), key=lambda v: v["position"])
    changed = sorted(variants, key=lambda v: str(v["updatedAt"]), reverse=True)
    return {
        "admin_graphql_api_id": product["id"],
        "body_html": product["descriptionHtml"],
        "created_at": product["createdAt"],
        "handle": product["handle"],
        "id": number_of(product["id"]),
        "product_type": product["productType"],
        "published_at": product["createdAt"],
        "template_suffix": None,
        "title": product["title"],
        "updated_at": product["updatedAt"],
        "vendor": product["vendor"],
        "status": product["status"].lower(),
        "published_scope": "web",
        "tags": ", ".join(product["tags"]),
        "variants": [_variant_body(shop, variant) for variant in variants[:DESCRIBED]],
        "options": [],
        "images": [],
        "image": None,
        "media": [],
        "variant_gids": [{"admin_graphql_api_id": v["id"], "updated_at": v["updatedAt"]} for v in changed],
        "has_variants_that_requires_components": False,
        "category": None,
    }


def _variant_body(shop: Shop, variant: Record) -> Record:
    options = [option["value"] for option in variant["selectedOptions"]]
    item = variant["_inventoryItemId"]
    levels = [level for (item_id, _), level in shop.levels.items() if item_id == item]
    available = sum(level["_quantities"]["available"] for level in levels)
    return {
        "admin_graphql_api_id": variant["id"],
        "barcode": variant["barcode"],
        "compare_at_price": _price(variant["compareAtPrice"]),
        "created_at": variant["createdAt"],
        "id": number_of(variant["id"]),
        "inventory_policy": variant["inventoryPolicy"].lower(),
        "position": variant["position"],
        "price": _price(variant["price"]),
        "product_id": number_of(variant["_productId"]),
        "sku": variant["sku"],
        "taxable": variant["taxable"],
        "title": variant["title"],
        "updated_at": variant["updatedAt"],
        **{f"option{n + 1}": options[n] if n < len(options) else None for n in range(3)},
        "image_id": None,
        "inventory_item_id": number_of(item),
        "inventory_quantity": available,
        "old_inventory_quantity": available,
    }


def item_body(item: Record) -> Record:
    """The body of inventory_items/create and inventory_items/update."""
    cost = item["unitCost"]
    return {
        "id": number_of(item["id"]),
        "sku": item["sku"],
        "created_at": item["createdAt"],
        "updated_at": item["updatedAt"],
        "requires_shipping": item["requiresShipping"],
        "cost": _price(cost["amount"] if cost else None),
        **_origin(),
        "tracked": item["tracked"],
        "country_harmonized_system_codes": [],
        "weight_value": 0,
        "weight_unit": "lb",
        "admin_graphql_api_id": item["id"],
    }


def gone_item_body(item: Record) -> Record:
    """The body of inventory_items/delete."""
    return {
        "id": number_of(item["id"]),
        **_origin(),
        "country_harmonized_system_codes": [],
        "admin_graphql_api_id": item["id"],
    }


def _price(amount: object) -> str | None:
    return None if amount is None else f"{Decimal(str(amount)):.2f}"


def _origin() -> Record:
    return dict.fromkeys(("country_code_of_origin", "province_code_of_origin", "harmonized_system_code"))


def level_body(level: Record) -> Record:
    """The body of inventory_levels/connect and inventory_levels/update."""
    return {
        **gone_level_body(level),
        "available": level["_quantities"]["available"],
        "updated_at": level["updatedAt"],
        "admin_graphql_api_id": level["id"],
    }


def gone_level_body(level: Record) -> Record:
    """The body of inventory_levels/disconnect."""
    return {
        "inventory_item_id": number_of(level["_itemId"]),
        "location_id": number_of(level["_locationId"]),
    }
