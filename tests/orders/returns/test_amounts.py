"""What refunds are worth: every part once, whatever the number of refunds and the currency's decimals."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from hub.connectors.store_returns import (
    PaymentState,
    RefundedLine,
    RefundPayment,
    Restock,
    ReturnLine,
    ReturnState,
    StoreRefund,
    StoreReturn,
)
from hub.lib.money import Money, MoneyBag
from orders.returns.amounts import Currency, worth_of_refunds

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
RETURN = "gid://store/Return/1"


def bag(amount, presentment=None):
    amount = Decimal(amount)
    return MoneyBag(
        Money(amount, "EUR"), Money(Decimal(presentment or amount), "ISK" if presentment else "EUR")
    )


def refund(goods, moved=None, *, number=1, state=PaymentState.DONE, tax="0", rounding="0", **changes):
    """Goods without tax, and the money that went back; None for a refund that moves none."""
    zero = bag("0")
    payments = () if moved is None else (RefundPayment("t", state, bag(moved), bag(rounding)),)
    made = StoreRefund(
        external_id=f"r{number}",
        order_external_id="o1",
        return_external_id="",
        taxes_included=False,
        lines=(RefundedLine("l", "line", 1, Restock.RETURN, bag(goods), bag(tax)),),
        shipping=zero,
        shipping_tax=zero,
        duties=zero,
        adjustment=zero,
        payments=payments,
        note="",
        created_at=AT + timedelta(minutes=number),
        updated_at=AT,
    )
    return replace(made, **changes)


def returned(fee, shipping="0", state=ReturnState.OPEN):
    line = ReturnLine("rl", "line", 1, 1, "", restocking_percentage=Decimal(10), restocking_fee=bag(fee))
    return StoreReturn(RETURN, "#1-R1", "o1", state, (line,), AT, bag(shipping))


def worth(one, returns=(), currency=Currency.SHOP):
    return worth_of_refunds([one], returns, currency)[one.external_id]


def test_money_for_goods_is_worth_what_it_is_for():
    made = worth(refund("20.00", "23.80", tax="3.80"))

    assert (made.credit, made.goodwill, made.kept, made.unpaid) == (Decimal("23.80"), 0, 0, 0)


def test_more_than_the_goods_is_goodwill():
    assert worth(refund("20.00", "25.00")).goodwill == Decimal("5.00")


def test_less_is_the_fees_of_the_return_first():
    made = worth(refund("20.00", "15.00", return_external_id=RETURN), [returned("2.00", "3.00")])

    assert (made.restocking_fee, made.return_shipping_fee, made.kept) == (Decimal("2.00"), Decimal("3.00"), 0)
    assert made.credit == Decimal("15.00")


def test_a_declined_return_keeps_no_fee():
    one = refund("20.00", "18.00", return_external_id=RETURN, adjustment=bag("2.00"))

    made = worth(one, [returned("2.00", state=ReturnState.DECLINED)])

    assert (made.restocking_fee, made.kept) == (0, Decimal("2.00"))


def test_goods_without_money_lessen_what_is_owed():
    made = worth(refund("20.00"))

    assert (made.credit, made.unpaid, made.moved) == (Decimal("20.00"), Decimal("20.00"), 0)


def test_prices_that_include_tax_are_not_taxed_again():
    assert worth(refund("23.80", "23.80", tax="3.80", taxes_included=True)).credit == Decimal("23.80")


def test_scenario_4_each_currency_is_worth_its_own_amounts():
    shipping = {"shipping": bag("5.00", "700"), "lines": (), "shipping_tax": bag("0", "0")}
    zero = bag("0", "0")
    paid = RefundPayment("t", PaymentState.DONE, bag("5.00", "700"), zero)
    one = refund("0", **shipping, duties=zero, adjustment=zero)
    one = replace(one, payments=(paid,))

    assert worth(one, currency=Currency.SHOP).credit == Decimal("5.00")
    assert worth(one, currency=Currency.PRESENTMENT).credit == Decimal("700")


def test_scenario_5_cash_rounding_stands_beside_the_credit_of_its_own_refund():
    first, second = refund("10.02", "10.02", rounding="-0.02"), refund("5.00", "5.00", number=2)

    found = worth_of_refunds([first, second], [], Currency.SHOP)

    assert [(one.credit, one.rounding) for one in found.values()] == [
        (Decimal("10.02"), Decimal("-0.02")),
        (Decimal("5.00"), 0),
    ]


PLACES = st.sampled_from([0, 2, 3])


@st.composite
def orders(draw):
    """Refunds of one order with some money back, a return with fees, in a currency of 0, 2 or 3 decimals."""
    unit = Decimal(1).scaleb(-draw(PLACES))
    amounts = st.integers(0, 10_000).map(lambda units: units * unit)
    refunds = [
        refund(
            draw(amounts),
            draw(st.none() | amounts),
            number=number,
            return_external_id=draw(st.sampled_from(["", RETURN])),
            adjustment=bag(draw(amounts)),
            rounding=draw(amounts),
        )
        for number in range(1, draw(st.integers(1, 5)) + 1)
    ]
    return draw(st.permutations(refunds)), returned(draw(amounts), draw(amounts))


@given(orders())
def test_every_difference_has_one_place_and_fees_are_kept_once(made):
    refunds, back = made

    found = worth_of_refunds(refunds, [back], Currency.SHOP)

    for one in found.values():
        parts = [one.goodwill, one.restocking_fee, one.return_shipping_fee, one.kept, one.unpaid]
        assert one.credit == one.moved + one.unpaid
        assert min(parts) >= 0
        assert one.goodwill == 0 or sum(parts[1:]) == 0
    assert sum(one.restocking_fee for one in found.values()) <= back.lines[0].restocking_fee.shop.amount
    assert sum(one.return_shipping_fee for one in found.values()) <= back.return_shipping_fee.shop.amount
    assert found == worth_of_refunds(refunds[::-1], [back], Currency.SHOP)
