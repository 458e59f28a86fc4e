"""What the simulated account does not take into a sales order, in its own words."""

from __future__ import annotations

import pytest

from tests.sandbox.netsuite.client import ids_of

pytestmark = pytest.mark.enable_socket


@pytest.mark.parametrize(
    ("changes", "code", "words", "path"),
    [
        ({"nonsense": 1}, "INVALID_CONTENT", "unknown field 'nonsense'", "nonsense"),
        ({"custbody_unknown": "x"}, "INVALID_CONTENT", "unknown field", "custbody_unknown"),
        ({"total": 5}, "INVALID_CONTENT", "read-only", "total"),
        ({"tranId": "SO9"}, "INVALID_CONTENT", "read-only", "tranId"),
        ({"promotions": {"items": []}}, "INVALID_CONTENT", "not enabled", "promotions"),
        ({"memo": 5}, "INVALID_CONTENT", "must be a text", "memo"),
        ({"shippingCost": "5"}, "INVALID_CONTENT", "must be a number", "shippingCost"),
        ({"shipComplete": "T"}, "INVALID_CONTENT", "must be a boolean", "shipComplete"),
        ({"tranDate": "31.01.2026"}, "INVALID_CONTENT", "must be a date", "tranDate"),
        ({"orderStatus": {"id": "C"}}, "INVALID_CONTENT", "Invalid Field Value C", "orderStatus"),
        ({"entity": "C-100"}, "INVALID_CONTENT", "with id or externalId", "entity"),
        ({"entity": {"id": "1"}}, "INVALID_CONTENT", "Invalid Field Value 1 for the following field: entity", "entity"),
        ({"entity": {"externalId": "x"}}, "INVALID_KEY_OR_REF", "Invalid entity reference key x", "entity"),
        ({"entity": None}, "USER_ERROR", "Please enter value(s) for: Customer", "entity"),
        ({"terms": {"id": "99"}}, "INVALID_CONTENT", "Invalid Field Value 99", "terms"),
        ({"department": {"id": "1"}}, "INVALID_CONTENT", "Invalid Field Value 1", "department"),
        ({"item": {"items": []}}, "USER_ERROR", "at least one line item", "item"),
        ({"item": []}, "INVALID_CONTENT", "array 'items'", "item"),
        ({"shippingCost": 5}, "USER_ERROR", "Please enter value(s) for: Ship Via", "shipMethod"),
        ({"discountRate": -5}, "USER_ERROR", "Please enter value(s) for: Discount", "discountItem"),
        ({"otherRefNum": "x" * 46}, "EXCEEDED_MAX_FIELD_LENGTH", "( 45 )", "otherRefNum"),
        ({"memo": "\x00"}, "INVALID_CONTENT", "no text has", "memo"),
        ({"memo": "\N{PARTY POPPER}" * 500}, "EXCEEDED_MAX_FIELD_LENGTH", "( 999 )", "memo"),
        ({"memo": "x" * 1000}, "EXCEEDED_MAX_FIELD_LENGTH", "( 999 )", "memo"),
        ({"shippingAddress": {"addr1": "x" * 151}}, "EXCEEDED_MAX_FIELD_LENGTH", "( 150 )", "shippingAddress.addr1"),
        ({"shippingAddress": {"street": "x"}}, "INVALID_CONTENT", "unknown field", "shippingAddress.street"),
        ({"shippingAddress": {"country": {"id": "Germany"}}}, "INVALID_CONTENT", "Invalid Field Value Germany",
         "shippingAddress.country"),
        ({"externalId": "other"}, "INVALID_CONTENT", "differs from that in the address", "externalId"),
        ({"id": "5"}, "INVALID_CONTENT", "read-only", "id"),
    ],
)  # fmt: skip
def test_what_the_header_cannot_take_is_refused_and_nothing_is_made(ns, order, changes, code, words, path):
    refusal = ns.refused(order | changes)

    assert (refusal[0], refusal[2]) == (code, path)
    assert words in refusal[1]
    assert ns.truth()["salesOrders"] == []


@pytest.mark.parametrize(
    ("changes", "code", "words", "field"),
    [
        (
            {"item": {"id": "9999"}},
            "INVALID_CONTENT",
            "Invalid Field Value 9999 for the following field: item",
            "item",
        ),
        ({"item": None}, "USER_ERROR", "Please enter value(s) for: Item", "item"),
        ({"item": "OLD-01"}, "INVALID_CONTENT", "Invalid Field Value", "item"),
        ({"quantity": -1}, "INVALID_CONTENT", "Invalid Field Value -1", "quantity"),
        ({"rate": None}, "USER_ERROR", "Please enter value(s) for: Rate", "rate"),
        ({"tax1Amt": 1}, "INVALID_CONTENT", "read-only", "tax1Amt"),
        ({"taxCode": {"id": "1"}}, "INVALID_CONTENT", "Invalid Field Value 1", "taxCode"),
        ({"units": "9"}, "INVALID_CONTENT", "Invalid Field Value 9", "units"),
        ({"location": {"id": "99"}}, "INVALID_CONTENT", "Invalid Field Value 99", "location"),
        ({"line": 7}, "INVALID_CONTENT", "Invalid Field Value 7", "line"),
        ({"custcol_unknown": "x"}, "INVALID_CONTENT", "unknown field", "custcol_unknown"),
        ({"item": "DISCOUNT", "quantity": None}, "USER_ERROR", "must be negative", "rate"),
        ({"item": "DISCOUNT"}, "USER_ERROR", "has no quantity", "quantity"),
    ],
)
def test_what_a_line_cannot_take_is_refused_with_its_place(ns, order, ids, changes, code, words, field):
    if isinstance(changes.get("item"), str):
        changes = changes | {"item": {"id": ids[changes["item"]]}}
    order["item"]["items"][1] |= changes

    refusal = ns.refused(order)

    assert (refusal[0], refusal[2]) == (code, f"item.items[1].{field}")
    assert words in refusal[1]
    assert ns.truth()["salesOrders"] == []


def test_an_item_without_any_tax_code_needs_one_on_the_line(ns, order):
    (item_id,) = ns.seed(items=[{"itemId": "BARE"}])["items"].values()
    order["item"]["items"] = [{"item": {"id": item_id}, "rate": 1, "price": {"id": "-1"}}]

    assert ns.refused(order)[0] == "USER_ERROR"


def test_inactive_customers_and_credit_holds_stop_an_order(ns, order, ids):
    inactive = ns.refused(order | {"entity": {"id": ids["C-200"]}})
    ns.act("edit_customer", name="C-100", changes={"creditHoldOverride": {"id": "ON"}})
    held = ns.refused(order)

    assert inactive[0] == "INVALID_CONTENT"
    assert held[:2] == ("USER_ERROR", "Error while accessing a resource. This customer is on credit hold.")


def test_currency_and_subsidiary_must_be_the_customers(ns, order, ids):
    ns.seed(subsidiaries=[{"name": "Concord US", "currency": "USD"}])
    other = ns.rows("SELECT id FROM subsidiary WHERE name = 'Concord US'")[0]["id"]

    currency = ns.refused(order | {"currency": {"id": ids["GBP"]}})
    subsidiary = ns.refused(order | {"subsidiary": {"id": other}})

    assert (currency[0], currency[2]) == ("INVALID_CONTENT", "currency")
    assert subsidiary[0] == "INVALID_KEY_OR_REF"
    assert subsidiary[1].endswith(f"Invalid entity reference key {ids['C-100']} for subsidiary {other}.")


def test_items_and_shipping_items_belong_to_subsidiaries(ns, order, ids):
    ns.seed(
        subsidiaries=[{"name": "Concord US", "currency": "USD"}],
        items=[{"itemId": "US-1", "subsidiaries": ["Concord US"], "taxCode": "CA825"}],
        shipItems=[{"name": "Truck", "subsidiaries": ["Concord US"]}],
    )
    found = ids_of(ns)
    order["item"]["items"].append({"item": {"id": found["US-1"]}, "rate": 1, "price": {"id": "-1"}})

    item = ns.refused(order)
    order["item"]["items"].pop()
    method = ns.refused(order | {"shipMethod": {"id": found["Truck"]}})

    assert (item[0], item[2]) == ("INVALID_KEY_OR_REF", "item.items[2].item")
    assert (method[0], method[2]) == ("INVALID_KEY_OR_REF", "shipMethod")


def test_a_line_takes_no_inactive_location(ns, order):
    [location] = ns.seed(locations=[{"name": "Closed", "isInactive": True}])["locations"].values()
    order["item"]["items"][0]["location"] = {"id": location}

    refusal = ns.refused(order)

    assert (refusal[0], refusal[2]) == ("INVALID_CONTENT", "item.items[0].location")


def test_an_account_can_make_fields_mandatory(ns_with, order):
    ns = ns_with(mandatory_fields=["location", "memo"])

    assert ns.refused(order)[1].endswith("Please enter value(s) for: Location, Memo.")


def test_unknown_fields_are_left_out_only_when_the_caller_says_so(ns, order):
    headers = {"X-NetSuite-PropertyNameValidation": "Warning"}

    answer = ns.call("PUT", "salesOrder/eid:A1", json=order | {"nonsense": 1}, headers=headers)

    assert answer.status_code == 204


def test_what_cannot_change_any_more_is_refused(ns, order, ids):
    ns.put("A1", order)
    customer = ns.refused({"entity": {"id": ids["C-101"]}}, external_id="A1")
    ns.act("lock_order", externalId="A1")
    meanwhile = ns.refused({"memo": "x"}, external_id="A1")
    ns.act("invoice_order", externalId="A1")
    billed = ns.refused({"memo": "x"}, external_id="A1")
    gone = ns.call("DELETE", "salesOrder/eid:A1")

    assert customer[2] == "entity"
    assert meanwhile[0] == "RCRD_HAS_BEEN_CHANGED"
    assert billed[1].endswith("This transaction is billed and cannot be changed.")
    assert gone.json()["o:errorDetails"][0]["o:errorCode"] == "USER_ERROR"


def test_a_credit_limit_holds_what_goes_beyond_it(ns_with, order):
    ns = ns_with(enforces_credit_limits=True)
    ns.act("edit_customer", name="C-100", changes={"creditLimit": 900})
    ns.put("A1", order)

    beyond = ns.refused(order, external_id="A2")
    ns.act("invoice_order", externalId="A1")
    ns.put("A2", order)

    # 472.79 twice are more than 900
    assert beyond[1].endswith("This customer has exceeded the credit limit.")
