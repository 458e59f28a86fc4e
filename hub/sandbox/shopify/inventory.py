"""Stock levels: reading them and setting them with compare-and-set and idempotency keys."""

from __future__ import annotations

from hub.sandbox.shopify import products
from hub.sandbox.shopify.errors import Args, Record, Refused, access_denied, top_level
from hub.sandbox.shopify.paging import page
from hub.sandbox.shopify.product_body import level_body
from hub.sandbox.shopify.registry import field, mutation, query
from hub.sandbox.shopify.search import id_field, searched, text_field, time_field
from hub.sandbox.shopify.shop import Shop

HIGHEST = 1_000_000_000
REASONS = frozenset(
    [
        "correction",
        "cycle_count_available",
        "damaged",
        "movement_canceled",
        "movement_created",
        "movement_received",
        "movement_updated",
        "other",
        "promotion",
        "quality_control",
        "received",
        "reservation_created",
        "reservation_deleted",
        "reservation_updated",
        "restock",
        "safety_stock",
        "shrinkage",
    ]
)
_MATCHERS = {
    "": text_field("sku"),
    "id": id_field(),
    "sku": text_field("sku"),
    "updated_at": time_field("updatedAt"),
}
_LEVEL_MATCHERS = {
    "created_at": time_field("createdAt"),
    "id": id_field(),
    "inventory_item_id": id_field("_itemId"),
    "updated_at": time_field("updatedAt"),
}


@query("inventoryItem")
def inventory_item(shop: Shop, args: Args) -> Record | None:
    return shop.read("InventoryItem", args["id"])


@query("inventoryItems")
def inventory_items(shop: Shop, args: Args) -> Record:
    return page(
        searched(shop, "inventoryItems", shop.every("InventoryItem"), args.get("query"), _MATCHERS), args
    )


@query("inventoryLevel")
def inventory_level(shop: Shop, args: Args) -> Record | None:
    return shop.read("InventoryLevel", args["id"])


@field("InventoryItem.variant")
def item_variant(shop: Shop, item: Record, _args: Args) -> Record | None:
    return shop.get("ProductVariant", item["_variantId"])


@field("InventoryItem.inventoryLevel")
def level_at_location(shop: Shop, item: Record, args: Args) -> Record | None:
    return _level(shop, (item["id"], args["locationId"]), args)


@field("Location.inventoryLevel")
def level_of_item(shop: Shop, location: Record, args: Args) -> Record | None:
    return _level(shop, (args["inventoryItemId"], location["id"]), args)


@field("InventoryItem.inventoryLevels")
def item_levels(shop: Shop, item: Record, args: Args) -> Record:
    return _levels(shop, args, _itemId=item["id"])


@field("Location.inventoryLevels")
def location_levels(shop: Shop, location: Record, args: Args) -> Record:
    return _levels(shop, args, _locationId=location["id"])


def _level(shop: Shop, key: tuple[str, str], args: Args) -> Record | None:
    _check_scope(shop, "inventoryLevel")
    inactive = shop.unstocked.get(key) if args.get("includeInactive") else None
    return shop.levels.get(key, inactive)


def _levels(shop: Shop, args: Args, **values: str) -> Record:
    _check_scope(shop, "inventoryLevels")
    found = shop.where("InventoryLevel", **values)
    if not args.get("includeInactive"):
        found = [level for level in found if level["isActive"]]
    return page(searched(shop, "inventoryLevels", found, args.get("query"), _LEVEL_MATCHERS), args)


def _check_scope(shop: Shop, name: str) -> None:
    if not shop.settings.scopes & {"read_inventory", "write_inventory"}:
        raise access_denied(name, "read_inventory")


@field("InventoryLevel.item")
def level_item(shop: Shop, level: Record, _args: Args) -> Record | None:
    return shop.get("InventoryItem", level["_itemId"])


@field("InventoryLevel.location")
def level_location(shop: Shop, level: Record, _args: Args) -> Record | None:
    return shop.get("Location", level["_locationId"])


@field("InventoryLevel.quantities")
def level_quantities(_shop: Shop, level: Record, args: Args) -> list[Record]:
    unknown = set(args["names"]) - set(level["_quantities"])
    if unknown:
        raise top_level(f"invalid quantity name {sorted(unknown)[0]}", "BAD_REQUEST")
    return [
        {
            "id": f"{level['id'].replace('InventoryLevel', 'InventoryQuantity')}&name={name}",
            "name": name,
            "quantity": level["_quantities"][name],
            "updatedAt": level["updatedAt"],
        }
        for name in args["names"]
    ]


@mutation("inventorySetQuantities")
def inventory_set_quantities(shop: Shop, args: Args) -> Record:
    given = args["input"]
    rows = given["quantities"]
    if any("changeFromQuantity" not in row for row in rows):
        message = "InventoryQuantityInput must include the following argument: changeFromQuantity."
        raise top_level(message, "INVALID_FIELD_ARGUMENTS")
    _check_header(given)
    _check_rows(shop, given["name"], rows)
    changes = [change for row in rows for change in _set(shop, given["name"], row)]
    if not changes:
        return {"inventoryAdjustmentGroup": None}
    group = {key: given.get(key) for key in ("reason", "referenceDocumentUri")}
    group |= {"id": shop.new_gid("InventoryAdjustmentGroup"), "createdAt": shop.now(), "changes": changes}
    return {"inventoryAdjustmentGroup": group}


def _check_header(given: Record) -> None:
    if given["name"] not in ("available", "on_hand"):
        message = "The quantity name must be either 'available' or 'on_hand'."
        raise Refused(["input", "name"], message, "INVALID_NAME")
    if given["reason"] not in REASONS:
        raise Refused(["input", "reason"], "The specified reason is invalid.", "INVALID_REASON")


def _check_rows(shop: Shop, name: str, rows: list[Record]) -> None:
    seen: set[tuple[str, str]] = set()
    for index, row in enumerate(rows):
        path = ["input", "quantities", str(index)]
        key = (row["inventoryItemId"], row["locationId"])
        if key in seen:
            message = "The combination of inventoryItemId and locationId must be unique."
            raise Refused([*path, "locationId"], message, "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR")
        seen.add(key)
        _check_places(shop, key, path)
        _check_quantity(name, row["quantity"], path)
        current = shop.levels[key]["_quantities"][name]
        if row["changeFromQuantity"] is not None and row["changeFromQuantity"] != current:
            message = "The changeFromQuantity value does not match the current quantity."
            raise Refused([*path, "changeFromQuantity"], message, "CHANGE_FROM_QUANTITY_STALE")


def _check_places(shop: Shop, key: tuple[str, str], path: list[str]) -> None:
    if shop.get("InventoryItem", key[0]) is None:
        message = "The specified inventory item could not be found."
        raise Refused([*path, "inventoryItemId"], message, "INVALID_INVENTORY_ITEM")
    if shop.get("Location", key[1]) is None:
        raise Refused([*path, "locationId"], "The specified location could not be found.", "INVALID_LOCATION")
    if key not in shop.levels:
        message = "The specified inventory item is not stocked at the location."
        raise Refused([*path, "locationId"], message, "ITEM_NOT_STOCKED_AT_LOCATION")


def _check_quantity(name: str, quantity: int, path: list[str]) -> None:
    if quantity > HIGHEST:
        message = f"The quantity can't be higher than {HIGHEST:,}."
        raise Refused([*path, "quantity"], message, "INVALID_QUANTITY_TOO_HIGH")
    if quantity < -HIGHEST:
        raise Refused(
            [*path, "quantity"], f"The quantity can't be lower than -{HIGHEST:,}.", "INVALID_QUANTITY_TOO_LOW"
        )
    if name == "on_hand" and quantity < 0:
        raise Refused([*path, "quantity"], "The quantity can't be negative.", "INVALID_QUANTITY_NEGATIVE")


def _set(shop: Shop, name: str, row: Record) -> list[Record]:
    level = shop.levels[row["inventoryItemId"], row["locationId"]]
    delta = row["quantity"] - level["_quantities"][name]
    if delta == 0:
        return []
    item, location = shop.get("InventoryItem", level["_itemId"]), shop.get("Location", level["_locationId"])
    changes = []
    # What is set mirrors into the other: on hand = available + committed and the like.
    for changed in (name, "on_hand" if name == "available" else "available"):
        level["_quantities"][changed] += delta
        facts = {"name": changed, "delta": delta, "item": item, "location": location}
        changes.append({**facts, "quantityAfterChange": None, "ledgerDocumentUri": None})
    shop.touch(level)
    shop.emit("inventory_levels/update", lambda: level_body(level))
    return changes


@mutation("inventoryActivate")
def inventory_activate(shop: Shop, args: Args) -> Record:
    item, location = (
        shop.get("InventoryItem", args["inventoryItemId"]),
        shop.get("Location", args["locationId"]),
    )
    if item is None:
        raise Refused(["inventoryItemId"], "The product couldn't be stocked because it wasn't found.")
    if location is None:
        raise Refused(["locationId"], "The product couldn't be stocked because the location wasn't found.")
    existing = shop.levels.get((item["id"], location["id"]))
    if existing and args.get("available") is not None:
        message = "Not allowed to set available quantity when the item is already active at the location."
        raise Refused(["available"], message, payload={"inventoryLevel": existing})
    level = existing or products.stock(shop, item, location)
    on_hand = args.get("onHand") if args.get("onHand") is not None else args.get("available")
    if not existing and on_hand is not None:
        level["_quantities"] |= {"available": on_hand, "on_hand": on_hand}
    return {"inventoryLevel": level}


def commit(shop: Shop, order: Record) -> None:
    """A sale takes its pieces of tracked items from what is available first; that may go below zero."""
    for line in order["_lines"]:
        level = _level_of_line(shop, line)
        if level is not None:
            _claim(line, line["quantity"])
            _move(shop, level, available=-line["quantity"], committed=line["quantity"])


def take(shop: Shop, line: Record, pieces: int) -> None:
    """Pieces that were added to a line of an order."""
    level = _level_of_line(shop, line)
    if level is not None:
        _claim(line, pieces)
        _move(shop, level, available=-pieces, committed=pieces)


def _claim(line: Record, pieces: int) -> None:
    line["_claimed"] = line.get("_claimed", 0) + pieces


def release(shop: Shop, line: Record, pieces: int, *, is_restocked: bool) -> None:
    """Pieces of a line that will not be delivered: available again, or lost where they are not restocked.

    Pieces that the order never claimed (`BYPASS`) are put on the shelf all the same where they are restocked.
    """
    level = _level_of_line(shop, line)
    if level is None or not pieces:
        return
    claimed = min(pieces, max(0, line.get("_claimed", 0)))
    _claim(line, -claimed)
    if is_restocked:
        _move(shop, level, available=pieces, committed=-claimed, on_hand=pieces - claimed)
    elif claimed:
        _move(shop, level, committed=-claimed, on_hand=-claimed)


def location_of_line(shop: Shop, line: Record) -> str | None:
    """Where the item of a line is stocked; None where it is stocked nowhere or not tracked."""
    level = _level_of_line(shop, line)
    return str(level["_locationId"]) if level else None


def is_stocked(shop: Shop, line: Record, place: Record) -> bool:
    """Whether a location stocks the item of a line; what is not tracked is everywhere."""
    variant = shop.get("ProductVariant", line["_variantId"])
    item = shop.get("InventoryItem", variant["_inventoryItemId"]) if variant else None
    return item is None or not item["tracked"] or (item["id"], place["id"]) in shop.levels


def send_out(shop: Shop, line: Record, pieces: int) -> None:
    """Pieces that leave the house, or come back into it where the number is negative."""
    level = _level_of_line(shop, line)
    if level is not None:
        _claim(line, -pieces)
        _move(shop, level, committed=-pieces, on_hand=-pieces)


def put_back(shop: Shop, line: Record, pieces: int, location_id: str | None) -> None:
    """Pieces that came back go on the shelf, at the location where the item is stocked there, else at its first."""
    level = _level_of_line(shop, line)
    if level is None:
        return
    named = shop.levels.get((level["_itemId"], location_id or ""))
    _move(shop, named or level, available=pieces, on_hand=pieces)


def _level_of_line(shop: Shop, line: Record) -> Record | None:
    variant = shop.get("ProductVariant", line["_variantId"])
    item = shop.get("InventoryItem", variant["_inventoryItemId"]) if variant else None
    if item is None or not item["tracked"]:
        return None
    levels = (shop.levels.get((item["id"], place["id"])) for place in shop.every("Location"))
    return next((level for level in levels if level is not None), None)


def _move(shop: Shop, level: Record, **deltas: int) -> None:
    for name, delta in deltas.items():
        level["_quantities"][name] += delta
    shop.touch(level)
    shop.emit("inventory_levels/update", lambda: level_body(level))
