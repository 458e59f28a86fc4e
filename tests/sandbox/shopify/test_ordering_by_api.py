"""Orders made by apps: orderCreate and draft orders."""

from __future__ import annotations

CREATE = """mutation Create($order: OrderCreateOrderInput!) { orderCreate(order: $order) {
  order { id name poNumber sourceIdentifier displayFinancialStatus totalPriceSet { shopMoney { amount } }
    totalTaxSet { shopMoney { amount } } subtotalPriceSet { shopMoney { amount } }
    totalOutstandingSet { shopMoney { amount } }
    purchasingEntity { ... on PurchasingCompany { company { externalId } contact { id } } }
    shippingAddress { address1 company } discountCodes }
  userErrors { field message code } } }"""
DRAFT = """mutation Draft($input: DraftOrderInput!) { draftOrderCreate(input: $input) {
  draftOrder { id name status totalPriceSet { shopMoney { amount } } } userErrors { field message } } }"""
COMPLETE = """mutation Complete($id: ID!) { draftOrderComplete(id: $id) { draftOrder { status order { id name
  displayFinancialStatus poNumber totalPriceSet { shopMoney { amount } } paymentTerms { paymentTermsName }
  transactions { kind status gateway } } } userErrors { field message } } }"""


def money(amount):
    return {"shopMoney": {"amount": amount, "currencyCode": "CAD"}}


def line(amount, quantity=1, **more):
    return {"title": "Thing", "quantity": quantity, "priceSet": money(amount), **more}


def create(store, **order):
    return store.data(CREATE, order=order)["orderCreate"]


def test_taxes_are_kept_as_they_were_sent(store):
    odd = {"title": "VAT", "rate": "0.19", "priceSet": money("1.91")}

    order = create(store, lineItems=[line("10.00", taxLines=[odd])])["order"]

    assert order["totalTaxSet"] == {"shopMoney": {"amount": "1.91"}}
    assert order["totalPriceSet"] == {"shopMoney": {"amount": "11.91"}}


def test_order_taxes_are_spread_over_taxable_lines(store):
    tax = {"title": "VAT", "rate": "0.1", "priceSet": money("1.00")}

    order = create(
        store, lineItems=[line("5.00"), line("5.00"), line("9.00", taxable=False)], taxLines=[tax]
    )["order"]

    assert order["totalPriceSet"] == {"shopMoney": {"amount": "20.0"}}


def test_a_contact_orders_for_its_company_location(store):
    truth = store.store.truth()

    made = create(
        store,
        companyLocationId=truth["company_locations"][0]["id"],
        customer={"toAssociate": {"email": "buyer@acme.example"}},
        poNumber="PO-1",
        sourceIdentifier="src-1",
        lineItems=[line("10.00")],
    )

    order = made["order"]
    assert made["userErrors"] == []
    assert order["purchasingEntity"] == {
        "company": {"externalId": "C-1"},
        "contact": {"id": truth["contacts"][0]["id"]},
    }
    assert order["shippingAddress"] == {"address1": "Main St 1", "company": "Acme"}
    assert (order["poNumber"], order["sourceIdentifier"]) == ("PO-1", "src-1")


def test_a_stranger_may_not_order_for_a_company(store):
    location = store.store.truth()["company_locations"][0]["id"]

    made = create(store, companyLocationId=location, email="stranger@example.com", lineItems=[line("10.00")])

    assert made["order"] is None
    assert made["userErrors"][0]["message"] == "Customer does not have the permissions to place this order"
    assert store.store.truth()["orders"] == []


def test_payments_decide_the_status(store):
    sale = {"kind": "SALE", "status": "SUCCESS", "gateway": "manual", "amountSet": money("4.00")}

    part = create(store, lineItems=[line("10.00")], transactions=[sale])["order"]
    none = create(store, lineItems=[line("10.00")])["order"]

    assert (part["displayFinancialStatus"], part["totalOutstandingSet"]) == (
        "PARTIALLY_PAID",
        {"shopMoney": {"amount": "6.0"}},
    )
    assert none["displayFinancialStatus"] is None


def test_a_discount_code_lowers_the_items(store):
    code = {"itemPercentageDiscountCode": {"code": "TEN", "percentage": 10.0}}

    order = create(store, lineItems=[line("10.00", 3)], discountCode=code)["order"]

    assert (order["discountCodes"], order["totalPriceSet"]) == (["TEN"], {"shopMoney": {"amount": "27.0"}})


def test_a_future_order_is_refused(store):
    made = create(store, lineItems=[line("1.00")], processedAt="2027-01-01T00:00:00Z")

    assert [e["code"] for e in made["userErrors"]] == ["PROCESSED_AT_INVALID"]


def test_a_completed_draft_on_terms_is_pending(store):
    truth = store.store.truth()
    company = {
        "companyId": truth["companies"][0]["id"],
        "companyLocationId": truth["company_locations"][0]["id"],
        "companyContactId": truth["contacts"][0]["id"],
    }
    variant = next(v["id"] for v in truth["variants"] if v["sku"] == "A")
    half_off = {"valueType": "FIXED_AMOUNT", "value": 2.5, "title": "Deal"}
    draft = store.data(
        DRAFT,
        input={
            "purchasingEntity": {"purchasingCompany": company},
            "poNumber": "PO-5",
            "paymentTerms": {"paymentTermsTemplateId": "gid://shopify/PaymentTermsTemplate/4"},
            "lineItems": [{"variantId": variant, "quantity": 2, "appliedDiscount": half_off}],
        },
    )["draftOrderCreate"]["draftOrder"]

    done = store.data(COMPLETE, id=draft["id"])["draftOrderComplete"]

    order = done["draftOrder"]["order"]
    assert draft["totalPriceSet"] == order["totalPriceSet"] == {"shopMoney": {"amount": "20.0"}}
    assert (order["displayFinancialStatus"], order["poNumber"]) == ("PENDING", "PO-5")
    assert order["paymentTerms"] == {"paymentTermsName": "Net 30"}
    assert order["transactions"] == [{"kind": "SALE", "status": "PENDING", "gateway": "manual"}]


def test_a_draft_completes_once(store):
    draft = store.data(
        DRAFT, input={"lineItems": [{"title": "X", "quantity": 1, "originalUnitPrice": "5.00"}]}
    )
    gid = draft["draftOrderCreate"]["draftOrder"]["id"]
    store.data(COMPLETE, id=gid)

    again = store.data(COMPLETE, id=gid)["draftOrderComplete"]

    assert again["userErrors"] == [{"field": None, "message": "This order has been paid"}]
    assert len(store.store.truth()["orders"]) == 1
