"""Customers and sub-customers of the simulated account."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.enable_socket


@pytest.fixture
def customer(ids):
    """A new sub-customer of C-100 with one address."""
    address = {"addressee": "Nordwind Bremen", "addr1": "Markt 1", "city": "Bremen", "zip": "28195"}
    entry = {
        "defaultBilling": True,
        "defaultShipping": True,
        "label": "Bremen",
        "addressBookAddress": address,
    }
    return {
        "companyName": "Nordwind Bremen",
        "subsidiary": {"id": ids["Concord Trading"]},
        "parent": {"id": ids["C-100"]},
        "currency": {"id": ids["EUR"]},
        "terms": {"id": ids["Net 15"]},
        "email": "bremen@nordwind.example",
        "vatRegNum": "DE811128135",
        "addressBook": {"items": [entry]},
    }


def put(ns, external_id, body, **params):
    return ns.call("PUT", f"customer/eid:{external_id}", json=body, **params)


def refused(answer):
    detail = answer.json()["o:errorDetails"][0]
    return answer.status_code, detail["o:errorCode"], detail.get("o:errorPath", "")


def test_an_upsert_makes_a_customer_with_a_number_of_the_account(ns, customer):
    answer = put(ns, "L-1", customer)

    (row,) = ns.rows(
        "SELECT c.entityid, c.companyname, c.vatregnumber, p.entityid AS parent, BUILTIN.DF(c.terms) AS terms "
        "FROM customer c LEFT JOIN customer p ON p.id = c.parent WHERE c.externalid = 'L-1'"
    )
    assert answer.status_code == 204
    assert row == {
        "entityid": "CUST1",
        "companyname": "Nordwind Bremen",
        "vatregnumber": "DE811128135",
        "parent": "C-100",
        "terms": "Net 15",
    }


def test_a_second_upsert_changes_it_and_adds_the_address_again_unless_replaced(ns, customer):
    put(ns, "L-1", customer)
    put(ns, "L-1", customer | {"phone": "+49 421 1"})
    added = ns.call("GET", "customer/eid:L-1", expandSubResources="true").json()

    put(ns, "L-1", customer, replace="addressBook")
    replaced = ns.call("GET", "customer/eid:L-1", expandSubResources="true").json()

    assert (added["phone"], added["addressBook"]["totalResults"]) == ("+49 421 1", 2)
    assert [entry["defaultBilling"] for entry in added["addressBook"]["items"]] == [False, True]
    assert replaced["addressBook"]["totalResults"] == 1


def test_relations_and_currencies_can_be_asked_for(ns, ids):
    subsidiaries = ns.rows(
        f"SELECT subsidiary, isprimarysub FROM customersubsidiaryrelationship WHERE entity = {ids['C-100']}"
    )
    currencies = ns.rows(
        f"SELECT BUILTIN.DF(currency) AS name FROM customercurrencybalance WHERE customer = {ids['C-100']} ORDER BY id"
    )

    assert subsidiaries == [{"subsidiary": ids["Concord Trading"], "isprimarysub": "T"}]
    assert [row["name"] for row in currencies] == ["Euro", "US Dollar", "Japanese Yen"]


@pytest.mark.parametrize(
    ("changes", "code", "path"),
    [
        ({"companyName": None}, "USER_ERROR", ""),
        ({"isPerson": True}, "USER_ERROR", ""),
        ({"subsidiary": None}, "USER_ERROR", "subsidiary"),
        ({"entityId": "C-100"}, "UNIQUE_CUST_ID_REQD", "entityId"),
        ({"email": "nobody"}, "INVALID_CONTENT", "email"),
        ({"parent": {"id": "1"}}, "INVALID_CONTENT", "parent"),
        ({"balance": 1}, "INVALID_CONTENT", "balance"),
        ({"itemPricing": {"items": []}}, "INVALID_CONTENT", "itemPricing"),
        ({"companyName": "x" * 84}, "EXCEEDED_MAX_FIELD_LENGTH", "companyName"),
        ({"addressBook": {"items": [{}]}}, "USER_ERROR", "addressBook.items[0].addressBookAddress"),
    ],
)
def test_what_a_customer_cannot_be_is_refused(ns, customer, changes, code, path):
    answer = put(ns, "L-1", customer | changes)

    assert refused(answer) == (400, code, path)
    assert ns.call("GET", "customer/eid:L-1").status_code == 404


def test_nobody_is_their_own_parent(ns, customer, ids):
    answer = ns.call("PATCH", f"customer/{ids['C-100']}", json={"parent": {"id": ids["C-101"]}})

    assert refused(answer) == (400, "USER_ERROR", "parent")


def test_a_customer_with_orders_stays(ns, order, ids):
    ns.put("A1", order)

    assert refused(ns.call("DELETE", f"customer/{ids['C-100']}"))[:2] == (400, "USER_ERROR")
    assert ns.call("DELETE", f"customer/{ids['C-101']}").status_code == 204
