"""Sales orders of the simulated account: upsert, lines, amounts and refusals."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.enable_socket


def test_an_upsert_creates_once_and_answers_without_a_body(ns, order):
    answer = ns.put("A1", order)

    (kept,) = ns.truth()["salesOrders"]
    assert answer.content == b""
    assert answer.headers["Location"] == f"{ns.root}/services/rest/record/v1/salesOrder/{kept['id']}"
    assert (kept["externalId"], kept["tranId"], kept["status"]) == ("A1", "SO1", "B")


def test_totals_are_computed_there(ns, order):
    ns.put("A1", order)

    kept = ns.order("A1")

    # 379.80 and 19.47; VAT 72.162 and 1.3629, rounded line by line
    assert (kept["subtotal"], kept["taxTotal"], kept["total"]) == (399.27, 73.52, 472.79)
    assert [line["tax1Amt"] for line in kept["item"]["items"]] == [72.16, 1.36]


def test_an_upsert_that_is_sent_twice_doubles_the_lines_unless_it_replaces_them(ns, order):
    ns.put("A1", order)
    ns.put("A1", order)
    doubled = len(ns.order("A1")["item"]["items"])

    ns.put("A1", order, replace="item")

    assert doubled == 4
    assert len(ns.order("A1")["item"]["items"]) == 2
    assert len(ns.truth()["salesOrders"]) == 1
