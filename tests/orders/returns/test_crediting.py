"""An ERP's credit as a refund of the store, as tables of cases."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.connectors.credits import CreditStage, ErpCredit, ErpCreditLine
from hub.connectors.documents import ErpTotals, LineKind
from hub.connectors.store_returns import NewRefundLine, NewRefundPayment, Restock, SuggestedRefund
from hub.errors import NeedsReview
from hub.lib.money import Money, MoneyBag
from orders.returns.amounts import Currency
from orders.returns.crediting import (
    CreditParts,
    Items,
    Pieces,
    check_money,
    check_sold,
    money_back,
    parts_of,
    payments_back,
    refund_lines,
    shipping_in_store,
)
from orders.units import ItemRow
from tests.orders.credits.refunds import bag, placed_line, placed_order

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
ITEMS = {
    "SKU-1": ItemRow("A"),
    "SKU-2": ItemRow("B", "PCS", Decimal(12)),
    "SKU-4": ItemRow("B", "PCS", Decimal(5)),
}
ZERO = Decimal(0)


def line(kind=LineKind.ITEM, number="A", quantity="1", net="10.00", tax="1.90", **more):
    return ErpCreditLine("1", kind, number, "", Decimal(quantity), Decimal(net), Decimal(tax), **more)


def credit(*lines, currency="EUR", total=None):
    whole = sum((one.amount_excluding_tax + one.tax_amount for one in lines), ZERO)
    totals = ErpTotals(currency, ZERO, ZERO, Decimal(total) if total else whole)
    made = ("1", "CM-1", "", False, "", CreditStage.CREDITED, "C1", currency, lines, totals, AT)
    return ErpCredit(*made)


def suggestion(shop, presentment=None, currency="EUR"):
    amount = MoneyBag(Money(Decimal(shop), "EUR"), Money(Decimal(presentment or shop), currency))
    return SuggestedRefund(amount, amount, amount, ())


def in_erp(placed):
    return Items(
        {one.external_id: ITEMS[one.sku] for one in placed.lines}, frozenset({"8500"}), frozenset({"8900"})
    )


ORDER = placed_order(placed_line(1), placed_line(2))


def test_each_line_of_a_credit_has_its_place():
    lines = (
        line(quantity="2", net="20.00", tax="3.80", restocks=False, warehouse="EAST"),
        line(number="B", quantity="24"),
        line(LineKind.ACCOUNT, "8500", net="5.00", tax="0.95"),
        line(LineKind.ACCOUNT, "8900", net="-4.00", tax="-0.76"),
        line(LineKind.ACCOUNT, "8400", net="1.00", tax="0"),
        line(LineKind.COMMENT, ""),
    )

    parts = parts_of(credit(*lines), ORDER, in_erp(ORDER))

    assert [(one.line_external_id[-1], one.quantity, one.restocks) for one in parts.pieces] == [
        ("1", 2, False),
        ("2", 2, True),
    ]
    assert (parts.shipping, parts.shipping_tax) == (Decimal("5.00"), Decimal("0.95"))
    assert (parts.kept, parts.others, parts.sold) == (Decimal("4.76"), Decimal("1.00"), ())


@pytest.mark.parametrize(
    "sold", [line(quantity="-1", net="-10.00", tax="-1.90"), line(LineKind.ACCOUNT, "8400", net="-4.00")]
)
def test_what_is_taken_off_and_mapped_as_no_fee_may_be_sold_and_is_asked_about(sold):
    given = credit(line(quantity="2", net="20.00", tax="3.80"), sold)
    parts = parts_of(given, ORDER, in_erp(ORDER))

    with pytest.raises(NeedsReview) as asked:
        check_sold(given, parts)

    assert (asked.value.code, parts.sold) == ("credit_line_below_zero", (sold,))
    assert f"of {sold.number!r} (" in str(asked.value)


@pytest.mark.parametrize(
    ("given", "placed", "code"),
    [
        (line(number="X"), ORDER, "credit_line_unknown"),
        (line(number="B", quantity="6"), ORDER, "credit_fraction"),
        (line(number="B", quantity="1", unit="BOX"), ORDER, "credit_unit"),
        (
            line(number="B", quantity="12"),
            placed_order(placed_line(2), placed_line(4)),
            "credit_line_ambiguous",
        ),
        (line(), placed_order(placed_line(1), placed_line(1)), "credit_line_ambiguous"),
    ],
)
def test_a_line_that_has_none_or_several_is_asked_about(given, placed, code):
    with pytest.raises(NeedsReview) as asked:
        parts_of(credit(given), placed, in_erp(placed))

    assert asked.value.code == code


def test_all_of_an_item_on_two_lines_is_no_question():
    placed = placed_order(placed_line(1), placed_line(3, sku="SKU-1"))

    parts = parts_of(credit(line(quantity="6")), placed, in_erp(placed))

    assert [one.quantity for one in parts.pieces] == [3, 3]


@pytest.mark.parametrize(
    ("restocks", "sent", "wanted"),
    [
        (True, 5, [(3, Restock.RETURN, "loc")]),
        (False, 5, [(3, Restock.NO_RESTOCK, "")]),
        (True, 0, [(3, Restock.CANCEL, "")]),
        (True, 2, [(2, Restock.RETURN, "loc"), (1, Restock.CANCEL, "")]),
    ],
)
def test_what_was_sent_comes_back_and_the_rest_is_cancelled(restocks, sent, wanted):
    parts = CreditParts((Pieces("l", 3, restocks, "EAST"),), ZERO, ZERO, ZERO, ZERO)

    made = refund_lines(parts, {"l": sent}, {"EAST": "loc"})

    assert [(one.quantity, one.restock, one.location_external_id) for one in made] == wanted


def parts(kept="0", others="0", shipping="0", tax="0"):
    return CreditParts((), Decimal(shipping), Decimal(tax), Decimal(kept), Decimal(others))


def test_fees_and_goodwill_explain_a_difference():
    given = credit(line(), total="17.06")

    assert money_back(given, parts("4.76", "10.02"), suggestion("11.80"), Currency.SHOP) == Decimal("17.06")


@pytest.mark.parametrize(
    ("total", "told", "currency", "code"),
    [
        ("11.90", suggestion("11.91"), Currency.SHOP, "refund_differs"),
        ("1190", suggestion("11.90", "1191", "ISK"), Currency.PRESENTMENT, "refund_differs"),
    ],
)
def test_a_minor_unit_too_much_is_asked_about(total, told, currency, code):
    given = credit(line(), total=total, currency=told.amount.presentment.currency)

    with pytest.raises(NeedsReview) as asked:
        money_back(given, parts(), told, currency)

    assert asked.value.code == code


def test_the_buyer_gets_his_own_currency():
    told = suggestion("11.90", "1684", "ISK")

    assert money_back(credit(line(), total="11.90"), parts(), told, Currency.SHOP) == Decimal(1684)


def test_a_fee_in_another_currency_than_the_buyers_is_asked_about():
    told = suggestion("11.90", "1684", "ISK")

    with pytest.raises(NeedsReview) as asked:
        money_back(credit(line(), total="9.90"), parts("2.00"), told, Currency.SHOP)

    assert asked.value.code == "refund_currency"


@pytest.mark.parametrize(
    ("paid", "lines", "given", "code"),
    [
        ("11.90", [Restock.RETURN], parts(), None),
        ("5.00", [Restock.RETURN], parts(), "refund_exceeds_payment"),
        ("0", [Restock.RETURN], parts(), None),
        ("0", [Restock.CANCEL], parts(), "credit_of_unpaid_order"),
        ("0", [Restock.RETURN], parts(kept="1"), "credit_of_unpaid_order"),
        ("0", [], parts(), "credit_of_unpaid_order"),
    ],
)
def test_money_goes_back_where_it_was_paid(paid, lines, given, code):
    rows = [NewRefundLine("l", 1, restock) for restock in lines]

    def check():
        check_money(credit(line()), Decimal("11.90"), given, rows, Decimal(paid))

    if code is None:
        check()
    else:
        with pytest.raises(NeedsReview) as asked:
            check()
        assert asked.value.code == code


@pytest.mark.parametrize(("wanted", "told"), [("5.00", "700"), ("2.50", "350"), ("0", "0")])
def test_shipping_is_worded_in_the_buyers_currency(wanted, told):
    foreign = placed_order(presentment="ISK", shipping_total=bag("5.00", "EUR", rate=140, other="ISK"))

    assert shipping_in_store(parts(shipping=wanted), foreign, Currency.SHOP) == Decimal(told)


@given(
    st.integers(0, 10_000),
    st.lists(st.integers(1, 5_000), max_size=5),
    st.sampled_from([0, 2, 3]),
)
def test_an_amount_goes_over_payments_without_loss(amount, lefts, places):
    unit = Decimal(1).scaleb(-places)
    payments = [NewRefundPayment(str(n), "g", left * unit) for n, left in enumerate(lefts)]

    made = payments_back(amount * unit, payments)

    assert sum((one.amount for one in made), ZERO) == min(amount, sum(lefts)) * unit
    assert all(one.amount <= payments[int(one.parent_external_id)].amount for one in made)
