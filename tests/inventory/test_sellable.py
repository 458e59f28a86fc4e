"""What may be sold: the design's arithmetic by cases, and what holds for any stock and any rule."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from inventory.rules import ChannelRule, Term, WarehouseStock, sellable

quantities = st.decimals(0, 10_000, places=3)
shares = st.sampled_from([Decimal(0), Decimal("0.25"), Decimal("0.5"), Decimal("0.75"), Decimal(1)])
units = st.sampled_from([Decimal(1), Decimal("0.25"), Decimal(6), Decimal("0.333333")])
pieces = st.integers(0, 500)
rules = st.builds(
    ChannelRule,
    share=shares,
    buffer=pieces,
    minimum=pieces,
    cap=st.none() | pieces,
    backorder=st.none() | pieces,
)
held = st.builds(
    WarehouseStock,
    warehouse=st.sampled_from(["NORTH", "SOUTH"]),
    on_hand=quantities,
    committed=quantities,
    uncontained=quantities,
    safety_stock=quantities,
    share=shares,
)
stocks = st.lists(held, max_size=4)


def north(on_hand, **more):
    return WarehouseStock(
        "NORTH", Decimal(on_hand), **{name: Decimal(amount) for name, amount in more.items()}
    )


def number(*stock, units_per_piece="1", **rule):
    return sellable(stock, ChannelRule(**rule), Decimal(units_per_piece)).number


def test_what_is_promised_or_on_its_way_or_kept_back_is_not_sold_again():
    assert number(north(100, committed=30, uncontained=7, safety_stock=10)) == 53


def test_warehouses_of_a_location_are_added_and_what_one_lacks_is_taken_from_the_other():
    south = WarehouseStock("SOUTH", Decimal(5), committed=Decimal(12))

    assert number(north(20), south) == 13


def test_a_share_is_of_what_is_left_in_the_warehouse():
    assert number(north(100, committed=40, share="0.5")) == 30


def test_a_part_of_a_piece_is_no_piece():
    assert number(north("1.9"), units_per_piece="0.5") == 3


def test_more_is_promised_than_is_there_and_none_is_sold():
    assert number(north(3, committed=10)) == 0


def test_a_rule_that_allows_backorder_says_how_far():
    assert number(north(3, committed=10), backorder=5) == -5
    assert number(north(3, committed=10), backorder=None) == -7


def test_the_rule_keeps_back_then_asks_for_the_least_then_caps():
    assert number(north(20), buffer=5) == 15
    assert number(north(20), buffer=5, minimum=16) == 0
    assert number(north(20), buffer=5, minimum=15, cap=12) == 12


def test_terms_say_how_a_number_came_about_and_of_which_warehouse():
    found = sellable([north(20, committed=4)], ChannelRule(buffer=3, cap=10))

    assert [(one.term, one.amount, one.warehouse) for one in found.terms] == [
        (Term.ON_HAND, 20, "NORTH"),
        (Term.COMMITTED, -4, "NORTH"),
        (Term.BUFFER, -3, ""),
        (Term.CAP, -3, ""),
    ]


@given(stocks, rules, units)
def test_terms_add_up_to_the_number(stock, rule, units_per_piece):
    found = sellable(stock, rule, units_per_piece)

    assert sum(one.amount for one in found.terms) == found.number


@given(stocks, rules, units)
def test_never_more_than_is_left_and_never_below_what_may_be_owed(stock, rule, units_per_piece):
    found = sellable(stock, rule, units_per_piece).number
    left = sum(
        (one.on_hand - one.committed - one.uncontained - one.safety_stock) * one.share for one in stock
    )

    assert found <= max(left / units_per_piece * rule.share, 0)
    assert rule.backorder is None or found >= -rule.backorder


@given(stocks, rules, units, st.decimals(0, 100, places=3))
def test_an_order_that_the_erp_takes_over_changes_nothing(stock, rule, units_per_piece, quantity):
    """Each line counts once: as long as the reading lacks it, as demand of ours; then as commitment of the ERP."""
    ours = [replace(one, uncontained=one.uncontained + quantity) for one in stock]
    theirs = [replace(one, committed=one.committed + quantity) for one in stock]

    assert sellable(ours, rule, units_per_piece).number == sellable(theirs, rule, units_per_piece).number


@given(held, rules, st.lists(shares, min_size=1, max_size=4))
def test_places_whose_shares_come_to_no_more_than_all_never_sell_a_piece_twice(stock, rule, parts):
    if sum(parts) > 1:
        parts = [part / len(parts) for part in parts]
    owed_none = replace(rule, backorder=0)
    sold = sum(sellable([replace(stock, share=part)], owed_none).number for part in parts)

    assert sold <= max(stock.on_hand - stock.committed - stock.uncontained - stock.safety_stock, 0)


@given(stocks, rules, units, st.integers(1, 50))
def test_more_goods_never_make_the_number_smaller(stock, rule, units_per_piece, more):
    richer = [replace(one, on_hand=one.on_hand + more) for one in stock]

    assert sellable(richer, rule, units_per_piece).number >= sellable(stock, rule, units_per_piece).number
