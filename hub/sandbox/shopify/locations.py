"""The shop itself, its locations, publications and payment terms templates, and the app."""

from __future__ import annotations

from hub.sandbox.shopify.addresses import country_name
from hub.sandbox.shopify.errors import Args, Record, Refused
from hub.sandbox.shopify.paging import by_id, page
from hub.sandbox.shopify.registry import field, mutation, query
from hub.sandbox.shopify.search import id_field, searched, text_field
from hub.sandbox.shopify.shop import Shop

_MATCHERS = {"": text_field("name"), "id": id_field(), "location_id": id_field(), "name": text_field("name")}


@query("shop")
def shop_itself(shop: Shop, _args: Args) -> Record:
    return shop.shop_record()


@query("currentAppInstallation")
def current_app_installation(shop: Shop, _args: Args) -> Record:
    return {
        "id": f"gid://shopify/AppInstallation/{shop.settings.app_id}",
        "app": {"id": f"gid://shopify/App/{shop.settings.app_id}", "title": "Sandbox app"},
        "accessScopes": [{"handle": scope} for scope in sorted(shop.settings.scopes)],
    }


@query("publications")
def publications(shop: Shop, args: Args) -> Record:
    return page(shop.every("Publication"), args)


@query("paymentTermsTemplates")
def payment_terms_templates(shop: Shop, args: Args) -> list[Record]:
    kind = args.get("paymentTermsType")
    return [t for t in shop.every("PaymentTermsTemplate") if kind in (None, t["paymentTermsType"])]


@query("location")
def location(shop: Shop, args: Args) -> Record | None:
    return shop.read("Location", args["id"]) if args.get("id") else next(iter(shop.every("Location")), None)


@query("locations")
def locations(shop: Shop, args: Args) -> Record:
    places = [p for p in shop.every("Location") if p["isActive"] or args.get("includeInactive")]
    found = searched(shop, "locations", places, args.get("query"), _MATCHERS)
    return page(found, args, (lambda p: p["name"].casefold()) if args.get("sortKey") == "NAME" else by_id)


@field("LocationAddress.formatted")
def formatted(_shop: Shop, address: Record, _args: Args) -> list[str]:
    return [str(address[key]) for key in ("address1", "city", "country") if address[key]]


def add_location(shop: Shop, name: str, address: Record, fulfills_online_orders: bool = True) -> Record:
    """Store an active location."""
    keys = ("address1", "address2", "city", "phone", "zip", "countryCode", "provinceCode")
    place: Record = {key: address.get(key) for key in keys}
    place |= {"country": country_name(place["countryCode"]), "province": place["provinceCode"]}
    return shop.add(
        "Location",
        {
            "name": name,
            "isActive": True,
            "fulfillsOnlineOrders": fulfills_online_orders,
            "isFulfillmentService": False,
            "shipsInventory": True,
            "address": place,
        },
    )


@mutation("locationAdd")
def location_add(shop: Shop, args: Args) -> Record:
    given = args["input"]
    if not given["name"].strip():
        raise Refused(["input", "name"], "Add a location name", "BLANK")
    if shop.where("Location", name=given["name"]):
        raise Refused(["input", "name"], "You already have a location with this name", "TAKEN")
    return {"location": add_location(shop, given["name"], given["address"], given["fulfillsOnlineOrders"])}
