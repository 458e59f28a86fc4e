"""Metafields: reading them on their owner, metafieldsSet (atomic, compare-and-set) and metafieldsDelete."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from hub.sandbox.shopify import definitions
from hub.sandbox.shopify.errors import Args, Record, Refused, access_denied
from hub.sandbox.shopify.order_events import order_changed
from hub.sandbox.shopify.paging import number_of, page
from hub.sandbox.shopify.registry import field, mutation
from hub.sandbox.shopify.shop import Shop

MOST_AT_ONCE = 25
OWNER_TYPES = {
    "Order": "ORDER",
    "DraftOrder": "DRAFTORDER",
    "Customer": "CUSTOMER",
    "Company": "COMPANY",
    "CompanyLocation": "COMPANY_LOCATION",
    "Product": "PRODUCT",
    "ProductVariant": "PRODUCTVARIANT",
    "Location": "LOCATION",
    "Shop": "SHOP",
}
_OWNERS = tuple(OWNER_TYPES)
NOT_ALLOWED = "Access to this namespace and key on Metafields for this resource type is not allowed."


def owner_of(shop: Shop, gid: str) -> Record | None:
    """The record that may own metafields under this id."""
    parts = gid.split("/")
    kind = parts[3] if len(parts) == 5 else ""
    return shop.get(kind, gid) if kind in OWNER_TYPES else None


def _is_foreign(shop: Shop, namespace: str) -> bool:
    own = f"app--{shop.settings.app_id}"
    return namespace.startswith("app--") and namespace != own and not namespace.startswith(own + "--")


def digest(value: str) -> str:
    """What compareDigest answers: opaque to clients."""
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()


@field(*(f"{kind}.metafield" for kind in _OWNERS))
def one_metafield(shop: Shop, owner: Record, args: Args) -> Record | None:
    return shop.metafield(owner["id"], shop.full_namespace(args.get("namespace")), args["key"])


@field(*(f"{kind}.metafields" for kind in _OWNERS))
def owned_metafields(shop: Shop, owner: Record, args: Args) -> Record:
    namespace = shop.full_namespace(args["namespace"]) if args.get("namespace") else None
    found = list(shop.metafields.get(owner["id"], {}).values())
    found = [m for m in found if namespace is None or m["namespace"] == namespace]
    keys = args.get("keys")
    if keys:
        # "in the format `namespace.key`, will be returned in the same format" (the schema of 2026-07)
        named = [{**m, "key": f"{m['namespace']}.{m['key']}"} for m in found]
        found = [m for m in found if m["key"] in keys] + [m for m in named if m["key"] in keys]
    return page(found, args)


@field("Metafield.owner")
def metafield_owner(shop: Shop, metafield: Record, _args: Args) -> Record | None:
    return owner_of(shop, metafield["_ownerId"])


@field("Metafield.compareDigest")
def metafield_digest(_shop: Shop, metafield: Record, _args: Args) -> str:
    return digest(metafield["value"])


@field("Metafield.jsonValue")
def metafield_json(_shop: Shop, metafield: Record, _args: Args) -> Any:
    return json_value(metafield["type"], metafield["value"])


@field("Metafield.sizeInBytes")
def metafield_size(_shop: Shop, metafield: Record, _args: Args) -> int:
    return len(metafield["value"].encode("utf-8", "surrogatepass"))


@field("Metafield.legacyResourceId")
def metafield_number(_shop: Shop, metafield: Record, _args: Args) -> int:
    return number_of(metafield["id"])


@field("Metafield.definition")
def metafield_definition(shop: Shop, metafield: Record, _args: Args) -> Record | None:
    return definitions.find(shop, metafield["ownerType"], metafield["namespace"], metafield["key"])


def json_value(type_name: str, value: str) -> Any:
    """The value as JSON; raises ValueError where the type asks for JSON and it is none."""
    if type_name in (
        "json",
        "rating",
        "money",
        "dimension",
        "volume",
        "weight",
        "link",
    ) or type_name.startswith("list."):
        return json.loads(value)
    if type_name in ("number_integer", "boolean"):
        return json.loads(value)
    return value


@mutation("metafieldsSet")
def metafields_set(shop: Shop, args: Args) -> Record:
    rows = args["metafields"]
    if len(rows) > MOST_AT_ONCE:
        message = f"Exceeded the maximum metafields input limit of {MOST_AT_ONCE}."
        raise Refused(["metafields"], message, "LESS_THAN_OR_EQUAL_TO", {"metafields": None})
    if any(owner_of(shop, row["ownerId"]) is None for row in rows):
        index = next(i for i, row in enumerate(rows) if owner_of(shop, row["ownerId"]) is None)
        raise _refused(index, "ownerId", "Owner does not exist.", "INVALID_VALUE")
    if any("/Order/" in row["ownerId"] for row in rows) and "write_orders" not in shop.settings.scopes:
        raise access_denied("metafieldsSet", "write_orders")
    for index, row in enumerate(rows):
        check_row(shop, index, row)
    written = [write(shop, row["ownerId"], row) for row in rows]
    for owner_id in dict.fromkeys(row["ownerId"] for row in rows):
        changed(shop, owner_id)
    return {"metafields": written}


def _refused(index: int, key: str | None, message: str, code: str) -> Refused:
    return Refused(["metafields", str(index), *([key] if key else [])], message, code, {"metafields": []})


def check_row(shop: Shop, index: int, row: Record) -> None:
    """Raise Refused for a row that the store would not write; nothing is written then."""
    namespace = shop.full_namespace(row.get("namespace"))
    if _is_foreign(shop, namespace):
        raise _refused(index, None, NOT_ALLOWED, "APP_NOT_AUTHORIZED")
    if len(row["key"]) < 2:
        raise _refused(index, "key", "Key is too short (minimum is 2 characters)", "TOO_SHORT")
    if len(row["key"]) > 64:
        raise _refused(index, "key", "Key is too long (maximum is 64 characters)", "TOO_LONG")
    if not row["value"]:
        raise _refused(index, "value", "Value can't be blank.", "BLANK")
    _check_type(shop, index, row, namespace)
    _check_digest(shop, index, row, namespace)


def _check_type(shop: Shop, index: int, row: Record, namespace: str) -> None:
    type_name = row_type(shop, row, namespace)
    if type_name is None:
        raise _refused(index, "type", "Type can't be blank", "BLANK")
    try:
        json_value(type_name, row["value"])
    except ValueError:
        raise _refused(index, "value", f"Value is invalid for type {type_name}.", "INVALID_VALUE") from None
    definition = definitions.find(shop, OWNER_TYPES[row["ownerId"].split("/")[3]], namespace, row["key"])
    problem = definitions.refuses(definition, row["value"]) if definition else None
    if problem:
        raise _refused(index, "value", problem, "INVALID_VALUE")
    if definition and row.get("type") not in (None, definition["type"]["name"]):
        raise _refused(index, "type", f"Type must be '{definition['type']['name']}'.", "INVALID_TYPE")


def row_type(shop: Shop, row: Record, namespace: str) -> str | None:
    """The type a row is written with: its own, the definition's, or that of the metafield it replaces."""
    if row.get("type"):
        return str(row["type"])
    definition = definitions.find(shop, OWNER_TYPES[row["ownerId"].split("/")[3]], namespace, row["key"])
    before = shop.metafield(row["ownerId"], namespace, row["key"])
    found = definition["type"]["name"] if definition else before["type"] if before else None
    return str(found) if found else None


def _check_digest(shop: Shop, index: int, row: Record, namespace: str) -> None:
    if "compareDigest" not in row:
        return
    before = shop.metafield(row["ownerId"], namespace, row["key"])
    if before is not None and before["value"] == row["value"]:
        return
    wanted = row["compareDigest"]
    if before is None and wanted is not None:
        raise _refused(index, "compareDigest", "The compareDigest is invalid.", "INVALID_COMPARE_DIGEST")
    if before is not None and wanted != digest(before["value"]):
        message = "The resource has been updated since it was loaded. Read it and its `compareDigest` again."
        raise _refused(index, "compareDigest", message, "STALE_OBJECT")


def write(shop: Shop, owner_id: str, row: Record) -> Record:
    """Write one metafield without further checks."""
    namespace = shop.full_namespace(row.get("namespace"))
    before = shop.metafield(owner_id, namespace, row["key"])
    stamp = shop.now()
    written = {
        "__typename": "Metafield",
        "id": before["id"] if before else shop.new_gid("Metafield"),
        "_ownerId": owner_id,
        "ownerType": OWNER_TYPES[owner_id.split("/")[3]],
        "namespace": namespace,
        "key": row["key"],
        "type": row_type(shop, {**row, "ownerId": owner_id}, namespace) or "single_line_text_field",
        "value": row["value"],
        "createdAt": before["createdAt"] if before else stamp,
        "updatedAt": stamp,
    }
    shop.metafields.setdefault(owner_id, {})[namespace, row["key"]] = written
    return written


def changed(shop: Shop, owner_id: str) -> None:
    """A metafield write is a change of its owner: stamps it, and an order's change goes out as a webhook."""
    owner = owner_of(shop, owner_id)
    if owner is None or owner["__typename"] == "Shop":
        return
    shop.touch(owner)
    if owner["__typename"] == "Order":
        order_changed(shop, owner)


@mutation("metafieldsDelete")
def metafields_delete(shop: Shop, args: Args) -> Record:
    rows = [{**row, "namespace": shop.full_namespace(row["namespace"])} for row in args["metafields"]]
    if any(_is_foreign(shop, row["namespace"]) for row in rows):
        raise Refused(["metafields"], NOT_ALLOWED, payload={"deletedMetafields": []})
    deleted: list[Record | None] = []
    for row in rows:
        found = shop.metafields.get(row["ownerId"], {}).pop((row["namespace"], row["key"]), None)
        deleted.append(row if found else None)
        if found:
            changed(shop, row["ownerId"])
    return {"deletedMetafields": deleted}
