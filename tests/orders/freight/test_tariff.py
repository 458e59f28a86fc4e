"""The rate table and the keys, by cases and by properties."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.connectors.documents import Address
from hub.connectors.freight import FreightItem, FreightQuestion
from hub.connectors.stores.shopify import rate_requests
from hub.connectors.stores.shopify.carriers import answers_within
from orders.freight import keys
from orders.freight.tariff import Tariff, in_postal_range, offers_by_table, parcels
from orders.freight.traffic import rate_of

# A machine may be slow.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
ITEM = FreightItem("A", "7", "Table", 2, 1500, Decimal("10.00"))
QUESTION = FreightQuestion(
    currency="EUR",
    origin=Address(country_code="DE", postal_code="10115"),
    destination=Address(country_code="DE", postal_code="20095", city="Hamburg"),
    items=(ITEM,),
    order_value=Decimal("20.00"),
)
amounts = st.integers(0, 10**6).map(lambda cents: Decimal(cents) / 100)
texts = st.text("aZ0é\0-\ud800", max_size=8)
codes = st.text("0123456789", min_size=5, max_size=5)
rows = st.lists(
    st.builds(
        Tariff,
        rank=st.integers(1, 10**6),
        method_code=st.sampled_from("ABC"),
        title=st.just("T"),
        price=amounts,
        currency=st.sampled_from(["EUR", "USD"]),
        customer_number=st.sampled_from(["", "", "10000", "20000"]),
        country=st.sampled_from(["", "DE", "FR"]),
        postal_from=st.sampled_from(["", "1", "20", "200"]),
        weight_from=st.sampled_from([Decimal(0), Decimal(2)]),
        weight_to=st.sampled_from([None, Decimal(5)]),
        value_from=st.sampled_from([Decimal(0), Decimal(50)]),
    ),
    max_size=12,
    unique_by=lambda row: row.rank,
)
questions = st.builds(
    FreightQuestion,
    currency=st.sampled_from(["EUR", "USD"]),
    origin=st.just(QUESTION.origin),
    destination=st.builds(Address, country_code=st.sampled_from(["DE", "FR", "NZ"]), postal_code=codes),
    items=st.lists(
        st.builds(
            FreightItem,
            sku=st.just(""),
            variant_id=st.sampled_from(["1", "2", "3"]),
            title=st.just(""),
            quantity=st.integers(1, 9),
            grams=st.none() | st.integers(0, 9000),
            price=amounts,
        ),
        min_size=1,
        max_size=4,
    ).map(tuple),
    order_value=amounts,
    customer_number=st.sampled_from(["", "10000"]),
)


@patient
@given(rows, questions)
def test_the_table_answers_the_same_whatever_the_order_of_its_rows(rows, question):
    assert offers_by_table(rows, question) == offers_by_table(rows[::-1], question)


@patient
@given(rows, questions)
def test_each_method_is_offered_once_in_the_currency_asked_for_and_never_another_customers(rows, question):
    offers = offers_by_table(rows, question)

    assert len({offer.method_code for offer in offers}) == len(offers)
    assert all(offer.currency == question.currency for offer in offers)
    mine = [row for row in rows if row.customer_number in ("", question.customer_number)]
    assert offers == offers_by_table(mine, question)


@patient
@given(rows, questions)
def test_a_row_for_another_place_changes_nothing(rows, question):
    elsewhere = Tariff(rank=0, method_code="A", title="T", price=Decimal(1), currency="EUR", country="JP")

    assert offers_by_table([elsewhere, *rows], question) == offers_by_table(rows, question)


@patient
@given(codes, codes, codes)
def test_postal_codes_of_one_length_lie_between_their_bounds(code, first, last):
    assert in_postal_range(code, first, last) is (first <= code <= last)


@pytest.mark.parametrize(
    ("code", "first", "last", "lies"),
    [
        ("20095", "20", "21", True),
        ("21999", "20", "21", True),
        ("22000", "20", "21", False),
        ("K1M 1M4", "k1", "", True),
        ("2", "20", "", False),
        ("", "", "", True),
        ("", "2", "", False),
        ("1012 AB", "1012ab", "", True),
    ],
)
def test_postal_ranges_hold_what_begins_so(code, first, last, lies):
    assert in_postal_range(code, first, last) is lies


@patient
@given(st.integers(0, 10**8), st.integers(1, 10**6).map(lambda grams: Decimal(grams) / 1000))
def test_parcels_hold_the_weight_and_none_is_needless(grams, most):
    count = parcels(grams, most)

    assert count * most * 1000 >= grams
    assert count == 1 or (count - 1) * most * 1000 < grams


def table(**values):
    return Tariff(
        **{"rank": 1, "method_code": "A", "title": "T", "price": Decimal(9), "currency": "EUR", **values}
    )


@pytest.mark.parametrize(
    "narrow",
    [
        {"country": "DE"},
        {"postal_from": "2"},
        {"postal_from": "2", "postal_to": "3"},
        {"weight_from": Decimal(1)},
        {"weight_to": Decimal(5)},
        {"value_from": Decimal(5)},
        {"value_to": Decimal(50)},
    ],
)
def test_the_narrower_row_wins(narrow):
    wide = table(rank=0, price=Decimal(5))

    [offer] = offers_by_table([wide, table(**narrow)], QUESTION)

    assert offer.price == Decimal(9)


def test_ranges_end_below_their_upper_bound():
    light, heavy = table(weight_to=Decimal(3)), table(weight_from=Decimal(3), price=Decimal(20))

    [offer] = offers_by_table([light, heavy], QUESTION)

    assert offer.price == Decimal(20)


@patient
@given(questions, st.randoms())
def test_the_key_is_blind_to_spelling_and_the_order_of_lines(question, chance):
    items = list(question.items)
    chance.shuffle(items)
    spelled = replace(
        question.destination,
        postal_code=f" {question.destination.postal_code[:2]} {question.destination.postal_code[2:].lower()}",
        name="Kim",
        line1="Elsewhere 1",
    )
    same = replace(question, items=tuple(items), destination=spelled)

    assert keys.question_key(same) == keys.question_key(question)
    assert keys.destination_hash(same.destination) == keys.destination_hash(question.destination)
    assert keys.lines_of_question(same) == keys.lines_of_question(question)


@pytest.mark.parametrize(
    "change",
    [
        {"currency": "USD"},
        {"customer_number": "10000"},
        {"is_po_box": True},
        {"order_value": Decimal("20.01")},
        {"destination": Address(country_code="DE", postal_code="20096")},
        {"destination": Address(country_code="AT", postal_code="20095")},
        {"items": (replace(ITEM, quantity=3),)},
        {"items": (replace(ITEM, grams=1501),)},
        {"items": (replace(ITEM, grams=None),)},
        {"items": (ITEM, ITEM)},
    ],
)
def test_the_key_tells_what_a_price_may_depend_on(change):
    assert keys.question_key(replace(QUESTION, **change)) != keys.question_key(QUESTION)


# ---------------------------------------------------------------------------------------------------- the wire

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
items = st.fixed_dictionaries(
    {"quantity": st.just(1) | json_values, "grams": json_values, "price": json_values, "sku": json_values}
)
places = st.fixed_dictionaries({"country": st.just("DE"), "postal_code": json_values})
requests = st.fixed_dictionaries(
    {
        "destination": json_values | places,
        "items": st.lists(items, max_size=3) | json_values,
        "currency": st.just("EUR") | json_values,
        "order_totals": json_values,
        "customer": json_values,
    }
).map(lambda rate: json.dumps({"rate": rate}).encode())


@patient
@given(st.binary(max_size=40) | requests)
def test_any_request_is_a_question_or_is_refused(body):
    try:
        question = rate_requests.question_of(body)
    except ValueError:
        return

    assert question.order_value >= 0
    assert all(item.quantity > 0 and (item.grams is None or item.grams >= 0) for item in question.items)
    keys.question_key(question)


@pytest.mark.parametrize(
    ("price", "currency", "said"),
    [("12.95", "CAD", "1295"), ("1000", "JPY", "100000"), ("0", "EUR", "0"), ("5", "EUR", "500")],
)
def test_prices_are_said_in_hundredths(price, currency, said):
    row = table(price=Decimal(price), currency=currency)
    offers = rate_requests.sayable(offers_by_table([row], replace(QUESTION, currency=currency)), currency)

    [rate] = json.loads(rate_requests.answer_of(offers, QUESTION_DAY))["rates"]

    assert (rate["total_price"], rate["currency"]) == (said, currency)


def test_what_cannot_be_said_exactly_is_not_offered():
    [offer] = offers_by_table([table(price=Decimal(5))], QUESTION)

    assert rate_requests.sayable([replace(offer, price=Decimal("5.001"))], "EUR") == []
    assert rate_requests.sayable([replace(offer, price=Decimal(-1))], "EUR") == []
    assert rate_requests.sayable([replace(offer, currency="KWD")], "KWD") == []
    assert rate_requests.sayable([offer], "USD") == []


QUESTION_DAY = date(2026, 12, 31)


# ------------------------------------------------------------------------------------------------- the deadline


@pytest.mark.parametrize(
    ("rate", "seconds"), [(0, 10), (1499, 10), (1500, 5), (2999, 5), (3000, 3), (99_999, 3)]
)
def test_a_faster_store_waits_shorter(rate, seconds):
    assert answers_within(rate) == seconds


@pytest.mark.parametrize(
    ("this_minute", "seconds", "last_minute", "rate"),
    [(60, 60.0, 0, 75), (50, 1.0, 0, 250), (0, 0.0, 3000, 3750), (1500, 30.0, 0, 3750), (0, 59.0, 600, 12)],
)
def test_the_rate_is_told_cautiously(this_minute, seconds, last_minute, rate):
    assert rate_of(this_minute, seconds, last_minute) == rate
