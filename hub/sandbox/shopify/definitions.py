"""Metafield definitions: what a metafield of an owner type must look like."""

from __future__ import annotations

from hub.sandbox.shopify.errors import Args, Record, Refused, access_denied
from hub.sandbox.shopify.paging import by_id, page
from hub.sandbox.shopify.registry import field, mutation, query
from hub.sandbox.shopify.search import searched, text_field
from hub.sandbox.shopify.shop import Shop

_CATEGORIES = {
    "boolean": "TRUE_FALSE",
    "color": "COLOR",
    "date": "DATE_TIME",
    "date_time": "DATE_TIME",
    "id": "ID",
    "json": "JSON",
    "link": "URL",
    "money": "MONEY",
    "multi_line_text_field": "TEXT",
    "number_decimal": "NUMBER",
    "number_integer": "NUMBER",
    "rating": "RATING",
    "rich_text_field": "TEXT",
    "single_line_text_field": "TEXT",
    "url": "URL",
}

_MATCHERS = {"": text_field("name"), "key": text_field("key"), "namespace": text_field("namespace")}


def find(shop: Shop, owner_type: str, namespace: str, key: str) -> Record | None:
    """The definition of this metafield, or None."""
    found = shop.where("MetafieldDefinition", ownerType=owner_type, namespace=namespace, key=key)
    return found[0] if found else None


def refuses(definition: Record, value: str) -> str | None:
    """Why a value breaks the definition's validations, or None."""
    limits = {v["name"]: v["value"] for v in definition["validations"]}
    if definition["type"]["category"] != "TEXT":
        return None
    if "max" in limits and len(value) > int(limits["max"]):
        return f"Value has a maximum length of {limits['max']}."
    if "min" in limits and len(value) < int(limits["min"]):
        return f"Value has a minimum length of {limits['min']}."
    return None


@query("metafieldDefinition")
def metafield_definition(shop: Shop, args: Args) -> Record | None:
    if args.get("id"):
        return shop.read("MetafieldDefinition", args["id"])
    wanted = args.get("identifier") or {}
    return _identified(shop, wanted)


def _identified(shop: Shop, wanted: Record) -> Record | None:
    namespace = shop.full_namespace(wanted.get("namespace"))
    return find(shop, wanted.get("ownerType", ""), namespace, wanted.get("key", ""))


@query("metafieldDefinitions")
def metafield_definitions(shop: Shop, args: Args) -> Record:
    if args["ownerType"] == "ORDER" and not {"read_orders", "write_orders"} & shop.settings.scopes:
        raise access_denied("metafieldDefinitions", "read_orders")
    found = shop.where("MetafieldDefinition", ownerType=args["ownerType"])
    if args.get("namespace"):
        found = [d for d in found if d["namespace"] == shop.full_namespace(args["namespace"])]
    if args.get("key"):
        found = [d for d in found if d["key"] == args["key"]]
    pinned = args.get("pinnedStatus", "ANY")
    if pinned != "ANY":
        found = [d for d in found if (d["pinnedPosition"] is not None) == (pinned == "PINNED")]
    found = searched(shop, "metafieldDefinitions", found, args.get("query"), _MATCHERS)
    return page(found, args, _by_name if args.get("sortKey") == "NAME" else by_id)


def _by_name(definition: Record) -> str:
    return str(definition["name"]).casefold()


@field("MetafieldDefinition.metafieldsCount")
def definition_metafields(shop: Shop, definition: Record, _args: Args) -> int:
    return len(_covered(shop, definition))


def _covered(shop: Shop, definition: Record) -> list[Record]:
    wanted = (definition["ownerType"], definition["namespace"], definition["key"])
    found = shop.every_metafield()
    return [m for m in found if (m["ownerType"], m["namespace"], m["key"]) == wanted]


def _next_pin(shop: Shop, owner_type: str) -> int:
    positions = [d["pinnedPosition"] or 0 for d in shop.where("MetafieldDefinition", ownerType=owner_type)]
    return max(positions, default=0) + 1


@mutation("metafieldDefinitionCreate")
def metafield_definition_create(shop: Shop, args: Args) -> Record:
    given = args["definition"]
    namespace = shop.full_namespace(given.get("namespace"))
    _check_new(shop, given, namespace)
    access = _access(shop, given, namespace)
    unique = (given.get("capabilities") or {}).get("uniqueValues") or {}
    filterable = (given.get("capabilities") or {}).get("adminFilterable") or {}
    is_filterable = bool(filterable.get("enabled"))
    definition = shop.add(
        "MetafieldDefinition",
        {
            "name": given["name"],
            "namespace": namespace,
            "key": given["key"],
            "ownerType": given["ownerType"],
            "type": {"name": given["type"], "category": _CATEGORIES[given["type"].removeprefix("list.")]},
            "description": given.get("description"),
            "validations": [dict(v, type=None) for v in given.get("validations") or []],
            "pinnedPosition": _next_pin(shop, given["ownerType"]) if given.get("pin") else None,
            "validationStatus": "ALL_VALID",
            "access": access,
            "capabilities": {
                "uniqueValues": {
                    "enabled": bool(unique.get("enabled")) or given["type"] == "id",
                    "eligible": True,
                },
                "adminFilterable": {
                    "enabled": is_filterable,
                    "eligible": True,
                    "status": "FILTERABLE" if is_filterable else "NOT_FILTERABLE",
                },
            },
        },
    )
    return {"createdDefinition": definition}


def _access(shop: Shop, given: Record, namespace: str) -> Record:
    """Who may see it. Only in an app's own namespace may the app say what the admin does."""
    wanted = given.get("access") or {}
    if wanted.get("admin") and not namespace.startswith(f"app--{shop.settings.app_id}"):
        message = 'Setting this access control is not permitted. It must be one of ["public_read_write"].'
        raise Refused(["definition", "access", "admin"], message, "ADMIN_ACCESS_INPUT_NOT_ALLOWED")
    return {
        "admin": wanted.get("admin") or "PUBLIC_READ_WRITE",
        "customerAccount": wanted.get("customerAccount") or "NONE",
        "storefront": wanted.get("storefront") or "NONE",
    }


def _check_new(shop: Shop, given: Record, namespace: str) -> None:
    if find(shop, given["ownerType"], namespace, given["key"]):
        message = (
            f"Key is in use for {given['ownerType'].capitalize()} metafields on the '{namespace}' namespace."
        )
        raise Refused(["definition", "key"], message, "TAKEN")
    if given["type"].removeprefix("list.") not in _CATEGORIES:
        raise Refused(["definition", "type"], f"Type name {given['type']} is not a valid type.", "INCLUSION")
    if not given["name"].strip():
        raise Refused(["definition", "name"], "Name can't be blank", "BLANK")


@mutation("metafieldDefinitionUpdate")
def metafield_definition_update(shop: Shop, args: Args) -> Record:
    given = args["definition"]
    definition = _identified(shop, given)
    if definition is None:
        raise Refused(["definition"], "Definition not found.", "NOT_FOUND")
    for key in ("name", "description"):
        if key in given:
            definition[key] = given[key]
    if given.get("validations") is not None:
        definition["validations"] = [dict(v, type=None) for v in given["validations"]]
    if given.get("pin") is not None and given["pin"] != (definition["pinnedPosition"] is not None):
        definition["pinnedPosition"] = _next_pin(shop, definition["ownerType"]) if given["pin"] else None
    shop.touch(definition)
    return {"updatedDefinition": definition, "validationJob": None}


@mutation("metafieldDefinitionDelete")
def metafield_definition_delete(shop: Shop, args: Args) -> Record:
    by_identifier = _identified(shop, args.get("identifier") or {})
    definition = shop.get("MetafieldDefinition", args.get("id")) or by_identifier
    if definition is None:
        raise Refused(["id"], "Definition not found.", "NOT_FOUND")
    if args.get("deleteAllAssociatedMetafields"):
        for metafield in _covered(shop, definition):
            del shop.metafields[metafield["_ownerId"]][metafield["namespace"], metafield["key"]]
    shop.remove(definition)
    identifier = {key: definition[key] for key in ("ownerType", "namespace", "key")}
    return {"deletedDefinition": identifier, "deletedDefinitionId": definition["id"]}
