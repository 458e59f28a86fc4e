"""Customers: people who buy; contacts of companies are customers, too."""

from __future__ import annotations

from hub.sandbox.shopify.addresses import mailing_address
from hub.sandbox.shopify.errors import Args, Record, Refused
from hub.sandbox.shopify.paging import by_id, number_of, page
from hub.sandbox.shopify.registry import field, mutation, query
from hub.sandbox.shopify.search import id_field, searched, tag_field, text_field, time_field
from hub.sandbox.shopify.shop import Shop
from hub.sandbox.shopify.tags import sorted_tags

_KEYS = ["email", "firstName", "lastName", "phone", "locale", "note", "taxExempt", "taxExemptions"]
_MATCHERS = {
    "": text_field("email"),
    "email": text_field("email"),
    "first_name": text_field("firstName"),
    "id": id_field(),
    "last_name": text_field("lastName"),
    "phone": text_field("phone"),
    "tag": tag_field,
    "updated_at": time_field("updatedAt"),
}


def _sort_name(customer: Record) -> str:
    return f"{customer['lastName'] or ''}, {customer['firstName'] or ''}".casefold()


@query("customer")
def customer(shop: Shop, args: Args) -> Record | None:
    return shop.read("Customer", args["id"])


@query("customers")
def customers(shop: Shop, args: Args) -> Record:
    found = searched(shop, "customers", shop.every("Customer"), args.get("query"), _MATCHERS)
    sorts = {
        "NAME": _sort_name,
        "UPDATED_AT": lambda c: c["updatedAt"],
        "CREATED_AT": lambda c: c["createdAt"],
    }
    return page(found, args, sorts.get(args.get("sortKey") or "", by_id))


@field("Customer.displayName")
def display_name(_shop: Shop, record: Record, _args: Args) -> str:
    names = " ".join(part for part in (record["firstName"], record["lastName"]) if part)
    return names or record["email"] or record["phone"] or ""


@field("Customer.defaultEmailAddress")
def default_email(_shop: Shop, record: Record, _args: Args) -> Record | None:
    return {"emailAddress": record["email"]} if record["email"] else None


@field("Customer.defaultPhoneNumber")
def default_phone(_shop: Shop, record: Record, _args: Args) -> Record | None:
    return {"phoneNumber": record["phone"]} if record["phone"] else None


@field("Customer.canDelete")
def can_delete(shop: Shop, record: Record, _args: Args) -> bool:
    return not shop.where("Order", _customerId=record["id"])


@field("Customer.companyContactProfiles")
def contact_profiles(shop: Shop, record: Record, _args: Args) -> list[Record]:
    return shop.where("CompanyContact", _customerId=record["id"])


@field("Customer.orders")
def customer_orders(shop: Shop, record: Record, args: Args) -> Record:
    return page(shop.where("Order", _customerId=record["id"]), args)


@field("Customer.numberOfOrders")
def number_of_orders(shop: Shop, record: Record, _args: Args) -> int:
    return len(shop.where("Order", _customerId=record["id"]))


@field(
    "Customer.legacyResourceId",
    "DraftOrder.legacyResourceId",
    "InventoryItem.legacyResourceId",
    "Location.legacyResourceId",
    "Order.legacyResourceId",
    "Product.legacyResourceId",
    "ProductVariant.legacyResourceId",
    "WebhookSubscription.legacyResourceId",
)
def legacy_id(_shop: Shop, record: Record, _args: Args) -> int:
    return number_of(record["id"])


def by_email(shop: Shop, email: str | None) -> Record | None:
    """The customer with this e-mail address, without regard to case."""
    wanted = (email or "").casefold()
    return next(
        (c for c in shop.every("Customer") if wanted and (c["email"] or "").casefold() == wanted), None
    )


def add_customer(shop: Shop, given: Record) -> Record:
    """Store a customer; the input was checked."""
    addresses = given.get("addresses") or []
    record = {
        **{key: given.get(key) for key in _KEYS},
        "locale": given.get("locale") or "en",
        "taxExempt": bool(given.get("taxExempt")),
        "taxExemptions": list(given.get("taxExemptions") or []),
        "tags": sorted_tags(given.get("tags") or []),
        "state": "DISABLED",
        "verifiedEmail": True,
        "dataSaleOptOut": False,
        "defaultAddress": mailing_address(shop, addresses[0]) if addresses else None,
    }
    if given.get("id"):
        record["id"] = given["id"]
    return shop.add("Customer", record)


def _check_unique(shop: Shop, given: Record, own_id: str | None, path: list[str], code: str | None) -> None:
    owner = by_email(shop, given.get("email"))
    if owner and owner["id"] != own_id:
        raise Refused([*path, "email"], "Email has already been taken", code)
    phones = shop.where("Customer", phone=given["phone"]) if given.get("phone") else []
    if any(other["id"] != own_id for other in phones):
        raise Refused([*path, "phone"], "Phone has already been taken", code)


def _check_present(given: Record) -> None:
    if not any(given.get(key) for key in ("email", "phone", "firstName", "lastName")):
        raise Refused(None, "A name, phone number, or email address must be present")


@mutation("customerCreate")
def customer_create(shop: Shop, args: Args) -> Record:
    given = args["input"]
    _check_present(given)
    _check_unique(shop, given, None, [], None)
    return {"customer": add_customer(shop, given)}


def _update(shop: Shop, record: Record, given: Record) -> Record:
    record.update({key: given[key] for key in _KEYS if key in given})
    if given.get("tags") is not None:
        record["tags"] = sorted_tags(given["tags"])
    shop.touch(record)
    return record


@mutation("customerUpdate")
def customer_update(shop: Shop, args: Args) -> Record:
    given = args["input"]
    record = shop.get("Customer", given.get("id"))
    if record is None:
        raise Refused(["id"], "Customer does not exist")
    _check_unique(shop, given, record["id"], [], None)
    return {"customer": _update(shop, record, given)}


@mutation("customerDelete")
def customer_delete(shop: Shop, args: Args) -> Record:
    record = shop.get("Customer", args["input"]["id"])
    if record is None:
        raise Refused(["id"], "Customer can't be found")
    if shop.where("Order", _customerId=record["id"]) or shop.where(
        "CompanyContact", _customerId=record["id"]
    ):
        raise Refused(["id"], "Customer can't be deleted because they have associated orders")
    shop.remove(record)
    return {"deletedCustomerId": record["id"]}


@mutation("customerSet")
def customer_set(shop: Shop, args: Args) -> Record:
    given, identifier = args["input"], args.get("identifier") or {}
    record = shop.get("Customer", identifier.get("id") or given.get("id"))
    if record is None and (identifier.get("id") or given.get("id")):
        raise Refused(["input"], "Resource matching the identifier was not found.", "NOT_FOUND")
    if record is None and identifier.get("email"):
        record = by_email(shop, identifier["email"])
    if record is None and identifier.get("phone"):
        record = next(iter(shop.where("Customer", phone=identifier["phone"])), None)
    _check_unique(shop, given, record["id"] if record else None, ["input"], "TAKEN")
    if record is None:
        return {"customer": add_customer(shop, given)}
    return {"customer": _update(shop, record, given)}
