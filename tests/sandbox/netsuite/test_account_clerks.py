"""What people do in the simulated account."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.enable_socket


def refused(ns, action, **data):
    body = {"kind": "erp", "name": "ns", "action": action, "data": data}
    answer = ns.http.post(f"{ns.server_url}/_sandbox/act", json=body)
    assert answer.status_code == 400, answer.text
    return answer.json()["error"]


def test_a_clerk_makes_edits_approves_and_closes_an_order(ns, order):
    del order["orderStatus"]
    made = ns.act("create_order", order=order)
    edited = ns.act(
        "edit_order", tranId=made["tranId"], changes={"item": {"items": [{"line": 1, "rate": 1.5}]}}
    )
    approved = ns.act("approve_order", id=made["id"])
    closed = ns.act("close_order", id=made["id"])

    assert [step["status"] for step in (made, edited, approved, closed)] == ["A", "A", "B", "H"]
    assert ns.truth()["salesOrders"][0]["lines"][0]["amount"] == "3.00"


def test_only_an_order_that_waits_for_approval_can_be_cancelled(ns, order):
    ns.put("A1", order | {"orderStatus": {"id": "A"}})
    ns.put("A2", order)

    cancelled = ns.act("cancel_order", externalId="A1")

    assert cancelled["status"] == "C"
    assert "close it instead" in refused(ns, "cancel_order", externalId="A2")


def test_closing_one_line_leaves_the_order_open(ns, order):
    ns.put("A1", order)

    assert ns.act("close_order", externalId="A1", lines=[1])["status"] == "B"
    assert [
        row.get("isclosed") for row in ns.rows("SELECT isclosed FROM transactionline WHERE mainline = 'F'")
    ][:2] == [
        "T",
        "F",
    ]


def test_a_clerks_mistake_changes_nothing(ns, order):
    ns.put("A1", order)
    before = ns.truth()["salesOrders"]

    words = refused(
        ns, "edit_order", externalId="A1", changes={"memo": "x", "item": {"items": [{"line": 9}]}}
    )

    assert "Invalid Field Value 9" in words
    assert ns.truth()["salesOrders"] == before
    assert "nobody can 'fly'" in refused(ns, "fly")
    assert "there is no such salesOrder" in refused(ns, "delete_order", externalId="A9")


def test_records_become_inactive_and_active_again(ns, order, ids):
    ns.act("set_item_inactive", name="TENT-01")
    ns.act("set_ship_item_inactive", name="Express")
    item = ns.refused(order)
    ns.act("set_item_inactive", name="TENT-01", inactive=False)
    method = ns.refused(order | {"shipMethod": {"id": ids["Express"]}})
    ns.act("set_tax_code_inactive", name="VAT7")
    tax = ns.refused(order)

    assert [refusal[2] for refusal in (item, method, tax)] == [
        "item.items[0].item",
        "shipMethod",
        "item.items[1].taxCode",
    ]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"people": []}, "cannot seed people"),
        ({"items": [{"type": "InvtPart"}]}, "itemId is missing"),
        ({"items": [{"itemId": "X", "colour": "red"}]}, "a item has no colour"),
        ({"items": [{"itemId": "X", "taxCode": "VAT99"}]}, "there is no taxItem 'VAT99'"),
        ({"customers": [{"entityId": "X", "companyName": "X", "nonsense": 1}]}, "a customer has no nonsense"),
        ({"customers": [{"entityId": "X"}]}, "Company Name"),
        ({"customFields": [{"scriptId": "memo2"}]}, "no custom field 'memo2'"),
    ],
)
def test_a_seed_that_does_not_fit_makes_nothing(ns, data, words):
    before = ns.truth()

    answer = ns.http.post(f"{ns.server_url}/_sandbox/seed", json={"kind": "erp", "name": "ns", "data": data})

    assert answer.status_code == 400
    assert words in answer.json()["error"]
    assert ns.truth() == before
