"""What an ERP keeps of returned goods as a store's fees: percentages that come to the amount, once."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.sync.models import ReviewItem
from orders.models import CreditLineMapping, StoreReturn
from orders.returns.fees import percentage, spread
from orders.returns.mirroring import return_of
from tests.orders.authorizing import FLOW, Authorizing
from tests.world import release


@pytest.mark.parametrize(
    ("share", "worth", "currency", "told"),
    [
        ("3.00", "30.00", "EUR", "10"),
        ("2.50", "20.00", "EUR", "12.5"),
        ("10.00", "29.99", "EUR", "33.344"),
        ("1000", "2999", "JPY", "33.344"),
        ("0.001", "100.000", "KWD", "0.001"),
        ("0", "20.00", "EUR", None),
    ],
)
def test_the_percentage_with_the_fewest_digits_that_comes_to_the_amount(share, worth, currency, told):
    found = percentage(Decimal(share), Decimal(worth), currency)

    assert found == (Decimal(told) if told else None)


@given(
    st.lists(st.integers(0, 10_000_000), min_size=1, max_size=6),
    st.integers(0, 10_000),
    st.sampled_from([("JPY", 0), ("EUR", 2), ("KWD", 3)]),
    st.sampled_from([ROUND_HALF_UP, ROUND_HALF_EVEN]),
)
def test_what_the_store_makes_of_the_percentages_is_the_fee_whichever_way_it_rounds(
    minor, permyriad, currency, rounding
):
    code, places = currency
    unit = Decimal(1).scaleb(-places)
    worths = [one * unit for one in minor]
    fee = (sum(worths) * permyriad / 10_000).quantize(unit, rounding=ROUND_DOWN)

    shares = spread(fee, worths, code)
    told = [percentage(share, worth, code) for share, worth in zip(shares, worths, strict=True)]

    # As it travels, and as the store rounds it once a line.
    kept = [
        (worth * Decimal(str(float(one or 0))) / 100).quantize(unit, rounding=rounding)
        for worth, one in zip(worths, told, strict=True)
    ]
    assert sum(kept) == fee
    assert all(0 <= share <= worth for share, worth in zip(shares, worths, strict=True))


def test_the_fees_of_a_return_order_are_those_of_its_return_and_its_credit_refunds_what_is_left(hub):
    erp = Authorizing(hub)
    sending = {"store": hub.euro, "erp": hub.erp, "kind": CreditLineMapping.Kind.RETURN_SHIPPING}
    CreditLineMapping.objects.create(**sending, number="8410")
    kept = (erp.amount("-3.33", tax="-0.63"), erp.amount("-4.00", number="8410"))

    erp.authorizes(3, beside=kept)

    [line] = return_of(StoreReturn.objects.get()).lines
    fee = return_of(StoreReturn.objects.get()).return_shipping_fee
    assert (line.restocking_percentage, line.restocking_fee.shop.amount) == (Decimal("13.2"), Decimal("3.96"))
    assert (fee.shop.amount, hub.reviews()) == (Decimal("4.00"), [])

    erp.credits(erp.tables(3), *kept, return_external_id="RMA-7")
    erp.works()
    assert [(lines, money) for lines, money, _ in erp.refunds()] == [([(3, "RETURN")], ["27.74"])]
    assert hub.reviews() == []


def test_a_return_order_that_keeps_more_than_its_goods_are_worth_is_asked_about(hub):
    erp = Authorizing(hub)

    erp.authorizes(2, beside=[erp.amount("-20.01")])

    assert (hub.reviews(), erp.created()) == ([(FLOW, "return_fees")], 0)
    assert "keeps 20.01 EUR of goods that cost 20.00 EUR" in ReviewItem.objects.get(state="open").message


def test_goods_that_are_sold_inside_a_return_order_are_asked_about_before_a_return_is_made(hub):
    erp = Authorizing(hub)

    erp.authorizes(2, beside=[erp.amount("-5.00", number="4711")])
    asked = (hub.reviews(), erp.created())
    release("credit_line_below_zero", "dismiss")
    erp.works()

    assert asked == ([(FLOW, "credit_line_below_zero")], 0)
    assert (hub.reviews(), erp.created()) == ([], 0)
