"""Sales orders of the simulated account: upsert, lines and amounts."""

from __future__ import annotations

import pytest

from tests.sandbox.netsuite.client import ids_of

pytestmark = pytest.mark.enable_socket


def line(ids, item="TENT-01", quantity=1, **more):
    given = {"item": {"id": ids[item]}, "price": {"id": "-1"}, **more}
    return given if quantity is None else {**given, "quantity": quantity}


def totals(kept):
    return tuple(
        kept.get(name) for name in ("subtotal", "discountTotal", "shippingCost", "taxTotal", "total")
    )


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
    assert [each["tax1Amt"] for each in kept["item"]["items"]] == [72.16, 1.36]


def test_the_truth_holds_money_as_text(ns, order):
    ns.put("A1", order)

    (kept,) = ns.truth()["salesOrders"]

    assert {
        name: kept[name] for name in ("subTotal", "taxTotal", "shippingCost", "total", "currencySymbol")
    } == {
        "subTotal": "399.27",
        "taxTotal": "73.52",
        "shippingCost": None,
        "total": "472.79",
        "currencySymbol": "EUR",
    }
    assert [(each["itemName"], each["amount"]) for each in kept["lines"]] == [
        ("TENT-01", "379.80"),
        ("FOOD-01", "19.47"),
    ]


def test_an_upsert_that_is_sent_twice_doubles_the_lines_unless_it_replaces_them(ns, order):
    ns.put("A1", order)
    ns.put("A1", order)
    doubled = len(ns.order("A1")["item"]["items"])

    ns.put("A1", order, replace="item")

    assert doubled == 4
    assert len(ns.order("A1")["item"]["items"]) == 2
    assert len(ns.truth()["salesOrders"]) == 1


def test_a_post_makes_a_record_and_refuses_a_second_of_the_same_external_id(ns, order):
    made = ns.call("POST", "salesOrder", json=order | {"externalId": "A1"})
    again = ns.call("POST", "salesOrder", json=order | {"externalId": "A1"})

    assert made.status_code == 204
    assert made.headers["Location"].rpartition("/")[2] == ns.truth()["salesOrders"][0]["id"]
    assert (again.status_code, again.json()["o:errorDetails"][0]["o:errorCode"]) == (400, "DUP_RCRD")
    assert len(ns.truth()["salesOrders"]) == 1


def test_sub_resources_come_only_when_asked_for(ns, order):
    ns.put("A1", order)

    plain = ns.call("GET", "salesOrder/eid:A1").json()
    whole = ns.order("A1")

    assert list(plain["item"]) == ["links"]
    assert plain["entity"]["refName"] == "C-100"
    assert whole["item"]["totalResults"] == 2
    assert whole["shippingAddress"]["city"] == "Hamburg"
    assert ns.call("GET", "salesOrder/eid:A1/item").json()["totalResults"] == 2


def test_a_patch_changes_named_lines_and_adds_others(ns, order, ids):
    ns.put("A1", order)

    changes = {
        "item": {"items": [{"line": 2, "quantity": 5}, line(ids, "SHIPPING", rate=10)]},
        "memo": "by hand",
    }
    answer = ns.call("PATCH", "salesOrder/eid:A1", json=changes)

    kept = ns.order("A1")
    assert answer.status_code == 204
    assert [(each["line"], each["amount"]) for each in kept["item"]["items"]] == [
        (1, 379.8),
        (2, 32.45),
        (3, 10.0),
    ]
    assert kept["memo"] == "by hand"


def test_a_rate_beside_a_price_level_with_a_price_is_overwritten_by_it(ns, order, ids):
    order["item"]["items"] = [{"item": {"id": ids["TENT-01"]}, "quantity": 1, "rate": 150}]
    ns.put("A1", order)

    assert ns.order("A1")["item"]["items"][0]["rate"] == 199.0


def test_an_amount_counts_more_than_rate_and_quantity(ns, order, ids):
    order["item"]["items"] = [line(ids, quantity=3, rate=3.33333333, amount=10)]
    ns.put("A1", order)

    (kept,) = ns.order("A1")["item"]["items"]
    assert (kept["rate"], kept["amount"], kept["price"]["refName"]) == (3.33333333, 10.0, "Custom")


def test_a_discount_is_a_line_below_zero_with_a_tax_of_its_own(ns, order, ids):
    order["item"]["items"] = [line(ids, rate=100), line(ids, "DISCOUNT", None, rate=-10)]
    ns.put("A1", order)

    assert totals(ns.order("A1")) == (90.0, 0.0, None, 17.1, 107.1)


def test_a_discount_of_the_header_lessens_the_tax_where_its_item_says_so(ns, order, ids):
    ns.seed(items=[{"itemId": "AFTER TAX", "type": "Discount", "isPreTax": False}])
    after_tax = {"id": ids_of(ns)["AFTER TAX"]}
    order["item"]["items"] = [line(ids, rate=100), line(ids, "FOOD-01", rate=50)]

    ns.put("A1", order | {"discountItem": {"id": ids["DISCOUNT"]}, "discountRate": -15})
    ns.put("A2", order | {"discountItem": after_tax, "discountRate": -15})

    # 19 % of 90 and 7 % of 45; without pre-tax 19 % of 100 and 7 % of 50
    assert totals(ns.order("A1")) == (150.0, -15.0, None, 20.25, 155.25)
    assert totals(ns.order("A2")) == (150.0, -15.0, None, 22.5, 157.5)


def test_shipping_costs_what_the_order_says_else_what_the_shipping_item_does(ns, order, ids):
    shipped = order | {"shipMethod": {"id": ids["Express"]}}
    ns.put("A1", shipped | {"shippingCost": 9.9, "shippingTaxCode": {"id": ids["VAT19"]}})
    ns.put("A2", shipped)

    assert totals(ns.order("A1")) == (399.27, 0.0, 9.9, 75.4, 484.57)
    assert totals(ns.order("A2")) == (399.27, 0.0, 25.0, 73.52, 497.79)
    assert ns.order("A1")["shippingTax1Rate"] == 19.0


def test_yen_have_no_minor_unit(ns, order, ids):
    order |= {"currency": {"id": ids["JPY"]}}
    order["item"]["items"] = [line(ids, rate=1234.5)]
    ns.put("A1", order)

    assert totals(ns.order("A1")) == (1235.0, 0.0, None, 235.0, 1470.0)


def test_tax_rests_can_be_carried_from_line_to_line(ns_with, order, ids):
    ns = ns_with(carries_tax=True)
    order["item"]["items"] = [line(ids, rate=0.03)] * 3
    ns.put("A1", order)

    # 0.0057 a line: rounded line by line 0.03, of the sum 0.0171
    assert ns.order("A1")["taxTotal"] == 0.02


def test_what_the_customer_has_is_the_default(ns, order, ids):
    ns.put("A1", order)

    kept = ns.order("A1")
    assert (kept["terms"]["refName"], kept["currency"]["refName"], kept["exchangeRate"]) == (
        "Net 30",
        "Euro",
        1.0,
    )
    assert kept["email"] == "einkauf@nordwind.example"


def test_references_by_external_id_work_as_well(ns, order):
    ns.put("A1", order | {"entity": {"externalId": "gid-100"}})

    assert ns.order("A1")["entity"]["refName"] == "C-100"


def test_an_account_can_begin_orders_as_pending_approval(ns, order):
    del order["orderStatus"]
    ns.put("A1", order)
    waiting = ns.order("A1")["status"]
    ns.call("PATCH", "salesOrder/eid:A1", json={"orderStatus": {"id": "B"}})

    assert waiting == {"id": "A", "refName": "Pending Approval"}
    assert ns.order("A1")["status"]["id"] == "B"


def test_a_deleted_order_frees_its_external_id(ns, order):
    ns.put("A1", order)
    ns.call("DELETE", "salesOrder/eid:A1")

    missing = ns.call("GET", "salesOrder/eid:A1")
    ns.put("A1", order)

    assert (missing.status_code, missing.json()["o:errorDetails"][0]["o:errorCode"]) == (
        404,
        "NONEXISTENT_ID",
    )
    assert ns.order("A1")["tranId"] == "SO2"


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [
        ("GET", "nonsense", 404),
        ("GET", "inventoryItem/1", 404),
        ("POST", "inventoryItem", 405),
        ("PUT", "salesOrder/1", 400),
        ("PUT", "salesOrder", 400),
        ("GET", "salesOrder?q=memo", 400),
    ],
)
def test_addresses_have_rules(ns, order, method, address, status):
    assert ns.call(method, address, json=order).status_code == status


def test_a_body_must_be_json_and_say_so(ns):
    url = f"{ns.root}/services/rest/record/v1/salesOrder/eid:A1"

    answers = [
        ns.http.put(url, content=b"{", headers={"Content-Type": "application/json"}),
        ns.http.put(url, content=b"{}", headers={"Content-Type": "text/plain"}),
    ]

    assert [answer.status_code for answer in answers] == [400, 415]


def test_master_records_can_be_read(ns, ids):
    item = ns.call("GET", f"inventoryItem/{ids['TENT-01']}").json()
    terms = ns.call("GET", f"term/{ids['Net 30']}").json()

    assert (item["itemId"], item["itemType"]["id"], item["isInactive"]) == ("TENT-01", "InvtPart", False)
    assert terms["daysUntilNetDue"] == 30
    assert ns.call("GET", "shipItem").json()["totalResults"] == 3


def test_custom_fields_have_types_of_their_own(ns, order):
    fields = {"custbody_notes": "longtext", "custbody_rush": "boolean", "custbody_due": "date"}
    ns.seed(
        customFields=[{"scriptId": name, "type": kind} for name, kind in fields.items()]
        + [{"scriptId": "custbody_route", "type": "select", "values": ["North", "South"]}]
    )
    given = {"custbody_notes": "x" * 5000, "custbody_rush": True, "custbody_due": "2026-12-24"}

    ns.put("A1", order | given | {"custbody_route": {"id": "2"}})

    kept = ns.order("A1")
    assert {name: kept[name] for name in given} == given
    assert kept["custbody_route"] == {"id": "2", "refName": "South"}
    assert ns.refused(order | {"custbody_route": {"id": "3"}})[2] == "custbody_route"
    assert ns.refused(order | {"custbody_due": "soon"})[2] == "custbody_due"
    assert ns.refused(order | {"custbody_store_order": "x" * 301})[0] == "EXCEEDED_MAX_FIELD_LENGTH"
