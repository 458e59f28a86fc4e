"""Refunds as lines of a credit memo, by the table of kinds; totals to the minor unit."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.connectors.documents import TaxLine
from hub.connectors.store_returns import (
    PaymentState,
    RefundedShipping,
    RefundPayment,
    Restock,
    ReturnLine,
    ReturnState,
    StoreReturn,
)
from hub.errors import NeedsReview
from hub.lib.money import Money, MoneyBag, minor_units, round_money
from orders.credits.mapping import credit_of
from orders.credits.parts import Part, split
from orders.mapping_rows import ShippingRow
from orders.returns.amounts import Currency, worth_of_refunds
from orders.rules import line_amount
from tests.orders.credits.refunds import (
    AT,
    NUMBERS,
    bag,
    basis,
    credit,
    parts,
    placed_line,
    placed_order,
    refund,
    refunded,
    rows,
    shown,
)

DESK = placed_line()
ORDER = placed_order(DESK)


def test_goods_that_come_back_are_an_item_at_the_invoices_price_with_the_discount_as_discount():
    desk = placed_line(price="10.00", discount="3.00")

    made = credit(refund(refunded(desk, 2, "18.00", "3.42")), placed_order(desk))

    (line,) = made.lines
    assert (line.number, line.quantity, line.unit_price, line.discount_amount) == (
        "ITEM-1",
        2,
        Decimal("10.00"),
        Decimal("2.00"),
    )
    assert (line.tax_code, line.tax_amount) == ("VAT19", Decimal("3.42"))
    assert made.sums.including_tax == Decimal("21.42")


@pytest.mark.parametrize(
    ("restock", "part", "quantity"),
    [(Restock.NO_RESTOCK, Part.NOT_RESTOCKED, "2"), (Restock.CANCEL, Part.CANCELLED, "1")],
)
def test_other_goods_are_on_an_account_cancelled_ones_as_one_amount(restock, part, quantity):
    made = credit(refund(refunded(DESK, 2, "20.00", "3.80", restock)), ORDER)

    assert shown(made) == [("account", NUMBERS[part], quantity, "20.00")]


def test_a_gift_card_goes_to_its_own_account_and_a_line_without_sku_where_the_orders_went():
    card = placed_line(1, is_gift_card=True, sku="", tax_lines=())
    engraving = placed_line(2, title="Engraving", sku="")

    made = credit(
        refund(refunded(card, 1, "10.00", "0"), refunded(engraving, 1, "10.00", "1.90")),
        placed_order(card, engraving),
    )

    assert shown(made) == [
        ("account", NUMBERS[Part.GIFT_CARD], "1", "10.00"),
        ("account", "8300", "1", "10.00"),
    ]


def test_shipping_goes_where_the_charge_of_the_refunded_line_went():
    first = ORDER.shipping_lines[0]
    express = replace(first, external_id="s2", title="Express", code="exp")
    drone = replace(first, external_id="s3", title="Drone", code="")
    order = replace(ORDER, shipping_lines=(first, express, drone))
    back = tuple(
        RefundedShipping(one.external_id, one.title, one.code, bag(amount), bag("0"))
        for one, amount in ((express, "3.00"), (drone, "2.00"))
    )
    given = refund(shipping=bag("5.00"), shipping_lines=back)
    mapped = replace(rows(), shipping=rows().shipping | {("Express", ""): ShippingRow("EXP", "item", "FR-X")})

    made = credit(given, order, rows=mapped, default_charge=("account", "8499"))

    assert shown(made) == [("item", "FR-X", "1", "3.00"), ("account", "8499", "1", "2.00")]
    assert [line.description for line in made.lines] == ["Express", "Drone"]


def test_shipping_and_duties_go_where_the_orders_own_did():
    made = credit(refund(shipping=bag("5.00"), shipping_tax=bag("0.95"), duties=bag("2.00")), ORDER)

    assert shown(made) == [("account", "8400", "1", "5.00"), ("account", "8500", "1", "2.00")]
    assert made.sums.including_tax == Decimal("7.95")


def test_goodwill_is_parted_from_its_tax_and_what_no_net_value_leads_to_is_rounding():
    goodwill = refund(moved="10.06")

    made = credit(goodwill, ORDER, parts=parts("19"))

    assert split(Decimal("10.06"), Decimal(19), "EUR").net == Decimal("8.45")
    assert [(line.number, line.unit_price, line.tax_amount) for line in made.lines] == [
        (NUMBERS[Part.ADJUSTMENT], Decimal("8.45"), Decimal("1.61"))
    ]
    unreachable = credit(refund(moved="10.05"), ORDER, parts=parts("19"))
    assert [line.number for line in unreachable.lines] == [NUMBERS[Part.ADJUSTMENT], NUMBERS[Part.ROUNDING]]
    assert unreachable.sums.including_tax == Decimal("10.05")


def test_fees_of_the_return_are_revenue_that_lessens_the_credit_and_are_kept_once():
    back = StoreReturn(
        "r1",
        "R1",
        "gid://store/Order/1001",
        ReturnState.OPEN,
        (ReturnLine("x", DESK.external_id, 2, 2, "", restocking_fee=bag("2.38")),),
        AT,
        return_shipping_fee=bag("4.00"),
    )
    first = refund(refunded(DESK, 1, "10.00", "1.90"), moved="5.52", return_external_id="r1")
    second = refund(refunded(DESK, 1, "10.00", "1.90"), number=2, return_external_id="r1")

    made = credit(first, ORDER, others=[second], returns=[back])
    later = credit(second, ORDER, others=[first], returns=[back])

    assert shown(made)[1:] == [
        ("account", NUMBERS[Part.RESTOCKING_FEE], "1", "-2.38"),
        ("account", NUMBERS[Part.RETURN_SHIPPING], "1", "-4.00"),
    ]
    assert made.sums.including_tax == Decimal("5.52")
    assert [row[1] for row in shown(later)] == ["ITEM-1"]


def test_what_was_never_paid_is_credited_all_the_same():
    made = credit(refund(refunded(DESK, 3, "30.00", "5.70"), moved="0"), ORDER)

    assert made.sums.including_tax == Decimal("35.70")


def test_every_kind_that_has_no_row_is_named_and_none_is_guessed():
    one = refund(refunded(DESK, 1, "10.00", "1.90", Restock.CANCEL), moved="15.00")
    missing, missing_parts = [], []

    credit_of(
        one,
        ORDER,
        basis(worth_of_refunds([one], (), Currency.SHOP)[one.external_id], parts={}),
        missing,
        missing_parts,
    )

    assert missing_parts == [Part.CANCELLED, Part.ADJUSTMENT]
    assert missing == [
        "credit lines: goods that were never sent",
        "credit lines: goodwill and other differences",
    ]


def test_tax_that_the_channel_owes_is_asked_about():
    desk = placed_line(tax_lines=(TaxLine("State", Decimal("0.07"), bag("0.70"), is_channel_liable=True),))

    with pytest.raises(NeedsReview, match="sales channel owes"):
        credit(refund(refunded(desk, 1, "10.00", "0.70")), placed_order(desk))


# --------------------------------------------------------------------------------- to the minor unit


@st.composite
def refunds_of_orders(draw):
    """An order of up to three lines in a currency of 0, 2 or 3 decimals and either tax mode, and a refund of it."""
    currency = draw(st.sampled_from(["JPY", "EUR", "KWD"]))
    places, included = minor_units(currency), draw(st.booleans())
    rate = Decimal(draw(st.sampled_from(["0.19", "0.07", "0.0825"])))

    def amount(most):
        return Decimal(draw(st.integers(0, most))).scaleb(-places)

    lines, back = [], []
    for number in range(1, draw(st.integers(0, 3)) + 1):
        price, quantity = amount(99_999), draw(st.integers(1, 9))
        pieces = draw(st.integers(1, quantity))
        gross = price * pieces
        subtotal = max(gross - amount(5000), Decimal(0)) if draw(st.booleans()) else gross
        share = subtotal * rate / (1 + rate) if included else subtotal * rate
        line = placed_line(number, price=price, quantity=quantity, unit_price=bag(price, currency))
        lines.append(line)
        kind = draw(st.sampled_from(list(Restock)))
        back.append(
            refunded(line, pieces, bag(subtotal, currency), bag(round_money(share, currency), currency), kind)
        )
    shipping = amount(3000)
    tax = round_money(shipping * rate / (1 + rate) if included else shipping * rate, currency)
    one = refund(
        *back,
        moved=bag("0", currency),
        taxes_included=included,
        currency=currency,
        shipping=bag(shipping, currency),
        shipping_tax=bag(tax, currency),
        adjustment=bag(amount(500), currency),
    )
    moved = bag(amount(500_000), currency)
    cash = MoneyBag(*(Money(Decimal(draw(st.integers(-4, 4))).scaleb(-places), currency),) * 2)
    one = replace(one, payments=(RefundPayment("t", PaymentState.DONE, moved, cash),))
    return one, placed_order(*lines, currency=currency, taxes_included=included), currency


@settings(deadline=None, max_examples=150)
@given(refunds_of_orders(), st.sampled_from(["0", "7", "19", "8.25"]))
def test_a_credit_is_worth_what_the_refund_is_to_the_minor_unit(case, percent):
    one, order, currency = case
    worth = worth_of_refunds([one], (), Currency.SHOP)[one.external_id]

    made = credit(one, order, currency=currency, parts=parts(percent))

    assert made.sums.including_tax == worth.credit + worth.rounding
    assert made.sums.excluding_tax + made.sums.tax == made.sums.including_tax
    whole = Decimal(1).scaleb(-minor_units(currency))
    assert all(line_amount(line, currency) % whole == 0 for line in made.lines)
    assert [line.number for line in made.lines].count(NUMBERS[Part.ROUNDING]) <= 1
    goods = sum((line_amount(line, currency) for line in made.lines if line.source_external_id), Decimal(0))
    assert goods == sum((line.subtotal.shop.amount for line in one.lines), Decimal(0))
