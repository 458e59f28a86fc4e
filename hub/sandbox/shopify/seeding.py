"""Master data that a test or a demonstration puts into a store at one stroke."""

from __future__ import annotations

from typing import Any

from hub.sandbox.shopify import companies, company_contacts, company_locations, customers, locations, products
from hub.sandbox.shopify.errors import Record, Refused
from hub.sandbox.shopify.money import decimal_of
from hub.sandbox.shopify.shop import Shop

_ADDRESS_NAMES = {
    "address1": "address1",
    "address2": "address2",
    "city": "city",
    "zip": "zip",
    "recipient": "recipient",
    "first_name": "firstName",
    "last_name": "lastName",
    "phone": "phone",
    "zone_code": "zoneCode",
    "country_code": "countryCode",
}


def seed(shop: Shop, data: Record) -> Record:
    """Add locations, products, customers, companies, stock; returns their ids under the caller's own keys."""
    unknown = sorted(set(data) - {"locations", "products", "customers", "companies", "stock"})
    if unknown:
        raise ValueError(f"a store cannot be seeded with {', '.join(unknown)}")
    made: Record = {"locations": {}, "products": {}, "customers": {}, "companies": {}}
    try:
        _add_all(shop, data, made)
    except Refused as refused:
        raise ValueError(f"{'.'.join(refused.error['field'] or [])}: {refused}") from refused
    except KeyError as error:
        raise ValueError(f"a seeded row lacks {error}") from error
    return made


def _add_all(shop: Shop, data: Record, made: Record) -> None:
    for row in data.get("locations", []):
        place = locations.add_location(shop, row["name"], camel(row.get("address")) or {})
        made["locations"][row["name"]] = place["id"]
    for row in data.get("products", []):
        made["products"] |= _product(shop, row)
    for row in data.get("customers", []):
        made["customers"][row["email"]] = _customer(shop, row)["id"]
    for row in data.get("companies", []):
        made["companies"][row.get("external_id") or row["name"]] = _company(shop, row)
    for row in data.get("stock", []):
        _stock(shop, row)


def camel(given: Any) -> Record | None:
    """An address by snake_case keys as the inputs of the schema name them."""
    if not given:
        return None
    unknown = sorted(set(given) - set(_ADDRESS_NAMES))
    if unknown:
        raise ValueError(f"an address has no {', '.join(unknown)}; it knows {', '.join(_ADDRESS_NAMES)}")
    return {_ADDRESS_NAMES[key]: value for key, value in given.items()}


def _product(shop: Shop, row: Record) -> Record:
    """One product; its variants are `variants` or the row itself. Ids by SKU."""
    owner = products.add_product(
        shop, {"title": row["title"], "vendor": row.get("vendor"), "tags": row.get("tags")}
    )
    made = {}
    for one in row.get("variants") or [row]:
        options = [{"optionName": "Option", "name": one["option"]}] if one.get("option") else []
        about = {
            "sku": one["sku"],
            "price": decimal_of(one.get("price", "0"), f"the price of {one['sku']}"),
            "taxable": one.get("taxable", True),
            "optionValues": options,
            "tracked": True,
        }
        variant = products.add_variant(shop, owner, about)
        made[one["sku"]] = {
            "product": owner["id"],
            "variant": variant["id"],
            "inventory_item": variant["_inventoryItemId"],
        }
    return made


def _customer(shop: Shop, row: Record) -> Record:
    names = {
        "email": "email",
        "firstName": "first_name",
        "lastName": "last_name",
        "phone": "phone",
        "tags": "tags",
    }
    return customers.add_customer(shop, {ours: row.get(theirs) for ours, theirs in names.items()})


def _company(shop: Shop, row: Record) -> Record:
    about = {"name": row["name"], "note": row.get("note"), "externalId": row.get("external_id")}
    companies.check_texts(about, ["company"], name_may_be_blank=False)
    companies.check_external_id(shop, "Company", about, ["company"])
    company = companies.add_company(shop, about)
    made: Record = {"id": company["id"], "locations": {}, "contacts": {}}
    for place in row.get("locations") or [{"name": row["name"]}]:
        made["locations"][place.get("external_id") or place["name"]] = _location(shop, company, place)["id"]
    for person in row.get("contacts", []):
        made["contacts"][person["email"]] = _contact(shop, company, person)["id"]
    return made


def _location(shop: Shop, company: Record, row: Record) -> Record:
    given: Record = {
        "name": row["name"],
        "externalId": row.get("external_id"),
        "note": row.get("note"),
        "phone": row.get("phone"),
        "taxRegistrationId": row.get("tax_registration_id"),
        "taxExempt": bool(row.get("tax_exempt")),
        "taxExemptions": row.get("tax_exemptions") or [],
        "shippingAddress": camel(row.get("shipping_address") or row.get("address")),
        "billingAddress": camel(row.get("billing_address") or row.get("address")),
    }
    company_locations.check_new(shop, given, ["location"])
    return company_locations.add_location(shop, company, given, fallback=company["name"])


def _contact(shop: Shop, company: Record, row: Record) -> Record:
    given = {
        "email": row["email"],
        "firstName": row.get("first_name"),
        "lastName": row.get("last_name"),
        "title": row.get("title"),
    }
    company_contacts.check_new(shop, given, ["contact"])
    contact = company_contacts.add_contact(shop, company, given)
    role = company_contacts.ordering_role(shop, company["id"])
    for place in shop.where("CompanyLocation", _companyId=company["id"]):
        if not row.get("locations") or {place["name"], place["externalId"]} & set(row["locations"]):
            company_contacts.assign(shop, contact, role, place)
    return contact


def _stock(shop: Shop, row: Record) -> None:
    items = shop.where("InventoryItem", sku=row["sku"])
    if not items:
        raise ValueError(f"there is no item with the SKU {row['sku']!r}")
    places = shop.where("Location", name=row["location"]) if row.get("location") else shop.every("Location")
    if not places:
        raise ValueError(f"there is no location {row['location']!r}")
    level = products.stock(shop, items[0], places[0])
    committed = level["_quantities"]["committed"]
    level["_quantities"] |= {"available": row["available"], "on_hand": row["available"] + committed}
