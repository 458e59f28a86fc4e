"""Company locations read from the Admin API, with what identifies them to an ERP."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hub.connectors.contacts import CompanyContact
from hub.connectors.documents import Address, CompanyLocation
from hub.connectors.stores.shopify.client import AdminClient
from hub.connectors.stores.shopify.operations import operation
from hub.connectors.stores.shopify.paging import completed
from hub.connectors.stores.shopify.shapes import (
    Node,
    clean,
    gid,
    member,
    members,
    moment,
    optional_gid,
    optional_member,
    text,
)

# Twelve locations with ten contacts each keep within 1000 points by the published rules.
LOCATION_BATCH = 12


class CompanyReader:
    """Reads companies of one shop. Safe to share between threads."""

    def __init__(self, client: AdminClient) -> None:
        self.client = client

    def read_company_locations(self, external_ids: Sequence[str]) -> dict[str, CompanyLocation]:
        """These locations by id; ids that are gone are left out. The main contact's e-mail comes first."""
        ids = list(dict.fromkeys(external_ids))
        found = {}
        for start in range(0, len(ids), LOCATION_BATCH):
            for node in self._batch(ids[start : start + LOCATION_BATCH]):
                location = location_from_node(clean(self._whole(node)))
                found[location.external_id] = location
        return found

    def _batch(self, ids: Sequence[str]) -> list[Node]:
        reading = operation("CompanyLocations")
        cost = reading.cost * len(ids) / LOCATION_BATCH
        reply = self.client.run(reading, {"ids": list(ids)}, cost=cost)
        nodes = reply.data.get("nodes")
        if not isinstance(nodes, list):
            raise RuntimeError("CompanyLocations: the answer holds no list of nodes")
        return [node for node in nodes if node]

    def _whole(self, node: Node) -> dict[str, object]:
        def read_more(cursor: str) -> Node:
            variables = {"id": node["id"], "after": cursor}
            reply = self.client.run(operation("CompanyLocationContacts"), variables)
            return member(member(reply.data, "companyLocation"), "roleAssignments")

        return {**node, "roleAssignments": completed(member(node, "roleAssignments"), read_more)}


def location_from_node(node: Node) -> CompanyLocation:
    """The location in a GraphQL node whose contacts are complete; raises ValueError for another shape."""
    company = member(node, "company")
    return CompanyLocation(
        external_id=gid(node, "id", "CompanyLocation"),
        name=text(node, "name"),
        company_external_id=gid(company, "id", "Company"),
        company_name=text(company, "name"),
        merchant_id=text(node, "externalId"),
        company_merchant_id=text(company, "externalId"),
        tax_registration_id=text(optional_member(node, "taxSettings") or {}, "taxRegistrationId"),
        emails=tuple(dict.fromkeys(filter(None, _emails(node, company)))),
        updated_at=moment(node, "updatedAt"),
        phone=text(node, "phone"),
        currency=text(node, "currency"),
        billing_address=_address(optional_member(node, "billingAddress")),
        shipping_address=_address(optional_member(node, "shippingAddress")),
        contacts=tuple(_contacts(node, company)),
    )


def _contacts(node: Node, company: Node) -> Iterator[CompanyContact]:
    main = optional_gid(optional_member(company, "mainContact") or {}, "id", "CompanyContact")
    for assignment in members(member(node, "roleAssignments"), "nodes"):
        contact = optional_member(assignment, "companyContact") or {}
        external_id = optional_gid(contact, "id", "CompanyContact")
        customer = optional_gid(optional_member(contact, "customer") or {}, "id", "Customer")
        if external_id and customer:
            yield CompanyContact(external_id, customer, _email_of(contact), external_id == main)


def _address(node: Node | None) -> Address | None:
    if node is None:
        return None
    return Address(
        company=text(node, "companyName"),
        name=text(node, "recipient"),
        line1=text(node, "address1"),
        line2=text(node, "address2"),
        city=text(node, "city"),
        province_code=text(node, "zoneCode"),
        province=text(node, "province"),
        postal_code=text(node, "zip"),
        country_code=text(node, "countryCode"),
        phone=text(node, "phone"),
    )


def _emails(node: Node, company: Node) -> Iterator[str]:
    yield _email_of(optional_member(company, "mainContact"))
    for assignment in members(member(node, "roleAssignments"), "nodes"):
        yield _email_of(optional_member(assignment, "companyContact"))


def _email_of(contact: Node | None) -> str:
    customer = optional_member(contact or {}, "customer")
    address = optional_member(customer or {}, "defaultEmailAddress")
    return text(address or {}, "emailAddress")
