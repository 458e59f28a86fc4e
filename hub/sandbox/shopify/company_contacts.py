"""Company contacts and their roles at company locations. A contact is always a customer, too."""

from __future__ import annotations

from hub.sandbox.shopify import customers
from hub.sandbox.shopify.errors import Args, Record, Refused
from hub.sandbox.shopify.paging import page
from hub.sandbox.shopify.registry import field, mutation, query
from hub.sandbox.shopify.shop import Shop

GONE = "The company contact doesn't exist."


@query("companyContact")
def company_contact(shop: Shop, args: Args) -> Record | None:
    return shop.read("CompanyContact", args["id"])


@field("CompanyContact.company", "CompanyLocation.company")
def company_of(shop: Shop, record: Record, _args: Args) -> Record | None:
    return shop.get("Company", record["_companyId"])


@field("CompanyContact.customer")
def customer_of(shop: Shop, contact: Record, _args: Args) -> Record | None:
    return shop.get("Customer", contact["_customerId"])


@field("CompanyContact.isMainContact")
def is_main(shop: Shop, contact: Record, _args: Args) -> bool:
    company = shop.get("Company", contact["_companyId"])
    return bool(company and company["_mainContactId"] == contact["id"])


@field("CompanyContact.roleAssignments")
def contact_assignments(shop: Shop, contact: Record, args: Args) -> Record:
    return page(shop.where("CompanyContactRoleAssignment", _contactId=contact["id"]), args)


@field("CompanyLocation.roleAssignments")
def location_assignments(shop: Shop, location: Record, args: Args) -> Record:
    return page(shop.where("CompanyContactRoleAssignment", _locationId=location["id"]), args)


@field("CompanyContactRoleAssignment.role")
def assigned_role(shop: Shop, assignment: Record, _args: Args) -> Record | None:
    return shop.get("CompanyContactRole", assignment["_roleId"])


@field("CompanyContactRoleAssignment.company")
def assigned_company(shop: Shop, assignment: Record, _args: Args) -> Record | None:
    return shop.get("Company", assignment["_companyId"])


@field("CompanyContactRoleAssignment.companyContact")
def assigned_contact(shop: Shop, assignment: Record, _args: Args) -> Record | None:
    return shop.get("CompanyContact", assignment["_contactId"])


@field("CompanyContactRoleAssignment.companyLocation")
def assigned_location(shop: Shop, assignment: Record, _args: Args) -> Record | None:
    return shop.get("CompanyLocation", assignment["_locationId"])


def ordering_role(shop: Shop, company_id: str) -> Record:
    """The company's role that may place orders and no more."""
    return shop.where("CompanyContactRole", _companyId=company_id, name="Ordering only")[0]


def may_order_at(shop: Shop, contact_id: str, location_id: str) -> bool:
    """Whether the contact has a role at the location."""
    return bool(shop.where("CompanyContactRoleAssignment", _contactId=contact_id, _locationId=location_id))


def check_new(shop: Shop, given: Record, path: list[str]) -> None:
    """A contact needs an e-mail address that no other contact has."""
    email = given.get("email")
    if not email:
        raise Refused([*path, "email"], "Email address is required.", "INVALID")
    if "@" not in email:
        raise Refused([*path, "email"], "Email address is invalid.", "INVALID")
    owner = customers.by_email(shop, email)
    if owner and shop.where("CompanyContact", _customerId=owner["id"]):
        raise Refused([*path, "email"], "Email address has already been taken.", "TAKEN")


def add_contact(shop: Shop, company: Record, given: Record) -> Record:
    """Store a contact and its customer; the first one becomes the main contact."""
    person = customers.by_email(shop, given["email"]) or customers.add_customer(
        shop, {key: given.get(key) for key in ("email", "firstName", "lastName", "phone")}
    )
    contact = shop.add(
        "CompanyContact",
        {
            "title": given.get("title"),
            "locale": given.get("locale") or "en",
            "_companyId": company["id"],
            "_customerId": person["id"],
        },
    )
    if company["_mainContactId"] is None:
        company["_mainContactId"] = contact["id"]
    return contact


def assign(shop: Shop, contact: Record, role: Record, location: Record) -> Record:
    """Give a contact a role at a location."""
    return shop.add(
        "CompanyContactRoleAssignment",
        {
            "_companyId": contact["_companyId"],
            "_contactId": contact["id"],
            "_roleId": role["id"],
            "_locationId": location["id"],
        },
    )


@mutation("companyContactCreate")
def company_contact_create(shop: Shop, args: Args) -> Record:
    company = shop.get("Company", args["companyId"])
    if company is None:
        raise Refused(["companyId"], "Resource requested does not exist.", "RESOURCE_NOT_FOUND")
    check_new(shop, args["input"], ["input"])
    return {"companyContact": add_contact(shop, company, args["input"])}


@mutation("companyContactUpdate")
def company_contact_update(shop: Shop, args: Args) -> Record:
    contact, given = shop.get("CompanyContact", args["companyContactId"]), args["input"]
    if contact is None:
        raise Refused(["companyContactId"], GONE, "RESOURCE_NOT_FOUND")
    contact.update({key: given[key] for key in ("title", "locale") if key in given})
    person = shop.tables["Customer"][contact["_customerId"]]
    person.update({key: given[key] for key in ("email", "firstName", "lastName", "phone") if key in given})
    shop.touch(contact)
    shop.touch(person)
    return {"companyContact": contact}


@mutation("companyContactDelete")
def company_contact_delete(shop: Shop, args: Args) -> Record:
    contact = shop.get("CompanyContact", args["companyContactId"])
    if contact is None:
        raise Refused(["companyContactId"], GONE, "RESOURCE_NOT_FOUND")
    if any(shop.where(kind, _companyContactId=contact["id"]) for kind in ("Order", "DraftOrder")):
        message = "Cannot delete a company contact with existing orders or draft orders."
        raise Refused(["companyContactId"], message, "FAILED_TO_DELETE")
    for assignment in shop.where("CompanyContactRoleAssignment", _contactId=contact["id"]):
        shop.remove(assignment)
    company = shop.tables["Company"][contact["_companyId"]]
    if company["_mainContactId"] == contact["id"]:
        company["_mainContactId"] = None
    shop.remove(contact)
    return {"deletedCompanyContactId": contact["id"]}


@mutation("companyContactAssignRole")
def company_contact_assign_role(shop: Shop, args: Args) -> Record:
    contact = shop.get("CompanyContact", args["companyContactId"])
    if contact is None:
        raise Refused(["companyContactId"], GONE, "RESOURCE_NOT_FOUND")
    location = shop.get("CompanyLocation", args["companyLocationId"])
    if location is None or location["_companyId"] != contact["_companyId"]:
        raise Refused(["companyLocationId"], "The company location doesn't exist.", "RESOURCE_NOT_FOUND")
    role = shop.get("CompanyContactRole", args["companyContactRoleId"])
    if role is None or role["_companyId"] != contact["_companyId"]:
        raise Refused(
            ["companyContactRoleId"], "The company contact role doesn't exist.", "RESOURCE_NOT_FOUND"
        )
    if may_order_at(shop, contact["id"], location["id"]):
        message = "Company contact has already been assigned a role in that company location."
        raise Refused(None, message, "LIMIT_REACHED")
    return {"companyContactRoleAssignment": assign(shop, contact, role, location)}


@mutation("companyAssignMainContact")
def company_assign_main_contact(shop: Shop, args: Args) -> Record:
    company, contact = (
        shop.get("Company", args["companyId"]),
        shop.get("CompanyContact", args["companyContactId"]),
    )
    if company is None:
        raise Refused(["companyId"], "Resource requested does not exist.", "RESOURCE_NOT_FOUND")
    if contact is None or contact["_companyId"] != company["id"]:
        raise Refused(["companyContactId"], GONE, "RESOURCE_NOT_FOUND")
    company["_mainContactId"] = contact["id"]
    shop.touch(company)
    return {"company": company}
