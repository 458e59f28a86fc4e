from __future__ import annotations

from decimal import Decimal

import pytest

from orders.adoption.rules import NONE_OF_THEM, Candidate, Expected, chosen_among, judge

EXPECTED = Expected(
    "10000", "EUR", ((Decimal("23.80"), Decimal("3.80")), (Decimal("11.90"), Decimal("1.90")))
)


def found(external_id="a", customer="10000", total="23.80", tax="3.80", currency="EUR", **more):
    amounts = (Decimal(total), Decimal(tax)) if total else (None, None)
    return Candidate(external_id, f"SO-{external_id}", "PO-1", customer, "Open", currency, *amounts, **more)


def test_nothing_found_is_no_question():
    verdict = judge([], EXPECTED)

    assert (verdict.adopted, verdict.question) == (None, "")


@pytest.mark.parametrize("total", [("23.80", "3.80"), ("11.90", "1.90")], ids=["as placed", "after refunds"])
def test_one_that_agrees_in_customer_currency_total_and_tax_is_adopted(total):
    one = found(total=total[0], tax=total[1])

    assert judge([one], EXPECTED).adopted == one


def test_another_customers_order_with_the_same_po_number_is_passed_over():
    mine = found("b")

    assert judge([found("a", customer="20000"), mine], EXPECTED).adopted == mine


@pytest.mark.parametrize(
    ("candidates", "code"),
    [
        ([found("a"), found("b")], "adoption_ambiguous"),
        ([found("a"), found("b", total="99.00")], "adoption_ambiguous"),
        ([found(total="23.81")], "adoption_differs"),
        ([found(tax="3.79")], "adoption_differs"),
        ([found(currency="USD")], "adoption_differs"),
        ([found(total="")], "adoption_differs"),
        ([found(is_cancelled=True)], "adoption_differs"),
        ([found(customer="20000")], "adoption_differs"),
    ],
)
def test_whatever_is_not_certain_is_asked(candidates, code):
    verdict = judge(candidates, EXPECTED)

    assert (verdict.adopted, verdict.code) == (None, code)
    assert verdict.question


def test_an_answer_holds_as_long_as_it_says_what_was_shown():
    shown = ["a", "b", NONE_OF_THEM]

    assert chosen_among("a", shown, [found("a")])
    assert not chosen_among("a", shown, [found("b")])
    assert chosen_among(NONE_OF_THEM, shown, [found("b")])
    assert not chosen_among(NONE_OF_THEM, shown, [found("c")])
