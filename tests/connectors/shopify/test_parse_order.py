"""One order as webhook body and as GraphQL node becomes one document; what is no order raises ValueError."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.connectors.documents import Address, Attribute
from hub.connectors.http import parse_json
from hub.connectors.stores.shopify.order_node import order_from_node
from hub.connectors.stores.shopify.webhooks import parse_order
from hub.lib.money import Money, MoneyBag
from hub.lib.text import stored_json

PAYLOADS = Path(__file__).parents[2] / "payloads" / "shopify"
EXAMPLE = (
    Path(__file__).parents[4]
    / "shared"
    / "specs"
    / "shopify"
    / "webhooks-2026-07"
    / "orders"
    / "create.example.json"
)
PAIRS = sorted(file.name.removesuffix(".node.json") for file in PAYLOADS.glob("*.node.json"))


def body_of(name):
    return (PAYLOADS / f"{name}.webhook.json").read_bytes()


def node_of(name):
    return parse_json((PAYLOADS / f"{name}.node.json").read_bytes())


def changed(name="simple", **values):
    return json.dumps({**json.loads(body_of(name)), **values}).encode()


def eur(amount):
    return MoneyBag(Money(Decimal(amount), "EUR"), Money(Decimal(amount), "EUR"))


@pytest.mark.parametrize("name", PAIRS)
def test_body_and_node_become_the_same_document(name):
    body, node = body_of(name), node_of(name)

    from_body, from_node = parse_order(body).order, order_from_node(node)

    assert from_body == from_node
    # Equal decimals may be written differently; a content hash must not see that.
    assert repr(from_body) == repr(from_node)


def test_thirteen_kinds_of_order_are_compared():
    assert len(PAIRS) == 13


def test_discounts_are_summed_from_their_allocations():
    order = parse_order(body_of("discounts")).order

    assert [line.discount for line in order.lines] == [eur("17.89"), eur("3.00")]
    assert order.shipping_lines[0].discount == eur("4.95")
    assert order.discount_total == eur("25.84")
    assert order.discount_codes == ("WINTER10", "SHIP50")


def test_both_currencies_are_kept_with_their_minor_units():
    order = parse_order(body_of("two_currencies")).order

    assert (order.shop_currency, order.presentment_currency) == ("EUR", "JPY")
    assert order.total == MoneyBag(Money(Decimal("66.49"), "EUR"), Money(Decimal("10700"), "JPY"))
    assert str(order.lines[0].discount.presentment.amount) == "1000"


def test_every_line_of_a_long_order_arrives():
    order = parse_order(body_of("many_lines")).order

    assert len(order.lines) == 120
    assert [line.sku for line in order.lines] == [f"SKU-{number:03d}" for number in range(1, 121)]


def test_payment_terms_are_read():
    terms = parse_order(body_of("payment_terms")).order.payment_terms

    assert (terms.type, terms.name, terms.due_in_days) == ("NET", "Net 30", 30)
    assert terms.schedules[0].due_at == datetime(2026, 12, 1, 14, 15, tzinfo=UTC)


def test_a_cancelled_order_says_when_and_why():
    order = parse_order(body_of("cancelled")).order

    assert order.cancelled_at == datetime(2026, 11, 2, 8, tzinfo=UTC)
    assert order.cancel_reason == "customer"
    assert order.financial_status == "voided"
    assert order.current_total == eur("0.00")


def test_removed_lines_stay_with_quantity_zero_and_removed_shipping_goes():
    order = parse_order(body_of("edited")).order

    assert [(line.sku, line.quantity, line.current_quantity) for line in order.lines] == [
        ("GONE", 5, 0),
        ("LESS", 3, 2),
    ]
    assert [line.title for line in order.shipping_lines] == ["DHL"]


def test_a_custom_line_has_neither_variant_nor_sku():
    order = parse_order(body_of("custom_line")).order

    assert (order.lines[0].variant_external_id, order.lines[0].sku) == ("", "")
    assert order.lines[0].attributes == (Attribute("text", "For Ada"), Attribute("_lines", "2"))
    assert order.financial_status == ""


@pytest.mark.parametrize(
    ("value", "words"),
    [(None, ""), (2, "2"), (1.5, "1.5"), (True, "true"), (["a", 1], '["a", 1]'), ({"é": 1}, '{"é": 1}')],
)
def test_attributes_of_any_kind_become_text(value, words):
    order = parse_order(changed(note_attributes=[{"name": "size", "value": value}])).order

    assert order.attributes == (Attribute("size", words),)


def test_channel_liable_tax_is_told_apart():
    order = parse_order(body_of("d2c")).order

    taxes = order.lines[0].tax_lines
    assert [(tax.rate, tax.is_channel_liable) for tax in taxes] == [
        (Decimal("0.0725"), True),
        (Decimal("0.0025"), False),
    ]
    assert not order.is_b2b


def test_texts_and_skus_are_taken_as_they_are():
    order = parse_order(body_of("odd_text")).order

    assert order.lines[0].sku == " 1E5 "
    assert order.note == "שלום 👩‍🏭 مرحبا\nzweite Zeile"
    assert order.tags == ("b2b", "große Kunden")


def test_times_with_offsets_become_utc():
    order = parse_order(body_of("simple")).order

    assert order.created_at == datetime(2026, 11, 1, 14, 15, tzinfo=UTC)
    assert order.updated_at == datetime(2026, 11, 1, 14, 15, 30, tzinfo=UTC)
    assert order.updated_at.tzinfo is UTC


def test_the_address_is_read():
    order = parse_order(body_of("simple")).order

    assert order.shipping_address == Address(
        company="Muster GmbH",
        name="Ada Muster",
        line1="Hafenstraße 1",
        city="Hamburg",
        province_code="HH",
        province="Hamburg",
        postal_code="20457",
        country_code="DE",
        phone="+49 40 123",
    )


def test_the_company_is_known_where_the_body_speaks_of_it():
    with_company, without = parse_order(body_of("simple")).order, parse_order(changed(company=None)).order

    assert with_company.company_location_external_id == "gid://shopify/CompanyLocation/4000001"
    assert without.company_location_external_id == ""
    assert with_company.unknown_parts == without.unknown_parts == ()


def test_what_the_body_leaves_out_is_unknown():
    document = json.loads(body_of("simple"))
    for key in ("company", "payment_terms", "po_number", "shipping_address"):
        del document[key]

    order = parse_order(json.dumps(document).encode()).order

    assert order.unknown_parts == (
        "po_number",
        "company_external_id",
        "company_location_external_id",
        "payment_terms",
        "shipping_address",
    )


def test_ids_beyond_53_bits_are_exact_F12():
    order = parse_order(changed(company={"id": 2**53 + 1, "location_id": 2**63})).order

    assert order.company_external_id == "gid://shopify/Company/9007199254740993"
    assert order.company_location_external_id == "gid://shopify/CompanyLocation/9223372036854775808"


def test_unknown_fields_and_values_survive_H1():
    received = parse_order(changed(financial_status="hibernating", brand_new={"field": [1.5]}))

    assert received.order.financial_status == "hibernating"
    assert received.payload["brand_new"] == {"field": [Decimal("1.5")]}


def test_the_payload_is_ready_for_json():
    received = parse_order(body_of("simple"))

    stored = json.loads(stored_json(received.payload))

    assert stored["name"] == "#1"
    assert stored["billing_address"]["latitude"] == "53.55"


@pytest.mark.parametrize("hurt", ["a\x00b", "a\ud800b"])
def test_unstorable_characters_are_replaced_F11(hurt):
    received = parse_order(changed(note=hurt, **{"key" + hurt: 1}))

    assert received.order.note == "a\ufffdb"
    assert received.payload["note"] == "a\ufffdb"
    assert received.payload["keya\ufffdb"] == 1


MONEY = {"shop_money": {"amount": "1.00", "currency_code": "EUR"}}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "Expecting value"),
        (b"<html>", "Expecting value"),
        (b"[]", "not a JSON object"),
        (b'"order"', "not a JSON object"),
        (b"{}", "currency is missing"),
        (b"\xff\xfe{", "decode"),
        (b'{"name": "\xc3\x28"}', "utf-8"),
        (b"[" * 100_000, "deep"),
        (b'{"a":' * 200 + b"1" + b"}" * 200, "deeper than 64"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": -Infinity}', "Infinity"),
        (b'{"a": ' + b"9" * 5000 + b"}", "Exceeds the limit"),
        (b'{"a": ' + b"9" * 50 + b"}", "64 bits"),
        (b'{"a": 1e99999999999999999999}', "out of range"),
        (changed(admin_graphql_api_id=None), "admin_graphql_api_id is missing"),
        (changed(admin_graphql_api_id="gid://shopify/Product/1"), "not the id of a Order"),
        (changed(admin_graphql_api_id="gid://shopify/Order/1\n"), "not the id of a Order"),
        (changed(updated_at=None), "updated_at is missing"),
        (changed(updated_at="2026-11-01T10:00:00"), "no offset"),
        (changed(updated_at="yesterday"), "Invalid isoformat"),
        (changed(updated_at="0001-01-01T00:00:00+14:00"), "out of range"),
        (changed(test="yes"), "test is not true or false"),
        (changed(tags=["a"]), "tags is not a string"),
        (changed(line_items={"a": 1}), "line_items is not a list"),
        (changed(line_items=[None]), "line_items is not a list"),
        (changed(company=[1]), "company is not an object"),
        (changed(company={"id": "1"}), "id is not an integer"),
        (changed(total_price_set=MONEY), "presentment_money is missing"),
        (
            changed(total_price_set={**MONEY, "presentment_money": {"amount": 1.5, "currency_code": "EUR"}}),
            "decimal",
        ),
        (
            changed(
                total_price_set={**MONEY, "presentment_money": {"amount": "1E5", "currency_code": "EUR"}}
            ),
            "decimal",
        ),
        (
            changed(
                total_price_set={**MONEY, "presentment_money": {"amount": "1_0", "currency_code": "EUR"}}
            ),
            "decimal",
        ),
        (
            changed(
                total_price_set={**MONEY, "presentment_money": {"amount": "NaN", "currency_code": "EUR"}}
            ),
            "decimal",
        ),
        (
            changed(
                total_price_set={
                    **MONEY,
                    "presentment_money": {"amount": "1.1234567", "currency_code": "EUR"},
                }
            ),
            "more than 6 decimals",
        ),
    ],
)
def test_bodies_that_are_no_order_are_refused_I3(body, reason):
    with pytest.raises(ValueError, match=reason):
        parse_order(body)


def test_a_discount_in_a_third_currency_is_refused():
    document = json.loads(body_of("discounts"))
    bag = document["line_items"][0]["discount_allocations"][0]["amount_set"]
    bag["presentment_money"]["currency_code"] = "SEK"

    with pytest.raises(ValueError, match="cannot add SEK to EUR"):
        parse_order(json.dumps(document).encode())


@pytest.mark.skipif(not EXAMPLE.exists(), reason="the published webhook examples are not here")
def test_the_published_example_is_an_order():
    received = parse_order(EXAMPLE.read_bytes())

    assert received.order.external_id == "gid://shopify/Order/820982911946154508"
    assert received.order.total == MoneyBag(Money(Decimal("404.95"), "USD"), Money(Decimal("404.95"), "USD"))
    assert len(received.order.lines) == 5
    assert received.order.unknown_parts == ("company_external_id", "company_location_external_id")


@given(st.binary(max_size=300))
def test_random_bytes_raise_value_errors_only(body):
    try:
        parse_order(body)
    except ValueError:
        return
    pytest.fail("random bytes are no order")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def paths_in(value, path=()):
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from paths_in(item, (*path, key))


WHOLE = json.loads(body_of("discounts"))


@given(st.sampled_from(list(paths_in(WHOLE))), VALUES)
def test_an_order_with_anything_anywhere_raises_value_errors_only(path, value):
    document = copy.deepcopy(WHOLE)
    place = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value

    try:
        order = parse_order(json.dumps(document).encode()).order
    except ValueError:
        return

    assert order.external_id == "gid://shopify/Order/5000000000003"


@given(
    st.text(max_size=60) | st.from_regex(r"-?[0-9]{1,40}(\.[0-9]{0,40})?([eE][0-9]{1,25})?", fullmatch=True)
)
def test_an_amount_is_read_exactly_or_refused(words):
    document = copy.deepcopy(WHOLE)
    document["total_price_set"]["shop_money"]["amount"] = words

    try:
        order = parse_order(json.dumps(document).encode()).order
    except ValueError:
        return

    assert order.total.shop.amount == Decimal(words)
    assert -order.total.shop.amount.as_tuple().exponent <= 6
