"""Companies: reading and changing them; their contacts and locations have modules of their own."""

from __future__ import annotations

import re

from hub.sandbox.shopify import company_contacts, company_locations
from hub.sandbox.shopify.errors import Args, Record, Refused
from hub.sandbox.shopify.money import decimal_of
from hub.sandbox.shopify.paging import by_id, page
from hub.sandbox.shopify.registry import field, mutation, query
from hub.sandbox.shopify.search import id_field, searched, text_field, time_field
from hub.sandbox.shopify.shop import Shop, count_of

LONGEST_NAME = 255
LONGEST_NOTE = 5000
LONGEST_EXTERNAL_ID = 64
EXTERNAL_ID = re.compile(r"[\w!@#$%^&*(){}\[\]\\/?<>\-~,.;:'`\"]+", re.ASCII)
SPECIAL_CHARACTERS = "!@#$%^&*(){}[]\\/?<>_-~,.;:'`\""

_MATCHERS = {
    "": text_field("name"),
    "created_at": time_field("createdAt"),
    "external_id": text_field("externalId"),
    "id": id_field(),
    "name": text_field("name"),
    "updated_at": time_field("updatedAt"),
}
_SORTS = {"NAME": "name", "CREATED_AT": "createdAt", "UPDATED_AT": "updatedAt"}


@query("company")
def company(shop: Shop, args: Args) -> Record | None:
    return shop.read("Company", args["id"])


@query("companies")
def companies(shop: Shop, args: Args) -> Record:
    found = searched(shop, "companies", shop.every("Company"), args.get("query"), _MATCHERS)
    key = _SORTS.get(args.get("sortKey") or "")
    return page(found, args, (lambda record: record[key]) if key else by_id)


@query("companiesCount")
def companies_count(shop: Shop, _args: Args) -> Record:
    return count_of(shop.every("Company"))


@field("Company.locations")
def locations(shop: Shop, company: Record, args: Args) -> Record:
    return page(shop.where("CompanyLocation", _companyId=company["id"]), args)


@field("Company.locationsCount")
def locations_count(shop: Shop, company: Record, _args: Args) -> Record:
    return count_of(shop.where("CompanyLocation", _companyId=company["id"]))


@field("Company.contacts")
def contacts(shop: Shop, company: Record, args: Args) -> Record:
    return page(shop.where("CompanyContact", _companyId=company["id"]), args)


@field("Company.contactsCount")
def contacts_count(shop: Shop, company: Record, _args: Args) -> Record:
    return count_of(shop.where("CompanyContact", _companyId=company["id"]))


@field("Company.contactRoles")
def contact_roles(shop: Shop, company: Record, args: Args) -> Record:
    return page(shop.where("CompanyContactRole", _companyId=company["id"]), args)


@field("Company.defaultRole")
def default_role(shop: Shop, company: Record, _args: Args) -> Record | None:
    return company_contacts.ordering_role(shop, company["id"])


@field("Company.mainContact")
def main_contact(shop: Shop, company: Record, _args: Args) -> Record | None:
    return shop.get("CompanyContact", company["_mainContactId"])


_OWNED = {
    "Company": "_companyId",
    "CompanyLocation": "_companyLocationId",
    "CompanyContact": "_companyContactId",
}


@field("Company.orders", "CompanyLocation.orders", "CompanyContact.orders")
def orders(shop: Shop, record: Record, args: Args) -> Record:
    return page(shop.where("Order", **{_OWNED[record["__typename"]]: record["id"]}), args)


@field("Company.draftOrders", "CompanyLocation.draftOrders", "CompanyContact.draftOrders")
def draft_orders(shop: Shop, record: Record, args: Args) -> Record:
    return page(shop.where("DraftOrder", **{_OWNED[record["__typename"]]: record["id"]}), args)


@field("Company.ordersCount", "CompanyLocation.ordersCount")
def orders_count(shop: Shop, record: Record, _args: Args) -> Record:
    return count_of(shop.where("Order", **{_OWNED[record["__typename"]]: record["id"]}))


@field("Company.totalSpent", "CompanyLocation.totalSpent")
def total_spent(shop: Shop, record: Record, _args: Args) -> Record:
    spent = shop.where("Order", **{_OWNED[record["__typename"]]: record["id"]})
    amount = sum((o["totalReceivedSet"]["shopMoney"]["amount"] for o in spent), decimal_of(0, "zero"))
    return {"amount": amount, "currencyCode": shop.settings.currency}


def check_texts(given: Record, path: list[str], *, name_may_be_blank: bool) -> None:
    """Name and note of a company or location, in the store's words."""
    name, note = given.get("name"), given.get("note")
    if name is not None and len(name) > LONGEST_NAME:
        raise Refused([*path, "name"], f"Name is too long (maximum is {LONGEST_NAME} characters)", "TOO_LONG")
    if "name" in given and not (name or "").strip() and not name_may_be_blank:
        raise Refused([*path, "name"], "Name can't be blank", "BLANK")
    if note is not None and len(note) > LONGEST_NOTE:
        raise Refused(
            [*path, "notes"], f"Notes is too long (maximum is {LONGEST_NOTE} characters)", "TOO_LONG"
        )


def check_external_id(
    shop: Shop, kind: str, given: Record, path: list[str], own_id: str | None = None
) -> None:
    """External ids are unique per type, short, and of a limited set of characters."""
    value = given.get("externalId")
    if value is None:
        return
    where = [*path, "externalId"]
    if len(value) > LONGEST_EXTERNAL_ID:
        raise Refused(where, f"External Id must be {LONGEST_EXTERNAL_ID} characters or less.", "TOO_LONG")
    if not EXTERNAL_ID.fullmatch(value):
        allowed = f"numbers, letters, and some special characters, including {SPECIAL_CHARACTERS}"
        raise Refused(where, f"External Id can only contain {allowed}", "INVALID")
    if any(r["id"] != own_id for r in shop.where(kind, externalId=value)):
        raise Refused(where, "External id has already been taken.", "TAKEN")


def company_body(shop: Shop, record: Record) -> Record:
    """The webhook body of a company."""
    return {
        "name": record["name"],
        "note": record["note"],
        "external_id": record["externalId"],
        "main_contact_admin_graphql_api_id": record["_mainContactId"],
        "created_at": record["createdAt"],
        "updated_at": record["updatedAt"],
        "customer_since": record["customerSince"],
        "admin_graphql_api_id": record["id"],
    }


def add_company(shop: Shop, given: Record) -> Record:
    """Store a company with its two roles; the input was checked."""
    record = shop.add(
        "Company",
        {
            "name": given["name"],
            "note": given.get("note"),
            "externalId": given.get("externalId"),
            "customerSince": given.get("customerSince") or shop.now(),
            "_mainContactId": None,
        },
    )
    for role in ("Location admin", "Ordering only"):
        shop.add(
            "CompanyContactRole",
            {"name": role, "note": f"System-defined {role} role", "_companyId": record["id"]},
        )
    shop.emit("companies/create", lambda: company_body(shop, record))
    return record


@mutation("companyCreate")
def company_create(shop: Shop, args: Args) -> Record:
    given = args["input"]
    about, contact, location = (
        given["company"],
        given.get("companyContact"),
        given.get("companyLocation") or {},
    )
    path = ["input", "company"]
    check_texts({"name": None, **about}, path, name_may_be_blank=False)
    check_external_id(shop, "Company", about, path)
    company_locations.check_new(shop, location, ["input", "companyLocation"])
    if contact:
        company_contacts.check_new(shop, contact, ["input", "companyContact"])
    record = add_company(shop, about)
    place = company_locations.add_location(shop, record, location, fallback=record["name"])
    if contact:
        person = company_contacts.add_contact(shop, record, contact)
        company_contacts.assign(shop, person, company_contacts.ordering_role(shop, record["id"]), place)
    return {"company": record}


@mutation("companyUpdate")
def company_update(shop: Shop, args: Args) -> Record:
    record, given = shop.get("Company", args["companyId"]), args["input"]
    if record is None:
        raise Refused(["companyId"], "Resource requested does not exist.", "RESOURCE_NOT_FOUND")
    if "customerSince" in given:
        raise Refused(["input", "customerSince"], "This field may only be set on creation.", "INVALID_INPUT")
    check_texts(given, ["input"], name_may_be_blank=False)
    check_external_id(shop, "Company", given, ["input"], record["id"])
    record.update({key: given[key] for key in ("name", "note", "externalId") if key in given})
    shop.touch(record)
    shop.emit("companies/update", lambda: company_body(shop, record))
    return {"company": record}


@mutation("companyDelete")
def company_delete(shop: Shop, args: Args) -> Record:
    record = shop.get("Company", args["id"])
    if record is None:
        raise Refused(["id"], "Resource requested does not exist.", "RESOURCE_NOT_FOUND")
    if shop.where("Order", _companyId=record["id"]) or shop.where("DraftOrder", _companyId=record["id"]):
        raise Refused(["id"], "Failed to delete the company.", "FAILED_TO_DELETE")
    for kind in ("CompanyContactRoleAssignment", "CompanyContactRole", "CompanyContact", "CompanyLocation"):
        for owned in shop.where(kind, _companyId=record["id"]):
            shop.remove(owned)
    shop.remove(record)
    shop.emit("companies/delete", lambda: company_body(shop, record))
    return {"deletedCompanyId": record["id"]}
