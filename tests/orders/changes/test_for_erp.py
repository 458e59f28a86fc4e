"""What an ERP's order is to become, of what was settled."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from hub.connectors.documents import LineKind
from orders.changes.for_erp import document_change, refusals
from orders.changes.settling import Pick, Settled
from orders.changes.sides import Documents, sides
from orders.changes.three_way import Difference, Outcome, Owner, compare
from tests.orders.changes.test_erp_views import document, sent, there, told


def test_a_line_that_is_partly_the_erps_says_the_tax_of_what_it_is_to_cost():
    # Prices hold tax: two at 23.80 were sent, the store has four now, and a clerk of the ERP made them 10.00 net.
    before = sent(told("1", quantity="2", price="23.80", tax="7.60"), prices_include_tax=True)
    now = sent(told("1", quantity="4", price="23.80", tax="15.20"), prices_include_tax=True)
    agreed = document(there("TAB-001", "a", "2", "20.00", tax_rate=Decimal("0.19")))
    erp = document(there("TAB-001", "a", "2", "10.00", tax_rate=Decimal("0.19")))
    documents = Documents(before, now, erp, agreed)
    quantity = Difference("quantity", Decimal(2), Decimal(4), Decimal(2), Outcome.TO_ERP, "1")

    change = document_change(documents, sides(documents), [Settled(quantity, Pick.STORE)])

    (line,) = change.lines
    charged = line.line.quantity * line.line.unit_price - line.line.discount_amount
    assert (line.external_id, line.line.quantity) == ("a", Decimal(4))
    assert (charged, line.line.tax_amount) == (Decimal("47.60"), Decimal("7.60"))


def charge(key, price):
    return told(key, price=price, kind=LineKind.SHIPPING)


@pytest.mark.parametrize(
    ("before", "now", "key", "is_refused"),
    [
        # The ERP's order has one cost: beside 10.00 that stand, 20.00 cannot be added, nor said alone.
        ([charge("A", "10.00")], [charge("A", "10.00"), charge("C", "20.00")], "C", True),
        ([charge("A", "10.00"), charge("B", "5.00")], [charge("A", "12.00"), charge("B", "5.00")], "A", True),
        ([charge("A", "10.00"), charge("B", "5.00")], [charge("A", "10.00")], "B", True),
        # One in the place of another is said whole.
        ([charge("A", "10.00")], [charge("C", "20.00")], "C", False),
        ([charge("A", "10.00")], [], "A", False),
        (
            [charge("A", "10.00"), charge("B", "5.00")],
            [charge("A", "10.00"), charge("B", "5.00")],
            "1",
            False,
        ),
    ],
)
def test_one_of_several_charges_is_not_written_over_the_one_cost_of_the_erps_order(
    before, now, key, is_refused
):
    goods, stands = told("1"), document(there("TAB-001", "a"))
    documents = Documents(sent(goods, *before), sent(goods, *now), stands)
    difference = Difference("quantity", None, Decimal(1), None, Outcome.TO_ERP, key)

    found = refusals(documents, [difference], {})

    assert bool(found) is is_refused


@pytest.mark.parametrize(
    ("row", "agreed", "now", "left", "is_refused"),
    [
        ("PCS", "PCS", "BOX", {}, True),
        ("", "PCS", "BOX", {}, True),
        ("PCS", "BOX", "BOX", {}, True),
        ("", "BOX", "BOX", {"1": "BOX"}, True),
        ("PCS", "PCS", "pcs", {}, False),
        ("PCS", "", "", {}, False),
        ("", "PCS", "PCS", {"1": "BOX"}, False),
    ],
)
def test_a_line_that_counts_in_another_unit_now_is_not_written_over(row, agreed, now, left, is_refused):
    order = sent(replace(told("1", quantity="24"), unit=row))
    before, stands = (
        document(there("TAB-001", "a", "24", unit=agreed)),
        document(there("TAB-001", "a", "2", "120", unit=now)),
    )
    documents = Documents(order, order, stands, before, left)
    quantity = Difference("quantity", Decimal(24), Decimal(24), Decimal(2), Outcome.ASK, "1")

    found = refusals(documents, [quantity], {})

    assert bool(found) is is_refused
    if is_refused:
        assert "the ERP counts TAB-001 in BOX" in found["quantity", "1"]


@pytest.mark.parametrize(
    ("row", "mapped_now", "now", "differs"),
    [
        ("PCS", "PCS", "BOX", True),
        ("", "", "BOX", True),
        ("PCS", "PCS", "pcs", False),
        ("PCS", "PCS", "", False),
        # Somebody fills in the row's unit: no side has changed anything.
        ("", "PCS", "PCS", False),
        ("PCS", "BOX", "PCS", False),
        ("PCS", "BOX", "BOX", False),
    ],
)
def test_a_change_of_unit_alone_is_a_difference(row, mapped_now, now, differs):
    order, mapped = (sent(replace(told("1", quantity="24"), unit=unit)) for unit in (row, mapped_now))
    before = document(there("TAB-001", "a", "24", unit="PCS"))
    seen = sides(Documents(order, mapped, document(there("TAB-001", "a", "24", unit=now)), before))

    found = compare(seen.base, seen.store, seen.erp, {}, newest=Owner.NOBODY)

    assert [(one.field, one.store, one.erp) for one in found] == ([("unit", row, now)] if differs else [])
