"""Orders that are given to Shopify: what is sent, what is made of the answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from hub.connectors.documents import Address, Attribute
from hub.connectors.store_orders import (
    StoreBuyer,
    StoreMetafield,
    StoreOrderDraft,
    StoreOrderLine,
    StoreShippingLine,
    StoreTax,
    StoreTerms,
    StoreTotals,
)
from hub.connectors.stores.shopify.order_writing import settle_time
from hub.errors import AmbiguousMatch, OutcomeUnknown, RecordRejected
from tests.connectors.shopify.scripted import END, ScriptedShop

VAT = StoreTax("VAT", Decimal("0.19"), Decimal("3.80"))
DRAFT = StoreOrderDraft(
    mark="erpBC:1",
    buyer=StoreBuyer("gid://shopify/Company/1", "l/1", "k/1", "p/1", "robin@example.com"),
    lines=(
        StoreOrderLine(
            "Table", 2, Decimal("10.00"), "v/1", "TAB", (VAT,), properties=(Attribute("Item", "I1"),)
        ),
    ),
    totals=StoreTotals("EUR", Decimal("29.80"), Decimal("3.80")),
    prices_include_tax=False,
    shipping_lines=(StoreShippingLine("Standard", Decimal("6.00")),),
    po_number="PO-1",
    processed_at=datetime(2026, 5, 1, 10, tzinfo=UTC),
    ship_to=Address(
        name="Robin van Buyer", line1="Tal 1", city="Bonn", postal_code="53111", country_code="DE"
    ),
    metafields=(StoreMetafield("number", "single_line_text_field", "SO-1", "erp"),),
)
TOTALS = {
    "totalPriceSet": {"shopMoney": {"amount": "29.8", "currencyCode": "EUR"}},
    "totalTaxSet": {"shopMoney": {"amount": "3.8", "currencyCode": "EUR"}},
}
MADE = {"id": "gid://shopify/Order/7", "name": "#1001", "paymentTerms": None, **TOTALS}


FOUND = [
    {**MADE, "sourceIdentifier": "erpBC:1", "tags": []},
    {**MADE, "name": "#1002", "sourceIdentifier": None, "tags": ["vip", "erpBC:1"]},
    {**MADE, "name": "#1003", "sourceIdentifier": "erpBC:12", "tags": ["erpBC:12"]},
]


def shop(name, root, **payload):
    return ScriptedShop().script(name, {root: {"userErrors": [], **payload}})


def bag(amount):
    return {"shopMoney": {"amount": amount, "currencyCode": "EUR"}}


def test_a_finished_order_says_everything_and_touches_no_stock():
    scripted = shop("CreateOrder", "orderCreate", order=MADE)

    made = scripted.store.create_order(DRAFT)

    [sent] = scripted.sent("CreateOrder")
    order = sent["order"]
    assert sent["options"] == {"inventoryBehaviour": "BYPASS", "sendReceipt": False}
    assert (order["companyLocationId"], order["customer"]) == ("l/1", {"toAssociate": {"id": "p/1"}})
    assert (order["sourceIdentifier"], order["tags"], order["poNumber"]) == ("erpBC:1", ["erpBC:1"], "PO-1")
    assert (order["processedAt"], order["financialStatus"]) == ("2026-05-01T10:00:00Z", "PENDING")
    assert order["lineItems"] == [
        {
            "title": "Table",
            "variantId": "v/1",
            "sku": "TAB",
            "quantity": 2,
            "priceSet": bag("10.00"),
            "taxable": True,
            "taxLines": [{"title": "VAT", "rate": "0.19", "priceSet": bag("3.80")}],
            "requiresShipping": True,
            "properties": [{"name": "Item", "value": "I1"}],
        }
    ]
    assert order["shippingLines"] == [{"title": "Standard", "priceSet": bag("6.00")}]
    assert (order["shippingAddress"]["firstName"], order["shippingAddress"]["lastName"]) == (
        "Robin van",
        "Buyer",
    )
    assert "name" not in order
    assert (made.external_id, made.totals) == (MADE["id"], DRAFT.totals)


def test_a_draft_names_the_contact_and_overrides_prices():
    draft = {"id": "gid://shopify/DraftOrder/3", "name": "#D1", "order": None, **TOTALS}
    scripted = shop("CreateDraftOrder", "draftOrderCreate", draftOrder=draft)

    made = scripted.store.create_draft(DRAFT)

    [sent] = scripted.sent("CreateDraftOrder")
    company = sent["input"]["purchasingEntity"]["purchasingCompany"]
    assert company["companyContactId"] == "k/1"
    assert sent["input"]["lineItems"][0]["priceOverride"] == {"amount": "10.00", "currencyCode": "EUR"}
    assert (made.order_external_id, made.totals.tax) == ("", Decimal("3.80"))


def test_a_refusal_is_told_in_shopifys_words():
    errors = [{"field": ["order"], "message": "Customer does not have the permissions", "code": "INVALID"}]
    scripted = shop("CreateOrder", "orderCreate", order=None, userErrors=errors)

    with pytest.raises(RecordRejected, match="does not have the permissions"):
        scripted.store.create_order(DRAFT)


def test_an_answer_that_names_nothing_leaves_the_outcome_unknown():
    with pytest.raises(OutcomeUnknown):
        shop("CreateOrder", "orderCreate", order=None).store.create_order(DRAFT)


def test_orders_are_found_by_source_identifier_or_tag():
    scripted = ScriptedShop().script("FindMadeOrders", {"orders": {"nodes": FOUND, "pageInfo": END}})

    found = scripted.store.find_orders("erpBC:1")

    assert [one.name for one in found] == ["#1001", "#1002"]
    assert scripted.sent("FindMadeOrders") == [{"query": 'source_identifier:"erpBC:1" OR tag:"erpBC:1"'}]


def test_more_orders_than_a_page_shows_are_asked_about():
    info = {"hasNextPage": True}
    scripted = ScriptedShop().script("FindMadeOrders", {"orders": {"nodes": [MADE], "pageInfo": info}})

    with pytest.raises(AmbiguousMatch):
        scripted.store.find_orders("erpBC:1")


def test_what_the_search_finds_by_a_part_of_the_sku_is_left_out():
    def variant(number, sku):
        return {
            "id": f"gid://shopify/ProductVariant/{number}",
            "sku": sku,
            "title": "T",
            "product": {"title": "P"},
        }

    nodes = [variant(1, "A-1"), variant(2, "A-1"), variant(3, "A-10")]
    page = {"productVariants": {"nodes": nodes, "pageInfo": END}, "shop": {"currencyCode": "EUR"}}
    scripted = ScriptedShop().script("VariantsBySku", page)

    goods = scripted.store.read_goods(["A-1", "B"])

    assert (goods.currency, {sku: len(found) for sku, found in goods.variants.items()}) == ("EUR", {"A-1": 2})
    assert scripted.sent("VariantsBySku") == [{"query": 'sku:"A-1" OR sku:"B"', "after": None}]


@pytest.mark.parametrize(
    ("terms", "schedules"),
    [
        (
            StoreTerms("t/4", issued_at=datetime(2026, 5, 1, tzinfo=UTC)),
            [{"issuedAt": "2026-05-01T00:00:00Z"}],
        ),
        (StoreTerms("t/7", due_at=datetime(2026, 6, 1, tzinfo=UTC)), [{"dueAt": "2026-06-01T00:00:00Z"}]),
        (StoreTerms("t/1"), []),
    ],
)
def test_payment_terms_have_one_schedule(terms, schedules):
    scripted = shop("CreatePaymentTerms", "paymentTermsCreate", paymentTerms={"id": "x"})

    scripted.store.create_payment_terms("o/1", terms)

    [sent] = scripted.sent("CreatePaymentTerms")
    assert sent["terms"] == {
        "paymentTermsTemplateId": terms.template_external_id,
        "paymentSchedules": schedules,
    }


@pytest.mark.parametrize(("given", "seconds"), [("", 600), ("2", 2), ("x", 600), ("-1", 600)])
def test_the_settle_time_is_the_connections_or_ten_minutes(given, seconds):
    assert settle_time({"settle_after_seconds": given}) == timedelta(seconds=seconds)
