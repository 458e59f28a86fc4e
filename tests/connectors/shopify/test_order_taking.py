"""Orders that partners take: what is left to the shop, and what is not."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from hub.connectors.documents import Attribute
from hub.connectors.store_orders import StoreBuyer, StoreShippingLine, StoreTerms
from hub.connectors.taken_orders import TakenLine, TakenOrder
from hub.errors import RecordRejected
from tests.connectors.shopify.scripted import ScriptedShop

TERMS = "gid://shopify/PaymentTermsTemplate/4"
ORDER = TakenOrder(
    mark="partner:1",
    currency="EUR",
    buyer=StoreBuyer("c/1", "l/1", "k/1", "p/1", "robin@example.com"),
    lines=(TakenLine("v/1", 2, Decimal("9.50")), TakenLine("v/2", 1)),
    terms=StoreTerms(TERMS),
    po_number="PO-1",
    attributes=(Attribute("Requested ship date", "2030-03-09"),),
    shipping=StoreShippingLine("Standard", Decimal("6.00")),
)
AMOUNT = {"shopMoney": {"amount": "29.8", "currencyCode": "EUR"}}
MADE = {
    "id": "gid://shopify/DraftOrder/7",
    "name": "#D1",
    "taxesIncluded": True,
    "order": None,
    "totalPriceSet": AMOUNT,
    "totalTaxSet": None,
}


def test_only_agreed_prices_are_named_and_taxes_are_left_to_the_shop():
    scripted = ScriptedShop().script(
        "CreateDraftOrder", {"draftOrderCreate": {"userErrors": [], "draftOrder": MADE}}
    )

    made = scripted.store.draft_taken(ORDER)

    [sent] = scripted.sent("CreateDraftOrder")
    price = {"amount": "9.50", "currencyCode": "EUR"}
    assert sent["input"]["lineItems"] == [
        {"variantId": "v/1", "quantity": 2, "priceOverride": price},
        {"variantId": "v/2", "quantity": 1},
    ]
    assert sent["input"]["purchasingEntity"] == {
        "purchasingCompany": {"companyId": "c/1", "companyLocationId": "l/1", "companyContactId": "k/1"}
    }
    assert (sent["input"]["tags"], sent["input"]["poNumber"]) == (["partner:1"], "PO-1")
    assert sent["input"]["paymentTerms"] == {"paymentTermsTemplateId": TERMS, "paymentSchedules": []}
    assert "note" not in sent["input"]
    assert (made.name, made.prices_include_tax, made.totals.total) == ("#D1", True, Decimal("29.8"))


def test_a_refusal_is_in_the_shops_words():
    errors = [{"field": None, "message": "Purchasing company is invalid"}]
    scripted = ScriptedShop().script(
        "CreateDraftOrder", {"draftOrderCreate": {"userErrors": errors, "draftOrder": None}}
    )

    with pytest.raises(RecordRejected, match="Purchasing company is invalid"):
        scripted.store.draft_taken(ORDER)


@pytest.mark.parametrize(
    ("location", "terms"),
    [
        ({"buyerExperienceConfiguration": {"paymentTermsTemplate": {"id": TERMS}}}, TERMS),
        ({"buyerExperienceConfiguration": {"paymentTermsTemplate": None}}, ""),
        ({"buyerExperienceConfiguration": None}, ""),
        (None, ""),
    ],
)
def test_the_usual_terms_are_those_of_the_location(location, terms):
    scripted = ScriptedShop().script("UsualPaymentTerms", {"companyLocation": location})

    assert scripted.store.usual_terms("gid://shopify/CompanyLocation/1") == terms


def test_a_draft_that_is_changed_keeps_nothing_that_it_said_before():
    scripted = ScriptedShop().script(
        "UpdateDraftOrder", {"draftOrderUpdate": {"userErrors": [], "draftOrder": MADE}}
    )

    made = scripted.store.change_taken(MADE["id"], replace(ORDER, shipping=None, attributes=(), po_number=""))

    [sent] = scripted.sent("UpdateDraftOrder")
    given = sent["input"]
    assert (sent["id"], made.external_id, len(given["lineItems"])) == (MADE["id"], MADE["id"], 2)
    assert [given[name] for name in ("shippingLine", "poNumber", "note", "customAttributes")] == [
        None,
        None,
        None,
        [],
    ]
    assert given["paymentTerms"]["paymentTermsTemplateId"] == TERMS
