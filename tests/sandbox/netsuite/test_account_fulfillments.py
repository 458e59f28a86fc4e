"""Item fulfillments of the simulated account: picked, packed, shipped, changed and deleted by clerks."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.enable_socket


@pytest.fixture
def made(ns, order):
    """An order of two tents and three packs of food, by its id."""
    ns.put("A1", order)
    return ns.truth()["salesOrders"][0]["id"]


def refused(ns, action, **data):
    body = {"kind": "erp", "name": "ns", "action": action, "data": data}
    answer = ns.http.post(f"{ns.server_url}/_sandbox/act", json=body)
    assert answer.status_code == 400, answer.text
    return answer.json()["error"]


def state(ns):
    """The order's status and what of its lines was fulfilled."""
    [found] = ns.truth()["salesOrders"]
    return found["status"], [line["quantityFulfilled"] for line in found["lines"]]


def record(ns, fulfillment):
    return ns.call("GET", f"itemFulfillment/{fulfillment['id']}", expandSubResources="true")


def test_an_order_is_fulfilled_in_parts(ns, made):
    ns.act("fulfill_order", id=made, lines=[{"line": 1, "quantity": 1}])
    first = state(ns)
    ns.act("fulfill_order", id=made)

    assert (first, state(ns)) == (("D", ["1", "0"]), ("F", ["2", "3"]))
    assert "Pending Billing cannot be fulfilled" in refused(ns, "fulfill_order", id=made)


def test_what_is_picked_counts_when_it_leaves_and_cannot_be_picked_twice(ns, made):
    picked = ns.act("fulfill_order", id=made, lines=[{"line": 1, "quantity": 2}], status="A")
    assert state(ns) == ("B", ["0", "0"])
    assert [line["quantityPicked"] for line in ns.truth()["salesOrders"][0]["lines"]] == ["2", "0"]
    words = refused(ns, "fulfill_order", id=made, lines=[{"line": 1, "quantity": 1}])
    assert "Invalid Field Value 1" in words

    ns.act("change_fulfillment", id=picked["id"], status="B")
    ns.act("change_fulfillment", id=picked["id"], status="C", packages=["1Z1"])

    assert state(ns) == ("D", ["2", "0"])


def test_a_fulfillment_is_read_as_a_record_with_its_lines_and_parcels(ns, made):
    lines = [{"line": 2, "quantity": 3, "serialNumbers": "S1,S2,S3"}]
    travel = {"packages": ["1Z1", "1Z2"], "carrier": "ups", "location": "West Warehouse"}
    fulfillment = ns.act("fulfill_order", id=made, lines=lines, **travel)

    read = record(ns, fulfillment).json()

    [entry] = read["item"]["items"]
    assert (entry["orderLine"], entry["quantity"], entry["serialNumbers"]) == (2, 3.0, "S1,S2,S3")
    assert (entry["itemName"], entry["location"]["refName"]) == ("FOOD-01", "West Warehouse")
    assert [one["packageTrackingNumber"] for one in read["package"]["items"]] == ["1Z1", "1Z2"]
    assert (read["createdFrom"]["id"], read["shipStatus"]) == (made, {"id": "C", "refName": "Shipped"})
    assert {"shippedDate", "tranDate", "lastModifiedDate"} <= read.keys()


def test_suiteql_shows_which_there_are_and_deleting_one_gives_everything_back(ns, made):
    fulfillment = ns.act("fulfill_order", id=made)
    question = "SELECT id, tranid, status FROM transaction WHERE type = 'ItemShip'"
    shown = ns.rows(question)

    ns.act("delete_fulfillment", id=fulfillment["id"])

    assert [(row["id"], row["tranid"], row["status"]) for row in shown] == [(fulfillment["id"], "IF101", "C")]
    assert ns.rows(question) == []
    assert record(ns, fulfillment).status_code == 404
    assert state(ns) == ("B", ["0", "0"])


def test_it_is_only_read_through_REST_and_only_with_its_permission(ns, made):
    fulfillment = ns.act("fulfill_order", id=made)
    address = f"itemFulfillment/{fulfillment['id']}"

    assert ns.call("PATCH", address, json={"memo": "x"}).status_code == 405
    ns.act("revoke_permission", permission="Transactions -> Item Fulfillment")
    assert record(ns, fulfillment).status_code == 403


def test_what_is_not_approved_or_is_billed_cannot_be_fulfilled_or_taken_back(ns, order, made):
    fulfillment = ns.act("fulfill_order", id=made, lines=[{"line": 1, "quantity": 1}])
    assert "cannot be deleted" in refused(ns, "delete_order", id=made)

    ns.act("invoice_order", id=made)

    assert state(ns) == ("G", ["2", "3"])
    assert len(ns.truth()["itemFulfillments"]) == 2
    assert "Billed cannot be fulfilled" in refused(ns, "fulfill_order", id=made)
    assert "cannot be deleted" in refused(ns, "delete_fulfillment", id=fulfillment["id"])
    ns.put("A2", order | {"orderStatus": {"id": "A"}})
    assert "Pending Approval cannot be fulfilled" in refused(ns, "fulfill_order", externalId="A2")
