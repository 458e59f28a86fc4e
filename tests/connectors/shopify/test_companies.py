"""Company locations with all their contacts' e-mails."""

from __future__ import annotations

from datetime import UTC, datetime

from hub.connectors.documents import CompanyLocation
from tests.connectors.shopify.scripted import END, ScriptedShop, more


def contact(email):
    address = {"emailAddress": email} if email else None
    return {"customer": {"defaultEmailAddress": address}}


def location(number, emails, info=END, main="boss@example.com"):
    return {
        "id": f"gid://shopify/CompanyLocation/{number}",
        "name": "Hamburg",
        "externalId": "L-1",
        "updatedAt": "2026-11-01T14:15:30Z",
        "taxSettings": {"taxRegistrationId": "DE123456789"},
        "company": {
            "id": "gid://shopify/Company/1",
            "name": "Muster GmbH",
            "externalId": None,
            "mainContact": contact(main) if main else None,
        },
        "roleAssignments": {"nodes": [{"companyContact": contact(one)} for one in emails], "pageInfo": info},
    }


def test_a_location_is_read_with_what_identifies_it():
    node = location(1, ["a@example.com", "boss@example.com", None])
    shop = ScriptedShop().script("CompanyLocations", {"nodes": [node]})

    found = shop.store.read_company_locations(["gid://shopify/CompanyLocation/1"])

    assert found == {
        "gid://shopify/CompanyLocation/1": CompanyLocation(
            external_id="gid://shopify/CompanyLocation/1",
            name="Hamburg",
            company_external_id="gid://shopify/Company/1",
            company_name="Muster GmbH",
            merchant_id="L-1",
            company_merchant_id="",
            tax_registration_id="DE123456789",
            emails=("boss@example.com", "a@example.com"),
            updated_at=datetime(2026, 11, 1, 14, 15, 30, tzinfo=UTC),
        )
    }


def test_contacts_are_read_to_the_last_page():
    node = location(1, ["a@example.com"], more("c1"), main=None)
    rest = {"companyLocation": {"id": node["id"], **location(1, ["b@example.com"])}}
    shop = (
        ScriptedShop().script("CompanyLocations", {"nodes": [node]}).script("CompanyLocationContacts", rest)
    )

    found = shop.store.read_company_locations([node["id"]])

    assert found[node["id"]].emails == ("a@example.com", "b@example.com")


def test_batches_keep_their_size_and_missing_locations_are_left_out():
    ids = [f"gid://shopify/CompanyLocation/{number}" for number in range(1, 15)]

    def some(variables):
        return {
            "nodes": [
                None if one.endswith("/2") else location(one.split("/")[-1], []) for one in variables["ids"]
            ]
        }

    shop = ScriptedShop().script("CompanyLocations", some)

    found = shop.store.read_company_locations(ids)

    assert len(found) == 13
    assert [len(one["ids"]) for one in shop.sent("CompanyLocations")] == [12, 2]
