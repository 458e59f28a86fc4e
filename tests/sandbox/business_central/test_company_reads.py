"""Reading the simulated company: filters, paging, expanding, change feed and late look-ups."""

from __future__ import annotations

import time
from datetime import datetime

import httpx
import pytest

pytestmark = pytest.mark.enable_socket


def numbers(rows):
    return [row["number"] for row in rows]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("number eq '20100'", ["20100"]),
        ("displayName eq 'O''Brien Sports Ltd'", ["20100"]),
        ("number ge '50000' and number lt '70000'", ["50000", "60000"]),
        ("number eq '10000' or number eq '70000'", ["10000", "70000"]),
        ("(number eq '10000' or number eq '70000') and currencyCode eq 'EUR'", ["10000", "70000"]),
        ("not (currencyCode eq 'EUR') and country ne 'US'", ["20100", "40000"]),
        ("startswith(displayName,'Van')", ["50000"]),
        ("endswith(email,'skog-fjall.example') or startswith(email,'order@')", ["40000"]),
        ("contains(displayName,'Fjäll')", ["60000"]),
        ("taxLiable eq false and contains(taxRegistrationNumber, 'IE')", ["20000"]),
        ("creditLimit gt 49999.99 and country eq 'jp'", ["40000"]),
        ("blocked eq 'All'", []),
        ("displayName eq 'x'' or 1 eq 1'", []),
    ],
)
def test_filters(bc, wanted, expected):
    assert numbers(bc.rows("customers", filter=wanted)) == expected


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ("nope eq 'x'", "Could not find a property named 'nope' on type 'Microsoft.NAV.customer'"),
        ("number eq 10000", "incompatible types"),
        ("creditLimit eq '1'", "incompatible types"),
        ("number eq 'x' or country eq 'DE'", "not supported on distinct fields"),
        ("number in ('10000','20000')", "syntax error"),
        ("number eq 'x", "syntax error"),
        ("number eq", "syntax error"),
        ("number eq 'x') or (number eq 'y'", "syntax error"),
        ("lastModifiedDateTime gt 2026-11-21", "is not a DateTimeOffset literal"),
        ("blocked eq 'Sometimes'", "is not valid for the property 'blocked'"),
        ("(" * 60 + "number eq 'x'" + ")" * 60, "syntax error"),
    ],
)
def test_filters_that_are_refused(bc, wanted, words):
    answer = bc.get("customers", filter=wanted)

    assert answer.status_code == 400
    assert words in answer.json()["error"]["message"]


def test_an_unknown_set_and_an_unknown_id_are_404(bc):
    assert bc.get("salesForecasts").status_code == 404
    assert bc.get("customers(11111111-1111-1111-1111-111111111111)").status_code == 404


def test_a_set_that_is_not_writable_says_so(bc):
    assert bc.call("POST", "accounts", json={}).status_code == 405


def test_select_order_top_skip_and_count(bc):
    answer = bc.get("customers", select="number", orderby="number desc", top=2, skip=1, count="true").json()

    assert answer["@odata.count"] == 12
    assert [{k: v for k, v in row.items() if k != "@odata.etag"} for row in answer["value"]] == [
        {"number": "60000"},
        {"number": "50000"},
    ]


def test_pages_are_linked_and_lose_nothing_while_records_come_in(bc_with):
    bc = bc_with(page_size=5)
    bc.seed(customers=[{"number": "15000", "displayName": "Between"}])
    page = bc.get("customers", orderby="number", filter="currencyCode ne 'X'").json()
    seen = numbers(page["value"])
    bc.seed(customers=[{"number": "00001", "displayName": "Before"}])

    while "@odata.nextLink" in page:
        assert page["@odata.nextLink"].startswith(bc.base)
        page = bc.http.get(page["@odata.nextLink"]).json()
        seen += numbers(page["value"])

    assert len(seen) == 13
    assert len(set(seen)) == 13


def test_pages_by_time_of_change_downwards(bc_with):
    bc = bc_with(page_size=7)
    page = bc.get("items", orderby="lastModifiedDateTime desc", top=20).json()
    seen = numbers(page["value"])

    while "@odata.nextLink" in page:
        page = bc.http.get(page["@odata.nextLink"]).json()
        seen += numbers(page["value"])

    assert len(seen) == len(set(seen)) == 20


def test_the_caller_may_ask_for_smaller_pages(bc):
    answer = bc.call("GET", "items", headers={"Prefer": "odata.maxpagesize=3"}).json()

    assert len(answer["value"]) == 3
    assert "@odata.nextLink" in answer


def test_the_change_feed_finds_what_changed_since(bc, order):
    bc.create(order)
    stamp = bc.rows("salesOrders")[0]["lastModifiedDateTime"]
    time.sleep(0.005)
    bc.create(order | {"externalDocumentNumber": "PO-2"})

    after = bc.rows("salesOrders", filter=f"lastModifiedDateTime gt {stamp}", orderby="lastModifiedDateTime")
    bc.act("edit_order", number="S-ORD101001", changes={"email": "new@example.com"})
    later = bc.rows("salesOrders", filter=f"lastModifiedDateTime gt {stamp}", orderby="lastModifiedDateTime")

    assert numbers(after) == ["S-ORD101002"]
    assert numbers(later) == ["S-ORD101002", "S-ORD101001"]
    assert datetime.fromisoformat(stamp).microsecond % 1000 == 0


def test_several_references_are_looked_up_in_one_call(bc, order):
    for reference in ("PO-1", "PO-2", "PO-3"):
        bc.create(order | {"externalDocumentNumber": reference})

    wanted = "externalDocumentNumber eq 'PO-3' or externalDocumentNumber eq 'PO-1'"

    assert numbers(bc.rows("salesOrders", filter=wanted)) == ["S-ORD101001", "S-ORD101003"]


def test_lines_need_their_document(bc, order):
    made = bc.create(order)

    refused = bc.get("salesOrderLines")
    found = bc.rows("salesOrderLines", filter=f"documentId eq {made['id']}")
    below = bc.rows(f"salesOrders({made['id']})/salesOrderLines")

    assert "You must specify an Id or a Document Id to get the lines." in refused.json()["error"]["message"]
    assert [line["sequence"] for line in found] == [10000, 20000]
    assert found == below


def test_a_late_index_hides_new_orders_from_look_ups_only(bc_with, order):
    bc = bc_with(lookup_lag=0.5)
    made = bc.create(order)

    at_once = bc.rows("salesOrders", filter="externalDocumentNumber eq 'PO-1'")
    by_id = bc.get(f"salesOrders({made['id']})")
    time.sleep(0.6)
    later = bc.rows("salesOrders", filter="externalDocumentNumber eq 'PO-1'")

    assert at_once == []
    assert by_id.status_code == 200
    assert len(later) == 1


def test_a_scripted_fault_makes_one_look_up_late(bc, order):
    bc.create(order)
    bc.control(
        "faults",
        rules=[{"kind": "lagging_lookup", "operation": "GET salesOrders", "nth": [1], "seconds": 60}],
    )

    first, second = bc.rows("salesOrders"), bc.rows("salesOrders")

    assert (len(first), len(second)) == (0, 1)


def test_customers_and_items_have_what_the_demo_promises(bc):
    customer = bc.rows("customers", filter="number eq '10000'")[0]
    item = bc.rows("items", filter="number eq '007'")[0]

    assert customer["taxRegistrationNumber"] == "DE118500001"
    assert customer["currencyCode"] == "EUR"
    assert item["unitPrice"] == 4.99
    assert item["taxGroupCode"] == "VAT19"
    assert bc.rows("companyInformation")[0]["currencyCode"] == "EUR"
    assert {term["code"] for term in bc.rows("paymentTerms")} >= {"1M(8D)", "14 DAYS", "30 DAYS", "60 DAYS"}


def test_master_data_is_seeded_with_references_by_code(bc):
    made = bc.seed(
        taxGroups=[{"code": "half", "percent": "5.5"}],
        items=[
            {"number": "new-1", "unitPrice": "12.50", "taxGroupCode": "HALF", "baseUnitOfMeasureCode": "PCS"}
        ],
        customers=[
            {"number": "N1", "displayName": "New", "paymentTermsCode": "60 DAYS", "currencyCode": "USD"}
        ],
    )
    order = {"customerNumber": "N1", "salesOrderLines": [{"itemId": made["items"]["NEW-1"], "quantity": 2}]}

    read = bc.read_order(bc.create(order)["id"])

    assert (read["currencyCode"], read["totalTaxAmount"], read["totalAmountIncludingTax"]) == (
        "USD",
        1.38,
        26.38,
    )


def test_a_seed_that_is_wrong_changes_nothing(bc):
    body = {"kind": "erp", "data": {"items": [{"number": "A"}, {"number": "B", "taxGroupCode": "NOPE"}]}}

    answer = httpx.post(f"{bc.server_url}/_sandbox/seed", json=body)

    assert answer.status_code == 400
    assert answer.json() == {"error": "there is no 'NOPE' among the taxGroups"}
    assert bc.rows("items", filter="number eq 'A'") == []


def test_a_second_company_has_its_own_records(bc, order):
    bc.create(order)
    second = type(bc)(bc.server_url, "/erps/second")

    orders, customers = second.rows("salesOrders"), second.rows("customers")
    second.http.close()

    assert orders == []
    assert len(customers) == 12
