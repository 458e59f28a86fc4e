"""Carrier services: who is asked for rates at the checkout. Every one here was made by the app under test."""

from __future__ import annotations

from urllib.parse import urlsplit

from hub.sandbox.shopify.errors import Args, Record, Refused
from hub.sandbox.shopify.paging import page
from hub.sandbox.shopify.registry import action, field, mutation, query
from hub.sandbox.shopify.shop import Shop

KIND = "DeliveryCarrierService"
CREATE_FAILED, UPDATE_FAILED, DELETE_FAILED = (
    f"CARRIER_SERVICE_{what}_FAILED" for what in ("CREATE", "UPDATE", "DELETE")
)
PLANS_WITH_CARRIERS = frozenset(["advanced", "plus", "enterprise"])
OWN_DOMAINS = (".shopify.com", ".myshopify.com")


@query("carrierService")
def carrier_service(shop: Shop, args: Args) -> Record | None:
    return shop.read(KIND, args["id"])


@query("carrierServices")
def carrier_services(shop: Shop, args: Args) -> Record:
    wanted = (args.get("query") or "").replace(" ", "")
    found = shop.every(KIND)
    if wanted in ("active:true", "active:false"):
        found = [one for one in found if one["active"] == (wanted == "active:true")]
    return page(found, args)


@field("DeliveryCarrierService.formattedName")
def formatted_name(_shop: Shop, carrier: Record, _args: Args) -> str:
    return f"{carrier['name']} (Rates provided by app)"


def _check_plan(shop: Shop, code: str) -> None:
    if not shop.settings.has_carriers:
        raise Refused(None, "Carrier Calculated Shipping must be enabled for your account.", code)


def _checked(shop: Shop, given: Record, code: str, own_id: str | None) -> Record:
    """The fields that are given; refused as the store refuses them."""
    name, address = given.get("name"), given.get("callbackUrl")
    if name is not None and not name.strip():
        raise Refused(["input", "name"], "Name can't be blank", code)
    if address is not None:
        parts = urlsplit(address)
        # The store itself takes https only; a sandbox's receiver may run beside it.
        is_local = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost")
        if not parts.hostname or not (parts.scheme == "https" or is_local):
            raise Refused(["input", "callbackUrl"], "Callback url must be a valid public https address", code)
        if f".{parts.hostname}".endswith(OWN_DOMAINS):
            raise Refused(["input", "callbackUrl"], "Callback url cannot be a Shopify domain", code)
    if any(one["id"] != own_id for one in shop.every(KIND)):
        # One for each app and shop.
        raise Refused(None, f"{name} is already configured", code)
    known = ("name", "callbackUrl", "active", "supportsServiceDiscovery")
    return {key: given[key] for key in known if given.get(key) is not None}


@mutation("carrierServiceCreate")
def carrier_service_create(shop: Shop, args: Args) -> Record:
    _check_plan(shop, CREATE_FAILED)
    return {"carrierService": shop.add(KIND, _checked(shop, args["input"], CREATE_FAILED, None))}


@mutation("carrierServiceUpdate")
def carrier_service_update(shop: Shop, args: Args) -> Record:
    given = args["input"]
    carrier = shop.get(KIND, given["id"])
    if carrier is None:
        raise Refused(["input", "id"], "The carrier or app could not be found.", UPDATE_FAILED)
    _check_plan(shop, UPDATE_FAILED)
    carrier.update(_checked(shop, given, UPDATE_FAILED, carrier["id"]))
    shop.touch(carrier)
    return {"carrierService": carrier}


@mutation("carrierServiceDelete")
def carrier_service_delete(shop: Shop, args: Args) -> Record:
    carrier = shop.get(KIND, args["id"])
    if carrier is None:
        raise Refused(["id"], "The carrier or app could not be found.", DELETE_FAILED)
    shop.remove(carrier)
    return {"deletedId": carrier["id"]}


@action("change_plan")
def change_plan(shop: Shop, data: Record) -> Record:
    """The merchant takes another plan; one without carriers switches off those that there are."""
    shop.settings.has_carriers = data.get("plan") in PLANS_WITH_CARRIERS
    if not shop.settings.has_carriers:
        for carrier in shop.every(KIND):
            carrier["active"] = False
    return {"has_carriers": shop.settings.has_carriers}
