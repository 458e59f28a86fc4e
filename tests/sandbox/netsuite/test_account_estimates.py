"""Estimates of the simulated account: upsert, what becomes of them, and the orders that are made of them."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.enable_socket


@pytest.fixture
def quote(order):
    return {**{k: v for k, v in order.items() if k != "orderStatus"}, "dueDate": "2099-12-31"}


def put(ns, quote, status=204, external_id="Q.A.1"):
    answer = ns.call("PUT", f"estimate/eid:{external_id}", json=quote, replace="item")
    assert answer.status_code == status, answer.text
    return answer


def estimate(ns, external_id="Q.A.1"):
    return ns.call("GET", f"estimate/eid:{external_id}", expandSubResources="true").json()


def transform(ns, status=204, **body):
    answer = ns.call("POST", f"estimate/{estimate(ns)['id']}/!transform/salesOrder", json=body)
    assert answer.status_code == status, answer.text
    return answer


def words(answer):
    [detail] = answer.json()["o:errorDetails"]
    return detail["o:errorCode"], detail["detail"]


def test_an_upsert_makes_one_that_is_open_and_priced(ns, quote):
    put(ns, quote)
    put(ns, quote)

    made = estimate(ns)
    assert (made["status"], made["total"]) == ({"id": "A", "refName": "Open"}, 472.79)
    assert (made["tranId"], len(made["item"]["items"]), made["dueDate"]) == ("EST101", 2, "2099-12-31")
    assert ns.truth()["salesOrders"] == []


def test_what_only_an_order_has_is_unknown_there(ns, quote):
    code, detail = words(put(ns, {**quote, "orderStatus": {"id": "B"}}, 400))

    assert (code, "'orderStatus'" in detail) == ("INVALID_CONTENT", True)


def test_one_order_is_made_of_it_and_names_it(ns, quote):
    put(ns, quote)
    ns.act("edit_estimate", externalId="Q.A.1", changes={"item": {"items": [{"line": 1, "rate": 100}]}})

    answer = transform(ns, externalId="Q.A.1.O", orderStatus={"id": "B"})

    order = ns.order("Q.A.1.O")
    assert answer.headers["Location"].endswith(f"/salesOrder/{order['id']}")
    assert (order["total"], order["otherRefNum"], order["status"]["id"]) == (258.83, "PO-1", "B")
    assert order["createdFrom"]["id"] == estimate(ns)["id"]
    assert estimate(ns)["status"]["id"] == "B"
    assert words(transform(ns, 400))[0] == "INVALID_INITIALIZE_REF"
    assert len(ns.truth()["salesOrders"]) == 1
    ns.act("delete_order", id=order["id"])
    assert estimate(ns)["status"]["id"] == "A"


def test_an_external_id_that_an_order_has_is_refused_and_the_estimate_stays_open(ns, quote, order):
    ns.put("Q.A.1.O", order)
    put(ns, quote)

    assert words(transform(ns, 400, externalId="Q.A.1.O"))[0] == "DUP_RCRD"
    assert estimate(ns)["status"]["id"] == "A"


@pytest.mark.parametrize(
    ("action", "changes", "letter"),
    [
        ("close_estimate", {}, "C"),
        ("void_estimate", {}, "V"),
        ("edit_estimate", {"changes": {"dueDate": "2020-01-31"}}, "X"),
    ],
)
def test_no_order_is_made_of_one_that_is_over(ns, quote, action, changes, letter):
    put(ns, quote)
    ns.act(action, externalId="Q.A.1", **changes)

    assert estimate(ns)["status"]["id"] == letter
    assert words(transform(ns, 400))[0] == "INVALID_INITIALIZE_REF"


def test_suiteql_shows_both_and_where_the_order_came_from(ns, quote):
    put(ns, quote)
    ns.act("order_estimate", externalId="Q.A.1")

    rows = ns.rows(
        "SELECT t.type, t.externalid, m.createdfrom, TO_CHAR(t.duedate, 'YYYY-MM-DD') AS last FROM transaction t "
        "JOIN transactionline m ON m.transaction = t.id AND m.mainline = 'T' ORDER BY t.id"
    )

    made = estimate(ns)["id"]
    assert rows == [
        {"type": "Estimate", "externalid": "Q.A.1", "last": "2099-12-31"},
        {"type": "SalesOrd", "createdfrom": made},
    ]
