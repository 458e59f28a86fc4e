"""Orders that people place: the arithmetic, and what is refused."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sandbox.shopify.client import acme

READ = """query Read($id: ID!) { order(id: $id) {
  name poNumber note tags test currencyCode presentmentCurrencyCode taxesIncluded displayFinancialStatus
  subtotalPriceSet { ...Bag } totalDiscountsSet { ...Bag } totalShippingPriceSet { ...Bag }
  totalTaxSet { ...Bag }
  totalPriceSet { ...Bag } totalOutstandingSet { ...Bag } currentTotalPriceSet { ...Bag }
  customAttributes { key value } paymentGatewayNames
  paymentTerms { paymentTermsName paymentTermsType dueInDays
    paymentSchedules(first: 2) { nodes { issuedAt dueAt amount { amount currencyCode } } } }
  purchasingEntity { ... on PurchasingCompany { company { externalId } location { externalId } } }
  lineItems(first: 10) { nodes { sku quantity currentQuantity
    originalTotalSet { ...Bag } discountedTotalSet { ...Bag }
    discountAllocations { allocatedAmountSet { ...Bag } } taxLines { title rate priceSet { ...Bag } } } }
  shippingLines(first: 5) { nodes { title originalPriceSet { ...Bag } discountedPriceSet { ...Bag }
    taxLines { priceSet { ...Bag } } } }
} }
fragment Bag on MoneyBag { shopMoney { amount currencyCode } presentmentMoney { amount currencyCode } }"""

VAT = [{"title": "VAT", "rate": "0.19"}]


def read(store, gid):
    return store.data(READ, id=gid)["order"]


def shop_amount(bag):
    return bag["shopMoney"]["amount"]


def test_a_company_order_carries_company_terms_and_po_number(store):
    gid = store.place(po_number="PO-7", note="Ring twice", attributes={"dock": "4"}, tags=["b", "a"])

    order = read(store, gid)

    assert (order["name"], order["poNumber"], order["note"]) == ("#1001", "PO-7", "Ring twice")
    assert order["purchasingEntity"] == {
        "company": {"externalId": "C-1"},
        "location": {"externalId": "C-1-1"},
    }
    assert order["customAttributes"] == [{"key": "dock", "value": "4"}]
    assert (order["tags"], order["displayFinancialStatus"]) == (["a", "b"], "PENDING")
    assert order["paymentTerms"]["paymentTermsName"] == "Net 30"
    assert order["paymentTerms"]["paymentSchedules"]["nodes"] == [
        {
            "issuedAt": "2026-11-02T09:30:00Z",
            "dueAt": "2026-12-02T09:30:00Z",
            "amount": {"amount": "20.0", "currencyCode": "CAD"},
        }
    ]


def test_taxes_are_added_per_line_and_rounded_half_up(store):
    lines = [{"sku": "A", "quantity": 1, "price": "0.50"}, {"sku": "B", "quantity": 1, "price": "0.50"}]

    order = read(store, store.place(lines=lines, taxes=[{"title": "VAT", "rate": "0.05"}]))

    assert [shop_amount(t["priceSet"]) for n in order["lineItems"]["nodes"] for t in n["taxLines"]] == [
        "0.03",
        "0.03",
    ]
    assert shop_amount(order["totalTaxSet"]) == "0.06"
    assert shop_amount(order["totalPriceSet"]) == "1.06"


def test_included_taxes_leave_the_total_as_it_is(store):
    order = read(
        store,
        store.place(
            lines=[{"sku": "A", "quantity": 1, "price": "119.00"}],
            shipping=[{"title": "Freight", "price": "11.90"}],
            taxes=VAT,
            taxes_included=True,
        ),
    )

    assert shop_amount(order["subtotalPriceSet"]) == "119.0"
    assert shop_amount(order["totalTaxSet"]) == "20.9"
    assert shop_amount(order["totalPriceSet"]) == "130.9"


def test_an_order_discount_is_shared_out_to_the_last_cent(store):
    lines = [{"sku": "A", "quantity": 1, "price": "10.00"} for _ in range(3)]

    order = read(store, store.place(lines=lines, discount={"amount": "10.00", "title": "Loyal"}))

    shares = [
        shop_amount(n["discountAllocations"][0]["allocatedAmountSet"]) for n in order["lineItems"]["nodes"]
    ]
    assert sorted(shares) == ["3.33", "3.33", "3.34"]
    assert shop_amount(order["totalDiscountsSet"]) == "10.0"
    assert shop_amount(order["subtotalPriceSet"]) == "20.0"


def test_line_and_shipping_discounts_lower_what_is_taxed(store):
    order = read(
        store,
        store.place(
            lines=[{"sku": "A", "quantity": 4, "price": "25.00", "discount": {"percent": "10"}}],
            shipping=[{"title": "Freight", "price": "20.00", "discount": {"amount": "5.00"}}],
            taxes=VAT,
        ),
    )

    assert shop_amount(order["subtotalPriceSet"]) == "90.0"
    assert shop_amount(order["totalShippingPriceSet"]) == "20.0"
    assert shop_amount(order["shippingLines"]["nodes"][0]["discountedPriceSet"]) == "15.0"
    assert shop_amount(order["totalTaxSet"]) == "19.95"
    assert shop_amount(order["totalPriceSet"]) == "124.95"


def test_presentment_amounts_are_computed_in_their_own_currency(store):
    order = read(
        store,
        store.place(
            lines=[{"sku": "A", "quantity": 3, "price": "9.99"}],
            presentment_currency="JPY",
            presentment_rate="108.37",
            taxes=[{"title": "Tax", "rate": "0.1"}],
        ),
    )

    assert order["presentmentCurrencyCode"] == "JPY"
    assert order["totalPriceSet"] == {
        "shopMoney": {"amount": "32.97", "currencyCode": "CAD"},
        "presentmentMoney": {"amount": "3574.0", "currencyCode": "JPY"},
    }


def test_a_paid_private_order_has_no_company(store):
    order = read(
        store,
        store.place(
            company=None, contact=None, customer={"email": "jo@example.com"}, payment_terms=None, paid=True
        ),
    )

    assert (order["displayFinancialStatus"], order["paymentGatewayNames"]) == ("PAID", ["shopify_payments"])
    assert (order["purchasingEntity"], shop_amount(order["totalOutstandingSet"])) == ({}, "0.0")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"lines": []}, "at least one line"),
        ({"company": "C-9"}, "there is no Company 'C-9'"),
        ({"contact": "stranger@acme.example"}, "has no contact"),
        ({"lines": [{"sku": "X", "quantity": 1}]}, "no variant with the SKU 'X'"),
        ({"lines": [{"sku": "A", "quantity": 0}]}, "at least 1"),
        ({"lines": [{"sku": "A", "quantity": 1, "price": 1.5}]}, "decimal string"),
        ({"lines": [{"title": "Gift", "quantity": 1}]}, "needs a price"),
        ({"payment_terms": "Net 31"}, "there is no PaymentTermsTemplate 'Net 31'"),
        ({"paid": True}, "either on payment terms or paid"),
        ({"presentment_currency": "USD"}, "needs presentment_rate"),
        ({"coupon": "X"}, "an order has no coupon"),
    ],
)
def test_impossible_orders_are_refused_in_words(store, changes, words):
    with pytest.raises(ValueError, match=words):
        store.place(**changes)

    assert store.store.truth()["orders"] == []


def test_a_cancelled_order_owes_nothing(store):
    gid = store.place()

    store.store.act("cancel_order", {"order": "#1001", "reason": "CUSTOMER"})

    order = read(store, gid)
    assert order["displayFinancialStatus"] == "VOIDED"
    assert shop_amount(order["currentTotalPriceSet"]) == "0.0"
    assert shop_amount(order["totalPriceSet"]) == "20.0"
    with pytest.raises(ValueError, match="already cancelled"):
        store.store.act("cancel_order", {"order": "#1001"})


def test_cutting_a_line_lowers_only_the_current_totals(store):
    placed = store.store.act(
        "place_order",
        {"company": "C-1", "lines": [{"sku": "A", "quantity": 4, "price": "10.00"}], "taxes": VAT},
    )

    store.store.act("edit_order", {"order": placed["name"], "quantities": {placed["lines"][0]: 1}})

    order = read(store, placed["id"])
    assert shop_amount(order["totalPriceSet"]) == "47.6"
    assert shop_amount(order["currentTotalPriceSet"]) == "11.9"
    assert [(n["quantity"], n["currentQuantity"]) for n in order["lineItems"]["nodes"]] == [(4, 1)]


def test_a_part_payment_leaves_the_rest_outstanding(store):
    gid = store.place()

    store.store.act("pay_order", {"order": "#1001", "amount": "5.00"})
    part = read(store, gid)
    store.store.act("pay_order", {"order": "#1001"})

    assert (part["displayFinancialStatus"], shop_amount(part["totalOutstandingSet"])) == (
        "PARTIALLY_PAID",
        "15.0",
    )
    assert read(store, gid)["displayFinancialStatus"] == "PAID"


prices = st.decimals("0.01", "999.99", places=2).map(str)


@settings(max_examples=60, deadline=None)
@given(
    lines=st.lists(st.tuples(prices, st.integers(1, 20), st.integers(0, 100)), min_size=1, max_size=6),
    discount=prices,
    rate=st.sampled_from(["0.07", "0.19", "0.055", "0.2125"]),
    included=st.booleans(),
)
def test_totals_always_add_up_in_both_currencies(make_store_once, lines, discount, rate, included):
    store = make_store_once
    rows = [
        {"title": "Thing", "quantity": quantity, "price": price, "discount": {"percent": str(percent)}}
        for price, quantity, percent in lines
    ]
    order = read(
        store,
        store.place(
            lines=rows,
            discount={"amount": discount},
            taxes=[{"title": "Tax", "rate": rate}],
            taxes_included=included,
            shipping=[{"title": "Freight", "price": "4.99"}],
            presentment_currency="EUR",
            presentment_rate="0.6137",
        ),
    )

    for side in ("shopMoney", "presentmentMoney"):
        check_sums(order, side, included)


def check_sums(order, side, included):
    def amount(bag):
        return Decimal(bag[side]["amount"])

    nodes, shipping = order["lineItems"]["nodes"], order["shippingLines"]["nodes"]
    gross = sum(amount(n["originalTotalSet"]) for n in nodes)
    discounts = sum(amount(a["allocatedAmountSet"]) for n in nodes for a in n["discountAllocations"])
    taxes = sum(amount(t["priceSet"]) for n in [*nodes, *shipping] for t in n["taxLines"])
    freight = sum(amount(s["discountedPriceSet"]) for s in shipping)
    assert amount(order["subtotalPriceSet"]) == gross - discounts >= 0
    assert amount(order["totalTaxSet"]) == taxes
    assert amount(order["totalPriceSet"]) == gross - discounts + freight + (0 if included else taxes)


@pytest.fixture(scope="module")
def make_store_once():
    return acme(plan="enterprise")
