from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.connectors.documents import LineKind, OrderIdentity, SalesOrder, SalesOrderLine
from hub.lib.money import round_money
from orders.rules import Action, OrderFacts, Policy, decide, line_amount, sums_of, totals_difference

CODES = ("cancelled_after_sending", "changed_after_sending", "po_missing", "possible_duplicate")
facts = st.builds(
    OrderFacts,
    is_test=st.booleans(),
    is_cancelled=st.booleans(),
    is_b2b=st.booleans(),
    has_po_number=st.booleans(),
    location_requires_po=st.booleans(),
    is_linked=st.booleans(),
    is_changed_since_sent=st.booleans(),
    is_cancelled_there=st.booleans(),
    same_po_orders=st.sampled_from([(), ("#1001",), ("#1001", "#1002")]),
    approved=st.frozensets(st.sampled_from(CODES)),
)
policies = st.builds(
    Policy,
    takes_test_orders=st.booleans(),
    takes_d2c_orders=st.booleans(),
    hold_blank_po=st.booleans(),
    duplicate_po=st.sampled_from(["hold", "allow", "reject"]),
    cancels_in_erp=st.booleans(),
)


@given(facts, policies)
def test_every_combination_has_an_answer_in_words(facts, policy):
    decision = decide(facts, policy)

    assert decision.reason
    assert (decision.action is Action.HOLD) == bool(decision.code)
    assert decide(facts, policy) == decision


@given(facts, policies)
def test_nothing_is_ever_sent_that_is_linked_cancelled_or_kept_out(facts, policy):
    if decide(facts, policy).action is not Action.SEND:
        return

    assert not facts.is_linked
    assert not facts.is_cancelled
    assert policy.takes_test_orders or not facts.is_test
    assert policy.takes_d2c_orders or facts.is_b2b
    assert (
        not facts.same_po_orders or policy.duplicate_po == "allow" or "possible_duplicate" in facts.approved
    )
    must_have_po = policy.hold_blank_po or facts.location_requires_po
    assert facts.has_po_number or not must_have_po or "po_missing" in facts.approved


@given(facts, policies)
def test_an_approval_ends_the_hold_that_it_answers(facts, policy):
    decision = decide(facts, policy)
    if decision.action is not Action.HOLD:
        return

    after = decide(replace(facts, approved=facts.approved | {decision.code}), policy)

    assert after.code != decision.code


@given(facts, policies, st.sampled_from(CODES))
def test_an_approval_never_sends_what_would_be_kept_out(facts, policy, code):
    if decide(facts, policy).action is Action.NOTHING and code != "possible_duplicate":
        assert decide(replace(facts, approved=facts.approved | {code}), policy).action is not Action.SEND


@given(facts, policies)
def test_a_change_after_sending_is_never_passed_over_unapproved(facts, policy):
    decision = decide(facts, policy)

    is_cancelled_here_only = facts.is_linked and facts.is_cancelled and not facts.is_cancelled_there
    if is_cancelled_here_only and "cancelled_after_sending" not in facts.approved:
        is_asked = decision.code == "cancelled_after_sending"
        assert (decision.action is Action.CANCEL, is_asked) == (
            policy.cancels_in_erp,
            not policy.cancels_in_erp,
        )
    if facts.is_linked and facts.is_changed_since_sent and not facts.is_cancelled:
        assert (decision.code == "changed_after_sending") == ("changed_after_sending" not in facts.approved)


money = st.decimals(min_value=0, max_value=10**6, places=2)
lines = st.builds(
    SalesOrderLine,
    kind=st.sampled_from([LineKind.ITEM, LineKind.ACCOUNT, LineKind.CHARGE]),
    number=st.just("IT-1"),
    description=st.just("Chair"),
    quantity=st.integers(0, 500).map(Decimal),
    unit_price=st.decimals(min_value=0, max_value=10**4, places=3),
    discount_amount=money,
    tax_amount=money,
)
comment = SalesOrderLine(kind=LineKind.COMMENT, number="", description="hello")


@given(st.lists(lines, max_size=8).map(tuple), st.sampled_from(["EUR", "JPY", "KWD"]), st.booleans())
def test_sums_are_those_of_the_rounded_lines_and_comments_count_for_nothing(lines, currency, inclusive):
    sums = sums_of(lines, currency, prices_include_tax=inclusive)

    amounts = sum((line_amount(line, currency) for line in lines), Decimal(0))
    assert sums.excluding_tax + sums.tax == sums.including_tax
    assert sums.tax == sum((line.tax_amount for line in lines), Decimal(0))
    assert (sums.including_tax if inclusive else sums.excluding_tax) == amounts
    assert sums_of((comment, *reversed(lines)), currency, prices_include_tax=inclusive) == sums


def document(lines, inclusive=False):
    return SalesOrder(
        identity=OrderIdentity("EU", "1"),
        reference="PO/EU-1",
        po_number="PO",
        customer_number="10000",
        order_date=date(2026, 11, 21),
        currency="EUR",
        prices_include_tax=inclusive,
        lines=lines,
        total_excluding_tax=Decimal(0),
        total_tax=Decimal(0),
        total_including_tax=Decimal(0),
    )


@given(st.lists(lines, max_size=6).map(tuple), st.booleans(), st.integers(-3, 3), st.integers(-3, 3))
def test_a_difference_of_one_cent_in_total_or_tax_is_seen_and_worded_with_both_numbers(
    lines, inclusive, total_off, tax_off
):
    sums = sums_of(lines, "EUR", prices_include_tax=inclusive)
    total = sums.including_tax + Decimal(total_off) / 100
    tax = sums.tax + Decimal(tax_off) / 100

    difference = totals_difference(document(lines, inclusive), total, tax)

    assert bool(difference) == bool(total_off or tax_off)
    if difference:
        assert str(sums.including_tax) in difference
        assert str(total) in difference


@pytest.mark.parametrize(
    ("quantity", "price", "discount", "currency", "amount"),
    [
        ("3", "0.335", "0", "EUR", "1.01"),
        ("1", "10.00", "10.00", "EUR", "0.00"),
        ("3", "33.4", "0", "JPY", "100"),
        ("2", "1.2345", "0.001", "KWD", "2.468"),
    ],
)
def test_a_lines_amount_is_rounded_once_to_minor_units(quantity, price, discount, currency, amount):
    line = SalesOrderLine(
        kind=LineKind.ITEM,
        number="1",
        description="",
        quantity=Decimal(quantity),
        unit_price=Decimal(price),
        discount_amount=Decimal(discount),
    )

    assert line_amount(line, currency) == Decimal(amount)
    assert round_money(line_amount(line, currency), currency) == Decimal(amount)
