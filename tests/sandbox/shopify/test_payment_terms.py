"""paymentTermsCreate, and what the store refuses of orders and definitions that an app makes."""

from __future__ import annotations

import pytest

from tests.sandbox.shopify.test_ordering_by_api import create, line, money

TERMS = """mutation ($order: ID!, $terms: PaymentTermsCreateInput!) {
  paymentTermsCreate(referenceId: $order, paymentTermsAttributes: $terms) {
    paymentTerms { dueInDays paymentSchedules(first: 2) { nodes { issuedAt dueAt } } }
    userErrors { code message } } }"""
DEFINE = """mutation ($definition: MetafieldDefinitionInput!) { metafieldDefinitionCreate(definition: $definition) {
  createdDefinition { access { admin customerAccount storefront } } userErrors { code message } } }"""
ISSUED, DUE = {"issuedAt": "2026-11-01T00:00:00Z"}, {"dueAt": "2026-12-01T00:00:00Z"}
NET_30, FIXED = (f"gid://shopify/PaymentTermsTemplate/{number}" for number in (4, 7))


def put_on(store, order, template, *schedules):
    terms = {"paymentTermsTemplateId": template, "paymentSchedules": list(schedules)}
    return store.data(TERMS, order=order["id"], terms=terms)["paymentTermsCreate"]


def unpaid(store, **more):
    return create(store, lineItems=[line("10.00")], financialStatus="PENDING", **more)["order"]


def test_an_unpaid_order_is_put_on_terms_once(store):
    order = unpaid(store)

    first, second = (put_on(store, order, NET_30, ISSUED) for _ in range(2))

    schedule = {"issuedAt": "2026-11-01T00:00:00Z", "dueAt": "2026-12-01T00:00:00Z"}
    assert first["paymentTerms"] == {"dueInDays": 30, "paymentSchedules": {"nodes": [schedule]}}
    assert [error["code"] for error in second["userErrors"]] == ["PAYMENT_TERMS_CREATION_UNSUCCESSFUL"]


@pytest.mark.parametrize(
    ("template", "schedules"),
    [(NET_30, [ISSUED, ISSUED]), (NET_30, [DUE]), (FIXED, [ISSUED]), (NET_30.replace("4", "99"), [ISSUED])],
    ids=["two schedules", "net without issue", "fixed without due date", "no template"],
)
def test_terms_that_cannot_be_are_refused(store, template, schedules):
    answered = put_on(store, unpaid(store), template, *schedules)

    assert answered["paymentTerms"] is None
    assert answered["userErrors"][0]["code"] == "PAYMENT_TERMS_CREATION_UNSUCCESSFUL"


def test_a_paid_order_is_put_on_no_terms(store):
    paid = create(store, lineItems=[line("10.00")], financialStatus="PAID")["order"]

    assert "already been paid" in put_on(store, paid, NET_30, ISSUED)["userErrors"][0]["message"]


TAX = {"title": "VAT", "rate": "0.19", "priceSet": money("1.90")}


@pytest.mark.parametrize(
    ("order", "code"),
    [
        ({"lineItems": [line("10.00", taxLines=[TAX])], "taxLines": [TAX]}, "INVALID"),
        ({"lineItems": [line("-1.00")]}, "INVALID"),
        ({"lineItems": [line("1.00")], "processedAt": "2030-01-01T00:00:00Z"}, "PROCESSED_AT_INVALID"),
        (
            {"lineItems": [line("1.00")], "metafields": [{"namespace": "erp", "key": "n", "value": "1"}]},
            "INVALID",
        ),
    ],
    ids=["taxes twice", "below zero", "in the future", "short metafield key"],
)
def test_orders_that_cannot_be_are_refused_and_nothing_is_made(store, order, code):
    answered = create(store, **order)

    assert (answered["order"], answered["userErrors"][0]["code"]) == (None, code)
    assert store.store.truth()["orders"] == []


@pytest.mark.parametrize(("namespace", "code"), [("erp", "ADMIN_ACCESS_INPUT_NOT_ALLOWED"), ("$app", None)])
def test_only_an_apps_own_namespace_says_what_the_admin_may(store, namespace, code):
    definition = {
        "namespace": namespace,
        "key": "number",
        "name": "Number",
        "type": "single_line_text_field",
        "ownerType": "ORDER",
        "access": {"admin": "MERCHANT_READ", "customerAccount": "READ"},
    }

    answered = store.data(DEFINE, definition=definition)["metafieldDefinitionCreate"]

    assert next((error["code"] for error in answered["userErrors"]), None) == code
