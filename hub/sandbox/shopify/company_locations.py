"""Company locations: where a company's buyers order and where goods and invoices go."""

from __future__ import annotations

from hub.sandbox.shopify import companies
from hub.sandbox.shopify.addresses import country_name
from hub.sandbox.shopify.errors import Args, Record, Refused
from hub.sandbox.shopify.paging import by_id, page
from hub.sandbox.shopify.registry import field, mutation, query
from hub.sandbox.shopify.search import id_field, searched, text_field, time_field
from hub.sandbox.shopify.shop import Shop

_MATCHERS = {
    "": text_field("name"),
    "company_id": id_field("_companyId"),
    "created_at": time_field("createdAt"),
    "external_id": text_field("externalId"),
    "id": id_field(),
    "name": text_field("name"),
    "updated_at": time_field("updatedAt"),
}
_SORTS = {"NAME": "name", "CREATED_AT": "createdAt", "UPDATED_AT": "updatedAt"}
_ADDRESS_KEYS = [
    "address1",
    "address2",
    "city",
    "zip",
    "recipient",
    "firstName",
    "lastName",
    "phone",
    "zoneCode",
    "countryCode",
]


@query("companyLocation")
def company_location(shop: Shop, args: Args) -> Record | None:
    return shop.read("CompanyLocation", args["id"])


@query("companyLocations")
def company_locations(shop: Shop, args: Args) -> Record:
    found = searched(shop, "companyLocations", shop.every("CompanyLocation"), args.get("query"), _MATCHERS)
    key = _SORTS.get(args.get("sortKey") or "")
    return page(found, args, (lambda record: record[key]) if key else by_id)


@field("CompanyLocation.currency")
def currency(shop: Shop, _location: Record, _args: Args) -> str:
    return shop.settings.currency


@field("CompanyLocation.taxSettings")
def tax_settings(_shop: Shop, location: Record, _args: Args) -> Record:
    return {key: location[key] for key in ("taxExempt", "taxExemptions", "taxRegistrationId")}


@field("CompanyAddress.country")
def address_country(_shop: Shop, address: Record, _args: Args) -> str | None:
    return country_name(address["countryCode"])


@field("BuyerExperienceConfiguration.paymentTermsTemplate")
def default_terms(shop: Shop, configuration: Record, _args: Args) -> Record | None:
    return shop.get("PaymentTermsTemplate", configuration.get("paymentTermsTemplateId"))


def check_new(shop: Shop, given: Record, path: list[str]) -> None:
    """A location's input, in the store's words."""
    if "taxExempt" in given and given["taxExempt"] is None:
        raise Refused([*path, "taxExempt"], "Invalid input.", "INVALID_INPUT")
    if given.get("billingSameAsShipping"):
        if not given.get("shippingAddress"):
            raise Refused([*path, "shippingAddress"], "Invalid input.", "INVALID_INPUT")
        if given.get("billingAddress"):
            raise Refused([*path, "billingAddress"], "Invalid input.", "INVALID_INPUT")
    companies.check_texts(given, path, name_may_be_blank=True)
    companies.check_external_id(shop, "CompanyLocation", given, path)


def _new_address(shop: Shop, company: Record, given: Record | None) -> Record | None:
    if not given:
        return None
    stamp = shop.now()
    address = {key: given.get(key) for key in _ADDRESS_KEYS}
    address |= {"address1": given.get("address1") or "", "countryCode": given.get("countryCode") or "CA"}
    whole = {
        "id": shop.new_gid("CompanyAddress"),
        "companyName": company["name"],
        "province": given.get("zoneCode"),
    }
    return {"__typename": "CompanyAddress", **whole, **address, "createdAt": stamp, "updatedAt": stamp}


def add_location(shop: Shop, company: Record, given: Record, fallback: str) -> Record:
    """Store a location; the input was checked. A blank name becomes the shipping street, else `fallback`."""
    shipping = _new_address(shop, company, given.get("shippingAddress"))
    same = given.get("billingSameAsShipping")
    billing = _new_address(shop, company, given.get("shippingAddress" if same else "billingAddress"))
    location = shop.add(
        "CompanyLocation",
        {
            "name": (given.get("name") or "").strip() or fallback,
            "note": given.get("note"),
            "externalId": given.get("externalId"),
            "phone": given.get("phone"),
            "locale": given.get("locale") or "en",
            "shippingAddress": shipping,
            "billingAddress": billing,
            "taxExempt": bool(given.get("taxExempt")),
            "taxExemptions": list(given.get("taxExemptions") or []),
            "taxRegistrationId": given.get("taxRegistrationId"),
            "buyerExperienceConfiguration": given.get("buyerExperienceConfiguration"),
            "_companyId": company["id"],
        },
    )
    shop.emit("company_locations/create", lambda: location_body(shop, location))
    return location


@mutation("companyLocationCreate")
def company_location_create(shop: Shop, args: Args) -> Record:
    company, given = shop.get("Company", args["companyId"]), args["input"]
    if company is None:
        raise Refused(["companyId"], "Resource requested does not exist.", "RESOURCE_NOT_FOUND")
    check_new(shop, given, ["input"])
    street = (given.get("shippingAddress") or {}).get("address1")
    return {"companyLocation": add_location(shop, company, given, fallback=street or company["name"])}


@mutation("companyLocationUpdate")
def company_location_update(shop: Shop, args: Args) -> Record:
    location, given = shop.get("CompanyLocation", args["companyLocationId"]), args["input"]
    if location is None:
        raise Refused(["input"], "The company location doesn't exist", "RESOURCE_NOT_FOUND")
    companies.check_texts(given, ["input"], name_may_be_blank=False)
    companies.check_external_id(shop, "CompanyLocation", given, ["input"], location["id"])
    location.update(given)
    return {"companyLocation": _changed(shop, location)}


def _changed(shop: Shop, location: Record) -> Record:
    shop.touch(location)
    shop.emit("company_locations/update", lambda: location_body(shop, location))
    return location


@mutation("companyLocationTaxSettingsUpdate")
def company_location_tax_settings_update(shop: Shop, args: Args) -> Record:
    location = shop.get("CompanyLocation", args["companyLocationId"])
    if location is None:
        raise Refused(["companyLocationId"], "The company location doesn't exist", "RESOURCE_NOT_FOUND")
    location.update({key: args[key] for key in ("taxRegistrationId", "taxExempt") if key in args})
    kept = set(location["taxExemptions"]) | set(args.get("exemptionsToAssign") or [])
    location["taxExemptions"] = sorted(kept - set(args.get("exemptionsToRemove") or []))
    return {"companyLocation": _changed(shop, location)}


@mutation("companyLocationAssignAddress")
def company_location_assign_address(shop: Shop, args: Args) -> Record:
    location = shop.get("CompanyLocation", args["locationId"])
    if location is None:
        raise Refused(["locationId"], "The company location doesn't exist", "RESOURCE_NOT_FOUND")
    company = shop.tables["Company"][location["_companyId"]]
    assigned = []
    for key in ("shippingAddress", "billingAddress"):
        if key.removesuffix("Address").upper() in args["addressTypes"]:
            fresh = _new_address(shop, company, args["address"]) or {}
            before = location[key] or fresh
            location[key] = {**fresh, "id": before["id"], "createdAt": before["createdAt"]}
            assigned.append(location[key])
    _changed(shop, location)
    return {"addresses": assigned}


@mutation("companyLocationDelete")
def company_location_delete(shop: Shop, args: Args) -> Record:
    location = shop.get("CompanyLocation", args["companyLocationId"])
    if location is None:
        raise Refused(["companyLocationId"], "The company location doesn't exist", "RESOURCE_NOT_FOUND")
    if any(shop.where(kind, _companyLocationId=location["id"]) for kind in ("Order", "DraftOrder")):
        raise Refused(["companyLocationId"], "Failed to delete the company location.", "FAILED_TO_DELETE")
    for assignment in shop.where("CompanyContactRoleAssignment", _locationId=location["id"]):
        shop.remove(assignment)
    shop.remove(location)
    shop.emit("company_locations/delete", lambda: location_body(shop, location))
    return {"deletedCompanyLocationId": location["id"]}


def location_body(shop: Shop, location: Record) -> Record:
    """The webhook body of a company location."""
    exemptions, registration = location["taxExemptions"], location["taxRegistrationId"]
    return {
        "name": location["name"],
        "external_id": location["externalId"],
        "phone": location["phone"],
        "locale": location["locale"],
        "created_at": location["createdAt"],
        "updated_at": location["updatedAt"],
        "note": location["note"],
        "buyer_experience_configuration": location["buyerExperienceConfiguration"],
        "admin_graphql_api_id": location["id"],
        "tax_exemptions": exemptions,
        "tax_settings": {
            "tax_registration_id": registration,
            "tax_exempt": location["taxExempt"],
            "tax_exemptions": exemptions,
        },
        "company": companies.company_body(shop, shop.tables["Company"][location["_companyId"]]),
        "billing_address": _address_body(location, "billingAddress"),
        "shipping_address": _address_body(location, "shippingAddress"),
        "tax_registration": {"tax_id": registration} if registration else None,
    }


def _address_body(location: Record, key: str) -> Record | None:
    address = location[key]
    if address is None:
        return None
    return {
        "address1": address["address1"],
        "city": address["city"],
        "province": address["province"],
        "country": country_name(address["countryCode"]),
        "zip": address["zip"],
        "recipient": address["recipient"],
        "first_name": address["firstName"],
        "last_name": address["lastName"],
        "address2": address["address2"],
        "phone": address["phone"],
        "zone_code": address["zoneCode"],
        "country_code": address["countryCode"],
        "created_at": address["createdAt"],
        "updated_at": address["updatedAt"],
        "admin_graphql_api_id": address["id"],
        "company_admin_graphql_api_id": location["_companyId"],
    }
